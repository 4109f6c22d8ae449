"""Items compared: GTINs, the maker and its own number, registration, what name and model say in words and measures, unit and kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.masterdata.matching.blocking import Keys, Pairs
from hub.masterdata.matching.columns import Bools, Column, leveled
from hub.masterdata.matching.company_names import Trades, neighbours
from hub.masterdata.matching.item_names import ItemText, is_number, parted
from hub.masterdata.matching.item_words import Meanings, Vocabulary, left_over
from hub.masterdata.matching.spelling import HAN, folded, words
from hub.masterdata.matching.weights import FieldSpec, Levels

SPECS = (
    FieldSpec("gtin", ("other", "same"), identity=True),
    FieldSpec("manufacturer_item", ("other", "near", "same_often", "same"), identity=True),
    FieldSpec("registration_number", ("other", "same")),
    FieldSpec("manufacturer", ("other", "alike", "same")),
    FieldSpec(
        "words", ("each_says_otherwise", "each_one_word", "one_says_much_more", "one_says_more", "same_meaning", "same"),
    ),
    FieldSpec("measures", ("other", "unsaid", "one_says_more", "same_one", "same")),
    FieldSpec("count", ("other", "one_says_more", "same")),
    FieldSpec(
        "described", ("vague", "same_of_any_maker", "vague_of_one_maker", "more_of_one_maker", "partly_of_one_maker", "same_of_one_maker"),
    ),
    FieldSpec("base_unit", ("other", "same")),
    FieldSpec("kind", ("other", "same")),
)  # fmt: skip
_OLD_WIDTH = 39
"""Characters from which on a name may be cut by an old system (40, and blanks at the end are lost)."""


class Items:
    """A set of item records ready to be compared. `bodies` are canonical items; members that are missing say nothing."""

    specs = SPECS
    learns = False

    def __init__(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        self._count = len(bodies)
        names = [parted(str(body.get("name") or ""), _OLD_WIDTH) for body in bodies]
        seconds = [parted(str(body.get("name_zh") or "")) for body in bodies]
        models, numbers = [], []
        for body in bodies:
            model, number = str(body.get("model") or ""), _number(body.get("manufacturer_item"))
            own = bool(model) and (is_number(model) or (number != "" and _number(model) == number))
            models.append(parted(model) if model and not own else ItemText())
            numbers.append(number or (_number(model) if own else ""))
        self._number, self._gtin = Column(numbers), Column([_root(body.get("gtin")) for body in bodies])
        self._registration = Column([_letters(body.get("registration_number")) for body in bodies])
        vocabulary = Vocabulary([text.words for texts in (names, seconds, models) for text in texts])
        read = [[vocabulary.read(text.words) for text in texts] for texts in (names, seconds, models)]
        self._meanings = Meanings()
        for name, second, model in zip(*read, strict=True):
            self._meanings.together(name, second, "names")
            self._meanings.together((*name, *second), model, "model")
        self._words = Column([" ".join(sorted({*name, *second, *model})) for name, second, model in zip(*read, strict=True)])
        self._often = Counter(word for text in self._words.texts for word in text.split())
        for one, other in self._sure_pairs():
            self._meanings.together((*read[0][one], *read[1][one]), (*read[0][other], *read[1][other]), "names")
        self._meanings.settle()
        self._coded = {word for word, count in Counter(word for text in read[2] for word in text).items() if count > 1}
        said = [_joined(name.measures, model.measures) for name, model in zip(names, models, strict=True)]
        self._measures = Column([" ".join(measures) for measures in said])
        self._packed = Column([name.count or model.count for name, model in zip(names, models, strict=True)])
        self._maker = Column(self._makers(bodies))
        self._spread: dict[str, set[str]] = defaultdict(set)
        for text, maker in zip(self._words.texts, self._maker.texts, strict=True):
            if maker:
                for word in text.split():
                    self._spread[word].add(maker)
        self._few = max(2, len(set(self._maker.texts)) // 50)
        self._unit, self._kind = (Column([str(body.get(member) or "").casefold() for body in bodies]) for member in ("base_unit", "kind"))

    def _sure_pairs(self) -> Iterator[tuple[int, int]]:
        """Pairs of records with one GTIN root or one long number of a maker: few enough in a group that it is not a number of all."""
        for column, least in ((self._gtin, 1), (self._number, 7)):
            groups: dict[str, list[int]] = defaultdict(list)
            for record, text in enumerate(column.texts):
                if len(text) >= least:
                    groups[text].append(record)
            for group in groups.values():
                if 1 < len(group) <= 6:
                    yield from combinations(group, 2)

    def _makers(self, bodies: Sequence[Mapping[str, Any]]) -> list[str]:
        """One name for each maker: names that stand beside one registration or GTIN, or that read alike, are one maker's."""
        plain = [str(body.get("manufacturer") or "") for body in bodies]
        distinct = sorted({name for name in plain if name})
        trades = Trades(distinct, ())
        names = {name: trades.parted(name) for name in distinct}
        self._brand = Column([names[name].read if name else "" for name in plain])
        one = {name: name for name in distinct}

        def root(name: str) -> str:
            while one[name] != name:
                one[name] = one[one[name]]
                name = one[name]
            return name

        together = Counter[tuple[str, str]]()
        for column in (self._registration, self._gtin):
            groups: dict[str, set[str]] = defaultdict(set)
            for record, text in enumerate(column.texts):
                if text and plain[record]:
                    groups[text].add(plain[record])
            for group in groups.values():
                if len(group) < 9:
                    together.update((one_name, other) for one_name, other in combinations(sorted(group), 2))
        by_sound: dict[str, list[str]] = defaultdict(list)
        for name in distinct:
            by_sound[names[name].sound].append(name)
        alike = [pair for group in by_sound.values() if len(group) < 9 for pair in combinations(group, 2)]
        for first, second in [*(pair for pair, count in sorted(together.items()) if count > 1), *alike]:
            mine, theirs = names[first], names[second]
            if not mine.place or not theirs.place or mine.place == theirs.place or together.get((first, second), 0) > 1:
                one[root(first)] = root(second)
        for name in distinct:  # the brand alone, in Latin letters, where it is one maker's
            brand = "".join(words(folded(name)))
            if not HAN.search(name) and len(words(folded(name))) == 1 and len(brand) > 3:
                meant = {root(other) for other in distinct if other != name and names[other].read.startswith(brand)} - {root(name)}
                if len(meant) == 1:
                    one[root(name)] = meant.pop()
        return [root(name) if name else "" for name in plain]

    def keys(self) -> tuple[Keys, Sequence[str]]:
        """Keys of all records, and what cuts their wide blocks: the words."""
        keys = Keys()
        second = []
        for record in range(self._count):
            said_words = self._words.texts[record].split()
            rare = sorted(said_words, key=lambda word: (self._often[word], word))
            second.append(rare[0] if rare else "")
            number = self._number.texts[record]
            if gtin := self._gtin.texts[record]:
                keys.add(record, f"g:{gtin}")
            if number:
                keys.add(record, f"n:{number}")
            if len(number) > 5:
                for part in neighbours(number):
                    keys.add(record, f"N:{part}")
            said = f"{self._measures.texts[record]}|{self._packed.texts[record]}"
            maker, registration = self._maker.texts[record], self._registration.texts[record]
            if maker:
                keys.add(record, f"s:{maker}:{said}")
                keys.add(record, f"b:{self._brand.texts[record][:3]}:{said}")
            if registration:
                keys.add(record, f"r:{registration}:{said}")
            if self._measures.texts[record]:
                for word in rare[:2]:
                    keys.add(record, f"w:{word}:{said}")
            elif self._words.texts[record]:
                keys.add(record, f"W:{self._words.texts[record]}:{maker}:{registration}")
        return keys, second

    def plausible(self, pairs: Pairs) -> tuple[Bools, Bools]:
        """Pairs that are worth a close look: a number in common, or no maker, registration or measure that contradicts."""
        kept = self._gtin.equal(pairs) | self._number.equal(pairs)
        against = (
            (self._registration.both(pairs) & ~self._registration.equal(pairs))
            | (self._packed.both(pairs) & ~self._packed.equal(pairs))
            | (self._measures.both(pairs) & ~self._measures.equal(pairs))
        )
        makers = np.flatnonzero(self._maker.both(pairs) & ~self._maker.equal(pairs) & ~against & ~kept)
        against[makers] = ~self._one_brand((pairs[0][makers], pairs[1][makers]))
        return kept | ~against, ~against

    def compare(self, pairs: Pairs) -> Levels:
        """The level of each field of each pair."""
        count = len(pairs[0])
        maker, makers = self._maker, self._maker.both(pairs)
        alike = makers & ~maker.equal(pairs)
        alike[alike] = self._one_brand((pairs[0][alike], pairs[1][alike]))
        number, numbers = self._number, self._number.both(pairs)
        often = number.frequency()[pairs[0]]
        length = np.array([len(text) for text in number.texts], dtype=np.int64)[pairs[0]]
        equal = number.equal(pairs)
        packed, packs = self._packed, self._packed.both(pairs)
        one_pack = (packed.codes[pairs[0]] >= 0) != (packed.codes[pairs[1]] >= 0)
        said, sizes = self._said(pairs), self._sizes(pairs)
        counts = leveled(count, (1, packs), (2, one_pack), (3, packed.equal(pairs)))
        registration, source = _same(self._registration, pairs), leveled(count, (1, makers), (2, alike), (3, maker.equal(pairs)))
        known = (registration == 2) | (source >= 2)
        whole = (said >= 5) & ((sizes >= 4) | (sizes == 0)) & (counts != 1)
        partly = whole & ((sizes != 5) | (counts == 2))
        more = ~whole & (said >= 3) & (sizes >= 3) & (counts != 1)
        described = leveled(count, (1, ~known), (2, ~known & whole), (3, known), (4, known & more), (6, known & whole), (5, known & partly))
        return np.stack(
            [
                _same(self._gtin, pairs),
                leveled(
                    count, (1, numbers), (2, number.distance(pairs, numbers & ~equal, 1) <= 1), (3, equal),
                    (4, equal & (length >= 7) & (often <= 8)),
                ),
                registration,
                source,
                said,
                sizes,
                counts,
                described,
                _same(self._unit, pairs),
                _same(self._kind, pairs),
            ],
            axis=1,
        )  # fmt: skip

    def _one_brand(self, pairs: Pairs) -> Bools:
        """Where one maker's name, as it is read, begins with all of the other."""
        first, second = self._brand.texts[pairs[0]], self._brand.texts[pairs[1]]
        found = [
            len(one) > 2
            and len(other) > 2
            and (one.startswith(other) or other.startswith(one) or (len(other) > 5 and other in one) or (len(one) > 5 and one in other))
            for one, other in zip(first, second, strict=True)
        ]
        return np.array(found, dtype=bool)

    def _said(self, pairs: Pairs) -> npt.NDArray[np.int8]:
        """Levels of words; each two texts are compared once."""
        first, second = self._words.codes[pairs[0]], self._words.codes[pairs[1]]
        asked = np.flatnonzero((first >= 0) & (second >= 0))
        codes = np.minimum(first, second)[asked] << 32 | np.maximum(first, second)[asked]
        order = np.argsort(codes, kind="stable")
        fresh = np.concatenate((np.ones(min(len(codes), 1), dtype=bool), np.diff(codes[order]) != 0))
        firsts = asked[order[fresh]]
        levels = np.array([self._words_level(*(self._words.texts[pairs[side][at]] for side in (0, 1))) for at in firsts], dtype=np.int8)
        found = np.zeros(len(pairs[0]), dtype=np.int8)
        if len(asked):
            found[asked[order]] = levels[np.cumsum(fresh) - 1]
        return found

    def _words_level(self, one: str, other: str) -> int:
        if one == other:
            return 6
        ours, theirs = left_over(one.split(), other.split(), self._meanings)
        # The name of a series, which one system gives and the other does not, or in the other language, sets nothing apart.
        series = [[word for word in side if self._is_series(word)] for side in (ours, theirs)]
        scripts = [{bool(HAN.match(word)) for word in side} for side in series]
        if not scripts[0] & scripts[1]:
            ours, theirs = [word for word in ours if word not in series[0]], [word for word in theirs if word not in series[1]]
        if ours and theirs:
            return 2 if len(ours) == len(theirs) == 1 else 1
        left = len(ours) + len(theirs)
        return 5 if not left else 4 if left == 1 else 3

    def _is_series(self, word: str) -> bool:
        """Whether a word is said of few makers' items, and no model says it or what it stands for, as it says materials and sides."""
        if len(word) < 2 or word in self._coded or len(self._spread.get(word, ())) > self._few:
            return False
        return not self._meanings.partners.get(word, set()) & self._coded

    def _sizes(self, pairs: Pairs) -> npt.NDArray[np.int8]:
        column = self._measures
        both, equal = column.both(pairs), column.equal(pairs)
        one = (column.codes[pairs[0]] >= 0) != (column.codes[pairs[1]] >= 0)
        several = np.array([" " in text for text in column.texts], dtype=bool)
        found = leveled(len(both), (1, both), (2, one), (4, equal), (5, equal & several[pairs[0]]))
        for at in np.flatnonzero(both & ~equal):
            ours, theirs = (Counter(column.texts[side[at]].split()) for side in pairs)
            if ours <= theirs or theirs <= ours:
                found[at] = 3
        return found


def _same(column: Column, pairs: Pairs) -> npt.NDArray[np.int8]:
    return leveled(len(pairs[0]), (1, column.both(pairs)), (2, column.equal(pairs)))


def _joined(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """The measures of name and model: each as often as the one says it that says it more often."""
    ours, theirs = Counter(first), Counter(second)
    return sorted((ours | theirs).elements())


def _letters(value: Any) -> str:
    return "".join(letter for letter in folded(str(value)) if letter.isalnum()) if value else ""


def _number(value: Any) -> str:
    """A maker's number without marks, and with 0 and 1 for the letters that look like them."""
    return _letters(value).removeprefix("ref").replace("o", "0").replace("i", "1").replace("l", "1")


def _root(gtin: Any) -> str:
    """The digits of a GTIN that every packaging level of the item shares: without indicator and check digit."""
    text = _letters(gtin)
    return text.zfill(14)[1:13] if text.isdigit() and len(text) <= 14 else text

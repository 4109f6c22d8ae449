"""Items compared: GTINs, the maker and its own number, registration, what name and model say in words and measures, unit and kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA

from hub.masterdata.matching.blocking import Bools, Ints, Keys, Pairs, distinct, hashed, numbered
from hub.masterdata.matching.columns import Column, leveled
from hub.masterdata.matching.item_names import CUT, ItemText, is_number, parted
from hub.masterdata.matching.item_words import Vocabulary
from hub.masterdata.matching.latin_names import neighbours
from hub.masterdata.matching.makers import Makers, brand_alone
from hub.masterdata.matching.meanings import Meanings
from hub.masterdata.matching.spelling import HAN, folded
from hub.masterdata.matching.weights import FEW, FieldSpec, Levels
from hub.masterdata.matching.words import listed

WORDS = (
    "each_says_otherwise",
    "each_one_word",
    "untranslated",
    "one_is_silent",
    "one_says_much_more",
    "one_says_more",
    "same_meaning",
    "same",
)
MEASURES = ("other", "unsaid", "neither", "one_says_more", "same_one", "same")
DESCRIBED = (
    "vague",
    "same_of_any_maker",
    "vague_of_one_maker",
    "cut_of_one_maker",
    "more_of_one_maker",
    "untranslated_of_one_maker",
    "partly_of_one_maker",
    "same_of_one_maker",
)
SPECS = (
    FieldSpec("gtin", ("other", "same"), identity=True),
    FieldSpec("manufacturer_item", ("other", "near", "same_often", "same", "same_of_one_maker"), identity=True),
    FieldSpec("registration_number", ("other", "same")),
    FieldSpec("manufacturer", ("other", "alike", "same")),
    FieldSpec("series", ("other", "same")),
    FieldSpec("words", WORDS),
    FieldSpec("measures", MEASURES),
    FieldSpec("count", ("other", "one_says_more", "one_says_the_only", "same")),
    FieldSpec("described", DESCRIBED),
    FieldSpec("among_few", ("other", "same")),
    FieldSpec("base_unit", ("other", "same")),
    FieldSpec("kind", ("other", "same")),
)
_OLD_WIDTH = 39
"""Characters from which on a name may be cut by an old system (40, and blanks at the end are lost)."""
_RARE, _SLIPS = 20, 15
"""Times that a slip of the pen is found among all records, at most, and how many times more often the word is spelled right."""
_TELLING = frozenset(listed("telling_han"))
_PREFIX = 8
"""Digits of a GTIN behind its indicator that are one company's: the shortest prefixes of GS1 that are common have seven or eight."""


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
        codes = [word for text in models for word in text.words]
        vocabulary = Vocabulary([text.words for texts in (names, seconds, models) for text in texts], codes)
        read = [[vocabulary.read(text.words) for text in texts] for texts in (names, seconds, models)]
        self._meanings = Meanings()
        for name, second, model, said, coded in zip(*read, names, models, strict=True):
            self._meanings.together(name, second, "names")
            full = len(name) > len(model) and (said.measures or not coded.measures)
            if full and not said.cut:  # else what sets the item apart may stand in the model alone
                self._meanings.together((*name, *second), model, "model")
        self._words = Column([" ".join(sorted({*name, *second, *model})) for name, second, model in zip(*read, strict=True)])
        self._often = Counter(word for text in self._words.texts for word in text.split())
        for one, other in self._sure_pairs():
            full = [not names[at].cut and (names[at].measures or not models[at].measures) for at in (one, other)]
            if all(full):
                common = {*read[0][one], *read[1][one]} & {*read[0][other], *read[1][other]}
                ours, theirs = ([word for word in (*read[0][at], *read[1][at]) if word not in common] for at in (one, other))
                self._meanings.together(ours, theirs, "names")
        self._meanings.settle()
        counted = Counter(word for text in read[2] for word in text)
        self._coded = {word for word, count in counted.items() if count > 1}
        self._coded |= {word for word in self._often if self._meanings.partners.get(word, set()) & self._coded}
        self._measures = Column([" ".join(_joined(name.measures, model.measures)) for name, model in zip(names, models, strict=True)])
        self._roles = Column([" ".join({*name.roles, *model.roles}) for name, model in zip(names, models, strict=True)])
        self._packed = Column([name.count or model.count for name, model in zip(names, models, strict=True)])
        self._cut = np.array([name.cut and model == ItemText() for name, model in zip(names, models, strict=True)], dtype=bool)
        self._own_makers(bodies)
        self._one_pack = self._packed_alike()
        self._series = Column([" ".join(word for word in text.split() if self._is_series(word)) for text in self._words.texts])
        self._measured = self._usually_measured()
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

    def _own_makers(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        plain = [str(body.get("manufacturer") or "") for body in bodies]
        beside: dict[str, Counter[str]] = defaultdict(Counter)
        for name, registration, gtin in zip(plain, self._registration.texts, self._gtin.texts, strict=True):
            if name and registration:
                beside[f"r{registration}"][name] += 1
            if name and gtin:
                beside[f"g{gtin[:_PREFIX]}"][name] += 1
        makers = Makers(plain, beside.values())
        whose = {key: {makers.root(name) for name in names} for key, names in beside.items()}
        found = []
        for name, registration, gtin in zip(plain, self._registration.texts, self._gtin.texts, strict=True):
            if not name or (brand_alone(name) and makers.root(name) == name):  # a registration, and the prefix of a GTIN, are one company's
                known = (whose.get(f"r{registration}", set()) or whose.get(f"g{gtin[:_PREFIX]}", set())) - {name}
                name = next(iter(known)) if len(known) == 1 else name
            found.append(name)
        plain = found
        self._maker = Column([makers.root(name) for name in plain])
        self._brand = Column([makers.read[name] if name else "" for name in plain])
        self._alone = np.array([brand_alone(name) for name in plain], dtype=bool)
        self._named = self._names_of_series()

    def _names_of_series(self) -> set[str]:
        """Words that few makers say, always beside one that many say, and that stand for nothing: no sort of goods, no quality."""
        spread: dict[str, set[str]] = defaultdict(set)
        for text, maker in zip(self._words.texts, self._maker.texts, strict=True):
            if maker:
                for word in text.split():
                    spread[word].add(maker)
        makers = len(set(self._maker.texts))  # of a handful of makers nobody can tell a series from a sort of goods
        few = {False: makers // 200, True: makers // 70}  # Chinese names of series are made of few characters, and meet
        rare = {
            word
            for word in self._often
            if len(word) > 1 and word not in self._coded and not word.endswith(CUT) and len(spread[word]) <= few[bool(HAN.match(word))]
        }
        beside = Counter[str]()
        for text in self._words.texts:
            said = text.split()
            widest = max((len(spread[word]) for word in said if word not in self._coded), default=0)
            beside.update(word for word in said if word in rare and 2 * len(spread[word]) < widest)
        accompanied = {word for word in rare if beside[word] > 0.8 * self._often[word]}
        partners = self._meanings.partners
        return {word for word in accompanied if all(meant in accompanied for meant in partners.get(word, ()))}

    def _is_series(self, word: str) -> bool:
        """Whether a word names a maker's series, which one system gives and another does not."""
        return word in self._named

    def _packed_alike(self) -> Bools:
        """Records whose maker sells what measures the same in packs of one number only, as far as these records say."""
        groups = numbered([f"{maker}|{sizes}" for maker, sizes in zip(self._maker.codes, self._measures.codes, strict=True)])
        said = self._packed.codes >= 0
        kinds = distinct(groups[said] << 32 | self._packed.codes[said]) >> 32
        alike: Bools = (np.bincount(kinds, minlength=int(groups.max(initial=0)) + 1) <= 1)[groups] & (self._maker.codes >= 0)
        return alike

    def _usually_measured(self) -> Bools:
        """Records of things that are usually told apart by measures: most with the same words state some."""
        has = self._measures.codes >= 0
        measured = Counter(word for text, said in zip(self._words.texts, has, strict=True) if said for word in text.split())
        return np.array(
            [all(2 * measured[word] > self._often[word] for word in text.split() if self._often[word] > 9) for text in self._words.texts],
            dtype=bool,
        )

    def keys(self) -> tuple[Keys, Ints]:
        """Keys of all records, and what cuts their wide blocks: the words."""
        keys, every = Keys(), np.arange(self._count)
        said = hashed([f"{sizes}|{packed}" for sizes, packed in zip(self._measures.texts, self._packed.texts, strict=True)])
        words = [sorted(text.split(), key=lambda word: (self._often[word], word)) for text in self._words.texts]
        first, then = (hashed([rare[at] if len(rare) > at else "" for rare in words]) for at in (0, 1))
        keys.add(every, self._gtin.key)
        keys.add(every, self._number.key)
        fewer = [neighbours(number) if len(number) > 5 else () for number in self._number.texts]
        keys.add(np.repeat(every, [len(parts) for parts in fewer]), hashed(list(chain.from_iterable(fewer))))
        maker, registration, measured = self._maker.key, self._registration.key, self._measures.key != 0
        keys.add(every, maker, said)
        keys.add(every, hashed([f"{brand[:3]}-" for brand in self._brand.texts]), said, where=maker != 0)
        keys.add(every, registration, said)
        keys.add(np.tile(every, 2), np.concatenate((first, then)), np.tile(said, 2), where=np.tile(measured, 2))
        keys.add(every, self._words.key, maker, registration, where=~measured)
        # One record says how many are in a pack, the other does not.
        sizes = self._measures.key
        keys.add(every, maker, sizes, where=measured)
        keys.add(every, registration, sizes, where=measured)
        keys.add(np.tile(every, 2), np.concatenate((first, then)), np.tile(sizes, 2), where=np.tile(measured, 2))
        keys.add(every, maker, first, where=~measured)
        return keys, first

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
        told = one_pack & self._one_pack[pairs[0]] & self._one_pack[pairs[1]]
        for side in pairs:  # a name that is cut may have said more
            told &= (packed.codes[side] >= 0) | ~self._cut[side]
        counts = leveled(count, (1, packs), (2, one_pack), (3, told), (4, packed.equal(pairs)))
        unit = self._unit.agreement(pairs)
        gtin, registration = self._gtin.agreement(pairs), self._registration.agreement(pairs)
        source, series = leveled(count, (1, makers), (2, alike), (3, maker.equal(pairs))), self._series.agreement(pairs)
        for at in np.flatnonzero(series == 1):
            if not set(self._series.texts[pairs[0][at]].split()).isdisjoint(self._series.texts[pairs[1][at]].split()):
                series[at] = 2
        known = (registration == 2) | (source >= 2) | (series == 2)
        whole = (said >= 7) & ((sizes >= 5) | (sizes == 0)) & (counts != 1)
        untranslated = (said == 3) & (sizes == 6) & (counts != 1)
        partly, cut = whole & ((sizes == 5) | (counts == 2) | (counts == 3)), self._cut[pairs[0]] & self._cut[pairs[1]]
        more = ~whole & (said >= 4) & ((sizes >= 2) | (sizes == 0)) & (counts != 1)
        one_number, one_long = equal & known, equal & (length >= 7) & (often <= 8)
        described = leveled(
            count, (1, ~known), (2, ~known & whole), (3, known), (5, known & more), (6, known & untranslated),
            (8, known & whole), (7, known & partly),
            (4, known & (whole | more) & cut), (0, (gtin == 2) | one_number | one_long),
        )  # fmt: skip
        counts[(unit == 1) & ((gtin == 2) | one_number | one_long)] = 0  # boxes of what the other counts by pieces
        return np.stack(
            [
                gtin,
                leveled(
                    count, (1, numbers), (2, number.distance(pairs, numbers & ~equal, 1) <= 1), (3, equal),
                    (4, one_long), (5, one_number),
                ),
                registration,
                source,
                series,
                said,
                sizes,
                counts,
                described,
                leveled(count, (2, self._in_full(pairs, whole_or_bare=~known & (counts != 1)))),
                unit,
                self._kind.agreement(pairs),
            ],
            axis=1,
        )  # fmt: skip

    def _in_full(self, pairs: Pairs, whole_or_bare: Bools) -> Bools:
        """Where two of few records say the same in full and nobody says who makes it: materials of one's own are few, without makers."""
        if self._count > FEW:
            return np.zeros(len(pairs[0]), dtype=bool)
        cut = self._cut[pairs[0]] | self._cut[pairs[1]]
        one_size = self._measures.equal(pairs) | ((self._measures.codes[pairs[0]] < 0) & (self._measures.codes[pairs[1]] < 0))
        same: Bools = whole_or_bare & self._words.equal(pairs) & one_size & ~cut
        return same & ~self._gtin.both(pairs) & ~self._number.both(pairs) & ~self._registration.both(pairs)

    def _one_brand(self, pairs: Pairs) -> Bools:
        """Where one record states only a brand, and the maker of the other is called so."""
        found = [
            min(len(one), len(other)) > 1 and ((alone and other.startswith(one)) or (alone_too and one.startswith(other)))
            for one, other, alone, alone_too in zip(
                self._brand.texts[pairs[0]], self._brand.texts[pairs[1]], self._alone[pairs[0]], self._alone[pairs[1]], strict=True
            )
        ]
        return np.array(found, dtype=bool)

    def _said(self, pairs: Pairs) -> npt.NDArray[np.int8]:
        """Levels of words; each two texts are compared once."""
        first, second = (self._words.codes[side].astype(np.int64) for side in pairs)
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
            return 8
        ours, theirs = self._meanings.left_over(one.split(), other.split())
        # The name of a series, which one system gives and the other does not, or in the other language, sets nothing apart.
        series = [[word for word in side if self._is_series(word)] for side in (ours, theirs)]
        scripts = [{bool(HAN.match(word)) for word in side} for side in series]
        if not scripts[0] & scripts[1]:
            ours, theirs = [word for word in ours if word not in series[0]], [word for word in theirs if word not in series[1]]
        if ours and theirs:
            ours, theirs = self._without_slips(ours, theirs)
        if ours and theirs:
            return 3 if self._untranslated(ours, theirs) else 2 if len(ours) == len(theirs) == 1 else 1
        left = [*ours, *theirs]
        if not left:
            return 7
        return 4 if any(word in self._coded for word in left) else 6 if len(left) == 1 else 5

    def _without_slips(self, ours: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], list[str]]:
        """Without words that are one letter apart, of which one is hardly ever said."""
        slips = [
            (one, other)
            for one in ours
            for other in theirs
            if min(len(one), len(other)) > (1 if HAN.match(one) else 2)
            and self._rarely(one, other)
            and OSA.distance(one, other, score_cutoff=1) <= 1
            and not (set(one) ^ set(other)) & _TELLING
        ]
        return [word for word in ours if all(word != one for one, _ in slips)], [
            word for word in theirs if all(word != other for _, other in slips)
        ]

    def _rarely(self, one: str, other: str) -> bool:
        rare, often = sorted((self._often[one], self._often[other]))
        return rare <= _RARE and _SLIPS * rare < often

    def _untranslated(self, ours: Sequence[str], theirs: Sequence[str]) -> bool:
        """Whether what is left is in two scripts, and nobody has yet said what it is in the other."""
        if any(word in self._coded for word in (*ours, *theirs)):
            return False
        scripts = {bool(HAN.match(word)) for word in ours}, {bool(HAN.match(word)) for word in theirs}
        if len(scripts[0]) != 1 or len(scripts[1]) != 1 or scripts[0] == scripts[1]:
            return False
        partners = self._meanings.partners
        known = [
            any(bool(HAN.match(word)) != bool(HAN.match(meant)) for word in side for meant in partners.get(word, ()))
            for side in (ours, theirs)
        ]
        return not all(known)

    def _sizes(self, pairs: Pairs) -> npt.NDArray[np.int8]:
        column = self._measures
        both, equal = column.both(pairs), column.equal(pairs)
        one = (column.codes[pairs[0]] >= 0) != (column.codes[pairs[1]] >= 0)
        neither = (column.codes[pairs[0]] < 0) & (column.codes[pairs[1]] < 0) & self._measured[pairs[0]] & self._measured[pairs[1]]
        several = np.array([" " in text for text in column.texts], dtype=bool)
        found = leveled(len(both), (1, both), (2, one), (3, neither), (5, equal), (6, equal & several[pairs[0]]))
        for at in np.flatnonzero(both & ~equal):
            ours, theirs = (Counter(column.texts[side[at]].split()) for side in pairs)
            if ours <= theirs or theirs <= ours:
                found[at] = 4
        roles = self._roles
        for at in np.flatnonzero(equal & roles.both(pairs) & ~roles.equal(pairs)):
            if _contradict(roles.texts[pairs[0][at]].split(), roles.texts[pairs[1][at]].split()):
                found[at] = 1
        return found


def _contradict(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether two texts give another measure for the same: 4 wide and 5 high is not 5 wide and 4 high."""
    roles = {role[0] for role in ours} & {role[0] for role in theirs}
    return any(not {one for one in ours if one[0] == role} & {other for other in theirs if other[0] == role} for role in roles)


def _joined(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """The measures of name and model: each as often as the one says it that says it more often; 1450 is 1 and 450 run together."""
    if second:
        first = [one for one in first if one in second or not any(one[:at] in second and one[at:] in second for at in range(1, len(one)))]
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

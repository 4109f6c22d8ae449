"""Items compared: GTINs, the maker and its own number, model, registration, words and measures of the name, unit and kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from hub.masterdata.matching.blocking import Keys, Pairs
from hub.masterdata.matching.columns import Bools, Column, leveled
from hub.masterdata.matching.company_names import Trades, neighbours
from hub.masterdata.matching.item_names import left_over, parted, telling
from hub.masterdata.matching.spelling import company, folded
from hub.masterdata.matching.weights import FieldSpec, Levels

SPECS = (
    FieldSpec("gtin", ("other", "same"), (0.10, 0.90)),
    FieldSpec("manufacturer_item", ("other", "near", "same"), (0.06, 0.06, 0.88)),
    FieldSpec("model", ("other", "near", "same"), (0.06, 0.06, 0.88)),
    FieldSpec("registration_number", ("other", "same"), (0.06, 0.94)),
    FieldSpec("manufacturer", ("other", "alike", "same"), (0.05, 0.15, 0.80)),
    FieldSpec("name", ("other", "each_says_otherwise", "one_says_more", "same_words", "same"), (0.05, 0.07, 0.22, 0.26, 0.40)),
    FieldSpec("measures", ("other", "one_says_more", "same"), (0.02, 0.08, 0.90)),
    FieldSpec("base_unit", ("other", "same"), (0.06, 0.94)),
    FieldSpec("kind", ("other", "same"), (0.02, 0.98)),
)


class Items:
    """A set of item records ready to be compared. `bodies` are canonical items; members that are missing say nothing."""

    specs = SPECS

    def __init__(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        self._count = len(bodies)
        names = [parted(" ".join(str(body[member]) for member in ("name", "name_zh") if body.get(member))) for body in bodies]
        self._latin, self._han = Column([name.latin for name in names]), Column([name.han for name in names])
        self._telling = tuple(Column([telling(text) or "-" for text in column.texts]) for column in (self._latin, self._han))
        self._said = [frozenset(name.measures) for name in names]
        self._measures = Column([" ".join(name.measures) for name in names])
        self._gtin = Column([_root(body.get("gtin")) for body in bodies])
        self._number = Column([_letters(body.get("manufacturer_item")) for body in bodies])
        self._model = Column([_letters(body.get("model")) for body in bodies])
        self._registration = Column([_letters(body.get("registration_number")) for body in bodies])
        makers = [company(str(body.get("manufacturer") or "")) for body in bodies]
        trades = Trades(makers, ())
        self._maker = Column([trades.parted(maker).sound for maker in makers])
        self._unit, self._kind = (Column([str(body.get(member) or "").casefold() for body in bodies]) for member in ("base_unit", "kind"))

    def keys(self) -> tuple[Keys, Sequence[str]]:
        """Keys of all records, and what cuts their wide blocks: the maker."""
        keys = Keys()
        often = self._word_counts()
        for record in range(self._count):
            for mark, column in (("g", self._gtin), ("n", self._number), ("m", self._model)):
                if text := column.texts[record]:
                    keys.add(record, f"{mark}:{text}")
            number = self._number.texts[record]
            if len(number) > 5:
                for part in neighbours(number):
                    keys.add(record, f"N:{part}")
            measures, maker = self._measures.texts[record], self._maker.texts[record]
            model = self._model.texts[record]
            for text in (self._latin.texts[record], self._han.texts[record]):
                if text:
                    keys.add(record, f"w:{text}:{measures}")
                    keys.add(record, f"W:{text}:{model}:{maker}")
            rare = sorted(self._latin.texts[record].split(), key=lambda word: (often.get(word, 0), word))[:3]
            for at, word in enumerate(rare):
                keys.add(record, f"r:{word}:{measures}:{maker}")
                for other in rare[at + 1 :]:
                    keys.add(record, f"r:{min(word, other)}:{max(word, other)}:{measures}")
            han = self._han.texts[record]
            grams = sorted({han[at : at + 2] for at in range(len(han) - 1)}, key=lambda gram: (often.get(gram, 0), gram))[:3]
            for at, gram in enumerate(grams):
                keys.add(record, f"r:{gram}:{measures}:{maker}")
                for other in grams[at + 1 :]:
                    keys.add(record, f"r:{min(gram, other)}:{max(gram, other)}:{measures}")
            if measures and maker:
                keys.add(record, f"s:{maker}:{measures}")
        return keys, self._maker.texts.tolist()

    def plausible(self, pairs: Pairs) -> Bools:
        """Pairs that are worth a close look: a number in common, or no measure that contradicts and words that are not far apart."""
        kept = self._gtin.equal(pairs) | self._number.equal(pairs)
        sizes = self._measures.equal(pairs) | ~self._measures.both(pairs)
        ask = sizes & ~kept
        alike = np.zeros(len(kept), dtype=np.float32)
        for column in (self._latin, self._han):
            alike = np.maximum(alike, column.alike(pairs, column.both(pairs) & ask, fuzz.token_sort_ratio))
        apart = ~(self._latin.both(pairs) | self._han.both(pairs))  # one is in Chinese and one in Latin letters
        kept |= ask & ((alike >= 0.55) | (apart & (self._maker.equal(pairs) | self._model.equal(pairs))))
        near = ~kept & self._number.both(pairs)
        kept |= self._number.distance(pairs, near, 1) <= 1
        return kept

    def compare(self, pairs: Pairs) -> Levels:
        """The level of each field of each pair."""
        count = len(pairs[0])
        maker, makers = self._maker, self._maker.both(pairs)
        alike = maker.alike(pairs, makers & ~maker.equal(pairs), fuzz.ratio) >= 0.8
        return np.stack(
            [
                _same(self._gtin, pairs),
                _near(self._number, pairs),
                _near(self._model, pairs),
                _same(self._registration, pairs),
                leveled(count, (1, makers), (2, makers & alike), (3, maker.equal(pairs))),
                self._names(pairs),
                self._sizes(pairs),
                _same(self._unit, pairs),
                _same(self._kind, pairs),
            ],
            axis=1,
        )

    def rarity(self, pairs: Pairs, levels: Levels) -> npt.NDArray[np.float64]:
        """Bits that a name which agrees says more than the usual one, since few items have it, or less, since many do."""
        bits = np.zeros(len(levels))
        for column in (self._latin, self._han):
            often = column.frequency()
            usual = float(often[often > 0].mean()) if (often > 0).any() else 1.0
            agree = column.equal(pairs) & (levels[:, 5] >= 4)
            bits[agree] = np.clip(np.log2(usual / often[pairs[0][agree]]), -3, 2)
        return bits

    def _names(self, pairs: Pairs) -> npt.NDArray[np.int8]:
        best = np.zeros(len(pairs[0]), dtype=np.int8)
        latin, han = self._latin, self._han
        both, equal = latin.both(pairs), latin.equal(pairs)
        for at in np.flatnonzero(both & ~equal):
            ours, theirs = left_over(latin.texts[pairs[0][at]], latin.texts[pairs[1][at]])
            best[at] = 4 if not ours and not theirs else 3 if not ours or not theirs else 2 if ours == theirs == 1 else 1
        best[equal] = 5
        best = np.where(both & ~self._telling[0].equal(pairs), np.minimum(best, 2), best)
        both, equal = han.both(pairs), han.equal(pairs)
        edits = han.distance(pairs, both & ~equal, 6)
        length = np.array([len(text) for text in han.texts])
        longer = np.abs(length[pairs[0]] - length[pairs[1]])
        more = (edits == longer) & (edits <= 6)
        chinese = leveled(len(best), (1, both), (2, both & (edits <= 1)), (3, both & ~equal & more), (5, equal))
        chinese = np.where(both & ~self._telling[1].equal(pairs), np.minimum(chinese, 2), chinese)
        return np.where(best == 0, chinese, np.where(chinese == 0, best, np.minimum(best, np.maximum(chinese, 1))))

    def _sizes(self, pairs: Pairs) -> npt.NDArray[np.int8]:
        both, equal = self._measures.both(pairs), self._measures.equal(pairs)
        found = leveled(len(both), (1, both), (3, equal))
        for at in np.flatnonzero(both & ~equal):
            ours, theirs = self._said[pairs[0][at]], self._said[pairs[1][at]]
            if ours <= theirs or theirs <= ours:
                found[at] = 2
        return found

    def _word_counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for latin, han in zip(self._latin.texts, self._han.texts, strict=True):
            for word in {*latin.split(), *(han[at : at + 2] for at in range(len(han) - 1))}:
                counts[word] = counts.get(word, 0) + 1
        return counts


def _same(column: Column, pairs: Pairs) -> npt.NDArray[np.int8]:
    return leveled(len(pairs[0]), (1, column.both(pairs)), (2, column.equal(pairs)))


def _near(column: Column, pairs: Pairs) -> npt.NDArray[np.int8]:
    both, equal = column.both(pairs), column.equal(pairs)
    return leveled(len(both), (1, both), (2, column.distance(pairs, both & ~equal, 1) <= 1), (3, equal))


def _letters(value: Any) -> str:
    return "".join(letter for letter in folded(str(value)) if letter.isalnum()) if value else ""


def _root(gtin: Any) -> str:
    """The digits of a GTIN that every packaging level of the item shares: without indicator and check digit."""
    text = _letters(gtin)
    return text.zfill(14)[1:13] if text.isdigit() and len(text) <= 14 else text

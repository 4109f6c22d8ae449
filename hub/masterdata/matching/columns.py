"""Columns of records as pairs are compared by them: equal or not by numbers, alike by letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA

from hub.masterdata.matching.blocking import Bools, Ints, Pairs, numbered

Floats = npt.NDArray[np.float32]
_CHUNK = 500_000
"""Pairs whose texts are held at once."""


class Column:
    """One text of every record; an empty one is no value. With `which` the texts are distinct ones, of which each record has one."""

    def __init__(self, texts: Sequence[str], which: Ints | None = None) -> None:
        self._texts, self._which = np.array(texts, dtype=object), which
        codes = numbered(texts)
        self.codes: Ints = codes if which is None else codes[which]

    @cached_property
    def texts(self) -> npt.NDArray[np.object_]:
        """The value of each record."""
        return self._texts if self._which is None else self._texts[self._which]

    @cached_property
    def key(self) -> Ints:
        """The value of each record as a part of a key; 0 where it has none."""
        return self.codes + 1

    @cached_property
    def lengths(self) -> Ints:
        """Letters of the value of each record."""
        lengths = np.fromiter(map(len, self._texts), dtype=np.int64, count=len(self._texts))
        return lengths if self._which is None else lengths[self._which]

    def of(self, pairs: Pairs) -> tuple[list[str], list[str]]:
        """The values of first and second records."""
        return self.texts[pairs[0]].tolist(), self.texts[pairs[1]].tolist()

    def both(self, pairs: Pairs) -> Bools:
        """Where both records have a value."""
        return (self.codes[pairs[0]] >= 0) & (self.codes[pairs[1]] >= 0)

    def equal(self, pairs: Pairs) -> Bools:
        """Where both have the same value."""
        first = self.codes[pairs[0]]
        same: Bools = (first >= 0) & (first == self.codes[pairs[1]])
        return same

    def frequency(self) -> npt.NDArray[np.int64]:
        """How many records have the value of each record; 0 without one."""
        has = self.codes >= 0
        counts = np.bincount(self.codes[has], minlength=1) if has.any() else np.zeros(1, dtype=np.int64)
        return np.where(has, counts[self.codes], 0)

    def distance(self, pairs: Pairs, where: Bools, most: int) -> npt.NDArray[np.int64]:
        """Edits between the values (a swap of neighbours is one), `most` + 1 for more, and where not asked."""
        found = np.full(len(pairs[0]), most + 1, dtype=np.int64)
        lengths = self.lengths
        where = where & (np.abs(lengths[pairs[0]] - lengths[pairs[1]]) <= most)  # each edit changes the length by one at most
        self._compare(pairs, where, found, OSA.distance, score_cutoff=most)
        return found

    def may_share(self, pairs: Pairs, least: float) -> Bools:
        """Where the lengths allow `fuzz.ratio` to be `least` (0 to 1): two texts have no more in common than the shorter has letters."""
        first, second = self.lengths[pairs[0]], self.lengths[pairs[1]]
        found: Bools = 2 * np.minimum(first, second) >= (least - 1e-4) * (first + second)
        return found

    def alike(self, pairs: Pairs, where: Bools, scorer: Callable[..., float]) -> Floats:
        """A share from 0 to 1 by one of rapidfuzz's scorers (of 100); 0 where not asked."""
        found = np.zeros(len(pairs[0]), dtype=np.float32)
        self._compare(pairs, where, found, scorer)
        return found / np.float32(100)

    def _compare(self, pairs: Pairs, where: Bools, found: npt.NDArray[Any], scorer: Callable[..., Any], **options: Any) -> None:
        at = np.flatnonzero(where)
        for start in range(0, len(at), _CHUNK):
            some = at[start : start + _CHUNK]
            first, second = self.of((pairs[0][some], pairs[1][some]))
            found[some] = process.cpdist(
                first, second, scorer=scorer, workers=1, dtype=found.dtype if found.dtype == np.float32 else np.int64, **options
            )


def once(read: Callable[[str], str], texts: Iterable[Any]) -> list[str]:
    """What is read from each text, each distinct one read once; nothing from nothing."""
    stated = [str(text) if text else "" for text in texts]
    known = {text: read(text) for text in dict.fromkeys(stated) if text} | {"": ""}
    return list(map(known.__getitem__, stated))


def leveled(count: int, *levels: tuple[int, Bools]) -> npt.NDArray[np.int8]:
    """Levels of one field: each condition in turn overrules those before it; 0 where none holds."""
    found = np.zeros(count, dtype=np.int8)
    for level, where in levels:
        found[where] = level
    return found

"""Columns of records as pairs are compared by them: equal or not by numbers, alike by letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA

from hub.masterdata.matching.blocking import Pairs

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
_CHUNK = 500_000
"""Pairs whose texts are held at once."""


class Column:
    """One text of every record; an empty one is no value."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = np.array(texts, dtype=object)
        numbers: dict[str, int] = {"": -1}
        self.codes: npt.NDArray[np.int64] = np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int64)

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
        self._compare(pairs, where, found, OSA.distance, score_cutoff=most)
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
            first, second = self.texts[pairs[0][some]].tolist(), self.texts[pairs[1][some]].tolist()
            found[some] = process.cpdist(
                first, second, scorer=scorer, workers=1, dtype=found.dtype if found.dtype == np.float32 else np.int64, **options
            )


def leveled(count: int, *levels: tuple[int, Bools]) -> npt.NDArray[np.int8]:
    """Levels of one field: each condition in turn overrules those before it; 0 where none holds."""
    found = np.zeros(count, dtype=np.int8)
    for level, where in levels:
        found[where] = level
    return found

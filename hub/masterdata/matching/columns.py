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
from hub.masterdata.matching.spans import letter_sets

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int32]
"""A number for each text: narrow, for to fetch them for millions of pairs is most of the work."""
_CHUNK = 500_000
"""Pairs whose texts are held at once."""


class Column:
    """One text of every record; an empty one is no value. With `which` the texts are distinct ones, of which each record has one."""

    def __init__(self, texts: Sequence[str], which: Ints | None = None) -> None:
        self._texts, self._which = np.array(texts, dtype=object), which
        codes = numbered(texts).astype(np.int32)
        self.codes: Codes = codes if which is None else codes[which]

    @cached_property
    def texts(self) -> npt.NDArray[np.object_]:
        """The value of each record."""
        return self._texts if self._which is None else self._texts[self._which]

    @cached_property
    def key(self) -> Ints:
        """The value of each record as a part of a key; 0 where it has none."""
        return self.codes.astype(np.int64) + 1

    @cached_property
    def lengths(self) -> Codes:
        """Letters of the value of each record."""
        lengths = np.fromiter(map(len, self._texts), dtype=np.int32, count=len(self._texts))
        return lengths if self._which is None else lengths[self._which]

    def of(self, pairs: Pairs) -> tuple[list[str], list[str]]:
        """The values of first and second records."""
        return self.texts.take(pairs[0]).tolist(), self.texts.take(pairs[1]).tolist()

    def both(self, pairs: Pairs) -> Bools:
        """Where both records have a value."""
        return (self.codes.take(pairs[0]) | self.codes.take(pairs[1])) >= 0

    def equal(self, pairs: Pairs) -> Bools:
        """Where both have the same value."""
        first = self.codes.take(pairs[0])
        same: Bools = first == self.codes.take(pairs[1])
        same &= first >= 0
        return same

    def agreement(self, pairs: Pairs) -> npt.NDArray[np.int8]:
        """The levels of a field that is the same or another: 1 where both have a value, 2 where it is the same."""
        return leveled(len(pairs[0]), (1, self.both(pairs)), (2, self.equal(pairs)))

    def frequency(self) -> npt.NDArray[np.int64]:
        """How many records have the value of each record; 0 without one."""
        has = self.codes >= 0
        counts = np.bincount(self.codes[has], minlength=1) if has.any() else np.zeros(1, dtype=np.int64)
        return np.where(has, counts[self.codes], 0)

    def distance(self, pairs: Pairs, where: Bools, most: int) -> npt.NDArray[np.int64]:
        """Edits between the values (a swap of neighbours is one), `most` + 1 for more, and where not asked."""
        found = np.full(len(pairs[0]), most + 1, dtype=np.int64)
        at = np.flatnonzero(where)
        # Each edit changes the length by one at most, and brings one letter in and takes one out.
        at = at[np.abs(self.lengths.take(pairs[0][at]) - self.lengths.take(pairs[1][at])) <= most]
        at = at[np.maximum(*self._lacking(pairs, at)) <= most]
        self._compare(pairs, at, found, OSA.distance, score_cutoff=most)
        return found

    def alike(self, pairs: Pairs, where: Bools, scorer: Callable[..., float], least: float) -> Floats:
        """A share from 0 to 1 by one of rapidfuzz's scorers (of 100) that count letters in common; 0 where not asked, and for most that
        are less than `least`."""
        found = np.zeros(len(pairs[0]), dtype=np.float32)
        at = np.flatnonzero(where)
        at = at[self._most_alike(pairs, at) >= least - 1e-4]
        self._compare(pairs, at, found, scorer)
        return found / np.float32(100)

    def _most_alike(self, pairs: Pairs, at: Ints) -> Floats:
        lacks, lacks_too = self._lacking(pairs, at)
        first, second = self.lengths.take(pairs[0][at]), self.lengths.take(pairs[1][at])
        common = np.minimum(first - lacks, second - lacks_too)
        share: Floats = 2 * common.astype(np.float32) / np.maximum(first + second, 1)
        return share

    def _lacking(self, pairs: Pairs, at: Ints) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """At least how many letters of the first values the second do not have, and the other way: it spares comparing most of them."""
        return lacking(self.sets.take(pairs[0][at]), self.sets.take(pairs[1][at]))

    @cached_property
    def sets(self) -> npt.NDArray[np.uint64]:
        """The letters of the value of each record, as `letter_sets` has them."""
        sets = letter_sets(self._texts.tolist())
        return sets if self._which is None else sets[self._which]

    def _compare(self, pairs: Pairs, at: Ints, found: npt.NDArray[Any], scorer: Callable[..., Any], **options: Any) -> None:
        for start in range(0, len(at), _CHUNK):
            some = at[start : start + _CHUNK]
            first, second = self.of((pairs[0][some], pairs[1][some]))
            found[some] = process.cpdist(
                first, second, scorer=scorer, workers=1, dtype=found.dtype if found.dtype == np.float32 else np.int64, **options
            )


def lacking(first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """At least how many letters of the first texts, given as sets, are not in the second, and the other way."""
    return np.bitwise_count(first & ~second), np.bitwise_count(second & ~first)


def once(read: Callable[[str], str], texts: Iterable[Any]) -> list[str]:
    """What is read from each text, each distinct one read once; nothing from nothing."""
    stated = [str(text) if text else "" for text in texts]
    known = {text: read(text) for text in dict.fromkeys(stated) if text} | {"": ""}
    return list(map(known.__getitem__, stated))


def leveled(count: int, *levels: tuple[int, Bools]) -> npt.NDArray[np.int8]:
    """Levels of one field: each condition in turn overrules those before it; 0 where none holds."""
    found = np.zeros(count, dtype=np.int8)
    for level, where in levels:
        np.putmask(found, where, level)
    return found

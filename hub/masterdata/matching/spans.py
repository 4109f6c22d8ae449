"""Texts laid side by side, any part of each as a number, for all of them at once: keys of beginnings, halves, and of what is left of a name
without one of its letters are made without making the texts.

The numbers are those of a polynomial over the letters (Karp and Rabin, 1987), modulo 2^64: the sums up to each letter are reckoned once,
and a part is the difference of two. Equal parts have equal numbers wherever they stand. Other parts with one number are rarer than one in
a thousand million million, and are compared in vain only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hub.masterdata.matching.blocking import Bools, Ints

_Words = npt.NDArray[np.uint64]
_BASE = 0x9E3779B97F4A7C15
_BACK = pow(_BASE, -1, 1 << 64)
_STIR = np.uint64(0xD6E8FEB86659FD93)


class Spans:
    """Parts of texts as numbers, equal for equal parts, 0 for an empty one."""

    def __init__(self, texts: Sequence[str]) -> None:
        letters, self.lengths, self._starts = _stirred(texts)
        self._sums = np.append(np.zeros(1, dtype=np.uint64), np.cumsum(letters * _powers(_BASE, len(letters))[:-1], dtype=np.uint64))
        self._back = _powers(_BACK, len(letters))

    def whole(self) -> Ints:
        """The texts."""
        return self.part(0, self.lengths)

    def part(self, start: Ints | int, end: Ints | int, where: Bools | None = None) -> Ints:
        """The letters of each text from `start` to before `end`, as far as it goes; 0 for a text that is not `where`."""
        first = self._starts + np.clip(start, 0, self.lengths)
        last = self._starts + np.clip(end, 0, self.lengths)
        found = (self._sums[last] - self._sums[first]) * self._back[first]
        empty = last <= first
        found[empty if where is None else empty | ~where] = 0
        numbers: Ints = found.view(np.int64)
        return numbers

    def without_one(self, where: Bools) -> tuple[Ints, Ints]:
        """Each text that is `where` without its first letter, without its second, and so on: how many there are of each text, and they."""
        sizes = np.where(where, self.lengths, 0)
        starts, ends = np.repeat(self._starts, sizes), np.repeat(self._starts + self.lengths, sizes)
        left_out = np.arange(len(starts)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + starts
        before, behind = self._sums[left_out] - self._sums[starts], self._sums[ends] - self._sums[left_out + 1]
        found = (before + behind * np.uint64(_BACK)) * self._back[starts]
        return sizes, found.view(np.int64)


def letter_sets(texts: Sequence[str]) -> _Words:
    """The letters of each text as a set of 64 members: each letter is one of them, and many letters may be one."""
    letters, lengths, starts = _stirred(texts)
    sets = np.zeros(len(texts), dtype=np.uint64)
    if len(letters):
        some = lengths > 0
        sets[some] = np.bitwise_or.reduceat(np.uint64(1) << (letters >> np.uint64(58)), starts[some])
    return sets


def _stirred(texts: Sequence[str]) -> tuple[_Words, Ints, Ints]:
    """All letters as numbers over all 64 bits, how many each text has, and where it begins."""
    lengths: Ints = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    letters = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    letters = (letters + np.uint64(1)) * _STIR  # letters are small numbers: without stirring, sums of short texts lie close together
    letters ^= letters >> np.uint64(29)
    return letters, lengths, np.cumsum(lengths) - lengths


def _powers(base: int, count: int) -> _Words:
    """base^0 to base^count, modulo 2^64."""
    found = np.full(count + 1, base, dtype=np.uint64)
    found[0] = 1
    return np.cumprod(found, dtype=np.uint64)

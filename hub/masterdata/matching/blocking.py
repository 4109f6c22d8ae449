"""Which pairs are looked at: records that share a key of any kind, never all with all.

A key that many records share says little, and its pairs are most of the work: such a block is cut by a second key of its records (their
place, say), and what is still too large is left to the other keys.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import count

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Pairs = tuple[npt.NDArray[np.int32] | Ints, npt.NDArray[np.int32] | Ints]
"""First and second records of pairs, by their numbers; the first is the smaller. Narrow while they are kept, wide while they are looked at:
by wide numbers columns are fetched in half the time."""

MOST = 50
"""Records of a block."""
_STIR, _STIR_AGAIN = (np.array(number, dtype=np.uint64) for number in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F))
"""Odd numbers whose multiples are spread over all 64 bits."""


def numbered(texts: Sequence[str]) -> Ints:
    """A number for each text, equal for equal ones, -1 for an empty one."""
    numbers: dict[str, int] = defaultdict(count().__next__)
    numbers[""] = -1
    return np.fromiter(map(numbers.__getitem__, texts), dtype=np.int64, count=len(texts))


def hashed(texts: Sequence[str]) -> Ints:
    """A number for each text as a part of a key, 0 for an empty one: quicker than to number them. Other texts that get one number once in
    a million million times only are compared in vain."""
    return np.fromiter(map(hash, texts), dtype=np.int64, count=len(texts))


class Keys:
    """Keys of records, kind by kind: two records share a key of one kind, never of two."""

    def __init__(self) -> None:
        self._kinds: list[tuple[Ints, Ints]] = []

    def add(self, records: Ints, first: Ints, *parts: Ints, where: Bools | None = None) -> None:
        """A kind of key that these records have: numbers of its parts, by `hashed`. Who has none for the first part, or is not `where`,
        has no key of this kind."""
        has = first != 0 if where is None else (first != 0) & where
        records, key = records[has], first[has]
        for part in parts:
            key = _joint(key, part[has])
        self._kinds.append((records, key))

    def pairs(self, second: Ints, most: int = MOST) -> Pairs:
        """All pairs of records within blocks, once each. `second` cuts blocks of more than `most` (0 joins none)."""
        found = [np.zeros(0, dtype=np.int64)]
        for records, key in self._kinds:
            found += _pairs(records, key, most, second)
        codes = distinct(np.concatenate(found))
        return (codes >> 32).astype(np.int32), (codes & 0xFFFFFFFF).astype(np.int32)


def _joint(one: Ints, other: Ints) -> Ints:
    """One number for two."""
    return ((one.view(np.uint64) * _STIR) ^ (other.view(np.uint64) + _STIR)).view(np.int64)


def _pairs(records: Ints, key: Ints, most: int, second: Ints | None) -> list[Ints]:
    """Pairs of records with one key, as first shifted by 32 and second, each once."""
    if not len(records):
        return []
    bits = int(records.max()).bit_length()
    # In order of keys, and of records within them: the upper bits of a number stirred are as good as all.
    whole = distinct(((key.view(np.uint64) * _STIR_AGAIN) >> np.uint64(bits + 1) << np.uint64(bits)).view(np.int64) | records)
    key, records = whole >> bits, whole & ((1 << bits) - 1)
    ends = np.append(np.flatnonzero(key[1:] != key[:-1]) + 1, len(key))
    sizes = np.diff(ends, prepend=0)
    last = np.repeat(ends, sizes)  # where the block of each row ends
    narrow = np.repeat(sizes <= most, sizes)
    found = []
    at = np.flatnonzero(narrow & (np.arange(1, len(key) + 1) < last))
    step = 1
    while len(at):
        found.append(records[at] << 32 | records[at + step])
        step += 1
        at = at[at + step < last[at]]
    if second is not None and not narrow.all():
        wide, cut = records[~narrow], second[records[~narrow]]
        told = cut != 0
        found += _pairs(wide[told], _joint(key[~narrow][told], cut[told]), most, None)
    return [distinct(np.concatenate(found))] if found else []


def distinct(codes: Ints) -> Ints:
    """The codes in order, each once. By sorting: numpy's `unique` hashes, which takes twenty times as long for millions."""
    codes = np.sort(codes)
    fresh: npt.NDArray[np.bool_] = np.concatenate((np.ones(min(len(codes), 1), dtype=bool), codes[1:] != codes[:-1]))
    return codes[fresh]

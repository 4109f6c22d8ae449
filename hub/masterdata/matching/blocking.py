"""Which pairs are looked at: records that share a key of any kind, never all with all.

A key that many records share says little, and its pairs are most of the work: such a block is cut by a second key of its records (their
place, say), and what is still too large is left to the other keys.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Pairs = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]
"""First and second records of pairs, by their numbers; the first is the smaller."""

MOST = 50
"""Records of a block."""
_WIDEST = 2**62
"""Numbers up to which codes are joined."""


def numbered(texts: Sequence[str], numbers: dict[str, int] | None = None) -> Ints:
    """A number for each text, equal for equal ones, -1 for an empty one. `numbers` are those of texts before, and are added to."""
    known = {} if numbers is None else numbers
    fresh = [text for text in dict.fromkeys(texts) if text not in known]
    known.update(zip(fresh, range(len(known), len(known) + len(fresh)), strict=True))
    known[""] = -1
    return np.fromiter(map(known.__getitem__, texts), dtype=np.int64, count=len(texts))


class Keys:
    """Keys of records, kind by kind: two records share a key of one kind, never of two."""

    def __init__(self) -> None:
        self._kinds: list[tuple[Ints, Ints]] = []

    def add(self, records: Ints, *parts: Ints) -> None:
        """A kind of key that these records have: the numbers of its parts. Who has -1 for the first part has no key of this kind."""
        has = parts[0] >= 0
        records, key = records[has].astype(np.int64), parts[0][has]
        for part in parts[1:]:
            key = _joint(key, part[has])
        self._kinds.append((records, key))

    def pairs(self, second: Ints, most: int = MOST) -> Pairs:
        """All pairs of records within blocks, once each. `second` cuts blocks of more than `most` (-1 joins none)."""
        found = [np.zeros(0, dtype=np.int64)]
        for records, key in self._kinds:
            found += _pairs(records, key, most, second)
        codes = distinct(np.concatenate(found))
        return (codes >> 32).astype(np.int32), (codes & 0xFFFFFFFF).astype(np.int32)


def _joint(one: Ints, other: Ints) -> Ints:
    """One number for two; the other may be -1."""
    width = int(other.max(initial=0)) + 2
    if int(one.max(initial=0)) + 1 > _WIDEST // width:
        one = np.unique(one, return_inverse=True)[1].astype(np.int64)
    return one * width + other + 1


def _pairs(records: Ints, key: Ints, most: int, second: Ints | None) -> list[Ints]:
    """Pairs of records with one key, as first shifted by 32 and second, each once."""
    if not len(records):
        return []
    whole = distinct(_joint(key, records))  # in order of keys, and of records within them
    width = int(records.max()) + 2
    key, records = np.divmod(whole, width)
    records -= 1
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
        told = cut >= 0
        found += _pairs(wide[told], _joint(key[~narrow][told], cut[told]), most, None)
    return [distinct(np.concatenate(found))] if found else []


def distinct(codes: Ints) -> Ints:
    """The codes in order, each once. By sorting: numpy's `unique` hashes, which takes twenty times as long for millions."""
    codes = np.sort(codes)
    fresh: npt.NDArray[np.bool_] = np.concatenate((np.ones(min(len(codes), 1), dtype=bool), codes[1:] != codes[:-1]))
    return codes[fresh]

"""Which pairs are looked at: records that share a key of any kind, never all with all.

A key that many records share says little, and its pairs are most of the work: such a block is cut by a second key of its records (their
place, say), and what is still too large is left to the other keys.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Pairs = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]
"""First and second records of pairs, by their numbers; the first is the smaller."""

MOST = 50
"""Records of a block."""


class Keys:
    """Keys of records as they are found: which record has which."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._records: list[int] = []
        self._keys: list[int] = []

    def add(self, record: int, key: str) -> None:
        """A record has a key."""
        self._records.append(record)
        self._keys.append(self._numbers.setdefault(key, len(self._numbers)))

    def pairs(self, second: Sequence[str], most: int = MOST) -> Pairs:
        """All pairs of records within blocks, once each. `second` cuts blocks of more than `most` records (an empty one joins none)."""
        records, keys = np.array(self._records, dtype=np.int32), np.array(self._keys, dtype=np.int64)
        sizes = np.bincount(keys, minlength=len(self._numbers)) if len(keys) else np.zeros(0, dtype=np.int64)
        wide = sizes[keys] > most if len(keys) else np.zeros(0, dtype=bool)
        found = [_pairs(records[~wide], keys[~wide], most)]
        if wide.any():
            names: dict[str, int] = {"": 0}
            cut = np.array([names.setdefault(text, len(names)) for text in second], dtype=np.int64)[records[wide]]
            joint = keys[wide] * len(names) + cut
            found.append(_pairs(records[wide][cut > 0], joint[cut > 0], most))
        codes = distinct(np.concatenate(found))
        return (codes >> 32).astype(np.int32), (codes & 0xFFFFFFFF).astype(np.int32)


def _pairs(records: npt.NDArray[np.int32], keys: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    """Pairs of records with one key, as first shifted by 32 and second; blocks of more than `most` are left out."""
    order = np.lexsort((records, keys))
    records, keys = records[order].astype(np.int64), keys[order]
    fresh = np.ones(len(keys), dtype=bool)
    fresh[1:] = (keys[1:] != keys[:-1]) | (records[1:] != records[:-1])
    records, keys = records[fresh], keys[fresh]
    starts = np.flatnonzero(np.concatenate((np.ones(min(len(keys), 1), dtype=bool), keys[1:] != keys[:-1])))
    sizes = np.diff(np.append(starts, len(keys)))
    kept = np.repeat((sizes > 1) & (sizes <= most), sizes)
    last = np.repeat(starts + sizes, sizes)  # where the block of each row ends
    found = []
    for step in range(1, most):
        at = np.flatnonzero(kept & (np.arange(len(records)) + step < last))
        if not len(at):
            break
        found.append(records[at] << 32 | records[at + step])
        if step % 8 == 0:
            found = [distinct(np.concatenate(found))]
    return distinct(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def distinct(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The codes in order, each once. By sorting: numpy's `unique` hashes, which takes twenty times as long for millions."""
    codes = np.sort(codes)
    fresh: npt.NDArray[np.bool_] = np.concatenate((np.ones(min(len(codes), 1), dtype=bool), codes[1:] != codes[:-1]))
    return codes[fresh]

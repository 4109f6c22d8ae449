"""Pairs of master records that seem to be one, each with its chance and its reasons."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hub.masterdata.matching.blocking import Bools, Ints, Keys, Pairs
from hub.masterdata.matching.items import Items
from hub.masterdata.matching.locations import Locations
from hub.masterdata.matching.parties import Parties
from hub.masterdata.matching.weights import FieldSpec, Levels, Weights, learn, usual

_CHUNK = 400_000
"""Candidate pairs that are looked at together."""


class Comparable(Protocol):
    """A set of records of one kind, ready to be compared."""

    @property
    def specs(self) -> tuple[FieldSpec, ...]:
        """The fields that are compared."""

    @property
    def learns(self) -> bool:
        """Whether its weights are learnt from the records at hand."""

    def keys(self) -> tuple[Keys, Ints]:
        """Keys of all records, and what cuts their wide blocks."""

    def plausible(self, pairs: Pairs) -> tuple[Bools, Bools]:
        """Pairs that are worth a close look, and which of all pairs would be so without what identifies them."""

    def compare(self, pairs: Pairs) -> Levels:
        """The level of each field of each pair."""


KINDS: Mapping[str, Callable[[Sequence[Mapping[str, Any]]], Comparable]] = {"party": Parties, "item": Items, "location": Locations}


@dataclass(frozen=True, slots=True)
class Reason:
    """What a field says: its level of agreement and its weight in bits; above 0 it speaks for one record, below for two."""

    field: str
    level: str
    bits: float


@dataclass(frozen=True, slots=True)
class Match:
    """Two records, by their numbers in the set, with the chance (0 to 1) that they are one."""

    first: int
    second: int
    chance: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """All candidates that were looked at closely, with the bits for each; `weights` were learnt from them or given."""

    specs: tuple[FieldSpec, ...]
    pairs: Pairs
    levels: Levels
    bits: npt.NDArray[np.float64]
    weights: Weights
    candidates: int
    """Pairs that shared a block."""

    def told(self, least: float = 0.5) -> Bools:
        """Which pairs have at least this chance to be one."""
        found: Bools = self.bits >= (np.log2(least / (1 - least)) if 0 < least < 1 else -np.inf if least <= 0 else np.inf)
        return found

    def likely(self, least: float = 0.5) -> Iterator[Match]:
        """Pairs with at least this chance to be one, the likeliest first."""
        told = np.flatnonzero(self.told(least))
        for at in told[np.argsort(-self.bits[told], kind="stable")]:
            yield self._match(int(at))

    def _match(self, at: int) -> Match:
        reasons = []
        for number, spec in enumerate(self.specs):
            level = int(self.levels[at, number])
            if level:
                reasons.append(Reason(spec.name, spec.levels[level - 1], round(float(self.weights.bits[number][level]), 2)))
        chance = 1 / (1 + 2 ** -float(np.clip(self.bits[at], -60, 60)))
        ordered = tuple(sorted(reasons, key=lambda reason: -abs(reason.bits)))
        return Match(int(self.pairs[0][at]), int(self.pairs[1][at]), chance, ordered)


def match(kind: str, bodies: Sequence[Mapping[str, Any]], weights: Weights | None = None) -> Matches:
    """Compare all records of a kind (`party`, `item`, `location`) with each other.

    Without `weights` they are learnt from these records, or where too few pairs are at hand to learn from, they are the usual ones.
    """
    with _no_search_for_cycles():
        return _match(kind, bodies, weights)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Nothing here refers to itself: to search millions of names for what does would take a seventh of the time."""
    asked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if asked:
            gc.enable()


def _match(kind: str, bodies: Sequence[Mapping[str, Any]], weights: Weights | None) -> Matches:
    records = KINDS[kind](bodies)
    keys, second = records.keys()
    candidates = keys.pairs(second)
    firsts, seconds, levels, asked = [], [], [], []
    for start in range(0, max(len(candidates[0]), 1), _CHUNK):
        some = candidates[0][start : start + _CHUNK].astype(np.intp), candidates[1][start : start + _CHUNK].astype(np.intp)
        kept, without = records.plausible(some)
        asked.append(without[kept])
        close = some[0][kept], some[1][kept]
        firsts.append(close[0].astype(np.int32))
        seconds.append(close[1].astype(np.int32))
        levels.append(records.compare(close))
    pairs, found = (np.concatenate(firsts), np.concatenate(seconds)), np.concatenate(levels)
    learnt = weights or (learn(found, records.specs, kind, np.concatenate(asked)) if records.learns else usual(kind, records.specs))
    return Matches(records.specs, pairs, found, learnt.of(found), learnt, len(candidates[0]))

"""How much each kind of agreement says: Fellegi and Sunter's weights, learnt from the pairs themselves by EM.

Each field of a pair agrees on one of a few levels. Level 0 says nothing: one of the two has no value. For each other level, `m` is its
share among pairs that are one and `u` its share among those that are not; its weight is log2(m / u), in bits. Nobody tells which pairs are
one: the expectation of that and the shares are refined by turns (Fellegi and Sunter 1969; Winkler 1988). What is known before (`prior`)
counts as so many pairs, so that a small store has sensible weights and a large one its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

Levels = npt.NDArray[np.int8]
"""Pairs by fields: the level on which a field of a pair agrees."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field that is compared: the names of its levels from 1, and their shares among records that are one, as far as known before."""

    name: str
    levels: tuple[str, ...]
    prior: tuple[float, ...]
    use: str = "evidence"


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights in bits by field and level (level 0 is 0), and the odds, in bits, that a candidate pair is one before looking."""

    bits: tuple[Floats, ...]
    start: float

    def of(self, levels: Levels) -> Floats:
        """The sum of weights of each pair, with the odds at the start: 0 bits are a chance of one half."""
        total = np.full(len(levels), self.start)
        for at, bits in enumerate(self.bits):
            total += bits[levels[:, at]]
        return total


def learn(levels: Levels, specs: Sequence[FieldSpec], rounds: int = 40, strength: float = 2000.0, start: float = 0.01) -> Weights:
    """Weights from candidate pairs. `strength` is how many pairs the prior counts as."""
    sizes = [len(spec.levels) + 1 for spec in specs]
    codes = np.zeros(len(levels), dtype=np.int64)
    for at, size in enumerate(sizes):
        codes = codes * size + levels[:, at]
    order = np.argsort(codes, kind="stable")
    fresh = np.flatnonzero(np.concatenate((np.ones(min(len(codes), 1), dtype=bool), np.diff(codes[order]) != 0)))
    patterns, count = levels[order[fresh]], np.diff(np.append(fresh, len(codes))).astype(np.float64)
    prior = [np.array((0.0, *spec.prior)) / sum(spec.prior) for spec in specs]
    m = [share.copy() for share in prior]
    overall = [_shares(patterns[:, at], count, size, np.ones(size) * 0.5) for at, size in enumerate(sizes)]
    u = [share.copy() for share in overall]
    one = min(start, 0.5)
    for _ in range(rounds if len(patterns) else 0):
        odds = np.full(len(patterns), np.log(one / (1 - one)))
        for at in range(len(specs)):
            odds += _ratio(m[at], u[at])[patterns[:, at]]
        chance = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
        for at, size in enumerate(sizes):
            m[at] = _shares(patterns[:, at], count * chance, size, prior[at] * strength)
            u[at] = _shares(patterns[:, at], count * (1 - chance), size, overall[at] * strength)
        one = float(np.clip((count @ chance + start) / (count.sum() + 1), 1e-7, 0.5))
    bits = tuple(_ratio(m[at], u[at]) / np.log(2) for at in range(len(specs)))
    return Weights(bits, float(np.log2(one / (1 - one))))


@cache
def _stated() -> Mapping[str, Mapping[str, Any]]:
    return yaml.safe_load(Path(__file__).with_name("usual_weights.yaml").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def usual(kind: str, specs: Sequence[FieldSpec]) -> Weights:
    """The weights that the hub brings along, learnt from large made sets (`usual_weights.yaml`)."""
    stated = _stated()[kind]
    return Weights(
        tuple(np.array([0.0, *(float(stated[spec.name][level]) for level in spec.levels)]) for spec in specs), float(stated["start"])
    )


def _shares(column: Levels, count: Floats, size: int, before: Floats) -> Floats:
    shares: Floats = np.bincount(column, weights=count, minlength=size) + before
    shares[0] = 0
    total = shares.sum()
    return shares / total if total else shares


def _ratio(m: Floats, u: Floats) -> Floats:
    ratio = np.log((m + 1e-9) / (u + 1e-9))
    ratio[0] = 0.0
    return ratio

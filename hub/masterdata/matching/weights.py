"""How much each kind of agreement says: weights in bits by field and level, in the manner of Fellegi and Sunter, learnt without a teacher.

Each field of a pair agrees on one of a few levels. Level 0 says nothing: one of the two has no value. What a pair weighs is the sum of the
weights of its levels; at 0 bits the chance that it is one is one half.

Nobody tells which pairs are one, but some pairs tell it themselves: both have a tax number, GLN, licence or GTIN, and it is the same or
another. Those teach what all other fields are worth, hard neighbours included, and the other pairs are weighed by that. Weights that are
each learnt alone (Fellegi and Sunter 1969 by EM) count twice what goes together, as telephone, street and postal code of a group's
companies do; so all are learnt at once (logistic regression, held near 0 by as many bits of doubt as a few pairs outweigh).
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
Bools = npt.NDArray[np.bool_]
ENOUGH = 200
"""Pairs that tell by themselves that they are one; with fewer the usual weights hold."""
FEW = 200
"""Records of a kind among which two that say the same in full are hardly two things: in large catalogues many makers say the same."""
_ROWS = 64
"""Rows of facts that are multiplied at once."""
_SETS_APART = frozenset({"branch", "apart"})


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field that is compared: the names of its levels from 1, the least agreement first."""

    name: str
    levels: tuple[str, ...]
    identity: bool = False
    """Whether two records that are one have one value and two have two: what teaches the other fields."""


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


def taught(levels: Levels, specs: Sequence[FieldSpec]) -> tuple[Bools, Bools]:
    """Which pairs tell by themselves that they are one, and which that they are two; a branch is not its company, whatever they share."""
    one, two, apart = (np.zeros(len(levels), dtype=bool) for _ in range(3))
    for at, spec in enumerate(specs):
        if spec.identity:
            one |= levels[:, at] == len(spec.levels)
            two |= levels[:, at] == 1
        if spec.name in _SETS_APART:
            apart |= levels[:, at] == 1
    return one & ~two & ~apart, two & ~one


def learn(levels: Levels, specs: Sequence[FieldSpec], kind: str, asked: Bools) -> Weights:
    """Weights from the pairs that tell by themselves, among those `asked`: pairs that were found by more than what identifies them.

    With fewer than `ENOUGH` of them that are one, the usual weights hold.
    """
    stated = usual(kind, specs)
    one, two = taught(levels, specs)
    if (one & asked).sum() < ENOUGH:
        return stated
    soft = [at for at, spec in enumerate(specs) if not spec.identity]
    known = (one | two) & asked
    rows = np.column_stack((levels[known][:, soft], one[known].astype(np.int8)))
    sizes = [*(len(specs[at].levels) + 1 for at in soft), 2]
    _, first, count = np.unique(np.ravel_multi_index(tuple(rows.T.astype(np.int64)), sizes), return_index=True, return_counts=True)
    patterns = rows[first]
    columns = [(place, level) for place, at in enumerate(soft) for level in range(1, len(specs[at].levels) + 1)]
    facts = np.stack([np.ones(len(patterns)), *((patterns[:, place] == level) for place, level in columns)], axis=1).astype(np.float64)
    found = _fitted(facts, patterns[:, -1].astype(np.float64), count.astype(np.float64)) / np.log(2)
    bits = [weights.copy() for weights in stated.bits]
    for (place, level), weight in zip(columns, found[1:], strict=True):
        bits[soft[place]][level] = weight
    return Weights(tuple(bits), float(found[0]))


def _fitted(facts: Floats, is_one: Floats, count: Floats, doubt: float = 2.0, rounds: int = 40) -> Floats:
    """Logistic regression by Newton's steps; the first column is the odds at the start, which nothing holds back.

    Reckoned a few rows at a time: products so small stay on one core, whose sisters would else spend more on waiting than on reckoning.
    """
    padding = -len(facts) % _ROWS
    facts = np.pad(facts, ((0, padding), (0, 0))).reshape(-1, _ROWS, facts.shape[1])
    is_one, count = (np.pad(column, (0, padding)).reshape(-1, _ROWS) for column in (is_one, count))
    weights = np.zeros(facts.shape[2])
    weights[0] = -4.0
    held = np.full(len(weights), doubt)
    held[0] = 1e-6
    for _ in range(rounds):
        chance = 1 / (1 + np.exp(-np.clip(np.einsum("nij,j->ni", facts, weights), -40, 40)))
        slope = np.einsum("nij,ni->j", facts, count * (is_one - chance)) - held * weights
        spread = count * chance * (1 - chance) + 1e-9
        bend = ((facts * spread[:, :, None]).transpose(0, 2, 1) @ facts).sum(axis=0) + np.diag(held)
        step = np.clip(np.linalg.solve(bend, slope), -3, 3)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights


@cache
def _stated() -> Mapping[str, Mapping[str, Any]]:
    return yaml.load(Path(__file__).with_name("usual_weights.yaml").read_bytes(), Loader=yaml.CSafeLoader)  # type: ignore[no-any-return]


def usual(kind: str, specs: Sequence[FieldSpec]) -> Weights:
    """The weights that the hub brings along, for stores too small to learn from and for what identifies (`usual_weights.yaml`)."""
    stated = _stated()[kind]
    return Weights(
        tuple(np.array([0.0, *(float(stated[spec.name][level]) for level in spec.levels)]) for spec in specs), float(stated["start"])
    )

"""The scorecard: for each partner and quality dimension the share of checks that its rows pass.

A check is one rule looked at for one row. A dimension in which nothing of a partner was checked is left out rather than praised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data_contracts.contract import DIMENSIONS
from hub.store.tables import partner, quality_failure, quality_result, quality_run, quality_share


@dataclass(frozen=True, slots=True)
class Score:
    """One partner in one dimension."""

    checked: int
    failed: int

    @property
    def share(self) -> float:
        """Passing share from 0 to 1 in four places, rounded down: 1 means that nothing failed."""
        return (self.checked - self.failed) * 10_000 // self.checked / 10_000


@dataclass(frozen=True, slots=True)
class Card:
    """One partner's scores, by dimension in the order of ODCS."""

    partner_id: int
    key: str
    name: str
    scores: Mapping[str, Score]


def cards(connection: sa.Connection) -> list[Card]:
    """The scorecard of the newest run of each contract, by partner key."""
    newest = sa.select(sa.func.max(quality_run.c.id)).group_by(quality_run.c.contract)
    # A rule that could not be judged says nothing about anybody.
    judged = sa.and_(quality_result.c.run_id.in_(newest), quality_result.c.error.is_(None))
    checked = connection.execute(
        sa.select(quality_share.c.partner_id, quality_result.c.dimension, sa.func.sum(quality_share.c.checked))
        .join_from(
            quality_share,
            quality_result,
            sa.and_(quality_result.c.run_id == quality_share.c.run_id, quality_result.c.rule == quality_share.c.rule),
        )
        .where(judged)
        .group_by(quality_share.c.partner_id, quality_result.c.dimension)
    )
    counts = {(who, dimension): int(count) for who, dimension, count in checked}
    failing = connection.execute(
        sa.select(quality_failure.c.partner_id, quality_result.c.dimension, sa.func.count())
        .join_from(
            quality_failure,
            quality_result,
            sa.and_(quality_result.c.run_id == quality_failure.c.run_id, quality_result.c.rule == quality_failure.c.rule),
        )
        .where(judged)
        .group_by(quality_failure.c.partner_id, quality_result.c.dimension)
    )
    failed = {(who or 0, dimension): int(count) for who, dimension, count in failing}
    people = connection.execute(sa.select(partner.c.id, partner.c.key, partner.c.name).order_by(partner.c.key)).all()
    made = []
    for who, key, name in people:
        scores = {
            dimension: Score(counts[who, dimension], failed.get((who, dimension), 0))
            for dimension in DIMENSIONS
            if counts.get((who, dimension))
        }
        if scores:
            made.append(Card(who, key, name, scores))
    return made


def history(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Every run: at, contract, partner (key or null), dimension, checked, failed; in the order of time."""
    judged = quality_result.c.error.is_(None)
    same = sa.and_(quality_failure.c.run_id == quality_share.c.run_id, quality_failure.c.rule == quality_share.c.rule)
    failed = (
        sa.select(sa.func.count()).where(same, quality_failure.c.partner_id == quality_share.c.partner_id).correlate(quality_share)
    ).scalar_subquery()
    query = (
        sa.select(
            quality_run.c.at,
            quality_run.c.contract,
            partner.c.key.label("partner"),
            quality_result.c.dimension,
            sa.func.sum(quality_share.c.checked).label("checked"),
            sa.func.sum(failed).label("failed"),
        )
        .select_from(
            quality_share.join(quality_run, quality_run.c.id == quality_share.c.run_id)
            .join(quality_result, sa.and_(quality_result.c.run_id == quality_share.c.run_id, quality_result.c.rule == quality_share.c.rule))
            .outerjoin(partner, partner.c.id == quality_share.c.partner_id)
        )
        .where(judged)
        .group_by(quality_run.c.id, quality_run.c.at, quality_run.c.contract, partner.c.key, quality_result.c.dimension)
        .order_by(quality_run.c.id, partner.c.key, quality_result.c.dimension)
    )
    return list(connection.execute(query))


def by_partner(connection: sa.Connection) -> list[dict[str, Any]]:
    """`[{"partner": name, "key": key, "dimensions": {"completeness": 0.993, …}}]` of the newest runs."""
    return [
        {"partner": card.name, "key": card.key, "dimensions": {dimension: score.share for dimension, score in card.scores.items()}}
        for card in cards(connection)
    ]

"""Rows that failed a rule of a quality contract, each with its key and the message that it came from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from hub.store.tables import exchange, partner, quality_failure


def failures(
    connection: sa.Connection, run_id: int, rule: str, organisations: Collection[int] | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """`[{key, value, partner, exchange_id}]` of one rule in one run, in the order of the rows, at most `limit`.

    `organisations` leaves out rows whose message belongs to others (null: all).
    """
    query = (
        sa.select(quality_failure, partner.c.key.label("partner"))
        .outerjoin(partner, partner.c.id == quality_failure.c.partner_id)
        .outerjoin(exchange, exchange.c.id == quality_failure.c.exchange_id)
        .where(quality_failure.c.run_id == run_id, quality_failure.c.rule == rule)
        .order_by(quality_failure.c.id)
        .limit(limit)
    )
    if organisations is not None:
        query = query.where(sa.or_(exchange.c.organisation_id.is_(None), exchange.c.organisation_id.in_(organisations)))
    return [
        {"key": row.key, "value": row.value, "partner": row.partner, "exchange_id": row.exchange_id} for row in connection.execute(query)
    ]

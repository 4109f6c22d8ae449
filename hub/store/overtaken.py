"""Whether something newer of the same thing has left already, so that what is older must not leave behind it.

A document that was given up is sent again when its cause is mended. When its order was changed meanwhile, and the partner was told of
that, the older word would be the partner's last one: what it may put right it takes by the time at which it comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hub.store.approvals import UNHEARD
from hub.store.tables import application, exchange, outbox


@dataclass(frozen=True, slots=True)
class Newer:
    """What has left, or may have, though it was made later."""

    exchange_id: int
    outbox_id: int
    business_key: str


def newer(connection: sa.Connection, exchange_id: int) -> Newer | None:
    """The newest document of the same flow and thing as this outbound exchange that was made later and has left; None: there is none.

    The same thing is one number, or one subject: of stock, the place. A copy says the same, and what the partner refused it has not taken.
    One that was tried counts as one that left, for its answer may have been lost; one that only waits leaves behind what is older.
    """
    mine = connection.execute(sa.select(exchange).where(exchange.c.id == exchange_id, exchange.c.direction == "out")).one_or_none()
    if mine is None:
        return None
    found = [_newest(connection, mine, same) for same in _same(mine)]
    return max((one for one in found if one is not None), key=lambda one: one.exchange_id, default=None)


def _same(mine: sa.Row[Any]) -> list[sa.ColumnElement[bool]]:
    """What makes another exchange one about the same thing; apart, so that each goes by its index."""
    told, before = application.alias("told"), application.alias("before")
    subjects = sa.select(before.c.subject_id).where(before.c.exchange_id == mine.origin_id)
    about = sa.select(told.c.exchange_id).where(told.c.subject_id.in_(subjects), told.c.exchange_id != mine.origin_id)
    of_a_subject = exchange.c.origin_id.in_(about)
    return [of_a_subject] if mine.business_key is None else [exchange.c.business_key == mine.business_key, of_a_subject]


def _newest(connection: sa.Connection, mine: sa.Row[Any], same: sa.ColumnElement[bool]) -> Newer | None:
    tried = sa.or_(outbox.c.attempts > 0, outbox.c.lease_until.is_not(None), outbox.c.lane == outbox.c.stable_id)
    row = connection.execute(
        sa.select(exchange.c.id, exchange.c.business_key, outbox.c.id.label("outbox_id"))
        .join(outbox, outbox.c.exchange_id == exchange.c.id)
        .where(
            same,
            exchange.c.id > mine.id,
            exchange.c.direction == "out",
            exchange.c.flow == mine.flow,
            exchange.c.organisation_id == mine.organisation_id,
            exchange.c.partner_id == mine.partner_id,
            exchange.c.origin_id.is_distinct_from(mine.origin_id),
            exchange.c.state.not_in(UNHEARD),
            sa.or_(outbox.c.state == "sent", sa.and_(outbox.c.state == "waiting", tried)),
        )
        .order_by(exchange.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else Newer(row.id, row.outbox_id, row.business_key or "")


__all__ = ["Newer", "newer"]

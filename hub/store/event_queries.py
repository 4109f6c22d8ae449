"""Named queries on events, and who is told of what answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub.store import bulk
from hub.store.database import Database
from hub.store.event_tables import event, event_query, event_subscription
from hub.store.identity import allocate
from hub.store.types import micros
from hub.store.unit_of_work import UnitOfWork

OWN_PEOPLE = 0
"""Whose the queries of own people and systems are, in place of a partner's id."""
STREAM = 0
"""In place of the next time: whenever an event comes."""
_SECOND = 1_000_000
_LONGEST_WAIT = 3600
"""Seconds between tries at most."""


def add(uow: UnitOfWork, owner: int, name: str, query: Mapping[str, Any]) -> int:
    """Keep a query. Raises ConflictError for a name that the owner has given already."""
    (number,) = allocate(uow.connection, "event_query", 1)
    made = bulk.insert_new(
        uow.connection,
        event_query,
        ("id", "partner_id", "name", "query", "created_at", "created_by"),
        [(number, owner, name, dict(query), uow.now, uow.actor)],
    )
    if not made:
        raise ConflictError(f"there is a query {name} already")
    return number


def one(connection: sa.Connection, owner: int, name: str) -> sa.Row[Any]:
    """A query. Raises NotFoundError for one that its owner does not have."""
    row = connection.execute(sa.select(event_query).where(event_query.c.partner_id == owner, event_query.c.name == name)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no query {name}")
    return row


def listed(connection: sa.Connection, owner: int, after: int, limit: int) -> Sequence[sa.Row[Any]]:
    """The owner's queries, the first ones first."""
    return connection.execute(
        sa.select(event_query).where(event_query.c.partner_id == owner, event_query.c.id > after).order_by(event_query.c.id).limit(limit)
    ).all()


def kept(connection: sa.Connection, owner: int) -> int:
    """How many queries an owner has."""
    found: int = connection.execute(
        sa.select(sa.func.count()).select_from(event_query).where(event_query.c.partner_id == owner)
    ).scalar_one()
    return found


def remove(uow: UnitOfWork, query_id: int) -> int:
    """Forget a query and end its subscriptions; returns how many those were."""
    ended = uow.connection.execute(sa.delete(event_subscription).where(event_subscription.c.query_id == query_id)).rowcount
    uow.connection.execute(sa.delete(event_query).where(event_query.c.id == query_id))
    return ended


# --- subscriptions -------------------------------------------------------------------------------------------------------
def subscribe(uow: UnitOfWork, values: Mapping[str, Any]) -> int:
    """Keep a subscription (columns of `event_subscription` beside id, dates and counts)."""
    (number,) = allocate(uow.connection, "event_subscription", 1)
    uow.connection.execute(event_subscription.insert().values(id=number, created_at=uow.now, fence=0, attempts=0, **values))
    return number


def subscriptions(connection: sa.Connection, query_id: int, after: int, limit: int) -> Sequence[sa.Row[Any]]:
    """Subscriptions to a query, the first ones first."""
    columns = event_subscription.c
    return connection.execute(
        sa.select(event_subscription).where(columns.query_id == query_id, columns.id > after).order_by(columns.id).limit(limit)
    ).all()


def subscription(connection: sa.Connection, query_id: int, key: str) -> sa.Row[Any]:
    """One subscription. Raises NotFoundError for one that the query does not have."""
    columns = event_subscription.c
    row = connection.execute(sa.select(event_subscription).where(columns.query_id == query_id, columns.key == key)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no subscription {key}")
    return row


def count(connection: sa.Connection, owner: int) -> int:
    """How many subscriptions an owner has."""
    return connection.execute(
        sa.select(sa.func.count())
        .select_from(event_subscription)
        .join(event_query, event_query.c.id == event_subscription.c.query_id)
        .where(event_query.c.partner_id == owner)
    ).scalar_one()


def unsubscribe(uow: UnitOfWork, subscription_id: int) -> None:
    """End a subscription."""
    uow.connection.execute(sa.delete(event_subscription).where(event_subscription.c.id == subscription_id))


def claim(database: Database, lease_seconds: float, settled: int) -> sa.Row[Any] | None:
    """The subscription that is due the longest, with its query, for this process alone until the lease ends; null: none is due.

    A stream is due when an event came behind its position, as far as all events up to `settled` have come.
    """
    with database.read() as connection:  # so that a look which finds nothing writes nothing
        if connection.execute(_due(micros(database.clock.now()), settled)).first() is None:
            return None
    columns = event_subscription.c
    with database.begin("subscriptions") as uow:
        due = _due(uow.now, settled).with_for_update(skip_locked=True, of=event_subscription)
        number = uow.connection.execute(due).scalar_one_or_none()
        if number is None:
            return None
        lease = {"lease_until": uow.now + int(lease_seconds * _SECOND), "fence": columns.fence + 1}
        uow.connection.execute(sa.update(event_subscription).where(columns.id == number).values(**lease))
        return uow.connection.execute(
            sa.select(event_subscription, event_query.c.name, event_query.c.query, event_query.c.partner_id)
            .join(event_query, event_query.c.id == columns.query_id)
            .where(columns.id == number)
        ).one()


def _due(now: int, settled: int) -> sa.Select[Any]:
    columns = event_subscription.c
    return (
        sa.select(columns.id)
        .where(
            columns.next_at <= now,
            sa.or_(columns.lease_until.is_(None), columns.lease_until <= now),
            sa.or_(columns.next_at > STREAM, columns.position < settled),
        )
        .order_by(columns.next_at, columns.id)
        .limit(1)
    )


def told(uow: UnitOfWork, row: sa.Row[Any], position: int, next_at: int, *, sent: bool) -> bool:
    """Note how far a subscriber was told; false where another process has the subscription by now, or it has ended."""
    values: dict[str, Any] = {"position": position, "next_at": next_at, "lease_until": None, "attempts": 0, "failure": None}
    if sent:
        values["sent_at"] = uow.now
    return _mine(uow, row, values)


def failed(uow: UnitOfWork, row: sa.Row[Any], reason: str) -> bool:
    """Note that a subscriber could not be told; it is tried again, each time later."""
    wait = min(5 * 2 ** min(row.attempts, 12), _LONGEST_WAIT)
    values = {"next_at": uow.now + wait * _SECOND, "lease_until": None, "attempts": row.attempts + 1, "failure": reason[:400]}
    return _mine(uow, row, values)


def _mine(uow: UnitOfWork, row: sa.Row[Any], values: Mapping[str, Any]) -> bool:
    columns = event_subscription.c
    changed = uow.connection.execute(sa.update(event_subscription).where(columns.id == row.id, columns.fence == row.fence).values(**values))
    return changed.rowcount == 1


def first_behind(connection: sa.Connection, recorded_at: int) -> int:
    """Id of the last event that was recorded before a moment."""
    before = sa.select(sa.func.coalesce(sa.func.max(event.c.id), 0)).where(event.c.recorded_at < recorded_at)
    found: int = connection.execute(before).scalar_one()
    return found

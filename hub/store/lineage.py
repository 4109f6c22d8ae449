"""One message and all that was made of it: the exchange that brought its bytes, its replays and its corrections.

Only the newest of them speaks (`live`); those before it are superseded. What a person does to any of them is done to the live one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from hub.store.tables import application, exchange, exchange_history, finding, interchange
from hub.store.unit_of_work import UnitOfWork

_LOCK = 0x7564_6978
"""PostgreSQL's advisory locks of lineages ("udix"), one a root."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """Rows of `exchange`, the oldest first."""

    members: list[sa.Row[Any]]

    @property
    def root(self) -> sa.Row[Any]:
        """The exchange that brought the bytes."""
        return self.members[0]

    @property
    def live(self) -> sa.Row[Any]:
        """The newest that is not superseded; where a later message took the place of all, the newest."""
        return next((row for row in reversed(self.members) if row.state != "superseded"), self.members[-1])


def lineage(connection: sa.Connection, exchange_id: int) -> Lineage:
    """The lineage of an inbound exchange. Raises NotFoundError when there is no such inbound exchange."""
    members = [_inbound(connection, root_of(connection, exchange_id), exchange_id)]
    newest = [members[0].id]
    while newest:
        rows = connection.execute(sa.select(exchange).where(exchange.c.origin_id.in_(newest), exchange.c.direction == "in")).all()
        members += rows
        newest = [row.id for row in rows]
    return Lineage(sorted(members, key=lambda row: row.id))


def take_lineage(uow: UnitOfWork, exchange_id: int) -> Lineage:
    """The lineage, to be changed: nobody else changes it until the transaction ends. SQLite has one writer anyway."""
    if uow.is_postgresql:
        root = root_of(uow.connection, exchange_id)
        uow.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK}, {root & 0x7FFF_FFFF})")
    return lineage(uow.connection, exchange_id)


def root_of(connection: sa.Connection, exchange_id: int) -> int:
    """The exchange that a replay or correction goes back to; a first one is its own."""
    number = exchange_id
    while True:
        row = connection.execute(sa.select(exchange.c.origin_id, exchange.c.direction).where(exchange.c.id == number)).one_or_none()
        if row is None or row.direction != "in":
            raise NotFoundError(f"there is no inbound exchange {exchange_id}")
        if row.origin_id is None:
            return number
        number = row.origin_id


def corrections_of(row: Any) -> list[int]:
    """Documents of the corrections that an exchange lays over its bytes, the first one first."""
    return list((row.keys or {}).get("corrections", ()))


def applications(connection: sa.Connection, exchange_ids: list[int]) -> list[int]:
    """Applications of these exchanges that may still stand."""
    query = sa.select(application.c.id).where(application.c.exchange_id.in_(exchange_ids), sa.not_(application.c.retracted))
    return list(connection.execute(query.order_by(application.c.id)).scalars())


def open_findings(connection: sa.Connection, exchange_ids: list[int]) -> list[int]:
    """Findings of these exchanges that nobody has dealt with."""
    query = sa.select(finding.c.id).where(finding.c.exchange_id.in_(exchange_ids), finding.c.closed_at.is_(None))
    return list(connection.execute(query).scalars())


def envelope_outcome(connection: sa.Connection, row: Any) -> str:
    """`accepted`, `rejected`, `conflict` or `test`: what became of the interchange that an exchange came in."""
    query = sa.select(interchange.c.outcome).where(interchange.c.id == row.interchange_id)
    return connection.execute(query).scalar_one_or_none() or "accepted"


def refused_from_outside(connection: sa.Connection, row: Any) -> bool:
    """Whether a message was refused at first for what is wrong around it (its group), not in it."""
    first = connection.execute(
        sa.select(exchange_history.c.state).where(exchange_history.c.exchange_id == row.id).order_by(exchange_history.c.id)
    ).first()
    if first is None or first.state != "rejected":
        return False
    errors = connection.execute(
        sa.select(finding.c.exchange_id).where(
            finding.c.interchange_id == row.interchange_id,
            finding.c.severity == "error",
            sa.or_(finding.c.exchange_id.is_(None), finding.c.exchange_id == row.id),
        )
    ).scalars()
    about = set(errors)
    return None in about and row.id not in about


def _inbound(connection: sa.Connection, root: int, asked: int) -> sa.Row[Any]:
    row = connection.execute(sa.select(exchange).where(exchange.c.id == root)).one_or_none()
    if row is None or row.document_id is None:
        raise NotFoundError(f"there is no inbound exchange {asked}")
    return row

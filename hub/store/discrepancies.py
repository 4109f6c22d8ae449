"""Statements of reconcile: what is stale, and the discrepancies of a scope, renewed by their stable keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from hub.store import bulk
from hub.store.lists import among
from hub.store.tables import discrepancy, stale
from hub.store.unit_of_work import UnitOfWork

_LOCK = 0x7564_6968_7265
"""PostgreSQL's advisory lock of reconcile ("udihre"): one at a time, so that no two renew the same scope."""
_COLUMNS = (
    "key", "rule", "severity", "organisation_id", "partner_id", "scope_kind", "scope_key", "order_number", "order_line", "item", "lot",
    "location", "left_source", "left_value", "right_source", "right_value", "evidence", "params",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Two sources disagree. `detail` tells apart those of one rule and scope; it must not depend on ids or arrival."""

    rule: str
    severity: str
    organisation_id: int
    scope_kind: str
    scope_key: str
    detail: str
    left_source: str | None = None
    left_value: str | None = None
    right_source: str | None = None
    right_value: str | None = None
    partner_id: int | None = None
    order_number: str | None = None
    order_line: str | None = None
    item: str | None = None
    lot: str | None = None
    location: str | None = None
    evidence: tuple[int, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Stable over re-computation."""
        return "|".join((self.rule, str(self.organisation_id), self.scope_kind, self.scope_key, self.detail))


Scope = tuple[str, str, int]
"""kind, key, organisation_id, as in `stale`."""


def take_turn(uow: UnitOfWork) -> None:
    """Wait until no other reconcile is at work; SQLite has one writer anyway."""
    if uow.is_postgresql:
        uow.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def stale_scopes(connection: sa.Connection, kind: str, limit: int) -> dict[Scope, int]:
    """Up to `limit` stale keys of a kind and their marks."""
    rows = connection.execute(sa.select(stale).where(stale.c.kind == kind).order_by(stale.c.key, stale.c.organisation_id).limit(limit))
    return {(row.kind, row.key, row.organisation_id): row.marked for row in rows}


def settled(connection: sa.Connection, scopes: Mapping[Scope, int]) -> None:
    """Forget what was looked at, unless it was marked again meanwhile."""
    if scopes:
        connection.execute(
            stale.delete().where(
                stale.c.kind == sa.bindparam("a_kind"),
                stale.c.key == sa.bindparam("a_key"),
                stale.c.organisation_id == sa.bindparam("an_owner"),
                stale.c.marked == sa.bindparam("a_mark"),
            ),
            [{"a_kind": kind, "a_key": key, "an_owner": owner, "a_mark": mark} for (kind, key, owner), mark in sorted(scopes.items())],
        )


def forget(connection: sa.Connection, kind: str) -> None:
    """Nobody looks at what is stale of this kind."""
    connection.execute(stale.delete().where(stale.c.kind == kind))


def renew(uow: UnitOfWork, scope_kind: str, scopes: Collection[tuple[str, int]], found: Sequence[Discrepancy]) -> None:
    """Make the open discrepancies of these (key, organisation) scopes exactly `found`: new ones open, others close."""
    connection = uow.connection
    wanted = {one.key: one for one in found}
    owned = set(scopes)
    rows = connection.execute(
        sa.select(discrepancy).where(
            discrepancy.c.scope_kind == scope_kind, among(connection, discrepancy.c.scope_key, sorted({key for key, _ in owned}))
        )
    )
    known = {row.key: row for row in rows if (row.scope_key, row.organisation_id) in owned}
    gone = sorted(key for key, row in known.items() if key not in wanted and row.closed_at is None)
    if gone:
        connection.execute(discrepancy.update().where(among(connection, discrepancy.c.key, gone)).values(closed_at=uow.now))
    new = [key for key in sorted(wanted) if key not in known]
    bulk.insert(connection, discrepancy, (*_COLUMNS, "opened_at", "closed_at"), [(*_row(wanted[key]), uow.now, None) for key in new])
    for key in sorted(wanted):
        row = known.get(key)
        if row is None:
            continue
        values = dict(zip(_COLUMNS, _row(wanted[key]), strict=True))
        if row.closed_at is not None:
            values |= {"opened_at": uow.now, "closed_at": None}
        if any(getattr(row, name) != value for name, value in values.items()):
            connection.execute(discrepancy.update().where(discrepancy.c.key == key).values(**values))


def _row(one: Discrepancy) -> tuple[Any, ...]:
    return (
        one.key, one.rule, one.severity, one.organisation_id, one.partner_id, one.scope_kind, one.scope_key, one.order_number,
        one.order_line, one.item, one.lot, one.location, one.left_source, one.left_value, one.right_source, one.right_value,
        sorted(set(one.evidence)), dict(one.params),
    )  # fmt: skip

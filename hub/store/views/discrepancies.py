"""Open discrepancies, for people and scripts. Texts are rendered by the reader: `rule` and `params` say all."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from hub.store.lists import among
from hub.store.tables import discrepancy
from hub.store.types import moment


def plain(row: Any) -> dict[str, Any]:
    """A row as a plain value."""
    return {
        "key": row.key,
        "rule": row.rule,
        "severity": row.severity,
        "organisation_id": row.organisation_id,
        "partner_id": row.partner_id,
        "scope": {"kind": row.scope_kind, "key": row.scope_key},
        "order_number": row.order_number,
        "order_line": row.order_line,
        "item": row.item,
        "lot": row.lot,
        "location": row.location,
        "left": {"source": row.left_source, "value": row.left_value},
        "right": {"source": row.right_source, "value": row.right_value},
        "evidence": list(row.evidence),
        "params": dict(row.params),
        "opened_at": moment(row.opened_at),
    }


def of_scopes(
    connection: sa.Connection, kind: str, keys: Collection[tuple[str, int]], partner_id: int | None = None
) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """Open discrepancies of scopes by (key, organisation)."""
    wanted = set(keys)
    found: dict[tuple[str, int], list[dict[str, Any]]] = {key: [] for key in wanted}
    if wanted:
        query = sa.select(discrepancy).where(
            discrepancy.c.scope_kind == kind,
            among(connection, discrepancy.c.scope_key, sorted({key for key, _ in wanted})),
            discrepancy.c.closed_at.is_(None),
        )
        if partner_id is not None:
            query = query.where(discrepancy.c.partner_id == partner_id)
        for row in connection.execute(query.order_by(discrepancy.c.key)):
            if (row.scope_key, row.organisation_id) in wanted:
                found[row.scope_key, row.organisation_id].append(plain(row))
    return found


def discrepancies(
    connection: sa.Connection,
    organisations: Collection[int] | None = None,
    partner_id: int | None = None,
    *,
    unowned: bool = False,
    rule: str | None = None,
    scope_kind: str | None = None,
    order_number: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of open discrepancies by key, and the cursor of the next page. Of several organisations' own ones, those of master data,
    which belong to none (organisation 0), come only with `unowned`, as cases about them do."""
    query = sa.select(discrepancy).where(discrepancy.c.closed_at.is_(None))
    if organisations is not None:
        query = query.where(among(connection, discrepancy.c.organisation_id, _seen(organisations, unowned)))
    if partner_id is not None:
        query = query.where(discrepancy.c.partner_id == partner_id)
    if rule is not None:
        query = query.where(discrepancy.c.rule == rule)
    if scope_kind is not None:
        query = query.where(discrepancy.c.scope_kind == scope_kind)
    if order_number is not None:
        query = query.where(discrepancy.c.order_number == order_number)
    if cursor is not None:
        query = query.where(discrepancy.c.key > cursor)
    rows = connection.execute(query.order_by(discrepancy.c.key).limit(limit + 1)).all()
    return [plain(row) for row in rows[:limit]], rows[limit - 1].key if len(rows) > limit else None


def _seen(organisations: Collection[int], unowned: bool) -> list[int]:
    return sorted({*organisations, 0} if unowned else set(organisations) - {0})


def tally(
    connection: sa.Connection, organisations: Collection[int] | None = None, partner_id: int | None = None, *, unowned: bool = False
) -> dict[str, int]:
    """Open discrepancies by rule; those of master data as `discrepancies` lists them."""
    query = sa.select(discrepancy.c.rule, sa.func.count()).where(discrepancy.c.closed_at.is_(None)).group_by(discrepancy.c.rule)
    if organisations is not None:
        query = query.where(among(connection, discrepancy.c.organisation_id, _seen(organisations, unowned)))
    if partner_id is not None:
        query = query.where(discrepancy.c.partner_id == partner_id)
    return dict(connection.execute(query.order_by(discrepancy.c.rule)).all())

"""What must be signed before it is done: by the rules of all that is open, not by the first one that a case names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError
from hub.cases.settings import CaseSettings
from hub.store.causes import findings_of
from hub.store.lists import among
from hub.store.tables import exchange, finding


def of_case(connection: sa.Connection, settings: CaseSettings, row: Any, action: str) -> bool:
    """Whether an act on a case (a row of `steward_case`) needs a signature; correcting touches the whole message."""
    if not settings.sign:
        return False
    numbers = findings_of(connection, row)
    query = sa.select(finding.c.rule).where(among(connection, finding.c.id, numbers)).distinct()
    rules = {row.rule, *connection.execute(query).scalars()} if numbers else {row.rule}
    if settings.must_sign(action, row.kind, rules):
        return True
    return action == "correct" and row.exchange_id is not None and of_message(connection, settings, row.exchange_id)


def of_message(connection: sa.Connection, settings: CaseSettings, exchange_id: int) -> bool:
    """Whether correcting a message needs a signature: as cases of what is open of it would, whether they are opened yet or not."""
    if not settings.sign:
        return False
    return any(settings.must_sign("correct", kind, rules) for kind, rules in _open(connection, exchange_id).items())


def need_none(connection: sa.Connection, settings: CaseSettings, exchange_id: int) -> None:
    """Raises ConflictError for a message that is corrected with a signature only, and so at its case."""
    if of_message(connection, settings, exchange_id):
        raise ConflictError(f"exchange {exchange_id}: correcting this needs your electronic signature; do it at its case")


def _open(connection: sa.Connection, exchange_id: int) -> Mapping[str, Collection[str]]:
    """Rules of what is open of a message, by the kind of case that it makes."""
    state = connection.execute(sa.select(exchange.c.state).where(exchange.c.id == exchange_id)).scalar_one()
    query = sa.select(finding.c.action, finding.c.rule).where(finding.c.exchange_id == exchange_id, finding.c.severity == "error")
    found = connection.execute(query.where(finding.c.closed_at.is_(None)).distinct()).all()
    if state == "quarantined":
        return {"held": {row.rule for row in found}}
    kinds: dict[str, set[str]] = {}
    for row in found:
        kinds.setdefault("rows" if row.action == "row" else "finding", set()).add(row.rule)
    return kinds

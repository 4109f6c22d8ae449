"""Master data as a system says it, without the document that it came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub import pipeline
from hub.apply import Applicable, apply
from hub.runtime import Hub
from hub.store import bulk, tables
from hub.store.identity import allocate


def say(hub: Hub, system: str, entity: Mapping[str, Any]) -> None:
    """A system says something of its master data."""
    with hub.database.begin("test") as uow:
        (number,) = allocate(uow.connection, "exchange", 1)
        columns = ("id", "ordinal", "direction", "organisation_id", "partner_id", "state", "recorded_at", "changed_at")
        row = (number, 1, "in", hub.organisation_id("north"), hub.partner_id(system), "applied", uow.now, uow.now)
        bulk.insert(uow.connection, tables.exchange, columns, [row])
        apply(uow, [Applicable(number, row[3], row[4], system, entity)])
    pipeline.reconcile(hub)

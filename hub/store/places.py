"""Statements of places: where each belongs, as people said, and what stock speaks of beside them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from hub.store import bulk
from hub.store.golden_tables import master_place
from hub.store.identity import allocate
from hub.store.tables import organisation, subject
from hub.store.unit_of_work import UnitOfWork

_COLUMNS = ("id", "request_id", "key", "level", "name", "name_zh", "parent", "from_on", "gone")


def add(uow: UnitOfWork, request_id: int, key: str, said: dict[str, Any], from_on: str | None) -> None:
    """Note where a place belongs from a day on."""
    (number,) = allocate(uow.connection, "master_place", 1)
    row = (
        number, request_id, key, said["level"], said["name"], said.get("name_zh"), said.get("parent"), from_on, bool(said.get("gone")),
    )  # fmt: skip
    bulk.insert(uow.connection, master_place, _COLUMNS, [row])


def said(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Everything that was said of places, in the order in which it takes effect."""
    return list(connection.execute(sa.select(master_place).order_by(sa.func.coalesce(master_place.c.from_on, ""), master_place.c.id)))


def organisations(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Our own organisations: the roots."""
    return list(connection.execute(sa.select(organisation).order_by(organisation.c.key)))


def counted(connection: sa.Connection) -> set[tuple[str, int]]:
    """(place, organisation) of which anybody ever reported stock."""
    rows = connection.execute(sa.select(subject.c.key, subject.c.organisation_id).where(subject.c.kind == "inventory_report").distinct())
    return {(key, owner) for key, owner in rows}

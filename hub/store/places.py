"""Statements of places: where each belongs, as people said, and what stock speaks of beside them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from hub.store import bulk
from hub.store.golden_tables import golden_record, master_place, master_request
from hub.store.identity import allocate
from hub.store.tables import crosswalk, organisation, partner, subject
from hub.store.types import moment
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
    """Everything that was said of places, in the order in which it takes effect: by the day from which it holds, where none was named by
    that on which it was carried out."""
    done = sa.func.coalesce(master_request.c.decided_at, master_request.c.asked_at).label("done")
    rows = connection.execute(sa.select(master_place, done).join(master_request, master_request.c.id == master_place.c.request_id))
    return sorted(rows, key=lambda row: (row.from_on or moment(row.done).date().isoformat(), row.id))


def organisations(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Our own organisations: the roots."""
    return list(connection.execute(sa.select(organisation).order_by(organisation.c.key)))


def located(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Golden locations, each once: golden_id, body, won, and system, code and organisation_id of its first source record."""
    statement: sa.Select[Any] = (
        sa.select(golden_record.c.golden_id, golden_record.c.body, golden_record.c.won, partner.c.key.label("system"),
                  subject.c.key.label("code"), subject.c.organisation_id)
        .select_from(golden_record)
        .join(subject, subject.c.id == golden_record.c.golden_id)
        .join(partner, partner.c.id == subject.c.issuer_id)
        .where(golden_record.c.kind == "location")
        .order_by(golden_record.c.golden_id)
    )  # fmt: skip
    return list(connection.execute(statement))


def location_codes(connection: sa.Connection) -> list[tuple[int, str, str]]:
    """(golden id, system, code) of every code that a location is known by, and its GLN with an empty system."""
    rows = connection.execute(sa.select(crosswalk.c.golden_id, crosswalk.c.scheme, crosswalk.c.value).where(crosswalk.c.kind == "location"))
    return [(golden, scheme.removeprefix("code:") if scheme != "gln" else "", value) for golden, scheme, value in rows]


def counted(connection: sa.Connection) -> set[tuple[str, int]]:
    """(place, organisation) of which anybody ever reported stock."""
    rows = connection.execute(sa.select(subject.c.key, subject.c.organisation_id).where(subject.c.kind == "inventory_report").distinct())
    return {(key, owner) for key, owner in rows}

"""What people call a place or an item of which documents say a number: names of our master data, by GLN, GTIN or code."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from hub.store.lists import among
from hub.store.tables import application, crosswalk, master_record


@dataclass(frozen=True, slots=True)
class Called:
    """A name, as far as it is known."""

    name: str | None = None
    name_zh: str | None = None

    def in_language(self, language: str) -> str | None:
        """The name in a language, else in the other."""
        return (self.name_zh or self.name) if language == "zh-CN" else (self.name or self.name_zh)


def place_names(connection: sa.Connection, places: Collection[str]) -> dict[str, Called]:
    """Names of parties by GLN or code; a code that two parties have names neither."""
    return _named(connection, ("party",), places)


def item_names(connection: sa.Connection, items: Collection[str]) -> dict[str, Called]:
    """Names of items by GTIN or code."""
    return _named(connection, ("item", "device"), items)


def _named(connection: sa.Connection, kinds: Collection[str], values: Collection[str]) -> dict[str, Called]:
    if not values:
        return {}
    rows = connection.execute(
        sa.select(crosswalk.c.value, crosswalk.c.golden_id, crosswalk.c.kind, master_record.c.name, master_record.c.name_zh)
        .join(master_record, master_record.c.application_id == crosswalk.c.application_id)
        .join(application, application.c.id == master_record.c.application_id)
        .where(crosswalk.c.kind.in_(sorted(kinds)), among(connection, crosswalk.c.value, sorted(values)), application.c.standing)
        .order_by(crosswalk.c.value, crosswalk.c.kind.desc(), master_record.c.name_zh.is_(None), master_record.c.application_id)
    ).all()
    meant: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        meant.setdefault((row.value, row.kind), set()).add(row.golden_id)
    found: dict[str, Called] = {}
    for row in rows:
        if len(meant[row.value, row.kind]) == 1:
            found.setdefault(row.value, Called(row.name, row.name_zh))
    return found


__all__ = ["Called", "item_names", "place_names"]

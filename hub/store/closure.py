"""Statements of the lot closure: which lots are in which. What shipments carried of them: `hub.store.lot_pages`."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from hub.store import bulk, walk
from hub.store.lists import among
from hub.store.tables import lot_closure, lot_page, node

_LOCK = 0x7564_6968_7472
"""PostgreSQL's advisory lock of the closure ("udihtr")."""


def take_turn(connection: sa.Connection) -> None:
    """Wait until no other transaction that changes the closure is open; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def descendants(connection: sa.Connection, lots: Collection[int]) -> set[int]:
    """Lots that have one of these in them, by look-up; the lots themselves only where they are in each other."""
    if not lots:
        return set()
    return set(connection.execute(sa.select(lot_closure.c.des).where(among(connection, lot_closure.c.anc, sorted(lots)))).scalars())


def ancestors(connection: sa.Connection, lots: Collection[int]) -> dict[int, set[int]]:
    """Lots that are in each of these, by look-up."""
    found: dict[int, set[int]] = {lot: set() for lot in lots}
    if lots:
        chosen = sa.select(lot_closure.c.des, lot_closure.c.anc).where(among(connection, lot_closure.c.des, sorted(lots)))
        for des, anc in connection.execute(chosen):
            found[des].add(anc)
    return found


def replace_ancestors(connection: sa.Connection, gone: Collection[tuple[int, int]], new: Collection[tuple[int, int]]) -> None:
    """Take pairs (ancestor, descendant) out of the closure, and put others in."""
    if gone:
        connection.execute(
            lot_closure.delete().where(lot_closure.c.anc == sa.bindparam("a"), lot_closure.c.des == sa.bindparam("d")),
            [{"a": anc, "d": des} for anc, des in sorted(gone)],
        )
    bulk.insert(connection, lot_closure, ("anc", "des"), sorted(new))


_WAITING = "SELECT 1 FROM stale WHERE kind = 'closure' LIMIT 1"


def is_waiting(connection: sa.Connection) -> bool:
    """Whether the closure is still to be made anew, e.g. after an upgrade: until then only the walk tells the truth."""
    return bool(walk._fetch(connection, _WAITING, {}))


def clear(connection: sa.Connection) -> None:
    """Empty the closure."""
    connection.execute(lot_closure.delete())
    connection.execute(lot_page.delete())


def nodes_of_kind(connection: sa.Connection, kind: str, after: int, limit: int) -> list[int]:
    """Ids of nodes of a kind, a page of them, ascending."""
    chosen = sa.select(node.c.id).where(node.c.kind == kind, node.c.id > after).order_by(node.c.id).limit(limit)
    return list(connection.execute(chosen).scalars())

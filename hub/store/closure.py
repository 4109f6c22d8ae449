"""Statements of the lot closure: which lots are in which, and which shipments carried them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from itertools import repeat

import msgspec
import sqlalchemy as sa

from hub.store import bulk, walk
from hub.store.lists import among
from hub.store.region import EACH
from hub.store.tables import lot_closure, lot_ship, node

_LOCK = 0x7564_6968_7472
"""PostgreSQL's advisory lock of the closure ("udihtr")."""
ShipmentKey = tuple[int, int, str]
"""Lot, shipment, unit (empty: none stated)."""
ShippedRow = tuple[int, int, str, Decimal | None]
"""The same with its quantity, null where none is stated."""


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


def shipped_of(connection: sa.Connection, lots: Collection[int], shipments: Collection[int]) -> dict[ShipmentKey, Decimal | None]:
    """What is kept of these lots in these shipments."""
    if not lots or not shipments:
        return {}
    rows = connection.execute(
        sa.select(lot_ship).where(
            among(connection, lot_ship.c.lot, sorted(lots)), among(connection, lot_ship.c.shipment, sorted(shipments))
        )
    )
    return {(row.lot, row.shipment, row.unit): row.quantity for row in rows}


def replace_shipped(connection: sa.Connection, gone: Iterable[ShipmentKey], new: Iterable[ShippedRow]) -> None:
    """Take rows out by their keys, and add others."""
    keys = [{"l": lot, "s": shipment, "u": unit} for lot, shipment, unit in sorted(gone)]
    if keys:
        connection.execute(
            lot_ship.delete().where(
                lot_ship.c.lot == sa.bindparam("l"), lot_ship.c.shipment == sa.bindparam("s"), lot_ship.c.unit == sa.bindparam("u")
            ),
            keys,
        )
    rows: list[ShippedRow] = sorted(new, key=_by_key)
    bulk.insert(connection, lot_ship, ("lot", "shipment", "unit", "quantity"), rows)


def _by_key(row: ShippedRow) -> ShipmentKey:
    return row[:3]


_WAITING = "SELECT 1 FROM stale WHERE kind = 'closure' LIMIT 1"


def is_waiting(connection: sa.Connection) -> bool:
    """Whether the closure is still to be made anew, e.g. after an upgrade: until then only the walk tells the truth."""
    return bool(walk._fetch(connection, _WAITING, {}))


def clear(connection: sa.Connection) -> None:
    """Empty the closure."""
    connection.execute(lot_closure.delete())
    connection.execute(lot_ship.delete())


def nodes_of_kind(connection: sa.Connection, kind: str, after: int, limit: int) -> list[int]:
    """Ids of nodes of a kind, a page of them, ascending."""
    chosen = sa.select(node.c.id).where(node.c.kind == kind, node.c.id > after).order_by(node.c.id).limit(limit)
    return list(connection.execute(chosen).scalars())


_LISTS = {
    "postgresql": """
        WITH lots(id) AS (
            SELECT id FROM ({each}) AS roots
            UNION SELECT c.des FROM ({each}) AS roots
            CROSS JOIN LATERAL (SELECT des FROM lot_closure WHERE anc = roots.id OFFSET 0) AS c)
        SELECT l.key, s.unit, ARRAY(SELECT node.key FROM node WHERE node.id = ANY(s.shipments) ORDER BY node.id), s.quantities
        FROM lots
        CROSS JOIN LATERAL (
            SELECT unit, array_agg(shipment ORDER BY shipment) AS shipments,
                string_agg(coalesce(quantity::text, ''), ',' ORDER BY shipment) AS quantities
            FROM lot_ship WHERE lot = lots.id GROUP BY unit OFFSET 0) AS s
        CROSS JOIN LATERAL (SELECT key FROM node WHERE id = lots.id OFFSET 0) AS l""",
    "sqlite": """
        WITH lots(id) AS (
            SELECT id FROM ({each})
            UNION SELECT c.des FROM ({each}) AS roots CROSS JOIN lot_closure AS c ON c.anc = roots.id)
        SELECT l.key, (
            SELECT json_group_array(json_array(p.key, l.key, s.unit, s.quantity))
            FROM lot_ship AS s CROSS JOIN node AS p ON p.id = s.shipment WHERE s.lot = lots.id)
        FROM lots CROSS JOIN node AS l ON l.id = lots.id""",
}
"""One row a lot, and unit: what a driver does for a row costs more than all that the store does for a line of the list. PostgreSQL reads
the keys of a lot's shipments, whose ids mostly follow each other, in one sweep of the index; SQLite looks them up one by one, which
costs it nothing."""
LISTS = {
    dialect: text.format(each=EACH[dialect]).replace(":roots", "%(roots)s" if dialect == "postgresql" else ":roots")
    for dialect, text in _LISTS.items()
}
Line = tuple[str, str, str, str | int | None]
"""Shipment key, lot key, unit (empty: none stated), quantity: as text, as a scaled integer, or null."""
_lines = msgspec.json.Decoder(list[Line]).decode


def shipped(connection: sa.Connection, lots: Collection[int]) -> list[Line]:
    """Shipments that carried these lots or lots made of them, in no order. A look-up."""
    found: list[Line] = []
    if not lots:
        return found
    rows = walk._fetch(connection, LISTS[connection.dialect.name], {"roots": ",".join(map(str, sorted(lots)))})
    if connection.dialect.name != "postgresql":
        for _, lines in rows:
            found += _lines(lines)
        return found
    for lot, unit, shipments, quantities in rows:
        count = len(shipments)
        found += zip(shipments, repeat(lot, count), repeat(unit, count), quantities.split(","), strict=True)
    return found

"""Statements of the lot closure: which lots are in which, and which shipments carried them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from itertools import chain

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


_CARRIED = """
        WITH lots(id) AS MATERIALIZED (
            SELECT id FROM ({each}) AS roots
            UNION SELECT c.des FROM ({each}) AS roots
            CROSS JOIN LATERAL (SELECT des FROM lot_closure WHERE anc = roots.id OFFSET 0) AS c),
        carried AS MATERIALIZED (SELECT lot, shipment, unit, quantity FROM lot_ship WHERE lot = ANY(ARRAY(SELECT id FROM lots)))"""
_LISTS = {
    "postgresql": """{carried}
        SELECT string_agg(lot::text, ','), string_agg(shipment::text, ','), string_agg(unit, E'\\x1f'),
            string_agg(coalesce(quantity::text, ''), ','),
            (SELECT string_agg(key, E'\\x1f' ORDER BY id) FROM node WHERE id = ANY(ARRAY(SELECT shipment FROM carried))),
            (SELECT string_agg(id::text, ',' ORDER BY id) FROM lots),
            (SELECT string_agg(key, E'\\x1f' ORDER BY id) FROM node WHERE id = ANY(ARRAY(SELECT id FROM lots)))
        FROM carried""",
    "in rows": """{carried}
        SELECT l.key, p.key, s.quantity::text, s.unit FROM carried AS s
        CROSS JOIN LATERAL (SELECT key FROM node WHERE id = s.shipment OFFSET 0) AS p
        CROSS JOIN LATERAL (SELECT key FROM node WHERE id = s.lot OFFSET 0) AS l""",
    "sqlite": """
        WITH lots(id) AS (
            SELECT id FROM ({each})
            UNION SELECT c.des FROM ({each}) AS roots CROSS JOIN lot_closure AS c ON c.anc = roots.id)
        SELECT l.key, (
            SELECT json_group_array(json_array(l.key, p.key, s.quantity, s.unit))
            FROM lot_ship AS s CROSS JOIN node AS p ON p.id = s.shipment WHERE s.lot = lots.id)
        FROM lots CROSS JOIN node AS l ON l.id = lots.id""",
}
"""What a driver does for a row costs more than all that the store does for a line of the list. PostgreSQL reads the lines and the keys in
one sweep of an index each, and tells them as texts, with each key once; SQLite looks keys up one by one, which costs it nothing, and tells
one text a lot."""
LISTS = {
    name: text.format(each=EACH["sqlite"])
    if name == "sqlite"
    else text.format(carried=_CARRIED.format(each=EACH["postgresql"])).replace(":roots", "%(roots)s")
    for name, text in _LISTS.items()
}
Line = tuple[str, str, str | int | None, str]
"""Lot key, shipment key, quantity (as text, as a scaled integer, or null; an empty text: none stated), unit (empty: none stated)."""
Columns = tuple[Sequence[str], Sequence[str], Sequence[str | int | None], Sequence[str]]
"""Lines, member by member."""
_lines = msgspec.json.Decoder(list[Line]).decode
_ids = msgspec.json.Decoder(list[int]).decode


def shipped(connection: sa.Connection, lots: Collection[int]) -> Columns:
    """Shipments that carried these lots or lots made of them, in no order. A look-up."""
    if not lots:
        return _columns(())
    roots = {"roots": ",".join(map(str, sorted(lots)))}
    rows = walk._fetch(connection, LISTS[connection.dialect.name], roots)
    if connection.dialect.name != "postgresql":
        return _columns(chain.from_iterable(_lines(lines) for _, lines in rows))
    if rows[0][0] is None:
        return _columns(())
    carried, to, of = (_ids(f"[{numbers}]") for numbers in (rows[0][0], rows[0][1], rows[0][5]))
    units, keys, names = (texts.split(walk.END) for texts in (rows[0][2], rows[0][4], rows[0][6]))
    ids = sorted(to) if len(to) == len(keys) else sorted(set(to))
    if len(ids) != len(keys) or len(of) != len(names) or len(units) != len(carried):  # one of them holds the sign that is between them
        return _columns(walk._fetch(connection, LISTS["in rows"], roots))
    lot, shipment = dict(zip(of, names, strict=True)).__getitem__, dict(zip(ids, keys, strict=True)).__getitem__
    return list(map(lot, carried)), list(map(shipment, to)), rows[0][3].split(","), units


def _columns(lines: Iterable[Line]) -> Columns:
    columns = tuple(zip(*lines, strict=True))
    return columns if columns else ((), (), (), ())  # type: ignore[return-value]  # as many as a Line has

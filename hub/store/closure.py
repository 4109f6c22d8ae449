"""Statements of the lot closure: which lots are in which, and which shipments carried them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

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


_LOTS = """
        lots(id) AS (
            SELECT id FROM ({each}) AS roots
            UNION SELECT c.des FROM ({each}) AS roots
            {made_of})"""
_LISTS = {
    "postgresql": """
        WITH {lots}, every AS MATERIALIZED (SELECT array_agg(id) AS ids FROM lots),
        carried AS MATERIALIZED (
            SELECT string_agg(lot::text, ',') AS lots, array_agg(shipment) AS shipments,
                string_agg(coalesce(quantity::text, ''), ',') AS quantities, string_agg(unit, E'\\x1f') AS units
            FROM lot_ship WHERE lot = ANY((SELECT ids FROM every)::bigint[]))
        SELECT carried.lots, array_to_string(carried.shipments, ','), quantities, units,
            (SELECT string_agg(key, E'\\x1f') FROM (SELECT key FROM node WHERE id = ANY(carried.shipments) ORDER BY id) AS named),
            (SELECT string_agg(id::text, ',' ORDER BY id) FROM lots),
            (SELECT string_agg(key, E'\\x1f') FROM (SELECT key FROM node WHERE id = ANY(every.ids) ORDER BY id) AS named)
        FROM carried CROSS JOIN every""",
    "in rows": """
        WITH {lots}
        SELECT l.key, p.key, s.quantity::text, s.unit FROM lot_ship AS s
        CROSS JOIN LATERAL (SELECT key FROM node WHERE id = s.shipment OFFSET 0) AS p
        CROSS JOIN LATERAL (SELECT key FROM node WHERE id = s.lot OFFSET 0) AS l WHERE s.lot = ANY(ARRAY(SELECT id FROM lots))""",
    "sqlite": """
        WITH {lots}
        SELECT json_group_array(s.lot), json_group_array(s.quantity), json_group_array(s.unit), json_group_array(p.key),
            (SELECT json_group_array(json_array(lots.id, l.key)) FROM lots CROSS JOIN node AS l ON l.id = lots.id)
        FROM lots CROSS JOIN lot_ship AS s ON s.lot = lots.id CROSS JOIN node AS p ON p.id = s.shipment""",
}
"""What a driver does for a row costs more than all that the store does for a line of the list. Both tell the members of all lines as texts,
and each lot's key once. PostgreSQL reads the keys in one sweep of an index; SQLite looks them up one by one, which costs it nothing."""
_MADE_OF = {
    "postgresql": "CROSS JOIN LATERAL (SELECT des FROM lot_closure WHERE anc = roots.id OFFSET 0) AS c",
    "sqlite": "CROSS JOIN lot_closure AS c ON c.anc = roots.id",
}


def _list(name: str, text: str) -> str:
    dialect = "sqlite" if name == "sqlite" else "postgresql"
    whole = text.format(lots=_LOTS.format(each=EACH[dialect], made_of=_MADE_OF[dialect]))
    return whole if name == "sqlite" else whole.replace(":roots", "%(roots)s")


LISTS = {name: _list(name, text) for name, text in _LISTS.items()}
Line = tuple[str, str, str | int | None, str]
"""Lot key, shipment key, quantity (as text, as a scaled integer, or null; an empty text: none stated), unit (empty: none stated)."""
Columns = tuple[Sequence[str], Sequence[str], Sequence[str | int | None], Sequence[str]]
"""Lines, member by member."""
_ids = msgspec.json.Decoder(list[int]).decode
_quantities = msgspec.json.Decoder(list[int | None]).decode
_texts = msgspec.json.Decoder(list[str]).decode
_named = msgspec.json.Decoder(list[tuple[int, str]]).decode


def shipped(connection: sa.Connection, lots: Collection[int]) -> Columns:
    """Shipments that carried these lots or lots made of them, in no order. A look-up."""
    if not lots:
        return (), (), (), ()
    roots = {"roots": ",".join(map(str, sorted(lots)))}
    (row,) = walk._fetch(connection, LISTS[connection.dialect.name], roots)
    if connection.dialect.name != "postgresql":
        names = dict(_named(row[4]))
        return list(map(names.__getitem__, _ids(row[0]))), _texts(row[3]), _quantities(row[1]), _texts(row[2])
    if row[0] is None:
        return (), (), (), ()
    carried, to, quantities, of = row[0].split(","), _ids(f"[{row[1]}]"), row[2].split(","), row[5].split(",")
    units, keys, lot_keys = (texts.split(walk.END) for texts in (row[3], row[4], row[6]))
    ids = sorted(to) if len(to) == len(keys) else sorted(set(to))
    if len(ids) != len(keys) or len(of) != len(lot_keys) or len(units) != len(to):  # one of them holds the sign that is between them
        lines: list[Line] = walk._fetch(connection, LISTS["in rows"], roots)
        return tuple(zip(*lines, strict=True))  # type: ignore[return-value]  # as many as a Line has
    if ids != to:  # else their keys are told in the order of the lines
        keys = list(map(dict(zip(ids, keys, strict=True)).__getitem__, to))
    return list(map(dict(zip(of, lot_keys, strict=True)).__getitem__, carried)), keys, quantities, units

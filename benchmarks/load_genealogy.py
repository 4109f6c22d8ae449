"""A generated genealogy into a store: the hub's own tables with all their indexes, as they stand after years of service.

Rows are loaded before their indexes are made, which is the only thing here that a running hub does not do. The closure is made by the hub
from the edges (`closure.rebuild`) or, of a genealogy that is too large for that, written as the generator knows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice, repeat
from typing import Any

import numpy as np
import sqlalchemy as sa

from benchmarks.generate_genealogy import KINDS, Genealogy
from benchmarks.recall_truth import Recalls
from hub.store import bulk, lot_pages, tables
from hub.store.database import Database
from hub.store.keys import number_of
from hub.store.types import SCALE
from hub.trace import closure

ROWS = 200_000
"""Rows of a transaction."""
_WHO: tuple[tuple[sa.Table, tuple[str, ...], list[tuple[Any, ...]]], ...] = (
    (tables.organisation, ("id", "key", "name", "time_zone"), [(1, "maker", "Maker", "UTC")]),
    (tables.partner, ("id", "key", "name", "kind"), [(1, "wms", "WMS", "wms"), (2, "mes", "MES", "mes"), (3, "erp", "ERP", "erp")]),
    (tables.exchange, ("id", "ordinal", "direction", "state", "recorded_at", "changed_at"), [(1, 1, "in", "applied", 0, 0)]),
    (tables.subject, ("id", "organisation_id", "kind", "issuer_id", "key", "state"), [(1, 1, "production_event", 2, "all", "standing")]),
)
_APPLICATION = (
    "id", "exchange_id", "subject_id", "organisation_id", "partner_id", "kind", "number", "purpose", "revision", "issued_at",
    "issued_offset", "effective_at", "recorded_at", "standing", "header",
)  # fmt: skip
_NODE = ("id", "kind", "key", "number")
_EDGE = ("src", "dst", "kind", "application_id", "quantity", "unit")
_HEAVY = (tables.node, tables.edge)
"""Tables whose indexes are made after their rows."""


def load(database: Database, genealogy: Genealogy, recalls: Recalls | None = None) -> None:
    """Write nodes, edges and applications, with keys as the hub's counters give them, and the closure: `recalls`, or made by the hub."""
    times = genealogy.applications.tolist()
    with database.begin("bench") as uow:
        for table, columns, rows in _WHO:
            bulk.insert(uow.connection, table, columns, rows)
        _count_on(uow.connection, {"node": len(genealogy.kinds), "application": len(times) + 1, "exchange": 2, "subject": 2})
        again = _without_indexes(uow.connection)
    for page in _pages(len(times)):
        with database.begin("bench") as uow:
            bulk.insert(uow.connection, tables.application, _APPLICATION, [_application(place + 1, times[place]) for place in page])
    keys, kinds = genealogy.keys(), genealogy.kinds.tolist()
    for page in _pages(len(kinds) - 1):
        with database.begin("bench") as uow:
            named = list(islice(keys, len(page)))
            ids = range(page.start + 1, page.stop + 1)
            _append(uow.connection, "node", _NODE, (ids, [KINDS[kinds[one]] for one in ids], named, map(number_of, named)))
    # SQLite keeps edges in the order of their key; PostgreSQL in the order of arrival.
    order = np.arange(len(genealogy.src)) if database.is_postgresql else np.lexsort((genealogy.dst, genealogy.src))
    for page in _pages(len(order)):
        with database.begin("bench") as uow:
            _append(uow.connection, "edge", _EDGE, _edges(genealogy, order[page.start : page.stop], database.is_postgresql))
    for statement in again:
        with database.begin("bench") as uow:
            if database.is_postgresql:
                uow.connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '512MB'")
            uow.connection.exec_driver_sql(statement)
    with database.begin("bench") as uow:
        if recalls is None:
            closure.rebuild(uow.connection)
        else:
            _append(uow.connection, "lot_closure", ("anc", "des"), tuple(zip(*recalls.pairs(), strict=True)))
            lines = [(lot, shipment, unit, Decimal(pieces)) for lot, shipment, unit, pieces in recalls.lines()]
            lot_pages.add(uow.connection, lines, {one: genealogy.key(one) for line in lines for one in line[:2]})
    look_after(database)


def look_after(database: Database) -> None:
    """What autovacuum, or a night's maintenance, does."""
    with database._writer.connect() as connection:
        plain = connection.execution_options(isolation_level="AUTOCOMMIT") if database.is_postgresql else connection
        plain.exec_driver_sql("VACUUM ANALYZE" if database.is_postgresql else "ANALYZE")


def _pages(count: int) -> Iterator[range]:
    return (range(start, min(start + ROWS, count)) for start in range(0, count, ROWS))


def _application(number: int, at: int) -> tuple[Any, ...]:
    return number, 1, 1, 1, 1, "production_event", str(number), "original", 0, at, 0, at, at, True, {}


def _edges(genealogy: Genealogy, chosen: Any, exact: bool) -> tuple[Iterable[Any], ...]:
    plain = [column[chosen].tolist() for column in (genealogy.src, genealogy.dst, genealogy.kind, genealogy.application)]
    amounts = genealogy.quantity[chosen].tolist()
    scale = 1 if exact else SCALE
    return (*plain, [amount * scale or None for amount in amounts], ["EA" if amount else None for amount in amounts])


def _append(connection: sa.Connection, table: str, names: Sequence[str], columns: Sequence[Iterable[Any]]) -> None:
    """Rows, given as columns of integers and of texts that need no escape."""
    driver: Any = connection.connection.driver_connection
    rows = zip(*columns, strict=True)
    if connection.dialect.name == "postgresql":
        texts = map("\t".join, (["\\N" if value is None else str(value) for value in row] for row in rows))
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
            copy.write("\n".join(texts))
        return
    driver.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(repeat('?', len(names)))})", rows)


def _without_indexes(connection: sa.Connection) -> list[str]:
    """Take away the indexes of the heavy tables; returns the statements that make them again."""
    again: list[str] = []
    for table in _HEAVY:
        if connection.dialect.name != "postgresql":  # its primary and unique keys are the table itself
            kept = connection.exec_driver_sql(
                f"SELECT name, sql FROM sqlite_master WHERE tbl_name = '{table.name}' AND type = 'index' AND sql > ''"
            )
            for name, statement in kept.all():
                connection.exec_driver_sql(f"DROP INDEX {name}")
                again.append(statement)
            continue
        rows = connection.exec_driver_sql(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname, pg_get_constraintdef(c.oid) FROM pg_index i "
            f"LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid WHERE i.indrelid = '{table.name}'::regclass"
        ).all()
        for index, definition, constraint, meaning in rows:
            if constraint:
                connection.exec_driver_sql(f"ALTER TABLE {table.name} DROP CONSTRAINT {constraint}")
                again.append(f"ALTER TABLE {table.name} ADD CONSTRAINT {constraint} {meaning}")
            else:
                connection.exec_driver_sql(f"DROP INDEX {index}")
                again.append(definition)
    return again


def _count_on(connection: sa.Connection, following: dict[str, int]) -> None:
    """Let the hub's counters go on from here."""
    for name, number in following.items():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT setval('{name}_key', {number}, false)")
        else:
            connection.exec_driver_sql("INSERT INTO counter (name, next) VALUES (?, ?)", (name, number))

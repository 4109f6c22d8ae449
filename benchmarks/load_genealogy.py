"""A generated genealogy into a store: the hub's own tables with all their indexes, as they stand after years of service.

On PostgreSQL indexes are made after the rows, which is the only thing here that a running hub does not do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa

from benchmarks.generate_genealogy import KINDS, Genealogy
from hub.store import bulk, tables
from hub.store.database import Database
from hub.store.keys import number_of
from hub.trace import closure

ROWS = 100_000
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


def load(database: Database, genealogy: Genealogy) -> None:
    """Write nodes, edges and applications, with keys as the hub's own counters give them, then make the closure from them."""
    with database.begin("bench") as uow:
        connection = uow.connection
        for table, columns, rows in _WHO:
            bulk.insert(connection, table, columns, rows)
        times = genealogy.applications.tolist()
        for page in _pages(len(times)):
            bulk.insert(connection, tables.application, _APPLICATION, [_application(place + 1, times[place]) for place in page])
        without_indexes = _drop(connection) if database.is_postgresql else []
        keys, kinds = genealogy.keys(), genealogy.kinds.tolist()
        for page in _pages(len(kinds) - 1):
            bulk.insert(connection, tables.node, _NODE, [_node(place + 1, KINDS[kinds[place + 1]], next(keys)) for place in page])
        # SQLite keeps edges in the order of their key; PostgreSQL in the order of arrival.
        order = np.arange(len(genealogy.src)) if database.is_postgresql else np.lexsort((genealogy.dst, genealogy.src))
        for page in _pages(len(order)):
            bulk.insert(connection, tables.edge, _EDGE, _edges(genealogy, order[page.start : page.stop]))
        for statement in without_indexes:
            connection.exec_driver_sql(statement)
        _count_on(connection, {"node": len(kinds), "application": len(times) + 1, "exchange": 2, "subject": 2})
    with database.begin("bench") as uow:
        closure.rebuild(uow.connection)
    _look_after(database)


def _pages(count: int) -> Iterator[range]:
    return (range(start, min(start + ROWS, count)) for start in range(0, count, ROWS))


def _node(number: int, kind: str, key: str) -> tuple[Any, ...]:
    return number, kind, key, number_of(key)


def _application(number: int, at: int) -> tuple[Any, ...]:
    return number, 1, 1, 1, 1, "production_event", str(number), "original", 0, at, 0, at, at, True, {}


def _edges(genealogy: Genealogy, chosen: Any) -> list[tuple[Any, ...]]:
    columns = (genealogy.src, genealogy.dst, genealogy.kind, genealogy.application, genealogy.quantity)
    rows = zip(*(column[chosen].tolist() for column in columns), strict=True)
    return [(src, dst, kind, number, amount or None, "EA" if amount else None) for src, dst, kind, number, amount in rows]


def _drop(connection: sa.Connection) -> list[str]:
    """Take away the indexes of node and edge; returns the statements that make them again."""
    again: list[str] = []
    for table in (tables.node, tables.edge):
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


def _look_after(database: Database) -> None:
    """What autovacuum, or a night's maintenance, does."""
    with database._writer.connect() as connection:
        plain = connection.execution_options(isolation_level="AUTOCOMMIT") if database.is_postgresql else connection
        plain.exec_driver_sql("VACUUM ANALYZE" if database.is_postgresql else "ANALYZE")

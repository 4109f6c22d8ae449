"""Statements of the trace: the recursive walk, and the joins between names of one lot."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from hub.store import bulk
from hub.store.lists import among
from hub.store.region import STEP_COLUMNS, Step
from hub.store.tables import edge, node

_WALK = """
    WITH RECURSIVE walk(node, origin, kind, application_id, quantity, unit, since, until) AS (
        SELECT CAST(:start AS bigint), CAST(0 AS bigint), CAST(0 AS smallint), CAST(0 AS bigint), CAST(NULL AS {exact}),
            CAST(NULL AS text), CAST(NULL AS bigint), CAST(NULL AS bigint)
        UNION
        SELECT edge.{far}, edge.{near}, edge.kind, edge.application_id, edge.quantity, edge.unit, edge.since, edge.until
        FROM walk JOIN edge ON edge.{near} = walk.node)
    SELECT node, origin, kind, application_id, quantity, unit, since, until FROM walk LIMIT :limit"""
WALKS = {
    (dialect, direction): sa.text(_WALK.format(exact=exact, near=near, far=far)).columns(*STEP_COLUMNS)
    for dialect, exact in (("postgresql", "numeric"), ("sqlite", "bigint"))
    for direction, near, far in (("down", "src", "dst"), ("up", "dst", "src"))
}
"""The walk carries what the answer needs and is never joined to the edges again: a planner that misjudges the fan-out would scan all."""


def walk(connection: sa.Connection, start: int, direction: str, limit: int) -> list[Step]:
    """Up to `limit` steps downwards or upwards from a node, nearest first."""
    rows = connection.execute(WALKS[connection.dialect.name, direction], {"start": start, "limit": limit + 1})
    return [Step(*row) for row in rows if row[2]]


def node_by_key(connection: sa.Connection, keys: Collection[str]) -> dict[str, tuple[int, str]]:
    """Id and kind of nodes by key."""
    rows = connection.execute(sa.select(node.c.key, node.c.id, node.c.kind).where(among(connection, node.c.key, sorted(keys))))
    return {row.key: (row.id, row.kind) for row in rows}


def nodes_by_id(connection: sa.Connection, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Key and kind of nodes by id."""
    found: dict[int, tuple[str, str]] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), 10_000):
        rows = connection.execute(
            sa.select(node.c.id, node.c.key, node.c.kind).where(among(connection, node.c.id, ordered[start : start + 10_000]))
        )
        found.update({row.id: (row.key, row.kind) for row in rows})
    return found


def nodes_that_end(connection: sa.Connection, kind: str, endings: Collection[str], limit: int) -> list[str]:
    """Keys of a kind that end so: finds a lot or serial by its bare number. Reads all nodes of the kind."""
    ends = sa.or_(*(node.c.key.endswith(ending, autoescape=True) for ending in sorted(endings)))
    return list(connection.execute(sa.select(node.c.key).where(node.c.kind == kind, ends).order_by(node.c.key).limit(limit)).scalars())


def applications_into(connection: sa.Connection, number: int, kind: int) -> set[int]:
    """Applications whose edges of a kind end at a node."""
    return set(connection.execute(sa.select(edge.c.application_id).where(edge.c.dst == number, edge.c.kind == kind)).scalars())


def lots_between(connection: sa.Connection, first: int, last: int) -> list[tuple[int, str]]:
    """Lots among a range of node ids."""
    rows = connection.execute(sa.select(node.c.id, node.c.key).where(node.c.id.between(first, last), node.c.kind == "lot"))
    return [(row.id, row.key) for row in rows]


def lots_of_parts(connection: sa.Connection, parts: Collection[str]) -> list[tuple[int, str]]:
    """Lots whose key names an item by one of these parts."""
    return _lots(connection, [f"lot:{part}|" for part in parts])


def lots_of_givers(connection: sa.Connection, partners: Collection[str]) -> list[tuple[int, str]]:
    """Lots whose item is named by a code of one of these partners."""
    return _lots(connection, [f"lot:{partner}:" for partner in partners])


def _lots(connection: sa.Connection, prefixes: Collection[str]) -> list[tuple[int, str]]:
    """Lots by beginnings of keys: ranges of the index in SQLite, one pass over all lots in PostgreSQL, whose index follows a language."""
    if not prefixes:
        return []
    if connection.dialect.name == "postgresql":
        begins = sa.text("EXISTS (SELECT FROM unnest(CAST(:prefixes AS text[])) AS p WHERE starts_with(node.key, p))").bindparams(
            prefixes=sorted(prefixes)
        )
        rows: Iterable[Any] = connection.execute(sa.select(node.c.id, node.c.key).where(node.c.kind == "lot", begins))
        return [(row.id, row.key) for row in rows]
    found = []
    for prefix in sorted(prefixes):
        after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        rows = connection.execute(sa.select(node.c.id, node.c.key).where(node.c.key >= prefix, node.c.key < after, node.c.kind == "lot"))
        found += [(row.id, row.key) for row in rows]
    return found


def lots_by_key(connection: sa.Connection, keys: Collection[str]) -> dict[str, int]:
    """Ids of nodes by key."""
    return {key: number for key, (number, _) in node_by_key(connection, keys).items()} if keys else {}


def with_other_edges(connection: sa.Connection, ids: Collection[int], kind: int) -> set[int]:
    """Those of the nodes that have an edge of another kind."""
    found: set[int] = set()
    for column in (edge.c.src, edge.c.dst):
        found |= set(
            connection.execute(sa.select(column).distinct().where(among(connection, column, sorted(ids)), edge.c.kind != kind)).scalars()
        )
    return found


def joined(connection: sa.Connection, ids: Collection[int], kind: int) -> dict[int, str]:
    """Lots that are joined to these by edges of a kind, directly or by others."""
    found, newest = set(ids), set(ids)
    while newest:
        rows = connection.execute(sa.select(edge.c.dst).where(among(connection, edge.c.src, sorted(newest)), edge.c.kind == kind))
        newest = set(rows.scalars()) - found
        found |= newest
    return {number: key for number, (key, _) in nodes_by_id(connection, found - set(ids)).items()}


def replace_joins(
    connection: sa.Connection, members: Collection[int], edges: Collection[tuple[int, int]], kind: int
) -> set[tuple[int, int, int]]:
    """Make the joins of these nodes exactly `edges`; returns the edges that came or went."""
    chosen = sorted(members)
    known = {
        (row.src, row.dst)
        for column in (edge.c.src, edge.c.dst)
        for row in connection.execute(
            sa.select(edge.c.src, edge.c.dst).where(among(connection, column, chosen), edge.c.kind == kind, edge.c.application_id == 0)
        )
    }
    gone = sorted(known - set(edges))
    if gone:
        connection.execute(
            edge.delete().where(
                edge.c.src == sa.bindparam("a_src"), edge.c.dst == sa.bindparam("a_dst"), edge.c.kind == kind, edge.c.application_id == 0
            ),
            [{"a_src": src, "a_dst": dst} for src, dst in gone],
        )
    new = sorted(set(edges) - known)
    bulk.insert(connection, edge, ("src", "dst", "kind", "application_id"), [(*pair, kind, 0) for pair in new])
    return {(*pair, kind) for pair in (*gone, *new)}

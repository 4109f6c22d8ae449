"""Statements on nodes of the trace: by key, by number, and the joins between names of one lot."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from hub.store import bulk
from hub.store.lists import among
from hub.store.tables import application, edge, node, partner
from hub.store.walk import Filter, level


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


def numbered(connection: sa.Connection, number: str, limit: int) -> list[tuple[int, str, str]]:
    """Lots and serials with a bare number: id, kind and key."""
    chosen = sa.select(node.c.id, node.c.kind, node.c.key).where(node.c.number == number).order_by(node.c.key).limit(limit)
    return [(row.id, row.kind, row.key) for row in connection.execute(chosen)]


def issuers(connection: sa.Connection, kind: str, number: str) -> list[str]:
    """Keys of partners whose document of a kind has this number."""
    chosen = (
        sa.select(partner.c.key)
        .distinct()
        .select_from(application)
        .join(partner, partner.c.id == application.c.partner_id)
        .where(application.c.kind == kind, application.c.number == number)
        .order_by(partner.c.key)
    )
    return list(connection.execute(chosen).scalars())


def documents_of(connection: sa.Connection, applications: Collection[int]) -> Mapping[int, Any]:
    """What applications are: exchange_id, partner (key), kind, number, effective_at; by application."""
    if not applications:
        return {}
    chosen = (
        sa.select(
            application.c.id, application.c.exchange_id, partner.c.key.label("partner"), application.c.kind, application.c.number,
            application.c.effective_at,
        )
        .join(partner, partner.c.id == application.c.partner_id)
        .where(among(connection, application.c.id, sorted(applications)))
        .order_by(application.c.id)
    )  # fmt: skip
    return {row[0]: row for row in connection.execute(chosen).all()}


def partners_of_kind(connection: sa.Connection, kind: str) -> dict[str, tuple[str, str | None]]:
    """Name and GLN of the partners of a kind, by key."""
    rows = connection.execute(sa.select(partner.c.key, partner.c.name, partner.c.gln).where(partner.c.kind == kind))
    return {row.key: (row.name, row.gln) for row in rows}


def touched(connection: sa.Connection, nodes: Mapping[str, tuple[int, str]], chosen: Filter | None) -> dict[str, tuple[int, str]]:
    """Those of the nodes (key → id, kind) that somebody speaks of whom `chosen` names; all of them where it names nobody. That names are
    joined is said by nobody."""
    if chosen is None or (chosen.partner_id is None and chosen.organisations is None) or not nodes:
        return dict(nodes)
    ids = {number for number, _ in nodes.values()}
    found: set[int] = set()
    for direction in ("down", "up"):
        found.update(row[1] for row in level(connection, ids - found, direction, chosen) if row[3])
    return {key: value for key, value in nodes.items() if value[0] in found}


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
    """Lots by beginnings of keys, which are ranges of their index."""
    found: list[tuple[int, str]] = []
    chosen = sa.select(node.c.id, node.c.key).where(
        node.c.key >= sa.bindparam("low"), node.c.key < sa.bindparam("high"), node.c.kind == "lot"
    )
    for prefix in sorted(prefixes):
        rows = connection.execute(chosen, {"low": prefix, "high": prefix[:-1] + chr(ord(prefix[-1]) + 1)})
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

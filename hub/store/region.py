"""Statements on the part of the trace around some nodes: what the closure is made of, and what was in which logistic unit when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from hub.store.lists import among
from hub.store.tables import application, edge, node
from hub.store.types import Exact

_FLOW = (1, 2, 3, 4, 8, 9, 11, 12)
"""hub.trace.edges.FLOW; a test holds the two equal, and those below."""
_HOLDING = (1, 3, 12)
_UNPACKING = 12


class Step(NamedTuple):
    """One edge of the trace, seen from the node that was reached first: `origin`, from where the walk came, to `node`."""

    node: int
    origin: int
    kind: int
    application_id: int
    quantity: Decimal | None
    unit: str | None
    since: int | None
    until: int | None


STEP_COLUMNS = (
    sa.column("node", sa.BigInteger), sa.column("origin", sa.BigInteger), sa.column("kind", sa.SmallInteger),
    sa.column("application_id", sa.BigInteger), sa.column("quantity", Exact()), sa.column("unit", sa.Text),
    sa.column("since", sa.BigInteger), sa.column("until", sa.BigInteger),
)  # fmt: skip
"""Columns of a Step in order."""


@dataclass(frozen=True, slots=True)
class Region:
    """The edges between some nodes and the lots and shipments next to them, with the kind of every node."""

    steps: Sequence[Step]
    kinds: dict[int, str]


EACH = {
    "postgresql": "SELECT CAST(value AS bigint) AS id FROM unnest(string_to_array(:roots, ',')) AS value",
    "sqlite": "SELECT value AS id FROM json_each('[' || :roots || ']')",
}
"""Rows of the node ids in the parameter `roots`, `1,2,3`."""
_REGION = {
    "postgresql": """
        WITH RECURSIVE region(node, origin, kind, application_id, quantity, unit, since, until, node_kind, open) AS (
            SELECT roots.id, 0::bigint, 0::smallint, 0::bigint, NULL::numeric, NULL::text, NULL::bigint, NULL::bigint, n.kind,
                {through} OR n.kind NOT IN ('lot', 'shipment')
            FROM ({each}) AS roots CROSS JOIN LATERAL (SELECT node.kind FROM node WHERE node.id = roots.id OFFSET 0) AS n
            UNION
            SELECT e.{far}, region.node, e.kind, e.application_id, e.quantity, e.unit, e.since, e.until, n.kind,
                n.kind NOT IN ('lot', 'shipment')
            FROM region
            CROSS JOIN LATERAL (SELECT * FROM edge WHERE edge.{near} = region.node AND edge.kind IN ({kinds}) OFFSET 0) AS e
            CROSS JOIN LATERAL (SELECT node.kind FROM node WHERE node.id = e.{far} OFFSET 0) AS n
            WHERE region.open)
        SELECT node, origin, kind, application_id, quantity, unit, since, until, node_kind FROM region""",
    "sqlite": """
        WITH RECURSIVE region(node, origin, kind, application_id, quantity, unit, since, until, node_kind, open) AS (
            SELECT roots.id, 0, 0, 0, NULL, NULL, NULL, NULL, n.kind, {through} OR n.kind NOT IN ('lot', 'shipment')
            FROM ({each}) AS roots CROSS JOIN node AS n ON n.id = roots.id
            UNION
            SELECT e.{far}, region.node, e.kind, e.application_id, e.quantity, e.unit, e.since, e.until, n.kind,
                n.kind NOT IN ('lot', 'shipment')
            FROM region
            CROSS JOIN edge AS e ON e.{near} = region.node AND e.kind IN ({kinds})
            CROSS JOIN node AS n ON n.id = e.{far}
            WHERE region.open)
        SELECT node, origin, kind, application_id, quantity, unit, since, until, node_kind FROM region""",
}
"""LATERAL with OFFSET, and SQLite's CROSS JOIN, fix the order: from what was reached to its edges by index, whatever a planner guesses."""
REGIONS = {
    (dialect, direction, through): sa.text(
        text.format(
            near="dst" if direction == "up" else "src",
            far="src" if direction == "up" else "dst",
            through="true" if through else "false",
            kinds=", ".join(map(str, _FLOW)),
            each=EACH[dialect],
        )
    ).columns(*STEP_COLUMNS, sa.column("node_kind", sa.Text))
    for dialect, text in _REGION.items()
    for direction in ("up", "down")
    for through in (False, True)
}


_KINDS = {
    "postgresql": """
        WITH RECURSIVE region(node, node_kind, open) AS (
            SELECT roots.id, n.kind, {through} OR n.kind NOT IN ('lot', 'shipment')
            FROM ({each}) AS roots CROSS JOIN LATERAL (SELECT node.kind FROM node WHERE node.id = roots.id OFFSET 0) AS n
            UNION
            SELECT e.{far}, n.kind, n.kind NOT IN ('lot', 'shipment')
            FROM region
            CROSS JOIN LATERAL (SELECT edge.{far} FROM edge WHERE edge.{near} = region.node AND edge.kind IN ({kinds}) OFFSET 0) AS e
            CROSS JOIN LATERAL (SELECT node.kind FROM node WHERE node.id = e.{far} OFFSET 0) AS n
            WHERE region.open)
        SELECT node, node_kind FROM region""",
    "sqlite": """
        WITH RECURSIVE region(node, node_kind, open) AS (
            SELECT roots.id, n.kind, {through} OR n.kind NOT IN ('lot', 'shipment')
            FROM ({each}) AS roots CROSS JOIN node AS n ON n.id = roots.id
            UNION
            SELECT e.{far}, n.kind, n.kind NOT IN ('lot', 'shipment')
            FROM region
            CROSS JOIN edge AS e ON e.{near} = region.node AND e.kind IN ({kinds})
            CROSS JOIN node AS n ON n.id = e.{far}
            WHERE region.open)
        SELECT node, node_kind FROM region""",
}
_KINDS_OF = {
    (dialect, direction, through): sa.text(
        text.format(
            near="dst" if direction == "up" else "src",
            far="src" if direction == "up" else "dst",
            through="true" if through else "false",
            kinds=", ".join(map(str, _FLOW)),
            each=EACH[dialect],
        )
    )
    for dialect, text in _KINDS.items()
    for direction in ("up", "down")
    for through in (False, True)
}


def kinds(connection: sa.Connection, roots: Collection[int], direction: Literal["up", "down"], through: bool = False) -> dict[int, str]:
    """Kind of every node of the region of `roots`, when its edges do not matter: each node comes once, however many edges lead to it."""
    if not roots:
        return {}
    statement = _KINDS_OF[connection.dialect.name, direction, through]
    return dict(connection.execute(statement, {"roots": ",".join(map(str, sorted(roots)))}).all())


def region(connection: sa.Connection, roots: Collection[int], direction: Literal["up", "down"], through: bool = False) -> Region:
    """All edges from `roots` to the nearest lots and shipments. Lots and shipments among the roots are not left, unless `through`."""
    kinds: dict[int, str] = {}
    steps: list[Step] = []
    if roots:
        statement = REGIONS[connection.dialect.name, direction, through]
        rows = connection.execute(statement, {"roots": ",".join(map(str, sorted(roots)))}).all()
        kinds = {row[0]: row[8] for row in rows}
        steps = [Step._make(row[:8]) for row in rows if row[2]]
    return Region(steps, kinds)


def effective(connection: sa.Connection, applications: Collection[int]) -> dict[int, int]:
    """When what applications say happened, microseconds; those that state no time are left out."""
    rows = connection.execute(
        sa.select(application.c.id, application.c.effective_at).where(
            among(connection, application.c.id, sorted(applications)), application.c.effective_at.is_not(None)
        )
    )
    return {row.id: row.effective_at for row in rows}


def tellers(connection: sa.Connection, applications: Collection[int]) -> dict[int, tuple[str, int]]:
    """Kind and partner of applications."""
    chosen = sa.select(application.c.id, application.c.kind, application.c.partner_id)
    rows = connection.execute(chosen.where(among(connection, application.c.id, sorted(applications))))
    return {row.id: (row.kind, row.partner_id) for row in rows}


def named(connection: sa.Connection, nodes: Collection[int]) -> dict[int, tuple[str, str]]:
    """Kind of nodes, and their number, or key where they have none."""
    chosen = sa.select(node.c.id, node.c.kind, sa.func.coalesce(node.c.number, node.c.key).label("name"))
    rows = connection.execute(chosen.where(among(connection, node.c.id, sorted(nodes))))
    return {row.id: (row.kind, row.name) for row in rows}


def opened(connection: sa.Connection, units: Collection[int]) -> set[int]:
    """Those of the units that something was taken out of, or that several speak of: what is inside may be limited in time."""
    if not units:
        return set()
    several = sa.func.min(edge.c.application_id) != sa.func.max(edge.c.application_id)
    limited = sa.or_(sa.func.max(edge.c.since).is_not(None), sa.func.max(edge.c.until).is_not(None))
    chosen = (
        sa.select(edge.c.dst)
        .where(among(connection, edge.c.dst, sorted(units)), edge.c.kind.in_(_HOLDING))
        .group_by(edge.c.dst)
        .having(sa.or_(sa.func.max(edge.c.kind) == _UNPACKING, several, limited))
    )
    return set(connection.execute(chosen).scalars())


def held(connection: sa.Connection, units: Collection[int]) -> list[sa.Row[Any]]:
    """What was put into, or taken out of, units: content, content_kind, name (its number, or key), holder, kind, application_id, told (the
    application's kind), teller (its partner), at, quantity, unit, since, until."""
    content = node.alias()
    chosen = (
        sa.select(
            edge.c.src.label("content"), content.c.kind.label("content_kind"),
            sa.func.coalesce(content.c.number, content.c.key).label("name"), edge.c.dst.label("holder"), edge.c.kind,
            edge.c.application_id, application.c.kind.label("told"), application.c.partner_id.label("teller"),
            application.c.effective_at.label("at"), edge.c.quantity, edge.c.unit, edge.c.since, edge.c.until,
        )
        .join(content, content.c.id == edge.c.src)
        .outerjoin(application, application.c.id == edge.c.application_id)
        .where(among(connection, edge.c.dst, sorted(units)), edge.c.kind.in_(_HOLDING))
    )  # fmt: skip
    return list(connection.execute(chosen))


def limit(connection: sa.Connection, rows: Sequence[tuple[int, int, int, int, int | None, int | None]]) -> None:
    """Set in which span contents were inside: content, holder, kind, application_id, since, until."""
    if rows:
        names = ("a_src", "a_dst", "a_kind", "a_application", "a_since", "a_until")
        same = [column == sa.bindparam(name) for column, name in zip(edge.primary_key, names, strict=False)]
        connection.execute(
            edge.update().where(*same).values(since=sa.bindparam("a_since"), until=sa.bindparam("a_until")),
            [dict(zip(names, row, strict=True)) for row in sorted(rows, key=_by_ends)],
        )


def _by_ends(row: tuple[int, int, int, int, int | None, int | None]) -> tuple[int, ...]:
    return row[:4]

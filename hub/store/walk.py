"""Statements of the walk: the beginning of a trace in one statement, what lies behind many nodes, and their keys.

A small answer takes one statement, which finds the start by its key and follows edges in the store. A large one goes on level by level:
ids of what was made together follow each other, so that a level is asked for as a few ranges of ids and its edges are read in one sweep
of the index, which costs less than a probe for each node. Rows come from the driver as they are: quantities are `numeric` or scaled
integers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from hub.store.bulk import driver_errors
from hub.store.types import scaled, unscaled

Direction = Literal["up", "down"]
FEW = 128
"""Nodes that the first statement follows."""
RANGES = 10_000
"""Ranges of ids that are asked for together."""
Row = tuple[Any, ...]
"""node, origin, kind, application_id, quantity, unit, since, until: `hub.store.region.Step` as a plain tuple."""
_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Filter:
    """Which edges count: none of these, all that stand now.

    `effective` and `known` are microseconds: what had happened by then, what the hub knew then. `partner_id`: what this partner said;
    joins of names are then left out, since they show how others call a lot. `organisations`: what was said to these.
    """

    effective: int | None = None
    known: int | None = None
    partner_id: int | None = None
    organisations: tuple[int, ...] | None = None


_BEGIN = """
    WITH RECURSIVE walk(node) AS (
        SELECT id FROM node WHERE key = {key} UNION SELECT e.{far} FROM walk CROSS JOIN {edges_of_walk})
    SELECT e.{far}, few.node, e.kind, e.application_id, e.quantity, e.unit, e.since, e.until, named.key
    FROM (SELECT node FROM walk LIMIT {few}) AS few CROSS JOIN {names_of_few} LEFT JOIN {edges_of_few}"""
_LEVEL = """
    SELECT e.{far}, e.{near}, e.kind, e.application_id, e.quantity, e.unit, {since}, {until}
    FROM {edges_of_runs} WHERE {near_in_runs} AND {counted}"""
_NEIGHBOURS = {
    "postgresql": """
    SELECT DISTINCT near.node, near.kind, a.partner_id
    FROM (SELECT DISTINCT origin, kind, number FROM ({level}) AS said(far, origin, kind, number)) AS near(node, kind, number)
    CROSS JOIN LATERAL (SELECT partner_id FROM application WHERE id = near.number OFFSET 0) AS a""",
    "sqlite": """
    WITH said(far, origin, kind, number, quantity, unit, since, until) AS ({level}),
    near(node, kind, number) AS (SELECT DISTINCT origin, kind, number FROM said)
    SELECT DISTINCT near.node, near.kind, a.partner_id FROM near CROSS JOIN application AS a ON a.id = near.number""",
}
_KEYS = {
    # As two arrays: two values a key cost the driver half of what a row a key costs it.
    "postgresql": "SELECT array_agg(named.id), array_agg(named.key) FROM node AS named WHERE named.id = {of_runs}",
    "sqlite": "SELECT named.id, named.key FROM {runs} CROSS JOIN node AS named ON named.id BETWEEN run.low AND run.high",
}
_PARTS = {
    "postgresql": {
        "edges_of_walk": "LATERAL (SELECT {far} FROM edge WHERE {near} = walk.node OFFSET 0) AS e",
        "edges_of_few": "LATERAL (SELECT * FROM edge WHERE {near} = few.node OFFSET 0) AS e ON true",
        "edges_of_runs": "{table} AS e",
        "near_in_runs": "e.{near} = {of_runs}",
        "names_of_few": "LATERAL (SELECT key FROM node WHERE id = few.node OFFSET 0) AS named",
    },
    "sqlite": {
        "edges_of_walk": "edge AS e ON e.{near} = walk.node",
        "edges_of_few": "edge AS e ON e.{near} = few.node",
        "edges_of_runs": "{runs} CROSS JOIN {table} AS e",
        "near_in_runs": "e.{near} BETWEEN run.low AND run.high",
        "names_of_few": "node AS named ON named.id = few.node",
    },
}
"""LATERAL with OFFSET, and SQLite's CROSS JOIN, fix the order: from the few to the many by index, whatever a planner guesses."""
_RUNS = {
    # An array that PostgreSQL's planner cannot look into: it takes it for a few ids, and plans the index without regard to its length. From
    # release 17 on ids that follow each other are read in one sweep.
    "of_runs": "ANY(ARRAY(SELECT generate_series(run.low, run.high) FROM "
    "unnest(string_to_array(%(lows)s, ',')::bigint[], string_to_array(%(highs)s, ',')::bigint[]) AS run(low, high)))",
    "runs": "(SELECT value ->> 0 AS low, value ->> 1 AS high FROM json_each(:runs)) AS run",
}
_ENDS = {"down": {"near": "src", "far": "dst"}, "up": {"near": "dst", "far": "src"}}


def _parameter(dialect: str, name: str) -> str:
    return f"%({name})s" if dialect == "postgresql" else f":{name}"


def _text(template: str, dialect: str, direction: str = "down", **more: str) -> str:
    ends = _ENDS[direction]
    table = more.get("table", "edge")
    parts = {name: part.format(table=table, **ends, **_RUNS) for name, part in _PARTS[dialect].items()}
    return template.format(**ends, **parts, **_RUNS, **more)


BEGIN = {
    (dialect, direction): _text(_BEGIN, dialect, direction, few=str(FEW), key=_parameter(dialect, "key"))
    for dialect in _PARTS
    for direction in _ENDS
}
KEYS = {dialect: _text(text, dialect) for dialect, text in _KEYS.items()}


@lru_cache(maxsize=64)
def level_text(dialect: str, direction: Direction, table: str, chosen: Filter | None, kinds: tuple[int, ...] = ()) -> str:
    """The statement of a level: edges that count by `chosen`, out of `edge` or `edge_withdrawn`; of some kinds, or all."""
    live = table == "edge"
    counted = "true" if chosen is None else _counted(dialect, live, chosen)
    if kinds:
        counted += f" AND e.kind IN ({', '.join(map(str, kinds))})"
    spans = {"since": "e.since", "until": "e.until"} if live and chosen is None else {"since": "NULL", "until": "NULL"}
    return _text(_LEVEL, dialect, direction, table=table, counted=counted, **spans)


def _counted(dialect: str, live: bool, chosen: Filter) -> str:
    known, conditions = _parameter(dialect, "known"), ""
    if chosen.effective is not None:
        conditions += f" AND (a.effective_at IS NULL OR a.effective_at <= {_parameter(dialect, 'effective')})"
    if chosen.known is not None and live:
        conditions += f" AND coalesce(a.stood_at, a.recorded_at) <= {known}"
    if chosen.partner_id is not None:
        conditions += f" AND a.partner_id = {_parameter(dialect, 'partner_id')}"
    if chosen.organisations is not None:
        conditions += f" AND a.organisation_id IN ({', '.join(map(str, (0, *chosen.organisations)))})"
    # A scalar sub-select: planners turn EXISTS into a scan of all applications when they expect many edges. Only numbers come from outside.
    said = f"(SELECT 1 FROM application AS a WHERE a.id = e.application_id{conditions}) IS NOT NULL"  # noqa: S608
    if not live:
        return f"e.stood_at <= {known} AND e.fell_at > {known} AND {said}"
    return said if chosen.partner_id is not None else f"(e.application_id = 0 OR {said})"


def begin(connection: sa.Connection, key: str, direction: Direction) -> list[Row]:
    """All edges that leave the first nodes of a walk from a key, FEW nodes at most, nearest first. Nothing for an unknown key.

    Rows are as a `Row`, with a ninth member, the key of the origin; of a node that no edge leaves only the origin and key are told.
    """
    return _fetch(connection, BEGIN[connection.dialect.name, direction], {"key": key})


def level(
    connection: sa.Connection, nodes: Collection[int], direction: Direction, chosen: Filter | None = None, kinds: tuple[int, ...] = ()
) -> list[Row]:
    """All edges that leave these nodes in a direction, those that count by `chosen`; of some kinds, or all."""
    found: list[Row] = []
    more = {} if chosen is None else {"effective": chosen.effective, "known": chosen.known, "partner_id": chosen.partner_id}
    tables = ("edge",) if chosen is None or chosen.known is None else ("edge", "edge_withdrawn")
    for runs in _runs(nodes):
        parameters = {**_as_parameters(connection, runs), **more}
        for table in tables:
            found += _fetch(connection, level_text(connection.dialect.name, direction, table, chosen, kinds), parameters)
    return found


def neighbours(
    connection: sa.Connection, nodes: Collection[int], direction: Direction, kinds: tuple[int, ...], chosen: Filter | None = None
) -> set[tuple[int, int, int]]:
    """Whether edges of some kinds leave these nodes, and who says so: (node, kind, partner_id)."""
    found: set[tuple[int, int, int]] = set()
    more = {} if chosen is None else {"effective": chosen.effective, "known": chosen.known, "partner_id": chosen.partner_id}
    tables = ("edge",) if chosen is None or chosen.known is None else ("edge", "edge_withdrawn")
    for runs in _runs(nodes):
        parameters = {**_as_parameters(connection, runs), **more}
        for table in tables:
            inner = level_text(connection.dialect.name, direction, table, chosen, kinds)
            found.update(_fetch(connection, _NEIGHBOURS[connection.dialect.name].format(level=inner), parameters))
    return found


def keys_of(connection: sa.Connection, nodes: Collection[int]) -> dict[int, str]:
    """Keys of nodes."""
    found: dict[int, str] = {}
    for runs in _runs(nodes):
        rows = _fetch(connection, KEYS[connection.dialect.name], _as_parameters(connection, runs))
        if connection.dialect.name == "postgresql":
            ids, keys = rows[0]
            found.update(zip(ids or (), keys or (), strict=True))
        else:
            found.update(rows)
    return found


def exact(quantity: Decimal | int | str) -> Decimal:
    """A quantity as the driver gives it, or as PostgreSQL writes it, without trailing zeros."""
    return unscaled(quantity if isinstance(quantity, int) else scaled(Decimal(quantity)))


def _runs(nodes: Collection[int]) -> Iterator[list[tuple[int, int]]]:
    """The ids as ranges without a gap, some of them at a time."""
    runs: list[tuple[int, int]] = []
    low = high = None
    for node in sorted(nodes):
        if high is not None and node == high + 1:
            high = node
            continue
        if low is not None and high is not None:
            runs.append((low, high))
            if len(runs) == RANGES:
                yield runs
                runs = []
        low = high = node
    if low is not None and high is not None:
        runs.append((low, high))
    if runs:
        yield runs


def _as_parameters(connection: sa.Connection, runs: Sequence[tuple[int, int]]) -> dict[str, Any]:
    if connection.dialect.name == "postgresql":
        return {"lows": ",".join([str(low) for low, _ in runs]), "highs": ",".join([str(high) for _, high in runs])}
    return {"runs": _json(runs).decode()}


def _fetch(connection: sa.Connection, statement: str, parameters: Mapping[str, Any]) -> list[Row]:
    """Rows as the driver gives them: a tuple a row and no more."""
    driver: Any = connection.connection.driver_connection
    try:
        if connection.dialect.name == "postgresql":
            with driver.cursor(binary=True) as cursor:
                rows: list[Row] = cursor.execute(statement, parameters, prepare=True).fetchall()
                return rows
        rows = driver.execute(statement, parameters).fetchall()
    except driver_errors(connection) as error:
        raise sa.exc.DBAPIError.instance(statement, None, error, driver_errors(connection), dialect=connection.dialect) from error
    return rows

"""Statements of the walk: the beginning of a trace in one statement, what lies behind many nodes, and their keys.

A small answer takes one statement, which finds the start by its key and follows edges in the store. A large one goes on level by level:
ids of what was made together follow each other, so that a level is asked for as a few ranges of ids and its edges are read in one sweep
of the index, which costs less than a probe for each node. Quantities are `numeric` or scaled integers, as the driver has them. SQLite
hands the edges of a range over as one JSON text: to make a row of eight values costs its driver more than to write and read that text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from hub.store.bulk import driver_errors
from hub.store.types import scaled, unscaled

Direction = Literal["up", "down"]
FEW = 64
"""Rows that the first statement tells at most."""
AHEAD = 2_000
"""Rows of further levels that PostgreSQL, to which each statement costs as much as hundreds of rows, tells with a level at most."""
DEEP = 5
"""How many levels these are, with it."""
RANGES = 10_000
"""Ranges of ids that are asked for together."""
Row = tuple[Any, ...]
"""node, origin, kind, application_id, quantity, unit, since, until: `hub.store.region.Step` as a plain tuple."""
END = "\x1f"
"""Between texts that PostgreSQL tells as one."""
_json = msgspec.json.Encoder().encode
_begun = msgspec.json.Decoder(
    list[tuple[int, int | None, int | None, int | None, int | None, str | None, int | None, int | None, str]]
).decode
_edges = msgspec.json.Decoder(list[tuple[int, int, int, int, int | None, str | None, int | None, int | None]]).decode
_ids = msgspec.json.Decoder(list[int]).decode
_texts = msgspec.json.Decoder(list[str]).decode
_FAR, _AHEAD = itemgetter(0), itemgetter(8)
_BROAD: Mapping[Direction, tuple[str, ...]] = {"down": ("lot:", "production:", "item:"), "up": ("location:",)}
"""Beginnings of keys of nodes with thousands of edges in a direction, which SQLite would all follow before it told the first row."""


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


_BEGIN = {
    "postgresql": """
    WITH RECURSIVE walk(node, origin, kind, application_id, quantity, unit, since, until) AS (
        SELECT id, NULL::bigint, NULL::smallint, NULL::bigint, NULL::numeric, NULL::text, NULL::bigint, NULL::bigint
        FROM node WHERE key = %(key)s
        UNION ALL SELECT {edge} FROM walk CROSS JOIN LATERAL (SELECT * FROM edge WHERE {near} = walk.node OFFSET 0) AS e)
    SELECT walk.*, named.key FROM walk CROSS JOIN LATERAL (SELECT key FROM node WHERE id = walk.node OFFSET 0) AS named LIMIT {few}""",
    "sqlite": """
    WITH RECURSIVE walk(node, origin, kind, application_id, quantity, unit, since, until) AS (
        SELECT id, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM node WHERE key = :key
        UNION ALL SELECT {edge} FROM walk CROSS JOIN edge AS e ON e.{near} = walk.node LIMIT {few})
    SELECT json_group_array(json_array(
        walk.node, walk.origin, walk.kind, walk.application_id, walk.quantity, walk.unit, walk.since, walk.until, named.key))
    FROM walk CROSS JOIN node AS named ON named.id = walk.node""",
}
_FIND = "SELECT id FROM node WHERE key = :key"
_LEVEL = """
    SELECT e.{far}, e.{near}, e.kind, e.application_id, e.quantity, e.unit, {since}, {until}
    FROM {edges_of_runs} WHERE {near_in_runs} AND {counted}"""
_LEVELS = (
    "WITH level_0 AS MATERIALIZED (SELECT {edge}, 0 AS ahead FROM edge AS e WHERE {near_in_runs})"  # noqa: S608
    + "".join(
        f", level_{ahead} AS MATERIALIZED (SELECT {{edge}}, {ahead} FROM edge AS e WHERE e.{{near}} = ANY(ARRAY("  # noqa: S608
        f"SELECT {{far}} FROM level_{ahead - 1})))"
        for ahead in range(1, DEEP)
    )
    + ", further AS MATERIALIZED ("
    + " UNION ALL ".join(f"SELECT * FROM level_{ahead}" for ahead in range(1, DEEP))  # noqa: S608
    + " LIMIT {most}) SELECT * FROM level_0 UNION ALL SELECT * FROM further UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, "
    "(SELECT string_agg(key, E'\\x1f' ORDER BY id) FROM node WHERE id = "
    "ANY(ARRAY(SELECT {far} FROM level_0 UNION ALL SELECT {far} FROM further))), " + f"NULL, NULL, {DEEP}"
)
_LEVEL_AS_JSON = """
    SELECT (SELECT json_group_array(
        json_array(e.{far}, e.{near}, e.kind, e.application_id, e.quantity, e.unit, {since}, {until}))
        FROM {table} AS e WHERE {near_in_runs} AND {counted})
    FROM {runs}"""
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
    # As one text, in the order of their ids: that costs the driver less than a row a key does.
    "postgresql": "SELECT string_agg(named.key, E'\\x1f' ORDER BY named.id) FROM node AS named WHERE named.id = {of_runs}",
    "sqlite": """
    SELECT (SELECT json_group_array(id) FROM node WHERE id BETWEEN run.low AND run.high),
        (SELECT json_group_array(key) FROM node WHERE id BETWEEN run.low AND run.high)
    FROM {runs}""",
}
_PARTS = {
    "postgresql": {
        "edges_of_runs": "{table} AS e",
        "near_in_runs": "e.{near} = {of_runs}",
    },
    "sqlite": {
        "edges_of_runs": "{runs} CROSS JOIN {table} AS e",
        "near_in_runs": "e.{near} BETWEEN run.low AND run.high",
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
_EDGE = "e.{far}, e.{near}, e.kind, e.application_id, e.quantity, e.unit, e.since, e.until"
_ENDS = {"down": {"near": "src", "far": "dst"}, "up": {"near": "dst", "far": "src"}}


def _parameter(dialect: str, name: str) -> str:
    return f"%({name})s" if dialect == "postgresql" else f":{name}"


def _text(template: str, dialect: str, direction: str = "down", **more: str) -> str:
    ends = _ENDS[direction]
    table = more.get("table", "edge")
    parts = {name: part.format(table=table, **ends, **_RUNS) for name, part in _PARTS[dialect].items()}
    return template.format(edge=_EDGE.format(**ends), **ends, **parts, **_RUNS, **{"table": table, **more})


BEGIN = {(dialect, direction): _text(text, dialect, direction, few=str(FEW)) for dialect, text in _BEGIN.items() for direction in _ENDS}
LEVELS = {direction: _text(_LEVELS, "postgresql", direction, most=str(AHEAD)) for direction in _ENDS}
KEYS = {dialect: _text(text, dialect) for dialect, text in _KEYS.items()}
KEYS_IN_ROWS = _text("SELECT named.id, named.key FROM node AS named WHERE named.id = {of_runs}", "postgresql")


@lru_cache(maxsize=64)
def level_text(
    dialect: str, direction: Direction, table: str, chosen: Filter | None, kinds: tuple[int, ...] = (), as_json: bool = False
) -> str:
    """The statement of a level: edges that count by `chosen`, out of `edge` or `edge_withdrawn`; of some kinds, or all."""
    live = table == "edge"
    counted = "true" if chosen is None else _counted(dialect, live, chosen)
    if kinds:
        counted += f" AND e.kind IN ({', '.join(map(str, kinds))})"
    spans = {"since": "e.since", "until": "e.until"} if live and chosen is None else {"since": "NULL", "until": "NULL"}
    return _text(_LEVEL_AS_JSON if as_json else _LEVEL, dialect, direction, table=table, counted=counted, **spans)


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


def begin(connection: sa.Connection, key: str, direction: Direction) -> tuple[list[Row], bool]:
    """The first edges of a walk from a key, nearest first, and whether these are all. Nothing for an unknown key.

    Rows are as a `Row`, with a ninth member, the key of the node that was reached; the first one tells of the start alone. Where they are
    not all, edges that leave what is as far away as the origin of the last row may be missing, and no others of those that are nearer.
    What is reached in two ways has the edges behind it told twice: to look for what was told costs a store more than to tell it again.
    """
    dialect = connection.dialect.name
    if dialect == "sqlite" and key.startswith(_BROAD[direction]):
        return [(*found, *[None] * 7, key) for found in _fetch(connection, _FIND, {"key": key})], False
    rows = _fetch(connection, BEGIN[dialect, direction], {"key": key})
    if dialect == "sqlite":
        rows = _begun(rows[0][0])
    return rows, len(rows) < FEW


def level(
    connection: sa.Connection, nodes: Collection[int], direction: Direction, chosen: Filter | None = None, kinds: tuple[int, ...] = ()
) -> list[Row]:
    """All edges that leave these nodes in a direction, those that count by `chosen`; of some kinds, or all."""
    found: list[Row] = []
    dialect = connection.dialect.name
    as_json = dialect == "sqlite"
    more = {} if chosen is None else {"effective": chosen.effective, "known": chosen.known, "partner_id": chosen.partner_id}
    tables = ("edge",) if chosen is None or chosen.known is None else ("edge", "edge_withdrawn")
    for runs in _runs(nodes):
        parameters = {**_as_parameters(connection, runs), **more}
        for table in tables:
            rows = _fetch(connection, level_text(dialect, direction, table, chosen, kinds, as_json), parameters)
            if as_json:
                for (edges,) in rows:
                    found += _edges(edges)
            else:
                found += rows
    return found


def levels(connection: sa.Connection, nodes: Collection[int], direction: Direction) -> tuple[list[list[Row]], dict[int, str]]:
    """All edges that stand and leave these nodes in a direction; on PostgreSQL then those that leave what these lead to, and so on, as far
    as they are few: each level is whole, and may have edges that are known from a level before. And keys of what they lead to, as far as
    they are told with them.
    """
    found: list[Row] = []
    if connection.dialect.name != "postgresql" or len(nodes) > FEW:
        return [level(connection, nodes, direction)], {}
    for runs in _runs(nodes):
        found = _fetch(connection, LEVELS[direction], _as_parameters(connection, runs))
    begins = [bisect_left(found, ahead, key=_AHEAD) for ahead in range(DEEP + 1)]
    names = (found.pop()[5] or "").split(END)
    ids = sorted(set(map(_FAR, found)))
    keys = dict(zip(ids, names, strict=True)) if len(ids) == len(names) else {}  # else a key holds the sign between keys
    whole = found[-1][8] if len(found) - begins[1] == AHEAD else DEEP
    return [found[begin:end] for begin, end in pairwise(begins[: whole + 1])], keys


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
    ids = sorted(nodes)
    for runs in _runs(ids):
        parameters = _as_parameters(connection, runs)
        rows = _fetch(connection, KEYS[connection.dialect.name], parameters)
        if connection.dialect.name == "postgresql":
            keys = (rows[0][0] or "").split(END)
            page = ids if len(runs) < RANGES else [node for low, high in runs for node in range(low, high + 1)]
            if len(keys) == len(page):
                found.update(zip(page, keys, strict=True))
            else:  # a key that holds the sign between keys, or several pages of which this is the last
                found.update(_fetch(connection, KEYS_IN_ROWS, parameters))
        else:
            for numbers, texts in rows:
                found.update(zip(_ids(numbers), _texts(texts), strict=True))
    return found


def exact(quantity: Decimal | int | str) -> Decimal:
    """A quantity as the driver gives it, or as PostgreSQL writes it, without trailing zeros."""
    return unscaled(quantity if isinstance(quantity, int) else scaled(Decimal(quantity)))


def _runs(nodes: Collection[int]) -> Iterator[list[tuple[int, int]]]:
    """The ids, of which none is there twice, as ranges without a gap, some of them at a time."""
    ids = sorted(nodes)
    if not ids:
        return
    low = high = ids[0]
    if ids[-1] - low == len(ids) - 1:
        yield [(low, ids[-1])]
        return
    runs: list[tuple[int, int]] = []
    for node in ids:
        if node - high > 1:
            runs.append((low, high))
            low = node
            if len(runs) == RANGES:
                yield runs
                runs = []
        high = node
    yield [*runs, (low, high)]


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

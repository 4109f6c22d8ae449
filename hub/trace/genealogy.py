"""Where did it go, what is it made of: the walk over trace edges, as plain nodes and edges.

Down follows the goods towards the patient, up goes back to the material. The walk runs in the database as one recursive
query and costs about a microsecond a step; names of one lot are passed through in either direction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Literal

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub.store import genealogy as store
from hub.store.keys import NODE_KINDS, lot_of
from hub.store.region import Step, effective
from hub.trace import holding
from hub.trace.edges import EdgeKind

Direction = Literal["up", "down", "both"]
LIMIT = 100_000
"""Steps after which a walk is cut; the answer then says `truncated`."""


def trace(connection: sa.Connection, key: str, direction: Direction = "down", limit: int = LIMIT) -> dict[str, Any]:
    """The nodes and edges that are reached from a key.

    `key` is a node's key (`lot:06901234000029|F1`, `sscc:…`), or what people write: `<GTIN>|<lot>`, an SSCC, a bare lot or serial.
    Returns `{"key", "direction", "nodes": [{"key", "kind", "depth"}], "edges": [{"from", "to", "kind"}], "truncated"}`: nodes by
    depth (up: negative with direction both), the start first; edges point the way the goods went.
    Raises NotFoundError for an unknown key and ConflictError when a bare number means several things; the message names them.
    """
    found = _resolve(connection, key)
    start = store.node_by_key(connection, [found])[found][0]
    walks = ("down", "up") if direction == "both" else (direction,)
    depths: dict[int, int] = {start: 0}
    edges: set[tuple[int, int, int]] = set()
    truncated = False
    for way in walks:
        steps = store.walk(connection, start, way, limit + 1)
        truncated |= len(steps) > limit
        steps = in_time(connection, start, steps[:limit], way == "up")
        for node, depth in _depths(start, ((step.origin, step.node, step.kind) for step in steps)).items():
            depths.setdefault(node, -depth if direction == "both" and way == "up" else depth)
        edges |= {(step.origin, step.node, step.kind) if way == "down" else (step.node, step.origin, step.kind) for step in steps}
    names = store.nodes_by_id(connection, depths)
    nodes: list[dict[str, Any]] = [{"key": names[number][0], "kind": names[number][1], "depth": depth} for number, depth in depths.items()]
    nodes.sort(key=lambda node: (abs(node["depth"]), node["depth"] < 0, node["kind"], node["key"]))
    return {
        "key": found,
        "direction": direction,
        "nodes": nodes,
        "edges": _plain_edges(edges, names),
        "truncated": truncated,
    }


def in_time(connection: sa.Connection, start: int, steps: list[Step], upward: bool) -> list[Step]:
    """The steps without those that goods can't have taken: what left a carton before it was shipped was not in the shipment."""
    if not holding.is_limited(steps):
        return steps
    kinds = {number: kind for number, (_, kind) in store.nodes_by_id(connection, {step.node for step in steps}).items()}
    return holding.fitting(start, steps, upward, kinds, effective(connection, {step.application_id for step in steps}))


def reached(connection: sa.Connection, key: str, direction: Direction, kind: str, limit: int = LIMIT) -> list[str]:
    """Keys of the nodes of one kind in a trace, e.g. the shipments that carried a lot."""
    return sorted(node["key"] for node in trace(connection, key, direction, limit)["nodes"] if node["kind"] == kind)


def _depths(start: int, steps: Iterable[tuple[int, int, int]]) -> dict[int, int]:
    """Fewest steps to each node; another name of a lot is as near as the lot itself."""
    follow: dict[int, list[tuple[int, int]]] = {}
    for origin, node, kind in steps:
        follow.setdefault(origin, []).append((node, 0 if kind == EdgeKind.SAME_AS else 1))
    depths = {start: 0}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for node, length in follow.get(here, ()):
            depth = depths[here] + length
            if depth < depths.get(node, depth + 1):
                depths[node] = depth
                queue.append(node) if length else queue.appendleft(node)
    return depths


def _plain_edges(edges: Iterable[tuple[int, int, int]], names: dict[int, tuple[str, str]]) -> list[dict[str, str]]:
    rows: set[tuple[str, str, int]] = set()
    for src, dst, kind in edges:
        ends = names[src][0], names[dst][0]
        rows.add((*ends, kind) if kind != EdgeKind.SAME_AS else (min(ends), max(ends), kind))
    return [{"from": src, "to": dst, "kind": EdgeKind(kind).name.lower()} for src, dst, kind in sorted(rows)]


def _resolve(connection: sa.Connection, text: str) -> str:
    """The node key that a person means."""
    wanted = text.strip()
    item, bar, lot = wanted.partition("|")
    guesses = [wanted] if wanted.partition(":")[0] in NODE_KINDS else []
    if bar and item.isdigit():
        guesses += [f"lot:{item.zfill(14)}|{lot}", f"serial:{item.zfill(14)}|{lot}"]
    if len(wanted) in (18, 20) and wanted.isdigit():
        guesses.append(f"sscc:{wanted[-18:]}")
    known = store.node_by_key(connection, guesses) if guesses else {}
    for guess in guesses:
        if guess in known:
            return guess
    if wanted and not bar and not guesses:
        for kind in ("lot", "serial"):
            several = store.nodes_that_end(connection, kind, [f"|{wanted}"], 50)
            if several and (len(several) == 1 or _one_lot(connection, several)):
                return several[0]
            if several:
                raise ConflictError(f"{wanted} means several: {', '.join(several)}")
        for kind in ("shipment", "receipt", "production"):
            several = store.nodes_that_end(connection, kind, [f":{wanted}"], 2)
            if len(several) == 1:
                return several[0]
    raise NotFoundError(f"nothing is known of {text}")


def _one_lot(connection: sa.Connection, keys: list[str]) -> bool:
    """Whether all these lots are joined names of one."""
    if not all(key.startswith("lot:") and lot_of(key)[1] for key in keys):
        return False
    ids = {number for number, _ in store.node_by_key(connection, keys).values()}
    first = min(ids)
    return ids <= {first, *store.joined(connection, [first], int(EdgeKind.SAME_AS))}


__all__ = ["LIMIT", "Direction", "reached", "trace"]

"""A walk finds each edge once and each node at its nearest, however wide, deep and entangled: held against a walk in plain Python."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from hub.store import bulk, lot_pages, tables
from hub.store import walk as store
from hub.store.database import Database
from hub.trace.closure import recall_list
from hub.trace.edges import EdgeKind
from hub.trace.walk import walk

KINDS = [int(kind) for kind in (EdgeKind.CONSUMING, EdgeKind.CREATING, EdgeKind.SHIPPING)]


def entangled(seed: int) -> tuple[list[str], set[tuple[int, int, int]]]:
    """Keys of nodes 1…, and edges: a chain that opens into a fan, edges back and across, two edges between the same two nodes."""
    chance = random.Random(seed)
    count = chance.choice((12, 60, 400, 3000))
    words = [chance.choice(("lot", "serial", "production", "location")) for _ in range(count)]
    keys = [f"{word}:~:{number}\x1f|{number}" if number % 97 == 5 else f"{word}:~:{number}|{number}" for number, word in enumerate(words)]
    edges = {(number, number + 1, KINDS[0]) for number in range(1, min(9, count))}
    edges |= {(min(9, count), far, KINDS[1]) for far in range(10, count, chance.choice((1, 2, 7)))}
    edges |= {(chance.randint(1, count), chance.randint(1, count), chance.choice(KINDS)) for _ in range(chance.randint(0, count))}
    return keys, edges


def nearest(start: int, edges: set[tuple[int, int, int]], upward: bool) -> tuple[dict[int, int], set[tuple[int, int, int]]]:
    """Depths, and the edges that leave what is reached."""
    depths, level = {start: 0}, [start]
    follow: dict[int, set[tuple[int, int, int]]] = {}
    for edge in edges:
        follow.setdefault(edge[1 if upward else 0], set()).add(edge)
    while level:
        reached = {edge[0 if upward else 1] for node in level for edge in follow.get(node, ())} - depths.keys()
        depths |= dict.fromkeys(reached, depths[level[0]] + 1)
        level = list(reached)
    return depths, {edge for node in depths for edge in follow.get(node, ())}


@pytest.mark.parametrize("seed", range(8))
def test_each_edge_once_and_each_node_at_its_nearest(database: Database, seed: int) -> None:
    keys, edges = entangled(seed)
    with database.begin("test") as uow:
        nodes = [(number, key.partition(":")[0], key, None) for number, key in enumerate(keys, 1)]
        bulk.insert(uow.connection, tables.node, ("id", "kind", "key", "number"), nodes)
        bulk.insert(uow.connection, tables.edge, ("src", "dst", "kind", "application_id"), [(*edge, 1) for edge in sorted(edges)])
    with database.read() as connection:
        for start in {1, 2, 8, len(keys) // 2, len(keys)}:
            for direction in ("down", "up"):
                upward = direction == "up"
                found = walk(connection, keys[start - 1], direction)
                depths, left = nearest(start, edges, upward)
                assert found is not None and found.depths == depths
                assert list(found.depths.values()) == sorted(found.depths.values()), "nearest first"
                assert found.keys == {node: keys[node - 1] for node in depths}
                rows = [(row[0], row[1], row[2]) if upward else (row[1], row[0], row[2]) for row in found.steps]
                assert len(rows) == len(set(rows)) and set(rows) == left
                cut = walk(connection, keys[start - 1], direction, 10)
                assert cut is not None and cut.truncated is (len(left) > 10) and len(cut.steps) <= 10


def test_a_node_with_more_edges_than_a_statement_tells_ahead(database: Database) -> None:
    """A lot in one carton, which is in more shipments than are told ahead, each at a place."""
    many = store.AHEAD + 7
    with database.begin("test") as uow:
        names = ["lot:~:A|1", "sscc:1", "location:1", *(f"shipment:p:{number}" for number in range(many))]
        nodes = [(number, "shipment", name, None) for number, name in enumerate(names, 1)]
        bulk.insert(uow.connection, tables.node, ("id", "kind", "key", "number"), nodes)
        edges = [(1, 2, 1, 1), *((2, 4 + number, 4, 1) for number in range(many)), *((4 + number, 3, 5, 1) for number in range(many))]
        bulk.insert(uow.connection, tables.edge, ("src", "dst", "kind", "application_id"), sorted(edges))
    with database.read() as connection:
        found = walk(connection, "lot:~:A|1", "down")
        assert found is not None and len(found.steps) == len(edges) and found.depths[3] == 3 and len(found.depths) == many + 3


@pytest.mark.parametrize("odd", ["", "\x1f"])
def test_recall_lists_of_whatever_keys_and_units(database: Database, odd: str) -> None:
    """Two lots, one made of the other, in shipments with several units and amounts, one of them unstated."""
    names = [f"lot:~:A{odd}|1", "lot:~:B|2", "shipment:p:9", "shipment:p:10"]
    with database.begin("test") as uow:
        nodes = [(number, name.partition(":")[0], name, None) for number, name in enumerate(names, 1)]
        bulk.insert(uow.connection, tables.node, ("id", "kind", "key", "number"), nodes)
        bulk.insert(uow.connection, tables.lot_closure, ("anc", "des"), [(1, 2)])
        rows = [(1, 4, "", None), (2, 3, "EA", Decimal("2.5")), (2, 3, f"B{odd}X", Decimal(1)), (2, 4, "EA", Decimal(7))]
        lot_pages.add(uow.connection, rows, dict(enumerate(names, 1)))
    with database.read() as connection:
        assert recall_list(connection, [1]) == [
            (names[0], names[3], None, None), (names[1], names[3], Decimal(7), "EA"),
            (names[1], names[2], Decimal(1), f"B{odd}X"), (names[1], names[2], Decimal("2.5"), "EA"),
        ]  # fmt: skip
        assert recall_list(connection, [3]) == []

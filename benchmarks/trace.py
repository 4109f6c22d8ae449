"""Traces and recall lists on stores of two sizes: milliseconds, microseconds a node, and ratios measured in the same run.

    python -m benchmarks.trace [--edges 1000000] [--small 300000] [--only sqlite|postgresql]

A generated genealogy is loaded into the hub's own tables. Every answer is compared with what the generator knows. Measured is the whole
`walk`: from a key to all nodes with their keys and depths and all edges with quantities and documents, as Python values. Beside it stand

    probes    the same rows without the walk: the nodes of the answer, known and in random order, looked up in the index of the edges and by
              id for their key, in one statement, handed over
    empty     a statement that asks for nothing
    list      the recall list of a lot by the closure

Medians; both stores are open at once and take turns, so that noise meets both.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.generate_genealogy import Genealogy, generate
from benchmarks.load_genealogy import load
from benchmarks.servers import postgresql
from hub.clock import SystemClock
from hub.store import walk as store
from hub.store.database import Database
from hub.trace import closure
from hub.trace.walk import walk

CLASSES = {
    "10 nodes": (("serial",), "up", 8, 20, 30),
    "1,000 nodes": (("finished", "intermediate", "raw"), "down", 800, 1300, 12),
    "10,000 nodes": (("raw", "intermediate", "bulk"), "down", 6000, 16000, 4),
}
"""Answers by size: where they begin, which way, how many nodes at least and at most, how many starts."""
ROUNDS = 7
_PROBES = {
    "postgresql": "SELECT p.i, named.key, e.* FROM probe AS p CROSS JOIN LATERAL (SELECT key FROM node WHERE id = p.i OFFSET 0) AS named "
    "LEFT JOIN LATERAL (SELECT src, dst, kind, application_id, quantity, unit FROM edge WHERE {near} = p.i OFFSET 0) AS e ON true",
    "sqlite": "SELECT p.i, named.key, e.src, e.dst, e.kind, e.application_id, e.quantity, e.unit FROM probe AS p "
    "CROSS JOIN node AS named ON named.id = p.i LEFT JOIN edge AS e ON e.{near} = p.i",
}


@contextmanager
def opened(kind: str, genealogy: Genealogy) -> Iterator[Database]:
    """A store of a kind with this genealogy in it."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="udihub-bench-")))
        url = stack.enter_context(postgresql()) if kind == "postgresql" else f"sqlite:///{home / 'trace.db'}"
        database = Database.open(url, home, SystemClock())
        database.migrate()
        begun = time.perf_counter()
        load(database, genealogy)
        print(
            f"{kind}: {len(genealogy.src):,} edges, {len(genealogy.kinds) - 1:,} nodes loaded in {time.perf_counter() - begun:.0f} s",
            flush=True,
        )
        yield database
        database.close()


def starts(genealogy: Genealogy, names: tuple[str, ...], direction: str, least: int, most: int, count: int) -> list[tuple[int, list[int]]]:
    """Nodes whose answer has such a size, with that answer."""
    draw = random.Random(1)
    pool = [int(node) for name in names for node in genealogy.starts[name]]
    draw.shuffle(pool)
    found: list[tuple[int, list[int]]] = []
    for node in pool:
        reached = genealogy.reached(node, direction == "up").tolist()
        if least <= len(reached) <= most:
            found.append((node, reached))
            if len(found) == count:
                break
    return found


def timed(call: Callable[[], Any]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def measure(database: Database, genealogy: Genealogy, name: str) -> tuple[float, float, float, float]:
    """Median milliseconds of the walk, of the probes and of an empty statement, and median nodes, for one class of answers."""
    names, direction, least, most, count = CLASSES[name]
    kind = "postgresql" if database.is_postgresql else "sqlite"
    probes = _PROBES[kind].format(near="dst" if direction == "up" else "src")
    walks, bare, empty, sizes = [], [], [], []
    with database._writer.connect() as connection, connection.begin():
        connection.exec_driver_sql("CREATE TEMPORARY TABLE probe (i bigint)")
        for start, true in starts(genealogy, names, direction, least, most, count):
            key = genealogy.key(start)
            found = walk(connection, key, direction)  # type: ignore[arg-type]
            if found is None or found.keys != {node: genealogy.key(node) for node in true}:
                raise SystemExit(f"{key}: the answer is not what the generator knows: the measurement is void")
            random.Random(start).shuffle(true)
            connection.exec_driver_sql("DELETE FROM probe")
            connection.execute(sa.text("INSERT INTO probe VALUES (:i)"), [{"i": node} for node in true])
            if database.is_postgresql:
                connection.exec_driver_sql("ANALYZE probe")
            for turn in range(ROUNDS):
                took = timed(lambda: walk(connection, key, direction))  # type: ignore[arg-type]  # noqa: B023
                looked = timed(lambda: store._fetch(connection, probes, {}))
                asked = timed(lambda: store._fetch(connection, "SELECT 1", {}))
                if turn:
                    walks.append(took)
                    bare.append(looked)
                    empty.append(asked)
                    sizes.append(len(true))
        connection.exec_driver_sql("DROP TABLE probe")
    if not walks:
        return 0.0, 0.0, 0.0, 0.0
    return statistics.median(walks), statistics.median(bare), statistics.median(empty), statistics.median(sizes)


def recall(database: Database, genealogy: Genealogy) -> None:
    """Recall lists by the closure, compared with the truth and with the walk."""
    for name in ("finished", "raw", "bulk"):
        chosen = genealogy.starts[name].tolist()[:: max(1, len(genealogy.starts[name]) // 10)][:10]
        times, sizes = [], []
        with database.read() as connection:
            for start in chosen:
                kept = closure.recall_list(connection, [start])
                if {row.shipment for row in kept} != set(genealogy.shipments(start)):
                    raise SystemExit(f"{genealogy.key(start)}: the recall list is not what the generator knows")
                times += [timed(lambda: closure.recall_list(connection, [start])) for _ in range(ROUNDS)]  # noqa: B023
                sizes.append(len(kept))
        shown = f"{statistics.median(sizes):,.0f} shipments, {statistics.median(times):.2f} ms, at most {max(times):.2f}"
        print(f"  list of a {name} lot: {shown}", flush=True)


def report(kind: str, small: tuple[Database, Genealogy], large: tuple[Database, Genealogy]) -> None:
    """One database: every class of answers on both sizes."""
    for name in CLASSES:
        figures = [measure(database, genealogy, name) for database, genealogy in (small, large)]
        per_node = []
        for (took, looked, empty, nodes), (_, genealogy) in zip(figures, (small, large), strict=True):
            if not nodes:
                print(f"{kind} {name}: no answer of this size among {len(genealogy.src):,} edges")
                continue
            per_node.append(took / nodes)
            bound = looked + empty if nodes < 100 else looked
            print(
                f"{kind:10} {len(genealogy.src):>12,} edges {name:12} {nodes:7,.0f} nodes {took:8.3f} ms {took / nodes * 1000:6.2f} us/node"
                f"   probes {looked:8.3f} ms   empty {empty:.3f} ms   ratio {took / bound:4.2f}",
                flush=True,
            )
        if len(per_node) == 2:
            print(f"{kind:10} {name}: large store / small store, a node: {per_node[1] / per_node[0]:.2f}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=300_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    arguments = parser.parse_args()
    few, many = generate(arguments.small), generate(arguments.edges)
    for kind in ("sqlite", "postgresql"):
        if arguments.only in (None, kind):
            with opened(kind, few) as small, opened(kind, many) as large:
                report(kind, (small, few), (large, many))
                recall(large, many)


if __name__ == "__main__":
    main()

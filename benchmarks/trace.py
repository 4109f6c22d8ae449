"""Traces and recall lists on stores of two sizes beside bare index probes, every answer compared with what the generator knows.

    python -m benchmarks.trace [--edges 1000000] [--small 100000] [--only sqlite|postgresql] [--stores FOLDER [--spend]]

A generated genealogy is loaded into the hub's own tables, in two sizes, both open at once. Measured is the whole `walk`: from a key to all
nodes with their keys and depths and all edges with quantities and documents, as Python values. Beside it, in the same turn, stand

    one probe   one probe of the index of edges for each node of the answer: the ids are known and ascending, one statement asks for all,
                and the edges that it finds come as Python values with all that a trace tells of them. A probe that only counted would be
                no measure of an answer that is handed over; the keys of the nodes, which a walk has to look up as well, are left out
    two probes  the same in no order, and the second index too: the node's key by its id
    empty       a statement that asks for nothing

Bounds: an answer of 1,000 nodes and more costs at most twice its one probe a node; one of 10 nodes at most twice an empty statement and its
probes; an answer in the large store costs at most 1.3 times what it costs in the small one, a node, where starts of the same size are
measured in pairs, turn by turn; a recall list by the closure at most 5 ms.

Times are of the processor, of this process and of the server process that works for it, where the kernel tells them: on a quiet machine
they are what a clock shows, and on a busy one they stay near what the work costs. Of its turns each start counts with the least, for all
that is measured alike, since what else runs on the machine only adds; figures are medians over starts. After that, documents are
applied late, corrected and removed (`amend_genealogy`), and the list by the closure is compared with the walk and with the truth for
every start. Exit code 1 where a bound is missed.

`--stores` keeps the loaded stores in a folder for the next run. The documents that come later would make others of them: they are left
out, unless with `--spend`, which takes the stores away afterwards.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.amend_genealogy import amend
from benchmarks.generate_genealogy import Genealogy, generate
from benchmarks.load_genealogy import load
from benchmarks.recall_truth import Recalls
from benchmarks.servers import postgresql
from hub.clock import SystemClock
from hub.store import walk as store
from hub.store.database import Database
from hub.store.walk import Direction
from hub.trace import closure
from hub.trace.by_walk import recall_list_by_walk
from hub.trace.walk import walk

CLASSES = {
    "10 nodes": (("serial",), "up", 8, 20, 30),
    "1,000 nodes": (("finished", "intermediate", "raw"), "down", 800, 1300, 12),
    "10,000 nodes": (("raw", "intermediate", "bulk"), "down", 6000, 16000, 5),
}
"""Answers by size: where they begin, which way, how many nodes at least and at most, how many starts."""
ROUNDS = 9
"""Turns of each start, of which the first is not counted."""
CLOSED_BY_HUB = 2_000_000
"""Edges up to which the hub makes the closure from them; beyond, it is written as the generator knows it, and samples are compared."""
PROBED, GROWN, LISTED = 2.0, 1.3, 5.0
"""Bounds: times the probes, times the small store, milliseconds of a recall list."""
_LOADED = "loaded"
"""File that says that a kept store is whole."""
_EDGE = "{far}, {near}, kind, application_id, quantity, unit, since, until"
_PROBES = {
    "postgresql": {
        "one": f"SELECT e.* FROM ascending AS p CROSS JOIN LATERAL (SELECT {_EDGE} FROM edge WHERE {{near}} = p.i OFFSET 0) AS e",
        "two": "SELECT p.i, named.key, e.* FROM probe AS p CROSS JOIN LATERAL (SELECT key FROM node WHERE id = p.i OFFSET 0) AS named "
        f"LEFT JOIN LATERAL (SELECT {_EDGE} FROM edge WHERE {{near}} = p.i OFFSET 0) AS e ON true",
    },
    "sqlite": {
        "one": f"SELECT {_EDGE} FROM ascending AS p CROSS JOIN edge AS e ON e.{{near}} = p.i",
        "two": f"SELECT p.i, named.key, {_EDGE.replace('kind', 'e.kind')} FROM probe AS p CROSS JOIN node AS named ON named.id = p.i "
        "LEFT JOIN edge AS e ON e.{near} = p.i",
    },
}


@dataclass
class Store:
    """One store of one size, with what the generator knows of it."""

    database: Database
    genealogy: Genealogy
    recalls: Recalls
    connection: sa.Connection
    server: int | None = None
    """Process of PostgreSQL that works for the connection."""

    @property
    def edges(self) -> str:
        """How large it is."""
        return f"{len(self.genealogy.src):,} edges"

    def spent(self) -> int:
        """Nanoseconds of the processor for this thread and its server; of a clock, where the kernel does not tell."""
        if self.server is None:
            return time.thread_time_ns()
        try:
            with Path(f"/proc/{self.server}/schedstat").open("rb") as file:
                return time.thread_time_ns() + int(file.read().split()[0])
        except OSError:
            return time.perf_counter_ns()

    def timed(self, call: Callable[[], Any]) -> float:
        """Milliseconds."""
        begun = self.spent()
        call()
        return (self.spent() - begun) / 1e6


@dataclass
class Bounds:
    """What was measured against what it may be."""

    missed: int = 0
    lines: list[str] = field(default_factory=list)

    def hold(self, what: str, figure: float, most: float) -> None:
        """Note a figure that may be so much at most."""
        self.missed += figure > most
        self.lines.append(f"{'held  ' if figure <= most else 'MISSED'} {figure:6.2f} of {most:.1f}  {what}")


@contextmanager
def opened(kind: str, genealogy: Genealogy, recalls: Recalls, kept: Path | None) -> Iterator[Store]:
    """A store of a kind with this genealogy in it: new, or kept in a folder, where it is loaded once."""
    with ExitStack() as stack:
        if kept is None:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="udihub-bench-")))
        else:
            home = kept / f"{kind}-{len(genealogy.src)}"
            if not (home / _LOADED).exists():
                shutil.rmtree(home, ignore_errors=True)
                home.mkdir(parents=True)
        server = home if kept is not None else None
        url = stack.enter_context(postgresql(server)) if kind == "postgresql" else f"sqlite:///{home / 'trace.db'}"
        database = Database.open(url, home, SystemClock())
        stack.callback(database.close)
        database.migrate()
        begun = time.perf_counter()
        by_hub = len(genealogy.src) <= CLOSED_BY_HUB
        if not (home / _LOADED).exists():
            load(database, genealogy, None if by_hub else recalls)
            (home / _LOADED).touch()
        took, how = time.perf_counter() - begun, "made by the hub" if by_hub else "written as the generator knows it"
        print(
            f"{kind}: {len(genealogy.src):,} edges, {len(genealogy.kinds) - 1:,} nodes loaded in {took:.0f} s, {_size(database):.2f} GB; "
            f"closure {how}",
            flush=True,
        )
        with database._writer.connect() as connection:
            server = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() if kind == "postgresql" else None
            connection.rollback()
            yield Store(database, genealogy, recalls, connection, server)


def _size(database: Database) -> float:
    """Gigabytes of the store."""
    with database.read() as connection:
        if database.is_postgresql:
            size = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        else:
            size = Path(database.url.database or "").stat().st_size
    return float(size) / 1e9


def starts(genealogy: Genealogy, name: str, most: int | None = None) -> list[tuple[int, list[int]]]:
    """Nodes whose answer is of a class, with that answer, smallest first."""
    names, direction, least, largest, count = CLASSES[name]
    pool = [int(node) for chosen in names for node in genealogy.starts[chosen]]
    random.Random(1).shuffle(pool)
    found: list[tuple[int, list[int]]] = []
    for node in pool:
        reached = genealogy.reached(node, direction == "up").tolist()
        if least <= len(reached) <= largest:
            found.append((node, reached))
            if len(found) == (most or count):
                break
    return sorted(found, key=lambda one: len(one[1]))


def pairs(small: Store, large: Store, name: str) -> list[tuple[tuple[int, list[int]], tuple[int, list[int]]]]:
    """Starts of the small store, each with that of the large one whose answer is nearest to it in size."""
    count = CLASSES[name][4]
    others = starts(large.genealogy, name, 6 * count)
    found = []
    for one in starts(small.genealogy, name):
        other = min(others, key=lambda other: abs(len(other[1]) - len(one[1])), default=None)
        if other is not None:
            others.remove(other)
            found.append((one, other))
    return found


@dataclass
class Turn:
    """Milliseconds of one turn on one store."""

    nodes: int
    walk: float
    one: float
    two: float
    empty: float


def least(turns: Sequence[Turn]) -> Turn:
    """The least of each."""
    return Turn(turns[0].nodes, *(min(getattr(turn, what) for turn in turns) for what in ("walk", "one", "two", "empty")))


class Asked:
    """A start in a store with its true answer, ready to be asked again and again."""

    def __init__(self, store_: Store, name: str, start: int, true: Sequence[int]) -> None:
        self._store, self._key, self._nodes = store_, store_.genealogy.key(start), len(true)
        self._direction: Direction = "up" if CLASSES[name][1] == "up" else "down"
        near, far = ("dst", "src") if self._direction == "up" else ("src", "dst")
        texts = _PROBES["postgresql" if store_.server else "sqlite"]
        self._one, self._two = (texts[which].format(near=near, far=far) for which in ("one", "two"))
        self._ids = {"ascending": sorted(true), "probe": random.Random(start).sample(list(true), len(true))}
        found = walk(store_.connection, self._key, self._direction)
        if found is None or found.keys != {node: store_.genealogy.key(node) for node in true}:
            raise SystemExit(f"{self._key}: the answer is not what the generator knows: the measurement is void")

    def prepare(self) -> None:
        """Put the ids where the probes find them."""
        connection = self._store.connection
        for table, ids in self._ids.items():
            connection.exec_driver_sql(f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} (i bigint)")
            connection.exec_driver_sql(f"DELETE FROM {table}")
            connection.execute(sa.text(f"INSERT INTO {table} VALUES (:i)"), [{"i": node} for node in ids])
            if self._store.server:
                connection.exec_driver_sql(f"ANALYZE {table}")

    def turn(self, number: int) -> Turn:
        """One of each, each turn another one first: who comes first finds the processor's caches cold and warms them for the others."""
        connection = self._store.connection
        calls: list[Callable[[], Any]] = [
            lambda: walk(connection, self._key, self._direction),
            lambda: store._fetch(connection, self._one, {}),
            lambda: store._fetch(connection, self._two, {}),
            lambda: store._fetch(connection, "SELECT 1", {}),
        ]
        took = [0.0] * len(calls)
        for place in range(len(calls)):
            at = (place + number) % len(calls)
            took[at] = self._store.timed(calls[at])
        return Turn(self._nodes, *took)


def traces(kind: str, small: Store, large: Store, bounds: Bounds) -> None:
    """Every class of answers on both sizes, turn by turn."""
    for name in CLASSES:
        chosen = pairs(small, large, name)
        if not chosen:
            print(f"{kind} {name}: no answer of this size among {small.edges}")
            continue
        turns: list[tuple[Turn, Turn]] = []
        with small.connection.begin(), large.connection.begin():
            for one, other in chosen:
                asked = Asked(small, name, *one), Asked(large, name, *other)
                for ready in asked:
                    ready.prepare()
                taken_in_turns = [(asked[0].turn(turn), asked[1].turn(turn)) for turn in range(ROUNDS)][1:]
                turns.append((least([first for first, _ in taken_in_turns]), least([second for _, second in taken_in_turns])))
        for store_, taken in zip((small, large), zip(*turns, strict=True), strict=True):
            _show(kind, name, store_, taken, bounds)
        grown = statistics.median((b.walk / b.nodes) / (a.walk / a.nodes) for a, b in turns)
        bounds.hold(f"{kind} {name}: a node in {large.edges} to a node in {small.edges}", grown, GROWN)


def _show(kind: str, name: str, store_: Store, turns: Sequence[Turn], bounds: Bounds) -> None:
    nodes, walked, one, two, empty = (
        statistics.median(getattr(turn, what) for turn in turns) for what in ("nodes", "walk", "one", "two", "empty")
    )
    few = nodes < 100
    to_one = statistics.median(turn.walk / (turn.one + (turn.empty if few else 0)) for turn in turns)
    print(
        f"{kind:10} {store_.edges:>17} {name:12} {nodes:7,.0f} nodes {walked:8.3f} ms {walked / nodes * 1000:6.2f} us/node   "
        f"one probe {one:8.3f} ms (walk {walked / one:4.2f})   two probes {two:8.3f} ms (walk {walked / two:4.2f})   empty {empty:.3f} ms",
        flush=True,
    )
    bounds.hold(f"{kind} {name} in {store_.edges} to {'an empty statement and ' if few else ''}one probe a node", to_one, PROBED)


def lists(kind: str, store_: Store, bounds: Bounds) -> None:
    """Recall lists by the closure, compared with the truth."""
    for name in ("finished", "raw", "bulk"):
        every = store_.genealogy.starts[name].tolist()
        times, sizes = [], []
        with store_.connection.begin():
            for start in every[:: max(1, len(every) // 10)][:10]:
                kept = closure.recall_list(store_.connection, [start])
                if kept != store_.recalls.list_of(start):
                    raise SystemExit(f"{store_.genealogy.key(start)}: the recall list is not what the generator knows")
                times.append(min(store_.timed(lambda: closure.recall_list(store_.connection, [start])) for _ in range(ROUNDS)))  # noqa: B023
                sizes.append(len(kept))
        print(
            f"{kind:10} {store_.edges:>17} recall list of a {name} lot: {statistics.median(sizes):,.0f} lines, "
            f"{statistics.median(times):.2f} ms; the longest {max(sizes):,} lines, {max(times):.2f} ms",
            flush=True,
        )
        bounds.hold(f"{kind} recall list of a {name} lot in {store_.edges}, ms", statistics.median(times), LISTED)


def late_corrected_removed(kind: str, store_: Store) -> None:
    """Apply documents after the load, and compare every start with the walk and with the truth."""
    genealogy = store_.genealogy
    others = [
        int(node)
        for name in ("raw", "intermediate", "finished", "bulk")
        for node in genealogy.starts[name][:: max(1, len(genealogy.starts[name]) // 8)][:8]
    ]
    for name, amended in amend(store_.database, genealogy):
        now = amended.now()
        true = Recalls(now)
        tried = walked = 0
        with store_.database.read() as connection:
            for start in sorted({*amended.lots, *others}):
                kept, known = closure.recall_list(connection, [start]), true.list_of(start)
                if kept != known:
                    raise SystemExit(f"{now.key(start)}: after {name} documents the recall list is not what the generator knows")
                tried += 1
                if len(now.reached(start)) < 20_000:
                    walked += 1
                    if recall_list_by_walk(connection, [start]) != known:
                        raise SystemExit(f"{now.key(start)}: after {name} documents the walk is not what the generator knows")
        print(
            f"{kind:10} {store_.edges:>17} after {name} documents: {tried} recall lists equal the truth, {walked} of them the walk",
            flush=True,
        )


def main() -> int:
    """Measure, print, and say what held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--stores", type=Path, help="a folder in which the loaded stores are kept for the next run")
    parser.add_argument("--spend", action="store_true", help="apply the documents that come later to kept stores, and take these away")
    arguments = parser.parse_args()
    kept: Path | None = arguments.stores
    few, many = generate(arguments.small), generate(arguments.edges)
    known = Recalls(few), Recalls(many)
    gc.collect()
    gc.freeze()  # what the generator knows is no part of a hub's memory
    bounds = Bounds()
    for kind in ("sqlite", "postgresql"):
        if arguments.only in (None, kind):
            with opened(kind, few, known[0], kept) as small, opened(kind, many, known[1], kept) as large:
                traces(kind, small, large, bounds)
                lists(kind, large, bounds)
                if kept is None or arguments.spend:
                    late_corrected_removed(kind, large)
            if kept is not None and arguments.spend:
                shutil.rmtree(kept / f"{kind}-{len(many.src)}")
    print(f"load average {', '.join(f'{load:.1f}' for load in os.getloadavg())}\n" + "\n".join(bounds.lines))
    return min(1, bounds.missed)


if __name__ == "__main__":
    sys.exit(main())

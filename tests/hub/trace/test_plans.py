"""No statement of a trace or recall list reads a whole table, whatever the key, as of any time, for whomever."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks.generate_genealogy import Genealogy, generate
from benchmarks.load_genealogy import load
from data_contracts.errors import NotFoundError
from hub.store import region, walk
from hub.store.database import Database
from hub.store.tables import stale
from hub.trace import closure, gaps
from hub.trace.genealogy import Filter, follow, trace

EDGES = 40_000
"""From here on a scan of the edges costs any planner more than all that a trace looks up."""


@pytest.fixture(scope="module")
def made() -> Genealogy:
    return generate(EDGES)


@contextmanager
def asked(connection: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that runs meanwhile, by SQLAlchemy or straight by the driver."""
    seen: list[tuple[str, Any]] = []
    fetch: Callable[..., Any] = walk._fetch

    def watched(on: sa.Connection, statement: str, parameters: Any) -> Any:
        seen.append((statement, parameters))
        return fetch(on, statement, parameters)

    def executed(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        seen.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", executed)
    with monkeypatch.context() as patched:
        patched.setattr(walk, "_fetch", watched)
        yield seen
    sa.event.remove(connection, "before_cursor_execute", executed)


def plan(connection: sa.Connection, statement: str, parameters: Any) -> str:
    """How the database would answer, with what forbids scans of ranges left off: nothing may need it on tables of this size."""
    explain = "EXPLAIN " if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    driver: Any = connection.connection.driver_connection
    return "\n".join(str(row[-1]) for row in driver.execute(explain + statement, parameters).fetchall())


@pytest.mark.slow
def test_nothing_is_read_whole(database: Database, made: Genealogy, monkeypatch: pytest.MonkeyPatch) -> None:
    load(database, made)
    with database.begin("test") as uow:
        columns = "src, dst, kind, application_id, quantity, unit"
        uow.connection.exec_driver_sql(f"INSERT INTO edge_withdrawn ({columns}, stood_at, fell_at) SELECT {columns}, 1, 2 FROM edge")
        for _ in range(4):  # so few lots were shipped that their whole lists cost less to read than two places of an index
            further = "lot + (SELECT max(lot) FROM lot_page), first, last, held, shipments, lines"
            uow.connection.exec_driver_sql(f"INSERT INTO lot_page SELECT {further} FROM lot_page")
        waiting = [{"kind": "order", "key": f"{number}", "organisation_id": 1, "marked": 1} for number in range(5_000)]
        uow.connection.execute(sa.insert(stale), waiting)  # of what waits for reconciling nothing is the closure's
        uow.connection.exec_driver_sql("ANALYZE")
    day = datetime(2023, 11, 16, tzinfo=UTC)
    raw, finished, serial = (made.key(int(made.starts[name][0])) for name in ("raw", "finished", "serial"))
    shipment = made.key(int(made.starts["delivery"][0]))
    number = serial.rpartition("|")[2]
    scanned = f"(01){finished[4:18]}(10){finished.rpartition('|')[2]}"
    with database.read() as connection, asked(connection, monkeypatch) as seen:
        for key in (raw, finished, shipment, serial, number, scanned):
            for direction in ("up", "down"):
                trace(connection, key, direction)
        with pytest.raises(NotFoundError):
            trace(connection, "D0")
        for key in (raw, serial, number):
            for scope in (None, Filter(partner_id=1, organisations=(1,))):
                trace(connection, key, "both", as_of=day, known_at=datetime.now(UTC), scope=scope)
        found = follow(connection, raw, "down")
        gaps.find(connection, found.keys())
        closure.recall_list(connection, [int(made.starts["bulk"][0]), int(made.starts["raw"][-1])])
        closure.made_of(connection, [int(made.starts["bulk"][0])])
        region.region(connection, made.starts["finished"].tolist(), "up", through=True)
        region.region(connection, made.starts["finished"].tolist(), "down", through=True)
    assert len({statement for statement, _ in seen}) > 20
    with database.read() as connection:
        for statement, parameters in seen:
            if "set_config" in statement:
                continue
            shown = plan(connection, statement, parameters)
            for table in ("edge", "node", "application", "edge_withdrawn", "lot_closure", "lot_page", "stale"):
                assert f"Seq Scan on {table}" not in shown, f"{statement}\n{shown}"
            tables = "edge|e|node|named|application|a|edge_withdrawn|lot_closure|c|lot_page|n|l|p|stale"
            assert not re.search(rf"^SCAN ({tables})\b", shown, re.M), f"{statement}\n{shown}"


def test_the_generator_knows_what_a_trace_finds(database: Database, made: Genealogy) -> None:
    load(database, made)
    with database.read() as connection:
        for name, starts in made.starts.items():
            for start in {int(starts[0]), int(starts[len(starts) // 2]), int(starts[-1])}:
                for direction in ("up", "down"):
                    found = follow(connection, made.key(start), direction, None)
                    true = made.reached(start, direction == "up").tolist()
                    assert found.keys() == {node: made.key(node) for node in true}, f"{name} {start} {direction}"
        for start in made.starts["raw"].tolist()[:5]:
            kept = closure.recall_list(connection, [start])
            assert {row.shipment for row in kept} == set(made.shipments(start)) and kept

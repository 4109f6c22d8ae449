"""Databases that are stopped, away when a run begins, started again unnoticed, too slow, and that hang up in the middle of a page: of their
views all rows arrive, once.

`make prove-meddled` does it with ten thousand rows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.registry import transport_named
from connectors.spec import Polling
from data_contracts.errors import RetriableError
from hub import pipeline, worker
from hub.clock import FrozenClock
from hub.polling import polled
from hub.runtime import Hub
from hub.settings import Settings
from hub.store.inbox import Landing
from tests.hub.test_meddled import MOMENT, PAGE, RECORDS, items, site_of
from tests.mariadb import MariaDBServer, running_mariadb
from tests.peers.meddler import TIMEOUT
from tests.postgres import PostgresServer, running_server

pytestmark = pytest.mark.slow


class OnPostgres:
    """A database of PostgreSQL, and what it says."""

    lock = "LOCK TABLE things IN ACCESS EXCLUSIVE MODE"
    too_slow, hung_up = "statement timeout", "terminating connection"

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self.address = server.address.set(database="postgres").render_as_string(hide_password=False)

    def hang_up(self) -> None:
        self.server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")


class OnMariaDB:
    """The same of MariaDB."""

    lock = "LOCK TABLES things WRITE"
    too_slow, hung_up = "max_statement_time", "Lost connection"

    def __init__(self, server: MariaDBServer) -> None:
        self.server = server
        server.execute("CREATE DATABASE erp", "CREATE USER reader", "GRANT ALL ON erp.* TO reader")
        self.address = server.url("erp")

    def hang_up(self) -> None:
        with self.server.engine().connect() as connection:
            waiting = "SELECT id FROM information_schema.processlist WHERE state LIKE 'Waiting for table metadata lock'"
            for row in connection.exec_driver_sql(waiting.replace("%", "%%")).all():
                connection.exec_driver_sql(f"KILL {row.id}")


@pytest.fixture(scope="module", params=["by_postgres", "by_mariadb"])
def peer(request: pytest.FixtureRequest) -> Iterator[OnPostgres | OnMariaDB]:
    """A server that may be stopped."""
    if request.param == "by_postgres":
        with running_server(own=True) as postgres:
            yield OnPostgres(postgres)
    else:
        with running_mariadb() as mariadb:
            yield OnMariaDB(mariadb)


def test_all_rows_of_a_troubled_database_arrive_once(
    database_url: str, tmp_path: Path, clock: FrozenClock, peer: OnPostgres | OnMariaDB
) -> None:
    engine = sa.create_engine(peer.address, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS things"))
        connection.execute(sa.text("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, changed TIMESTAMP)"))
        rows = [
            {"id": number, "name": MOMENT % (6, number % 60, 0), "changed": f"2026-11-22 06:{number % 60:02}:00"}
            for number in range(1, RECORDS + 1)
        ]
        connection.execute(sa.text("INSERT INTO things VALUES (:id, :name, :changed)"), rows)
    delta = {"kind": "stamp", "field": "changed", "id": "id"}
    transport = {"use": "sql", "database": peer.address, "view": "things", "columns": ["id", "name", "changed"], "delta": delta}
    transport |= {"page": PAGE, "timeout_seconds": TIMEOUT}
    hub = Hub.open(Settings(tmp_path / "home", site_of(tmp_path / "site", transport, "rows[]"), database_url, "en", 10**8, clock))
    flow, asked = hub.site.flows["items"], transport_named("sql")
    assert isinstance(asked, Polling)

    def pages() -> Iterator[Landing]:
        return (landing for landing in polled(hub, flow, asked, pipeline.land, asked.pages) if landing is not None)

    def stopped(rest: Iterator[Landing]) -> None:
        peer.server.stop()
        for _ in range(2):  # within a run, and at the beginning of one
            with pytest.raises(RetriableError):
                list(rest)
            rest = pages()
        peer.server.start()

    def started_again(rest: Iterator[Landing]) -> None:
        peer.server.stop()
        peer.server.start()
        assert next(rest).outcome == "new"

    def slow(rest: Iterator[Landing]) -> None:
        with engine.begin() as connection:
            connection.execute(sa.text(peer.lock))
            with pytest.raises(RetriableError, match=peer.too_slow):
                next(rest)

    def hung_up_on(rest: Iterator[Landing]) -> None:
        with engine.begin() as connection, ThreadPoolExecutor(1) as pool:
            connection.execute(sa.text(peer.lock))
            asking = pool.submit(next, rest)
            while not asking.done():
                peer.hang_up()
                time.sleep(0.01)
            with pytest.raises(RetriableError, match=peer.hung_up):
                asking.result()

    for trouble in (stopped, started_again, slow, hung_up_on) * max(1, RECORDS // 2000):
        rest = pages()
        assert next(rest).outcome == "new", "each run gets on"
        trouble(rest)
    list(pages())
    worker.drain(hub)
    assert sorted(items(hub)) == sorted(f"item/{number}" for number in range(1, RECORDS + 1))
    hub.database.close()
    engine.dispose()

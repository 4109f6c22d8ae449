"""A person resumes a flow while a worker is at work: nothing that came is left waiting for a stop that is over, on either database."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from hub import stopping, worker
from hub.runtime import Hub
from hub.store import claims, stops, tables
from hub.store.unit_of_work import UnitOfWork
from tests.hub.conftest import take
from tests.hub_api.papers import ACME, despatch, interchange

_WAITS_FOR_A_LOCK = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def together(hub: Hub, first: Callable[[UnitOfWork], None], by: str, second: Callable[[], object]) -> None:
    """`first` in a transaction that commits once `second`, on a connection of its own, waits for it or has come to its end."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            second()
        except BaseException as error:  # told below, in the thread of the test
            failed.append(error)

    thread = threading.Thread(target=run)
    with hub.database.begin(by) as uow:
        first(uow)
        thread.start()
        while hub.database.is_postgresql and thread.is_alive():
            with hub.database.read() as connection:
                if connection.exec_driver_sql(_WAITS_FOR_A_LOCK).scalar_one():
                    break
            thread.join(0.05)
    thread.join(60)
    assert not thread.is_alive() and not failed, failed


def states(hub: Hub) -> list[str]:
    with hub.database.read() as connection:
        return list(connection.execute(sa.select(tables.document.c.state).order_by(tables.document.c.id)).scalars())


def land(hub: Hub, *numbers: int) -> list[int]:
    return [take(hub, interchange(ACME, one, despatch(f"SHP{one}")), "acme", process=False).document_id for one in numbers]


def order_of(hub: Hub) -> list[int]:
    with hub.database.read() as connection:
        return list(connection.execute(sa.select(tables.exchange.c.document_id).order_by(tables.exchange.c.id)).scalars())


@pytest.fixture
def stopped(hub: Hub) -> Hub:
    stopping.stop(hub, "acme_in", "Ann", "they test today")
    return hub


def test_a_worker_that_saw_the_stop_finds_it_over(stopped: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker has read that the flow is stopped; before it writes, a person has begun to resume it."""
    documents = land(stopped, 1)
    worker.drain(stopped)
    documents += land(stopped, 2, 3)
    (second, third) = claims.claim_these(stopped.database, documents[1:], 300)
    seen = threading.Event()
    known = stops.open_stops

    def looked(connection: sa.Connection) -> dict[str, int]:
        found = known(connection)
        seen.set()
        return found

    def resume(uow: UnitOfWork) -> None:
        assert stops.resume(uow, "acme_in", "their test is over") == 1
        monkeypatch.setattr(stops, "open_stops", looked)

    together(stopped, resume, "Ann", lambda: worker.process(stopped, [second, third]))
    assert seen.is_set(), "the worker did look"
    worker.drain(stopped)
    assert states(stopped) == ["processed"] * 3
    if stopped.database.is_postgresql:  # SQLite's worker has its turn behind the person's and finds no stop at all
        assert order_of(stopped) == documents, "what waited goes first"


def test_a_person_resumes_while_a_worker_puts_more_there(stopped: Hub) -> None:
    documents = land(stopped, 1, 2)
    (claim, _) = claims.claim_these(stopped.database, documents, 300)
    with stopped.database.read() as connection:
        organisation = connection.execute(sa.select(tables.document.c.organisation_id)).scalars().first()
        (number,) = stops.open_stops(connection).values()
    freed: list[int] = []

    def keep(uow: UnitOfWork) -> None:
        assert stops.hold(uow.connection, [number]) == {number}
        stops.keep_waiting(uow, claim, number, int(organisation or 0))

    together(stopped, keep, "worker", lambda: freed.append(stopping.resume(stopped, "acme_in", "Ann", "seen")))
    assert freed == [1], "what the worker put there is freed too"
    assert states(stopped) == ["received", "received"]

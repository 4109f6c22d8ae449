from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub.clock import FrozenClock
from hub.store import blobs, outbox
from hub.store.database import Database
from hub.store.tables import audit
from hub.store.tables import outbox as rows

FOLDER = {"use": "folder", "folder": "out"}
MANY = 2_000
"""Parcels that wait, in a lane and alone."""


def put(database: Database, stable_id: str, partner_id: int = 2, content: bytes = b"ISA", route: Mapping[str, Any] = FOLDER) -> int:
    with database.begin("pipeline") as uow:
        sha256, _ = blobs.keep(uow.connection, uow.home, content)
        return outbox.put(uow, outbox.Parcel(stable_id, 1, partner_id, "document", route, "a.edi", "application/edi-x12", sha256))


def fail(database: Database, parcel: outbox.Parcel, attempts: int = outbox.ATTEMPTS) -> str:
    with database.begin("sender") as uow:
        return outbox.failed(uow, parcel, "connection refused", attempts)


def send(database: Database, parcel: outbox.Parcel) -> None:
    with database.begin("sender") as uow:
        outbox.sent(uow, parcel, "250 taken")


def state(database: Database, number: int) -> str:
    with database.read() as connection:
        return str(connection.execute(sa.select(rows.c.state).where(rows.c.id == number)).scalar_one())


def test_a_parcel_goes_out_once(house: Database, clock: FrozenClock) -> None:
    number = put(house, "a/1")
    (parcel,) = outbox.claim(house, 10, 60)
    assert (parcel.id, parcel.stable_id, parcel.route, parcel.fence, parcel.attempts) == (number, "a/1", FOLDER, 1, 0)
    assert outbox.claim(house, 10, 60) == []
    send(house, parcel)
    clock.advance(10_000)
    assert outbox.claim(house, 10, 60) == []
    with house.read() as connection:
        assert connection.execute(sa.select(rows.c.state, rows.c.answer, rows.c.attempts)).one() == ("sent", "250 taken", 1)


def test_the_same_stable_id_is_the_same_parcel(house: Database) -> None:
    assert put(house, "a/1") == put(house, "a/1")
    with pytest.raises(ConflictError, match="a/1"):
        put(house, "a/1", content=b"other")
    assert len(outbox.claim(house, 10, 60)) == 1


def test_partners_get_their_parcels_in_order(house: Database) -> None:
    for number in range(6):
        put(house, f"p/{number}", partner_id=2 + number % 2)
    seen: dict[int, list[str]] = {2: [], 3: []}
    while parcels := outbox.claim(house, 10, 60):
        assert len({parcel.partner_id for parcel in parcels}) == len(parcels)
        for parcel in parcels:
            seen[parcel.partner_id].append(parcel.stable_id)
            send(house, parcel)
    assert seen == {2: ["p/0", "p/2", "p/4"], 3: ["p/1", "p/3", "p/5"]}


def test_a_failure_holds_the_later_ones_of_its_partner_only(house: Database, clock: FrozenClock) -> None:
    put(house, "first", 2)
    put(house, "second", 2)
    put(house, "other", 3)
    parcels = {parcel.partner_id: parcel for parcel in outbox.claim(house, 10, 60)}
    assert fail(house, parcels[2]) == "waiting"
    send(house, parcels[3])
    assert outbox.claim(house, 10, 60) == []
    clock.advance(outbox.wait("first", 1))
    (again,) = outbox.claim(house, 10, 60)
    assert (again.stable_id, again.attempts) == ("first", 1)
    send(house, again)
    assert [parcel.stable_id for parcel in outbox.claim(house, 10, 60)] == ["second"]


def test_attempts_come_further_and_further_apart_until_the_parcel_is_dead(house: Database, clock: FrozenClock) -> None:
    number = put(house, "a/1")
    put(house, "a/2")
    waits = []
    for attempt in range(1, outbox.ATTEMPTS + 1):
        (parcel,) = outbox.claim(house, 10, 60)
        assert parcel.stable_id == "a/1"
        assert fail(house, parcel) == ("dead" if attempt == outbox.ATTEMPTS else "waiting")
        waits.append(outbox.wait("a/1", attempt))
        clock.advance(waits[-1] - 0.001)
        if attempt < outbox.ATTEMPTS:
            assert outbox.claim(house, 10, 60) == []
        clock.advance(0.001)
    assert state(house, number) == "dead"
    assert all(later > earlier for earlier, later in pairwise(waits[:9]))
    assert max(waits) <= outbox.LONGEST_WAIT
    assert [parcel.stable_id for parcel in outbox.claim(house, 10, 60)] == ["a/2"], "a dead parcel holds nobody up"
    with house.read() as connection:
        actions = connection.execute(sa.select(audit.c.action).order_by(audit.c.sequence)).scalars().all()
        assert actions == ["outbox.failed"] * (outbox.ATTEMPTS - 1) + ["outbox.died"]


def test_the_spread_of_waits_is_the_parcels_own_and_always_the_same() -> None:
    waits = {outbox.wait(f"p/{number}", 3) for number in range(50)}
    assert len(waits) == 50
    assert all(30 <= seconds <= 40 for seconds in waits)
    assert outbox.wait("p/1", 3) == outbox.wait("p/1", 3)
    assert outbox.wait("p/1", 10**6) <= outbox.LONGEST_WAIT


def test_a_hopeless_parcel_is_dead_at_once(house: Database) -> None:
    number = put(house, "a/1")
    (parcel,) = outbox.claim(house, 10, 60)
    assert fail(house, parcel, attempts=0) == "dead"
    assert state(house, number) == "dead"


def test_a_sender_that_died_is_fenced_out(house: Database, clock: FrozenClock) -> None:
    put(house, "a/1")
    (dead,) = outbox.claim(house, 10, 60)
    clock.advance(60)
    (heir,) = outbox.claim(house, 10, 60)
    assert (heir.id, heir.stable_id, heir.fence) == (dead.id, "a/1", dead.fence + 1)
    for late in (send, fail):
        with pytest.raises(ConflictError, match="another sender"):
            late(house, dead)
    send(house, heir)
    assert state(house, heir.id) == "sent"


def test_a_response_is_held_until_the_partner_fetches_it(house: Database) -> None:
    number = put(house, "ack/1", route={"use": "response"})
    assert state(house, number) == "held"
    assert outbox.claim(house, 10, 60) == []
    for _ in range(2):
        with house.begin("partner") as uow:
            outbox.fetched(uow, number)
    assert state(house, number) == "sent"
    with pytest.raises(ConflictError), house.begin("engineer") as uow:
        outbox.again(uow, number)


def test_a_held_response_does_not_hold_up_documents(house: Database) -> None:
    put(house, "ack/1", route={"use": "response"})
    put(house, "a/1")
    assert [parcel.stable_id for parcel in outbox.claim(house, 10, 60)] == ["a/1"]


def test_a_person_sends_again_under_the_same_id(house: Database) -> None:
    number = put(house, "a/1")
    (parcel,) = outbox.claim(house, 10, 60)
    fail(house, parcel, attempts=0)
    with house.begin("engineer") as uow:
        outbox.again(uow, number)
    (again,) = outbox.claim(house, 10, 60)
    assert (again.stable_id, again.attempts, again.sha256) == ("a/1", 0, parcel.sha256)
    with pytest.raises(NotFoundError), house.begin("engineer") as uow:
        outbox.again(uow, 999)


def test_many_senders_share_without_overlap_and_keep_the_order(house: Database) -> None:
    for number in range(20):
        put(house, f"p/{number:02}", partner_id=1 + number % 3)
    log: list[tuple[int, str]] = []

    def work(_: int) -> None:
        idle = 0
        while idle < 3:
            parcels = outbox.claim(house, 2, 60)
            idle = 0 if parcels else idle + 1
            for parcel in parcels:
                log.append((parcel.partner_id, parcel.stable_id))
                send(house, parcel)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    for partner_id in (1, 2, 3):
        mine = [stable_id for number, stable_id in log if number == partner_id]
        assert mine == [f"p/{number:02}" for number in range(20) if 1 + number % 3 == partner_id]


def test_whose_turn_it_is_need_not_be_looked_for(house: Database) -> None:
    """However much waits behind a parcel whose time has not come, or alone for its time, a claim passes over none of it."""
    with house.begin("pipeline") as uow:
        sha256, _ = blobs.keep(uow.connection, uow.home, b"ISA")
        first = outbox.Parcel("o/0", 1, 2, "document", FOLDER, "a.edi", "application/edi-x12", sha256)
        numbers = outbox.put_many(uow, [replace(first, stable_id=f"o/{number}") for number in range(MANY)])
        alone = outbox.put_many(uow, [replace(first, stable_id=f"a/{number}", ordered=False) for number in range(MANY)])
        outbox.put(uow, replace(first, stable_id="other", partner_id=3))
        later = sa.or_(rows.c.id == numbers[0], rows.c.id >= alone[0]) & (rows.c.partner_id == 2)
        uow.connection.execute(sa.update(rows).where(later).values(next_at=uow.now + 10**9))
        uow.connection.exec_driver_sql("ANALYZE")
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        asked.append((statement, parameters))

    sa.event.listen(house._writer, "before_cursor_execute", note)
    assert [parcel.stable_id for parcel in outbox.claim(house, 5, 60)] == ["other"]
    sa.event.remove(house._writer, "before_cursor_execute", note)
    reading = [one for one in asked if one[0].startswith(("SELECT", "WITH"))]
    assert len(reading) > 2
    with house.begin("sender") as uow:
        driver: Any = uow.connection.connection.driver_connection
        for statement, parameters in reading:
            if house.is_postgresql:
                ((shown,),) = driver.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).fetchall()
                nodes = list(_nodes(shown[0]["Plan"]))
                assert not [one for one in nodes if one["Node Type"] == "Seq Scan" and one["Relation Name"] == "outbox"], shown
                assert sum((one["Actual Rows"] + one.get("Rows Removed by Filter", 0)) * one["Actual Loops"] for one in nodes) < 100, shown
            else:
                steps: list[int] = []
                driver.set_progress_handler(lambda steps=steps: steps.append(1), 100)
                driver.execute(statement, parameters).fetchall()
                driver.set_progress_handler(None, 0)
                assert len(steps) < 10, "steps of its machine, in hundreds: fewer than there are parcels"


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)

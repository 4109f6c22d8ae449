"""Trains: many parcels are taken in hand at once, and the promises are those of one by one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from hub import delivery, outbound
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.store import blobs, destinations, outbox, tables, trains
from hub.store.database import Database

LEASE = 60
FOLDER = {"use": "folder", "folder": "out"}


def put(database: Database, *names: str, **changed: Any) -> None:
    with database.begin("pipeline") as uow:
        sha256, _ = blobs.keep(uow.connection, uow.home, b"ISA")
        for name in names:
            parcel = outbox.Parcel(name, 1, 2, "document", FOLDER, name, "text/plain", sha256)
            outbox.put(uow, replace(parcel, **changed))


def train(database: Database, most: int = 100) -> list[str]:
    return [one.stable_id for one in trains.claim(database, most, LEASE)]


def sent(database: Database, parcel: outbox.Parcel) -> bool:
    with database.begin("sender") as uow:
        return outbox.sent(uow, parcel)


def test_a_lane_is_taken_in_hand_in_its_order_and_nobody_else_gets_any_of_it(house: Database, clock: FrozenClock) -> None:
    names = [f"a/{number:02}" for number in range(trains.LONGEST + 3)]
    put(house, *names)
    put(house, "elsewhere", partner_id=3)
    first = trains.claim(house, 100, LEASE)
    assert [one.stable_id for one in first] == names[: trains.LONGEST] and {one.fence for one in first} == {1}
    assert train(house) == ["elsewhere"] and train(house) == [], "what comes behind waits for the whole of it"
    for one in first[:2]:
        assert sent(house, one)
    trains.release(house, first[2:])
    assert train(house, 4) == names[2:6], "given back, it goes on where it stopped"
    clock.advance(LEASE + 1)
    assert train(house) == names[2 : 2 + trains.LONGEST], "a sender that died holds nobody up for longer than its lease"
    trains.release(house, first[2:])  # and what it gives back when it is too late is no longer its own
    assert train(house) == ["elsewhere"]


def test_what_is_not_due_or_another_organisations_or_paced_ends_a_train(house: Database) -> None:
    put(house, "a/1", "a/2")
    put(house, "b/1", organisation_id=2)
    put(house, "a/3")
    one, two = trains.claim(house, 100, LEASE)
    assert (one.stable_id, two.stable_id) == ("a/1", "a/2"), "how a destination fares is known for each organisation"
    trains.release(house, [one, two])
    with house.begin("sender") as uow:
        uow.connection.execute(sa.update(tables.outbox).where(tables.outbox.c.id == two.id).values(next_at=uow.now + 1))
    assert train(house) == ["a/1"]
    put(house, "p/1", "p/2", partner_id=3, pace=60)
    assert train(house) == ["p/1"], "a pace is kept one by one"


def test_parcels_that_go_alone_travel_with_those_for_the_same_destination(house: Database) -> None:
    put(house, "a", "b", ordered=False)
    put(house, "x", ordered=False, route={"use": "folder", "folder": "elsewhere"})
    put(house, "c", ordered=False)
    assert train(house) == ["a", "b", "c"]
    assert train(house) == ["x"] and train(house) == []


def test_where_the_last_attempt_failed_a_parcel_travels_alone(house: Database, clock: FrozenClock) -> None:
    put(house, "a", "b", "c")
    first, *rest = trains.claim(house, 100, LEASE)
    with house.begin("sender") as uow:
        outbox.failed(uow, first, "away")
        destinations.failed(uow, first, "away")
    trains.release(house, rest)
    assert train(house) == [], "the first one's time has not come, and the others wait behind it"
    clock.advance(60)
    (first,) = trains.claim(house, 100, LEASE)
    assert sent(house, first) and train(house) == ["b", "c"]


def test_many_senders_share_lanes_and_keep_their_order(house: Database) -> None:
    for number in range(60):
        put(house, f"p/{number:02}", partner_id=1 + number % 3)
        put(house, f"u/{number:02}", partner_id=1 + number % 3, ordered=False)
    log: list[tuple[int, str]] = []

    def work(_: int) -> None:
        idle = 0
        while idle < 3:
            claimed = trains.claim(house, 7, LEASE)
            idle = 0 if claimed else idle + 1
            for one in claimed:
                log.append((one.partner_id, one.stable_id))
                sent(house, one)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    for partner_id in (1, 2, 3):
        mine = [name for number, name in log if number == partner_id]
        wanted = [f"{{}}/{number:02}" for number in range(60) if 1 + number % 3 == partner_id]
        assert [name for name in mine if name.startswith("p")] == [name.format("p") for name in wanted]
        assert sorted(name for name in mine if name.startswith("u")) == [name.format("u") for name in wanted], "each once"


class Box:
    """A peer that keeps what it took, and may do something else first."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.taken = hub, list[str]()
        self.first: dict[str, Any] = {}

    def send(self, _settings: Any, name: str, _content: bytes, _stable_id: str) -> str:
        act = self.first.pop(name, None)
        if act is not None:
            act()
        self.taken.append(name)
        return "taken"


@pytest.fixture
def box(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    made = Box(hub)
    monkeypatch.setattr(delivery, "transport_named", lambda _: made)
    yield made


def rows(hub: Hub, *columns: str) -> list[Any]:
    with hub.database.read() as connection:
        return list(connection.execute(sa.select(*(tables.outbox.c[name] for name in columns)).order_by(tables.outbox.c.id)))


def fill(hub: Hub, *names: str, **changed: Any) -> None:
    put(hub.database, *names, organisation_id=hub.organisation_id("north"), partner_id=hub.partner_id("acme"), **changed)


def test_that_a_parcel_was_taken_is_durable_before_the_next_one_leaves(hub: Hub, box: Box) -> None:
    names = ["a", "b", "c", "d"]
    seen: list[list[str]] = []
    for name in names:
        box.first[name] = lambda: seen.append([row.state for row in rows(hub, "state")])
    fill(hub, *names)
    assert outbound.send(hub) == 4 and box.taken == names
    assert seen == [["sent"] * place + ["waiting"] * (4 - place) for place in range(4)]
    assert [tuple(row) for row in rows(hub, "state", "fence", "lease_until", "attempts")] == [("sent", 1, None, 1)] * 4


def test_what_stops_in_the_middle_gives_the_others_back(hub: Hub, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(hub, "a", "b", "c")

    def broken() -> None:
        raise OSError("the line is cut")

    box.first["b"] = broken
    assert outbound.send(hub) == 2 and box.taken == ["a"]
    assert [tuple(row) for row in rows(hub, "state", "lease_until")] == [("sent", None), ("waiting", None), ("waiting", None)]
    hub.clock.advance(60)  # type: ignore[attr-defined]
    monkeypatch.setattr(delivery, "_sent", lambda *_: 1 / 0)  # the sender itself dies when b was taken and that is not noted
    with pytest.raises(ZeroDivisionError):
        outbound.send(hub)
    monkeypatch.undo()
    monkeypatch.setattr(delivery, "transport_named", lambda _: box)
    assert outbound.send(hub) == 0, "nobody knows yet what became of b"
    hub.clock.advance(delivery.LEASE_SECONDS)  # type: ignore[attr-defined]
    assert outbound.send(hub) == 2 and box.taken == ["a", "b", "b", "c"], "b is told twice under one id, and nothing overtakes it"


def test_a_pause_that_another_sender_was_asked_for_stops_a_train(hub: Hub, box: Box) -> None:
    fill(hub, "a", "b", "c")

    def busy() -> None:
        with hub.database.begin("sender") as uow:
            (row,) = uow.connection.execute(sa.select(tables.outbox).where(tables.outbox.c.stable_id == "a"))
            destinations.paused(uow, row, 600)

    box.first["a"] = busy
    assert outbound.send(hub) == 1 and box.taken == ["a"]
    assert outbound.send(hub) == 0
    hub.clock.advance(601)  # type: ignore[attr-defined]
    assert outbound.send(hub) == 2 and box.taken == ["a", "b", "c"]


def test_a_slow_peer_has_the_rest_of_a_train_claimed_anew(hub: Hub, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(hub, "a", "b", "c")
    now = [0.0]
    monkeypatch.setattr(delivery.time, "monotonic", lambda: now[0])
    box.first["a"] = lambda: now.__setitem__(0, now[0] + delivery.TRAIN_SECONDS)
    claimed: list[list[str]] = []
    claim = trains.claim

    def claiming(*given: Any) -> list[outbox.Parcel]:
        found = claim(*given)
        claimed.append([parcel.name for parcel in found])
        return found

    monkeypatch.setattr(trains, "claim", claiming)
    assert outbound.send(hub) == 3 and box.taken == ["a", "b", "c"]
    assert claimed[:2] == [["a", "b", "c"], ["b", "c"]], "for their lease had begun with that of the first"
    assert [row.fence for row in rows(hub, "fence")] == [1, 1, 1], "what was given back untried is as if it had never been claimed"

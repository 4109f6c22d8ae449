from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from hub.store.database import Database
from hub.store.envelopes import Registered, Registration, envelope_key, register, register_many
from hub.store.inbox import Delivery, land_many
from hub.store.tables import document, interchange
from hub.store.types import DAY

ONE, TWO = b"1" * 32, b"2" * 32


@pytest.fixture
def documents(house: Database) -> list[int]:
    with house.begin("jiangnan") as uow:
        return [landing.document_id for landing in land_many(uow, [Delivery(1, 2, "http", f"k{n}", b"x") for n in range(60)])]


def envelope(document_id: int, sha256: bytes = ONE, control: str | None = "000000001", **more: Any) -> Registration:
    return Registration(document_id, **{"ordinal": 1, "sender": "ZZ:JN", "receiver": "ZZ:NM", "control": control, "sha256": sha256, **more})


def add(database: Database, registration: Registration) -> Registered:
    with database.begin("worker") as uow:
        return register(uow, registration)


def stored(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        columns = (interchange.c.id, interchange.c.outcome, interchange.c.repeat_of, interchange.c.envelope_key)
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(interchange.c.id))]


def test_the_first_counts_then_repeat_then_conflict(house: Database, documents: list[int]) -> None:
    first = add(house, envelope(documents[0], detail={"groups": [{"type": "SH"}]}))
    repeat = add(house, envelope(documents[1]))
    conflict = add(house, envelope(documents[2], TWO))
    assert [one.outcome for one in (first, repeat, conflict)] == ["accepted", "repeat", "conflict"]
    assert {one.first_interchange_id for one in (first, repeat, conflict)} == {first.interchange_id}
    assert stored(house) == [
        (first.interchange_id, "accepted", None, "ZZ:JN|ZZ:NM|000000001"),
        (repeat.interchange_id, "repeat", first.interchange_id, None),
        (conflict.interchange_id, "conflict", first.interchange_id, None),
    ]


def arrived(database: Database, days: int) -> int:
    """A document that came so many days after the first."""
    with database.begin("jiangnan") as uow:
        uow.now += days * DAY
        return land_many(uow, [Delivery(1, 2, "folder", f"day {days}", b"x")])[0].document_id


def test_a_number_is_free_again_after_its_window_and_counts_once_in_the_next(house: Database, documents: list[int]) -> None:
    with house.read() as connection:
        began = connection.execute(sa.select(document.c.received_at).where(document.c.id == documents[0])).scalar_one()

    def on(day: int, sha256: bytes) -> Registered:
        return add(house, envelope(arrived(house, day), sha256, since=began + (day - 30) * DAY))

    first = add(house, envelope(documents[0]))
    assert (within := on(30, TWO)).outcome == "conflict" and within.first_interchange_id == first.interchange_id
    second = on(31, TWO)
    assert (second.outcome, second.first_interchange_id) == ("accepted", second.interchange_id)
    assert [(one.outcome, one.first_interchange_id) for one in (on(32, TWO), on(60, ONE))] == [
        ("repeat", second.interchange_id),
        ("conflict", second.interchange_id),
    ]
    third = on(62, TWO)
    assert (third.outcome, third.first_interchange_id) == ("accepted", third.interchange_id)
    keys = {number: key for number, outcome, _, key in stored(house) if outcome == "accepted"}
    assert keys == {
        first.interchange_id: "ZZ:JN|ZZ:NM|000000001",
        second.interchange_id: f"ZZ:JN|ZZ:NM|000000001|{first.interchange_id}",
        third.interchange_id: f"ZZ:JN|ZZ:NM|000000001|{second.interchange_id}",
    }


def test_of_two_that_follow_an_old_number_at_once_only_one_counts(house: Database, documents: list[int]) -> None:
    add(house, envelope(documents[0]))
    late = [arrived(house, 400 + number) for number in range(8)]
    with house.read() as connection:
        since = connection.execute(sa.select(document.c.received_at).where(document.c.id == late[0])).scalar_one()
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda number: add(house, envelope(number, TWO, since=since)).outcome, late))
    assert sorted(outcomes) == ["accepted", *["repeat"] * 7]


@pytest.mark.parametrize(("more", "outcome"), [({"refused": True}, "rejected"), ({"test": True}, "test"), ({"counts": False}, "accepted")])
def test_an_envelope_that_does_not_count_leaves_its_number_free(
    house: Database, documents: list[int], more: dict[str, bool], outcome: str
) -> None:
    assert add(house, envelope(documents[0], **more)).outcome == outcome
    assert add(house, envelope(documents[1], TWO)).outcome == "accepted"


def test_formats_without_envelope_never_collide(house: Database, documents: list[int]) -> None:
    for number in documents[:3]:
        assert add(house, envelope(number, control=None, sender=None, receiver=None)).outcome == "accepted"


def test_within_one_batch_the_first_wins(house: Database, documents: list[int]) -> None:
    with house.begin("worker") as uow:
        made = register_many(
            uow,
            [
                envelope(documents[0]),
                envelope(documents[0], ordinal=2),
                envelope(documents[0], TWO, ordinal=3),
                envelope(documents[1], TWO, "000000002"),
            ],
        )
    assert [one.outcome for one in made] == ["accepted", "repeat", "conflict", "accepted"]
    assert made[1].first_interchange_id == made[2].first_interchange_id == made[0].interchange_id


def test_a_document_taken_up_again_finds_its_envelopes(house: Database, documents: list[int]) -> None:
    batch = [envelope(documents[0]), envelope(documents[0], TWO, ordinal=2)]
    with house.begin("worker") as uow:
        first = register_many(uow, batch)
    with house.begin("worker") as uow:
        assert register_many(uow, batch) == first
    assert len(stored(house)) == 2


def test_parts_can_not_be_shifted_into_each_other() -> None:
    assert envelope_key(envelope(1, sender="a|b", receiver="c")) != envelope_key(envelope(1, sender="a", receiver="b|c"))
    assert envelope_key(envelope(1, sender="a%7Cb")) != envelope_key(envelope(1, sender="a|b"))


def test_hostile_parts_are_stored(house: Database, documents: list[int]) -> None:
    assert add(house, envelope(documents[0], control="\x00\ud800", detail={"header": ["\x00"]})).outcome == "accepted"


def test_of_many_at_once_one_counts(house: Database, documents: list[int]) -> None:
    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(lambda n: add(house, envelope(documents[n], ONE if n % 2 else TWO)), range(60)))
    outcomes = [one.outcome for one in made]
    assert outcomes.count("accepted") == 1
    assert (outcomes.count("repeat"), outcomes.count("conflict")) == (29, 30)
    assert len({one.first_interchange_id for one in made}) == 1


def test_batches_with_the_same_numbers_in_other_orders_do_not_wait_for_ever(house: Database, documents: list[int]) -> None:
    def work(number: int) -> list[str]:
        controls = [f"{n:09}" for n in range(20)]
        if number % 2:
            controls.reverse()
        with house.begin("worker") as uow:
            made = register_many(uow, [envelope(documents[number], control=control, ordinal=n) for n, control in enumerate(controls)])
        return [one.outcome for one in made]

    with ThreadPoolExecutor(8) as pool:
        outcomes = [outcome for made in pool.map(work, range(8)) for outcome in made]
    assert outcomes.count("accepted") == 20
    assert outcomes.count("repeat") == 140

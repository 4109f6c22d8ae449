"""What waits, as batches: nothing twice, nothing that somebody has, and the large ones alone."""

from __future__ import annotations

import pytest

from hub.clock import FrozenClock
from hub.store import claims, tables, waiting
from hub.store.bulk import insert
from hub.store.database import Database
from hub.store.inbox import Delivery, land
from hub.store.row_counts import row_counts
from hub.store.types import micros


@pytest.fixture
def landed(database: Database) -> list[int]:
    """Seven documents of two flows; the fourth is large."""
    with database.begin("test") as uow:
        insert(uow.connection, tables.organisation, ("id", "key", "name", "time_zone"), [(1, "suzhou", "Suzhou", "UTC")])
        insert(uow.connection, tables.partner, ("id", "key", "name", "kind"), [(1, "erp", "ERP", "erp")])
        return [
            land(
                uow,
                Delivery(1, 1, "folder", f"k{number}", b"x" * (50 if number == 3 else number), flow="a" if number < 5 else "b"),
            ).document_id
            for number in range(7)
        ]


def batches(database: Database, flow: str | None = "a", size: int = 2, most: int = 9) -> list[list[int]]:
    with database.read() as connection:
        return waiting.batches(connection, micros(database.clock.now()), flow=flow, size=size, large=40, most=most)


def flat(lists: list[list[int]]) -> list[int]:
    return [number for one in lists for number in one]


def test_a_flows_documents_come_in_order_and_large_ones_alone(database: Database, landed: list[int]) -> None:
    one, two, three, large, five, six, seven = landed
    assert batches(database) == [[one, two], [three, five], [large]]
    assert batches(database, "b") == [[six, seven]]
    assert batches(database, None, size=3) == [[one, two, three], [large], [five, six, seven]]


def test_there_are_never_more_batches_than_asked_for(database: Database, landed: list[int]) -> None:
    assert batches(database, most=1) == [landed[:2]]


def test_what_somebody_has_is_left_out_until_the_lease_ends(database: Database, landed: list[int], clock: FrozenClock) -> None:
    claims.claim_these(database, landed[:3], 300)
    assert batches(database) == [[landed[3]], [landed[4]]]
    clock.advance(301)
    assert flat(batches(database)) == [landed[0], landed[1], landed[2], landed[4], landed[3]]


def test_what_is_processed_waits_no_more(database: Database, landed: list[int]) -> None:
    (claim,) = claims.claim_these(database, landed[:1], 300)
    with database.begin("test") as uow:
        claims.finish(uow, claim, "processed")
    assert landed[0] not in flat(batches(database))
    with database.read() as connection:
        assert waiting.still_waiting(connection, landed[:3]) == landed[1:3]
        assert waiting.still_waiting(connection, []) == []


def test_row_counts_name_the_tables_that_hold_something(database: Database, landed: list[int]) -> None:
    with database.read() as connection:
        found = row_counts(connection)
    assert (found["document"], found["organisation"], found["partner"]) == (7, 1, 1)
    assert "exchange" not in found

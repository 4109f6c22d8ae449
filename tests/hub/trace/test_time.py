"""As of a time, as known at a time, and what was in which carton when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.clock import FrozenClock
from hub.store.database import Database
from hub.trace.genealogy import trace
from tests.hub.trace.packing import packing, packing_events
from tests.hub.world import World, at, delivery, production

FG = "06901234000029"
CARTON, PALLET = "sscc:069012340000000025", "sscc:069012340000000032"
A, B = f"lot:{FG}|A", f"lot:{FG}|B"


@pytest.fixture(autouse=True)
def read_as_events() -> Iterator[None]:
    with packing_events():
        yield


def shipped(number: str, day: int, unit: str, lot: str | None = None) -> tuple[str, dict[str, Any]]:
    """A despatch of a carton, with what is in it or without."""
    line = {"line": "1", "gtin": FG if lot else None, "lot": lot, "sscc": unit[5:], "@": 2}
    return "wms", delivery(number, issued_at=at(day), despatched_at=at(day), lines=[line])


def moved(number: str, day: int, status: str, unit: str, **content: Any) -> tuple[str, dict[str, Any]]:
    return "wms", packing(number, status, at(day), unit[5:], **content)


def keys(database: Database, key: str, direction: Any, **more: Any) -> set[str]:
    with database.read() as connection:
        return {node["key"] for node in trace(connection, key, direction, **more)["nodes"]} - {key}


STORY = [
    moved("P1", 2, "packed", CARTON, gtin=FG, lot="A"),
    moved("P2", 3, "packed", PALLET, sscc=CARTON[5:]),
    shipped("D1", 4, PALLET),
    moved("U1", 6, "unpacked", PALLET, sscc=CARTON[5:]),
    moved("U2", 7, "unpacked", CARTON),
    moved("P3", 8, "packed", CARTON, gtin=FG, lot="B"),
    shipped("D2", 9, CARTON),
    shipped("D3", 10, PALLET),
]
"""Lot A goes out on a pallet; later its carton is taken off, emptied and used again for lot B, and the pallet goes out without it."""


@pytest.mark.parametrize("order", [list(range(8)), [7, 6, 5, 4, 3, 2, 1, 0], [4, 2, 0, 6, 1, 7, 3, 5]])
def test_only_what_was_inside_travels_along(database: Database, order: list[int]) -> None:
    world = World(database)
    for place in order:
        world.send(STORY[place])
    assert keys(database, A, "down") >= {"shipment:wms:D1"}
    assert not keys(database, A, "down") & {"shipment:wms:D2", "shipment:wms:D3"}
    assert "shipment:wms:D2" in keys(database, B, "down")
    assert not keys(database, B, "down") & {"shipment:wms:D1", "shipment:wms:D3"}
    assert keys(database, "shipment:wms:D1", "up") == {PALLET, CARTON, A}
    assert keys(database, "shipment:wms:D2", "up") == {CARTON, B}
    assert keys(database, "shipment:wms:D3", "up") == {PALLET}


def test_what_was_in_a_carton_when(database: Database) -> None:
    world = World(database)
    world.send(*STORY)
    assert keys(database, CARTON, "up", as_of=at(5)) == {A}
    assert keys(database, CARTON, "up", as_of=at(7, 12)) == set()
    assert keys(database, CARTON, "up", as_of=at(9)) == {B}
    assert keys(database, CARTON, "up") == {A, B}
    assert keys(database, PALLET, "up", as_of=at(5)) == {CARTON, A}
    assert keys(database, PALLET, "up", as_of=at(11)) == set()
    with database.read() as connection:
        edges = {(edge["from"], edge["kind"]): edge for edge in trace(connection, CARTON, "up")["edges"]}
    assert edges[A, "packing"]["until"] == at(7).astimezone(UTC) and edges[A, "packing"]["since"] is None
    assert edges[B, "packing"]["until"] is None and edges[B, "packing"]["since"] == at(7).astimezone(UTC)


def test_as_of_a_time_only_what_had_happened_is_followed(database: Database) -> None:
    world = World(database)
    world.send(("mes", production(outputs=[{"line": "1", "gtin": FG, "lot": "A", "quantity": Decimal(5), "unit": "EA", "@": 3}])), *STORY)
    raw = "lot:mes:RM-100|L1"
    assert keys(database, raw, "down", as_of=at(13)) == set()
    assert keys(database, raw, "down", as_of=at(14)) >= {A, "shipment:wms:D1"}, "a despatch before the production: clocks differ"
    assert "shipment:wms:D1" not in keys(database, A, "down", as_of=at(3))


def test_known_at_a_time_only_what_was_known_then_is_followed(database: Database, clock: FrozenClock) -> None:
    world = World(database)
    start = clock.now()
    hours = [start + timedelta(hours=hour) for hour in range(6)]

    def after(hour: int) -> datetime:
        return hours[hour] + timedelta(minutes=30)

    world.send(("mes", production(outputs=[{"line": "1", "gtin": FG, "lot": "A", "@": 3}])), shipped("D1", 4, CARTON, "A"))
    clock.set(hours[1])
    world.send(("wms", delivery("D1", purpose="cancel", issued_at=at(5), lines=[])))
    clock.set(hours[2])
    again = delivery("D1", purpose="replace", issued_at=at(6), despatched_at=at(6), lines=[{"line": "1", "gtin": FG, "lot": "A", "@": 2}])
    world.send(("wms", again))
    clock.set(hours[3])
    world.send(moved("U", 5, "unpacked", CARTON, gtin=FG, lot="A"), shipped("D9", 9, CARTON))
    clock.set(hours[4])
    other = packing("U", "unpacked", at(5), CARTON[5:], gtin=FG, lot="B")
    world.send(("wms", {**other, "purpose": "replace", "issued_at": at(7)}))
    assert keys(database, A, "down", known_at=start - timedelta(hours=1)) == set()
    assert keys(database, A, "down", known_at=after(0)) == {CARTON, "shipment:wms:D1", "location:4012345000023"}
    assert keys(database, A, "down", known_at=after(1)) == set()
    assert keys(database, A, "down", known_at=after(2)) == {"shipment:wms:D1", "location:4012345000023"}
    assert keys(database, A, "down", known_at=after(3)) == {"shipment:wms:D1", "location:4012345000023", CARTON}
    assert keys(database, A, "down", known_at=after(4)) == {"shipment:wms:D1", "location:4012345000023"} == keys(database, A, "down")
    assert keys(database, "shipment:wms:D1", "up", known_at=after(0)) >= {CARTON, A, "production:mes:PE1"}

"""A carton that is packed several times, opened, and used again: what was in it when it left, how much, and as of which time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hub.store.database import Database
from hub.trace import closure
from hub.trace.by_walk import Shipped
from hub.trace.genealogy import trace
from tests.hub.recall.papers import F1, GTIN, SSCC, event, row, sent
from tests.hub.trace.test_closure import recalled, wrong
from tests.hub.world import World, at

D = Decimal
FIRST, NEXT = "shipment:wms:D1", "shipment:wms:D2"


def packing(number: str, action: str, day: int, quantity: int, system: str = "wms") -> tuple[str, dict[str, Any]]:
    """Some of the lot goes into the carton, or out of it."""
    goods = [{"epc_class": f"https://id.gs1.org/01/{GTIN}/10/F1", "quantity": D(quantity)}]
    said = event(number, occurred_at=at(day), action=action, parent=f"https://id.gs1.org/00/{SSCC}", child_quantities=goods)
    return system, said | {"entity": "AggregationEvent"}


def carton(number: str, day: int, lot: str | None = None) -> tuple[str, dict[str, Any]]:
    """A despatch of the carton; with what is in it, or without."""
    return "wms", sent(number, day=day, lines=[{"line": "1", "sscc": SSCC, "@": 2} if lot is None else row(4, lot=lot, sscc=SSCC)])


def shipments(database: Database, key: str, **more: Any) -> set[str]:
    with database.read() as connection:
        found = trace(connection, key, "down", **more)
    return {node["key"] for node in found["nodes"] if node["kind"] == "shipment"}


def test_several_packings_of_a_lot_in_one_despatch_are_summed_less_what_was_taken_out(database: Database) -> None:
    world = World(database)
    world.send(packing("a1", "ADD", 14, 5), packing("a2", "ADD", 15, 5), packing("a3", "ADD", 15, 10, "mes"), carton("D1", 18))
    assert recalled(database, F1) == [Shipped(F1, FIRST, D(10), "EA")]
    world.send(packing("d1", "DELETE", 16, 2))
    assert recalled(database, F1) == [Shipped(F1, FIRST, D(8), "EA")]
    assert not wrong(database)
    with database.begin("test") as uow:
        closure.rebuild(uow.connection)
    assert recalled(database, F1) == [Shipped(F1, FIRST, D(8), "EA")]


def test_units_that_are_taken_out_by_serial_number_are_of_their_lot(database: Database) -> None:
    world = World(database)
    units = [f"https://id.gs1.org/01/{GTIN}/21/S{number}" for number in range(3)]
    born = event("e1", action="ADD", biz_step="commissioning", ilmd={"{urn:epcglobal:cbv:mda}lotNumber": "F1"}, epcs=units)
    out = event("d1", occurred_at=at(16), action="DELETE", parent=f"https://id.gs1.org/00/{SSCC}", child_epcs=units[:2])
    world.send(("wms", born), packing("a1", "ADD", 14, 5), ("wms", out | {"entity": "AggregationEvent"}), carton("D1", 18))
    assert recalled(database, F1) == [Shipped(F1, FIRST, D(3), "EA")]
    assert not wrong(database)


def test_as_of_a_time_what_is_left_in_a_carton_travels_on(database: Database) -> None:
    """Some was taken out, not all; and a trace as of a time says the same as one of today."""
    world = World(database)
    world.send(packing("a1", "ADD", 14, 5), packing("d1", "DELETE", 16, 2), carton("D1", 18))
    assert shipments(database, F1) == shipments(database, F1, as_of=at(25)) == {FIRST}
    world.send(packing("d2", "DELETE", 19, 3), carton("D2", 20))
    assert shipments(database, F1) == shipments(database, F1, as_of=at(25)) == {FIRST}


def test_as_of_a_time_the_number_of_a_carton_that_is_used_again_joins_nothing(database: Database) -> None:
    world = World(database)
    world.send(carton("D1", 10, "F1"), carton("D2", 20, "F2"))
    assert shipments(database, F1) == shipments(database, F1, as_of=at(25)) == {FIRST}
    assert shipments(database, f"lot:{GTIN}|F2", as_of=at(25)) == {NEXT}

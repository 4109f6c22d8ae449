"""Events beside documents: what both tell counts once, what is destroyed or was never sent moves units, a case is as many as it holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.recall.scope import Scope
from hub.store.database import Database
from tests.hub.recall.papers import CL, CLINIC, GTIN, SSCC, came, event, made, row, rules, sent, story, where
from tests.hub.world import PLANT, WAREHOUSE, World, at, item

D = Decimal
LOT = f"https://id.gs1.org/01/{GTIN}/10/F1"
DEPOT = f"https://id.gs1.org/414/{WAREHOUSE}"


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def seen(number: str, step: str, quantity: int | None = 4, place: str = DEPOT, day: int = 16, **members: Any) -> dict[str, Any]:
    """Some of the lot, seen in a business step."""
    goods = {} if quantity is None else {"quantities": [{"epc_class": LOT, "quantity": D(quantity)}]}
    return event(number, biz_step=step, biz_location=place, occurred_at=at(day), **goods, **members)


MOVED = sent("T1", to=WAREHOUSE, day=15)
THERE = [("on_hand", PLANT, D(6)), ("on_hand", WAREHOUSE, D(4))]


def test_a_receipt_that_is_told_step_by_step_counts_once(world: World) -> None:
    steps = [("wms", seen(f"e{index}", step)) for index, step in enumerate(("arriving", "receiving", "accepting"))]
    found = story(world, ("mes", made()), ("wms", MOVED), *steps)
    assert (where(found), rules(found)) == (THERE, [])


def test_a_receipt_in_parts_counts_with_all_its_parts(world: World) -> None:
    parts = [("wms", seen("e0", "arriving")), ("wms", seen("e1", "receiving", 1)), ("wms", seen("e2", "receiving", 3))]
    found = story(world, ("mes", made()), ("wms", MOVED), *parts)
    assert (where(found), rules(found)) == (THERE, [])


@pytest.mark.parametrize("despatch", [None, "T1"])
def test_an_event_beside_the_document_of_the_same_receipt_counts_once(world: World, despatch: str | None) -> None:
    stated = {"business_transactions": [{"type": "desadv", "id": f"urn:epcglobal:cbv:bt:6901234000005:{despatch}"}]} if despatch else {}
    found = story(
        world, ("mes", made()), ("wms", MOVED), ("wms", came("R1", 4, WAREHOUSE, "T1", 16)), ("wms", seen("e1", "receiving", **stated))
    )
    assert (where(found), rules(found)) == (THERE, [])


def test_what_an_event_tells_beyond_the_document_counts_and_is_said(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", MOVED), ("wms", came("R1", 3, WAREHOUSE, "T1", 16)), ("wms", seen("e1", "receiving")))
    assert (where(found), rules(found)) == (THERE, ["quantity_differs"])


def test_receipts_at_two_places_are_told_one_by_a_document_and_one_by_an_event(world: World) -> None:
    """An event of one place is not left out because a document tells of another."""
    more = sent("T2", quantity=3, to={"gln": "8712345000027"}, day=15)
    other = "https://id.gs1.org/414/8712345000027"
    found = story(
        world, ("mes", made()), ("wms", MOVED), ("wms", more), ("wms", came("R1", 4, WAREHOUSE, "T1", 16)),
        ("wms", seen("e1", "receiving", 3, other)),
    )  # fmt: skip
    assert where(found) == [("on_hand", PLANT, D(3)), ("on_hand", WAREHOUSE, D(4)), ("on_hand", "8712345000027", D(3))]


@pytest.mark.parametrize("kind", ["location", "possessing_party"])
def test_a_return_that_an_event_tells_is_of_whom_it_names(world: World, kind: str) -> None:
    """Two could have sent it back: the event's source says who did."""
    both = [("wms", sent("D1")), ("wms", sent("D2", to=CLINIC))]
    source = f"https://id.gs1.org/{'414' if kind == 'location' else '417'}/{CLINIC}"
    back = seen("e1", "receiving", 2, f"https://id.gs1.org/414/{PLANT}", 22, sources=[{"type": kind, "id": source}])
    found = story(world, ("mes", made()), *both, ("wms", back))
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(4)), ("shipped", CL, D(4)), ("shipped", CLINIC, D(2))], [])


def test_a_lot_that_came_to_be_and_got_serial_numbers_came_to_be_once(world: World) -> None:
    place = f"https://id.gs1.org/414/{PLANT}"
    born = seen("e1", "commissioning", 3, place, 13) | {"action": "ADD"}
    named = event(
        "e2", action="ADD", biz_step="commissioning", biz_location=place, ilmd={"{urn:epcglobal:cbv:mda}lotNumber": "F1"},
        epcs=[f"https://id.gs1.org/01/{GTIN}/21/S{number}" for number in range(3)],
    )  # fmt: skip
    found = story(world, ("mes", born), ("mes", named))
    assert (where(found), found.total, rules(found)) == ([("on_hand", PLANT, D(3))], D(3), [])


def test_what_an_event_destroys_is_destroyed(world: World) -> None:
    gone = seen("e1", "destroying", 2, f"https://id.gs1.org/414/{PLANT}", 21) | {"action": "DELETE"}
    found = story(world, ("mes", made()), ("wms", sent()), ("wms", gone))
    assert where(found) == [("on_hand", PLANT, D(4)), ("shipped", CL, D(4)), ("destroyed", PLANT, D(2))]


def test_what_a_consignee_destroys_is_no_longer_with_it(world: World) -> None:
    gone = seen("e1", "destroying", 1, f"https://id.gs1.org/414/{CL}", 21) | {"action": "DELETE", "disposition": "destroyed"}
    found = story(world, ("mes", made()), ("wms", sent()), ("stadtspital", gone))
    assert where(found) == [("on_hand", PLANT, D(6)), ("shipped", CL, D(3)), ("destroyed", CL, D(1))]
    assert (found.consignees, rules(found)) == ({CL: D(4)}, [])


@pytest.mark.parametrize("quantity", [1, 4])
def test_what_was_not_sent_did_not_leave(world: World, quantity: int) -> None:
    stated = [{"type": "desadv", "id": "urn:epcglobal:cbv:bt:6901234000005:D1"}]
    void = seen("e1", "void_shipping", quantity, f"https://id.gs1.org/414/{PLANT}", 19, business_transactions=stated)
    found = story(world, ("mes", made()), ("wms", sent()), ("wms", void))
    left = [("shipped", CL, D(4 - quantity))] if quantity < 4 else []
    assert where(found) == [("on_hand", PLANT, D(6 + quantity)), *left]
    assert found.consignees == ({CL: D(4 - quantity)} if left else {})


def test_a_shipment_that_is_declared_an_error_never_was(world: World) -> None:
    place = f"https://id.gs1.org/414/{PLANT}"
    left = seen("e2", "shipping", 4, place, 18, destinations=[{"type": "location", "id": f"https://id.gs1.org/414/{CL}"}])
    wrong = left | {"error_declaration": {"declared_at": at(19)}, "purpose": "cancel", "issued_at": at(19)}
    found = story(world, ("mes", made()), ("wms", left), ("wms", wrong))
    assert (where(found), found.consignees) == ([("on_hand", PLANT, D(10))], {})


def test_a_shipment_and_its_departing_count_once(world: World) -> None:
    place, to = f"https://id.gs1.org/414/{PLANT}", [{"type": "location", "id": f"https://id.gs1.org/414/{CL}"}]
    left = [("wms", seen(f"e{step}", step, 4, place, 18, destinations=to)) for step in ("shipping", "departing")]
    found = story(world, ("mes", made()), *left)
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(6)), ("shipped", CL, D(4))], ["one_or_two"])


CASE = "16901234000026"


def cases(to: str = CL) -> dict[str, Any]:
    """Two cases of the lot, shipped by event."""
    return event(
        "e2", biz_step="shipping", occurred_at=at(18), quantities=[{"epc_class": f"https://id.gs1.org/01/{CASE}/10/F1", "quantity": D(2)}],
        read_point=f"https://id.gs1.org/414/{PLANT}", destinations=[{"type": "location", "id": f"https://id.gs1.org/414/{to}"}],
    )  # fmt: skip


def test_cases_count_as_what_is_in_them(world: World) -> None:
    packs = [{"gtin": GTIN, "unit": "EA", "quantity": D(1)}, {"gtin": CASE, "unit": "CS", "quantity": D(5)}]
    world.send(("erp", item("FG-1", kind="finished", supplier_items=[], trade_items=packs)))
    found = story(world, ("mes", made(quantity=20)), ("wms", cases()))
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(10)), ("shipped", CL, D(10))], [])


def test_cases_of_which_nobody_says_what_is_in_them_are_told(world: World) -> None:
    found = story(world, ("wms", cases()), scope=Scope(lots=(f"lot:{CASE}|F1",)))
    assert (found.consignees, rules(found)) == ({CL: D(2)}, ["unit_not_known"])
    assert found.coverage is not None and found.coverage < 1


def test_a_carton_that_a_carrier_carries_on_is_one_shipment(world: World) -> None:
    lines = [row(4, sscc=SSCC)]
    onward = event(
        "e9", biz_step="departing", occurred_at=at(19), epcs=[f"https://id.gs1.org/00/{SSCC}"],
        read_point="https://id.gs1.org/414/4012345999990", destinations=[{"type": "location", "id": f"https://id.gs1.org/414/{CL}"}],
    )  # fmt: skip
    found = story(world, ("mes", made()), ("wms", sent(lines=lines)), ("spedition", onward))
    assert (where(found), found.total) == ([("on_hand", PLANT, D(6)), ("shipped", CL, D(4))], D(10))

"""What cartons, serial numbers and places say of one lot: in cartons in cartons, used again, of two lots, by codes of others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.recall.scope import Scope
from hub.store.database import Database
from tests.hub.recall.papers import CL, CLINIC, F1, GTIN, SSCC, came, event, made, row, rules, sent, story, where
from tests.hub.world import PLANT, WAREHOUSE, World, at, production

D = Decimal
OUTER = "069012340000000018"
INNER = [SSCC, "069012340000000032"]
SERIALS = [f"S{number}" for number in range(10)]


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def carton(sscc: str, **members: Any) -> dict[str, Any]:
    """A line that names a carton and nothing in it."""
    return {"line": "1", "sscc": sscc, "@": 2, **members}


def bare(number: str, place: str, sscc: str, day: int, **header: Any) -> dict[str, Any]:
    """A receipt that names a carton only."""
    return came(number, 1, place, day=day, **header) | {"lines": [carton(sscc)]}


def test_a_receipt_that_names_only_the_outer_carton_is_of_all_that_is_in_it(world: World) -> None:
    lines = [row(2, sscc=one, parent_sscc=OUTER) for one in INNER]
    moved = sent("T1", to=WAREHOUSE, day=15, lines=lines)
    found = story(world, ("mes", made()), ("wms", moved), ("wms", bare("R1", WAREHOUSE, OUTER, 16)))
    assert where(found) == [("on_hand", PLANT, D(6)), ("on_hand", WAREHOUSE, D(4))]


def test_a_carton_that_is_used_again_is_received_with_what_was_in_it_then(world: World) -> None:
    moved = sent("T1", to=WAREHOUSE, day=15, lines=[row(4, sscc=SSCC)])
    again = sent("T2", to=WAREHOUSE, day=25, lines=[row(3, lot="F2", sscc=SSCC)])
    receipts = [("wms", bare(number, WAREHOUSE, SSCC, day)) for number, day in (("R1", 16), ("R2", 26))]
    second = production("PE2", inputs=[], outputs=[row(5, lot="F2")])
    found = story(world, ("mes", made()), ("mes", second), ("wms", moved), ("wms", again), *receipts)
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(6)), ("on_hand", WAREHOUSE, D(4))], [])


def test_serial_numbers_of_two_lots_on_one_line_are_each_of_their_lot(world: World) -> None:
    both = [row(None, lot=None, serials=["S0", "S1", "T0"])]
    second = production("PE2", inputs=[], outputs=[row(3, lot="F2", serials=["T0", "T1", "T2"])])
    messages = (
        ("mes", made(serials=SERIALS)),
        ("mes", second),
        ("wms", sent("T1", to=WAREHOUSE, day=15, lines=both)),
        ("wms", came("R1", 1, WAREHOUSE, day=16) | {"lines": both}),
    )
    found = story(world, *messages, scope=Scope(lots=(F1, f"lot:{GTIN}|F2")))
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(8)), ("on_hand", WAREHOUSE, D(2))], [])


def test_units_that_a_production_used_by_serial_number_are_used(world: World) -> None:
    used = [{"line": "1", "gtin": GTIN, "serials": ["S8", "S9"], "@": 2}]
    kit = production("PE2", inputs=used, outputs=[{"line": "1", "gtin": "06901234000036", "lot": "K1", "quantity": D(1), "@": 2}])
    found = story(world, ("mes", made(serials=SERIALS)), ("wms", sent()), ("mes", kit))
    assert where(found) == [("on_hand", PLANT, D(4)), ("shipped", CL, D(4)), ("used", PLANT, D(2))]


def test_an_event_that_consumes_serial_numbers_or_a_carton_uses_them(world: World) -> None:
    place = f"https://id.gs1.org/414/{PLANT}"
    packed = {
        **event("a1", occurred_at=at(14)), "entity": "AggregationEvent", "action": "ADD", "biz_step": "packing",
        "parent": f"https://id.gs1.org/00/{SSCC}", "child_epcs": [f"https://id.gs1.org/01/{GTIN}/21/{one}" for one in ("S2", "S3", "S4")],
    }  # fmt: skip
    used = {
        "entity": "TransformationEvent", "number": "t1", "event_hash": f"ni:///sha-256;{'1':0>64}?ver=CBV2.0", "issued_at": at(16),
        "occurred_at": at(16), "time_zone_offset": "+08:00", "@": 1, "read_point": place,
        "input_epcs": [f"https://id.gs1.org/01/{GTIN}/21/S9", f"https://id.gs1.org/00/{SSCC}"],
        "output_quantities": [{"epc_class": "https://id.gs1.org/01/06901234000036/10/K1", "quantity": D(1)}],
    }  # fmt: skip
    found = story(world, ("mes", made(serials=SERIALS)), ("mes", packed), ("mes", used))
    assert (found.sum("used"), found.sum("on_hand"), rules(found)) == (D(4), D(6), [])


def test_of_a_recall_of_serial_numbers_a_receipt_of_their_carton_is_theirs(world: World) -> None:
    moved = sent("T1", to=WAREHOUSE, day=15, lines=[row(4, serials=SERIALS[:4], sscc=SSCC)])
    messages = (("mes", made(serials=SERIALS)), ("wms", moved), ("wms", bare("R1", WAREHOUSE, SSCC, 16)))
    found = story(world, *messages, scope=Scope(serials=(f"{GTIN}|S1", f"{GTIN}|S8")))
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(1)), ("on_hand", WAREHOUSE, D(1))], [])


def test_units_that_only_an_event_commissioned_are_counted(world: World) -> None:
    born = event(
        "e1", action="ADD", biz_step="commissioning", read_point=f"https://id.gs1.org/414/{PLANT}", ilmd={
            "{urn:epcglobal:cbv:mda}lotNumber": "F1"}, epcs=[f"https://id.gs1.org/01/{GTIN}/21/{one}" for one in SERIALS[:3]],
    )  # fmt: skip
    left = sent("D1", lines=[row(1, lot=None, serials=["S1"])])
    found = story(world, ("mes", born), ("wms", left), scope=Scope(serials=(f"{GTIN}|S0..S2",)))
    assert (found.total, found.opening, found.consignees) == (D(3), D(0), {CL: D(1)})
    assert found.sum("on_hand") == 2


def test_a_serial_number_whose_lot_nobody_knows_is_recalled(world: World) -> None:
    left = sent("D1", lines=[row(2, lot=None, serials=["S77", "S78"], sscc=SSCC)])
    onward = sent("X1", to=CLINIC, day=20, ship_from={"gln": CL}, lines=[carton(SSCC)])
    found = story(world, ("wms", left), ("stadtspital", onward), scope=Scope(serials=(f"{GTIN}|S77",)), lot="")
    assert (where(found), found.consignees) == ([("shipped", CLINIC, D(1))], {CL: D(1), CLINIC: D(1)})


def test_a_code_of_a_partner_s_own_that_equals_one_of_ours_is_not_our_place(world: World) -> None:
    ours = came("R0", 1, {"code": "100"}, day=13) | {"lines": [row(1, lot="ELSE")]}
    onward = sent("X1", 4, {"code": "100"}, 20, ship_from={"gln": CL})
    found = story(world, ("wms", ours), ("mes", made()), ("wms", sent()), ("stadtspital", onward))
    assert (where(found), found.total) == ([("on_hand", PLANT, D(6)), ("shipped", "stadtspital:100", D(4))], D(10))
    assert set(found.consignees) == {CL, "stadtspital:100"}


def test_a_code_of_a_supplier_is_our_place_where_we_received_what_it_sent_there(world: World) -> None:
    first = sent("S1", 5, {"code": "PT-7"}, 15)
    second = sent("S2", 4, {"code": "PT-7"}, 21)
    messages = (("jiangnan_polymer", first), ("wms", came("R1", 5, PLANT, "S1", 16)), ("jiangnan_polymer", second))
    found = story(world, *messages)
    assert (where(found), found.consignees) == ([("on_hand", PLANT, D(5)), ("in_transit", PLANT, D(4))], {})


def test_what_moves_within_a_consignee_s_house_is_no_movement_of_ours(world: World) -> None:
    scrapped = {
        "entity": "InventoryMovement", "number": "M1", "issued_at": at(21), "occurred_at": at(21), "location": {"gln": CL}, "@": 1,
        "lines": [row(-1, reason="scrapped", status="available"), row(-2, reason="ward", status="available")],
    }  # fmt: skip
    found = story(world, ("mes", made()), ("wms", sent()), ("stadtspital", scrapped))
    assert where(found) == [("on_hand", PLANT, D(6)), ("shipped", CL, D(3)), ("destroyed", CL, D(1))]


@pytest.mark.parametrize("told", ["quantity", "serials"])
def test_what_is_taken_out_of_a_carton_leaves_the_rest_in_it(world: World, told: str) -> None:
    lot = f"https://id.gs1.org/01/{GTIN}/10/F1"
    names = [f"https://id.gs1.org/01/{GTIN}/21/{one}" for one in SERIALS[:4]]
    unit = f"https://id.gs1.org/00/{SSCC}"

    def packing(number: str, action: str, day: int, quantity: int) -> dict[str, Any]:
        inside = (
            {"child_quantities": [{"epc_class": lot, "quantity": D(quantity)}]} if told == "quantity" else {"child_epcs": names[:quantity]}
        )
        return {**event(number, occurred_at=at(day)), "entity": "AggregationEvent", "action": action, "parent": unit, **inside}

    messages = (
        ("mes", made(serials=SERIALS)), ("wms", packing("a1", "ADD", 15, 4)), ("wms", packing("a2", "DELETE", 16, 1)),
        ("wms", sent(lines=[carton(SSCC)])),
    )  # fmt: skip
    found = story(world, *messages)
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(7)), ("shipped", CL, D(3))], [])


def test_a_carton_of_which_all_was_taken_out_carries_nothing_of_it(world: World) -> None:
    lot = f"https://id.gs1.org/01/{GTIN}/10/F1"

    def packing(number: str, action: str, day: int, quantity: int) -> dict[str, Any]:
        inside = [{"epc_class": lot, "quantity": D(quantity)}]
        parent = f"https://id.gs1.org/00/{SSCC}"
        return {**event(number, occurred_at=at(day)), "entity": "AggregationEvent", "action": action, "parent": parent} | {
            "child_quantities": inside
        }

    taken = [("wms", packing(f"d{day}", "DELETE", day, 2)) for day in (16, 17)]
    found = story(world, ("mes", made()), ("wms", packing("a1", "ADD", 15, 4)), *taken, ("wms", sent(lines=[carton(SSCC)])))
    assert (where(found), found.consignees) == ([("on_hand", PLANT, D(10))], {})

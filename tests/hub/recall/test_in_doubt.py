"""In doubt a consignee is told: no number, carton or place that may mean two things makes one of them vanish from a recall."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.recall.places import Places
from hub.recall.scope import Scope
from hub.store.database import Database
from tests.hub.recall.papers import CL, CLINIC, F1, GTIN, SSCC, came, event, made, row, rules, sent, story, where
from tests.hub.world import PLANT, WAREHOUSE, World, at

D = Decimal
LOT = f"https://id.gs1.org/01/{GTIN}/10/F1"
OTHER = "8712345000027"


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def packing(number: str, action: str, day: int, quantity: int | None, unit: str | None = None) -> dict[str, Any]:
    """Some of the lot goes into a carton, or out of it."""
    goods = {"epc_class": LOT, "quantity": None if quantity is None else D(quantity), "unit": unit}
    inside = {"child_quantities": [{name: value for name, value in goods.items() if value is not None}]}
    parent = f"https://id.gs1.org/00/{SSCC}"
    return {**event(number, occurred_at=at(day)), "entity": "AggregationEvent", "action": action, "parent": parent, **inside}


def carton() -> list[dict[str, Any]]:
    """A line that names a carton and nothing in it."""
    return [{"line": "1", "sscc": SSCC, "@": 2}]


@pytest.mark.parametrize("place", [OTHER, {"code": "DC2"}], ids=["by GLN", "by code"])
def test_what_comes_back_under_the_number_of_its_despatch_leaves_a_consignee_a_consignee(world: World, place: Any) -> None:
    found = story(world, ("mes", made()), ("wms", sent(to=CLINIC)), ("wms", came("R1", 1, place, "D1")))
    assert (found.consignees, found.sum("shipped"), found.total, rules(found)) == ({CLINIC: D(4)}, D(3), D(10), ["taken_as_return"])


def test_all_that_comes_back_to_another_gln_of_ours_leaves_a_consignee_a_consignee(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent(to=CLINIC)), ("wms", came("R1", 4, OTHER, "D1")))
    assert (found.consignees, found.total, rules(found)) == ({CLINIC: D(4)}, D(10), ["taken_as_return"])


def test_a_supplier_s_despatch_of_the_same_number_makes_no_consignee_ours(world: World) -> None:
    raw = came("R1", 5, {"code": "WH1"}, "80001", day=12) | {"lines": [row(5, gtin="06901234000036", lot="RAW")]}
    used = made() | {"inputs": [row(5, gtin="06901234000036", lot="RAW")]}
    messages = (("wms", raw), ("mes", used), ("wms", sent("80001", to=CLINIC)))
    found = story(world, *messages, scope=Scope(lots=("lot:06901234000036|RAW",)))
    assert (where(found), found.consignees) == ([("on_hand", PLANT, D(6)), ("shipped", CLINIC, D(4))], {CLINIC: D(4)})


def test_a_partner_s_code_is_ours_only_where_we_received_what_it_sent(world: World) -> None:
    """The number alone is that of two despatches."""
    onward = sent("80001", 4, {"code": "77"}, 20, ship_from={"gln": CL})
    ours = came("R1", 1, WAREHOUSE, "80001", day=22, ship_from={"gln": "6901234500017"})
    found = story(world, ("mes", made()), ("wms", sent()), ("stadtspital", onward), ("wms", ours))
    assert set(found.consignees) == {CL, "stadtspital:77"}


def test_what_is_packed_twice_and_taken_out_once_is_still_inside(world: World) -> None:
    packed = [("wms", packing("a1", "ADD", 14, 5)), ("wms", packing("a2", "ADD", 15, 5)), ("wms", packing("d1", "DELETE", 16, 5))]
    found = story(world, ("mes", made(quantity=20)), *packed, ("wms", sent(lines=carton())))
    assert CL in found.consignees


def test_a_removal_that_two_systems_tell_is_one(world: World) -> None:
    out = [("wms", packing("d1", "DELETE", 16, 5)), ("mes", packing("d2", "DELETE", 16, 5))]
    found = story(world, ("mes", made(quantity=20)), ("wms", packing("a1", "ADD", 14, 10)), *out, ("wms", sent(lines=carton())))
    assert found.consignees == {CL: D(5)}


def test_a_removal_in_another_unit_does_not_empty_a_carton(world: World) -> None:
    out = packing("d1", "DELETE", 16, 5, "CS")
    found = story(world, ("mes", made(quantity=20)), ("wms", packing("a1", "ADD", 14, 10)), ("wms", out), ("wms", sent(lines=carton())))
    assert found.consignees == {CL: D(10)}


def test_what_only_a_carrier_ships_on_has_its_consignee(world: World) -> None:
    moved = sent("T1", 6, WAREHOUSE, 15)
    messages = (("mes", made()), ("wms", moved), ("wms", came("R1", 6, WAREHOUSE, "T1", 16)))
    found = story(world, *messages, ("spedition", sent("X1", 3, CLINIC, 20, ship_from={"gln": WAREHOUSE})))
    assert where(found) == [("on_hand", PLANT, D(4)), ("on_hand", WAREHOUSE, D(3)), ("shipped", CLINIC, D(3))]
    assert (found.consignees, rules(found)) == ({CLINIC: D(3)}, ["told_by_carrier"])


def test_a_carton_that_a_carrier_takes_elsewhere_is_told_there_too(world: World) -> None:
    onward = sent("D1", 4, CLINIC, 19, [row(4, sscc=SSCC)])
    found = story(world, ("mes", made()), ("wms", sent(lines=[row(4, sscc=SSCC)])), ("spedition", onward))
    assert (where(found), found.total) == ([("on_hand", PLANT, D(6)), ("shipped", CL, D(4))], D(10))
    assert (found.consignees, rules(found)) == ({CL: D(4), CLINIC: D(0)}, ["told_by_carrier"])


def test_a_carton_that_is_passed_on_unopened_under_our_own_lot_number_has_its_consignee(world: World) -> None:
    bought = sent("S1", 5, PLANT, 5, [row(5, lot="VB1", sscc=SSCC)])
    onward = sent("D1", 5, CLINIC, 12, [row(5, lot="INT7", sscc=SSCC)])
    scope = Scope(lots=(f"lot:{GTIN}|VB1",))
    found = story(world, ("jiangnan_polymer", bought), ("wms", onward), scope=scope, lot="VB1")
    assert CLINIC in found.consignees


def test_narrowed_to_a_lot_nothing_else_is_told(world: World) -> None:
    """Our own next filling of the same carton is other goods."""
    first, second = sent(lines=[row(4, sscc=SSCC)]), sent("D2", 3, CLINIC, 26, [row(3, lot="F2", sscc=SSCC)])
    found = story(world, ("mes", made()), ("wms", first), ("wms", second), scope=Scope(lots=(F1,)))
    assert found.consignees == {CL: D(4)}


def seen(number: str, step: str, day: int, place: str = PLANT, quantity: int | None = None, **members: Any) -> dict[str, Any]:
    """Something in a business step; `quantity`: so much of the lot."""
    goods = {} if quantity is None else {"quantities": [{"epc_class": LOT, "quantity": D(quantity)}]}
    where_ = f"https://id.gs1.org/414/{place}"
    return event(number, biz_step=step, read_point=where_, biz_location=where_, occurred_at=at(day), **goods, **members)


TO_CL = [{"type": "location", "id": f"https://id.gs1.org/414/{CL}"}]
D1 = [{"type": "desadv", "id": "urn:epcglobal:cbv:bt:6901234000005:D1"}]
UNIT = f"https://id.gs1.org/00/{SSCC}"
UNITS = [f"https://id.gs1.org/01/{GTIN}/21/S{number}" for number in range(3)]
NAMES = [f"S{number}" for number in range(10)]


def test_a_void_takes_back_a_despatch_that_advice_and_event_tell(world: World) -> None:
    left = seen("e1", "shipping", 18, quantity=4, destinations=TO_CL, business_transactions=D1)
    void = seen("e2", "void_shipping", 19, quantity=4, business_transactions=D1)
    found = story(world, ("mes", made()), ("wms", sent()), ("wms", left), ("wms", void))
    assert (where(found), found.consignees) == ([("on_hand", PLANT, D(10))], {})


def test_a_void_that_may_be_of_two_despatches_takes_back_none(world: World) -> None:
    void = seen("e2", "void_shipping", 21, quantity=4)
    found = story(world, ("mes", made()), ("wms", sent()), ("wms", sent("D2", 5, CLINIC, 20)), ("wms", void))
    assert (found.consignees, rules(found)) == ({CL: D(4), CLINIC: D(5)}, ["void_of_which"])


@pytest.mark.parametrize("serials", [False, True])
def test_a_carton_that_two_events_ship_is_shipped_once(world: World, serials: bool) -> None:
    packed = packing("a1", "ADD", 14, 3)
    if serials:
        del packed["child_quantities"]
        packed["child_epcs"] = UNITS
    left = [("wms", seen(f"e{day}", "shipping", day, epcs=[UNIT], destinations=TO_CL, business_transactions=D1)) for day in (17, 18)]
    found = story(world, ("mes", made(serials=NAMES)), ("wms", packed), *left)
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(7)), ("shipped", CL, D(3))], [])


def test_an_event_that_lists_a_carton_and_what_is_in_it_ships_it_once(world: World) -> None:
    packed = packing("a1", "ADD", 14, 3)
    del packed["child_quantities"]
    outer = "https://id.gs1.org/00/069012340000000018"
    pallet = {**packing("a2", "ADD", 14, 1), "parent": outer, "child_epcs": [UNIT]}
    del pallet["child_quantities"]
    left = seen("e1", "shipping", 18, epcs=[UNIT, outer, *UNITS], destinations=TO_CL)
    found = story(world, ("mes", made(serials=NAMES)), ("wms", packed | {"child_epcs": UNITS}), ("wms", pallet), ("wms", left))
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(7)), ("shipped", CL, D(3))], [])


def test_what_is_destroyed_and_then_seen_destroyed_is_destroyed_once(world: World) -> None:
    gone = [seen("e1", "destroying", 19, quantity=4, action="DELETE"), seen("e2", "inspecting", 20, quantity=4, disposition="destroyed")]
    found = story(world, ("mes", made()), *(("wms", one) for one in gone))
    assert where(found) == [("on_hand", PLANT, D(6)), ("destroyed", PLANT, D(4))]


def test_a_receipt_of_a_carton_of_serial_numbers_and_of_loose_goods_is_of_both(world: World) -> None:
    lines = [row(3, serials=NAMES[:3], sscc=SSCC), row(4, line="2")]
    came_ = seen("e1", "receiving", 16, WAREHOUSE, 4, epcs=[UNIT])
    found = story(world, ("mes", made(serials=NAMES)), ("wms", sent("T1", to=WAREHOUSE, day=15, lines=lines)), ("wms", came_))
    assert where(found) == [("on_hand", PLANT, D(3)), ("on_hand", WAREHOUSE, D(7))]


def test_a_supplier_s_code_is_not_the_customer_to_whom_we_give_the_same_code() -> None:
    places = Places({"100": CL}, {("jiangnan_polymer", "7"): PLANT}, frozenset({"100"}), frozenset({PLANT}), {})
    assert places.said("100", "jiangnan_polymer", "supplier") == "jiangnan_polymer:100"
    assert (places.said("7", "jiangnan_polymer", "supplier"), places.said("100", "wms", "wms")) == (PLANT, CL)
    assert places.said("100", "spedition", "carrier") == CL

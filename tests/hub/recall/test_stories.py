"""What two systems, events, cartons, returns and slips make of one lot: every unit once, every consignee named, every contradiction shown.

The MES made 10 EA of F1 at PLANT, the WMS despatched 4 to the customer CL; each story adds to that or tells it otherwise.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.recall.answered import Answer
from hub.recall.locate import locate
from hub.recall.scope import Scope, affected
from hub.reconcile import reconcile
from hub.store.database import Database
from tests.hub.recall.papers import CL, CLINIC, F1, GTIN, SSCC, came, event, made, row, rules, sent, story, where
from tests.hub.world import PLANT, WAREHOUSE, World, at, despatch, item, party, receipt, receipt_line, stock

D = Decimal


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


HOME = [("on_hand", PLANT, D(6)), ("shipped", CL, D(4))]


def test_the_base_of_all_stories(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent()))
    assert (where(found), found.consignees, rules(found), found.coverage) == (HOME, {CL: D(4)}, [], D(1))


# --- what the trace follows ---------------------------------------------------------------------------------------------
def test_a_despatch_that_names_serial_numbers_and_no_lot(world: World) -> None:
    serials = [f"S{number}" for number in range(10)]
    line = row(4, lot=None, serials=serials[:4])
    found = story(world, ("mes", made(serials=serials)), ("wms", sent(lines=[line])))
    assert (where(found), found.consignees, rules(found)) == (HOME, {CL: D(4)}, [])


def test_a_despatch_that_names_only_the_carton(world: World) -> None:
    moved = sent("T1", to=WAREHOUSE, day=15, lines=[row(4, sscc=SSCC)])
    onward = sent("D9", ship_from={"gln": WAREHOUSE}, lines=[{"line": "1", "sscc": SSCC, "@": 2}])
    found = story(world, ("mes", made()), ("wms", moved), ("wms", onward))
    assert (where(found), found.consignees, found.total) == (HOME, {CL: D(4)}, D(10))


def test_a_receipt_that_names_only_the_carton(world: World) -> None:
    moved = sent("T1", to=WAREHOUSE, day=15, lines=[row(4, sscc=SSCC)])
    received = came("R1", 1, WAREHOUSE, day=16) | {"lines": [{"line": "1", "sscc": SSCC, "@": 2}]}
    found = story(world, ("mes", made()), ("wms", moved), ("wms", received))
    assert where(found) == [("on_hand", PLANT, D(6)), ("on_hand", WAREHOUSE, D(4))]


def test_lot_and_serial_numbers_without_a_quantity(world: World) -> None:
    line = row(None, serials=["S1", "S2", "S3", "S4"])
    found = story(world, ("mes", made()), ("wms", sent(lines=[line])))
    assert (where(found), found.consignees) == (HOME, {CL: D(4)})


def test_a_shipment_in_a_number_that_nobody_states_is_unknown_and_its_consignee_is_named(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent(quantity=None)))
    assert where(found) == [("unknown", CL, D(10))]
    assert (found.consignees, rules(found)) == ({CL: D(0)}, ["number_not_stated"])
    assert found.coverage is not None and found.coverage < 1


def test_a_lot_of_which_only_such_a_shipment_is_known_is_not_all_located(world: World) -> None:
    found = story(world, ("wms", sent(quantity=None)))
    assert (found.consignees, rules(found), found.coverage) == ({CL: D(0)}, ["number_not_stated"], D(0))


def test_visibility_events_alone_tell_who_has_the_units(world: World) -> None:
    lot, place, clinic = "urn:epc:class:lgtin:6901234.000002.F1", "urn:epc:id:sgln:6901234.00001.0", "urn:epc:id:sgln:4012345.00002.0"
    born = event("e1", action="ADD", biz_step="commissioning", read_point=place, quantities=[{"epc_class": lot, "quantity": D(10)}])
    left = event(
        "e2", biz_step="shipping", read_point=place, occurred_at=at(18), quantities=[{"epc_class": lot, "quantity": D(4)}],
        destinations=[{"type": "location", "id": clinic}],
    )  # fmt: skip
    found = story(world, ("wms", born), ("wms", left), scope=Scope(lots=("lot:06901234000023|F1",)))
    at_home, away = "6901234000016", "4012345000023"
    assert (where(found), found.total) == ([("on_hand", at_home, D(6)), ("shipped", away, D(4))], D(10))
    assert found.consignees == {away: D(4)}


def test_events_and_documents_of_one_despatch_count_once(world: World) -> None:
    lot = "urn:epc:class:lgtin:6901234.000002.F1"
    names: dict[str, Any] = {"gtin": "06901234000023"}
    left = event(
        "e2", biz_step="shipping", occurred_at=at(18), quantities=[{"epc_class": lot, "quantity": D(4)}],
        business_transactions=[{"type": "desadv", "id": "urn:epcglobal:cbv:bt:6901234000005:D1"}],
        destinations=[{"type": "location", "id": "urn:epc:id:sgln:4012345.00002.0"}],
    )  # fmt: skip
    documents = (("mes", made(**names)), ("wms", sent(lines=[row(4, **names)])))
    found = story(world, *documents, ("wms", left), ("mes", left | {"number": "e3"}), scope=Scope(lots=("lot:06901234000023|F1",)))
    assert (where(found), rules(found)) == (HOME, [])


# --- scope --------------------------------------------------------------------------------------------------------------
def test_a_whole_lot_stays_whole_when_one_of_its_units_is_named_beside_it(world: World) -> None:
    messages = (
        ("mes", made(serials=[f"S{number}" for number in range(10)])),
        ("wms", sent(lines=[row(4, serials=["S0", "S1", "S2", "S3"])])),
    )
    found = story(world, *messages, scope=Scope(lots=(F1,), serials=(f"{GTIN}|S1",)))
    assert (where(found), found.total) == (HOME, D(10))


# --- returns and what is sent on ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("named", [False, True])
def test_a_return_that_we_received_is_no_new_unit(world: World, named: bool) -> None:
    back = came("R9", 3, ship_from={"gln": CL}) if named else came("R9", 3)
    found = story(world, ("mes", made()), ("wms", sent()), ("wms", back))
    assert (where(found), found.total) == ([("on_hand", PLANT, D(9)), ("shipped", CL, D(1))], D(10))
    assert (found.consignees, rules(found)) == ({CL: D(4)}, [] if named else ["taken_as_return"])


def test_an_answer_that_tells_of_the_same_return_counts_it_once(world: World) -> None:
    back = came("R9", 3, ship_from={"gln": CL})
    found = story(world, ("mes", made()), ("wms", sent()), ("wms", back), answers={(CL, F1, "EA"): Answer(used=D(1), returned=D(3))})
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(9)), ("used", CL, D(1))], [])


def test_an_answer_from_before_the_return_is_followed_by_it(world: World) -> None:
    back = came("R9", 3, ship_from={"gln": CL})
    found = story(world, ("mes", made()), ("wms", sent()), ("wms", back), answers={(CL, F1, "EA"): Answer(used=D(1), on_hand=D(3))})
    assert where(found) == [("on_hand", PLANT, D(9)), ("used", CL, D(1))]


@pytest.mark.parametrize("received", [False, True])
def test_the_consignee_s_own_advice_of_a_return_makes_nothing(world: World, received: bool) -> None:
    back = sent("RT1", 3, PLANT, 20, ship_from={"gln": CL})
    more = [("wms", came("R9", 3, despatch="RT1"))] if received else []
    found = story(world, ("mes", made()), ("wms", sent()), ("stadtspital", back), *more)
    at_home = [("on_hand", PLANT, D(9))] if received else [("on_hand", PLANT, D(6)), ("in_transit", PLANT, D(3))]
    assert (where(found), found.total, rules(found)) == ([*at_home, ("shipped", CL, D(1))], D(10), [])


def test_a_distributor_s_despatch_to_a_clinic_makes_nothing_and_the_clinic_is_told(world: World) -> None:
    onward = sent("X1", 4, CLINIC, 20, ship_from={"gln": CL})
    found = story(world, ("mes", made()), ("wms", sent()), ("stadtspital", onward))
    assert (where(found), found.total) == ([("on_hand", PLANT, D(6)), ("shipped", CLINIC, D(4))], D(10))
    assert found.consignees == {CL: D(4), CLINIC: D(4)}


# --- told twice ---------------------------------------------------------------------------------------------------------
def test_a_delivery_that_two_systems_tell_counts_once(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent()), ("erp", sent()))
    assert (where(found), found.consignees, rules(found)) == (HOME, {CL: D(4)}, [])


def test_a_delivery_under_two_numbers_counts_once_and_that_is_said(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent()), ("erp", sent("80001")))
    assert (where(found), found.consignees, rules(found)) == (HOME, {CL: D(4)}, ["one_or_two"])
    assert found.coverage is not None and found.coverage < 1 and len(found.contradictions[0].evidence) == 2


def test_deliveries_weeks_apart_are_two(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent()), ("erp", sent("80001", day=27)))
    assert (where(found), found.consignees) == ([("on_hand", PLANT, D(2)), ("shipped", CL, D(8))], {CL: D(8)})


def test_systems_that_differ_in_the_number_count_by_the_greater(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent()), ("erp", sent(quantity=3)))
    assert (where(found), rules(found)) == (HOME, ["quantity_differs"])


def test_systems_that_differ_in_the_place_have_both_told(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent()), ("erp", sent(to=CLINIC)))
    assert (set(found.consignees), rules(found), found.total) == ({CL, CLINIC}, ["place_differs"], D(10))


@pytest.mark.parametrize("number", ["PE1", "100077"])
def test_one_production_told_by_mes_and_erp_is_one(world: World, number: str) -> None:
    found = story(world, ("mes", made()), ("erp", made(number)), ("wms", sent()))
    assert (where(found), rules(found)) == (HOME, [] if number == "PE1" else ["one_or_two"])


@pytest.mark.parametrize("number", ["R1", "5000001"])
def test_one_receipt_told_by_two_systems_is_one(world: World, number: str) -> None:
    world.send(("erp", item()), ("erp", party()))
    for message in (("jiangnan_polymer", despatch()), ("wms", receipt()), ("erp", receipt(number))):
        world.send(message)
    with world.database.begin("test") as uow:
        reconcile(uow)
    with world.database.read() as connection:
        [one] = locate(connection, affected(connection, Scope(lots=("lot:jiangnan_polymer:JN-22|L1",))), {})
    assert (where(one.account), rules(one.account)) == ([("on_hand", PLANT, D(100))], [])


# --- whose place --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("counter", ["wms", "stadtspital"])
def test_consignment_stock_is_the_hospital_s_and_counts_once(world: World, counter: str) -> None:
    count = stock(CL, at(20), {"gtin": GTIN, "item_code": None, "lot": "F1", "quantity": D(3)})
    count["lines"] = [{name: value for name, value in count["lines"][0].items() if value is not None}]
    found = story(world, ("mes", made()), ("wms", sent()), (counter, count))
    assert found.consignees == {CL: D(4)}
    assert (where(found), found.total) == ([("on_hand", CL, D(3)), ("on_hand", PLANT, D(6)), ("shipped", CL, D(1))], D(10))


def test_a_drop_shipment_from_the_supplier_has_its_consignee(world: World) -> None:
    found = story(world, ("rheintal_titan", sent("S1", 5, ship_from={"gln": "4012345000016"})))
    assert (where(found), found.consignees) == ([("shipped", CL, D(5))], {CL: D(5)})


def test_a_despatch_that_does_not_say_from_where_leaves_all_the_same(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent(ship_from=None)))
    assert (where(found), found.total, rules(found)) == (HOME, D(10), [])


def test_a_transfer_by_gln_and_its_receipt_by_code(world: World) -> None:
    moved = sent("T1", to=WAREHOUSE, day=15)
    found = story(world, ("mes", made()), ("wms", moved), ("wms", came("R1", 4, {"code": "WH1"}, "T1", day=16)))
    assert (where(found), found.total, found.consignees) == ([("on_hand", PLANT, D(6)), ("on_hand", "WH1", D(4))], D(10), {})


def test_a_receipt_by_a_code_that_names_no_transfer_is_taken_as_its_arrival_and_that_is_said(world: World) -> None:
    world.send(("wms", came("R0", 1, WAREHOUSE) | {"lines": [row(1, lot="ELSE")]}))  # it is ours
    found = story(world, ("mes", made()), ("wms", sent("T1", to=WAREHOUSE, day=15)), ("wms", came("R1", 4, {"code": "WH1"}, day=16)))
    assert (found.total, rules(found), found.consignees) == (D(10), ["arrived_elsewhere"], {})


def test_a_code_that_our_master_data_give_a_gln_is_that_place(world: World) -> None:
    world.send(("erp", party("WH1", name="Warehouse", gln=WAREHOUSE, tax_number=None, role="warehouse")))
    found = story(world, ("mes", made()), ("wms", sent("T1", to=WAREHOUSE, day=15)), ("wms", came("R1", 4, {"code": "WH1"}, day=16)))
    assert not found.consignees
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(6)), ("on_hand", WAREHOUSE, D(4))], [])


def test_one_place_counted_for_two_organisations_counts_once_where_documents_bear_out_one(world: World) -> None:
    count = stock(PLANT, at(20), {"gtin": GTIN, "lot": "F1", "quantity": D(6)})
    del count["lines"][0]["item_code"]
    world.send(("mes", made()), ("wms", sent()))
    world.send(("wms", count))
    world.send(("wms", count), organisation=2)
    world.send(("wms", came("R7", 1, PLANT) | {"lines": [row(1, lot="ELSE")]}), organisation=2)
    found = story(world)
    assert (where(found), rules(found)) == (HOME, ["counted_twice"])


def test_two_despatches_that_came_together_under_the_number_of_one(world: World) -> None:
    def two(number: str) -> dict[str, Any]:
        return despatch(number, lines=[{"line": "1", "supplier_item": "JN-22", "lot": "L1", "quantity": D(30), "unit": "EA", "@": 2}])

    world.send(("erp", item()), ("erp", party()))
    for message in (
        ("jiangnan_polymer", two("SHP1")), ("jiangnan_polymer", two("SHP2")),
        ("wms", receipt(despatch_number="SHP2", lines=[receipt_line(quantity=60)])),
    ):  # fmt: skip
        world.send(message)
    with world.database.begin("test") as uow:
        reconcile(uow)
    with world.database.read() as connection:
        [one] = locate(connection, affected(connection, Scope(lots=("lot:jiangnan_polymer:JN-22|L1",))), {})
    assert (where(one.account), one.account.total) == ([("on_hand", PLANT, D(60))], D(60))


# --- what does not add up -----------------------------------------------------------------------------------------------
def test_more_found_than_made_is_an_alarm(world: World) -> None:
    found = story(world, ("mes", made(quantity=3)), ("wms", sent()))
    assert (found.opening, rules(found)) == (D(1), ["more_found"])
    assert found.coverage is not None and found.coverage < 1 and len(found.contradictions[0].evidence) == 2


def test_one_serial_number_shipped_twice_is_one_unit_with_whom_it_went_to_last(world: World) -> None:
    first = sent(quantity=1, lines=[row(1, serials=["S1"])])
    second = sent("D2", to=CLINIC, day=20, lines=[row(1, serials=["S1"])])
    found = story(world, ("mes", made(quantity=2, serials=["S1", "S2"])), ("wms", first), ("wms", second))
    assert (where(found), found.total) == ([("on_hand", PLANT, D(1)), ("shipped", CLINIC, D(1))], D(2))
    assert (rules(found), found.consignees) == (["serial_twice"], {CL: D(0), CLINIC: D(1)})


def test_a_serial_number_that_came_back_may_leave_again(world: World) -> None:
    first = sent(quantity=1, lines=[row(1, serials=["S1"])])
    back = came("R1", 1, day=19, ship_from={"gln": CL}) | {"lines": [row(1, serials=["S1"])]}
    second = sent("D2", to=CLINIC, day=20, lines=[row(1, serials=["S1"])])
    found = story(world, ("mes", made(quantity=2, serials=["S1", "S2"])), ("wms", first), ("wms", back), ("wms", second))
    assert (where(found), rules(found)) == ([("on_hand", PLANT, D(1)), ("shipped", CLINIC, D(1))], [])


def test_an_answer_for_units_that_documents_no_longer_send_there_is_said(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent(to=CLINIC)), answers={(CL, F1, "EA"): Answer(used=D(4))})
    assert (rules(found), found.consignees) == (["answered_otherwise"], {CLINIC: D(4)})


def test_units_that_left_for_nobody_knows_where_are_unknown(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent(to={})))
    assert (where(found), rules(found), found.consignees) == ([("on_hand", PLANT, D(6)), ("unknown", "", D(4))], ["place_not_stated"], {})

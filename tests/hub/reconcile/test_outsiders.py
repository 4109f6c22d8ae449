"""Whose documents count for an order: the supplier's that it names, and nobody else learns anything of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from data_contracts.errors import ConflictError, NotFoundError
from data_contracts.rules.catalogue import rule_named
from hub.reconcile import reconcile
from hub.store import tables, views
from hub.store.database import Database
from hub.store.suppliers import suppliers
from tests.hub.world import (
    KEYS,
    ROTTERDAM,
    SUZHOU,
    World,
    at,
    despatch,
    despatch_line,
    invoice,
    order,
    party,
    receipt,
    receipt_line,
    response,
)

JIANGNAN, RHEINTAL, STADTSPITAL = KEYS["jiangnan_polymer"], KEYS["rheintal_titan"], KEYS["stadtspital"]


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def settle(world: World) -> None:
    with world.database.begin("test") as uow:
        reconcile(uow)


def told(world: World, partner_id: int) -> list[dict[str, Any]]:
    """Open discrepancies as a partner may read them."""
    settle(world)
    with world.database.read() as connection:
        return views.discrepancies(connection, None, partner_id)[0]


def shown(world: World, number: str = "4500000123", **which: Any) -> dict[str, Any]:
    settle(world)
    with world.database.read() as connection:
        return views.order(connection, number, **which)


def called(world: World, partner: str, **codes: str) -> None:
    """What the site's file says of a partner's codes, by system."""
    with world.database.begin("site") as uow:
        uow.connection.execute(tables.partner.update().where(tables.partner.c.key == partner).values(party=codes))


def test_a_rival_that_names_an_order_neither_changes_it_nor_learns_of_it(world: World) -> None:
    world.send(("erp", order()), ("jiangnan_polymer", despatch()), ("wms", receipt()))
    before = shown(world)
    world.send(
        ("rheintal_titan", response(lines=[{"line": "10", "order_line": "10", "quantity": Decimal(1), "unit": "EA"}])),
        ("rheintal_titan", despatch("SPY", lines=[despatch_line(quantity=5)])),
        ("rheintal_titan", invoice("SPY-2", quantity=7, price="0.01")),
    )
    after = shown(world)
    assert after["lines"] == before["lines"]
    assert {(part["partner"], part["number"]) for part in after["unmatched"]} == {
        ("rheintal_titan", number) for number in ("4500000123", "SPY", "SPY-2")
    }
    found = told(world, RHEINTAL)
    assert [row["rule"] for row in found] == ["ORD-18"] * 3
    assert not any(secret in str(found) for secret in ("12.5", "'100'", "jiangnan"))
    with world.database.read() as connection:
        own = views.order(connection, "4500000123", None, JIANGNAN)
    assert own["unmatched"] == []


def test_an_outsider_can_not_tell_an_order_of_somebody_else_from_none(world: World) -> None:
    world.send(("erp", order()))
    world.send(
        ("rheintal_titan", despatch("SPY-1")),
        ("rheintal_titan", despatch("SPY-2", lines=[despatch_line(order_number="4599999999")])),
    )
    one, other = sorted(told(world, RHEINTAL), key=lambda row: str(row["params"]["number"]))
    unlike = {"key", "order_number", "params", "scope", "evidence", "right"}
    assert {name: value for name, value in one.items() if name not in unlike} == {
        name: value for name, value in other.items() if name not in unlike
    }
    assert {**one["params"], "number": "", "order": ""} == {**other["params"], "number": "", "order": ""}
    assert (one["right"]["value"], other["right"]["value"]) == ("SPY-1", "SPY-2")


def test_an_order_that_names_a_code_is_joined_by_whom_the_master_data_or_the_site_call_so(world: World) -> None:
    world.send(("erp", order(supplier={"code": "V1001"})), ("jiangnan_polymer", despatch()))
    assert shown(world)["lines"][0]["despatched"]["quantity"] is None
    world.send(("erp", party()))  # the code's GLN is the partner's: it may become known last
    assert shown(world)["lines"][0]["despatched"]["quantity"] == 100
    world.send(("erp", order("4500000124", supplier={"code": "V7"})))
    world.send(("rheintal_titan", despatch("SHP7", lines=[despatch_line(order_number="4500000124")])))
    assert shown(world, "4500000124")["lines"][0]["despatched"]["quantity"] is None
    called(world, "rheintal_titan", erp="V7")
    assert shown(world, "4500000124")["lines"][0]["despatched"]["quantity"] == 100


@pytest.mark.parametrize(("said", "written"), [("0000100234", "100234"), ("100234", "0000100234"), ("0000100234", "0000100234")])
def test_a_code_of_digits_is_the_same_with_and_without_the_zeros_before_it(world: World, said: str, written: str) -> None:
    called(world, "rheintal_titan", erp=written)
    world.send(("erp", order(supplier={"code": said})), ("rheintal_titan", despatch()))
    assert shown(world)["lines"][0]["despatched"]["quantity"] == 100
    assert shown(world, partner_id=RHEINTAL)["number"] == "4500000123"


def test_what_an_unknown_order_or_line_means_and_what_to_do_is_said(world: World) -> None:
    world.send(("erp", order()), ("wms", receipt("R9", lines=[receipt_line(order_line="99")])))
    world.send(("rheintal_titan", despatch("SPY", lines=[despatch_line(order_number="4500000999")])))
    settle(world)
    with world.database.read() as connection:
        found = {row["order_number"]: row for row in views.discrepancies(connection)[0] if row["rule"] == "ORD-18"}
    said = {
        number: {tongue: rule_named("ORD-18").text(tongue, row["params"]) for tongue in ("en", "zh-CN")} for number, row in found.items()
    }
    assert said["4500000123"]["en"] == (
        "The receiving advice R9 names order 4500000123, but that order has no line 99. "
        "Correct the line in the document, or send the order change that brings it."
    )
    assert "没有行 99" in said["4500000123"]["zh-CN"]
    unknown = said["4500000999"]
    assert unknown["en"].startswith(
        "The despatch advice SPY names order 4500000999, but no order of this number that concerns this sender is known. "
        "If the order is on its way, this ends when it comes;"
    )
    assert "没有与该发送方有关的此编号订单" in unknown["zh-CN"] and "发货通知 SPY" in unknown["zh-CN"]
    assert not any("  " in text or "{" in text for one in said.values() for text in one.values())


def test_zeros_inside_a_code_and_before_letters_are_its_own(world: World) -> None:
    called(world, "rheintal_titan", erp="0A7")
    world.send(("erp", order(supplier={"code": "A7"})), ("rheintal_titan", despatch()))
    assert shown(world)["lines"][0]["despatched"]["quantity"] is None


def test_explaining_a_number_names_what_does_not_count_for_it(world: World) -> None:
    called(world, "rheintal_titan", erp="V7")
    world.send(("erp", order(supplier={"code": "V8"})), ("rheintal_titan", despatch()))
    world.send(("wms", receipt("R9", lines=[receipt_line(order_line="99")])))
    with world.database.read() as connection:
        despatched = views.contributions(connection, "order/4500000123/10", "despatched")
        received = views.contributions(connection, "order/4500000123/10", "received")
    assert despatched.value is None and received.value is None
    assert [(one.kind, one.number, one.partner, one.why) for one in (*despatched.left_out, *received.left_out)] == [
        ("despatch_advice", "SHP1", "rheintal_titan", "outsider"),
        ("receiving_advice", "R9", "wms", "stranger"),
    ]


def test_an_order_may_name_any_gln_that_the_master_data_give_the_partner(world: World) -> None:
    called(world, "rheintal_titan", erp="V7")
    world.send(("erp", order(supplier={"gln": "4012345000030"})), ("rheintal_titan", despatch()))
    assert [row["rule"] for row in told(world, RHEINTAL)] == ["ORD-18"]
    world.send(("erp", party("V7", gln="4012345000030", name="Rheintal Titan", tax_number=None)))
    assert told(world, RHEINTAL) == []
    assert shown(world, partner_id=RHEINTAL)["lines"][0]["despatched"]["quantity"] == 100


def test_what_a_partner_says_of_itself_makes_it_nobody(world: World) -> None:
    claim = party("X", gln="6901234500017", name="We", tax_number=None)
    world.send(("erp", party()), ("rheintal_titan", claim))
    world.send(("rheintal_titan", party("X", gln="4012345000016", name="We", tax_number=None)), organisation=ROTTERDAM)
    settle(world)
    with world.database.read() as connection:
        known = suppliers(connection)
    assert known.of(RHEINTAL).glns == {"4012345000016"}
    assert known.of(RHEINTAL).codes == frozenset()
    assert known.of(JIANGNAN).codes == {("erp", "V1001")}


def test_an_order_that_names_no_supplier_may_be_joined_by_any(world: World) -> None:
    world.send(("erp", order(supplier={"name": "somebody"})), ("rheintal_titan", despatch()))
    assert shown(world)["lines"][0]["despatched"]["quantity"] == 100


def test_a_code_of_one_system_says_nothing_in_another(world: World) -> None:
    called(world, "jiangnan_polymer", erp="V1")
    called(world, "rheintal_titan", erp_south="V1")
    world.send(("erp", order("N1", supplier={"code": "V1"})), ("erp_south", order("S1", supplier={"code": "V1"})))
    world.send(("rheintal_titan", despatch("SPY", lines=[despatch_line(order_number="N1")])))
    settle(world)
    with world.database.read() as connection:
        seen = {number: {row["number"] for row in views.orders(connection, None, number)[0]} for number in (JIANGNAN, RHEINTAL)}
    assert seen == {JIANGNAN: {"N1"}, RHEINTAL: {"S1"}}
    assert shown(world, "N1")["lines"][0]["despatched"]["quantity"] is None


def test_orders_of_two_issuers_under_one_number_are_two_orders(world: World) -> None:
    asked = [{"line": "10", "item_code": "OTHER", "quantity": Decimal(3), "unit": "EA", "unit_price": Decimal(1), "@": 2}]
    world.send(("erp", order()), ("stadtspital", order(lines=asked, supplier={"code": "US"})), ("jiangnan_polymer", despatch()))
    (seen,) = [shown(world, partner_id=STADTSPITAL)["lines"]]
    assert [(line["ordered"]["quantity"], line["unit_price"], line["despatched"]["quantity"]) for line in seen] == [(3, 1, None)]
    assert "12.5" not in str(seen)
    assert shown(world, issuer="erp")["lines"][0]["despatched"]["quantity"] == 100
    with pytest.raises(ConflictError, match="erp for suzhou, stadtspital for suzhou"):
        shown(world)


def test_an_order_number_of_two_organisations_must_be_told_apart(world: World) -> None:
    world.send(("erp", order()))
    world.send(("erp", order(issued_at=at(2))), organisation=ROTTERDAM)
    with pytest.raises(ConflictError, match="erp for rotterdam, erp for suzhou"):
        shown(world)
    assert [shown(world, organisations=[number])["organisation"] for number in (SUZHOU, ROTTERDAM)] == ["suzhou", "rotterdam"]
    with pytest.raises(NotFoundError):
        shown(world, partner_id=RHEINTAL)

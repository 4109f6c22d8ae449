"""Views: every number with its source, master data by any name, what a partner may see."""

from __future__ import annotations

from decimal import Decimal

import pytest

from data_contracts.errors import NotFoundError
from hub.reconcile import reconcile
from hub.store import views
from hub.store.database import Database
from tests.hub.world import (
    KEYS,
    PLANT,
    ROTTERDAM,
    SUZHOU,
    World,
    at,
    despatch,
    despatch_line,
    item,
    order,
    party,
    receipt,
    receipt_line,
    stock,
)

LEVELS = [
    {"gtin": "06901234500106", "unit": "EA", "quantity": Decimal(1)},
    {"gtin": "16901234500103", "unit": "CS", "quantity": Decimal(20)},
]


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    made.send(("erp", item(trade_items=LEVELS)), ("erp", party()), ("erp", order()))
    made.send(("wms", receipt(lines=[receipt_line("L1", 60), receipt_line("L2", 40)])))
    with database.begin("test") as uow:
        reconcile(uow)
    return made


def test_a_received_quantity_is_explained_by_the_lines_that_said_it(world: World) -> None:
    with world.database.read() as connection:
        found = views.contributions(connection, "order/4500000123/0010", "received")
    assert found.value == Decimal(100)
    assert [(part.path, part.value, part.unit, part.locator, part.partner, part.number) for part in found.contributions] == [
        ("lines[0].quantity", Decimal(60), "EA", 5, "wms", "R1"),
        ("lines[1].quantity", Decimal(40), "EA", 5, "wms", "R1"),
    ]
    assert {part.exchange_id for part in found.contributions} == {world.exchanges[3]}


def test_header_fields_prices_items_parties_and_stock_can_be_explained(world: World) -> None:
    world.send(("wms", stock(PLANT, at(20), {"quantity": Decimal(7)})))
    with world.database.read() as connection:
        cases = {
            ("order/4500000123", "currency"): ("CNY", "currency"),
            ("order/4500000123", "supplier.gln"): ("6901234500017", "supplier.gln"),
            ("order/4500000123/10", "unit_price"): (Decimal("12.5"), "lines[0].unit_price"),
            ("item/RM-100", "name"): ("Polymer granulate", "name"),
            ("party/6901234500017", "role"): ("supplier", "role"),
            (f"stock/{PLANT}/RM-100/L1", "wms"): (Decimal(7), "lines[0].quantity"),
        }
        for (entity, name), (value, path) in cases.items():
            found = views.contributions(connection, entity, name)
            assert (found.value, found.contributions[0].path) == (value, path), entity
        for entity, name in (
            ("order/4500000123/99", "received"),
            ("order/4500000123/10", "colour"),
            ("order/nope", "currency"),
            ("thing/1", "x"),
            ("order", "x"),
            ("item/RM-100", "colour"),
            (f"stock/{PLANT}/RM-999", "quantity"),
        ):
            with pytest.raises(NotFoundError):
                views.contributions(connection, entity, name)


def test_an_item_is_found_by_any_of_its_names(world: World) -> None:
    with world.database.read() as connection:
        for name in ("RM-100", "06901234500106", "6901234500106", "16901234500103", "JN-22"):
            assert views.item(connection, name)["code"] == "RM-100"
        shown = views.item(connection, "RM-100")
        with pytest.raises(NotFoundError):
            views.item(connection, "RM-404")
    assert (shown["name_zh"], shown["base_unit"]) == ("高分子颗粒", "EA")
    assert {(name["scheme"], name["value"], name["base_quantity"]) for name in shown["names"]} >= {("gtin", "16901234500103", Decimal(20))}
    assert [source["system"] for source in shown["sources"]] == ["erp"]


def test_items_and_parties_come_in_pages_and_are_searched(world: World) -> None:
    world.send(*(("erp", item(f"RM-{number}", supplier_items=[], name=f"Thing {number}", name_zh="东西")) for number in range(200, 205)))
    with world.database.begin("test") as uow:
        reconcile(uow)
    with world.database.read() as connection:
        first, following = views.items(connection, limit=4)
        rest, end = views.items(connection, limit=4, cursor=following)
        named, _ = views.items(connection, find="thing 20")
        chinese, _ = views.items(connection, find="高分子")
        nobody, _ = views.parties(connection, find="100%")
    assert [row["code"] for row in first + rest] == ["RM-100", "RM-200", "RM-201", "RM-202", "RM-203", "RM-204"]
    assert end is None and len(named) == 5 and [row["code"] for row in chinese] == ["RM-100"] and nobody == []


def test_a_partner_sees_what_it_supplies_and_itself(world: World) -> None:
    world.send(("erp", party("V1002", gln="4012345000016", tax_number="DE1", name="Rheintal Titan GmbH")))
    with world.database.begin("test") as uow:
        reconcile(uow)
    with world.database.read() as connection:
        own = views.items(connection, KEYS["jiangnan_polymer"])[0]
        foreign = views.items(connection, KEYS["rheintal_titan"])[0]
        itself = views.parties(connection, KEYS["rheintal_titan"])[0]
        with pytest.raises(NotFoundError):
            views.item(connection, "RM-100", KEYS["rheintal_titan"])
    assert [row["code"] for row in own] == ["RM-100"]
    assert foreign == []
    assert [row["code"] for row in itself] == ["V1002"]


def test_an_order_of_another_organisation_is_as_if_it_were_not(world: World) -> None:
    with world.database.read() as connection:
        assert views.order(connection, "4500000123", [SUZHOU])["organisation"] == "suzhou"
        with pytest.raises(NotFoundError):
            views.order(connection, "4500000123", [ROTTERDAM])
        with pytest.raises(NotFoundError):
            views.order(connection, "4500000123", None, KEYS["rheintal_titan"])


def test_a_partner_does_not_gain_sight_of_an_order_by_naming_it(world: World) -> None:
    world.send(("rheintal_titan", despatch("SPY", lines=[despatch_line()])))
    with world.database.read() as connection:
        assert views.orders(connection, None, KEYS["rheintal_titan"])[0] == []


def test_stock_comes_in_pages_in_a_stable_order(world: World) -> None:
    lots = [{"lot": f"P{number:02d}", "quantity": Decimal(number + 1)} for number in range(7)]
    world.send(("wms", stock(PLANT, at(20), *lots)), ("wms", stock("8712345000010", at(20), {"lot": "R1"})))
    with world.database.read() as connection:
        seen, cursor = views.inventory(connection, limit=3, location=PLANT, item="16901234500103")
        while cursor is not None:
            more, cursor = views.inventory(connection, limit=3, location=PLANT, item="16901234500103", cursor=cursor)
            seen += more
        elsewhere, _ = views.inventory(connection, location="8712345000010")
        other_organisation, _ = views.inventory(connection, [ROTTERDAM])
    assert sorted(row["lot"] for row in seen if row["systems"] and row["systems"][0]["quantity"]) == [
        f"P{number:02d}" for number in range(7)
    ]
    assert len({row["lot"] for row in seen}) == len(seen)
    assert [row["lot"] for row in elsewhere] == ["R1"]
    assert other_organisation == []


def test_open_discrepancies_are_counted_and_filtered(world: World) -> None:
    world.send(("jiangnan_polymer", despatch(lines=[despatch_line("L1", 60), despatch_line("L2", 30)])))
    with world.database.begin("test") as uow:
        reconcile(uow)
    with world.database.read() as connection:
        counted = views.tally(connection)
        own, _ = views.discrepancies(connection, partner_id=KEYS["jiangnan_polymer"])
        foreign, _ = views.discrepancies(connection, partner_id=KEYS["rheintal_titan"])
        elsewhere = views.tally(connection, [ROTTERDAM])
        first, following = views.discrepancies(connection, order_number="4500000123", limit=1)
        rest, _ = views.discrepancies(connection, order_number="4500000123", cursor=following)
    assert counted == {"ORD-10": 1, "ORD-12": 1}
    assert {row["rule"] for row in own} == {"ORD-10", "ORD-12"}
    assert (foreign, elsewhere) == ([], {})
    assert [row["rule"] for row in first + rest] == ["ORD-10", "ORD-12"]

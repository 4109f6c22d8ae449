"""What the hub finds when it puts together what several systems say."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from data_contracts.rules.catalogue import rule_named
from hub.clock import FrozenClock
from hub.reconcile import mark_due, reconcile
from hub.reconcile.orders import SEVERITIES, NoTolerance
from hub.store import views
from hub.store.database import Database
from tests.hub.world import (
    KEYS,
    PLANT,
    World,
    at,
    delivery,
    despatch,
    despatch_line,
    invoice,
    item,
    order,
    party,
    production,
    receipt,
    receipt_line,
    response,
    stock,
)

TRADE = [
    {"gtin": "06901234500106", "unit": "EA", "quantity": Decimal(1)},
    {"gtin": "16901234500103", "unit": "CS", "quantity": Decimal(20)},
]


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    made.send(("erp", item()), ("erp", party()))
    return made


def found(world: World, **tolerances: Any) -> list[tuple[str, str, str, str | None]]:
    """Open discrepancies after reconcile: rule, left, right, lot."""
    with world.database.begin("test") as uow:
        reconcile(uow, tolerances=tolerances.get("tolerances"))
    with world.database.read() as connection:
        rows, following = views.discrepancies(connection)
    assert following is None
    return sorted((row["rule"], row["left"]["value"], row["right"]["value"], row["lot"]) for row in rows)


def everything(**changes: Any) -> list[tuple[str, dict[str, Any]]]:
    """A clean order from order to invoice; `changes` replace its documents."""
    documents: dict[str, tuple[str, dict[str, Any] | None]] = {
        "order": ("erp", order()),
        "response": ("jiangnan_polymer", response()),
        "despatch": ("jiangnan_polymer", despatch()),
        "receipt": ("wms", receipt()),
        "invoice": ("jiangnan_polymer", invoice()),
    }
    for name, entity in changes.items():
        documents[name] = (documents[name][0], entity)
    return [(partner, entity) for partner, entity in documents.values() if entity is not None]


def test_a_clean_order_has_no_discrepancy_and_shows_every_number_with_its_source(world: World) -> None:
    world.send(*everything())
    assert found(world) == []
    with world.database.read() as connection:
        shown = views.order(connection, "4500000123", [1])
    (line,) = shown["lines"]
    stages = ("ordered", "confirmed", "despatched", "received", "invoiced")
    assert [line[stage]["quantity"] for stage in stages] == [Decimal(100)] * 5
    assert [line[stage]["sources"][0]["partner"] for stage in stages] == [
        "erp",
        "jiangnan_polymer",
        "jiangnan_polymer",
        "wms",
        "jiangnan_polymer",
    ]
    assert line["despatched"]["sources"][0]["lot"] == "L1"
    assert line["item"]["code"] == "RM-100"


CASES: dict[str, tuple[dict[str, Any], list[tuple[str, str, str, str | None]]]] = {
    "short": (
        {
            "despatch": despatch(lines=[despatch_line(quantity=90)]),
            "receipt": receipt(lines=[receipt_line(quantity=90)]),
            "invoice": invoice(quantity=90),
        },
        [("ORD-10", "100", "90", None)],
    ),
    "too much": (
        {"despatch": despatch(lines=[despatch_line(quantity=110)]), "receipt": receipt(lines=[receipt_line(quantity=110)])},
        [("ORD-11", "100", "110", None)],
    ),
    "received less": (
        {"receipt": receipt(lines=[receipt_line(quantity=97)]), "invoice": invoice(quantity=97)},
        [("ORD-12", "100", "97", "L1")],
    ),
    "strange lot": ({"receipt": receipt(lines=[receipt_line(lot="LX")])}, [("ORD-13", "L1", "100", "LX")]),
    "additional strange lot": (
        {"receipt": receipt(lines=[receipt_line(), receipt_line(lot="LX", quantity=5)])},
        [("ORD-13", "L1", "5", "LX")],
    ),
    "price": ({"invoice": invoice(price="12.75")}, [("ORD-14", "12.5", "12.75", None)]),
    "currency": ({"invoice": invoice(currency="EUR")}, [("ORD-14", "12.5", "12.5 EUR", None)]),
    "invoiced too much": ({"invoice": invoice(quantity=120)}, [("ORD-16", "100", "120", None)]),
    "not received yet": ({"receipt": None, "invoice": invoice(quantity=120)}, []),
    "declined": (
        {
            "response": response(lines=[{"line": "10", "order_line": "10", "status": "rejected", "quantity": Decimal(100), "unit": "EA"}]),
            "despatch": None,
            "receipt": None,
            "invoice": None,
        },
        [("ORD-17", "100", "0", None)],
    ),
    "stranger": ({"receipt": receipt(lines=[receipt_line(), receipt_line(order_line="77")])}, [("ORD-18", "", "77", "L1")]),
    "another item": (
        {"receipt": receipt(lines=[receipt_line(item_code="RM-999")])},
        [("ORD-19", "RM-100", "RM-999", None)],
    ),
    "unit that no master knows": (
        {
            "invoice": invoice()
            | {"lines": [{"line": "1", "order_line": "10", "quantity": Decimal(10), "unit": "KG", "unit_price": Decimal(125)}]}
        },
        [("ORD-15", "EA", "KG", None)],
    ),
}


@pytest.mark.parametrize("case", list(CASES))
def test_each_disagreement_is_found_and_nothing_else(world: World, case: str) -> None:
    changes, expected = CASES[case]
    world.send(*everything(**changes))
    assert found(world) == expected


def test_severities_are_those_of_the_catalogue() -> None:
    assert {rule: rule_named(rule).severity for rule in SEVERITIES} == SEVERITIES


def test_a_convertible_unit_is_told_and_compared_in_base_units(world: World) -> None:
    world.send(("erp", item(revision=2, trade_items=TRADE)))
    cased = despatch_line(quantity=5, unit="CS", gtin="16901234500103")
    world.send(*everything(despatch=despatch(lines=[cased])))
    assert found(world) == [("ORD-15", "EA", "CS", None)]
    with world.database.read() as connection:
        shown = views.order(connection, "4500000123")
        assert [row["severity"] for row in shown["lines"][0]["discrepancies"]] == ["info"]
    assert shown["lines"][0]["despatched"]["quantity"] == 100
    assert shown["lines"][0]["despatched"]["sources"][0]["quantity"] == 5


def test_the_item_master_may_come_last(world: World) -> None:
    cased = despatch_line(quantity=5, unit="CS", gtin="16901234500103")
    world.send(*everything(despatch=despatch(lines=[cased])))
    assert [rule for rule, *_ in found(world)] == ["ORD-15"]
    world.send(("erp", item(revision=2, trade_items=TRADE)))
    assert found(world) == [("ORD-15", "EA", "CS", None)]
    with world.database.read() as connection:
        assert views.order(connection, "4500000123")["lines"][0]["discrepancies"][0]["severity"] == "info"


def test_nothing_shipped_is_short_only_when_the_promised_day_has_passed(world: World, clock: FrozenClock) -> None:
    future = response(lines=[{"line": "10", "order_line": "10", "quantity": Decimal(100), "unit": "EA", "promised_on": "2026-11-30"}])
    world.send(*everything(response=future, despatch=None, receipt=None, invoice=None))
    assert found(world) == []
    clock.set(datetime(2026, 11, 30, 15, 59, tzinfo=UTC))  # still the 30th in Suzhou
    with world.database.begin("daily") as uow:
        mark_due(uow)
    assert found(world) == []
    clock.set(datetime(2026, 11, 30, 16, 1, tzinfo=UTC))
    with world.database.begin("daily") as uow:
        mark_due(uow)
    assert found(world) == [("ORD-10", "100", "0", None)]


def test_what_is_promised_for_later_is_not_missing(world: World) -> None:
    promised = [
        {"line": "10", "order_line": "10", "quantity": Decimal(60), "unit": "EA", "promised_on": "2026-11-10"},
        {"line": "10", "order_line": "10", "status": "backordered", "quantity": Decimal(40), "unit": "EA", "promised_on": "2026-12-20"},
    ]
    world.send(
        *everything(
            response=response(lines=promised),
            despatch=despatch(lines=[despatch_line(quantity=60)]),
            receipt=receipt(lines=[receipt_line(quantity=60)]),
            invoice=None,
        )
    )
    assert found(world) == []


def test_a_shipment_on_the_road_is_no_difference(world: World) -> None:
    second = despatch("SHP2", lines=[despatch_line(quantity=40)])
    world.send(
        *everything(despatch=despatch(lines=[despatch_line(quantity=60)]), receipt=receipt(lines=[receipt_line(quantity=60)]), invoice=None)
    )
    world.send(("jiangnan_polymer", second))
    assert found(world) == []


def test_tolerances_are_the_partners(world: World) -> None:
    world.send(*everything(invoice=invoice(price="12.51")))
    assert [rule for rule, *_ in found(world)] == ["ORD-14"]
    world.send(("jiangnan_polymer", invoice(price="12.51", purpose="replace")))
    assert found(world, tolerances={KEYS["jiangnan_polymer"]: NoTolerance(price=Decimal("0.01"))}) == []


def test_a_discrepancy_that_is_gone_closes_and_one_that_returns_opens_again(world: World) -> None:
    world.send(*everything(invoice=invoice(quantity=120)))
    assert [rule for rule, *_ in found(world)] == ["ORD-16"]
    world.send(("jiangnan_polymer", invoice(purpose="cancel", issued_at=at(14))))
    assert found(world) == []
    world.send(("jiangnan_polymer", invoice(quantity=120, issued_at=at(15))))
    assert [rule for rule, *_ in found(world)] == ["ORD-16"]


def test_a_partner_sees_its_own_orders_and_not_the_documents_of_others(world: World) -> None:
    world.send(*everything(invoice=invoice(quantity=120)))
    found(world)
    with world.database.read() as connection:
        own, _ = views.orders(connection, [1], KEYS["jiangnan_polymer"])
        foreign, _ = views.orders(connection, [1], KEYS["rheintal_titan"])
        elsewhere, _ = views.orders(connection, [2])
    assert [row["number"] for row in own] == ["4500000123"]
    assert foreign == [] and elsewhere == []
    line = own[0]["lines"][0]
    assert (line["received"]["quantity"], line["received"]["sources"][0]["exchange_id"], line["received"]["sources"][0]["number"]) == (
        100,
        None,
        None,
    )
    assert [row["rule"] for row in line["discrepancies"]] == ["ORD-16"]


def test_orders_come_in_pages_and_can_be_narrowed_to_those_that_disagree(world: World) -> None:
    world.send(*(("erp", order(f"45{number:08d}")) for number in range(5)))
    world.send(*everything(invoice=invoice(quantity=120)))
    found(world)
    with world.database.read() as connection:
        first, following = views.orders(connection, limit=4)
        rest, end = views.orders(connection, limit=4, cursor=following)
        disagreeing, _ = views.orders(connection, only_disagreeing=True)
        beginning, _ = views.orders(connection, find="450000000")
    assert (len(first), len(rest), end) == (4, 2, None)
    assert len({row["number"] for row in first + rest}) == 6
    assert {row["number"] for row in disagreeing} >= {"4500000123"}
    assert len(beginning) == 5


def test_systems_that_disagree_about_stock(world: World) -> None:
    world.send(("erp", stock(PLANT, at(20), {"quantity": Decimal(100)}, {"lot": "L2", "quantity": Decimal(7)})))
    world.send(("wms", stock(PLANT, at(20), {"quantity": Decimal(95)})))
    assert found(world) == [("STK-01", "100", "95", "L1"), ("STK-01", "7", "0", "L2")]
    with world.database.read() as connection:
        rows, _ = views.inventory(connection, [1], only_disagreeing=True)
        (own,) = views.inventory(connection, [1], KEYS["wms"], lot="L1")[0]
    assert [(row["lot"], row["difference"], row["computed"]) for row in rows] == [
        ("L1", Decimal(5), Decimal(95)),
        ("L2", Decimal(7), Decimal(0)),
    ]
    assert [system["partner"] for system in own["systems"]] == ["wms"]


def test_what_moved_between_two_counts_is_no_difference(world: World) -> None:
    world.send(("erp", stock(PLANT, at(13), {"quantity": Decimal(100)})), ("mes", production()))
    world.send(
        (
            "wms",
            stock(
                PLANT, at(20), {"quantity": Decimal(60)}, {"item_code": None, "gtin": "06901234000029", "lot": "F1", "quantity": Decimal(2)}
            ),
        )
    )
    assert found(world) == []


def test_the_hub_computes_stock_from_the_last_count_and_what_moved_after_it(world: World) -> None:
    world.send(("wms", stock(PLANT, at(13), {"quantity": Decimal(100)})), ("mes", production()), ("wms", delivery()), ("wms", receipt()))
    found(world)
    with world.database.read() as connection:
        rows, _ = views.inventory(connection, [1], location=PLANT)
    shown = {
        (row["item"]["code"], row["lot"], row["status"]): (row["systems"][0]["quantity"], row["computed"]) for row in rows if row["systems"]
    }
    # The receipt of the 12th came before the count of the 13th; the count has it already.
    assert shown == {
        ("RM-100", "L1", "available"): (Decimal(100), Decimal(60)),
        ("06901234000029", "F1", "available"): (Decimal(0), Decimal(1)),
    }


def test_goods_on_the_way_are_despatched_less_received_whatever_they_are_called(world: World) -> None:
    world.send(("jiangnan_polymer", despatch()), ("wms", receipt(lines=[receipt_line(quantity=30)])))
    found(world)
    with world.database.read() as connection:
        rows, _ = views.inventory(connection, [1], item="RM-100")
    assert [(row["status"], row["in_transit"], row["lot"]) for row in rows] == [("in_transit", Decimal(70), "L1")]


def test_expired_stock_that_is_still_available(world: World, clock: FrozenClock) -> None:
    world.send(
        (
            "wms",
            stock(
                PLANT,
                at(20),
                {"expires_on": "2026-11-22"},
                {"lot": "L2", "expires_on": "2026-10"},
                {"lot": "L3", "expires_on": "2026-10-31", "status": "blocked"},
            ),
        )
    )
    assert found(world) == [("STK-02", "2026-10", "100", "L2")]
    clock.set(datetime(2026, 11, 22, 16, 30, tzinfo=UTC))  # the 23rd in Suzhou
    with world.database.begin("daily") as uow:
        mark_due(uow)
    assert {row[3] for row in found(world)} == {"L1", "L2"}


def test_the_same_supplier_under_two_codes(world: World) -> None:
    world.send(("erp", party("V1901", name="Jiangnan Polymer", gln=None)), ("erp", party("V2000", name="Other", gln=None, tax_number=None)))
    with world.database.begin("test") as uow:
        reconcile(uow)
    with world.database.read() as connection:
        (row,), _ = views.discrepancies(connection, rule="MDM-01")
    assert (row["params"]["codes"], row["params"]["reasons"]) == ("V1001, V1901", "tax_number")
    world.send(("erp", party("V1901", name="江南高分子材料公司", gln=None, tax_number="OTHER", revision=2)))
    assert found(world) == [("MDM-01", "江南高分子材料有限公司", "江南高分子材料公司", None)]
    world.send(("erp", party("V1901", purpose="cancel", revision=3)))
    assert found(world) == []


def test_stock_in_two_units_agrees_once_the_item_master_can_convert(world: World) -> None:
    world.send(
        ("erp", stock(PLANT, at(20), {"quantity": Decimal(5), "unit": "CS"})), ("wms", stock(PLANT, at(20), {"quantity": Decimal(100)}))
    )
    assert found(world) == [("STK-01", "0", "100", "L1"), ("STK-01", "5", "0", "L1")]
    world.send(("erp", item(revision=2, trade_items=TRADE)))
    assert found(world) == []


def test_whose_item_number_it_is_may_become_known_last(database: Database) -> None:
    world = World(database)
    world.send(("erp", item()), ("erp", item("RM-300", supplier_items=[{"supplier": "V1002", "code": "JN-22"}])))
    asked = [{"line": "10", "item_code": "RM-300", "quantity": Decimal(100), "unit": "EA", "@": 2}]
    world.send(("erp", order(lines=asked)), ("jiangnan_polymer", despatch(lines=[despatch_line(buyer_item=None)])))
    assert found(world) == []
    world.send(("erp", party()))
    assert found(world) == [("ORD-19", "RM-300", "JN-22", None)]

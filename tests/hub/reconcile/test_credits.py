"""Credit notes: goods that are credited are invoiced no more, money that is credited leaves them; neither makes a line over-invoiced."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.reconcile import reconcile
from hub.store import views
from hub.store.database import Database
from tests.hub.world import World, at, despatch, invoice, order, receipt

SUPPLIER = "jiangnan_polymer"


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    made.send(("erp", order()), (SUPPLIER, despatch()), ("wms", receipt()))
    return made


def credit(number: str = "CN1", **header: Any) -> dict[str, Any]:
    return invoice(number, **{"kind": "credit_note", "issued_at": at(14), **header})


def told(world: World) -> tuple[Any, list[Any]]:
    """What is invoiced of the line now, and what disagrees about it."""
    with world.database.begin("test") as uow:
        reconcile(uow)
    with world.database.read() as connection:
        (line,) = views.order(connection, "4500000123")["lines"]
    found = [(one["rule"], one["left"]["value"], one["right"]["value"]) for one in line["discrepancies"]]
    return line["invoiced"]["quantity"], [one for one in found if one[0] in ("ORD-14", "ORD-16")]


def test_credited_goods_are_invoiced_no_more(world: World) -> None:
    world.send((SUPPLIER, credit(quantity=20)))
    assert told(world) == (-20, [])  # a credit may be here before its invoice
    world.send((SUPPLIER, invoice(quantity=120)))
    assert told(world) == (100, [])
    world.send((SUPPLIER, credit("CN1", quantity=20, purpose="cancel", issued_at=at(15))))
    assert told(world) == (120, [("ORD-16", "100", "120")])


def test_a_credit_that_names_only_its_invoice_counts_for_the_order_of_that_invoice(world: World) -> None:
    """By its item, whichever of the two is here first; not for an invoice of somebody else under that number."""
    bare = {"line": "1", "supplier_item": "JN-22", "quantity": Decimal(20), "unit": "EA", "unit_price": Decimal(12), "@": 6}
    named = {"order_number": None, "lines": [bare]}
    world.send((SUPPLIER, credit(invoice_number="INV1", **named)))
    assert told(world) == (None, [])
    world.send((SUPPLIER, invoice(quantity=120)))
    assert told(world) == (120, [("ORD-16", "100", "120")])  # its price is no invoice's: a credit of money
    world.send((SUPPLIER, credit("CN2", invoice_number="INV1", **{**named, "lines": [{**bare, "unit_price": Decimal("12.5")}]})))
    assert told(world) == (100, [])
    world.send(("rheintal_titan", invoice("INV2", order_number="4500000999")), (SUPPLIER, credit("CN3", invoice_number="INV2", **named)))
    assert told(world) == (100, [])
    world.send((SUPPLIER, credit("CN2", invoice_number="INV1", purpose="cancel", issued_at=at(15), **named)))
    assert told(world) == (120, [("ORD-16", "100", "120")])
    with world.database.read() as connection:
        shown = views.contributions(connection, "order/4500000123/10", "invoiced")
    assert {part.number for part in shown.contributions} == {"INV1", "CN1"}


def test_numbers_of_credit_notes_and_invoices_are_apart(world: World) -> None:
    world.send((SUPPLIER, invoice("7", quantity=120)), (SUPPLIER, credit("7", quantity=20)))
    assert told(world) == (100, [])


def test_a_credited_price_leaves_the_quantity_and_mends_the_price(world: World) -> None:
    """100 at 12.75 instead of 12.5: what is too much is credited for all 100, by a credit of money or by one of another price."""
    world.send((SUPPLIER, invoice(price="12.75")))
    assert told(world) == (100, [("ORD-14", "12.5", "12.75")])
    world.send((SUPPLIER, credit("CN2", price="0.25", invoice_number="INV1")))
    assert told(world) == (100, [])
    world.send((SUPPLIER, credit("CN2", price="0.1", kind="price_credit", invoice_number="INV1", purpose="replace", issued_at=at(15))))
    assert told(world) == (100, [("ORD-14", "12.5", "12.75")])
    world.send((SUPPLIER, credit("CN3", price="12.75", kind="price_credit", invoice_number="INV9", issued_at=at(15))))
    assert told(world) == (100, [("ORD-14", "12.5", "12.75")])  # it mends another invoice


def test_an_invoice_that_was_credited_whole_and_written_anew_is_right(world: World) -> None:
    world.send((SUPPLIER, invoice(price="12.75")), (SUPPLIER, credit(price="12.75", invoice_number="INV1")), (SUPPLIER, invoice("INV2")))
    assert told(world) == (100, [])


def test_a_credited_price_does_not_hide_what_was_invoiced_twice(world: World) -> None:
    world.send((SUPPLIER, invoice()), (SUPPLIER, invoice("INV2")), (SUPPLIER, credit(price="0.25")))
    assert told(world) == (200, [("ORD-16", "100", "200")])

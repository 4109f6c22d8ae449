"""Documents beside order, despatch, receipt and invoice: kept whole, found by their number, with the effects that they have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts.canonical import ENTITIES, KINDS
from hub.apply.digest import stored_digest
from hub.store import tables
from hub.store.database import Database
from tests.hub.apply.test_apply import balances
from tests.hub.world import PLANT, World, at

LINE = {"line": "1", "buyer_item": "RM-100", "unit": "EA"}
DOCUMENTS: list[dict[str, Any]] = [
    {
        "entity": "DeliverySchedule",
        "horizon_from_on": "2026-12",
        "lines": [
            {**LINE, "quantity": Decimal("40.5"), "due_on": "2026-12-07", "due_until_on": "2026-12-13", "commitment": "firm", "@": 7}
        ],
    },
    {
        "entity": "SalesReport",
        "lines": [{**LINE, "quantity": Decimal(-3), "activity": "returned", "location": {"gln": PLANT}, "@": 3}],
    },
    {
        "entity": "PriceCatalogue",
        "currency": "CNY",
        "lines": [{**LINE, "unit_price": Decimal("8.5"), "price_quantity": Decimal(100), "@": 4}],
    },
    {
        "entity": "RemittanceAdvice",
        "total": Decimal(90),
        "lines": [{"line": "1", "invoice_number": "INV-1", "amount": Decimal(90), "@": 5}],
    },
    {"entity": "DespatchInstruction", "order_number": "SO-1", "lines": [{**LINE, "quantity": Decimal(5), "lot": "L1", "@": 6}]},
    {"entity": "TransportInstruction", "reference": "LOAD-1", "lines": [{"line": "1", "kind": "load", "planned_on": "2026-12-01", "@": 7}]},
    {"entity": "TransportResponse", "instruction_number": "LOAD-1", "status": "accepted"},
    {"entity": "TransportStatus", "lines": [{"line": "1", "status": "delivered", "occurred_at": at(20), "city": "Suzhou", "@": 9}]},
    {
        "entity": "SensorReading",
        "sensor": "S-17",
        "occurred_at": at(20),
        "lines": [
            {"line": "1", "measure": "Temperature", "value": Decimal("-4.25"), "unit": "CEL", "quality": "bad", "alarm": True, "@": 2}
        ],
    },
]


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def kept(database: Database, number: str) -> tuple[str, list[Any]]:
    with database.read() as connection:
        row = connection.execute(sa.select(tables.application).where(tables.application.c.number == number)).one()
        lines = connection.execute(sa.select(tables.line).where(tables.line.c.application_id == row.id)).all()
        assert stored_digest(connection, [row.id])
        return row.kind, list(lines)


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(document["entity"]) for document in DOCUMENTS])
def test_every_member_of_a_line_is_kept(world: World, document: dict[str, Any]) -> None:
    plain = {name: value for name, value in document.items() if name not in ("entity", "lines")}
    rows = [{name: value for name, value in row.items() if name != "@"} for row in document.get("lines", ())]
    ENTITIES[document["entity"]].model_validate({"number": "N-1", "issued_at": at(20), **plain, **({"lines": rows} if rows else {})})
    (applied,) = world.send(("wms", {"number": "N-1", "issued_at": at(20), **document}))
    assert (applied.state, applied.standing) == ("applied", True)
    kind, lines = kept(world.database, "N-1")
    assert kind == KINDS[document["entity"]]
    for said, stored in zip(rows, lines, strict=True):
        columns, detail = stored._asdict(), stored.detail or {}
        for name, value in said.items():
            if name in detail:
                assert detail[name] == (
                    value.isoformat() if hasattr(value, "isoformat") else format(value, "f") if isinstance(value, Decimal) else value
                )
            else:
                assert columns[name] == value


def test_a_movement_of_stock_books_what_it_says_and_its_withdrawal_takes_it_back(world: World) -> None:
    lines = [{**LINE, "item_code": "RM-100", "lot": "L1", "quantity": Decimal(-4), "reason": "551", "status": "blocked", "@": 3}]
    movement = {"entity": "InventoryMovement", "number": "M-1", "issued_at": at(20), "occurred_at": at(20), "location": {"gln": PLANT}}
    world.send(("wms", {**movement, "lines": lines}))
    before = balances(world.database)
    assert list(before.values()) == [Decimal(-4)]
    ((place, _, lot, status),) = before
    assert (place, status) == (PLANT, "blocked") and lot is not None and lot.endswith("|L1")
    world.send(("wms", {**movement, "purpose": "cancel", "issued_at": at(21)}))
    assert balances(world.database) == {}

"""A correction is judged by the contract of its agreement, as the bytes were: one field that is put right excuses no other."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConflictError
from hub import exchange
from hub.content import entity_of
from hub.runtime import Hub
from hub.store import tables
from tests.hub.acknowledge.conftest import Open, open_with
from tests.hub.conftest import take
from tests.hub_api.papers import orders

__all__ = ["open_with"]
CONTRACT = """apiVersion: v3.1.0
kind: DataContract
id: promise
version: 1.0.0
status: active
team: {name: Test}
schema:
  - name: promise
    logicalType: object
    customProperties:
      - {property: canonicalEntity, value: PurchaseOrder}
      - {property: canonicalLine, value: PurchaseOrderLine}
    properties:
      - {name: number, logicalType: string, required: true, primaryKey: true}
      - name: line
        logicalType: string
        quality:
          - id: T-01
            dimension: conformity
            severity: warning
            description: "Line 20 is not agreed."
            type: library
            metric: invalidValues
            arguments: {pattern: '^(?!20$)'}
            mustBe: 0
            customProperties: [{property: action, value: %s}]
"""


def held(open_with: Open, action: str) -> tuple[Hub, int]:
    """An order of three lines: 10 has a unit that no list knows, 20 is not agreed, 30 is good."""
    hub = open_with(
        {
            "contracts/promise.odcs.yaml": ("_", CONTRACT % action),
            "agreements/orders_north.yaml": ("format: json", "format: json\ncontract: promise"),
        }
    )
    order = json.loads(orders("4500000001"))
    (line,) = order["orders"][0]["lines"]
    order["orders"][0]["lines"] = [{**line, "line": "10", "unit": "QQ1"}, {**line, "line": "20"}, {**line, "line": "30"}]
    document = take(hub, json.dumps(order).encode(), "erp", key="k1", agreement="orders_north").document_id
    with hub.database.read() as connection:
        row = connection.execute(sa.select(tables.exchange).where(tables.exchange.c.document_id == document)).one()
    assert row.state == "quarantined"
    return hub, int(row.id)


@pytest.mark.parametrize("action", ["message", "flow"])
def test_another_field_does_not_excuse_what_breaks_the_contract(open_with: Open, action: str) -> None:
    hub, number = held(open_with, action)
    with pytest.raises(ConflictError, match="Line 20 is not agreed"):
        exchange.correct(hub, number, {"lines[0].unit": "EA"}, "ann", "means pieces")
    new = exchange.correct(hub, number, {"lines[0].unit": "EA", "lines[1].line": "21"}, "ann", "and a misprint")
    with hub.database.read() as connection:
        assert [line["line"] for line in entity_of(hub, connection, new)["lines"]] == ["10", "21", "30"]


def test_a_row_that_breaks_the_contract_stays_out(open_with: Open) -> None:
    hub, number = held(open_with, "row")
    new = exchange.correct(hub, number, {"lines[0].unit": "EA"}, "ann", "means pieces")
    with hub.database.read() as connection:
        row = connection.execute(sa.select(tables.exchange).where(tables.exchange.c.id == new)).one()
        kept = entity_of(hub, connection, new)
        found = connection.execute(sa.select(tables.finding.c.rule, tables.finding.c.action).where(tables.finding.c.exchange_id == new))
        assert ("CON-60", "row") in [tuple(one) for one in found]
    assert (row.state, row.keys["rows_left_out"]) == ("applied", 1)
    assert [line["line"] for line in kept["lines"]] == ["10", "30"]
    with pytest.raises(ConflictError, match="Line 20 is not agreed"):
        exchange.correct(hub, new, {"lines[1].line": "20"}, "ann", "the same again")

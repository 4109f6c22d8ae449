"""A contract and the code that it describes cannot drift apart unseen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data_contracts import contract
from data_contracts.contract import Column
from hub.quality.drift import drift

ORDERS = contract.named("order_lines")


@pytest.mark.parametrize("name", contract.names())
def test_shipped_contracts_say_what_the_code_does(name: str) -> None:
    assert drift(contract.named(name), contract.path_of(name)) == []


def test_every_difference_is_told_with_its_column() -> None:
    extra = Column("colour", "string", False, False, "", of_the_hub=True)
    stranger = Column("weight", "number", False, False, "")
    typed = tuple(replace(column, type="string") if column.name == "quantity" else column for column in ORDERS.columns)
    for columns, rule, path in (
        ((*ORDERS.columns, extra), "CON-25", "colour"),
        (tuple(column for column in ORDERS.columns if column.name != "unit"), "CON-26", "unit"),
        ((ORDERS.columns[1], ORDERS.columns[0], *ORDERS.columns[2:]), "CON-26", "organisation"),
        (typed, "CON-27", "quantity"),
        ((*ORDERS.columns, stranger), "CON-28", "weight"),
    ):
        found = drift(replace(ORDERS, columns=columns))
        assert (rule, path) in {(finding.rule, finding.place.path) for finding in found}
        assert all(finding.severity == "error" and finding.text("en") != finding.text("zh-CN") for finding in found)


def test_a_feeds_contract_is_held_against_its_entity_and_a_word_that_is_none_is_told() -> None:
    feed = replace(ORDERS, name="acme_orders", columns=tuple(column for column in ORDERS.columns if not column.of_the_hub))
    assert drift(feed) == []
    (found,) = drift(replace(feed, entity="PurchaseOrders"))
    assert found.rule == "CON-28" and "PurchaseOrder" in (found.expected or "")


def test_the_line_of_a_column_is_told() -> None:
    path = contract.path_of("order_lines")
    (found,) = drift(replace(ORDERS, columns=tuple(replace(c, type="string") if c.name == "quantity" else c for c in ORDERS.columns)), path)
    assert "- name: quantity" in path.read_text(encoding="utf-8").splitlines()[(found.place.line or 0) - 1]

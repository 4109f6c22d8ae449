"""Words of partners that mean something else than they seem to: each becomes what it means, or is told or held."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from data_contracts.source import SourceRecord
from mappings.engine import Context
from tests.mappings.shipped import load
from tests.mappings.trees import edifact, named, segments

CONTEXT = Context(time_zone="Europe/Berlin", components=":", currency="EUR")


def entity(mapping: str, tree: SourceRecord) -> dict[str, Any]:
    """What a tree that nothing is wrong with becomes."""
    mapped = load(mapping).read(tree, CONTEXT)
    assert mapped.findings == []
    assert mapped.entity is not None
    return dict(mapped.entity)


def answers(tree: SourceRecord, mapping: str = "edifact/ORDRSP") -> list[tuple[Any, ...]]:
    lines = entity(mapping, tree)["lines"]
    return [(line["line"], line["order_line"], line["status"], int(line["quantity"]), line.get("promised_on")) for line in lines]


RESPONSE = "BGM+231+OR1+4\nDTM+137:20261129:102\nRFF+ON:PO1\nLIN+1+3+6901234500059:EN\n  QTY+21:100:PCE\n"


def test_what_comes_and_what_is_backordered_are_two_answers() -> None:
    tree = edifact(RESPONSE + "  QTY+12:60:PCE\n  QTY+83:40:PCE\n  DTM+69:20261215:102\n")
    assert answers(tree) == [("1", "1", "changed", 60, "2026-12-15"), ("1/83", "1", "backordered", 40, None)]
    assert answers(edifact(RESPONSE + "  QTY+83:100:PCE\n")) == [("1", "1", "backordered", 100, None)]
    partly = segments("BAK*00*AC*PO1*20261129\nPO1*1*100*EA\n ACK*BP*60*EA*068*20261210")
    assert answers(partly, "x12/855") == [("1", "1", "changed", 60, "2026-12-10")]


def test_each_day_of_an_answer_is_an_answer() -> None:
    split = "  SCC+1\n    QTY+113:60:PCE\n      DTM+67:20261210:102\n  SCC+1\n    QTY+83:40:PCE\n      DTM+67:20270110:102\n"
    assert answers(edifact(RESPONSE + split)) == [
        ("1/20261210", "1", "changed", 60, "2026-12-10"),
        ("1/20270110", "1", "backordered", 40, "2027-01-10"),
    ]


def test_days_of_an_order_are_read_and_told() -> None:
    text = "BGM+220+PO1+9\nDTM+137:20261129:102\nLIN+1++6901234500059:EN\n  QTY+21:100:PCE\n"
    text += "  SCC+1\n    QTY+21:60:PCE\n      DTM+2:20261201:102\n  SCC+1\n    QTY+21:40:PCE\n      DTM+2:20270101:102\n"
    tree, orders = edifact(text), load("edifact/ORDERS")
    (line,) = entity("edifact/ORDERS", tree)["lines"]
    assert (line["quantity"], line["requested_on"]) == (100, "2026-12-01")
    told = [finding for finding in orders.unmapped(tree, orders.read(tree, CONTEXT)) if finding.rule == "MAP-13"]
    assert {finding.got for finding in told} == {"20270101", "40"} and {finding.action for finding in told} == {"message"}


@pytest.mark.parametrize("orders", [("PO1",), ("PO1", "PO2")])
def test_an_order_for_the_whole_message_is_that_of_a_line_where_it_is_the_only_one(orders: tuple[str, ...]) -> None:
    said = "".join(f"RFF+ON:{number}\n" for number in orders)
    text = f"BGM+351+D1+9\nDTM+137:20261129:102\n{said}RFF+DQ:N1\nCPS+1\n  LIN+1++6901234500059:EN\n    QTY+12:10:PCE\n"
    text += "  LIN+2++6901234500059:EN\n    QTY+12:20:PCE\n    RFF+ON:PO9\n"
    lines = entity("edifact/DESADV", edifact(text))["lines"]
    assert [line.get("order_number") for line in lines] == ["PO1" if len(orders) == 1 else None, "PO9"]


@pytest.mark.parametrize(("qualifier", "member"), [("MG", "supplier_item"), ("ND", "supplier_item"), ("PI", "buyer_item")])
@pytest.mark.parametrize(
    ("mapping", "text"),
    [
        ("x12/850", "BEG*00*SA*PO1**20261129\nPO1*1*1*EA*2**{}*X1"),
        ("x12/855", "BAK*00*AC*PO1*20261129\nPO1*1*1*EA*2**{}*X1"),
        ("x12/856", "BSN*00*S1*20261129*1200\nHL*1**S\n HL*2*1*I\n  LIN*1*{}*X1\n  SN1**1*EA"),
        ("x12/860", "BCH*04*SA*PO1***20261129\nPOC*1*QI*1**EA***{}*X1"),
        ("x12/810", "BIG*20261129*I1\nIT1*1*1*EA*2**{}*X1"),
    ],
)
def test_an_item_by_the_makers_or_the_buyers_own_number(mapping: str, text: str, qualifier: str, member: str) -> None:
    assert entity(mapping, segments(text.format(qualifier)))["lines"][0][member] == "X1"


@pytest.mark.parametrize("function", ["3", "20", "21", "46"])
def test_what_a_message_function_says_of_parts_or_for_now_is_refused(function: str) -> None:
    tree = edifact(f"BGM+220+PO1+{function}\nDTM+137:20261129:102\nLIN+1++6901234500059:EN\n  QTY+21:1")
    assert [(finding.rule, finding.got) for finding in load("edifact/ORDERS").read(tree, CONTEXT).findings] == [("MAP-03", function)]


@pytest.mark.parametrize(
    ("code", "instant"),
    [
        ("", "2026-11-29T14:00:00+01:00"),
        ("LT", "2026-11-29T14:00:00+01:00"),
        ("UT", "2026-11-29T14:00:00+00:00"),
        ("CT", "2026-11-29T14:00:00-06:00"),
        ("CD", "2026-11-29T14:00:00-05:00"),
        ("NS", "2026-11-29T14:00:00-03:30"),
        ("08", "2026-11-29T14:00:00+08:00"),
        ("13", "2026-11-29T14:00:00-12:00"),
        ("24", "2026-11-29T14:00:00-01:00"),
    ],
)
def test_a_time_is_that_of_its_code(code: str, instant: str) -> None:
    tree = segments(f"BSN*00*S1*20261129*1200\nHL*1**S\n DTM*011*20261129*1400*{code}\n HL*2*1*I\n  SN1**1*EA")
    assert entity("x12/856", tree)["despatched_at"].isoformat() == instant
    strange = segments("BSN*00*S1*20261129*1200\nHL*1**S\n DTM*011*20261129*1400*ZZ\n HL*2*1*I\n  SN1**1*EA")
    assert [finding.rule for finding in load("x12/856").read(strange, CONTEXT).findings] == ["MAP-02"]


@pytest.mark.parametrize(("code", "status"), [("AA", "accepted"), ("IH", "backordered"), ("IF", "backordered"), ("IW", "backordered")])
def test_what_is_forwarded_is_accepted_and_what_is_on_hold_is_not_promised(code: str, status: str) -> None:
    assert entity("x12/855", segments(f"BAK*00*AC*PO1*20261129\nPO1*1*1*EA\n ACK*{code}*1*EA"))["lines"][0]["status"] == status


@pytest.mark.parametrize(
    ("code", "status"), [("AE", "accepted"), ("AH", "backordered"), ("RF", "rejected"), ("RO", "rejected"), ("RJ", "rejected")]
)
def test_an_answer_by_its_kind_alone(code: str, status: str) -> None:
    assert entity("x12/855", segments(f"BAK*00*{code}*PO1*20261129"))["status"] == status
    assert entity("x12/855", segments(f"BAK*00*{code}*PO1*20261129\nPO1*1*1*EA"))["lines"][0]["status"] == status


def test_no_charge_is_no_price() -> None:
    (line,) = entity("x12/850", segments("BEG*00*SA*PO1**20261129\nPO1*1*1*EA*9.99*NC*VN*X1"))["lines"]
    assert line["unit_price"] == 0


def test_the_total_is_the_grand_total_whatever_was_prepaid() -> None:
    sums = {"TaxInclusiveAmount": {"": "102.00", "@currencyID": "EUR"}, "PayableAmount": {"": "52.00", "@currencyID": "EUR"}}
    tree = named("Invoice", {"ID": "I1", "IssueDate": "2026-11-29", "DocumentCurrencyCode": "EUR", "LegalMonetaryTotal": sums})
    assert entity("ubl/Invoice", tree)["total"] == Decimal(102)
    del sums["TaxInclusiveAmount"]
    tree = named("Invoice", {"ID": "I1", "IssueDate": "2026-11-29", "DocumentCurrencyCode": "EUR", "LegalMonetaryTotal": sums})
    assert entity("ubl/Invoice", tree)["total"] == Decimal(52)

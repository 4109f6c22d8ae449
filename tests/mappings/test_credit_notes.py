"""A credit note in every syntax that carries one: read as what lowers the debt, written back, and never taken for an invoice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from data_contracts.rules import validate
from mappings.engine import Context, UnwritableError
from tests.mappings.samples import sample
from tests.mappings.shipped import load
from tests.mappings.trees import segments

CONTEXT = Context(time_zone="Europe/Amsterdam", currency="EUR")
MAPPINGS = ("x12/810", "edifact/INVOIC", "idoc/INVOIC", "ubl/CreditNote", "ubl/Invoice")


def sampled(name: str) -> dict[str, Any]:
    """The sample of a mapping."""
    entity = load(name).read(sample(name), CONTEXT).entity
    assert entity is not None
    return entity


def credit(name: str, **members: Any) -> dict[str, Any]:
    """The sample invoice of a mapping, credited."""
    return {**sampled(name), "kind": "credit_note", **members}


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_credit_note_goes_out_and_is_read_as_one(name: str) -> None:
    mapping, said = load(name), credit(name)
    said["lines"] = [{**line, "quantity": abs(line["quantity"])} for line in said["lines"]]
    mapped = mapping.read(mapping.write(said, CONTEXT), CONTEXT)
    assert [finding.text() for finding in mapped.findings] == []
    assert mapped.entity is not None
    assert (mapped.entity["kind"], mapped.entity.get("total")) == ("credit_note", said.get("total"))
    assert [line["quantity"] for line in mapped.entity["lines"]] == [line["quantity"] for line in said["lines"]]
    assert not [finding for finding in validate(mapped.entity, None, date(2026, 12, 31)) if finding.rule == "QTY-05"]


def test_a_credit_memo_names_its_order_and_the_invoice() -> None:
    tree = segments("BIG*20261210*CM-1*20261122*PO1***CR\nREF*OI*INV-7\nIT1*1*5*EA*2**BP*RM-1\nTDS*1000")
    found = load("x12/810").read(tree, CONTEXT).entity or {}
    assert (found["kind"], found["number"], found["invoice_number"], found["order_number"]) == ("credit_note", "CM-1", "INV-7", "PO1")
    assert (found["lines"][0]["quantity"], found["total"]) == (Decimal(5), Decimal(10))


def test_a_credit_below_zero_is_held_for_a_person() -> None:
    tree = segments("BIG*20261210*CM-1*20261122*PO1***CR\nIT1*1*-5*EA*2**BP*RM-1\nTDS*-1000")
    found = load("x12/810").read(tree, CONTEXT).entity
    assert found is not None
    told = {(finding.rule, finding.got) for finding in validate(found, None, date(2026, 12, 31))}
    assert {("QTY-05", "-5"), ("QTY-05", "-10.00")} <= told
    assert not [rule for rule, _ in told if rule == "DOC-10"]  # it names its order
    assert "DOC-11" in {one.rule for one in validate(sampled("ubl/CreditNote"), None, date(2026, 12, 31))}
    found["kind"] = "invoice"
    assert "QTY-05" not in {finding.rule for finding in validate(found, None, date(2026, 12, 31))}


def test_a_message_of_credits_says_no_invoice_and_money_is_told_from_goods() -> None:
    mapping = load("ubl/CreditNote")
    with pytest.raises(UnwritableError):
        mapping.write(credit("ubl/CreditNote", kind="invoice"), CONTEXT)
    assert mapping.kinds == frozenset({"credit_note", "price_credit"})
    written = mapping.write(credit("ubl/CreditNote", kind="price_credit"), CONTEXT)
    values: Any = written.values
    assert (values["CreditNoteTypeCode"], (mapping.read(written, CONTEXT).entity or {})["kind"]) == ("83", "price_credit")


def test_what_credits_is_no_invoice_of_peppol_s() -> None:
    mapping = load("ubl/Invoice")
    shapes = {}
    for kind in ("invoice", "credit_note"):
        entity = {"entity": "Invoice", "kind": kind, "number": "I1", "issued_at": datetime(2026, 11, 29, tzinfo=UTC), "currency": "EUR"}
        values = mapping.write(entity, Context()).values
        assert isinstance(values, dict)
        shapes[kind] = (values["InvoiceTypeCode"], "CustomizationID" in values, "ProfileID" in values)
    assert shapes == {"invoice": ("380", True, True), "credit_note": ("381", False, False)}

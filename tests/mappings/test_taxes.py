"""Taxes of an invoice: by category and rate, of the whole and of a line, in every syntax that says them."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.registry import format_named
from connectors.spec import STRICT, Envelope
from data_contracts.canonical import Invoice
from data_contracts.rules.validation import validate
from mappings.engine import Context
from tests.mappings.shipped import load
from tests.mappings.trees import edifact, lost, named, segments, without_places

CONTEXT = Context(time_zone="UTC", components=":", currency="EUR", sent="20261122 0830")
STANDARD = {"kind": "VAT", "category": "S", "rate": Decimal(21), "taxable_amount": Decimal(100), "amount": Decimal(21)}
REDUCED = {"kind": "VAT", "category": "AA", "rate": Decimal("5.5"), "taxable_amount": Decimal(40), "amount": Decimal("2.2")}
OF_LINE = {"kind": "VAT", "category": "S", "rate": Decimal(21)}
INVOICE: dict[str, Any] = {
    "entity": "Invoice",
    "number": "INV-1",
    "issued_at": datetime(2026, 12, 5, tzinfo=UTC),
    "currency": "EUR",
    "supplier": {"name": "Maker", "gln": "9506000000022"},
    "buyer": {"name": "Hospital", "gln": "9506000000015"},
    "total": Decimal("163.20"),
    "taxes": [STANDARD, REDUCED],
    "lines": [
        {"line": "1", "order_line": "1", "description": "Wire", "quantity": Decimal(10), "unit": "EA", "amount": Decimal(100)},
        {"line": "2", "order_line": "2", "description": "Tube", "quantity": Decimal(4), "unit": "EA", "amount": Decimal(40)},
    ],
}
for _line in INVOICE["lines"]:
    _line["unit_price"] = Decimal(10)
INVOICE["lines"][0]["taxes"] = [OF_LINE]
FORMATS = {"ubl": ("Invoice", "2.1"), "edifact": ("INVOIC", "D.96A"), "x12": ("810", "004010"), "idoc": ("INVOIC", "INVOIC02")}
CANNOT = {"x12": {"category"}, "idoc": {"kind", "category", "taxable_amount"}}
"""Members of a tax that a syntax has no place for."""


def taxes(entity: dict[str, Any]) -> list[Any]:
    return [entity.get("taxes", []), *(line.get("taxes", []) for line in entity["lines"])]


@pytest.mark.parametrize("name", FORMATS)
def test_taxes_go_there_and_back_as_bytes(name: str) -> None:
    (message_name, version), mapping = FORMATS[name], load(f"{name}/{FORMATS[name][0]}")
    sender, receiver = ("NOVA", "ACME") if name == "idoc" else ("14:9506000000022", "14:9506000000015")
    envelope = Envelope(sender, receiver, 1, 1, 1, datetime(2026, 12, 5, 8, 30, tzinfo=UTC), version=version)
    content = format_named(name).write([(message_name, mapping.write(INVOICE, CONTEXT))], envelope, STRICT)
    events = list(format_named(name).read(io.BytesIO(content), STRICT))
    assert [finding.text() for event in events for thing in (event.interchange, event.message) if thing for finding in thing.findings] == []
    (message,) = [event.message for event in events if event.message is not None]
    assert message.root is not None
    mapped = mapping.read(message.root, CONTEXT)
    assert mapped.findings == [] and mapped.entity is not None
    without = CANNOT.get(name, set())
    said = [[{key: value for key, value in tax.items() if key not in without} for tax in each] for each in taxes(INVOICE)]
    assert taxes(without_places(mapped.entity)) == said
    unsaid = {finding.place.path or "" for finding in mapping.unwritten(INVOICE, CONTEXT)}
    assert {path.rpartition(".")[2] for path in unsaid if "taxes" in path} == without
    assert [finding.text() for finding in mapping.unmapped(message.root, mapped)] == []


def test_the_model_takes_taxes() -> None:
    plain = {key: value for key, value in INVOICE.items() if key != "entity"}
    assert Invoice.model_validate(plain).taxes[1].rate == Decimal("5.5")


@pytest.mark.parametrize(
    ("total", "told"), [("163.20", []), ("140", []), ("163.30", [("DOC-05", "163.2", "163.30")]), ("150", [("DOC-05", "163.2", "150")])]
)
def test_a_total_with_or_without_its_taxes_is_right(total: str, told: list[tuple[str, str, str]]) -> None:
    found = validate({**INVOICE, "total": Decimal(total)}, None, date(2026, 12, 31))
    assert [(one.rule, one.expected, one.got) for one in found if one.rule == "DOC-05"] == told


def test_where_only_lines_state_their_taxes_these_are_added() -> None:
    lines = [{**line, "taxes": [{"amount": Decimal(5)}]} for line in INVOICE["lines"]]
    found = validate({**INVOICE, "taxes": [], "lines": lines, "total": Decimal(150)}, None, date(2026, 12, 31))
    assert [one for one in found if one.rule == "DOC-05"] == []


# --- what senders leave out --------------------------------------------------------------------------------------------
def read(name: str, tree: Any) -> tuple[Any, list[tuple[str, str | None]]]:
    mapping = load(name)
    mapped = mapping.read(tree, CONTEXT)
    assert mapped.entity is not None and mapped.findings == []
    return without_places(mapped.entity), [(one.rule, one.got) for one in lost(mapping, tree, CONTEXT)]


EDIFACT = "BGM+380+I1+9\nDTM+137:20261206:102\n{}CUX+2:EUR:4\nLIN+1\n QTY+47:1\n MOA+203:100\n{}UNS+S\n MOA+77:121\n{}"
TAX = "TAX+7+VAT+++:::21+S\n"


@pytest.mark.parametrize(
    ("header", "line", "summary", "expected"),
    [
        (TAX, "", "", [[OF_LINE], []]),
        ("", " " + TAX + "  MOA+124:21\n  MOA+125:100\n", "", [[], [STANDARD]]),
        ("", "", " MOA+124:21\n", [[{"amount": 21}], []]),
        (TAX, "", " MOA+124:21\n " + TAX + "  MOA+124:21\n  MOA+125:100\n", [[STANDARD], []]),
    ],
)
def test_taxes_of_edifact_stand_in_three_places(header: str, line: str, summary: str, expected: list[Any]) -> None:
    entity, told = read("edifact/INVOIC", edifact(EDIFACT.format(header, line, summary)))
    assert (taxes(entity), told) == (expected, [])


X12 = "BIG*20261201*INV-1\nCUR*SE*USD\nIT1*1*1*EA*100**BP*A\nTDS*10825\n"


@pytest.mark.parametrize(
    ("tax", "expected"),
    [
        ("TXI*ST*8.25*0.0825", {"kind": "STT", "amount": Decimal("8.25"), "rate": Decimal("8.25")}),
        ("TXI*ST*8.25*8.25", {"kind": "STT", "amount": Decimal("8.25"), "rate": Decimal("8.25")}),
        ("SAC*C*H850***825", {"kind": "OTH", "amount": Decimal("8.25")}),
    ],
)
def test_taxes_of_x12(tax: str, expected: dict[str, Any]) -> None:
    entity, told = read("x12/810", segments(X12 + tax))
    assert (entity["taxes"], told) == ([expected], [])


@pytest.mark.parametrize(
    ("code", "kind"), {"VA": "VAT", "GS": "GST", "CG": "GST", "CV": "GST", "LT": "LOC", "EV": "ENV", "FT": "FET", "OH": "OTH"}.items()
)
def test_a_tax_code_of_x12_that_names_one_kind_is_that_kind(code: str, kind: str) -> None:
    entity, told = read("x12/810", segments(X12 + f"TXI*{code}*8.25*0.0825"))
    assert (entity["taxes"][0]["kind"], told) == (kind, [])


@pytest.mark.parametrize("code", ["TX", "LS", "SP", "ZZ"])
def test_a_tax_code_of_x12_that_may_be_several_kinds_is_kept_and_told(code: str) -> None:
    mapped = load("x12/810").read(segments(X12 + f"TXI*{code}*8.25*0.0825"), CONTEXT)
    assert mapped.entity is not None and mapped.entity["taxes"][0]["kind"] == code
    assert [(one.rule, one.severity, one.got) for one in mapped.findings] == [("MAP-03", "warning", code)]


def test_a_charge_that_is_no_tax_is_told() -> None:
    assert read("x12/810", segments(X12 + "SAC*C*D240***825"))[1] != []


def ubl(**more: Any) -> Any:
    line = {"ID": "1", "InvoicedQuantity": [{"": "1", "@unitCode": "C62"}], "LineExtensionAmount": "100"}
    head = {"ID": "I1", "IssueDate": "2026-12-05", "InvoiceTypeCode": "380", "DocumentCurrencyCode": "EUR"}
    return named("Invoice", {**head, "InvoiceLine": line, **more})


def test_a_total_of_taxes_alone_is_one_tax_and_one_in_another_currency_is_none() -> None:
    entity, told = read("ubl/Invoice", ubl(TaxTotal={"TaxAmount": [{"": "21", "@currencyID": "EUR"}]}))
    assert (entity["taxes"], told) == ([{"amount": 21}], [])
    part = {"TaxAmount": "21", "TaxCategory": {"ID": "S", "Percent": "21"}}
    other = [{"TaxAmount": [{"": "21", "@currencyID": "EUR"}], "TaxSubtotal": part}, {"TaxAmount": [{"": "160", "@currencyID": "CNY"}]}]
    entity, told = read("ubl/Invoice", ubl(TaxTotal=other))
    assert (entity["taxes"], told) == ([{"category": "S", "rate": 21, "amount": 21}], [])
    alone = load("ubl/Invoice").read(ubl(TaxTotal=other[1]), CONTEXT)
    assert [(finding.rule, finding.got) for finding in alone.findings] == [("MAP-07", "CNY")]

"""The shipped mappings on public samples, read by the real format: quantities and prices checked by hand against the files."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.formats.x12 import FORMAT
from connectors.spec import Profile
from mappings.engine import Context, load, shipped_names
from tests.mappings.trees import without_places

FOLDER = Path(os.environ["UDIHUB_REFERENCE"]) / "edi" / "x12"
LENIENT = Profile(unpadded_isa=True, accept_with_errors=True)
MAPPINGS = {name.removeprefix("x12/"): load(name) for name in shipped_names() if name.startswith("x12/")}


def entities(file: str) -> list[tuple[Any, list[str]]]:
    """Canonical entities of a file with the rules that were found in mapping it."""
    found = []
    with (FOLDER / file).open("rb") as stream:
        for event in FORMAT.read(stream, LENIENT, None):
            if event.message is not None and event.message.root is not None:
                mapped = MAPPINGS[event.message.type].read(event.message.root, Context(components=event.message.components))
                found.append((mapped.entity, [finding.rule for finding in mapped.findings]))
    return found


@pytest.mark.parametrize(
    ("file", "number", "lines"),
    [
        ("850_1.edi", "S41000439", [("1", "5", "5.09"), ("2", "12", "63.11"), ("3", "2", "8.02"), ("4", "1", "85.25")]),
        ("850_3.edi", "PO12345", [("1", "1", "10.00")]),
        ("850_5.edi", "508517/1001", [("1", "48", "3")]),
        ("850_6.edi", "1000012", [("1", "1", "19.95")]),
        ("855_1.edi", "0132710645", [("000010", "1", "369")]),
        ("855_2.edi", "338093", [("0001", "72", "47.34")]),
        ("855_4.edi", "XX-1234", [("1", "20", "9.5"), ("2", "75", "6.95"), ("3", "48", "3")]),
        ("mockedi_855.edi", "5100002", [("1", "100", "12.50"), ("2", "40", "4.15")]),
        ("856_1.edi", "123456", [("1", "16", None), ("2", "23", None), ("3", "16", None)]),
        ("856_3.edi", "521649209219", [("1", "1", None)]),
        ("856_healthcare_udi.edi", "SH4500981", [("1", "10", None), ("2", "1", None)]),
        ("mockedi_856.edi", "SHP8000002", [("1", "100", None), ("2", "40", None)]),
        (
            "810_1.edi",
            "3323399",
            [
                ("1", "11", "1305"),
                ("2", "8", "767"),
                ("3", "12", "1196"),
                ("4", "6", "1800"),
                ("5", "8", "930"),
                ("6", "20", "120"),
                ("7", "5", "175"),
            ],
        ),
        ("810_3.edi", "0013833070", [("000010", "1", "160")]),
        ("810_5.edi", "DO091003TESTINV01", [("1", "2", "99.99"), ("2", "2", "79.99")]),
    ],
)
def test_every_quantity_and_price(file: str, number: str, lines: list[tuple[str, str, str | None]]) -> None:
    ((entity, rules),) = entities(file)
    assert rules == []
    assert entity["number"] == number
    found = [(line["line"], line["quantity"], line.get("unit_price")) for line in entity["lines"]]
    assert found == [(line, Decimal(quantity), price and Decimal(price)) for line, quantity, price in lines]


def test_lots_serials_and_cartons_of_a_healthcare_despatch() -> None:
    ((entity, _),) = entities("856_healthcare_udi.edi")
    screw, generator = entity["lines"]
    assert (screw["gtin"], screw["lot"], screw["expires_on"], screw["manufactured_on"]) == (
        "00761208101110",
        "A27K114",
        "2031-04-30",
        "2026-05-01",
    )
    assert (generator["lot"], generator["serials"], generator["expires_on"]) == ("B26A002", ["SN00098211"], "2028-01-31")
    assert {line["sscc"] for line in entity["lines"]} == {"007612875950999180"}
    assert {(line["order_number"], line["order_line"]) for line in entity["lines"]} == {("4500981", "1"), ("4500981", "2")}
    assert entity["ship_to"]["gln"] == "0761225308295"


def test_totals_of_invoices() -> None:
    totals = {file: [entity["total"] for entity, _ in entities(file)] for file in ("810_1.edi", "810_3.edi", "810_5.edi", "810_6.edi")}
    assert totals == {
        "810_1.edi": [Decimal("56358.00")],
        "810_3.edi": [Decimal("160.00")],
        "810_5.edi": [Decimal("365.96")],
        "810_6.edi": [Decimal("2554.38"), Decimal("2554.38")],
    }


def test_what_the_defaults_do_not_take_is_told() -> None:
    assert [rules for _, rules in entities("810_2.edi")] == [["MAP-03"]]  # BIG07 = N6
    assert [rules for _, rules in entities("810_4.edi")] == [["MAP-04", "MAP-04"]]  # lines without a unit
    assert [rules for _, rules in entities("856_2.edi")] == [["MAP-04"]]  # no shipment number


@pytest.mark.parametrize("file", [*sorted(path.name for path in FOLDER.glob("8[15]*.edi")), "mockedi_855.edi", "mockedi_856.edi"])
def test_real_messages_settle_after_one_pass(file: str) -> None:
    with (FOLDER / file).open("rb") as stream:
        for event in FORMAT.read(stream, LENIENT, None):
            if event.message is None or event.message.root is None or event.message.type not in MAPPINGS:
                continue
            mapping, context = MAPPINGS[event.message.type], Context()
            first = mapping.read(event.message.root, context).entity
            if first is None or any("unit" not in line for line in first.get("lines", ())):
                continue
            again = mapping.read(mapping.write(first, context), context)
            assert again.entity is not None
            for name in ("number", "issued_at", "total"):
                assert again.entity.get(name) == first.get(name)
            assert without_places(again.entity.get("lines", [])) == without_places(first.get("lines", []))

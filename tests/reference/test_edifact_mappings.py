"""The shipped EDIFACT mappings on public samples: what each header and line says, checked by hand against the files."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.formats.edifact import FORMAT
from connectors.spec import STRICT
from data_contracts.findings import Finding
from data_contracts.source import Message
from mappings.engine import Context, load

pytestmark = pytest.mark.reference

FOLDER = Path(os.environ.get("UDIHUB_REFERENCE", "/nonexistent")) / "edi" / "edifact"
CONTEXT = Context(time_zone="UTC")


def message(name: str) -> Message:
    with (FOLDER / f"{name}.edi").open("rb") as stream:
        (found,) = [event.message for event in FORMAT.read(stream, STRICT) if event.message is not None]
    assert found.root is not None
    return found


def read(name: str) -> tuple[dict[str, Any] | None, list[Finding]]:
    found = message(name)
    assert found.root is not None
    result = load(f"edifact/{found.type}").read(found.root, CONTEXT)
    return result.entity, result.findings


def entity(name: str) -> dict[str, Any]:
    said, findings = read(name)
    assert [finding.text() for finding in findings] == [] and said is not None
    return said


def plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


HEADERS: dict[str, dict[str, Any]] = {
    # NAD+DP; the order stands in RFF+ON of the header
    "DESADV_healthcare": {"number": "SH4500981", "purpose": "original", "ship_to": {"gln": "0761274766114"}},
    "mockedi_DESADV": {
        "number": "SHP8000002",
        "carrier": "United Parcel Service",
        "tracking": "1Z999AA1008000002",
        "ship_to": {
            "code": "EURODIS",
            "code_scheme": "assigned_by_buyer",
            "name": "Eurodis Handels GmbH",
            "address": "Hafenstrasse 12",
            "city": "Hamburg",
            "postal_code": "20457",
            "country": "DE",
        },
    },
    # no NAD names the warehouse: the place is LOC+18 of the stock
    "INVRPT_1": {"number": "IR20261122", "location": {"gln": "0761262477947"}},
    "PARTIN_1": {
        "number": "0761248307947",
        "gln": "0761248307947",
        "role": "customer",
        "name": "MERCY HOSPITAL DOCK 4",
        "address": "615 S NEW BALLAS RD",
        "city": "ST LOUIS",
        "postal_code": "63141",
        "country": "US",
        "tax_number": "431234567",
    },
    "PRICAT_1": {
        "number": "PC2027",
        "currency": "EUR",
        "valid_from_on": "2027-01-01",
        "supplier": {"gln": "0761270749241"},
        "buyer": {"gln": "0761206577887"},
    },
    "RECADV_1": {"number": "RA1", "despatch_number": "SH4500981", "order_number": "4500981"},
    "SLSRPT_1": {
        "number": "SR1",
        "period_from_on": "2026-11-01",
        "period_until_on": "2026-11-21",
        "supplier": {"gln": "0761252705142"},
        "reporter": {"gln": "0761278115031"},
    },
    "INVOIC_1": {
        "number": "539602",
        "currency": None,
        "total": "362",  # MOA+86; there is no 77, 39, 9 or 128
        "supplier": {"name": "IBM UK"},
        "buyer": {"gln": "5708601000836"},
    },
    "INVOIC_2": {
        "number": "342459",
        "currency": "USD",
        "total": "2137.58",
        "order_number": "521052",
        "buyer": {"code": "792820524", "code_scheme": "duns", "name": "CUMMINS MID-RANGE ENGINE PLANT"},
        "supplier": {"code": "005435656", "code_scheme": "duns", "name": "BÜTTNER WIDGET COMPANY"},
    },
    "ORDERS_1": {"number": "C1441747", "buyer": {"gln": "5400110000009"}, "supplier": {"gln": "5013546107732", "name": "COMPANY ABC"}},
    "ORDERS_2": {"number": "801715918011", "requested_on": "2015-08-06", "ship_to": {"gln": "8711576100019"}},
}
LINES: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
    "DESADV_healthcare": (
        ("gtin", "supplier_item", "quantity", "unit", "lot", "expires_on", "sscc", "order_number", "order_line"),
        [("00761264725060", "CS-4040-TI", "10", "EA", "A27K114", "2031-04-30", "007612957116090075", "4500981", None)],
    ),
    "mockedi_DESADV": (
        ("gtin", "supplier_item", "quantity", "unit", "order_number", "order_line"),
        [
            ("076123400003", "WIDGET-001", "100", "EA", "4500000077", "1"),
            ("076123400041", "BRKT-050", "40", "EA", "4500000077", "2"),
        ],
    ),
    "INVRPT_1": (
        ("gtin", "supplier_item", "description", "quantity", "unit", "status", "lot", "expires_on"),
        [("00761231519524", "CS-4040-TI", "CANNULATED SCREW", "42", "EA", "available", "A27K114", "2031-04-30")],
    ),
    "PRICAT_1": (
        ("action", "gtin", "supplier_item", "description", "unit_price", "price_quantity", "minimum_quantity", "unit"),
        [("add", "00761213022554", "CS-4040-TI", "CANNULATED SCREW 4.0MM TI STERILE", "118.5", "1", "1", "EA")],
    ),
    "RECADV_1": (
        ("gtin", "quantity", "rejected_quantity", "unit", "lot", "order_number"),
        [("00761245288294", "10", None, "EA", "A27K114", "4500981")],
    ),
    "SLSRPT_1": (
        ("gtin", "activity", "quantity", "unit_price", "lot"),
        [("00761276031722", "sold", "3", "118.50", "A27K114")],
    ),
    "INVOIC_1": (
        ("line", "buyer_item", "description", "quantity", "unit", "unit_price", "amount"),
        [
            ("1", "V0370246", "Collectors edition of The Hobbit with Tolkien's original colours on sleeve", "5", "EA", "9.83", "49.15"),
            ("2", None, "Packaging", "2", "EA", "25", None),
        ],
    ),
    "INVOIC_2": (
        ("buyer_item", "description", "quantity", "unit_price", "amount"),
        [("157870", "WIDGET", "1020", "1.179", "1202.58"), ("157871", "DIFFERENT WIDGET", "20", "20.5", "410")],
    ),
    "ORDERS_1": (
        ("gtin", "buyer_item", "description", "quantity", "unit", "unit_price"),
        [("5400111864181", "8641800", "0.7066 EURO", "288", "EA", "12.80")],
    ),
    "ORDERS_2": (
        ("line", "gtin", "quantity", "unit"),
        [("1", "5020436373085", "8", "EA"), ("2", "5020436373108", "8", "EA")],
    ),
}


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_headers_say_what_the_files_say(name: str) -> None:
    said = entity(name)
    assert {key: plain(said.get(key)) for key in HEADERS[name]} == HEADERS[name]


@pytest.mark.parametrize("name", sorted(LINES))
def test_lines_say_what_the_files_say(name: str) -> None:
    names, wanted = LINES[name]
    assert [tuple(plain(line.get(one)) for one in names) for line in entity(name)["lines"]] == wanted


def test_where_it_was_sold() -> None:
    (line,) = entity("SLSRPT_1")["lines"]
    assert line["location"] == {"gln": "0761298240973"}


# What is held, and why: rule, what the file says.
HELD: dict[str, list[tuple[str, str | None]]] = {
    "DESADV_1": [("MAP-03", "700101")],  # BGM 1225 holds a date
    "INVOIC_3": [("MAP-02", "19999715 102")],  # the fifteenth day of a 97th month
    "INVOIC_4": [("MAP-02", "199910060000 102"), ("MAP-04", None)],  # twelve digits under form 102, so no day of issue
    "ORDRSP_1": [("MAP-04", None)],  # QTY+145, a stock, under an answer to an order
}


@pytest.mark.parametrize("name", sorted(HELD))
def test_what_cannot_be_trusted_is_held_with_its_reason(name: str) -> None:
    assert [(finding.rule, finding.got) for finding in read(name)[1]] == HELD[name]


def test_the_rest_of_a_held_invoice_is_read() -> None:
    said, _ = read("INVOIC_3")  # decimal commas, by its UNA
    assert said is not None
    assert (plain(said["total"]), said["buyer"]["name"]) == ("901.78", "Huber GmbH")
    assert [(plain(line["quantity"]), plain(line["unit_price"]), plain(line["amount"])) for line in said["lines"]] == [
        ("1", "750", "750"),
        ("1", "19.9", "19.9"),
        ("3", "2.5", "7.5"),
    ]


def test_a_price_for_a_hundred_is_a_price_for_one() -> None:
    found = message("INVOIC_4")
    assert found.root is not None
    mapping = load("edifact/INVOIC")
    origin = mapping.trace(found.root, CONTEXT)["lines[0].unit_price"]
    assert (origin.values, origin.place.segment) == (("3630.1724", "100", "C62", "PCE"), "PRI")


def test_every_sample_of_a_mapped_message_is_spoken_of() -> None:
    kinds = {"DESADV", "INVOIC", "INVRPT", "ORDERS", "ORDRSP", "PARTIN", "PRICAT", "RECADV", "SLSRPT"}
    there = {path.stem for path in FOLDER.glob("*.edi") if path.stem.removeprefix("mockedi_").split("_")[0] in kinds}
    assert there == {*HEADERS, *HELD}

"""The shipped mappings of the other sets on public samples: what each line says, checked by hand against the files."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.formats.x12 import FORMAT
from connectors.spec import Profile
from mappings.engine import Context, load

FOLDER = Path(os.environ["UDIHUB_REFERENCE"]) / "edi" / "x12"
LENIENT = Profile(unpadded_isa=True, accept_with_errors=True)


def entity(name: str) -> dict[str, Any]:
    with (FOLDER / f"{name}.edi").open("rb") as stream:
        (message,) = [event.message for event in FORMAT.read(stream, LENIENT) if event.message is not None]
    assert message.root is not None
    context = Context(components=message.components, currency="USD", sent=message.sent)
    found = load(f"x12/{message.type}").read(message.root, context)
    assert [finding.text() for finding in found.findings] == [] and found.entity is not None
    return found.entity


def told(said: dict[str, Any], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(str(value) if isinstance(value := line.get(name), Decimal) else value for name in names) for line in said["lines"]]


HEADERS: dict[str, dict[str, Any]] = {
    "820_1": {"number": "888999", "total": Decimal("337.67"), "paid_on": "1999-01-05"},
    "820_2": {"number": "0310162359", "total": Decimal("77.77"), "payee": {"name": "YOWZACO"}, "issued_at_source": "envelope"},
    "830_1": {"number": "0259083902", "horizon_from_on": "2003-04-01", "horizon_until_on": "2004-03-31", "order_number": "02590"},
    "832_1_healthcare": {"number": "2000", "valid_from_on": "2000-03-01", "issued_at_source": "envelope"},
    "846_1": {"number": "10353", "location": {"name": "EMS PLANT E88", "code_scheme": "assigned_by_buyer", "code": "SAN003"}},
    "846_healthcare": {"number": "INV20261122", "location": {"name": "CONSIGNMENT MERCY", "gln": "0761295783428"}},
    "861_1": {"number": "RC88120", "order_number": "4500981", "location": {"name": "MERCY HOSPITAL", "gln": "0761237091376"}},
    "862_1": {"number": "REL55", "horizon_from_on": "2026-11-22", "horizon_until_on": "2026-12-31"},
    "865_1": {"number": "3249785", "order_number": "3249785", "purpose": "change"},
    "867_1": {
        "number": "DM20001",
        "supplier": {"name": "HC MAUFACTURER", "code_scheme": "hin", "code": "08KUG8730"},
        "reporter": {"name": "HC DISTRIBUTOR", "code_scheme": "hin", "code": "78YU0JN90"},
    },
    "940_1": {"number": "WO100231", "order_number": "PO77812", "requested_on": "2026-11-24", "issued_at_source": "envelope"},
    "943_1": {"number": "DO12345", "carrier": "RTE"},
    "944_1": {"number": "WR33871", "despatch_number": "DO12345", "order_number": "PO77812"},
    "945_1": {"number": "SHP55120", "instruction_number": "WO100231", "carrier": "FEDEX GROUND", "tracking": "BOL99120"},
}
LINES: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
    "820_1": (("amount",), [("236.00",), ("10167",)]),
    "820_2": (("amount",), [("11.11",), ("22.22",), ("44.44",)]),
    "830_1": (
        ("quantity", "unit", "commitment", "due_until_on"),
        [
            ("3", "EA", "firm", "2003-08-12"),
            ("4", "EA", "forecast", "2003-09-28"),
            ("3", "EA", "forecast", "2003-10-28"),
            ("4", "EA", "forecast", "2003-11-28"),
            ("3", "EA", "forecast", "2003-12-28"),
            ("3", "EA", "forecast", "2004-01-28"),
            ("3", "EA", "firm", "2003-08-12"),
        ],
    ),
    "832_1_healthcare": (
        ("gtin", "supplier_item", "unit_price", "unit", "minimum_quantity", "valid_from_on"),
        [("50387698433528", "1000", "66.50", "CS", "1", "2000-03-15")],
    ),
    "846_1": (("buyer_item", "status", "quantity", "unit"), [("46L5055", "quarantine", "100", "EA")]),  # QH; 34, QB and 87 are no stock
    "846_healthcare": (
        ("gtin", "lot", "expires_on", "status", "quantity"),
        [("00761251754660", "A27K114", "2031-04-30", "available", "42")],
    ),
    "861_1": (("gtin", "lot", "quantity", "rejected_quantity"), [("00761207815278", "A27K114", "10", "0")]),
    "862_1": (("quantity", "due_on", "commitment"), [("500", "2026-11-30", "firm"), ("300", "2026-12-14", "firm")]),
    "865_1": (
        ("order_line", "status", "quantity", "unit_price"),
        [
            ("052575", "changed", "90", "22.97"),  # PC
            ("054146", "accepted", "48", "49.39"),  # NC
            ("054448", "rejected", "0", "38.75"),  # DI: 504 ordered, 0 to come
            ("054126", "changed", "60", "13.65"),  # CT
            ("054149", "changed", "20", "61.79"),
            ("053874", "changed", "384", "38.75"),
            ("053875", "changed", "48", "38.75"),
        ],
    ),
    "867_1": (  # the third PTD (PA) adjusts a price and moves nothing
        ("activity", "order_number", "supplier_item", "quantity", "unit", "unit_price", "occurred_on"),
        [
            ("sold", "PO6578", "1000", "15", "BX", "18.25", "2000-03-01"),
            ("sold", "PO9987", "45-766", "4", "BX", "32.40", "2000-03-01"),
        ],
    ),
    "940_1": (("supplier_item", "gtin", "lot", "quantity"), [("CS-4040-TI", "00761215219112", "A27K114", "24")]),
    "943_1": (("supplier_item", "order_line", "quantity"), [("ITEM123", "REF456", "100")]),
    "944_1": (("gtin", "lot", "order_number", "quantity"), [("00761297810641", "A27K114", "PO77812", "100")]),
    "945_1": (
        ("supplier_item", "gtin", "lot", "sscc", "order_number", "quantity"),
        [("CS-4040-TI", "00761237453280", "A27K114", "007612153135070238", "PO77812", "24")],
    ),
}


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_header(name: str) -> None:
    said = entity(name)
    assert {key: said.get(key) for key in HEADERS[name]} == HEADERS[name]


@pytest.mark.parametrize("name", sorted(LINES))
def test_lines(name: str) -> None:
    names, wanted = LINES[name]
    assert told(entity(name), *names) == wanted


def test_a_fee_schedule_is_no_price_catalogue_of_goods() -> None:
    """832_2 prices services of clinics, which have no unit: each line says so and the message is held."""
    with (FOLDER / "832_2_healthcare.edi").open("rb") as stream:
        (message,) = [event.message for event in FORMAT.read(stream, LENIENT) if event.message is not None]
    assert message.root is not None
    found = load("x12/832").read(message.root, Context(sent=message.sent))
    assert {(finding.rule, finding.action) for finding in found.findings} == {("MAP-04", "message")}

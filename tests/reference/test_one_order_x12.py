"""One order in ten dialects, as X12 tells it: its 850, 856, 861 and 846 carry these facts of canonical.json, and nothing else.

Each fact is (path in the mapped entity, path in canonical.json). What X12 does not carry stands in `ABSENT`: never invented.
"""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connectors.formats.x12 import FORMAT
from connectors.formats.x12.second_opinion import second_opinion
from connectors.spec import STRICT, Envelope
from data_contracts.canonical import ENTITIES
from data_contracts.source import Message
from mappings.engine import Context, load
from tests.mappings.trees import without_places

FOLDER = Path(os.environ["UDIHUB_REFERENCE"]) / "systems" / "one_order" / "order_a"
pytestmark = pytest.mark.reference

FILE = "x12_850_856_861_846.edi"
ZONE = "Asia/Shanghai"

FACTS: dict[str, list[tuple[str, str]]] = {
    "850": [
        ("number", "purchase_order.number"),
        ("issued_at", "purchase_order.order_date"),
        ("currency", "purchase_order.currency"),
        ("requested_on", "purchase_order.lines.0.requested_date"),
        ("buyer.gln", "purchase_order.buyer.gln"),
        ("supplier.gln", "purchase_order.seller.gln"),
        ("ship_to.gln", "purchase_order.ship_to.gln"),
        ("lines.0.line", "purchase_order.lines.0.line"),
        ("lines.0.buyer_item", "purchase_order.lines.0.buyer_item"),
        ("lines.0.supplier_item", "purchase_order.lines.0.seller_item"),
        ("lines.0.gtin", "purchase_order.lines.0.gtin"),
        ("lines.0.description", "purchase_order.lines.0.description"),
        ("lines.0.quantity", "purchase_order.lines.0.quantity"),
        ("lines.0.unit", "purchase_order.lines.0.uom"),
        ("lines.0.unit_price", "purchase_order.lines.0.unit_price"),
    ],
    "856": [
        ("number", "despatch_advice.number"),
        ("despatched_at", "despatch_advice.despatch_date"),
        ("ship_from.gln", "purchase_order.seller.gln"),
        ("ship_to.gln", "purchase_order.ship_to.gln"),
        ("lines.0.order_number", "despatch_advice.order"),
        ("lines.0.order_line", "despatch_advice.lines.0.order_line"),
        ("lines.0.sscc", "despatch_advice.sscc"),
        ("lines.0.buyer_item", "despatch_advice.lines.0.buyer_item"),
        ("lines.0.gtin", "despatch_advice.lines.0.gtin"),
        ("lines.0.lot", "despatch_advice.lines.0.lot"),
        ("lines.0.expires_on", "despatch_advice.lines.0.expiry"),
        ("lines.0.quantity", "despatch_advice.lines.0.quantity"),
        ("lines.0.unit", "despatch_advice.lines.0.uom"),
    ],
    "861": [
        ("number", "receipt.number"),
        ("received_at", "receipt.date"),
        ("location.gln", "purchase_order.ship_to.gln"),
        ("lines.0.order_number", "receipt.order"),
        ("lines.0.order_line", "receipt.order_line"),
        ("lines.0.quantity", "receipt.received"),
        ("lines.0.rejected_quantity", "receipt.rejected"),
        ("lines.0.buyer_item", "purchase_order.lines.0.buyer_item"),
        ("lines.0.lot", "despatch_advice.lines.0.lot"),
    ],
    "846": [
        ("location.gln", "purchase_order.ship_to.gln"),
        ("lines.0.buyer_item", "purchase_order.lines.0.buyer_item"),
        ("lines.0.gtin", "purchase_order.lines.0.gtin"),
        ("lines.0.lot", "despatch_advice.lines.0.lot"),
        ("lines.0.quantity", "despatch_advice.lines.0.quantity"),
        ("lines.0.unit", "despatch_advice.lines.0.uom"),
    ],
}
ABSENT: dict[str, list[str]] = {
    "850": ["buyer.name", "buyer.code", "supplier.name", "supplier.code", "ship_to.code", "lines.0.requested_on", "revision"],
    "856": [
        "expected_on",
        "carrier",
        "tracking",
        "lines.0.supplier_item",
        "lines.0.description",
        "lines.0.manufactured_on",
        "lines.0.serials",
    ],
    "861": ["despatch_number", "order_number", "ship_from", "lines.0.gtin", "lines.0.sscc", "lines.0.expires_on"],
    "846": ["location.name", "lines.0.supplier_item", "lines.0.expires_on", "lines.0.serials"],
}


@cache
def content() -> tuple[bytes, dict[str, Any]]:
    return (FOLDER / FILE).read_bytes(), json.loads((FOLDER / "canonical.json").read_text(encoding="utf-8"))


def messages(data: bytes) -> list[Message]:
    found = [event.message for event in FORMAT.read(io.BytesIO(data), STRICT) if event.message is not None]
    assert [finding.text() for message in found for finding in message.findings] == []
    return found


def mapped(message: Message) -> dict[str, Any]:
    mapping = load(f"x12/{message.type}")
    assert message.root is not None
    result = mapping.read(message.root, Context(time_zone=ZONE, components=message.components))
    assert result.findings == [] and result.entity is not None
    assert mapping.unmapped(message.root, result) == []
    plain = without_places(result.entity)
    ENTITIES[plain["entity"]].model_validate({key: value for key, value in plain.items() if key != "entity"})
    return plain


@cache
def entities() -> dict[str, dict[str, Any]]:
    return {message.type: mapped(message) for message in messages(content()[0])}


def at(value: Any, path: str) -> Any:
    """The value at a path; null where a step is absent."""
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value.get(step) if isinstance(value, dict) else None
    return value


def compared(value: Any) -> Any:
    """As canonical.json writes it: numbers by value, moments by their day at the place."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    return Decimal(value) if isinstance(value, str) and value.replace(".", "", 1).isdigit() and len(value) < 10 else value


def test_the_file_is_valid_for_both_judges() -> None:
    data, _ = content()
    assert [message.type for message in messages(data)] == ["850", "856", "861", "846"]
    assert second_opinion(data).accepted is True


@pytest.mark.parametrize(("message", "mine", "theirs"), [(message, *fact) for message, facts in FACTS.items() for fact in facts])
def test_fact(message: str, mine: str, theirs: str) -> None:
    wanted = at(content()[1], theirs)
    assert wanted is not None
    assert compared(at(entities()[message], mine)) == compared(wanted)


def test_what_was_accepted_is_the_rest() -> None:
    line = entities()["861"]["lines"][0]
    assert line["quantity"] - line["rejected_quantity"] == Decimal(content()[1]["receipt"]["accepted"])


@pytest.mark.parametrize(("message", "path"), [(message, path) for message, paths in ABSENT.items() for path in paths])
def test_what_x12_does_not_say_is_absent(message: str, path: str) -> None:
    assert not at(entities()[message], path)


@pytest.mark.parametrize("version", ["004010", "005010"])
@pytest.mark.parametrize("message", sorted(FACTS))
def test_written_and_read_again_it_says_the_same(message: str, version: str) -> None:
    tree = load(f"x12/{message}").write(entities()[message], Context(time_zone=ZONE, components=":"))
    envelope = Envelope(
        "14:9506000000015", "14:9506000000022", 1, 1, 1, datetime.combine(date(2026, 11, 22), datetime.min.time(), UTC), version
    )
    (again,) = messages(FORMAT.write([(message, tree)], envelope, STRICT))
    assert mapped(again) == entities()[message]

"""One order in ten dialects, as EDIFACT tells it: ORDERS, DESADV and INVRPT of D.96A carry these facts of canonical.json, and nothing else.

Each fact is (path in the mapped entity, path in canonical.json). What EDIFACT does not carry stands in `ABSENT`: never invented.
"""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connectors.formats.edifact import FORMAT
from connectors.spec import STRICT, Envelope
from data_contracts.canonical import ENTITIES
from data_contracts.source import Message
from mappings.engine import Context, load
from tests.mappings.trees import without_places

FOLDER = Path(os.environ["UDIHUB_REFERENCE"]) / "systems" / "one_order" / "order_a"
pytestmark = pytest.mark.reference

FILE = "edifact_orders_desadv_invrpt.edi"
CONTEXT = Context(time_zone="Asia/Shanghai")

FACTS: dict[str, list[tuple[str, str]]] = {
    "ORDERS": [
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
    "DESADV": [
        ("number", "despatch_advice.number"),
        ("issued_at", "despatch_advice.despatch_date"),
        ("despatched_at", "despatch_advice.despatch_date"),
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
    "INVRPT": [
        ("location.gln", "purchase_order.ship_to.gln"),
        ("lines.0.buyer_item", "purchase_order.lines.0.buyer_item"),
        ("lines.0.gtin", "purchase_order.lines.0.gtin"),
        ("lines.0.lot", "despatch_advice.lines.0.lot"),
        ("lines.0.quantity", "despatch_advice.lines.0.quantity"),
        ("lines.0.unit", "despatch_advice.lines.0.uom"),
    ],
}
ABSENT: dict[str, list[str]] = {
    "ORDERS": ["buyer.name", "buyer.code", "supplier.name", "supplier.code", "ship_to.code", "lines.0.requested_on", "revision"],
    "DESADV": [
        *("expected_on", "carrier", "tracking", "ship_from", "lines.0.supplier_item", "lines.0.description"),
        *("lines.0.manufactured_on", "lines.0.serials", "lines.0.parent_sscc"),
    ],
    "INVRPT": ["location.name", "lines.0.supplier_item", "lines.0.expires_on", "lines.0.serials"],
}


@cache
def content() -> tuple[bytes, dict[str, Any]]:
    return (FOLDER / FILE).read_bytes(), json.loads((FOLDER / "canonical.json").read_text(encoding="utf-8"))


def messages(data: bytes) -> list[Message]:
    found = [event.message for event in FORMAT.read(io.BytesIO(data), STRICT) if event.message is not None]
    assert [finding.text() for message in found for finding in message.findings] == []
    return found


def mapped(message: Message) -> dict[str, Any]:
    mapping = load(f"edifact/{message.type}")
    assert message.root is not None
    result = mapping.read(message.root, CONTEXT)
    assert result.findings == [] and result.entity is not None
    assert mapping.unmapped(message.root, result) == []
    plain: dict[str, Any] = without_places(result.entity)
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


def test_the_file_holds_three_messages() -> None:
    assert [(message.type, message.version) for message in messages(content()[0])] == [(kind, "D.96A") for kind in FACTS]


@pytest.mark.parametrize(("message", "mine", "theirs"), [(message, *fact) for message, facts in FACTS.items() for fact in facts])
def test_fact(message: str, mine: str, theirs: str) -> None:
    wanted = at(content()[1], theirs)
    assert wanted is not None
    assert compared(at(entities()[message], mine)) == compared(wanted)


@pytest.mark.parametrize("message", sorted(FACTS))
def test_nothing_else_is_said(message: str) -> None:
    """Beside the facts stand only what every document has, and the number and day of the stock report, which canonical.json lacks."""
    ours = {"entity", "purpose", "number", "issued_at", "issued_at_source", "lines.0.line", "lines.0.status"}
    said = set(_paths(entities()[message]))
    assert said - ours - {mine for mine, _ in FACTS[message]} == set()


def _paths(value: Any, name: str = "") -> list[str]:
    if isinstance(value, dict):
        return [path for key, inner in value.items() for path in _paths(inner, f"{name}.{key}" if name else key)]
    if isinstance(value, list):
        return [path for number, inner in enumerate(value) for path in _paths(inner, f"{name}.{number}")]
    return [name]


@pytest.mark.parametrize(("message", "path"), [(message, path) for message, paths in ABSENT.items() for path in paths])
def test_what_edifact_does_not_say_is_absent(message: str, path: str) -> None:
    assert not at(entities()[message], path)


@pytest.mark.parametrize("version", ["D.96A", "D.01B"])
@pytest.mark.parametrize("message", sorted(FACTS))
def test_written_and_read_again_it_says_the_same(message: str, version: str) -> None:
    name = "INVRPT_D01B" if (message, version) == ("INVRPT", "D.01B") else message
    tree = load(f"edifact/{name}").write(entities()[message], CONTEXT)
    envelope = Envelope("14:9506000000015", "14:9506000000022", 1, 1, 1, datetime(2026, 11, 22, tzinfo=UTC), version)
    (again,) = messages(FORMAT.write([(message, tree)], envelope, STRICT))
    assert mapped(again) == entities()[message]

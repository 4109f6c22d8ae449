"""cXML's composite items, and what a ship notice can say of its carrier."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.source import SourceRecord
from mappings.engine import Context
from tests.mappings.shipped import load

SAMPLES = Path(__file__).parents[1] / "samples" / "cxml"
CONTEXT = Context(time_zone="Europe/Berlin", currency="EUR")


def root_of(text: str) -> SourceRecord:
    """The tree of a cXML document, without a finding of its grammar."""
    messages = [event.message for event in format_named("cxml").read(io.BytesIO(text.encode()), STRICT) if event.message is not None]
    assert messages[0].root is not None and messages[0].findings == []
    return messages[0].root


@pytest.mark.parametrize(
    ("message", "before", "part"),
    [
        ("OrderRequest", 'lineNumber="2"', 'parentLineNumber="1" itemType="item"'),
        ("ConfirmationRequest", 'lineNumber="2"', 'parentLineNumber="1" itemType="item"'),
        ("ShipNoticeRequest", 'lineNumber="2"', 'parentLineNumber="1" itemType="item"'),
        ("InvoiceDetailRequest", 'invoiceLineNumber="1"', 'parentInvoiceLineNumber="1" itemType="item"'),
    ],
)
def test_parts_of_a_composite_item_are_not_counted_beside_it(message: str, before: str, part: str) -> None:
    text = (SAMPLES / f"{message}.xml").read_text(encoding="utf-8")
    known = load(f"cxml/{message}")
    assert known.read(root_of(text), CONTEXT).findings == []
    assert before in text
    text = text.replace(before, f"{before} {part}", 1)
    (found,) = known.read(root_of(text), CONTEXT).findings
    assert (found.rule, found.action, found.got) == ("MAP-07", "message", "1")


def test_a_group_that_nothing_is_part_of_is_a_line_as_any() -> None:
    text = (SAMPLES / "OrderRequest.xml").read_text(encoding="utf-8")
    text = text.replace('lineNumber="1"', 'lineNumber="1" itemType="composite" compositeItemType="groupLevel"', 1)
    assert load("cxml/OrderRequest").read(root_of(text), CONTEXT).findings == []


def notice(**said: str) -> dict[str, Any]:
    """A despatch advice as the sample says it, with this of its transport."""
    text = (SAMPLES / "ShipNoticeRequest.xml").read_text(encoding="utf-8")
    entity = load("cxml/ShipNoticeRequest").read(root_of(text), CONTEXT).entity
    assert entity is not None
    return {**{name: value for name, value in entity.items() if name not in ("carrier", "tracking")}, **said}


def test_a_carrier_without_a_tracking_number_has_no_place_in_a_ship_notice() -> None:
    known, entity = load("cxml/ShipNoticeRequest"), notice(carrier="Demo Parcel")
    tags = {record.tag for record in known.write(entity, CONTEXT).walk()}
    assert "ShipNoticeItem" in tags and "ShipControl" not in tags
    assert [(finding.rule, finding.place.path) for finding in known.unwritten(entity, CONTEXT)] == [("MAP-06", "carrier")]


def test_a_carrier_with_a_tracking_number_is_written_and_read_back() -> None:
    known, entity = load("cxml/ShipNoticeRequest"), notice(carrier="Demo Parcel", tracking="1Z999")
    root = known.write(entity, CONTEXT)
    assert known.unwritten(entity, CONTEXT) == []
    back = known.read(root, CONTEXT).entity
    assert back is not None and (back["carrier"], back["tracking"]) == ("Demo Parcel", "1Z999")

"""EDIFACT mappings over real bytes: samples are read without a finding, and what mapping and format write is read again by both, equal."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.formats.edifact import FORMAT
from connectors.spec import Envelope, Profile
from data_contracts.rules.validation import validate
from data_contracts.source import Message
from mappings.engine import Context, Mapping, shipped_names
from tests.mappings.samples import EDIFACT_SAMPLES, sample
from tests.mappings.shipped import load
from tests.mappings.trees import lost, without_places

CONTEXT = Context(time_zone="Europe/Amsterdam")
NAMES = [name for name in shipped_names() if name.startswith("edifact/")]
MAPPED = sorted(path.stem for path in EDIFACT_SAMPLES.glob("*.edi") if f"edifact/{path.stem.split('_')[0]}" in NAMES)


def message_of(content: bytes) -> Message:
    """The only message of an interchange; nothing in it is found wrong."""
    events = list(FORMAT.read(io.BytesIO(content), Profile()))
    (message,) = [event.message for event in events if event.message is not None]
    found = [finding.text() for event in events for thing in (event.interchange, event.message) if thing for finding in thing.findings]
    assert found == []
    return message


def entity_of(mapping: Mapping, message: Message) -> dict[str, Any]:
    assert message.root is not None
    mapped = mapping.read(message.root, CONTEXT)
    assert [finding.text() for finding in mapped.findings] == []
    assert mapped.entity is not None
    entity: dict[str, Any] = without_places(mapped.entity)
    return entity


def written(mapping: Mapping, entity: dict[str, Any], version: str) -> bytes:
    envelope = Envelope("14:9506000000022", "14:9506000000015", 1, 1, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), version=version)
    return FORMAT.write([(mapping.message, mapping.write(entity, CONTEXT))], envelope, Profile())


@pytest.mark.parametrize("stem", MAPPED)
def test_a_sample_is_read_without_a_finding(stem: str) -> None:
    mapping = load(f"edifact/{stem.split('_')[0]}")
    message = message_of((EDIFACT_SAMPLES / f"{stem}.edi").read_bytes())
    assert message.root is not None
    assert [finding.text() for finding in lost(mapping, message.root, CONTEXT)] == []
    judged = validate(entity_of(mapping, message), None, date(2026, 12, 31))
    assert {finding.rule for finding in judged} <= {"DOC-05"}, "the total of an invoice holds its tax"


def test_a_proforma_is_no_invoice() -> None:
    message = message_of((EDIFACT_SAMPLES / "INVOIC_credit_note.edi").read_bytes().replace(b"BGM+381", b"BGM+325"))
    assert message.root is not None
    (finding,) = load("edifact/INVOIC").read(message.root, CONTEXT).findings
    assert (finding.rule, finding.got, finding.place.segment, finding.place.component) == ("MAP-03", "325", "BGM", 1)


def directories(name: str) -> tuple[str, ...]:
    """Those in which a mapping writes: where they build the groups otherwise (stock, schedules) each has a mapping of its own."""
    return ("D.01B",) if name.endswith("_D01B") else ("D.96A",) if f"{name}_D01B" in NAMES else ("D.96A", "D.01B")


@pytest.mark.parametrize(("name", "version"), [(name, version) for name in NAMES for version in directories(name)])
def test_a_message_goes_there_and_back(name: str, version: str) -> None:
    mapping = load(name)
    first = mapping.read(sample(name), CONTEXT).entity
    assert first is not None
    expected = without_places(mapping.read(mapping.write(first, CONTEXT), CONTEXT).entity)
    message = message_of(written(mapping, first, version))
    assert message.version == version
    assert entity_of(mapping, message) == expected
    assert message.root is not None
    assert [finding.text() for finding in lost(mapping, message.root, CONTEXT)] == []


@pytest.mark.parametrize(("stem", "line"), [("ORDERS_D96A", b"LIN+20++09506000134369:EN"), ("DESADV_D96A", b"LIN+2++09506000134352:EN")])
def test_sub_lines_are_not_counted_beside_their_line(stem: str, line: bytes) -> None:
    content = (EDIFACT_SAMPLES / f"{stem}.edi").read_bytes()
    assert line in content
    message = message_of(content.replace(line, line + b"+1:10"))
    assert message.root is not None
    (finding,) = load(f"edifact/{message.type}").read(message.root, CONTEXT).findings
    assert (finding.rule, finding.got, finding.place.segment, finding.place.element) == ("MAP-07", "1", "LIN", 4)


def test_numbers_without_a_gtin_are_the_only_ones() -> None:
    mapping = load("edifact/ORDERS")
    order = entity_of(mapping, message_of((EDIFACT_SAMPLES / "ORDERS_D96A.edi").read_bytes()))
    del order["lines"][1]["gtin"]
    content = written(mapping, order, "D.96A")
    segments = [segment.split("+", 1)[1] for segment in content.decode().split("'") if segment.startswith(("LIN", "PIA"))]
    assert segments == ["10++09506000134352:EN", "1+GW-035:IN+ACM-GW35:SA", "20", "5+PF-7:IN"]
    assert entity_of(mapping, message_of(content)) == order


def test_lots_with_quantities_of_their_own_are_lines() -> None:
    lines = entity_of(load("edifact/DESADV"), message_of((EDIFACT_SAMPLES / "DESADV_lots_of_one_line.edi").read_bytes()))["lines"]
    assert [(line["lot"], str(line["quantity"]), line["expires_on"], line["order_line"]) for line in lines] == [
        ("L2026A01", "10", "2029-01-31", "10"),
        ("L2026A02", "20", "2029-02-28", "10"),
    ]


def test_a_schedule_by_place_says_where_each_quantity_goes() -> None:
    lines = entity_of(load("edifact/DELFOR"), message_of((EDIFACT_SAMPLES / "DELFOR_by_place.edi").read_bytes()))["lines"]
    assert {line["ship_to"]["gln"] for line in lines} == {"9506000000039"}
    assert [(line["due_on"], line.get("due_until_on"), line["commitment"]) for line in lines] == [
        ("2026-12-07", None, "firm"),
        ("2026-12-14", "2026-12-20", "forecast"),
        ("2026-12-21", "2026-12-27", "forecast"),
    ]


def test_a_change_says_what_is_done_to_each_line() -> None:
    mapping = load("edifact/ORDCHG")
    change = entity_of(mapping, message_of((EDIFACT_SAMPLES / "ORDCHG_D96A.edi").read_bytes()))
    assert [(line["line"], line["action"], str(line.get("quantity")), line.get("unit")) for line in change["lines"]] == [
        ("10", "change", "100", "EA"),
        ("20", "delete", "None", None),
        ("30", "add", "5", "BX"),
    ]
    segments = written(mapping, change, "D.96A").decode().split("'")
    assert [segment.split("+")[1:3] for segment in segments if segment.startswith("LIN+")] == [["10", "3"], ["20", "2"], ["30", "1"]]


def test_an_action_that_says_nothing_of_the_order_is_held() -> None:
    message = message_of((EDIFACT_SAMPLES / "ORDCHG_D96A.edi").read_bytes().replace(b"LIN+30+1+", b"LIN+30+13+"))
    assert message.root is not None
    (finding,) = load("edifact/ORDCHG").read(message.root, CONTEXT).findings
    assert (finding.rule, finding.got, finding.action) == ("MAP-03", "13", "message")

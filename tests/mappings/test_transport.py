"""One vocabulary of transport statuses: what a carrier says by X12 214 goes on by IFTSTA and back, in the words of Recommendation 24."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.formats.edifact import FORMAT as EDIFACT
from connectors.formats.x12 import FORMAT as X12
from connectors.spec import STRICT, Envelope
from data_contracts.errors import ConfigError
from mappings.code_tables import load_table, parse_table
from mappings.engine import Context, Mapping
from tests.mappings.samples import sample
from tests.mappings.shipped import load
from tests.mappings.trees import without_places

CONTEXT = Context(time_zone="Europe/Amsterdam", sent="20261204 1200")
NAMES = ("x12/214", "edifact/IFTSTA")
REC_24, SHIPMENT, APPOINTMENT = (load_table(name) for name in ("edifact_transport_status", "x12_shipment_status", "x12_appointment_status"))
ONLY_X12 = {"delivery_estimated", "arrival_estimated", "departure_estimated", "pickup_appointment", "delivery_appointment"}
"""Recommendation 24 has no status for what is only expected: an estimate written as a status would tell what has not happened."""


def sent(name: str, entity: dict[str, Any]) -> dict[str, Any]:
    """Written by one syntax, and read again from the bytes."""
    mapping: Mapping = load(name)
    format_ = X12 if name.startswith("x12") else EDIFACT
    version = "004010" if format_ is X12 else "D.96A"
    around = Envelope("14:9506000000022", "14:9506000000015", 1, 1, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), version=version)
    content = format_.write([(mapping.message, mapping.write(entity, CONTEXT))], around, STRICT)
    (message,) = [event.message for event in format_.read(io.BytesIO(content), STRICT) if event.message is not None]
    assert message.findings == [] and message.root is not None, content
    mapped = mapping.read(message.root, CONTEXT)
    assert mapped.findings == [] and mapped.entity is not None, content
    back: dict[str, Any] = without_places(mapped.entity)
    return back


def event(status: str) -> dict[str, Any]:
    at = datetime(2026, 12, 4, 9, 15, tzinfo=UTC)
    lines = [{"line": "1", "status": status, "occurred_at": at, "city": "Rotterdam", "country": "NL"}]
    return {"purpose": "original", "number": "TS-1", "issued_at": at, "shipment_number": "DN-7781", "carrier": "SFLD", "lines": lines}


def test_the_words_are_those_of_recommendation_24() -> None:
    assert list(REC_24.inward) == [str(code) for code in range(1, 104)]
    assert len(set(REC_24.inward.values())) == 103, "one word a code"
    known = set(REC_24.inward.values())
    assert set(SHIPMENT.inward.values()) | set(APPOINTMENT.inward.values()) <= known | set(REC_24.nearest) | ONLY_X12
    assert set(SHIPMENT.nearest) <= known
    assert ("54", "not_identified") in REC_24.inward.items() and ("71", "ready_for_transport") in REC_24.inward.items()


@pytest.mark.parametrize("status", sorted({*SHIPMENT.inward.values()} & {*REC_24.inward.values()}))
def test_a_status_of_both_goes_from_one_to_the_other_and_back(status: str) -> None:
    entity = event(status)
    by_x12 = sent("x12/214", entity)
    by_edifact = sent("edifact/IFTSTA", by_x12)
    for came in (by_x12, by_edifact, sent("x12/214", by_edifact)):
        assert [{**line, "reason": None} for line in came["lines"]] == [{**line, "reason": None} for line in entity["lines"]]
        assert (came["number"], came["shipment_number"], came["carrier"]) == ("TS-1", "DN-7781", "SFLD")


@pytest.mark.parametrize(
    ("name", "status", "read"),
    [
        ("edifact/IFTSTA", "arrived_at_delivery", "arrived"),
        ("edifact/IFTSTA", "out_for_delivery", "in_transit"),
        ("x12/214", "transit_delayed", "delayed"),
        ("x12/214", "despatched", "picked_up"),
    ],
)
def test_what_a_list_has_no_code_for_is_written_as_the_nearest(name: str, status: str, read: str) -> None:
    assert [line["status"] for line in sent(name, event(status))["lines"]] == [read]


@pytest.mark.parametrize("status", sorted(ONLY_X12))
def test_an_estimate_or_an_appointment_is_x12s_alone(status: str) -> None:
    assert sent("x12/214", event(status))["lines"][0]["status"] == status
    with pytest.raises(ValueError, match=status):
        sent("edifact/IFTSTA", event(status))


def test_a_code_that_nobody_knows_is_kept_and_not_written() -> None:
    for name in NAMES:
        with pytest.raises(ValueError, match="QQ"):
            sent(name, event("QQ"))


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_of_either_goes_on_by_the_other(name: str) -> None:
    first = without_places(load(name).read(sample(name), CONTEXT).entity)
    first["carrier"] = "SFLD"  # X12 has room for a SCAC only, and wants a country beside a city
    for line in first["lines"]:
        line.update({"country": line.get("country") or "NL"} if line.get("city") else {})
        line.pop("reason", None)  # words in one, a code of two letters in the other
    other = next(one for one in NAMES if one != name)
    back = sent(name, sent(other, first))
    kept = ("line", "status", "occurred_at", "city", "country", "sscc")
    assert [{key: line.get(key) for key in kept} for line in back["lines"]] == [
        {key: line.get(key) for key in kept} for line in first["lines"]
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("A,x,yes\nB,y,nearest\n", "B cannot be the nearest of y"),
        ("A,x,yes\nA,x,nearest\n", "A cannot be the nearest of x"),
        ("A,x,yes\nB,z,yes\nA,y,nearest\nB,y,nearest\n", "two outward"),
    ],
)
def test_the_nearest_is_a_code_of_another_meaning(rows: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        parse_table("t", f"source,canonical,outward\n{rows}", "t.csv")


def test_the_nearest_is_only_written() -> None:
    table = parse_table("t", "source,canonical,outward\nA,x,yes\nA,y,nearest\n", "t.csv")
    assert (table.inward, table.outward, table.written) == ({"A": "x"}, {"x": "A"}, {"x": "A", "y": "A"})

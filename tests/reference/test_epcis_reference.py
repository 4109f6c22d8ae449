"""The EPCIS documents and hash vectors of the reference material; what we write is valid by GS1's own schemas."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from lxml import etree

from connectors.registry import format_named, sniff
from connectors.spec import Profile
from data_contracts.events.event_hash import pre_hash
from data_contracts.events.record import EventRecord
from data_contracts.source import SourceRecord
from tests.connectors.formats.epcis.documents import document
from tests.connectors.formats.epcis.test_checks import CASES, GOOD
from tests.connectors.reading import Read, read
from tests.effort import examples

REFERENCE = Path(os.environ["UDIHUB_REFERENCE"]) / "gs1"
pytestmark = pytest.mark.reference
SAMPLES = Path(__file__).parents[1] / "samples" / "epcis"


def cases(*kinds: str) -> list[Any]:
    found = []
    if REFERENCE.is_dir():
        with (REFERENCE / "examples.jsonl").open(encoding="utf-8") as lines:
            found = [case for line in lines if (case := json.loads(line))["kind"] in kinds]
    return [pytest.param(case, id=case["id"]) for case in found]


def taken(case: dict[str, Any]) -> tuple[Read, list[Any]]:
    content = (REFERENCE / case["input"]["file"]).read_bytes()
    recognised = sniff(content[:4096])
    assert recognised is not None and recognised.name == "epcis"
    found = read("epcis", content)
    said = [*found.around, *(finding for message in found.messages for finding in message.findings)]
    return found, [finding for finding in said if finding.severity == "error"]


@pytest.mark.parametrize("case", cases("epcis_json", "epcis_xml"))
def test_every_document_gets_its_verdict(case: dict[str, Any]) -> None:
    found, errors = taken(case)
    assert (errors == []) is case["valid"]
    if "fields" in case:
        assert [message.type for message in found.messages] == case["fields"]["types"]
    for finding in errors:
        assert finding.place.path and finding.place.line


@pytest.mark.parametrize("case", cases("epcis_event_hash"))
def test_every_event_gets_its_hash(case: dict[str, Any]) -> None:
    found, errors = taken(case)
    events = [message.root.event for message in found.messages if isinstance(message.root, EventRecord) and message.root.event]
    assert errors == []
    assert [pre_hash(event) for event in events] == case["fields"]["prehashes"]
    assert [event["event_hash"] for event in events] == case["fields"]["hashes"]


def records() -> Iterator[tuple[str, list[tuple[str, SourceRecord]]]]:
    """Everything valid that we have, the reference material's documents and our own samples."""
    paths = [REFERENCE / param.values[0]["input"]["file"] for param in cases("epcis_json", "epcis_xml", "epcis_event_hash")]
    for path in [*paths, *sorted(SAMPLES.iterdir())]:
        found = read("epcis", path.read_bytes())
        if not any(finding.severity == "error" for message in found.messages for finding in message.findings):
            yield path.name, [(message.type, message.root) for message in found.messages if message.root is not None]


@cache
def schema() -> Draft7Validator:
    return Draft7Validator(json.loads((REFERENCE / "epcis" / "EPCIS-JSON-Schema.json").read_bytes()))


def test_what_is_written_in_json_is_valid_by_the_schema_of_gs1() -> None:
    count = 0
    for name, messages in records():
        written = format_named("epcis").write(messages, None, Profile())
        assert [error.message for error in schema().iter_errors(json.loads(written))] == [], name
        count += 1
    assert count > 20


def test_what_is_written_in_xml_is_valid_by_the_schema_of_gs1() -> None:
    xsd = etree.XMLSchema(etree.parse(str(REFERENCE / "epcis" / "XSD" / "EPCglobal-epcis-2_0.xsd")))
    for name, messages in records():
        written = format_named("epcis").write(messages, None, Profile(options={"syntax": "xml"}))
        assert xsd.validate(etree.fromstring(written)), (name, xsd.error_log)


VALUES = [None, True, 3, 2.5, "x", "", [], {}, ["a"], {"a": 1}, "urn:x:1", "2026-11-20T08:15:00+08:00", "ADD", "DELETE", "shipping"]
NAMES = ["epcList", "ilmd", "action", "parentID", "quantityList", "nova:x", "foo", "bizStep"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for step, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(below, (*path, step))


def spoilt(event: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The event with one or two members taken away, changed, renamed, doubled or added."""
    event = deepcopy(event)
    for _ in range(chance.randint(1, 2)):
        *way, step = chance.choice([path for path in places(event) if path])
        parent: Any = event
        for one in way:
            parent = parent[one]
        match chance.randrange(4):
            case 0:
                del parent[step]
            case 1:
                parent[step] = deepcopy(chance.choice(VALUES))
            case 2 if isinstance(parent, dict):
                parent[f"{step}x"] = parent.pop(step)
            case _ if isinstance(parent, list):
                parent.append(deepcopy(parent[step]))
            case _:
                parent[chance.choice(NAMES)] = deepcopy(chance.choice(VALUES))
    return event


def test_no_verdict_is_milder_than_that_of_the_schema_of_gs1() -> None:
    chance = random.Random(7)
    events = json.loads((SAMPLES / "maker_events.jsonld").read_bytes())["epcisBody"]["eventList"]
    refused = 0
    for _ in range(examples(1200)):
        content = document(spoilt(chance.choice(events), chance))
        found = read("epcis", content)
        errors = [f for f in [*found.around, *(f for m in found.messages for f in m.findings)] if f.severity == "error"]
        if not errors:
            assert [error.message for error in schema().iter_errors(json.loads(content))] == [], content.decode()
        refused += bool(errors)
    assert refused > 100


def test_what_the_schema_of_gs1_misses_is_found() -> None:
    missed = [rule for rule, _, event in CASES if not list(schema().iter_errors(json.loads(document(event))))]
    assert {"EVT-07", "EVT-10", "EVT-12", "EVT-13", "EVT-15", "EVT-17", "EVT-18", "EVT-24"} <= set(missed)
    for event in GOOD:
        assert [error.message for error in schema().iter_errors(json.loads(document(event)))] == [], event

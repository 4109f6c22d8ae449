"""Published records of the device registries: each field as the reference expects it, and each value of a record given back.

What goes to EUDAMED is held against the Commission's schema.
"""

from __future__ import annotations

import gzip
import io
import json
import os
from collections import Counter
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.registers import register_named
from data_contracts.source import Message, SourceRecord
from hub.registers.export import checked
from mappings.engine import Context, load
from tests.hub.registers.complete import RISKS, complete
from tests.hub.registers.test_export import entity as entity_of
from tests.hub.registers.test_export import without
from tests.mappings.trees import without_places

FOLDER = Path(os.environ["UDIHUB_REFERENCE"]) / "gs1"
DOCS = FOLDER / "docs"


def expected_of(kind: str) -> dict[str, Any]:
    """The fields of the one case of a kind."""
    with (FOLDER / "examples.jsonl").open(encoding="utf-8") as lines:
        (case,) = [found for found in map(json.loads, lines) if found["kind"] == kind]
    return dict(case["fields"])


def messages_of(content: bytes, format_name: str, grammar: str) -> list[Message]:
    """The messages of a document in which nothing is wrong."""
    messages = []
    for event in format_named(format_name).read(io.BytesIO(content), STRICT, grammar):
        if event.message is not None:
            assert event.message.findings == [] and event.message.root is not None
            messages.append(event.message)
        assert event.interchange is None or event.interchange.findings == []
    return messages


def values_of(record: SourceRecord, path: str = "") -> Counter[tuple[str, str]]:
    """Path and value of everything that a record says, numbers by their amount."""
    found: Counter[tuple[str, str]] = Counter()
    for name, value in dict(record.values).items():  # type: ignore[arg-type]  # named syntax
        if value:
            found[f"{path}/{name}", amount(f"{path}/{name}", value)] += 1
    for child in record.children:
        found += values_of(child, f"{path}/{child.tag}")
    return found


def amount(path: str, value: str) -> str:
    """Sizes and limits by their amount: 5.10 and 5.1 are one number, and a record says 09."""
    return str(Decimal(value).normalize()) if path.endswith("/value") else value


def test_1200_gudid_records_are_exact_in_every_field() -> None:
    messages = messages_of(gzip.decompress((DOCS / "gudid" / "devices_sample.xml.gz").read_bytes()), "xml", "gudid")
    with gzip.open(DOCS / "gudid" / "devices_sample.expected.jsonl.gz", "rt", encoding="utf-8") as lines:
        expected = [json.loads(line) for line in lines]
    assert len(messages) == len(expected) == expected_of("gudid_xml_bulk")["records"] == 1200
    mapping = load("xml/gudid")
    writer = format_named("xml")
    differing: list[Any] = []
    for number, (message, wanted) in enumerate(zip(messages, expected, strict=True)):
        assert message.root is not None
        result = mapping.read(message.root, Context())
        assert result.findings == [] and result.entity is not None
        assert mapping.unmapped(message.root, result) == []
        if (got := stated(result.entity, wanted)) != wanted:
            differing.append((wanted, got))
        written = mapping.write(result.entity, Context())
        if values_of(written) != values_of(message.root):
            differing.append((values_of(message.root) - values_of(written), values_of(written) - values_of(message.root)))
        if number % 100 == 0:
            (again,) = messages_of(writer.write([("gudid", written)], None, STRICT, "gudid"), "xml", "gudid")
            assert again.root is not None
            entity = mapping.read(again.root, Context()).entity
            assert entity is not None and without_places(entity) == without_places(result.entity)
    assert differing == []


def stated(device: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """A device in the words of the expected fields."""
    us, pi, labeler = device.get("us", {}), device["pi"], device.get("labeler", {})
    return {
        "record_key": us.get("record_key"),
        "version": us.get("version"),
        "publish_date": us.get("published_on"),
        "status": us.get("record_state"),
        "brand": device.get("name"),
        "model": device.get("model"),
        "catalog": device.get("catalogue_number"),
        "company": labeler.get("name"),
        "duns": labeler.get("duns"),
        "count": str(device["base_quantity"]) if "base_quantity" in device else None,
        "lot": pi.get("lot"),
        "serial": pi.get("serial"),
        "mfg_date": pi.get("manufacturing_date"),
        "expiry": pi.get("expiry_date"),
        "sterile": device.get("sterility", {}).get("sterile"),
        "rx": us.get("prescription"),
        "product_codes": [code["code"] for code in device.get("product_codes", [])],
        "identifiers": in_order(identifiers(device), wanted["identifiers"]),
    }


def identifiers(device: dict[str, Any]) -> list[list[Any]]:
    """Type, agency, DI, what it contains and how many."""
    agency = {"gs1": "GS1", "hibcc": "HIBCC", "iccbba": "ICCBBA"}
    found: list[list[Any]] = [["Primary", agency[device["issuer"]], device["number"], None, None]]
    for kind, issuer, number in (
        ("Unit of Use", "unit_of_use_issuer", "unit_of_use_di"),
        ("Previous", "previous_issuer", "previous_di"),
    ):
        if number in device:
            found.append([kind, agency[device[issuer]], device[number], None, None])
    for kind, name in (("Secondary", "secondary_dis"), ("Direct Marking", "direct_marks")):
        found += [[kind, agency[other["issuer"]], other["di"], None, None] for other in device.get(name, [])]
    for package in device.get("packages", []):
        found.append(["Package", agency[package["issuer"]], package["di"], package["contains"], str(package["quantity"])])
    return found


def in_order(found: list[list[Any]], wanted: list[list[Any]]) -> list[list[Any]]:
    """The order of a record's identifiers says nothing."""
    return wanted if sorted(map(str, found)) == sorted(map(str, wanted)) else found


def test_a_gudid_record_of_the_lookup_interface() -> None:
    wanted = expected_of("gudid_json")
    (message,) = messages_of((DOCS / "gudid" / "json_devices_lookup_by_public_record_key_code.json").read_bytes(), "json", "gudid")
    assert message.root is not None
    mapping = load("json/gudid")
    result = mapping.read(message.root, Context())
    assert result.findings == [] and result.entity is not None and mapping.unmapped(message.root, result) == []
    device = result.entity
    assert {
        "primary_di": device["number"],
        "agency": device["issuer"].upper(),
        "brand": device["name"],
        "model": device["model"],
        "company": device["labeler"]["name"],
        "duns": device["labeler"]["duns"],
        "lot": device["pi"]["lot"],
        "serial": device["pi"]["serial"],
        "expiry": device["pi"]["expiry_date"],
        "sterile": device["sterility"]["sterile"],
        "product_code": device["product_codes"][0]["code"],
        "gmdn": device["gmdn_terms"][0]["name"],
        "mri": "Labeling does not contain MRI Safety Information" if device["mri"] == "not_stated" else device["mri"],
    } == wanted


def test_an_nmpa_record_of_the_release() -> None:
    wanted = expected_of("nmpa_xml")
    (message,) = messages_of((DOCS / "nmpa" / "udid_device_2.xml").read_bytes(), "xml", "nmpa")
    assert message.root is not None
    mapping = load("xml/nmpa")
    result = mapping.read(message.root, Context(time_zone="Asia/Shanghai"))
    assert result.findings == [] and result.entity is not None and mapping.unmapped(message.root, result) == []
    device = result.entity
    assert {
        "di": device["number"],
        "registration": device["cn"]["registration"],
        "name": device["generic_name_zh"],
        "model": device["model"],
        "uscc": device["manufacturer"]["credit_code"],
    } == wanted
    written = mapping.write(device, Context(time_zone="Asia/Shanghai"))
    assert values_of(message.root) == values_of(written)


@cache
def eudamed_schema() -> etree.XMLSchema:
    """Message.xsd 3.0.25 with all that it takes in."""
    return etree.XMLSchema(etree.parse(str(FOLDER / "eudamed" / "XSD" / "service" / "Message.xsd")))


def faults_of(content: bytes) -> list[str]:
    """What the schema finds wrong."""
    schema = eudamed_schema()
    schema.validate(etree.fromstring(content))
    return [str(entry.message) for entry in schema.error_log]  # type: ignore[attr-defined]  # the stubs know no iteration


def eudamed_cases() -> list[dict[str, Any]]:
    """The published messages with the identifiers that stand in them."""
    with (FOLDER / "examples.jsonl").open(encoding="utf-8") as lines:
        return [case for case in map(json.loads, lines) if case["kind"] == "eudamed_xml"]


@pytest.mark.parametrize("case", eudamed_cases(), ids=lambda case: case["id"])
def test_each_published_eudamed_message_is_read(case: dict[str, Any]) -> None:
    content = (FOLDER / case["input"]["file"]).read_bytes()
    events = list(format_named("eudamed").read(io.BytesIO(content), STRICT))
    messages = [event.message for event in events if event.message is not None]
    if case["fields"]["service"] not in ("DEVICE", "UDI_DI"):
        assert {message.type for message in messages} & {"Device"} == set()
        return
    assert {message.type for message in messages} == {"Device"}
    codes = [found for message in messages if message.root is not None for found in identifiers_of(message.root)]
    assert Counter(codes) == Counter(map(tuple, case["fields"]["di_codes"]))
    faults = [finding for message in messages for finding in message.findings if finding.severity == "error"]
    assert (faults == []) == case["valid"]


def identifiers_of(record: SourceRecord) -> list[tuple[str, str]]:
    """Issuer and code of every identifier in a tree."""
    values = dict(record.values)  # type: ignore[arg-type]  # named syntax
    own = [(values["issuingEntityCode"], values["DICode"])] if "DICode" in values else []
    return own + [found for child in record.children for found in identifiers_of(child)]


@pytest.mark.parametrize("name", ["docs/eudamed/SAMPLE_DTX_UDI_003.01.xml", "docs/eudamed/SAMPLE_DTX_UDI_005.03.xml", "own"])
def test_what_goes_to_eudamed_is_valid_by_its_schema(name: str) -> None:
    own = Path(__file__).parents[1] / "samples" / "eudamed" / "Device.xml"
    content = own.read_bytes() if name == "own" else (FOLDER / name).read_bytes()
    (message,) = messages_of(content, "eudamed", "Device") if name == "own" else messages_with_notes(content)
    assert message.root is not None
    mapping = load("eudamed/Device")
    entity = mapping.read(message.root, Context()).entity
    assert entity is not None
    written = format_named("eudamed").write([("Device", mapping.write(entity, Context()))], None, STRICT)
    assert faults_of(written) == []
    (again,) = messages_of(written, "eudamed", "Device")
    assert again.root is not None
    entity_again = mapping.read(again.root, Context()).entity
    assert entity_again is not None and without_places(entity_again) == without_places(entity)


def messages_with_notes(content: bytes) -> list[Message]:
    """The messages of a document in which some elements are not read, such as a designer's address."""
    events = format_named("eudamed").read(io.BytesIO(content), STRICT)
    messages = [event.message for event in events if event.message is not None]
    assert all(finding.severity == "info" for message in messages for finding in message.findings)
    return messages


@pytest.mark.parametrize("law", RISKS)
def test_a_device_that_lacks_nothing_is_valid_by_the_schema_under_each_law(law: str) -> None:
    """And what the schema cannot do without, our demands ask for: without it, one of both refuses."""
    register, mapping = register_named("eudamed"), load("eudamed/Device")
    said = entity_of(complete(law))

    def judged(device: dict[str, Any]) -> list[str]:
        made, findings = checked(register, mapping, device)
        if any(finding.severity == "error" for finding in findings):
            return [finding.text() for finding in findings]
        content = format_named("eudamed").write([("Device", mapping.write(made, Context()))], None, STRICT)
        assert faults_of(content) == []
        return []

    assert judged(said) == []
    missed = {member.path for member in register.members.values() if judged(without(said, member.path))}
    assert {"basic_udi_di", "eu.risk_class", "manufacturer.srn", "emdn_codes", "catalogue_number", "eu.status"} <= missed

"""Published extracts, read record by record."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from connectors.archive import Bounds
from connectors.extracts import Extract, Published, told_by_name
from connectors.registry import format_named
from connectors.spec import STRICT
from mappings.engine import Context
from tests.connectors.extracts.published import (
    delimited,
    eudamed_page,
    eudamed_row,
    gudid,
    gudid_record,
    nmpa,
    nmpa_record,
    zipped,
)
from tests.effort import examples
from tests.mappings.shipped import load

SAMPLES = Path(__file__).parents[2] / "samples"
DI, OTHER = "06901234500059", "06901234500073"


def read(content: bytes, name: str = "x", *, dis: str | None = None, bounds: Bounds | None = None) -> tuple[Extract, list[Published]]:
    extract = Extract(io.BytesIO(content), name, bounds)
    return extract, list(extract.published(lambda found, _: dis is None or dis in found))


def device(one: Published) -> dict:  # type: ignore[type-arg]
    events = format_named(one.layout.format).read(io.BytesIO(one.content), STRICT, one.layout.grammar)
    (message,) = [event.message for event in events if event.message is not None]
    assert message.root is not None and message.findings == []
    entity = load(one.layout.mapping).read(message.root, Context(time_zone="Asia/Shanghai", sent="20261101 0000")).entity
    assert entity is not None
    return entity


def test_names_tell_day_and_scope() -> None:
    assert told_by_name("gudid_daily_update_20261102.zip") == (date(2026, 11, 2), False)
    assert told_by_name("UDID_FULL_DOWNLOAD_PART26_Of_1136_2026-05-01.xml") == (date(2026, 5, 1), True)
    assert told_by_name("devices.json") == (None, None) and told_by_name("x_20261399")[0] is None


def test_every_kind_of_release_is_told_and_read() -> None:
    releases = {
        "gudid": gudid(gudid_record(OTHER), gudid_record(DI)).encode(),
        "nmpa": nmpa(nmpa_record(OTHER), nmpa_record(DI)).encode(),
        "eudamed": eudamed_page(eudamed_row(OTHER), eudamed_row(DI)).encode(),
    }
    for register, content in releases.items():
        for body, name in ((content, "plain"), (zipped({"a.xml" if register != "eudamed" else "a.json": content}), "a.zip")):
            assert Extract(io.BytesIO(body), name).told() == register
            extract, (one,) = read(body, name, dis=DI)
            assert (extract.records, extract.whole, one.layout.register) == (2, True, register)
            assert device(one)["number"] == DI


def test_parts_of_a_release_are_one_and_a_broken_part_stops_no_other() -> None:
    parts = {"1.xml": gudid(gudid_record(OTHER)), "2.xml": gudid(gudid_record(DI))[:-4], "3.xml": gudid(gudid_record(DI)), "read.txt": "x"}
    extract, found = read(zipped(parts), dis=DI)
    assert [one.where for one in found] == ["2.xml#1", "3.xml#1"] and not extract.whole
    assert [finding.rule for finding in extract.findings] == ["EXT-01"]


def test_a_bomb_and_a_hostile_document_are_findings() -> None:
    extract, found = read(zipped({"1.xml": gudid() + " " * 40_000_000, "2.xml": gudid(gudid_record(DI))}))
    assert [one.where for one in found] == ["2.xml#1"] and extract.findings[0].rule == "EXT-02" and not extract.whole
    laughs = '<!DOCTYPE gudid [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + gudid(gudid_record("&b;")).partition("?>\n")[2]
    extract, found = read(laughs.encode())
    assert found == [] and extract.findings[0].rule == "EXT-01"
    extract, found = read(zipped({"../1.xml": gudid(gudid_record(DI))}))
    assert found == [] and extract.findings[0].rule == "EXT-01" and Extract(io.BytesIO(b"%PDF-1.4"), "x").told() is None
    extract, found = read(gudid(gudid_record(DI).replace("<brandName>", f"<!--{'x' * 5_000_000}--><brandName>")).encode())
    assert found == [] and not extract.whole, "a record larger than any record is"


def test_characters_that_xml_forbids_are_left_out_and_told() -> None:
    _, (one,) = read(nmpa(nmpa_record(DI, name="骨\x01螺&#x1f;钉&amp;")).encode())
    assert device(one)["generic_name_zh"] == "骨螺钉&" and one.findings[0].rule == "EXT-03" and one.findings[0].got == "2"


def test_company_and_cdata_are_seen_without_parsing() -> None:
    content = gudid(gudid_record(f"<![CDATA[{DI}]]>", company="Screws &amp; Nails")).encode()
    _, (one,) = read(content, dis=DI)
    assert one.companies == ("Screws & Nails",) and device(one)["labeler"]["name"] == "Screws & Nails"


def test_eudamed_answers_may_stand_one_after_the_other() -> None:
    pages = f"{eudamed_page(eudamed_row(OTHER))}\n{eudamed_page(eudamed_row(DI))}\n{json.dumps([eudamed_row(DI)])}"
    extract, found = read(pages.encode(), dis=DI)
    assert extract.records == 3 and [device(one)["manufacturer"]["srn"] for one in found] == ["DE-MF-000000001"] * 2
    detailed = {"primaryDi": {"code": DI, "issuingAgency": {"code": "refdata.issuing-agency.gs1"}}, "baseQuantity": 5, "latex": False}
    _, (one,) = read("\n".join([json.dumps(detailed, indent=1), json.dumps(eudamed_row(OTHER))]).encode(), dis=DI)
    assert one.layout.grammar == "eudamed_device" and device(one)["base_quantity"] == 5
    extract, found = read(pages.encode()[:-20], dis=OTHER)
    assert len(found) == 1 and not extract.whole


def test_the_delimited_release_is_joined_as_the_xml_release_has_it() -> None:
    parts = delimited(
        [
            {"PrimaryDI": OTHER, "brandName": "Other", "companyName": "Elsewhere"},
            {
                "PrimaryDI": DI, "publicVersionNumber": "3", "publicVersionDate": "2026-10-05", "devicePublishDate": "2026-10-01",
                "brandName": '"Bone|screw"', "companyName": "NovaMed", "deviceCount": "5", "singleUse": "True", "latexFree": "",
                "labeledContainsNRL": "false", "MRISafetyStatus": "MR Conditional", "deviceSterile": "true",
                "sterilizationPriorToUse": "false",
            },
        ],
        identifiers=[
            [DI, DI, "Primary", "GS1", "", "", "", "", ""],
            [DI, "26901234500053", "Package", "GS1", DI, "4", "", "In Commercial Distribution", "case"],
            [OTHER, OTHER, "Primary", "GS1", "", "", "", "", ""],
        ],
        productCodes=[[DI, "HWC", "Screw, fixation, bone"]],
        deviceSizes=[[DI, "Length", "Millimeter", "30", ""]],
        environmentalConditions=[[DI, "Storage Environment Temperature", "Degrees Celsius", "30", "Degrees Celsius", "2", ""]],
        sterilizationMethodTypes=[[DI, "Radiation Sterilization"]],
    )  # fmt: skip
    extract, (one,) = read(zipped({f"AccessGUDID_Delimited_Full_Release_20261101/{name}": text for name, text in parts.items()}), dis=DI)
    assert extract.records == 2 and extract.whole
    made = device(one)
    assert (made["name"], made["base_quantity"], made["single_use"], made["latex"]) == ("Bone|screw", 5, True, False)
    (package,) = made["packages"]
    assert {name: package[name] for name in ("di", "contains", "quantity")} == {"di": "26901234500053", "contains": DI, "quantity": 4}
    assert made["sizes"][0]["value"] == Decimal(30) and made["storage"][0]["low"] == Decimal(2)
    assert made["sterility"] == {"sterile": True, "sterilise_before_use": False, "methods": ["radiation"]}
    assert one.companies == ("NovaMed",) and made["product_codes"][0]["code"] == "HWC"


def test_a_delimited_table_without_end_is_given_up() -> None:
    parts = delimited([{"PrimaryDI": DI}], identifiers=[[DI, DI, "Primary", "GS1"]])
    extract, _ = read(zipped(parts | {"device.txt": parts["device.txt"] + "x" * 3_000_000}))
    assert not extract.whole and extract.findings[0].rule == "EXT-02"
    extract, found = read(zipped(parts | {"device.txt": "nothing|of|it\n1|2|3\n"}))
    assert found == [] and extract.findings[0].rule == "EXT-04"


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["<gudid>", "<udid><devices><device>", '{"content": [', "PK\x03\x04", ""]))
def test_no_bytes_raise(tail: bytes, head: str) -> None:
    extract = Extract(io.BytesIO(head.encode() + tail), "x.xml")
    assert extract.told() in (None, "gudid", "nmpa", "eudamed")
    assert isinstance(list(extract.published(lambda dis, companies: True)), list)


def test_a_record_made_to_be_searched_for_ever_is_not() -> None:
    for piece in ("deviceId ", "deviceId><![CDATA[", "deviceId><"):
        hostile = gudid_record(DI).replace("<brandName>", f"<!--{piece * (600_000 // len(piece))}--><brandName>")
        _, found = read(gudid(hostile).encode(), dis=DI)
        assert len(found) == 1


def test_a_quote_that_nobody_closes_swallows_rows_and_not_the_table() -> None:
    devices = [{"PrimaryDI": DI, "brandName": '"open', "deviceDescription": "x" * 140_000}, {"PrimaryDI": OTHER, "companyName": "Y"}]
    rows = [[DI, DI, "Primary", "GS1"], [OTHER, OTHER, "Primary", "GS1"]]
    extract, found = read(zipped(delimited(devices, identifiers=rows)), dis=OTHER)
    assert [one.where for one in found] == [f"device.txt {OTHER}"] and not extract.whole


def shared(*, capital: bool = False, devices: int = 1, keys: bool = False) -> dict:  # type: ignore[type-arg]
    """The release's sample as the sharing interface answers it: lists beside the device, names in small or capital letters."""
    (root,) = etree.parse(str(SAMPLES / "xml" / "nmpa.xml")).getroot().iter("device")
    lists = {"packingList": "packingInfo", "storageList": "storageInfo", "clinicalList": "clinicalInfo"}
    said = {(one.tag.upper() if capital else one.tag): one.text or "" for one in root if not len(one)}
    said["contactList"] = [{child.tag: child.text for child in row} for row in root.find("contactList")]
    beside = {
        name: [{child.tag: child.text for child in row} | ({"deviceRecordKey": "b1f1c1d1e1f1"} if keys else {}) for row in root.find(tag)]
        for tag, name in lists.items()
    }
    others = [{"zxxsdycpbs": OTHER, "deviceRecordKey": f"other{number}"} for number in range(devices - 1)]
    return {"returnCode": 1, "returnMsg": "成功", "totalPageCount": 1, "dataSet": {"deviceInfo": [said, *others], **beside}}


@pytest.mark.parametrize("asked", [{}, {"capital": True}, {"devices": 3, "keys": True}])
def test_what_the_sharing_interface_answers_is_the_device_of_the_release(asked: dict[str, Any]) -> None:
    _, (released,) = read((SAMPLES / "xml" / "nmpa.xml").read_bytes(), dis=DI)
    content = json.dumps(shared(**asked), ensure_ascii=False, indent=1).encode()
    extract, (one,) = read(content, dis=DI)
    assert extract.whole and extract.told() == "nmpa" and extract.records == asked.get("devices", 1)
    assert device(one) == device(released) and set(one.companies) == set(released.companies)


def test_answers_come_one_after_the_other_and_what_belongs_to_nobody_is_told() -> None:
    content = json.dumps(shared(), ensure_ascii=False).encode()
    extract, found = read(content + b"\n" + content.replace(b"06901234500059", b"06901234500080") + b"\n")
    assert extract.whole and [one.dis[0] for one in found] == [DI, "06901234500080"] and extract.records == 2
    extract, found = read(json.dumps(shared(devices=2)).encode(), dis=DI)
    assert found == [] and not extract.whole and extract.findings[0].rule == "EXT-01"
    extract, found = read(json.dumps({"returnCode": 1, "dataSet": {"deviceInfo": []}}).encode())
    assert found == [] and extract.whole
    extract, (one,) = read(json.dumps(shared()).replace("OS-4.0-30", "OS\\u0001-4").encode(), dis=DI)
    assert [finding.rule for finding in one.findings] == ["EXT-03"] and device(one)["model"] == "OS-4"
    for broken in (b'{"returnCode": 1, "dataSet": {"deviceInfo": [', b'{"returnCode": 1, "dataSet": {"deviceInfo": [1], "x": 01}}'):
        extract, found = read(broken)
        assert found == [] and not extract.whole

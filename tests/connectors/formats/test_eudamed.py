"""EUDAMED: devices under every law read into one tree and written back as the law calls their parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connectors.formats.eudamed.names import LAWS, SPACES, XSI
from connectors.registry import format_named
from connectors.spec import STRICT, Profile
from data_contracts.source import SourceRecord
from mappings.engine import Context
from tests.connectors.reading import read, tree
from tests.mappings.shipped import load
from tests.mappings.trees import without_places

SAMPLE = (Path(__file__).parents[2] / "samples" / "eudamed" / "Device.xml").read_bytes()
FORMAT = format_named("eudamed")


def root_of(content: bytes) -> SourceRecord:
    (message,) = read("eudamed", content).messages
    assert message.root is not None
    return message.root


def device() -> dict[str, Any]:
    entity = load("eudamed/Device").read(root_of(SAMPLE), Context()).entity
    assert entity is not None
    return without_places(entity)


def test_a_push_becomes_devices_with_who_sends_and_when() -> None:
    found = read("eudamed", SAMPLE)
    assert found.kinds == ["interchange", "group", "message", "group_end", "interchange_end"]
    assert found.rules == [] and found.rules_around == []
    (message,) = found.messages
    root = message.root
    assert root is not None and (message.type, root.tag) == ("Device", "Device")
    assert root.values == {"@legislation": "MDR", "@created": "2026-11-20T08:30:00+00:00"}
    assert [child.tag for child in root.children] == ["BasicUDI", "UDIDIData"]
    data = root.children[1]
    assert [child.values[""] for child in data.children if child.tag == "MDNCodes"] == ["P09120601", "P0912"]  # type: ignore[call-overload]
    (stated,) = [child for child in data.children if child.tag == "productionIdentifier"]
    assert {name for name, value in dict(stated.values).items() if value == "true"} == {  # type: ignore[arg-type]
        "BATCH_NUMBER",
        "MANUFACTURING_DATE",
        "EXPIRATION_DATE",
    }
    interchange = found.interchange
    assert (interchange.sender, interchange.receiver) == ("SRN:CN-MF-000012345", "SRN:EUDAMED")
    assert FORMAT.envelope_reference(SAMPLE) == f"||{interchange.control}"  # type: ignore[attr-defined]


@pytest.mark.parametrize("law", LAWS)
def test_each_law_calls_the_parts_by_its_names(law: str) -> None:
    written = device()
    words = {"MDR": "mdr", "IVDR": "ivdr", "PR": "pack", "MDD": "mdd", "AIMDD": "aimdd", "IVDD": "ivdd"}
    written["eu"]["legislation"] = words[law]
    record = load("eudamed/Device").write(written, Context())
    content = FORMAT.write([("Device", record)], None, STRICT)
    element = etree.fromstring(content).find("m:payload/device:Device", SPACES)
    assert element is not None
    kind, basic, data = LAWS[law]
    assert element.get(f"{{{XSI}}}type") == f"device:{kind}"
    assert [etree.QName(part).localname for part in element] == ([data, basic] if law.endswith("DD") else [basic, data])
    assert (element.find("device:PRBasicUDI/basicudi:PRActorCode", SPACES) is not None) == (law == "PR")
    assert element.findtext("device:MDEUDI/eudi:applicableLegislation", None, SPACES) == (law if law in ("MDD", "AIMDD") else None)
    assert element.findtext(f"device:{data}/udidi:MDNCodes", "", SPACES) == "P09120601 P0912"
    kinds = [size.get(f"{{{XSI}}}type") for size in element.iterfind(f"device:{data}/udidi:clinicalSizes/*", SPACES)]
    assert kinds == [f"commondi:{kind}ClinicalSizeType" for kind in ("Value", "Range", "Text")]
    kinds = [found.get(f"{{{XSI}}}type") for found in element.iterfind(f"device:{data}/udidi:substances/*", SPACES)]
    assert kinds == [f"udidi:{kind}SubstanceType" for kind in ("CMR", "Endocrine", "MedicalHumanProduct")]
    again = load("eudamed/Device").read(root_of(content), Context()).entity
    assert again is not None and without_places(again) == written


def test_a_udi_di_alone_is_a_device_of_which_only_that_is_said() -> None:
    payload = SAMPLE[SAMPLE.index(b"<device:MDRUDIDIData") : SAMPLE.index(b"</device:Device>")]
    alone = payload.replace(b"<device:MDRUDIDIData>", b'<device:UDIDIData xsi:type="udidi:MDRUDIDIDataType">').replace(
        b"</device:MDRUDIDIData>", b"</device:UDIDIData>"
    )
    content = SAMPLE[: SAMPLE.index(b"<device:Device ")] + alone + SAMPLE[SAMPLE.index(b"</m:payload>") :]
    root = root_of(content)
    assert root.values["@legislation"] == "MDR" and [child.tag for child in root.children] == ["UDIDIData"]  # type: ignore[call-overload]
    whole = root_of(SAMPLE).children[1]
    assert tree(root.children[0]) == tree(whole)


def test_several_devices_stand_in_one_push_and_each_is_a_message() -> None:
    record = root_of(SAMPLE)
    content = FORMAT.write([("Device", record), ("Device", record)], None, STRICT)
    assert [tree(message.root) for message in read("eudamed", content).messages if message.root] == [tree(record)] * 2
    assert content == FORMAT.write([("Device", record), ("Device", record)], None, STRICT)


def test_what_else_eudamed_exchanges_is_told_and_not_read() -> None:
    start, stop = SAMPLE.index(b"<device:Device "), SAMPLE.index(b"</m:payload>")
    market = b'<mi:DTXMarketInfo xmlns:mi="https://ec.europa.eu/tools/eudamed/dtx/datamodel/Entity/MktInfo/v1"/>'
    found = read("eudamed", SAMPLE[:start] + market + SAMPLE[stop:])
    assert [message.type for message in found.messages] == ["DTXMarketInfo"] and found.rules == ["EUD-01"]


def test_a_list_of_codes_without_end_is_refused() -> None:
    found = read("eudamed", SAMPLE.replace(b">P09120601 P0912<", b">" + b"P0912 " * 100_000 + b"<"))
    assert found.rules == ["FED-09"] and found.messages[0].root is not None


def test_a_device_of_more_lines_than_a_parser_counts_is_read() -> None:
    found = read("eudamed", SAMPLE.replace(b">P09120601 P0912<", b">" + b"\n" * 70_000 + b"P09120601 P0912<"))
    assert found.rules == [] and found.messages[0].root is not None


def test_an_entity_opens_nothing() -> None:
    bomb = SAMPLE.replace(b"<m:Push", b'<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]><m:Push', 1)
    found = read("eudamed", bomb.replace(b"CS-4040-TI", b"&a;"))
    assert found.unreadable is not None and found.unreadable.rule == "XML-02"


def test_what_eudamed_cannot_take_is_refused() -> None:
    record = root_of(SAMPLE)
    with pytest.raises(ValueError, match="1 to 300"):
        FORMAT.write([("Device", record)] * 301, None, STRICT)
    with pytest.raises(ValueError, match="EUDAMED takes devices"):
        FORMAT.write([("BasicUDI", record)], None, STRICT)
    with pytest.raises(ValueError, match="none of POST"):
        FORMAT.write([("Device", record)], None, Profile(options={"operation": "DELETE"}))
    for values, says in (({"@created": "2026-11-20T08:30:00Z"}, "under one of MDR"), ({"@legislation": "MDR"}, "when it was made")):
        with pytest.raises(ValueError, match=says):
            FORMAT.write([("Device", SourceRecord("Device", values, 1))], None, STRICT)

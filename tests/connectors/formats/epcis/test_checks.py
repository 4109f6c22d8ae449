"""What is wrong with an event, by which rule and where: one case for each thing that the standards ask."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.formats.epcis.documents import (
    ADD,
    COMMISSIONED,
    EPCS,
    FITTED,
    LOT,
    MADE,
    PACKED,
    SERIAL,
    TIED,
    UNIT,
    document,
    with_,
    xml,
    xml_event,
)  # fmt: skip
from tests.connectors.reading import read

CLASS = "urn:epc:idpat:sgtin:6926365.059800.*"
WRONG_AMOUNT = f"<quantityElement><epcClass>{LOT}</epcClass><quantity>x</quantity></quantityElement>"
WRONG_TYPE = '<bizTransaction type="urn:epcglobal:cbv:btt:x">urn:x:1</bizTransaction>'
NO_REASON = {"declarationTime": "2026-11-21T00:00:00Z", "reason": "oops"}
SENSED = [{"sensorReport": [{"type": "Temperature", "value": 4}]}]
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("EVT-04", "/type", with_(COMMISSIONED, type=...)),
    ("EVT-01", "/type", with_(COMMISSIONED, type="ObjectEvents")),
    ("EVT-23", "/type", with_(COMMISSIONED, type="https://own.example/ev")),
    ("EVT-04", "/eventTime", with_(COMMISSIONED, eventTime=...)),
    ("EVT-07", "/eventTime", with_(COMMISSIONED, eventTime="22-07-2026")),
    ("EVT-07", "/eventTime", with_(COMMISSIONED, eventTime="2026-02-30T08:15:00Z")),
    ("EVT-07", "/eventTime", with_(COMMISSIONED, eventTime="2026-11-20T08:15:00")),
    ("EVT-07", "/eventTime", with_(COMMISSIONED, eventTime=20261120)),
    ("EVT-04", "/eventTimeZoneOffset", with_(COMMISSIONED, eventTimeZoneOffset=...)),
    ("EVT-08", "/eventTimeZoneOffset", with_(COMMISSIONED, eventTimeZoneOffset="+8:00")),
    ("EVT-08", "/eventTimeZoneOffset", with_(COMMISSIONED, eventTimeZoneOffset="+14:30")),
    ("EVT-08", "/eventTimeZoneOffset", with_(COMMISSIONED, eventTimeZoneOffset="Z")),
    ("EVT-04", "/action", with_(COMMISSIONED, action=...)),
    ("EVT-09", "/action", with_(COMMISSIONED, action="CREATE")),
    ("EVT-09", "/action", with_(COMMISSIONED, action="add")),
    ("EVT-10", "/bizStep", with_(COMMISSIONED, bizStep="transforming")),
    ("EVT-10", "/bizStep", with_(COMMISSIONED, bizStep="https://ref.gs1.org/cbv/BizStep-transforming")),
    ("EVT-11", "/bizStep", with_(COMMISSIONED, bizStep="urn:epcglobal:cbv:bizstep:shipping")),
    ("EVT-06", "/bizStep", with_(COMMISSIONED, bizStep=3)),
    ("EVT-10", "/disposition", with_(COMMISSIONED, disposition="in_transport")),
    ("EVT-12", "/epcList/0", with_(COMMISSIONED, epcList=["S0001"])),
    ("EVT-06", "/epcList", with_(COMMISSIONED, epcList=SERIAL)),
    ("EVT-21", "/epcList/1", with_(COMMISSIONED, epcList=[SERIAL, SERIAL])),
    ("EVT-17", "/epcList/0", with_(COMMISSIONED, epcList=[LOT])),
    ("EVT-24", "/epcList/0", with_(COMMISSIONED, epcList=["urn:epc:id:sgtin:0614141.10734.2017"])),
    ("EVT-18", "/quantityList/0/epcClass", with_(COMMISSIONED, quantityList=[{"epcClass": SERIAL}])),
    ("EVT-04", "/quantityList/0/epcClass", with_(COMMISSIONED, quantityList=[{"quantity": 1}])),
    ("EVT-19", "/quantityList/0/quantity", with_(COMMISSIONED, quantityList=[{"epcClass": LOT, "quantity": "twenty"}])),
    ("EVT-19", "/quantityList/0/quantity", with_(COMMISSIONED, quantityList=[{"epcClass": LOT, "quantity": "20"}])),
    ("EVT-19", "/quantityList/0/quantity", with_(COMMISSIONED, quantityList=[{"epcClass": LOT, "quantity": -1}])),
    ("EVT-20", "/quantityList/0/uom", with_(COMMISSIONED, quantityList=[{"epcClass": LOT, "quantity": 1, "uom": "kg"}])),
    ("EVT-05", "/quantityList/0/lot", with_(COMMISSIONED, quantityList=[{"epcClass": LOT, "lot": "A"}])),
    ("EVT-14", "", with_(COMMISSIONED, epcList=...)),
    ("EVT-14", "", with_(COMMISSIONED, epcList=..., sensorElementList=SENSED)),
    ("EVT-16", "/ilmd", with_(COMMISSIONED, action="OBSERVE", ilmd={"cbvmda:lotNumber": "A"})),
    ("EVT-05", "/ilmd/lotNumber", with_(COMMISSIONED, ilmd={"lotNumber": "A"})),
    ("EVT-05", "/myField", with_(COMMISSIONED, myField="x")),
    ("EVT-13", "/other:field", with_(COMMISSIONED, other__field="x")),
    ("EVT-13", "/nova:a/other:b", with_(COMMISSIONED, nova__a={"other:b": 1})),
    ("EVT-13", "/{", with_(COMMISSIONED, **{"{": "x"})),
    ("EVT-13", "/nova:a/{https:~1~1ns.example~1}b", with_(COMMISSIONED, nova__a={"{https://ns.example/}b": 1})),
    ("EVT-13", "/https:~1~1ns.example~1}b", with_(COMMISSIONED, **{"https://ns.example/}b": 1})),
    ("EVT-13", "/nova:", with_(COMMISSIONED, nova__="x")),
    ("EVT-05", "/parentID", with_(COMMISSIONED, parentID=UNIT)),
    ("EVT-06", "/readPoint", with_(COMMISSIONED, readPoint=UNIT)),
    ("EVT-04", "/readPoint/id", with_(COMMISSIONED, readPoint={})),
    ("EVT-12", "/eventID", with_(COMMISSIONED, eventID="17")),
    ("EVT-12", "/certificationInfo", with_(COMMISSIONED, certificationInfo=42)),
    ("EVT-04", "/bizTransactionList/0/bizTransaction", with_(COMMISSIONED, bizTransactionList=[{"type": "po"}])),
    ("EVT-10", "/bizTransactionList/0/type", with_(COMMISSIONED, bizTransactionList=[{"type": "order", "bizTransaction": "urn:x:1"}])),
    ("EVT-10", "/sourceList/0/type", with_(COMMISSIONED, sourceList=[{"type": "place", "source": "urn:x:1"}])),
    ("EVT-04", "/sourceList/0/type", with_(COMMISSIONED, sourceList=[{"source": "urn:x:1"}])),
    ("EVT-04", "/persistentDisposition", with_(COMMISSIONED, persistentDisposition={})),
    ("EVT-10", "/persistentDisposition/set/0", with_(COMMISSIONED, persistentDisposition={"set": ["recall"]})),
    ("EVT-04", "/errorDeclaration/declarationTime", with_(COMMISSIONED, errorDeclaration={"reason": "incorrect_data"})),
    ("EVT-10", "/errorDeclaration/reason", with_(COMMISSIONED, errorDeclaration=NO_REASON)),
    ("EVT-04", "/sensorElementList/0/sensorReport", with_(COMMISSIONED, sensorElementList=[{"sensorReport": []}])),
    ("EVT-04", "/sensorElementList/0/sensorReport/0/type", with_(COMMISSIONED, sensorElementList=[{"sensorReport": [{"value": 1}]}])),
    ("EVT-10", "/sensorElementList/0/sensorReport/0/type", with_(COMMISSIONED, sensorElementList=[{"sensorReport": [{"type": "Heat"}]}])),
    (
        "EVT-19",
        "/sensorElementList/0/sensorReport/0/value",
        with_(COMMISSIONED, sensorElementList=[{"sensorReport": [{"type": "Temperature", "value": "4"}]}]),
    ),
    ("EVT-05", "/sensorElementList/0/note", with_(COMMISSIONED, sensorElementList=[{**SENSED[0], "note": "x"}])),
    ("EVT-15", "/parentID", with_(PACKED, parentID=...)),
    ("EVT-15", "/parentID", with_(PACKED, parentID=..., action="DELETE")),
    ("EVT-17", "/parentID", with_(PACKED, parentID=LOT)),
    ("EVT-14", "", with_(PACKED, childEPCs=...)),
    ("EVT-04", "/parentID", with_(FITTED, parentID=..., action="OBSERVE")),
    ("EVT-04", "/bizTransactionList", with_(TIED, bizTransactionList=...)),
    ("EVT-14", "", with_(TIED, epcList=...)),
    ("EVT-14", "", with_(MADE, inputQuantityList=...)),
    ("EVT-14", "", with_(MADE, inputQuantityList=..., outputQuantityList=..., transformationID="urn:x:t")),
    ("EVT-05", "/action", with_(MADE, action="ADD")),
]
GOOD: list[dict[str, Any]] = [
    COMMISSIONED, PACKED, MADE, TIED, FITTED,
    with_(COMMISSIONED, bizStep="https://own.example/step/cleaning"),
    with_(COMMISSIONED, bizStep="cbv:BizStep-packing"),
    with_(COMMISSIONED, bizStep="https://ref.gs1.org/cbv/BizStep-packing"),
    with_(COMMISSIONED, epcList=[]),
    with_(COMMISSIONED, epcList=..., sensorElementList=SENSED, readPoint={"id": "urn:x:1", "nova:gate": 1}),
    with_(COMMISSIONED, epcList=..., quantityList=[{"epcClass": LOT}]),
    with_(COMMISSIONED, certificationInfo=["https://own.example/c/1", "https://own.example/c/2"]),
    with_(COMMISSIONED, **{"@context": {"own": "https://own.example/"}, "own:x": [1, [2, {"own:y": None}]]}),
    with_(COMMISSIONED, **{"https://full.example/ns#name": "x", "urn:own:name": "y"}),
    with_(PACKED, parentID=..., action="OBSERVE"),
    with_(PACKED, childEPCs=..., action="DELETE"),
    with_(PACKED, childEPCs=..., childQuantityList=[{"epcClass": LOT, "quantity": 3}]),
    with_(MADE, inputQuantityList=..., transformationID="urn:x:t"),
    with_(TIED, epcList=..., action="DELETE"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "place", "event"), CASES, ids=[f"{rule}{place}" for rule, place, _ in CASES])
def test_an_invalid_event_is_refused_with_the_place(rule: str, place: str, event: dict[str, Any]) -> None:
    """The good events around it are read all the same."""
    content = document(COMMISSIONED, event, PACKED)
    found = read("epcis", content)
    assert [message.findings == [] for message in found.messages] == [True, False, True]
    first = next(finding for finding in found.messages[1].findings if finding.rule == rule)
    assert first.place.path == f"/epcisBody/eventList/1{place}"
    line, spoilt = content.decode().splitlines()[(first.place.line or 0) - 1], place.rpartition("/")[2].replace("~1", "/")
    lacks = rule in ("EVT-04", "EVT-14", "EVT-15")
    assert line.strip() == "{" or line.strip().startswith(f'"{spoilt}":') or (spoilt.isdigit() and line.strip().startswith('"')) or lacks


@pytest.mark.parametrize("event", GOOD, ids=range(len(GOOD)))
def test_a_valid_event_has_no_finding(event: dict[str, Any]) -> None:
    found = read("epcis", document(event))
    assert (found.rules, found.rules_around) == ([], [])


def test_two_prefixes_of_one_name_space_say_two_values() -> None:
    event = with_(
        COMMISSIONED,
        **{"@context": {"own": "https://own.example/", "odd": "https://odd.example/}/"}, "own:x": 1, "https://own.example/x": [2, 3]},
    )
    (message,) = read("epcis", document(event)).messages
    assert message.findings == [] and message.root is not None
    assert message.root.event["extensions"] == {"{https://own.example/}x": [1, 2, 3]}
    strange = read("epcis", document({**event, "odd:y": 1})).messages[0]
    assert [finding.rule for finding in strange.findings] == ["EVT-13"]


def test_findings_name_the_line() -> None:
    content = document(COMMISSIONED, with_(COMMISSIONED, quantityList=[{"epcClass": LOT, "quantity": "x"}]))
    (finding,) = read("epcis", content).messages[1].findings
    assert content.decode().splitlines()[(finding.place.line or 0) - 1].strip() == '"quantity": "x"'


@pytest.mark.parametrize(
    ("rule", "place", "line", "event"),
    [
        ("EVT-09", "/action", 8, xml_event(EPCS, "<action>add</action>")),
        ("EVT-04", "/action", 4, xml_event(EPCS)),
        ("EVT-04", "/eventTime", 4, xml_event(EPCS, ADD, time="")),
        ("EVT-07", "/eventTime", 5, xml_event(EPCS, ADD, time="2026-11-20")),
        ("EVT-05", "/colour", 9, xml_event(EPCS, ADD, "<colour>red</colour>")),
        ("EVT-22", "/action", 9, xml_event(EPCS, "<bizStep>urn:x:1</bizStep>", ADD)),
        ("EVT-22", "/action", 9, xml_event(EPCS, "<nova:a>1</nova:a>", ADD)),
        ("EVT-10", "/bizStep", 9, xml_event(EPCS, ADD, "<bizStep>urn:epcglobal:cbv:bizstep:shiping</bizStep>")),
        ("EVT-11", "/bizStep", 9, xml_event(EPCS, ADD, "<bizStep>shipping</bizStep>")),
        ("EVT-17", "/epcList/epc[2]", 8, xml_event(f"<epcList><epc>urn:x:1</epc>\n<epc>{CLASS}</epc></epcList>", ADD)),
        (
            "EVT-19", "/quantityList/quantityElement[1]/quantity", 9,
            xml_event(EPCS, ADD, f"<quantityList>{WRONG_AMOUNT}</quantityList>"),
        ),
        (
            "EVT-10", "/bizTransactionList/bizTransaction[1]/@type", 9,
            xml_event(EPCS, ADD, f"<bizTransactionList>{WRONG_TYPE}</bizTransactionList>"),
        ),
        (
            "EVT-19", "/sensorElementList/sensorElement[1]/sensorReport[2]/@value", 9,
            xml_event(
                EPCS, ADD,
                '<sensorElementList><sensorElement><sensorReport type="gs1:Count"/><sensorReport type="gs1:Count" value="x"/>'
                "</sensorElement></sensorElementList>",
            ),
        ),
        ("EVT-04", "/sourceList", 9, xml_event(EPCS, ADD, "<sourceList/>")),
        ("EVT-21", "/action", 8, xml_event(EPCS, ADD, ADD)),
    ],
)  # fmt: skip
def test_in_xml_the_place_is_an_element_or_attribute(rule: str, place: str, line: int, event: str) -> None:
    found = read("epcis", xml(event))
    first = found.messages[0].findings[0]
    assert (first.rule, first.place.path, first.place.line) == (rule, f"/EPCISDocument/EPCISBody/EventList/ObjectEvent[1]{place}", line)

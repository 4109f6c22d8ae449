"""Documents of events: their shapes and versions, what is around the events, hostile ones, large ones, and what is written."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.formats.epcis.json_reading import event_of as stored_event
from connectors.formats.epcis.writing import event_json
from connectors.registry import format_named, sniff
from connectors.spec import STRICT, Profile
from data_contracts.canonical import EVENTS
from data_contracts.events.record import EventRecord
from data_contracts.source import Message
from tests.connectors.formats.epcis.documents import ADD, COMMISSIONED, CONTEXT, EPCS, LOT, PACKED, document, with_, xml, xml_event
from tests.connectors.reading import read, tree

SAMPLES = Path(__file__).parents[3] / "samples" / "epcis"


def event_of(message: Message) -> dict[str, object]:
    assert isinstance(message.root, EventRecord) and message.root.event is not None
    return message.root.event


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_samples_are_canonical_events_that_are_written_and_read_back(path: Path) -> None:
    found = read("epcis", path.read_bytes())
    assert not any(finding.severity == "error" for finding in [*found.around, *(f for m in found.messages for f in m.findings)])
    for message in found.messages:
        event = event_of(message)
        EVENTS[message.type].model_validate({name: value for name, value in event.items() if name not in ("entity", "@")})
        assert message.control == event["number"]
    records = [(message.type, message.root) for message in found.messages if message.root is not None]
    for syntax in ("json", "xml"):
        again = read("epcis", format_named("epcis").write(records, None, Profile(options={"syntax": syntax})))
        assert (again.rules, again.rules_around) == ([], [])
        assert [event_of(message)["event_hash"] for message in again.messages] == [event_of(m)["event_hash"] for m in found.messages]
        if syntax == "json":
            assert [event_of(message) for message in again.messages] == [event_of(message) for message in found.messages]


def test_xml_and_json_of_one_event_are_equal() -> None:
    first = event_of(read("epcis", document(COMMISSIONED)).messages[0])
    step = "<bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>"
    second = event_of(read("epcis", xml(xml_event(EPCS, ADD, step))).messages[0])
    assert first["event_hash"] == second["event_hash"]
    assert first["biz_step"] == second["biz_step"] == "commissioning"


def test_version_1_2_is_read_as_2_0() -> None:
    found = read("epcis", (SAMPLES / "repository_1_2.xml").read_bytes())
    assert found.rules_around == ["EVT-27", "EVT-28"] and found.rules == []
    commissioned, counted, made = map(event_of, found.messages)
    assert commissioned["number"] == "urn:uuid:6b1f0c1e-3f57-4c0a-9d0b-2f3f5a8f0011"
    assert commissioned["quantities"] == [{"epc_class": "urn:epc:class:lgtin:6926365.059800.F2611A", "quantity": Decimal(40)}]
    assert commissioned["ilmd"] == {"{urn:epcglobal:cbv:mda}lotNumber": "F2611A"}
    assert (counted["entity"], counted["action"], counted["biz_step"]) == ("ObjectEvent", "OBSERVE", "storing")
    assert counted["quantities"] == [{"epc_class": "urn:epc:idpat:sgtin:6926365.059800.*", "quantity": Decimal(200)}]
    assert made["entity"] == "TransformationEvent" and made["event_hash"] == made["number"]


@pytest.mark.parametrize(
    ("content", "rule", "line"),
    [
        (document(COMMISSIONED, **{"@context": ...}), "EVT-03", 1),
        (document(COMMISSIONED, schemaVersion=...), "EVT-03", 1),
        (document(COMMISSIONED, creationDate=...), "EVT-03", 1),
        (document(COMMISSIONED, creationDate="yesterday"), "EVT-07", 10),
        (document(COMMISSIONED, color="red"), "EVT-05", 25),
        (xml(xml_event(EPCS, ADD)).replace(b' schemaVersion="2.0"', b""), "EVT-03", 2),
        (xml(xml_event(EPCS, ADD)).replace(b"2026-11-21T13", b"2026-11-21 13"), "EVT-07", 2),
    ],
)
def test_what_is_wrong_around_the_events_refuses_all(content: bytes, rule: str, line: int) -> None:
    found = read("epcis", content)
    assert [(f.rule, f.place.line) for f in found.around if f.severity == "error"] == [(rule, line)]
    assert len(found.messages) == 1


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (document(COMMISSIONED, type="EPCISDocumentt"), "EVT-01"),
        (document(COMMISSIONED, schemaVersion="3.0"), "EVT-02"),
        (xml(xml_event(EPCS, ADD), space="3", version="3.0"), "EVT-02"),
        (document(epcisBody=[]), "EVT-01"),
        (document(epcisBody={"eventList": {}}), "EVT-01"),
        (b'{"@context": "x", "epcisBody": {"eventList": [', "EVT-01"),
    ],
)
def test_what_is_no_document_of_events_is_unreadable(content: bytes, rule: str) -> None:
    found = read("epcis", content)
    told = [found.unreadable.rule] if found.unreadable is not None else found.rules_around
    assert rule in told or "JSN-03" in told


def test_members_may_stand_in_any_order() -> None:
    whole = json.loads(document(with_(COMMISSIONED, nova__x="1")))
    turned = dict(reversed(whole.items()))
    assert list(turned) != list(whole)
    found = read("epcis", json.dumps(turned).encode())
    assert (found.rules, found.rules_around) == ([], [])
    assert event_of(found.messages[0])["extensions"] == {"{https://ns.novamed.example/epcis/}x": "1"}


@pytest.mark.parametrize(
    "field",
    [
        '<nova:part nova:no="1">needle</nova:part>',
        '<own:part xmlns:own="parts">needle</own:part>',
        '<own:part xmlns:own="parts" own:no="1" plain="2"><inner own:no="3"/><own:inner>x</own:inner></own:part>',
    ],
)
def test_users_fields_of_any_name_space_are_read_back_from_what_is_stored(field: str) -> None:
    event = event_of(read("epcis", xml(xml_event(EPCS, ADD, field))).messages[0])
    body = event_json(event).decode()
    kept = stored_event(body)
    assert event_json(kept).decode() == body
    assert {name: kept[name] for name in ("extensions", "event_hash")} == {name: event[name] for name in ("extensions", "event_hash")}


def test_an_event_alone_needs_its_context() -> None:
    alone = {"@context": CONTEXT, **PACKED}
    assert read("epcis", json.dumps(alone).encode()).rules_around == []
    assert read("epcis", json.dumps(PACKED).encode()).rules_around == ["EVT-03"]
    assert [m.type for m in read("epcis", xml_event(EPCS, ADD).encode()).messages] == ["ObjectEvent"]


def test_contexts_of_others_are_named_and_never_fetched() -> None:
    found = read("epcis", document(COMMISSIONED, **{"@context": [CONTEXT[0], "https://elsewhere.example/context.jsonld"]}))
    assert found.rules_around == ["EVT-29"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('"epcList": [], "epcList": []', "JSN-02"),
        ('"nova:x": NaN', "JSN-04"),
        ('"nova:x": 1e999999999', "JSN-01"),
        (f'"nova:x": {"9" * 5000}', "JSN-01"),
        ('"nova:x": "\\ud800"', "JSN-09"),
        ('"nova:x": "\\u0000"', "FED-18"),
        (f'"nova:x": {"[" * 80}{"]" * 80}', "JSN-05"),
        ('"nova:x": 01', "JSN-04"),
    ],
)
def test_loose_json_is_refused_event_by_event(text: str, rule: str) -> None:
    content = document(COMMISSIONED, with_(COMMISSIONED, marker="here"), PACKED).replace(b'"marker": "here"', text.encode())
    found = read("epcis", content)
    assert [message.findings == [] for message in found.messages] == [True, False, True]
    assert found.rules == [rule]


@pytest.mark.parametrize(
    "hostile",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n',
        '<!DOCTYPE x SYSTEM "https://elsewhere.example/x.dtd">\n',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n',
    ],
)
def test_xml_that_declares_anything_is_refused(hostile: str) -> None:
    found = read("epcis", xml(xml_event(EPCS, ADD), before=hostile))
    assert found.unreadable is not None and found.unreadable.rule == "XML-02"
    assert found.messages == []


def _joined(pattern: str, times: int) -> str:
    return " ".join(pattern.format(number) for number in range(times))


CROWDS = {
    "attributes": '<x:more xmlns:x="urn:x" ' + _joined('a{0}="1"', 50_000) + "/>",
    "attributes of many name spaces": '<x:more xmlns:x="urn:x" ' + _joined('xmlns:p{0}="urn:x:{0}" p{0}:a="1"', 20_000) + "/>",
    "namespaces": _joined('<p{0}:a xmlns:p{0}="urn:x:{0}"/>', 20_000),
}


@pytest.mark.parametrize("crowd", list(CROWDS))
def test_a_crowd_of_attributes_or_name_spaces_is_refused_and_its_neighbours_are_read(crowd: str) -> None:
    found = read("epcis", xml(xml_event(EPCS, ADD), xml_event(EPCS, ADD, CROWDS[crowd]), xml_event(EPCS, ADD)))
    assert [message.findings == [] for message in found.messages] == [True, False, True]
    (finding,) = found.messages[1].findings
    assert (finding.rule, finding.params["what"]) == ("FED-14", crowd.split()[0])


def test_an_entity_in_an_event_is_refused_and_its_neighbours_are_read() -> None:
    found = read("epcis", xml(xml_event(EPCS, ADD), xml_event(EPCS, "<action>&who;</action>"), xml_event(EPCS, ADD)))
    assert [message.findings == [] for message in found.messages] == [True, False, True]
    assert found.rules == ["XML-01"]


def test_an_event_is_found_again_by_its_bytes() -> None:
    content = document(COMMISSIONED, PACKED)
    messages = read("epcis", content).messages
    assert json.loads(content[messages[1].offset : messages[1].offset + messages[1].length]) == PACKED
    content = xml(xml_event(EPCS, ADD), xml_event(EPCS, ADD, kind="TransactionEvent"))
    message = read("epcis", content).messages[1]
    assert content[message.offset :][: message.length].startswith(b"<TransactionEvent>")


def test_people_see_the_event_as_a_tree() -> None:
    message = read("epcis", document(with_(COMMISSIONED, quantityList=[{"epcClass": LOT, "quantity": 2.50}]))).messages[0]
    assert message.root is not None
    tag, values, children = tree(message.root)
    assert tag == "ObjectEvent" and values["action"] == "ADD"  # type: ignore[index]
    assert ("quantityList", {"epcClass": LOT, "quantity": "2.5"}, []) in children  # type: ignore[operator]
    message.root.release()
    assert message.root.children == []


@pytest.mark.slow
@pytest.mark.parametrize("syntax", ["json", "xml"])
def test_memory_stays_flat(syntax: str, tmp_path: Path) -> None:
    """Of many events one at a time is held."""
    if syntax == "json":
        one, whole = json.dumps(COMMISSIONED).encode() + b",\n", document(COMMISSIONED)
        head, tail = whole[: whole.index(b'"eventList": [') + 14], json.dumps(COMMISSIONED).encode() + b"]}}"
    else:
        one = xml_event(EPCS, ADD).encode()
        head, _, tail = xml("\x01").partition(b"\x01")
    times = 4_000_000 // len(one)
    path = tmp_path / "large"
    with path.open("wb") as output:
        output.write(head)
        for _ in range(times):
            output.write(one)
        output.write(tail)
    count, start, peak = 0, _resident(), 0
    with path.open("rb") as stream:
        for event in format_named("epcis").read(stream, STRICT):
            if event.message is not None:
                assert event.message.findings == []
                count += 1
                if count % 1000 == 0:
                    peak = max(peak, _resident())
    assert count >= times
    assert peak - start < 16 * 1024 * 1024


def _resident() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def test_other_json_and_xml_is_not_taken_for_epcis() -> None:
    for content in (b'{"orders": []}', b"<orders/>", b'<Order xmlns="urn:x"/>'):
        found = sniff(content)
        assert found is None or found.name != "epcis"

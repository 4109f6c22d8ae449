"""Documents of events: EPCISDocument and EPCISQueryDocument, in JSON-LD and in XML (EPCIS 2.0 clauses 9 and 10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from lxml import etree

from connectors.formats.epcis.spelling import Prefixes, Turn, as_stated, instant, json_ld
from data_contracts.events.members import CONTEXT, ITEMS, MEMBERS, PREFIXES
from data_contracts.events.vocabulary import Kind, vocabulary

_encode = msgspec.json.Encoder(decimal_format="number").encode
_EPCIS, _QUERY = "urn:epcglobal:epcis:xsd:2", "urn:epcglobal:epcis-query:xsd:2"
_TERMS: dict[str, Kind] = {
    "bizStep": "biz_step", "disposition": "disposition", "reason": "error_reason", "set": "disposition", "unset": "disposition",
}  # fmt: skip
_TYPES: dict[str, Kind] = {
    "bizTransactionList": "business_transaction", "sourceList": "source_or_destination", "destinationList": "source_or_destination",
}  # fmt: skip
_SENSOR_TERMS: dict[str, Kind] = {"type": "measurement", "exception": "sensor_alert", "component": "component"}


@dataclass(frozen=True, slots=True)
class Results:
    """That a document answers a query: its name, and the subscription that it serves."""

    query: str
    subscription: str | None = None


def event_json(event: Mapping[str, Any], turn: Turn = as_stated) -> bytes:
    """One event as JSON-LD that declares its own prefixes."""
    return _encode(json_ld(event, turn))


def document_json(events: Iterable[bytes], created: datetime, results: Results | None = None) -> bytes:
    """A document around events that are JSON-LD already."""
    listed = b"[" + b",".join(events) + b"]"
    kind = "EPCISDocument" if results is None else "EPCISQueryDocument"
    head = _encode({"@context": [CONTEXT], "type": kind, "schemaVersion": "2.0", "creationDate": instant(created)})
    if results is None:
        return head[:-1] + b',"epcisBody":{"eventList":' + listed + b"}}"
    said: dict[str, str] = {"queryName": results.query}
    if results.subscription is not None:
        said["subscriptionID"] = results.subscription
    return head[:-1] + b',"epcisBody":{"queryResults":' + _encode(said)[:-1] + b',"resultsBody":{"eventList":' + listed + b"}}}}"


def write_json(events: Sequence[Mapping[str, Any]], created: datetime | None) -> bytes:
    """An EPCISDocument in JSON-LD; where it is not said when it was made, it is as old as its newest event."""
    return document_json((event_json(event) for event in events), created or _newest(events)) + b"\n"


def _newest(events: Sequence[Mapping[str, Any]]) -> datetime:
    return max((event["issued_at"] for event in events), default=datetime(1970, 1, 1, tzinfo=UTC))


def write_xml(
    events: Sequence[Mapping[str, Any]],
    created: datetime | None,
    results: Results | None = None,
    turn: Turn = as_stated,
    *,
    web: bool = False,
) -> bytes:
    """An EPCISDocument, or the results of a query, in XML; `web`: terms of the vocabulary as web addresses, not as URNs.

    Raises ValueError for users' values that XML cannot say.
    """
    space, kind = (_EPCIS, "EPCISDocument") if results is None else (_QUERY, "EPCISQueryDocument")
    root = etree.Element(f"{{{space}}}{kind}", nsmap={"epcis" if results is None else "epcisq": space})
    root.set("schemaVersion", "2.0")
    root.set("creationDate", instant(created or _newest(events)))
    body = etree.SubElement(root, "EPCISBody")
    if results is not None:
        found = etree.SubElement(body, f"{{{_QUERY}}}QueryResults")
        etree.SubElement(found, "queryName").text = results.query
        if results.subscription is not None:
            etree.SubElement(found, "subscriptionID").text = results.subscription
        body = etree.SubElement(found, "resultsBody")
    listed = etree.SubElement(body, "EventList")
    for event in events:
        _event(listed, event, turn)
    if web:
        _as_addresses(listed)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _event(parent: etree._Element, event: Mapping[str, Any], turn: Turn) -> None:
    spaces = Prefixes(event.get("namespaces") or {})
    said = json_ld(event, turn, alone=False)
    _count_prefixes(event, spaces)
    element = etree.SubElement(parent, event["entity"], nsmap=spaces.used | _standard_spaces(event))
    for name, member, holds in MEMBERS[event["entity"]]:
        if name in said:
            _member(element, name, holds, said[name], event, member)
    _users(element, event.get("extensions") or {})


def _count_prefixes(value: Any, spaces: Prefixes) -> None:
    if isinstance(value, Mapping):
        for name, one in value.items():
            if isinstance(name, str):
                spaces.short(name.removeprefix("@"))
            _count_prefixes(one, spaces)
    elif isinstance(value, list):
        for one in value:
            _count_prefixes(one, spaces)


def _standard_spaces(event: Mapping[str, Any]) -> dict[str, str]:
    """Master data of instances has a prefix that everybody knows."""
    return {"cbvmda": PREFIXES["cbvmda"]} if any(name.startswith(f"{{{PREFIXES['cbvmda']}}}") for name in event.get("ilmd") or ()) else {}


def _member(parent: etree._Element, name: str, holds: str, value: Any, event: Mapping[str, Any], member: str) -> None:
    if holds == "certificates":
        for one in value[:1]:  # XML has a place for one
            etree.SubElement(parent, name).text = one
        return
    element = etree.SubElement(parent, name)
    if holds == "ilmd":
        _users(element, event[member])
    elif holds == "place":
        etree.SubElement(element, "id").text = value["id"]
        _users(element, event.get(f"{member}_extensions") or {})
    elif holds == "quantities":
        for row in value:
            one = etree.SubElement(element, "quantityElement")
            for key, amount in row.items():
                etree.SubElement(one, key).text = _text(amount)
    elif name in _TYPES:
        for row in value:
            one = etree.SubElement(element, ITEMS[name])
            if "type" in row:
                one.set("type", vocabulary(_TYPES[name]).written(row["type"]))
            one.text = row[ITEMS[name]]
    elif holds == "instances":
        for uri in value:
            etree.SubElement(element, "epc").text = uri
    elif holds == "persistent":
        for key in ("unset", "set"):
            for term in value.get(key) or ():
                etree.SubElement(element, key).text = _term(key, term)
    elif holds == "declaration":
        _declaration(element, event[member])
    elif holds == "sensors":
        for row, stated in zip(value, event[member], strict=True):
            _sensor(element, row, stated)
    else:
        element.text = _term(name, value)


def _declaration(element: etree._Element, said: Mapping[str, Any]) -> None:
    etree.SubElement(element, "declarationTime").text = instant(said["declared_at"])
    if said.get("reason"):
        etree.SubElement(element, "reason").text = _term("reason", said["reason"])
    if said.get("corrective_event_ids"):
        listed = etree.SubElement(element, "correctiveEventIDs")
        for uri in said["corrective_event_ids"]:
            etree.SubElement(listed, "correctiveEventID").text = uri
    _users(element, said.get("extensions") or {})


def _sensor(parent: etree._Element, row: Mapping[str, Any], stated: Mapping[str, Any]) -> None:
    element = etree.SubElement(parent, "sensorElement")
    if "sensorMetadata" in row:
        _attributes(etree.SubElement(element, "sensorMetadata"), row["sensorMetadata"], stated["metadata"])
    for report, own in zip(row["sensorReport"], stated["reports"], strict=True):
        _attributes(etree.SubElement(element, "sensorReport"), report, own)
    _users(element, stated.get("extensions") or {})


def _attributes(element: etree._Element, fields: Mapping[str, Any], stated: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if ":" not in name:
            kind = _SENSOR_TERMS.get(name)
            element.set(name, vocabulary(kind).written(value) if kind is not None else _text(value))
    for name, value in (stated.get("extensions") or {}).items():
        if isinstance(value, Mapping | list):
            raise ValueError(f"{name} is more than a text, and stands where XML has an attribute")
        element.set(name, _text(value))


def _users(parent: etree._Element, fields: Mapping[str, Any]) -> None:
    """Users' fields: a list is several elements of one name."""
    for name, value in fields.items():
        if name.startswith("@"):
            parent.set(name[1:], _text(value))
            continue
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, list):
                raise ValueError(f"{name} holds a list in a list, which XML has no form for")
            try:
                element = etree.SubElement(parent, name)
            except ValueError as error:
                raise ValueError(f"{name} is no name that XML takes") from error
            if isinstance(one, Mapping):
                _users(element, {key: below for key, below in one.items() if key != "#text"})
                if "#text" in one:
                    element.text = _text(one["#text"])
            elif one is not None:
                element.text = _text(one)


def _as_addresses(listed: etree._Element) -> None:
    """Terms in elements of the standard's own (EPCIS 2.0 clause 12.5, header GS1-CBV-XML-Format)."""
    for element in listed.iter(*_TERMS):
        element.text = _address(_TERMS[str(element.tag)], element.text or "")
    for name, kind in _TYPES.items():
        for element in listed.iter(ITEMS[name]):
            if "type" in element.attrib:
                element.set("type", _address(kind, str(element.attrib["type"])))


def _address(kind: Kind, text: str) -> str:
    words = vocabulary(kind)
    return words.address(words.term(text) or text)


def _term(name: str, value: Any) -> str:
    kind = _TERMS.get(name)
    return vocabulary(kind).written(value) if kind is not None else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return instant(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)

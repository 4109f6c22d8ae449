"""Events in JSON-LD and XML for tests to spoil."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"nova": "https://ns.novamed.example/epcis/"}]
SERIAL = "https://id.gs1.org/01/06926365598003/21/S0001"
LOT = "https://id.gs1.org/01/06926365598003/10/F2611A"
UNIT = "https://id.gs1.org/00/106926365000000015"
COMMISSIONED: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-11-20T08:15:00.000+08:00",
    "eventTimeZoneOffset": "+08:00",
    "epcList": [SERIAL],
    "action": "ADD",
    "bizStep": "commissioning",
}
PACKED: dict[str, Any] = {
    "type": "AggregationEvent",
    "eventTime": "2026-11-20T09:00:00+08:00",
    "eventTimeZoneOffset": "+08:00",
    "parentID": UNIT,
    "childEPCs": [SERIAL],
    "action": "ADD",
}
MADE: dict[str, Any] = {
    "type": "TransformationEvent",
    "eventTime": "2026-11-19T16:00:00+08:00",
    "eventTimeZoneOffset": "+08:00",
    "inputQuantityList": [{"epcClass": "https://id.gs1.org/01/07640123001237/10/R-88", "quantity": 12.5, "uom": "KGM"}],
    "outputQuantityList": [{"epcClass": LOT, "quantity": 1200}],
}
TIED: dict[str, Any] = {
    "type": "TransactionEvent",
    "eventTime": "2026-11-21T07:35:00+08:00",
    "eventTimeZoneOffset": "+08:00",
    "bizTransactionList": [{"type": "inv", "bizTransaction": "urn:epcglobal:cbv:bt:6926365000018:RE-9001"}],
    "epcList": [SERIAL],
    "action": "ADD",
}
FITTED: dict[str, Any] = {**PACKED, "type": "AssociationEvent"}


def with_(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with other members; `...` takes one away. Names with a colon are given with two underscores."""
    out = deepcopy(event)
    for name, value in changes.items():
        name = name.replace("__", ":")
        if value is ...:
            out.pop(name, None)
        else:
            out[name] = value
    return out


def document(*events: dict[str, Any], **around: Any) -> bytes:
    whole = {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-11-21T13:00:00Z",
        "epcisBody": {"eventList": list(events)},
        **around,
    }
    return json.dumps({name: value for name, value in whole.items() if value is not ...}, indent=1, ensure_ascii=False).encode()


def xml(*events: str, space: str = "2", version: str = "2.0", before: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?>\n{before}<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:{space}" '
        f'xmlns:nova="https://ns.novamed.example/epcis/" schemaVersion="{version}" creationDate="2026-11-21T13:00:00Z">\n'
        f"<EPCISBody><EventList>\n{''.join(events)}</EventList></EPCISBody></epcis:EPCISDocument>"
    ).encode()


def xml_event(*members: str, kind: str = "ObjectEvent", time: str = "2026-11-20T08:15:00+08:00") -> str:
    head = f"<eventTime>{time}</eventTime>\n<eventTimeZoneOffset>+08:00</eventTimeZoneOffset>\n" if time else ""
    body = "\n".join(members)
    return f"<{kind}>\n{head}{body}\n</{kind}>\n"


EPCS = "<epcList><epc>urn:epc:id:sgtin:6926365.059800.S0001</epc></epcList>"
ADD = "<action>ADD</action>"

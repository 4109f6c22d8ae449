"""The visibility events that a business document amounts to, so that one question finds what was captured and what was only written. Pure.

    despatch advice      what was packed into each unit, each unit into the one around it, and all of it shipping
    receiving advice     what was received, where; what was rejected apart, non-sellable
    production event     a transformation of inputs into outputs
    stock movement       what came to and what left a place: `udihub:direction` says which
    sensor reading       what a sensor measured, with the unit or lot that it travels with

Each event names its document (`bizTransactionList`, `udihub:exchange`). Things without a GTIN, and places without a GLN, have URNs of the
hub's own, which stand for the node of the trace (`own_uri`). These events make no edges: their document does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from data_contracts.codes import unit as unit_of
from data_contracts.events.event_hash import event_hash
from data_contracts.events.things import canonical, identify
from hub.apply.event_facts import LOT_NUMBER, said_of
from hub.apply.facts import Facts, Line, padded
from hub.store.keys import item_key, item_part, location_key, lot_key, own_thing, own_uri, serial_key, sscc_key, thing_key
from hub.store.types import moment
from hub.store.visibility import EventSaid

SPACE = "urn:udihub:"
"""Name space of what the hub adds to an event (prefix `udihub`)."""
_URI = re.compile(r"(?:urn|https?):[!-~]+")
_PIECES = frozenset(("EA", "C62", "H87", "PCE"))
_ISSUED_AT, _OFFSET, _EFFECTIVE, _ORDER, _REFERENCE = 3, 4, 5, 6, 7


@dataclass(slots=True)
class _Goods:
    """What lines speak of: EPCs and quantities of classes, summed."""

    epcs: dict[str, None] = field(default_factory=dict)
    classes: dict[tuple[str, str | None], Decimal | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.epcs or self.classes)

    def thing(self, uri: str) -> None:
        self.epcs[uri] = None

    def amount(self, uri: str, quantity: Decimal | None, unit: str | None) -> None:
        known = self.classes.get((uri, unit))
        self.classes[uri, unit] = quantity if known is None else known + (quantity or 0)

    def quantities(self) -> list[dict[str, Any]]:
        """As an event holds them; what is nothing, or less, is not there."""
        found = []
        for (uri, unit), quantity in self.classes.items():
            if quantity is not None and quantity > 0:
                found.append({"epc_class": uri, "quantity": quantity, **({"unit": unit} if unit else {})})
            elif quantity is None:
                found.append({"epc_class": uri})
        return found


def events_of(facts: Facts, partner: str, own: bool, exchange_id: int) -> list[EventSaid]:
    """The events of a standing document, ready for the store. `own`: it comes from one of our own systems."""
    make = _MAKERS.get(facts.kind)
    if make is None:
        return []
    document = _Document(facts, partner, own, exchange_id)
    return [document.said(event) for event in make(document)]


class _Document:
    """One document that becomes events."""

    def __init__(self, facts: Facts, partner: str, own: bool, exchange_id: int) -> None:
        self.facts = facts
        self.partner = partner
        self.own = own
        self.exchange_id = exchange_id

    def event(self, kind: str, **more: Any) -> dict[str, Any]:
        """What every event of this document says."""
        row = self.facts.application
        at = moment(row[_EFFECTIVE] if row[_EFFECTIVE] is not None else row[_ISSUED_AT])
        zone = timezone(timedelta(minutes=row[_OFFSET]))
        return {
            "entity": kind,
            "occurred_at": at.astimezone(UTC if not row[_OFFSET] else zone),
            "time_zone_offset": _offset(row[_OFFSET]),
            "business_transactions": self.transactions(),
            **{name: value for name, value in more.items() if value not in (None, [], {})},
        }

    def said(self, event: dict[str, Any]) -> EventSaid:
        """Rows of an event. Its things are those of the trace, also where they have names of the hub's own."""
        names = {f"{{{SPACE}}}exchange": self.exchange_id, **event.get("extensions", {})}
        whole = {**event, "extensions": names, "namespaces": {"udihub": SPACE}, "issued_at": event["occurred_at"]}
        hashed = event_hash(whole)
        said = said_of({**whole, "event_hash": hashed, "number": hashed})
        said.things = [(own_thing(key), role, quantity) for key, role, quantity in said.things]
        return said

    def transactions(self) -> list[dict[str, Any]]:
        """This document, the one that it answers, and the orders."""
        facts, row = self.facts, self.facts.application
        kind = _TYPES.get(facts.kind)
        found: list[dict[str, Any]] = [{**({"type": kind} if kind else {}), "id": self.paper(facts.kind, facts.number)}]
        if facts.kind == "receiving_advice" and row[_REFERENCE]:
            found.append({"type": "desadv", "id": self.paper("despatch_advice", row[_REFERENCE])})
        orders = {number: None for number in (row[_ORDER], *(line[2] for line in facts.lines)) if number}
        return found + [{"type": "po", "id": self.paper("purchase_order", number)} for number in orders]

    def paper(self, kind: str, number: str) -> str:
        """A document as a business transaction: by its issuer's GLN where the document states it (CBV 2.0 clause 8.5.2)."""
        party = _ISSUER.get(kind, "")
        gln = (self.facts.header.get(party) or {}).get("gln") if party else None
        if gln:
            return f"urn:epcglobal:cbv:bt:{gln}:{quote(number, safe='')}"
        return f"{SPACE}document:{kind}:{quote(self.partner, safe='')}:{quote(number, safe='')}"

    def place(self, place: str | None) -> str | None:
        """A place as an event names it."""
        if not place:
            return None
        return _link((("414", place),), location_key(self.partner, place))

    def unit(self, sscc: str) -> str:
        """A logistic unit."""
        key = sscc_key(sscc)
        return _link((("00", key.removeprefix("sscc:")),), key)

    def goods(self, lines: Sequence[Line], quantity: Callable[[Line], Decimal | None]) -> _Goods:
        """What lines speak of beside the units that hold it. A serial number stands for itself, not for a quantity."""
        found = _Goods()
        for row in lines:
            part = item_part(self.partner, self.own, row[4], row[7], row[6], row[5])
            amount = quantity(row)
            if part is None or (amount is not None and amount <= 0):
                continue
            for serial in row[15] or ():
                found.thing(_of(part, ("21", serial), serial_key(part, serial)))
            if not row[15]:
                lot = row[14]
                uri = _of(part, ("10", lot), lot_key(part, lot)) if lot else _of(part, None, item_key(part))
                code = _unit(row[10])
                found.amount(uri, amount if code is not None else None, code or None)
        return found


def _of(part: str, qualifier: tuple[str, str] | None, key: str) -> str:
    """A Digital Link where the item has a GTIN, else a URN of the hub's own."""
    return _link((("01", part), *([qualifier] if qualifier else [])), key)


def _link(elements: tuple[tuple[str, str], ...], key: str) -> str:
    """The Digital Link of elements that are right and mean this node, else a URN of the hub's own."""
    uri = canonical(elements)
    thing = identify(uri)
    return uri if not thing.faults and thing_key(thing) == key else own_uri(key)


def _unit(stated: str | None) -> str | None:
    """Code of Recommendation 20; empty for pieces; null for a unit that nobody else knows, so that no quantity can be told."""
    if not stated:
        return ""
    known = unit_of(stated)
    code = known.recommendation20 if known is not None else stated
    if code in _PIECES:
        return ""
    return code if code.isascii() and code.isalnum() and code.isupper() and 2 <= len(code) <= 3 else None


def _offset(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _stated(row: Line) -> Decimal | None:
    quantity: Decimal | None = row[9]
    return quantity


# --- documents -----------------------------------------------------------------------------------------------------------
def _despatch(document: _Document) -> Iterator[dict[str, Any]]:
    facts = document.facts
    inside: dict[str, list[Line]] = {}
    around: dict[str, str] = {}
    for row in facts.lines:
        if row[18]:
            inside.setdefault(row[18], []).append(row)
            if row[19] and row[19] != row[18]:
                around[row[18]] = row[19]
    for sscc, lines in inside.items():
        goods = document.goods(lines, _stated)
        if goods:
            yield document.event(
                "AggregationEvent", action="ADD", parent=document.unit(sscc), child_epcs=list(goods.epcs),
                child_quantities=goods.quantities(), biz_step="packing", read_point=document.place(facts.places.get("ship_from")),
            )  # fmt: skip
    for outer in dict.fromkeys(around.values()):
        units = [document.unit(sscc) for sscc, one in around.items() if one == outer]
        yield document.event("AggregationEvent", action="ADD", parent=document.unit(outer), child_epcs=units, biz_step="packing")
    loose = document.goods([row for row in facts.lines if not row[18]], _stated)
    tops = dict.fromkeys(document.unit(around.get(sscc, sscc)) for sscc in inside)
    if loose or tops:
        ship_to = document.place(facts.places.get("ship_to"))
        yield document.event(
            "ObjectEvent", action="OBSERVE", epcs=[*tops, *loose.epcs], quantities=loose.quantities(), biz_step="shipping",
            disposition="in_transit", read_point=document.place(facts.places.get("ship_from")),
            destinations=[{"type": "location", "id": ship_to}] if ship_to else [],
        )  # fmt: skip


def _receipt(document: _Document) -> Iterator[dict[str, Any]]:
    lines = document.facts.lines
    units = dict.fromkeys(document.unit(row[18]) for row in lines if row[18])
    goods = document.goods(lines, lambda row: None if row[9] is None else row[9] - (row[11] or 0))
    place = document.place(document.facts.location)
    if units or goods:
        yield document.event(
            "ObjectEvent", action="OBSERVE", epcs=[*units, *goods.epcs], quantities=goods.quantities(), biz_step="receiving",
            disposition="in_progress", read_point=place, biz_location=place,
        )  # fmt: skip
    rejected = document.goods([row for row in lines if row[11] and not row[15]], lambda row: row[11])
    if rejected:
        yield document.event(
            "ObjectEvent", action="OBSERVE", epcs=list(rejected.epcs), quantities=rejected.quantities(), biz_step="inspecting",
            disposition="non_sellable_other", read_point=place, biz_location=place,
        )  # fmt: skip


def _production(document: _Document) -> Iterator[dict[str, Any]]:
    inputs = document.goods([row for row in document.facts.lines if row[0] == "input"], _stated)
    outputs = document.goods([row for row in document.facts.lines if row[0] == "output"], _stated)
    place = document.place(document.facts.location)
    lots = {row[14] for row in document.facts.lines if row[0] == "output" and row[15]}
    named = {LOT_NUMBER: lots.pop()} if len(lots) == 1 and None not in lots else {}  # serial numbers say nothing of their lot
    if inputs and outputs:
        yield document.event(
            "TransformationEvent", input_epcs=list(inputs.epcs), input_quantities=inputs.quantities(), output_epcs=list(outputs.epcs),
            output_quantities=outputs.quantities(), biz_step="commissioning" if outputs.epcs else "creating_class_instance",
            read_point=place, biz_location=place, ilmd=named,
        )  # fmt: skip
    elif outputs:
        yield document.event(
            "ObjectEvent", action="ADD", epcs=list(outputs.epcs), quantities=outputs.quantities(),
            biz_step="commissioning" if outputs.epcs else "creating_class_instance", read_point=place, biz_location=place, ilmd=named,
        )  # fmt: skip


def _movement(document: _Document) -> Iterator[dict[str, Any]]:
    place = document.place(document.facts.location)
    for direction, sign in (("in", 1), ("out", -1)):
        goods = document.goods(document.facts.lines, lambda row, sign=sign: None if row[9] is None else row[9] * sign)  # type: ignore[misc]
        if goods:
            yield document.event(
                "ObjectEvent", action="OBSERVE", epcs=list(goods.epcs), quantities=goods.quantities(), read_point=place, biz_location=place,
                extensions={f"{{{SPACE}}}direction": direction},
            )  # fmt: skip


def _reading(document: _Document) -> Iterator[dict[str, Any]]:
    header, place = document.facts.header, document.place(document.facts.location)
    reports = [
        {"type": said["measure"], **_measured(said, row[10])} for row in document.facts.lines if (said := row[23] or {}).get("measure")
    ]
    goods = _Goods()
    if sscc := header.get("sscc"):
        goods.thing(document.unit(sscc))
    if (gtin := padded(header.get("gtin"))) and (lot := header.get("lot")):
        goods.amount(_of(gtin, ("10", lot), lot_key(gtin, lot)), None, None)
    sensor = str(header["sensor"])
    device = sensor if _URI.fullmatch(sensor) else f"{SPACE}sensor:{quote(document.partner, safe='')}:{quote(sensor, safe='')}"
    event = document.event(
        "ObjectEvent", action="OBSERVE", epcs=list(goods.epcs), quantities=goods.quantities(), biz_step="sensor_reporting",
        read_point=place,
    )  # fmt: skip
    if reports:
        event["sensor_elements"] = [{"metadata": {"time": event["occurred_at"], "device_id": device}, "reports": reports}]
        yield event


def _measured(said: Mapping[str, Any], unit: str | None) -> dict[str, Any]:
    """The value of a measurement; what is bad or passed a limit bears EPCIS's word for it, and how the device says so."""
    found: dict[str, Any] = {}
    if said.get("value") is not None:
        found["value"] = Decimal(said["value"])
    if said.get("text") is not None:
        found["string_value"] = said["text"]
    if unit:
        found["unit"] = unit
    if said.get("quality", "good") != "good":
        found["exception"] = "ERROR_CONDITION"
    elif said.get("alarm"):
        found["exception"] = "ALARM_CONDITION"
    if said.get("quality_code"):
        found["extensions"] = {f"{{{SPACE}}}quality": said["quality_code"]}
    return found


_MAKERS: Mapping[str, Callable[[_Document], Iterator[dict[str, Any]]]] = {
    "despatch_advice": _despatch,
    "receiving_advice": _receipt,
    "production_event": _production,
    "inventory_movement": _movement,
    "sensor_reading": _reading,
}
_TYPES = {"despatch_advice": "desadv", "receiving_advice": "recadv", "production_event": "prodorder"}
_ISSUER = {"despatch_advice": "supplier", "receiving_advice": "location", "purchase_order": "buyer", "production_event": "location"}
"""Whose GLN stands before a document's number."""

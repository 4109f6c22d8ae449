"""A canonical entity as rows: one application, its lines, and for master data the record. Pure.

The entity is the plain dictionary that a mapping yields. What has a column of its own goes there, the rest of the
header stays together as `header`. `Facts` is the same whether it comes from a message or is read back from the store, so that
effects can be made again from what is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.formats.epcis.json_reading import event_of
from data_contracts.canonical import kind_of
from data_contracts.identifiers.gtin import LENGTHS
from hub.apply.event_facts import said_of
from hub.store.golden_tables import MASTER_KINDS
from hub.store.types import micros, scaled, storable
from hub.store.visibility import EventSaid

MASTER = frozenset(MASTER_KINDS)

LINE_COLUMNS = (
    "role", "line", "order_number", "order_line", "gtin", "buyer_item", "supplier_item", "item_code", "description",
    "quantity", "unit", "rejected_quantity", "unit_price", "amount", "lot", "serials", "expires_on", "manufactured_on",
    "sscc", "parent_sscc", "status", "due_on", "locator", "detail",
)  # fmt: skip
"""Columns of a line behind application and ordinal, in the order of `Facts.lines`."""

APPLICATION_COLUMNS = (
    "number", "purpose", "revision", "issued_at", "issued_offset", "effective_at",
    "order_number", "reference", "currency", "total", "location", "counterparty", "header",
)  # fmt: skip
"""Columns of an application that come from the entity, in the order of `Facts.application`."""

_COLUMN_MEMBERS = frozenset(
    {"entity", "@", "number", "purpose", "revision", "issued_at", "order_number", "despatch_number", "invoice_number", "currency", "total"}
    | {"lines", "inputs", "outputs"}
)
_EFFECTIVE = {
    "despatch_advice": "despatched_at",
    "receiving_advice": "received_at",
    "production_event": "occurred_at",
    "inventory_movement": "occurred_at",
    "sensor_reading": "occurred_at",
}
_PLACE = dict.fromkeys(("inventory_report", "receiving_advice", "production_event", "inventory_movement", "sensor_reading"), "location")
_DEFAULT_STATUS = {"order_response": "accepted", "inventory_report": "available", "inventory_movement": "available"}
_DUE = {"order_response": "promised_on", "purchase_order": "requested_on"}

EVENTFUL = frozenset(("despatch_advice", "receiving_advice", "production_event", "inventory_movement", "sensor_reading"))
"""Kinds of documents that are visibility events too, where the site wants that (`hub.visibility.derive`)."""
_LINE_MEMBERS = frozenset(LINE_COLUMNS) - {"role", "locator", "detail"} | {"@"}

_PARTIAL = frozenset(("cancel", "change"))

Line = tuple[Any, ...]


@dataclass(slots=True)
class Facts:
    """What one application says. `lines` hold `LINE_COLUMNS`; the ordinal is the position in the list."""

    kind: str
    number: str
    subject_key: str
    purpose: str
    application: tuple[Any, ...]
    location: str | None
    header: Mapping[str, Any]
    lines: list[Line]
    order_numbers: tuple[str, ...] = ()
    master: tuple[Any, ...] | None = None
    places: Mapping[str, str | None] = field(default_factory=dict)
    """`ship_from` and `ship_to` as GLN or code."""
    event: Mapping[str, Any] | None = None
    """The canonical event, of facts that are a visibility event."""
    said: EventSaid | None = None
    """Its rows, where it is to be stored."""

    @property
    def reference(self) -> str | None:
        """The despatch that a receipt names, the invoice that a credit note names."""
        reference: str | None = self.application[APPLICATION_COLUMNS.index("reference")]
        return reference

    @property
    def counts_alone(self) -> bool:
        """Whether it stands where nothing else was said: a change waits for what it changes, but a supplier's answer to one does not."""
        return self.purpose not in _PARTIAL or (self.purpose == "change" and self.kind == "order_response")


def place_of(party: Mapping[str, Any] | None) -> str | None:
    """GLN of a place or party, else its code, else its name."""
    if not party:
        return None
    return party.get("gln") or party.get("code") or party.get("name")


def _midnight(day: str | None) -> datetime | None:
    """The beginning, in UTC, of a day or of a month."""
    return datetime.fromisoformat(f"{day if len(day) > 7 else f'{day}-01'}T00:00:00+00:00") if day else None


def padded(gtin: str | None) -> str | None:
    """A GTIN in its 14-digit form (GS1 General Specifications 3.3.2); anything else as it is."""
    return gtin.zfill(14) if gtin and len(gtin) < 14 and gtin.isdigit() else gtin or None


def facts_of(entity: Mapping[str, Any]) -> Facts:
    """The rows of an entity. Raises OverflowError when a number does not fit the store's 12 + 6 digits."""
    kind = kind_of(entity)
    if kind == "event":
        return _event(entity)
    get = entity.get
    number = entity["number"]
    issued: datetime = entity["issued_at"]
    offset = issued.utcoffset()
    order = get("order_number")
    if kind == "purchase_order":
        order = number
    ship_to = get("ship_to")
    location = place_of(get(_PLACE[kind]) if kind in _PLACE else ship_to)
    effective = get(_EFFECTIVE[kind]) if kind in _EFFECTIVE else None
    if effective is None and kind in _EFFECTIVE:
        effective = issued
    if kind == "device":
        effective = _midnight(get("effective_on"))
    lines, orders = _lines(kind, entity, order)
    total = get("total")
    if total is not None:
        scaled(total)
    key = (location or number) if kind == "inventory_report" else lot_key(entity) if kind == "lot" else number
    master = _master(kind, entity, key) if kind in MASTER else None
    header: dict[str, Any] = {} if master else {name: value for name, value in entity.items() if name not in _COLUMN_MEMBERS}
    purpose = str(get("purpose") or "original")
    return Facts(
        kind=kind,
        number=number,
        subject_key=key,
        purpose=purpose,
        application=(
            number,
            purpose,
            get("revision", 0),
            micros(issued),
            0 if offset is None else int(offset.total_seconds()) // 60,
            None if effective is None else micros(effective),
            order,
            get("despatch_number") or get("invoice_number"),
            get("currency"),
            total,
            location,
            None if master else place_of(get("supplier")),  # a lot names its supplier by code alone, as master records name others
            header,
        ),
        location=location,
        header=header,
        lines=lines,
        order_numbers=orders,
        master=master,
        places={"ship_from": place_of(get("ship_from")), "ship_to": place_of(ship_to)} if kind == "despatch_advice" else {},
    )


def body_header(body: str) -> dict[str, Any]:
    """What an application holds of its event: the hash of the body, which the digest of facts covers."""
    return {"body": hashlib.sha256(storable(body).encode()).hexdigest()}


def _event(event: Mapping[str, Any]) -> Facts:
    """An event has no lines: its things are in an index of their own, and its body stands beside the application."""
    said = said_of(event)
    issued: datetime = event["issued_at"]
    offset = issued.utcoffset()
    purpose = str(event.get("purpose") or "original")
    header = body_header(said.body)
    return Facts(
        kind="event",
        number=said.number,
        subject_key=said.number,
        purpose=purpose,
        application=(
            said.number,
            purpose,
            0,
            micros(issued),
            0 if offset is None else int(offset.total_seconds()) // 60,
            said.occurred_at,
            None,
            None,
            None,
            None,
            said.words.get("location") or said.words.get("read_point"),
            None,
            header,
        ),
        location=None,
        header=header,
        lines=[],
        event=event,
        said=said,
    )


def _lines(kind: str, entity: Mapping[str, Any], order: str | None) -> tuple[list[Line], tuple[str, ...]]:
    """What it says line by line. An answer that names no lines and accepts or rejects the whole order is kept as one line that names none:
    which lines it holds for is known only where the order is (`hub.store.views.picture`)."""
    roles: tuple[tuple[str, Any], ...]
    if kind == "production_event":
        roles = (("input", entity.get("inputs") or ()), ("output", entity.get("outputs") or ()))
    else:
        roles = (("price" if kind == "credit_note" and entity["kind"] == "price_credit" else "line", entity.get("lines") or ()),)
    status = _DEFAULT_STATUS.get(kind)
    due = _DUE.get(kind, "due_on")
    header_due = entity.get("requested_on") if kind == "purchase_order" and entity.get("purpose") != "change" else None
    is_order = kind == "purchase_order"
    columned = _LINE_MEMBERS | {due}
    lines: list[Line] = []
    orders = {} if order is None else {order: True}
    for role, rows in roles:
        for row in rows:
            get = row.get
            gtin = get("gtin")
            if gtin is not None and len(gtin) != 14:
                gtin = padded(gtin)
            own_order = get("order_number") or order
            if own_order is not None:
                orders[own_order] = True
            quantity = get("quantity")
            rejected = get("rejected_quantity")
            price = get("unit_price")
            amount = get("amount")
            for exact in (quantity, rejected, price, amount):
                if exact is not None:
                    scaled(exact)
            lines.append(
                (
                    role,
                    get("line"),
                    own_order,
                    get("line") if is_order else get("order_line"),
                    gtin,
                    get("buyer_item"),
                    get("supplier_item"),
                    get("item_code"),
                    get("description"),
                    quantity,
                    get("unit"),
                    rejected,
                    price,
                    amount,
                    get("lot") or None,
                    get("serials") or None,
                    get("expires_on"),
                    get("manufactured_on"),
                    get("sscc"),
                    get("parent_sscc"),
                    get("status") or status,
                    get(due) or header_due,
                    get("@", 0),
                    detail_of(row, others) if (others := row.keys() - columned) else None,
                )
            )
    if kind == "order_response" and not lines and (said := entity.get("status")) not in (None, "received") and order is not None:
        lines.append(("whole", None, order, *[None] * 17, said, None, entity.get("@", 0), None))
    return lines, tuple(orders)


def detail_of(row: Mapping[str, Any], members: Iterable[str]) -> dict[str, Any]:
    """Members of a line that have no column of their own, as plain values: exact numbers and moments as text."""
    return {name: _as_text(row[name]) for name in sorted(members)}


def _as_text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _as_text(member) for name, member in value.items()}
    return value


def lot_key(entity: Mapping[str, Any]) -> str:
    """How a system knows a lot: by its item and the lot's number, which is the item's own and nothing without it."""
    return f"{_lot_item(entity)}|{entity['number']}"


def _lot_item(entity: Mapping[str, Any]) -> str:
    return str(entity.get("item_code") or padded(entity.get("gtin")) or "")


def _master(kind: str, entity: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    """code, name, name_zh, gtin, gln, tax_number, body. A lot is called by its item, since its number is in its code."""
    get = entity.get
    body = _bare({name: value for name, value in entity.items() if name != "entity"})
    for level in get("trade_items") or ():
        if level.get("quantity") is not None:
            scaled(level["quantity"])
    name = (
        _lot_item(entity)
        if kind == "lot"
        else get("name") or get("name_zh") or get("generic_name") or get("generic_name_zh") or get("model") or entity["number"]
    )
    gtin = get("gtin")
    if kind == "device" and entity["number"].isdigit() and len(entity["number"]) in LENGTHS:
        gtin = entity["number"]
    return (key, name, get("name_zh") or get("generic_name_zh"), padded(gtin), get("gln"), get("tax_number"), body)


def _bare(value: Any) -> Any:
    """Without the places of its records in the message."""
    if isinstance(value, Mapping):
        return {name: _bare(member) for name, member in value.items() if name != "@"}
    return [_bare(member) for member in value] if isinstance(value, list) else value


def stored_facts(application: Mapping[str, Any], lines: Sequence[Line], body: str | None = None) -> Facts:
    """The same from the store: a row of `application`, the lines in `LINE_COLUMNS` by ordinal, and of an event its body."""
    header = application["header"]
    kind = application["kind"]
    return Facts(
        kind=kind,
        number=application["number"],
        subject_key="",
        purpose=application["purpose"],
        application=tuple(application[name] for name in APPLICATION_COLUMNS),
        location=application["location"],
        header=header,
        lines=list(lines),
        order_numbers=tuple({name: True for name in (application["order_number"], *(line[2] for line in lines)) if name is not None}),
        places={"ship_from": place_of(header.get("ship_from")), "ship_to": place_of(header.get("ship_to"))}
        if kind == "despatch_advice"
        else {},
        event=event_of(body) if body is not None else None,
    )


def exact(value: Decimal | int | None) -> Decimal:
    """A quantity, zero where none is stated."""
    return Decimal(0) if value is None else Decimal(value)

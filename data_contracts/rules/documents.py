"""Rules on a document as a whole: has it lines, are they numbered apart, do the sums agree, can its times be.

Faults come as (path, fault) pairs; the path is the canonical field, empty for the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from data_contracts.canonical import CREDITS
from data_contracts.identifiers import gtin
from data_contracts.rules import devices
from data_contracts.rules.lines import Circumstances, is_number, lot_faults, smallest_money
from data_contracts.rules.members import Fault

_MOMENTS = {
    "DespatchAdvice": "despatched_at",
    "ReceivingAdvice": "received_at",
    "ProductionEvent": "occurred_at",
    "InventoryReport": "issued_at",
    "SensorReading": "occurred_at",
}
"""When the goods were where the document says; `issued_at` stands in where it is not stated."""
_NEEDS_LINES = frozenset(("PurchaseOrder", "DespatchAdvice", "ReceivingAdvice", "Invoice"))
_NUMBERED = frozenset(("PurchaseOrder", "OrderChange", "OrderResponse", "Invoice"))
_PRICED = _NUMBERED - {"OrderChange"}
"""Documents whose prices need a currency; a change's are in that of its order."""
_TIMES = ("issued_at", "despatched_at", "received_at", "occurred_at")
_SKEW = timedelta(days=1)
"""Clocks of partners lie in other zones, so that their date may be one ahead of ours."""

Placed = tuple[str, Fault]


def circumstances(entity: Mapping[str, Any], name: str) -> Circumstances:
    """What the lines need to know of the header."""
    moment = ""
    if name in _MOMENTS:
        stated = entity.get(_MOMENTS[name], entity.get("issued_at"))
        if isinstance(stated, datetime):
            moment = stated.date().isoformat()
    currency = entity.get("currency")
    credit = name == "Invoice" and entity.get("kind") in tuple(CREDITS)
    return Circumstances(name, moment, entity.get("purpose", "original"), currency, credit)


def faults(entity: Mapping[str, Any], name: str, said: Circumstances, today: date) -> Iterator[Placed]:
    """All rules on the whole document. Cheap for a good one: a few look-ups and one pass over the line numbers."""
    limit = today + _SKEW
    for field in _TIMES:
        stated = entity.get(field)
        if isinstance(stated, datetime) and stated.date() > limit:
            yield field, Fault("DTE-02", expected=f"≤ {limit}", got=stated.isoformat())
    rows = entity.get("lines", [])
    if name in _NEEDS_LINES:
        if not rows and said.purpose != "cancel":
            yield "lines", Fault("DOC-02")
    elif name == "OrderChange":
        if not rows and said.purpose == "replace":
            yield "lines", Fault("DOC-02")
    elif name == "OrderResponse":
        if not rows and entity.get("status") in (None, "changed") and said.purpose != "cancel":  # changed to what, nobody says
            yield "lines", Fault("DOC-02")
        if rows and entity.get("status") == "rejected":
            yield from _refused_as_a_whole(rows)
    elif name == "InventoryReport":
        yield from _snapshot(entity, rows, said)
    elif name == "ProductionEvent":
        yield from _production(entity)
    elif name == "Item":
        yield from _item(entity)
    elif name == "Lot":
        yield from lot_faults(entity, said)
    elif name == "Device":
        yield from devices.faults(entity)
    if rows.__class__ is list and len(rows) > 1:
        yield from _numbers("lines", rows, "DOC-03" if name in _NUMBERED else "DOC-09")
        if any("serials" in row for row in rows if row.__class__ is dict):
            yield from _serials(rows)
    if name in _PRICED and said.currency is None and rows.__class__ is list:
        yield from _no_currency(entity, rows)
    if said.credit and rows.__class__ is list:
        yield from _credit(entity, rows)
    if "total" in entity:
        yield from _total(entity, rows, said)


def _refused_as_a_whole(rows: Sequence[Any]) -> Iterator[Placed]:
    """Nothing of an order that is refused is accepted, changed or still to come; most syntaxes have no way to say so."""
    for index, row in enumerate(rows):
        status = row.get("status") if row.__class__ is dict else None
        if status not in (None, "rejected"):
            yield f"lines[{index}].status", Fault("DOC-12", expected="rejected", got=str(status))


def _credit(entity: Mapping[str, Any], rows: Sequence[Any]) -> Iterator[Placed]:
    """A credit note without an order counts for the order lines of its invoice; without either nothing that was invoiced is lowered."""
    if not entity.get("order_number") and not any(row.get("order_number") for row in rows if row.__class__ is dict):
        if invoice := entity.get("invoice_number"):
            yield "invoice_number", Fault("DOC-11", got=str(invoice))
        else:
            yield "", Fault("DOC-10")


def _snapshot(entity: Mapping[str, Any], rows: Any, said: Circumstances) -> Iterator[Placed]:
    if not rows and said.purpose != "cancel":
        yield "lines", Fault("DOC-08")
    place = entity.get("location")
    if place.__class__ is dict and not any(place.get(key) for key in ("gln", "code", "name")):
        yield "location", Fault("PTY-01")


def _no_currency(entity: Mapping[str, Any], rows: Sequence[Any]) -> Iterator[Placed]:
    priced = [row for row in rows if row.__class__ is dict and (row.get("unit_price") is not None or row.get("amount") is not None)]
    if priced or entity.get("total") is not None:
        yield "currency", Fault("CUR-02")


def _numbers(member: str, rows: Sequence[Any], rule: str) -> Iterator[Placed]:
    """Two lines with one number: the second cannot be told from the first."""
    numbers = [row.get("line") for row in rows if row.__class__ is dict]
    if len(set(map(str, numbers))) == len(rows):
        return
    seen: dict[Any, int] = {}
    for index, row in enumerate(rows):
        number = row.get("line") if row.__class__ is dict else None
        if number is None:
            continue
        first = seen.setdefault(str(number), index)
        if first != index:
            yield f"{member}[{index}].line", Fault(rule, got=str(number))


def _serials(rows: Sequence[Any]) -> Iterator[Placed]:
    """One serial number of one item on two lines of a document: a unit cannot be there twice."""
    seen: dict[tuple[Any, Any], int] = {}
    for index, row in enumerate(rows):
        serials = row.get("serials") if row.__class__ is dict else None
        if serials.__class__ is not list:
            continue
        names = (row.get(name) for name in ("gtin", "item_code", "supplier_item", "buyer_item"))
        item = next((name for name in names if name and name.__class__ is str), None)  # what is no text is told by another rule
        for serial in serials or ():
            if serial.__class__ is str and seen.setdefault((item, serial), index) != index:
                yield f"lines[{index}].serials", Fault("SER-03", got=serial)


def _total(entity: Mapping[str, Any], rows: Any, said: Circumstances) -> Iterator[Placed]:
    """The stated total against the sum of lines, with the taxes that are stated or without them. A total may hold freight too, so that a
    difference is only told."""
    total = entity["total"]
    if said.credit and is_number(total) and total < 0:
        yield "total", Fault("QTY-05", expected="> 0", got=format(total, "f"))
    if rows.__class__ is not list or not is_number(total):
        return
    sums: list[Decimal] = []
    for row in rows:
        amount = _amount(row) if row.__class__ is dict else None
        if amount is None:
            return
        sums.append(amount)
    net, tax = sum(sums, Decimal(0)), _tax(entity, rows)
    expected = net + tax
    if min(abs(expected - total), abs(net - total)) > smallest_money(said.currency) * max(1, len(sums)):
        yield "total", Fault("DOC-05", expected=format(expected.normalize(), "f"), got=format(total, "f"))


def _tax(entity: Mapping[str, Any], rows: Sequence[Any]) -> Decimal:
    """The taxes of a document: those of the whole, else those of its lines."""
    for holders in ([entity], rows):
        taxes = [tax for holder in holders if holder.__class__ is dict for tax in holder.get("taxes") or () if tax.__class__ is dict]
        amounts = [tax["amount"] for tax in taxes if is_number(tax.get("amount"))]
        if amounts:
            return sum(amounts, Decimal(0))
    return Decimal(0)


def _amount(row: Mapping[str, Any]) -> Decimal | None:
    """What a line adds to the total: its amount, or quantity times price where it states none."""
    amount, price, quantity = row.get("amount"), row.get("unit_price"), row.get("quantity")
    if amount is not None:
        return amount if is_number(amount) else None
    return price * quantity if is_number(price) and is_number(quantity) else None


def _production(entity: Mapping[str, Any]) -> Iterator[Placed]:
    inputs, outputs = entity.get("inputs"), entity.get("outputs")
    if not inputs and not outputs and entity.get("purpose") != "cancel":
        yield "outputs", Fault("DOC-02")
    for member, rows in (("inputs", inputs), ("outputs", outputs)):
        if rows.__class__ is list and rows:
            yield from _numbers(member, rows, "DOC-09")


def _item(entity: Mapping[str, Any]) -> Iterator[Placed]:
    """An item master record: its identifiers must agree with each other."""
    own, device = entity.get("gtin"), entity.get("udi_di")
    base = gtin.normal(own) if isinstance(own, str) else None
    if device and base and isinstance(device, str) and (named := gtin.normal(device)) and named != base:
        yield "udi_di", Fault("UDI-05", expected=str(own), got=device)
    levels = entity.get("trade_items")
    if entity.get("kind", "finished") == "finished" and not own and not device and not levels:
        yield "gtin", Fault("UDI-06", got=str(entity.get("number", "")))
    held: dict[str, Any] = {base: Decimal(1)} if base else {}
    for index, level in enumerate(levels if isinstance(levels, list) else ()):
        stated = level.get("gtin") if isinstance(level, dict) else None
        key = gtin.normal(stated) if isinstance(stated, str) else None
        if key is not None and held.setdefault(key, level.get("quantity")) != level.get("quantity"):
            yield f"trade_items[{index}].gtin", Fault("ITM-02", got=stated)
    days = entity.get("shelf_life_days")
    if isinstance(days, int) and days <= 0:
        yield "shelf_life_days", Fault("ITM-03", got=str(days))

"""X12 as the suppliers' translators write it: plain string building, apart from the hub's own writer.

Two dialects: 004010 in one long line, and 005010 with a line a segment. Texts keep to the basic character set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hub.demonstration.company import Organisation, Supplier
from hub.demonstration.documents import Invoice, Order, OrderLine, Shipment, plain

GROUP_OF_SET = {"855": "PR", "856": "SH", "810": "IN", "997": "FA", "864": "TX"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom, in which version."""

    sender: str
    receiver: str
    version: str
    newline: bool
    interchange_version: str
    """ISA12."""


@dataclass(frozen=True, slots=True)
class TransactionSet:
    """One ST-SE without its frame. `miscounted` is added to SE01, 0 in an honest set."""

    code: str
    segments: tuple[str, ...]
    miscounted: int = 0


def envelope_to(supplier: Supplier, organisation: Organisation) -> Envelope:
    """The envelope of what this supplier sends to this organisation."""
    return envelope_of(supplier.x12_id, organisation.x12_id, supplier.version)


def envelope_of(sender: str, receiver: str, version: str) -> Envelope:
    """The envelope of a version: ISA12 is its first five digits; from 005010 on our suppliers write a line a segment."""
    return Envelope(sender, receiver, version, version >= "005010", version[:5])


def segment(tag: str, *elements: str) -> str:
    """Elements joined by `*`; empty ones at the end are left out."""
    return "*".join((tag, *elements)).rstrip("*")


def interchange(envelope: Envelope, control: int, at: datetime, sets: Sequence[TransactionSet], *, declared: int | None = None) -> bytes:
    """One ISA to IEA with one group. `declared` stands in IEA02 instead of the control number."""
    ends = "~\n" if envelope.newline else "~"
    code = GROUP_OF_SET[sets[0].code]
    repetition, component = ("^", ":") if envelope.interchange_version >= "00501" else ("U", ">")
    head = (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{envelope.sender:<15}*ZZ*{envelope.receiver:<15}"
        f"*{at:%y%m%d}*{at:%H%M}*{repetition}*{envelope.interchange_version}*{control:09d}*0*P*{component}"
    )
    day, hour = f"{at:%Y%m%d}", f"{at:%H%M}"
    segments = [head, segment("GS", code, envelope.sender, envelope.receiver, day, hour, str(control), "X", envelope.version)]
    for ordinal, body in enumerate(sets, start=1):
        segments.append(segment("ST", body.code, f"{ordinal:04d}"))
        segments.extend(body.segments)
        segments.append(segment("SE", str(len(body.segments) + 2 + body.miscounted), f"{ordinal:04d}"))
    segments.append(segment("GE", str(len(sets)), str(control)))
    segments.append(segment("IEA", "1", f"{control if declared is None else declared:09d}"))
    return "".join(text + ends for text in segments).encode("ascii")


def order_response(order: Order, at: datetime, supplier_number: str) -> TransactionSet:
    """855: every line accepted as ordered."""
    body = [
        segment("BAK", "00", "AC", order.number, f"{order.issued_at:%Y%m%d}", "", "", "", supplier_number, f"{at:%Y%m%d}"),
        segment("CUR", "SE", order.channel.supplier.currency),
        *_names(order, with_buyer=True),
    ]
    for line in order.lines:
        body.append(segment("PO1", line.line, plain(line.quantity), line.item.unit, plain(line.price), "", *item_pairs(line)))
        body.append(_description(line))
        body.append(segment("ACK", "IA", plain(line.quantity), line.item.unit, "067", f"{line.requested_on:%Y%m%d}"))
    body.append(segment("CTT", str(len(order.lines))))
    return TransactionSet("855", tuple(body))


def despatch_advice(shipment: Shipment) -> TransactionSet:
    """856: shipment, order, pallets where there are any, cartons, items, each with lot and dates."""
    order, supplier, organisation = shipment.order, shipment.order.channel.supplier, shipment.order.channel.organisation
    body = [
        segment("BSN", shipment.purpose, shipment.number, f"{shipment.issued_at:%Y%m%d}", f"{shipment.issued_at:%H%M}", "0001"),
        segment("HL", "1", "", "S"),
        segment("TD1", "CTN", str(len(shipment.cartons)), "", "", "", "G", str(4 + 6 * len(shipment.cartons)), "KG"),
        segment("TD5", "B", "2", supplier.carrier[0], "M", supplier.carrier[1]),
        segment("REF", "CN", shipment.tracking),
        segment("DTM", "011", f"{shipment.despatched_at:%Y%m%d}", f"{shipment.despatched_at:%H%M}"),
        segment("DTM", "017", f"{shipment.expected_on:%Y%m%d}"),
        segment("N1", "SF", supplier.x12_name, "UL", supplier.gln),
        segment("N1", "ST", organisation.x12_name, "UL", organisation.site_gln),
        segment("HL", "2", "1", "O"),
        segment("PRF", order.number, "", "", f"{order.issued_at:%Y%m%d}"),
    ]
    levels = 2
    pallets: dict[str, int] = {}
    for carton in shipment.cartons:
        parent = 2
        if carton.pallet is not None:
            if carton.pallet not in pallets:
                levels += 1
                pallets[carton.pallet] = levels
                body += [segment("HL", str(levels), "2", "T"), segment("MAN", "GM", "00" + carton.pallet)]
            parent = pallets[carton.pallet]
        levels += 1
        pack = levels
        body += [segment("HL", str(pack), str(parent), "P"), segment("MAN", "GM", "00" + carton.sscc)]
        for packed in carton.contents:
            levels += 1
            body += [
                segment("HL", str(levels), str(pack), "I"),
                segment("LIN", packed.line.line, *item_pairs(packed.line, packed.gtin)),
                segment("SN1", packed.line.line, plain(packed.stated_quantity), packed.stated_unit),
                _description(packed.line),
                segment("REF", "LT", packed.lot.code),
                segment("DTM", "036", f"{packed.lot.expires_on:%Y%m%d}"),
                segment("DTM", "094", f"{packed.lot.made_on:%Y%m%d}"),
            ]
    body.append(segment("CTT", str(levels)))
    return TransactionSet("856", tuple(body))


def invoice(paper: Invoice) -> TransactionSet:
    """810: TDS01 is the total in cents (N2). Raises ValueError for a total that is no whole number of cents."""
    order = paper.order
    body = [
        segment("BIG", f"{paper.issued_at:%Y%m%d}", paper.number, f"{order.issued_at:%Y%m%d}", order.number),
        segment("CUR", "SE", order.channel.supplier.currency),
        *_names(order, with_buyer=True),
    ]
    total = Decimal(0)
    for line in paper.lines:
        total += line.quantity * line.price
        body.append(segment("IT1", line.line.line, plain(line.quantity), line.unit, plain(line.price), "", *item_pairs(line.line)))
        body.append(_description(line.line))
    cents = total * 100
    if cents != int(cents):
        raise ValueError(f"invoice {paper.number}: total {total} is no whole number of cents")
    body += [segment("TDS", str(int(cents))), segment("CTT", str(len(paper.lines)))]
    return TransactionSet("810", tuple(body))


def notice(text: str) -> TransactionSet:
    """864: a text message, which nobody agreed on."""
    return TransactionSet("864", (segment("BMG", "00", "NOTICE"), segment("MIT", "1", "HOLIDAY"), segment("MSG", text)))


def item_pairs(line: OrderLine, gtin: str | None = None) -> tuple[str, ...]:
    """Qualifier and value pairs: buyer's item, vendor's item, GTIN (UK with 14 digits; the 005010 supplier says EN for 13)."""
    stated = gtin or line.item.gtin
    supplier = line.item.supplier
    if supplier is not None and supplier.version >= "005010" and len(stated) == 13:
        identity = ("EN", stated)
    else:
        identity = ("UK", stated.zfill(14))
    return ("BP", line.item.code, "VP", line.item.supplier_item or "", *identity)


def _names(order: Order, *, with_buyer: bool) -> list[str]:
    supplier, organisation = order.channel.supplier, order.channel.organisation
    names = [segment("N1", "BY", organisation.x12_name, "UL", organisation.gln)] if with_buyer else []
    names.append(segment("N1", "SE", supplier.x12_name, "UL", supplier.gln))
    names.append(segment("N1", "ST", organisation.x12_name, "UL", organisation.site_gln))
    return names


def _description(line: OrderLine) -> str:
    text = "".join(character for character in line.item.name_en.upper() if character.isalnum() or character in " .,-/")
    return segment("PID", "F", "", "", "", text)

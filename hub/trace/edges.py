"""How things are connected: the kinds of trace edges, and the keys by which nodes are known.

An edge points the way the goods go, from raw material towards the patient: material lot → production → finished lot → serial, carton,
shipment → place. Following edges forwards is "down" (where did it go), backwards is "up" (what is it made of, where from).
Kinds are named after the business steps of the GS1 Core Business Vocabulary 2.0, clause 7.1, where it has one.
"""

from __future__ import annotations

from enum import IntEnum


class EdgeKind(IntEnum):
    """What an edge says. The numbers are stored: never renumber, only add."""

    PACKING = 1
    """lot or serial → the logistic unit that holds it"""
    COMMISSIONING = 2
    """lot → serial of that lot"""
    NESTING = 3
    """logistic unit → the logistic unit that holds it"""
    SHIPPING = 4
    """logistic unit, or a lot without one → shipment"""
    ARRIVING = 5
    """shipment → place it was sent to"""
    RECEIVING = 6
    """lot or logistic unit → receipt"""
    STORING = 7
    """receipt → place that received"""
    CONSUMING = 8
    """input lot → production event"""
    CREATING = 9
    """production event → output lot"""
    MAKING = 10
    """production event → place of production"""
    SAME_AS = 11
    """the same lot under another name; always stored both ways, so that either direction passes it"""


NODE_KINDS = {
    "lot": "lot",
    "serial": "serial",
    "sscc": "logistic_unit",
    "shipment": "shipment",
    "receipt": "receipt",
    "production": "production",
    "location": "location",
    "item": "item",
}
"""First word of a node's key → kind of the node."""


def kind_of(key: str) -> str:
    """Kind of the node with this key."""
    return NODE_KINDS[key.partition(":")[0]]


def item_part(
    partner: str, own: bool, gtin: str | None, item_code: str | None, supplier_item: str | None, buyer_item: str | None
) -> str | None:
    """By what an item is known in a node's key: its GTIN-14, else a code and who gave it; null when nothing is stated.

    `~` stands for "our own code as a partner quotes it", `~supplier` for "a supplier's code as we quote it".
    """
    if gtin is not None:
        return gtin
    if item_code is not None:
        return f"{partner}:{_plain(item_code)}"
    if own:
        code = buyer_item
        if code is not None:
            return f"~:{_plain(code)}"
        return None if supplier_item is None else f"~supplier:{_plain(supplier_item)}"
    if supplier_item is not None:
        return f"{partner}:{_plain(supplier_item)}"
    return None if buyer_item is None else f"~:{_plain(buyer_item)}"


def _plain(code: str) -> str:
    return code.replace("|", "%7C") if "|" in code else code


def item_key(part: str) -> str:
    """Node key of an item."""
    return f"item:{part}"


def lot_key(part: str, lot: str) -> str:
    """Node key of a lot: `lot:<GTIN-14>|<lot>`, or `lot:<partner>:<code>|<lot>`."""
    return f"lot:{part}|{lot}"


def lot_of(key: str) -> tuple[str, str]:
    """Item part and lot number of a lot's node key."""
    part, _, lot = key[4:].partition("|")
    return part, lot


def serial_key(part: str, serial: str) -> str:
    """Node key of a serial number of an item."""
    return f"serial:{part}|{serial}"


def sscc_key(sscc: str) -> str:
    """Node key of a logistic unit; 20 digits with the application identifier 00 in front mean the 18 behind it."""
    return f"sscc:{sscc[2:] if len(sscc) == 20 and sscc.startswith('00') else sscc}"


def document_key(kind: str, partner: str, number: str) -> str:
    """Node key of a shipment, receipt or production event: its number and who gave it."""
    return f"{kind}:{partner}:{number}"


def location_key(partner: str, place: str) -> str:
    """Node key of a place: its GLN, else the sender's own code for it."""
    return f"location:{place}" if len(place) == 13 and place.isdigit() else f"location:{partner}:{place}"

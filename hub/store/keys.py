"""Keys by which the nodes of the trace and of stock are known: `lot:<GTIN-14>|<lot>`, `sscc:<18 digits>`, `shipment:<partner>:<number>`.

A key says what the sender stated, no more: names of one thing are joined later (`hub.trace.aliases`, `hub.store.crosswalk`), so that it
does not matter whether the item master was known when a document came.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from data_contracts.events.things import Thing

NODE_KINDS = {
    "lot": "lot",
    "serial": "serial",
    "sscc": "logistic_unit",
    "shipment": "shipment",
    "receipt": "receipt",
    "production": "production",
    "location": "location",
    "item": "item",
    "thing": "thing",
}
"""First word of a node's key → kind of the node."""


_NUMBERED = ("lot:", "serial:")


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


def number_of(key: str) -> str | None:
    """Bare number of a lot or serial by its node key; null for other nodes, and for a number that is empty."""
    return key.partition("|")[2] or None if key.startswith(_NUMBERED) else None


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


def thing_key(thing: Thing) -> str:
    """Node key of what a URI in a visibility event names; `thing:<URI>` for what is no GTIN, SSCC or GLN."""
    if thing.node is None:
        thing.node = _node_of(thing)
    return thing.node


def _node_of(thing: Thing) -> str:
    if thing.elements:
        (key, value), *more = thing.elements
        exact = dict(more)
        if key == "00":
            return sscc_key(value)
        if key == "01" and "235" not in exact:
            if "21" in exact:
                return serial_key(value, exact["21"])
            return lot_key(value, exact["10"]) if "10" in exact else item_key(value)
        if key in ("414", "417") and not more:
            return f"location:{value}"
    return f"thing:{thing.uri}"


_OWN = "urn:udihub:node:"


def own_uri(key: str) -> str:
    """A URN for a thing or place that has no identifier of GS1: `urn:udihub:node:lot%3Aacme%3ARM-1%7CL1`."""
    return _OWN + quote(key, safe="")


def key_of_own(uri: str) -> str | None:
    """The node key of a URN that `own_uri` wrote; null for any other text. What partners capture is never read so."""
    key = unquote(uri[len(_OWN) :]) if uri.startswith(_OWN) else ""
    return key if key.partition(":")[0] in NODE_KINDS else None


def own_thing(key: str) -> str:
    """The node that a key means which was made of an own URN: `thing:urn:udihub:node:lot%3A…` is `lot:…`; others stay."""
    return (key_of_own(key.removeprefix("thing:")) or key) if key.startswith("thing:") else key


def stated_name(part: str) -> tuple[str | None, str]:
    """An item part taken apart: who gave the code (`~` we, as a partner quotes it; `~supplier` a supplier, as we quote it), and the code.

    Null and the GTIN where the part is one.
    """
    giver, colon, code = part.partition(":")
    return (giver, code.replace("%7C", "|")) if colon else (None, part)

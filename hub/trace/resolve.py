"""What a person means by a key: a lot, serial, logistic unit, place or document, written in any of the ways that it comes.

A node's key as the hub writes it (`lot:06901234000029|F1`), `<GTIN>|<lot or serial>`, whatever comes off a label or a scanner (element
strings, brackets, Digital Links, EPC URIs, HIBC…), an SSCC, and bare numbers of lots, serials, despatches, receipts and production events.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from data_contracts.identifiers import udi
from hub.store import genealogy as store
from hub.store.keys import NODE_KINDS, document_key, location_key, lot_key, lot_of, serial_key, sscc_key
from hub.store.walk import Filter
from hub.trace.aliases import named_items
from hub.trace.edges import EdgeKind

SEVERAL = 20
"""Meanings of a bare number that a message names at most."""
_DOCUMENTS = {"shipment": "despatch_advice", "receipt": "receiving_advice", "production": "production_event"}
_NO_DAY = date(2000, 1, 1)
"""Dates on a label say nothing about which thing it is."""


def resolve(connection: sa.Connection, text: str, chosen: Filter | None = None) -> str:
    """The node key that is meant; where `chosen` names a partner or organisations, among what is said by or to these.

    Raises NotFoundError for what nothing is known of, and ConflictError where a number means several things; the message names them.
    """
    wanted = text.strip()
    keys, numbers = _meanings(wanted)
    known = store.touched(connection, store.node_by_key(connection, keys), chosen) if keys else {}
    for key in keys:
        if key in known:
            return key
    if "|" in wanted and (chosen is None or chosen.partner_id is None):  # whoever sees only what it said itself is told of no other names
        found = _by_other_names(connection, wanted, chosen)
        if found is not None:
            return found
    for number in numbers:
        found = _by_number(connection, number, chosen)
        if found is not None:
            return found
    raise NotFoundError(f"nothing is known of {text}")


def likely(text: str) -> str | None:
    """The first node key that a text may mean; null where the store must be asked for a bare number."""
    return next(iter(_meanings(text.strip())[0]), None)


def lot_on_label(text: str) -> str | None:
    """The node key of the lot that a label names beside a serial number; null for a text that names none."""
    wanted = text.strip()
    if not wanted or "|" in wanted or wanted.partition(":")[0] in NODE_KINDS:
        return None
    if any(not character.isprintable() and character != "\x1d" for character in wanted):
        return None
    elements = dict(udi.identify(wanted, strict=False, today=_NO_DAY).elements)
    return lot_key(elements["01"], elements["10"]) if "01" in elements and "10" in elements else None


def _by_other_names(connection: sa.Connection, wanted: str, chosen: Filter | None) -> str | None:
    """The lot or serial number of an item that is called otherwise in documents: by a code of ours, a supplier's, another GTIN."""
    item, _, number = wanted.partition("|")
    meant: dict[int, list[str]] = {}
    for golden, parts in named_items(connection, item).items():
        keys = [*(lot_key(part, number) for part in parts), *(serial_key(part, number) for part in parts)]
        known = store.touched(connection, store.node_by_key(connection, keys), chosen)
        if known:
            meant[golden] = sorted(known)  # lots first
    if len(meant) > 1:
        raise ConflictError(f"{wanted} means several: {', '.join(sorted(keys[0] for keys in meant.values())[:SEVERAL])}")
    return next(iter(meant.values()))[0] if meant else None


def _meanings(wanted: str) -> tuple[list[str], list[str]]:
    """Node keys that a text may mean, the likeliest first, and bare numbers that it holds."""
    kind, colon, _ = wanted.partition(":")
    if colon and kind in NODE_KINDS:
        return [wanted], []
    item, bar, number = wanted.partition("|")
    if bar:
        if not item.isdigit() or not number:
            return [], []
        return [lot_key(item.zfill(14), number), serial_key(item.zfill(14), number)], []
    keys: list[str] = []
    if wanted.isdigit() and wanted.isascii():
        if len(wanted) in (18, 20):
            keys.append(sscc_key(wanted[-18:]))
        if len(wanted) == 13:
            keys.append(location_key("", wanted))
        return keys, [wanted] if wanted else []
    if not wanted or any(not character.isprintable() and character != "\x1d" for character in wanted):
        return [], []
    read = udi.identify(wanted, strict=False, today=_NO_DAY)
    keys = list(_of_label(dict(read.elements)))
    numbers = [wanted]
    if not keys and read.pi:  # another issuer's label: its item is known by a code, its lot or serial by the number
        numbers += [read.pi[part] for part in ("serial", "lot") if part in read.pi]
    return keys, numbers


def _of_label(elements: dict[str, str]) -> Iterator[str]:
    """Node keys of what element strings name, the narrowest first."""
    if "00" in elements:
        yield sscc_key(elements["00"])
    gtin = elements.get("01")
    if gtin is not None:
        if "21" in elements:
            yield serial_key(gtin, elements["21"])
        if "10" in elements:
            yield lot_key(gtin, elements["10"])
    if "414" in elements:
        yield location_key("", elements["414"])


def _by_number(connection: sa.Connection, number: str, chosen: Filter | None) -> str | None:
    """The only thing with this bare number: a lot, else a serial, else a document."""
    found = store.numbered(connection, number, SEVERAL * 5)
    touched = store.touched(connection, {key: (node, kind) for node, kind, key in found}, chosen)
    for kind in ("lot", "serial"):
        several = sorted(key for key in touched if key.startswith(f"{kind}:"))
        if several and (len(several) == 1 or _one_lot(connection, several, chosen)):
            return several[0]
        if several:
            more = " …" if len(several) > SEVERAL else ""
            raise ConflictError(f"{number} means several: {', '.join(several[:SEVERAL])}{more}")
    documents: list[str] = []
    for kind, entity in _DOCUMENTS.items():
        documents += [document_key(kind, partner, number) for partner in store.issuers(connection, entity, number)]
    known = sorted(store.touched(connection, store.node_by_key(connection, documents), chosen)) if documents else []
    if len(known) > 1:
        raise ConflictError(f"{number} means several: {', '.join(known[:SEVERAL])}")
    return known[0] if known else None


def _one_lot(connection: sa.Connection, keys: list[str], chosen: Filter | None) -> bool:
    """Whether all these are joined names of one lot. Who sees only what it said itself is not told of joins."""
    if (chosen is not None and chosen.partner_id is not None) or not all(key.startswith("lot:") and lot_of(key)[1] for key in keys):
        return False
    ids = {number for number, _ in store.node_by_key(connection, keys).values()}
    first = min(ids)
    return ids <= {first, *store.joined(connection, [first], int(EdgeKind.SAME_AS))}

"""What follows from a standing application: movements of stock and edges of the trace. Pure, and a sum over documents.

Stock is kept in **books**. A partner's books hold what that system reported (its newest count of a place); the hub's own books, source 0,
hold what documents moved:

    what is said                          books      place       status        quantity
    count by a system                     reporter   counted at  as counted    + counted
    despatch advice from a supplier       hub        ship to     in_transit    + despatched
    despatch advice by an own system      hub        ship from   available     − despatched
    receipt                               hub        received at in_transit    − received
                                          hub        received at available     + received less rejected
                                          hub        received at blocked       + rejected
    production event                      hub        made at     available     − consumed, + produced

Every effect is a signed quantity that belongs to one application, so that a balance is a plain sum and no order of arrival can change
it. Nothing is netted here: a receipt without a despatch advice leaves a negative in-transit balance, which views read
as zero. Item, lot and unit are kept as stated; views fold them to golden items and base units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.apply.event_facts import edges_of
from hub.apply.facts import Facts
from hub.store.keys import document_key, item_key, item_part, location_key, lot_key, serial_key, sscc_key
from hub.trace.edges import EdgeKind

HUB_BOOKS = 0
"""source_id of the hub's own books."""

_PACKING = int(EdgeKind.PACKING)
_COMMISSIONING = int(EdgeKind.COMMISSIONING)
_NESTING = int(EdgeKind.NESTING)
_SHIPPING = int(EdgeKind.SHIPPING)

Movement = tuple[int, str, str, str | None, str, str, Decimal]
"""source_id, location, item node key, lot node key, status, unit, signed quantity."""
EdgeEnds = tuple[str, str, int]
"""source key, destination key, kind."""


@dataclass(slots=True)
class Effects:
    """Movements in order, and edges with quantity and unit (null where no quantity belongs to them). Edges happen when their facts do."""

    movements: list[Movement] = field(default_factory=list)
    edges: dict[EdgeEnds, tuple[Decimal | None, str | None]] = field(default_factory=dict)
    shipment: str | None = None
    """Node key of the shipment that everything here is in, if it is all about one."""

    def keys(self) -> set[str]:
        """Keys of all nodes."""
        found = {key for src, dst, _ in self.edges for key in (src, dst)}
        for movement in self.movements:
            found.add(movement[2])
            if movement[3] is not None:
                found.add(movement[3])
        return found


def effects_of(facts: Facts, partner_id: int, partner_key: str, own: bool) -> Effects:
    """What standing facts of a partner do. `own` tells whether the partner is one of our own systems."""
    effects = Effects()
    make = _MAKERS.get(facts.kind)
    if make is not None:
        make(facts, partner_id, partner_key, own, effects)
    return effects


def _add(edges: dict[EdgeEnds, tuple[Decimal | None, str | None]], ends: EdgeEnds, quantity: Decimal | None, unit: str | None) -> None:
    known = edges.get(ends)
    if known is None:
        edges[ends] = (quantity, unit)
    elif known[0] is not None and quantity is not None and known[1] == unit:
        edges[ends] = (known[0] + quantity, unit)
    else:
        edges[ends] = (None, None)


def _despatch(facts: Facts, _partner_id: int, partner: str, own: bool, effects: Effects) -> None:
    movements, edges = effects.movements, effects.edges
    shipment = effects.shipment = document_key("shipment", partner, facts.number)
    ship_to = facts.places.get("ship_to")
    place, status = (facts.places.get("ship_from") or "", "available") if own else (ship_to or "", "in_transit")
    for row in facts.lines:
        gtin, buyer_item, supplier_item, item_code = row[4], row[5], row[6], row[7]
        quantity, unit, lot, serials, sscc, parent = row[9], row[10], row[14], row[15], row[18], row[19]
        part = item_part(partner, own, gtin, item_code, supplier_item, buyer_item)
        lot_node = lot_key(part, lot) if lot is not None and part is not None else None
        if quantity is not None and part is not None:
            movements.append((HUB_BOOKS, place, item_key(part), lot_node, status, unit or "", -quantity if own else quantity))
        holder, kind = (sscc_key(sscc), _PACKING) if sscc is not None else (shipment, _SHIPPING)
        if lot_node is not None:
            _add(edges, (lot_node, holder, kind), quantity, unit)
        if serials and part is not None:
            for serial in serials:
                serial_node = serial_key(part, serial)
                if lot_node is not None:
                    edges[lot_node, serial_node, _COMMISSIONING] = (None, None)
                edges[serial_node, holder, kind] = (None, None)
        if sscc is not None:
            if parent is not None and parent != sscc:
                outer = sscc_key(parent)
                edges[holder, outer, _NESTING] = (None, None)
                holder = outer
            edges[holder, shipment, _SHIPPING] = (None, None)
    if ship_to is not None and facts.lines:
        edges[shipment, location_key(partner, ship_to), int(EdgeKind.ARRIVING)] = (None, None)


def _receipt(facts: Facts, _partner_id: int, partner: str, own: bool, effects: Effects) -> None:
    movements, edges = effects.movements, effects.edges
    receipt = document_key("receipt", partner, facts.number)
    place = facts.location or ""
    receiving = int(EdgeKind.RECEIVING)
    for row in facts.lines:
        part = item_part(partner, own, row[4], row[7], row[6], row[5])
        quantity, unit, rejected, lot, serials, sscc = row[9], row[10] or "", row[11], row[14], row[15], row[18]
        lot_node = lot_key(part, lot) if lot is not None and part is not None else None
        if quantity is not None and part is not None:
            item = item_key(part)
            accepted = quantity if rejected is None else quantity - rejected
            movements.append((HUB_BOOKS, place, item, lot_node, "in_transit", unit, -quantity))
            if accepted:
                movements.append((HUB_BOOKS, place, item, lot_node, "available", unit, accepted))
            if rejected:
                movements.append((HUB_BOOKS, place, item, lot_node, "blocked", unit, rejected))
        if lot_node is not None:
            _add(edges, (lot_node, receipt, receiving), quantity, unit)
        if serials and part is not None:
            for serial in serials:
                edges[serial_key(part, serial), receipt, receiving] = (None, None)
        if sscc is not None:
            edges[sscc_key(sscc), receipt, receiving] = (None, None)
    if place and facts.lines:
        edges[receipt, location_key(partner, place), int(EdgeKind.STORING)] = (None, None)


def _production(facts: Facts, _partner_id: int, partner: str, own: bool, effects: Effects) -> None:
    movements, edges = effects.movements, effects.edges
    event = document_key("production", partner, facts.number)
    place = facts.location or ""
    for row in facts.lines:
        used = row[0] == "input"
        part = item_part(partner, own, row[4], row[7], row[6], row[5])
        quantity, unit, lot, serials = row[9], row[10] or "", row[14], row[15]
        lot_node = lot_key(part, lot) if lot is not None and part is not None else None
        if quantity is not None and part is not None:
            movements.append((HUB_BOOKS, place, item_key(part), lot_node, "available", unit, -quantity if used else quantity))
        if lot_node is not None:
            ends = (lot_node, event, int(EdgeKind.CONSUMING)) if used else (event, lot_node, int(EdgeKind.CREATING))
            _add(edges, ends, quantity, unit)
        if serials and part is not None:
            for serial in serials:
                node = serial_key(part, serial)
                if used:
                    edges[node, event, int(EdgeKind.CONSUMING)] = (None, None)
                elif lot_node is not None:
                    edges[lot_node, node, _COMMISSIONING] = (None, None)
                else:
                    edges[event, node, int(EdgeKind.CREATING)] = (None, None)
    if place and facts.lines:
        edges[event, location_key(partner, place), int(EdgeKind.MAKING)] = (None, None)


def _count(facts: Facts, partner_id: int, partner: str, own: bool, effects: Effects) -> None:
    _book(facts, partner_id, partner, own, effects)


def _movement(facts: Facts, _partner_id: int, partner: str, own: bool, effects: Effects) -> None:
    _book(facts, HUB_BOOKS, partner, own, effects)


def _book(facts: Facts, books: int, partner: str, own: bool, effects: Effects) -> None:
    """Every line as it stands, with its sign and status, into these books."""
    place = facts.location or ""
    for row in facts.lines:
        part = item_part(partner, own, row[4], row[7], row[6], row[5])
        if part is not None and row[9] is not None:
            lot_node = lot_key(part, row[14]) if row[14] is not None else None
            effects.movements.append((books, place, item_key(part), lot_node, row[20] or "available", row[10] or "", row[9]))


def _event(facts: Facts, _partner_id: int, partner: str, own: bool, effects: Effects) -> None:
    """A visibility event connects things and moves no stock."""
    if facts.said is not None and facts.said.edges is not None:
        effects.edges = facts.said.edges
    elif facts.event is not None:
        effects.edges = edges_of(facts.event, partner)


_MAKERS: dict[str, Any] = {
    "event": _event,
    "despatch_advice": _despatch,
    "receiving_advice": _receipt,
    "production_event": _production,
    "inventory_report": _count,
    "inventory_movement": _movement,
}

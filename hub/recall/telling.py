"""What the store holds of affected lots, as the trace reaches it: shipments with all that was in them, events, and lines of documents.

A shipment is found as the recall list finds it, through lots, serial numbers and cartons in cartons, whether an advice or an event tells of
it. Productions, receipts and movements are lines that name the lot, or, without a lot, one of its serial numbers or cartons.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from data_contracts.events.things import identify
from hub.recall.scope import AffectedLot
from hub.store import genealogy, lot_history
from hub.store.lot_history import LotLine, Told
from hub.trace import closure
from hub.trace.closure import Carried
from hub.trace.edges import EdgeKind

_DAY = 86_400_000_000
PARTY = ("name", "gln", "code", "address", "city", "postal_code", "country")
"""What is kept of a receiver as documents name it."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """One shipment of one partner."""

    told: Told
    """The advice, else the event."""
    number: str
    """That of the despatch, also where an event names it."""
    to: str
    origin: str
    carried: Carried
    evidence: tuple[int, ...]

    @property
    def party(self) -> dict[str, str]:
        """Whom its document names as receiver: name, GLN, code, address; empty for an event."""
        stated = {} if self.by_event else self.told.header.get("ship_to") or {}
        return {name: str(stated[name]) for name in PARTY if stated.get(name)}

    @property
    def by_event(self) -> bool:
        """Whether no document tells of it."""
        return self.told.kind == "event"


@dataclass(slots=True)
class Telling:
    """All that was found."""

    shipments: list[Shipment] = field(default_factory=list)
    lines: list[LotLine] = field(default_factory=list)
    advised: dict[int, list[LotLine]] = field(default_factory=dict)
    """Application of a despatch → its lines."""
    events: list[tuple[Told, str, str, set[int], Decimal | None, str]] = field(default_factory=list)
    """Event, what it says (`made`, `consumed`, `received`), place, lots or other things (node ids), quantity, unit."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Keys of serial numbers and logistic units."""

    @property
    def exchanges(self) -> set[tuple[int, int]]:
        """The exchanges that speak of the lots, each with its organisation."""
        found = {(line.exchange_id, line.organisation_id) for line in self.lines}
        found |= {(one, shipment.told.organisation_id) for shipment in self.shipments for one in shipment.evidence}
        return found | {(one[0].exchange_id, one[0].organisation_id) for one in self.events}

    @property
    def organisations(self) -> set[int]:
        """Those whose documents and events speak of the lots."""
        return {organisation for _, organisation in self.exchanges}

    def bare(self, nodes: Collection[int]) -> frozenset[str]:
        """Serial numbers or SSCCs of nodes."""
        return frozenset(self.names[one].partition(":")[2].rpartition("|")[2] for one in nodes if one in self.names)


def telling(connection: sa.Connection, lots: Sequence[AffectedLot]) -> Telling:
    """Everything that standing documents and events say of these lots."""
    nodes = {number: key for lot in lots for number, key in lot.nodes.items()}
    keys = sorted({row.shipment for row in closure.recall_list(connection, list(nodes)) if row.lot in set(nodes.values())})
    ids = genealogy.lots_by_key(connection, keys)
    carried = closure.carried(connection, ids.values())
    found = Telling()
    inside = {one for each in carried.values() for serials in each.serials.values() for one in serials}
    units = {one for each in carried.values() for one in each.units}
    found.names = {number: key for number, (key, _) in genealogy.nodes_by_id(connection, inside | units).items()}
    found.shipments = _shipments(connection, carried, {number: key for key, number in ids.items()})
    reached = {*nodes, *inside, *units}
    numbers = {lot.lot for lot in lots}
    found.lines = lot_history.lines_of_lots(connection, reached, numbers, found.bare(inside), found.bare(units))
    times = [line.effective_at for line in found.lines] + [one.told.effective_at for one in found.shipments]
    first = min((at for at in times if at is not None), default=None)
    for line in found.lines:
        if line.kind == "despatch_advice":
            found.advised.setdefault(line.application_id, []).append(line)
    found.lines = [line for line in found.lines if line.kind != "despatch_advice"]
    found.lines += lot_history.movements_of_lots(connection, list(nodes), numbers, None if first is None else first - _DAY)
    found.events = _events(connection, nodes, reached)
    return found


def party(stated: Mapping[str, Any] | None) -> str:
    """A place as a document calls it: GLN, else code, else name."""
    known = stated or {}
    return str(known.get("gln") or known.get("code") or known.get("name") or "")


def _shipments(connection: sa.Connection, carried: Mapping[int, Carried], keys: Mapping[int, str]) -> list[Shipment]:
    said = lot_history.told(connection, {one for each in carried.values() for one in each.said_by})
    places = lot_history.places_of(connection, carried, int(EdgeKind.ARRIVING))
    found = []
    for number in sorted(carried):
        mine = sorted((said[one] for one in carried[number].said_by if one in said), key=lambda one: (one.kind == "event", -one.id))
        if not mine:
            continue
        told = mine[0]
        origin = _uri_place(told.location) if told.kind == "event" else party(told.header.get("ship_from"))
        to = _place(places.get(number, ""), told.partner_key)
        if not to and told.kind != "event":
            to = told.location or party(told.header.get("ship_to"))
        bare = keys[number].removeprefix(f"shipment:{told.partner_key}:")
        found.append(Shipment(told, bare, to, origin, carried[number], tuple(one.exchange_id for one in mine)))
    return found


def _events(
    connection: sa.Connection, lots: Collection[int], reached: Collection[int]
) -> list[tuple[Told, str, str, set[int], Decimal | None, str]]:
    """Making, consuming and receiving by events; the rest they say stands in the shipments."""
    rows = lot_history.event_edges(connection, reached)
    said = lot_history.told(connection, {row.application_id for row in rows})
    stored = lot_history.places_of(connection, {row.dst for row in rows}, int(EdgeKind.STORING))
    sums: dict[tuple[int, str, int], tuple[Decimal | None, str, str]] = {}
    for row in rows:
        told = said[row.application_id]
        here = _uri_place(told.location)
        if row.kind == EdgeKind.CREATING and row.dst in lots:
            if row.quantity is not None:
                sums[told.id, "made", row.dst] = (row.quantity, row.unit or "", here)
        elif row.kind == EdgeKind.COMMISSIONING and row.src in lots:
            known = sums.get((told.id, "made", row.src), (Decimal(0), "EA", here))
            sums[told.id, "made", row.src] = ((known[0] or Decimal(0)) + 1, "EA", here)
        elif row.kind == EdgeKind.CONSUMING and row.src in lots and row.quantity is not None:
            sums[told.id, "consumed", row.src] = (row.quantity, row.unit or "", here)
        elif row.kind == EdgeKind.RECEIVING:
            place = _place(stored.get(row.dst, ""), told.partner_key) or here
            sums[told.id, "received", row.src] = (row.quantity, row.unit or "", place)
    return [(said[number], what, place, {node}, quantity, unit) for (number, what, node), (quantity, unit, place) in sorted(sums.items())]


def _place(key: str, partner: str) -> str:
    """What a place's node key names: a GLN, else the sender's own code."""
    return key.removeprefix("location:").removeprefix(f"{partner}:")


def _uri_place(uri: str | None) -> str:
    if not uri:
        return ""
    elements = identify(uri).elements
    return elements[0][1] if elements and elements[0][0] in ("414", "417") else uri

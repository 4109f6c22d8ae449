"""What the store holds of affected lots, as the trace reaches it: shipments with all that was in them, events, and lines of documents.

A shipment is found as the recall list finds it, through lots, serial numbers and cartons in cartons, whether an advice or an event tells of
it. Productions, receipts and movements are lines that name the lot, or, without a lot, one of its serial numbers or cartons.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from hub.recall.cargo import Hold
from hub.recall.happenings import Happening, happenings, uri_place
from hub.recall.scope import AffectedLot
from hub.store import genealogy, lot_history, region
from hub.store.keys import number_of
from hub.store.lot_history import LotLine, Told
from hub.store.types import DAY
from hub.trace import closure
from hub.trace.closure import Carried
from hub.trace.edges import EdgeKind

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
    hold: Hold
    tellers: tuple[Told, ...]
    """All that speak of it, advices first."""

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
    others: list[Shipment] = field(default_factory=list)
    """Shipments in which cartons went that held a lot at another time."""
    lone: dict[int, Hold] = field(default_factory=dict)
    """Logistic units that nobody shipped, each with what was in it."""
    lines: list[LotLine] = field(default_factory=list)
    advised: dict[int, list[LotLine]] = field(default_factory=dict)
    """Application of a despatch → its lines."""
    happenings: list[Happening] = field(default_factory=list)
    steps: Mapping[int, str] = field(default_factory=dict)
    """Application of an event → its business step."""
    serials: dict[int, dict[int, str]] = field(default_factory=dict)
    """Lot → its serial numbers, by node id."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Keys of serial numbers and logistic units."""
    kinds: Mapping[int, str] = field(default_factory=dict)
    """Application → its kind, of all that state what is in a carton."""

    @property
    def exchanges(self) -> set[tuple[int, int]]:
        """The exchanges that speak of the lots, each with its organisation."""
        found = {(line.exchange_id, line.organisation_id) for line in self.lines}
        found |= {(one.exchange_id, one.organisation_id) for shipment in self.shipments for one in shipment.tellers}
        return found | {(one.told.exchange_id, one.told.organisation_id) for one in self.happenings}

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
    single = {number: key for lot in lots for number, key in lot.units.items()}
    below = region.kinds(connection, {*nodes, *single}, "down", through=True)  # whenever it was there
    of_lots = set(nodes.values())
    keys = {row.shipment for row in closure.recall_list(connection, list(nodes)) if row.lot in of_lots}
    ids = set(genealogy.lots_by_key(connection, keys).values())
    ids |= _carrying(connection, {number for lot in lots if not lot.nodes for number in lot.units})
    carried = closure.carried(connection, ids)
    others = closure.carried(connection, {node for node, kind in below.items() if kind == "shipment"} - ids)
    found = Telling()
    units = {node for node, kind in below.items() if kind == "logistic_unit"}.union(*(each.units for each in carried.values()))
    shipped = set().union(*(each.units for each in (*carried.values(), *others.values())))
    lone = closure.carried(connection, units - shipped)
    found.lone = {unit: Hold.of(each, unit) for unit, each in lone.items()}
    whole = [number for lot in lots if not lot.serials for number in lot.nodes]
    for lot, serial, key in lot_history.serials_of(connection, whole, int(EdgeKind.COMMISSIONING)):
        found.serials.setdefault(lot, {})[serial] = number_of(key) or ""
        single[serial] = key
    found.names = single | {number: key for number, (key, _) in genealogy.nodes_by_id(connection, units).items()}
    apps = {one[0] for each in (*carried.values(), *others.values(), *lone.values()) for said in each.stated.values() for one in said}
    apps |= {one for each in (*carried.values(), *others.values()) for one in each.said_by}
    said = lot_history.told(connection, apps)
    found.kinds = {number: one.kind for number, one in said.items()}
    found.shipments = _shipments(connection, carried, said)
    found.others = _shipments(connection, others, said)
    reached = {*nodes, *single, *units}
    numbers = {lot.lot for lot in lots if lot.lot}
    found.lines = lot_history.lines_of_lots(
        connection, reached, numbers, found.bare(single), found.bare(units), any_lot=any(not lot.nodes for lot in lots)
    )
    found.happenings, found.steps = happenings(connection, reached)
    times = [line.effective_at for line in found.lines] + [one.told.effective_at for one in found.shipments]
    times += [one.told.effective_at for one in found.happenings]
    first = min((at for at in times if at is not None), default=None)
    for line in found.lines:
        if line.kind == "despatch_advice":
            found.advised.setdefault(line.application_id, []).append(line)
    found.lines = [line for line in found.lines if line.kind != "despatch_advice"]
    found.lines += lot_history.movements_of_lots(connection, list(nodes), numbers, None if first is None else first - DAY)
    return found


def _carrying(connection: sa.Connection, serials: Collection[int]) -> set[int]:
    """Shipments that carried one of these units, whose lot nobody knows."""
    below = {node for node, kind in region.kinds(connection, serials, "down").items() if kind == "shipment"}
    carried = closure.carried(connection, below)
    return {shipment for shipment, each in carried.items() if not each.holders.keys().isdisjoint(serials)}


def party(stated: Mapping[str, Any] | None) -> str:
    """A place as a document calls it: GLN, else code, else name."""
    known = stated or {}
    return str(known.get("gln") or known.get("code") or known.get("name") or "")


def _shipments(connection: sa.Connection, carried: Mapping[int, Carried], said: Mapping[int, Told]) -> list[Shipment]:
    places = lot_history.places_of(connection, carried, int(EdgeKind.ARRIVING))
    keys = {number: key for number, (key, _) in genealogy.nodes_by_id(connection, carried).items()}
    found = []
    for number in sorted(carried):
        mine = sorted((said[one] for one in carried[number].said_by if one in said), key=lambda one: (one.kind == "event", -one.id))
        if not mine:
            continue
        told = mine[0]
        origin = uri_place(told.location) if told.kind == "event" else party(told.header.get("ship_from"))
        to = _place(places.get(number, ""), told.partner_key)
        if not to and told.kind != "event":
            to = told.location or party(told.header.get("ship_to"))
        bare = keys[number].removeprefix(f"shipment:{told.partner_key}:")
        found.append(Shipment(told, bare, to, origin, Hold.of(carried[number], number), tuple(mine)))
    return found


def _place(key: str, partner: str) -> str:
    """What a place's node key names: a GLN, else the sender's own code."""
    return key.removeprefix("location:").removeprefix(f"{partner}:")

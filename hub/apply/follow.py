"""Collects what follows from the applications of one transaction, and writes it at its end: nodes, movements, balances, edges, stale,
and the lot closure.

All locks that workers could wait for each other on are taken here, in one order: nodes, balances, stale, each sorted by key; the closure
last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.apply.effects import Effects, effects_of
from hub.apply.facts import EVENTFUL, MASTER, Facts
from hub.store import bulk, lot_pages, tables, visibility
from hub.store import facts as store
from hub.store.keys import kind_of
from hub.store.unit_of_work import UnitOfWork
from hub.store.views.credited import Invoice, orders_of_invoices
from hub.store.visibility import EventSaid
from hub.trace import closure, contents

_MOVEMENT = (
    "application_id", "ordinal", "organisation_id", "source_id", "location", "item_id", "lot_id", "status", "unit", "quantity",
)  # fmt: skip
_EDGE = ("src", "dst", "kind", "application_id", "quantity", "unit")


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class Source:
    """Whose facts they are."""

    application_id: int
    subject_id: int
    organisation_id: int
    partner_id: int
    partner_key: str
    own: bool


class Consequences:
    """What is to be written when everything of the transaction is decided."""

    def __init__(self, uow: UnitOfWork, partner_kinds: Mapping[int, str], eventful: bool = True) -> None:
        self.partner_kinds = partner_kinds
        self._eventful = eventful
        self.standing: list[Source] = []
        """What counts from now on."""
        self.fallen: list[Source] = []
        """What counts no longer."""
        self._uow = uow
        self._made: list[tuple[Source, Effects]] = []
        self._balances: list[tuple[int, int, str, int, int, str, str, Decimal]] = []
        self._stale: dict[tuple[str, str, int], int] = {}
        self._credited: set[Invoice] = set()
        """Invoices that credit notes name which name no order."""
        self._removed: set[tuple[int, int, int]] = set()
        self._indexed: list[tuple[int, EventSaid, tuple[int, int]]] = []

    def stand(self, source: Source, facts: Facts) -> None:
        """These facts count from now on."""
        self.standing.append(source)
        effects = effects_of(facts, source.partner_id, source.partner_key, source.own)
        if effects.movements or effects.edges:
            self._made.append((source, effects))
        self.mark(facts, source)

    def fall(self, source: Source, facts: Facts, movements: Sequence[Any]) -> None:
        """These no longer count: their movements, already deleted, are taken back from the balances."""
        self.fallen.append(source)
        for m in movements:
            self._balances.append((m.organisation_id, m.source_id, m.location, m.item_id, m.lot_id, m.status, m.unit, -m.quantity))
            self._stale["stock", m.location, m.organisation_id] = source.application_id
        self.mark(facts, source)

    def index(self, event_id: int, said: EventSaid, owner: tuple[int, int]) -> None:
        """This event, whether it stands or not, is to be found by its things. `owner`: its organisation and partner."""
        self._indexed.append((event_id, said, owner))

    def bare(self, edges: Collection[tuple[int, int, int]]) -> None:
        """These edges were deleted: lots at their ends may no longer need their other names, nor be where they were."""
        self._removed.update(edges)

    def mark(self, facts: Facts, source: Source) -> None:
        """Note what reconcile must look at again."""
        kind = facts.kind
        for number in facts.order_numbers:
            self._stale["order", number, source.organisation_id] = source.application_id
        if kind == "credit_note" and not facts.order_numbers and facts.reference is not None:
            self._credited.add((source.organisation_id, source.partner_id, facts.reference))
        if kind == "inventory_report":
            self._stale["stock", facts.location or "", source.organisation_id] = source.application_id
        elif kind in MASTER:
            self._stale[kind, str(source.subject_id), source.organisation_id] = source.application_id
        elif self._eventful and kind in EVENTFUL:
            self._stale["event", str(source.subject_id), source.organisation_id] = source.application_id

    def write(self) -> None:
        """Write everything collected."""
        connection = self._uow.connection
        keys: set[str] = set()
        shared: set[str] = set()
        """Keys that several applications of this transaction speak of."""
        owned = [effects.keys() for _, effects in self._made]
        for own in owned:
            shared |= keys & own
            keys |= own
        for _, said, _ in self._indexed:
            keys.update(key for key, _, _ in said.things)
        kinds = {key: kind_of(key) for key in keys}
        ids, made = bulk.nodes(connection, kinds) if kinds else ({}, set())
        shared.update(key for key, number in ids.items() if number not in made)
        # Cartons, serial numbers and shipments that others speak of too: what is in them is not told by one document alone.
        spoken = {key for key in shared if key.startswith("s")}
        changed = set(self._removed)
        shipped: list[lot_pages.ShippedRow] = []
        names: dict[int, str] = {}
        """Keys of the lots and shipments in it."""
        movements: list[tuple[Any, ...]] = []
        edges: list[tuple[Any, ...]] = []
        for (source, effects), own in zip(self._made, owned, strict=True):
            number, owner = source.application_id, source.organisation_id
            for ordinal, (books, place, item, lot, status, unit, quantity) in enumerate(effects.movements):
                item_id, lot_id = ids[item], 0 if lot is None else ids[lot]
                movements.append((number, ordinal, owner, books, place, item_id, lot_id, status, unit, quantity))
                self._balances.append((owner, books, place, item_id, lot_id, status, unit, quantity))
                if books == 0 and status != "in_transit":
                    self._stale["stock", place, owner] = number
            edges.extend((ids[src], ids[dst], kind, number, *amount) for (src, dst, kind), amount in effects.edges.items())
            shipment = ids.get(effects.shipment or "")
            if shipment is not None and spoken.isdisjoint(own):
                for (lot, unit), amount in contents.alone(effects.edges).items():
                    shipped.append((ids[lot], shipment, unit, amount))
                    names[ids[lot]], names[shipment] = lot, effects.shipment or ""
            else:
                changed.update((ids[src], ids[dst], kind) for src, dst, kind in effects.edges)
        visibility.index(
            connection,
            ((ids[key], event_id, role, amount) for event_id, said, _ in self._indexed for key, role, amount in said.things),
            {event_id: owner for event_id, _, owner in self._indexed},
        )
        edges.sort(key=_by_ends)
        bulk.insert(connection, tables.movement, _MOVEMENT, movements)
        bulk.insert(connection, tables.edge, _EDGE, edges)
        bulk.add_balances(connection, self._balances, made)
        self._mark_lots(kinds, ids)
        if self._credited:
            marked = max(source.application_id for source in (*self.standing, *self.fallen))
            for order, owner in orders_of_invoices(connection, self._credited):
                self._stale.setdefault(("order", order, owner), marked)
        store.mark_stale(connection, self._stale)
        lot_pages.add(connection, shipped, names)
        closure.keep(connection, changed)

    def _mark_lots(self, kinds: Mapping[str, str], ids: Mapping[str, int]) -> None:
        """Lots that came or lost edges, as ranges of node ids: reconcile joins the names of one lot."""
        numbers = sorted(
            {ids[key] for key, kind in kinds.items() if kind == "lot"} | {node for src, dst, _ in self._removed for node in (src, dst)}
        )
        marked = max((source.application_id for source, _ in self._made), default=0)
        start = 0
        for place in range(1, len(numbers) + 1):
            if place == len(numbers) or numbers[place] - numbers[place - 1] > 64:
                self._stale["lots", f"{numbers[start]}-{numbers[place - 1]}", 0] = marked
                start = place


def _by_ends(row: tuple[Any, ...]) -> tuple[int, int]:
    return row[0], row[1]

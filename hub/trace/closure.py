"""The lot closure: which lots are in which, and which shipments carried them, kept so that a recall list is a look-up.

It is kept by whoever changes edges, in the same transaction (`keep`), and always equals what the walk would find:

    lot_closure   lot → lots that have it in them: over productions, over serial numbers and cartons that were used up, over other names
    lot_page      lot → shipments that carried it: as lots, as serial numbers, in cartons in cartons; not what was made of it

Where edges came or went, three things may differ: the lots below (they get their ancestors anew, from the lots next above them and the
rest of the closure), the lots above, and the shipments below (they get their contents anew). Nothing else is read. It makes no difference
whether an edge is late, corrected or withdrawn, and nothing depends on order. A despatch whose cartons and serial numbers nobody spoke of
before needs no look into the store at all (`contents.alone`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter

import msgspec
import sqlalchemy as sa

from hub.store import closure as store
from hub.store import genealogy, lot_pages, region
from hub.store.region import Region, Step
from hub.trace import holding
from hub.trace.by_walk import Shipped, by_shipment, lots_by_walk, recall_list_by_walk
from hub.trace.contents import Contents, Statement
from hub.trace.edges import CARRYING, FLOW, HOLDING, EdgeKind
from hub.trace.filling import Filling
from hub.trace.holding import ALWAYS, Held

Ends = tuple[int, int, int]
"""Source, destination and kind of an edge."""
PAGE = 500
"""Lots and shipments that are made anew together."""


# --- look-up -----------------------------------------------------------------------------------------------------------
def made_of(connection: sa.Connection, lots: Collection[int]) -> set[int]:
    """Node ids of these lots, of their other names, and of all lots that have one of them inside."""
    if store.is_waiting(connection):
        return {node for lot in lots for node in lots_by_walk(connection, lot)}
    return {*lots, *store.descendants(connection, lots)}


def recall_list(connection: sa.Connection, lots: Collection[int]) -> list[Shipped]:
    """All shipments of these lots (node ids) and of whatever was made of them, by shipment and lot. Takes a look-up, not a walk."""
    told, is_waiting = lot_pages.told(connection, lots)
    return recall_list_by_walk(connection, lots) if is_waiting else _sorted(told)


def _sorted(told: str) -> list[Shipped]:
    """Without a line of Python for each: lists of thousands are read while somebody waits."""
    found = _lines(told)
    shipment = itemgetter(1)
    found.sort(key=by_shipment if len(set(map(shipment, found))) < len(found) else shipment)
    return found


_lines = msgspec.json.Decoder(list[Shipped]).decode


@dataclass(slots=True)
class Carried:
    """What one shipment carried, in node ids."""

    lots: dict[tuple[int, str], Decimal | None] = field(default_factory=dict)
    """(lot, unit) → quantity; unit empty and quantity null where neither is stated."""
    serials: dict[int, set[int]] = field(default_factory=dict)
    """Lot → its serial numbers that are named."""
    units: set[int] = field(default_factory=set)
    """Logistic units."""
    stated: dict[tuple[int, int], list[Statement]] = field(default_factory=dict)
    """(lot, logistic unit or the shipment) → what each application says of it."""
    holders: dict[int, set[int]] = field(default_factory=dict)
    """Serial → the logistic units, or the shipment, that it is next in, whether its lot is known or not."""
    nested: dict[int, set[int]] = field(default_factory=dict)
    """Logistic unit → the units that it is next in."""
    shipped: dict[int, set[int]] = field(default_factory=dict)
    """Application of the shipment → the lots, serials and logistic units that it says went in it."""
    said_by: set[int] = field(default_factory=set)
    """Applications of the shipment itself."""


def carried(connection: sa.Connection, shipments: Collection[int]) -> dict[int, Carried]:
    """What shipments (node ids) carried: as lots, as serial numbers, in cartons in cartons, whoever says what is in them."""
    upstream = _Upstream.load(connection, shipments)
    filling = Filling.load(connection, upstream.carrying())
    return {shipment: upstream.carried(shipment, filling) for shipment in sorted(shipments)}


# --- upkeep ------------------------------------------------------------------------------------------------------------
def keep(connection: sa.Connection, changed: Iterable[Ends]) -> None:
    """Make the closure true again after these edges came or went. Call it last: on PostgreSQL others then wait until the commit."""
    edges = {ends for ends in changed if ends[2] in FLOW}
    if not edges:
        return
    store.take_turn(connection)
    edges |= _limit(connection, edges)
    down = region.kinds(connection, {dst for _, dst, _ in edges}, "down")
    up = region.kinds(connection, {src for src, _, _ in edges}, "up")
    below = {node for node, kind in down.items() if kind == "lot"}
    shipments = {node for node, kind in down.items() if kind == "shipment"}
    left = {node for node, kind in up.items() if kind == "lot"}
    _renew_lots(connection, below | store.descendants(connection, below))
    _renew_shipments(connection, shipments, left)


def rebuild(connection: sa.Connection) -> None:
    """Make the whole closure anew from the edges."""
    store.take_turn(connection)
    store.clear(connection)
    for lots in _pages(connection, "lot"):
        below = set(lots)
        _renew_lots(connection, below | store.descendants(connection, below))
    for shipments in _pages(connection, "shipment"):
        _renew_shipments(connection, set(shipments), ())


def pack(connection: sa.Connection, first: int, last: int) -> None:
    """Put lines of lists of lots in a range of node ids together that were told one by one. Changes no list."""
    if lots := lot_pages.scattered(connection, first, last):
        store.take_turn(connection)
        lot_pages.pack(connection, lots)


def differences(connection: sa.Connection, lots: Iterable[int] | None = None) -> Iterator[tuple[str, list[Shipped], list[Shipped]]]:
    """Lots (all, or these node ids) whose recall list is not what the walk finds: key, what is kept, what was found."""
    every = lots if lots is not None else (lot for page in _pages(connection, "lot") for lot in page)
    for lot in every:
        key = genealogy.nodes_by_id(connection, [lot])[lot][0]
        kept = _sorted(lot_pages.told(connection, [lot])[0])
        walked = recall_list_by_walk(connection, [lot])
        if kept != walked:
            yield key, kept, walked


def _pages(connection: sa.Connection, kind: str) -> Iterator[list[int]]:
    last = 0
    while page := store.nodes_of_kind(connection, kind, last, PAGE):
        last = page[-1]
        yield page


def _limit(connection: sa.Connection, edges: Collection[Ends]) -> set[Ends]:
    """Say anew in which span contents were inside the units that these edges touch; returns the edges that this changes."""
    unpacked = {dst for _, dst, kind in edges if kind == EdgeKind.UNPACKING}
    units = unpacked | region.opened(connection, {dst for _, dst, kind in edges if kind in HOLDING} - unpacked)
    if not units:
        return set()
    rows = region.held(connection, units)
    spans = holding.spans_of(
        Held(
            row.content,
            row.holder,
            row.kind,
            row.application_id,
            row.at,
            row.quantity,
            row.unit,
            row.content_kind,
            row.name,
            row.told or "",
            row.teller or 0,
        )
        for row in rows
    )
    limited = []
    for row in rows:
        span = spans[row.content, row.holder, row.kind, row.application_id]
        if span != (row.since, row.until):
            limited.append((row.content, row.holder, row.kind, row.application_id, *span))
    region.limit(connection, limited)
    return {(content, holder, kind) for content, holder, kind, *_ in limited}


def _renew_lots(connection: sa.Connection, lots: Collection[int]) -> None:
    """Find the ancestors of lots anew."""
    if not lots:
        return
    upstream = _Upstream.load(connection, lots)
    parents = {lot: upstream.lots(lot) for lot in sorted(lots)}
    before = store.ancestors(connection, set(lots).union(*parents.values()))
    above = {lot: set() if lot in parents else known for lot, known in before.items()}
    children: dict[int, list[int]] = {}
    for lot, nearest in parents.items():
        for parent in nearest:
            children.setdefault(parent, []).append(lot)
    todo = deque(parents)
    waiting = set(parents)
    while todo:  # lots are mostly made in the order of their ids, so that few are looked at twice; a circle (two names, rework) settles
        lot = todo.popleft()
        waiting.discard(lot)
        reached = set(parents[lot]).union(*(above[parent] for parent in parents[lot]))
        reached.discard(lot)
        if reached != above[lot]:
            above[lot] = reached
            again = [child for child in children.get(lot, ()) if child not in waiting]
            todo.extend(again)
            waiting.update(again)
    gone = {(anc, lot) for lot in parents for anc in before[lot] - above[lot]}
    new = {(anc, lot) for lot in parents for anc in above[lot] - before[lot]}
    store.replace_ancestors(connection, gone, new)


def _renew_shipments(connection: sa.Connection, shipments: Collection[int], left: Collection[int]) -> None:
    """Find anew what shipments carried. `left` are lots that may no longer be in them."""
    if not shipments:
        return
    upstream = _Upstream.load(connection, shipments)
    filling = Filling.needed(connection, upstream.carrying())
    rows = {key: quantity for shipment in shipments for key, quantity in upstream.contents(shipment, filling).items()}
    lots = {*left, *(lot for lot, _, _ in rows)}
    pages = lot_pages.Pages.load(connection, lots, shipments)
    before = pages.quantities(shipments)
    gone = [key for key, quantity in before.items() if key not in rows or rows[key] != quantity]
    new = [(*key, quantity) for key, quantity in rows.items() if key not in before or before[key] != quantity]
    if gone or new:
        pages.replace(connection, gone, new)
        lot_pages.pack(connection, {key[0] for key in new})


# --- what is next above ------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Upstream:
    """The edges above some lots and shipments, up to the nearest lots."""

    into: Mapping[int, list[Step]]
    kinds: Mapping[int, str]
    at: Mapping[int, int]

    @classmethod
    def load(cls, connection: sa.Connection, roots: Collection[int]) -> _Upstream:
        found: Region = region.region(connection, roots, "up", through=True)
        into: dict[int, list[Step]] = {}
        for step in found.steps:
            if step.node != step.origin:
                into.setdefault(step.origin, []).append(step)
        limited = holding.is_limited(found.steps)
        at = region.effective(connection, {step.application_id for step in found.steps}) if limited else {}
        return cls(into, found.kinds, at)

    def steps(self, root: int) -> Iterator[Step]:
        """Every edge by which goods came into a root, not further than the nearest lots."""
        seen = {(root, ALWAYS)}
        todo = [(root, ALWAYS)]
        while todo:
            here, span = todo.pop()
            for step in self.into.get(here, ()):
                then = holding.after(step, span, True, self.kinds[step.node], self.at)
                if then is None:
                    continue
                yield step
                if self.kinds[step.node] != "lot" and (step.node, then) not in seen:
                    seen.add((step.node, then))
                    todo.append((step.node, then))

    def lots(self, root: int) -> set[int]:
        """The lots next above."""
        return {step.node for step in self.steps(root) if self.kinds[step.node] == "lot"} - {root}

    def carrying(self) -> list[Step]:
        """The edges by which goods came into units and shipments as they are."""
        return [step for steps in self.into.values() for step in steps if step.kind in CARRYING]

    def contents(self, shipment: int, filling: Filling | None) -> dict[lot_pages.ShipmentKey, Decimal | None]:
        """What a shipment carried: (lot, shipment, unit) → quantity. `filling` is null where nothing was packed twice or taken out."""
        contents: Contents[int] = Contents()
        for step in self.steps(shipment):
            contents.add(step.node, step.origin, step.kind, self.kinds[step.node], (step.application_id, step.quantity, step.unit))
        if filling is not None:
            filling.settle(contents, {serial: self._lots_of(serial) for serial in self._taken_out()})
        return {(lot, shipment, unit): quantity for (lot, unit), quantity in contents.totals().items()}

    def carried(self, shipment: int, filling: Filling) -> Carried:
        """The same with serial numbers and logistic units."""
        found, contents = Carried(), Contents[int]()
        lots: dict[int, set[int]] = {}
        for step in self.steps(shipment):
            kind = self.kinds[step.node]
            contents.add(step.node, step.origin, step.kind, kind, (step.application_id, step.quantity, step.unit))
            if step.kind == EdgeKind.SHIPPING:
                found.shipped.setdefault(step.application_id, set()).add(step.node)
            if kind == "logistic_unit":
                found.units.add(step.node)
                if step.kind in HOLDING:
                    found.nested.setdefault(step.node, set()).add(step.origin)
            elif kind == "serial" and step.kind in CARRYING:
                found.holders.setdefault(step.node, set()).add(step.origin)
            elif kind == "lot" and step.kind == EdgeKind.COMMISSIONING:
                lots.setdefault(step.origin, set()).add(step.node)
        filling.settle(contents, {serial: lots.get(serial, self._lots_of(serial)) for serial in self._taken_out()})
        found.lots, found.said_by, found.stated = contents.totals(), contents.own, contents.stated
        for serial in found.holders:
            for lot in lots.get(serial, ()):
                found.serials.setdefault(lot, set()).add(serial)
        return found

    def _taken_out(self) -> set[int]:
        """Serial numbers that were taken out of a unit."""
        out = (step for steps in self.into.values() for step in steps if step.kind == EdgeKind.UNPACKING)
        return {step.node for step in out if self.kinds[step.node] == "serial"}

    def _lots_of(self, serial: int) -> set[int]:
        return {step.node for step in self.into.get(serial, ()) if step.kind == EdgeKind.COMMISSIONING}

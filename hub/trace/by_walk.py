"""The recall list found by walking, lot by lot: slow, made of nothing but edges, and what the closure must equal.

It is also the answer while a closure is still to be made, e.g. after an upgrade.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa

from hub.store import genealogy as store
from hub.store.keys import kind_of
from hub.store.region import Step, effective
from hub.store.walk import exact
from hub.trace import holding
from hub.trace.contents import PIECE, Contents
from hub.trace.edges import CARRYING, EdgeKind
from hub.trace.filling import Filling
from hub.trace.holding import ALWAYS, Span
from hub.trace.walk import walk


class Shipped(NamedTuple):
    """One lot in one shipment: a line of a recall list. `quantity` is null where none is stated; `unit` then is, too.

    Whole quantities may come as int, which equals its Decimal: where a list has thousands of lines, making a Decimal for each takes as long
    as all else that is read.
    """

    lot: str
    shipment: str
    quantity: int | Decimal | None
    unit: str | None


def by_shipment(row: Shipped) -> tuple[str, str, str]:
    """What recall lists are sorted by."""
    return row.shipment, row.lot, row.unit or ""


def lots_by_walk(connection: sa.Connection, start: int) -> set[int]:
    """Every lot that a walk down from a lot passes, itself included."""
    walked = _Walked.load(connection, start)
    return {start, *(step.node for step in walked.steps if walked.kinds[step.node] == "lot")}


def recall_list_by_walk(connection: sa.Connection, lots: Collection[int]) -> list[Shipped]:
    """All shipments of these lots (node ids) and of whatever was made of them, by shipment and lot."""
    found: set[Shipped] = set()
    for start in lots:
        for lot in lots_by_walk(connection, start):
            found |= _Walked.load(connection, lot).shipped(connection)
    return sorted(found, key=by_shipment)


@dataclass(slots=True)
class _Walked:
    """What is reached downwards from one lot."""

    lot: int
    steps: list[Step]
    names: Mapping[int, str]
    kinds: Mapping[int, str]
    at: Mapping[int, int]
    follow: Mapping[int, list[Step]]

    @classmethod
    def load(cls, connection: sa.Connection, lot: int) -> _Walked:
        key = store.nodes_by_id(connection, [lot])[lot][0]
        walked = walk(connection, key, "down")
        assert walked is not None  # its key has just been read
        steps = [Step._make((*row[:4], None if row[4] is None else exact(row[4]), *row[5:8])) for row in walked.steps]
        at = effective(connection, {step.application_id for step in steps}) if holding.is_limited(steps) else {}
        follow: dict[int, list[Step]] = {}
        for step in steps:
            follow.setdefault(step.origin, []).append(step)
        kinds = {node: kind_of(name) for node, name in walked.keys.items()}
        return cls(lot, steps, walked.keys, kinds, at, follow)

    def shipped(self, connection: sa.Connection) -> set[Shipped]:
        """The lot itself in shipments, not what was made of it."""
        said: dict[int, dict[int, list[Step]]] = {}  # shipment → carton or shipment that the lot is said to be in → what is said
        serials: dict[int, dict[int, set[int]]] = {}  # shipment → serial → where it is in
        reached: set[int] = set()
        for first in self.follow.get(self.lot, ()):
            if first.kind == EdgeKind.COMMISSIONING:
                for second in self.follow.get(first.node, ()):
                    for shipment in self._shipments([second]):
                        reached.add(shipment)
                        if second.kind in CARRYING:  # not used up in what was shipped
                            serials.setdefault(shipment, {}).setdefault(first.node, set()).add(second.node)
            elif first.kind != EdgeKind.SAME_AS:
                for shipment in self._shipments([first]):
                    reached.add(shipment)
                    if first.kind in CARRYING:
                        said.setdefault(shipment, {}).setdefault(first.node, []).append(first)
        found: set[Shipped] = set()
        for shipment in reached:
            own = store.applications_into(connection, shipment, int(EdgeKind.SHIPPING))
            sums = self._sums(connection, said.get(shipment, {}), serials.get(shipment, {}), own)
            lot, key = self.names[self.lot], self.names[shipment]
            found |= {Shipped(lot, key, quantity, unit or None) for unit, quantity in sums.items()} or {Shipped(lot, key, None, None)}
        return found

    def _shipments(self, first: Iterable[Step]) -> set[int]:
        """Shipments behind some edges, short of other lots."""
        found: set[int] = set()
        todo: list[tuple[Step, Span]] = [(step, ALWAYS) for step in first]
        seen: set[tuple[int, Span]] = set()
        while todo:
            step, span = todo.pop()
            kind = self.kinds[step.node]
            then = holding.after(step, span, False, kind, self.at)
            if then is None or kind == "lot" or (step.node, then) in seen:
                continue
            seen.add((step.node, then))
            if kind == "shipment":
                found.add(step.node)
            else:
                todo += [(following, then) for following in self.follow.get(step.node, ())]
        return found

    def _sums(
        self, connection: sa.Connection, said: Mapping[int, list[Step]], serials: Mapping[int, set[int]], own: Collection[int]
    ) -> dict[str, Decimal]:
        """Quantity by unit of the lot in one shipment."""
        contents: Contents[int] = Contents(own=set(own))
        for holder, steps in said.items():
            contents.stated[self.lot, holder] = [(step.application_id, step.quantity, step.unit) for step in steps]
        carrying = [step._replace(node=step.origin, origin=step.node) for step in self.steps if step.kind in CARRYING]
        filling = Filling.needed(connection, carrying, own)
        if filling is not None:
            units = {step.node for step in self.follow.get(self.lot, ()) if step.kind == EdgeKind.COMMISSIONING}
            filling.settle(contents, {unit: {self.lot} for unit in units})
        sums: dict[str, Decimal] = {}
        counted: set[int] = set()
        for (_, holder), statements in contents.stated.items():
            known = [(number in own, quantity, unit or "") for number, quantity, unit in statements if quantity is not None]
            if known:
                _, quantity, unit = max(known)
                sums[unit] = sums.get(unit, Decimal(0)) + (quantity or Decimal(0))
                counted.add(holder)
        pieces = sum(1 for holders in serials.values() if not holders & counted)
        if pieces:
            sums[PIECE] = sums.get(PIECE, Decimal(0)) + pieces
        return sums

"""What the generator knows of recall lists: which lots are in which, and which shipment carried how many pieces of which lot.

It follows the generator's own arrays, edge by edge, and shares no code with the hub: not its walk, not its closure. A case or pallet is
never opened in this world, and every lot in a case has its pieces stated, so that a sum is all there is to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from benchmarks.generate_genealogy import LOT, Genealogy
from hub.trace.by_walk import Shipped
from hub.trace.edges import EdgeKind

UNIT = "EA"


class Recalls:
    """The true recall list of any lot of a genealogy."""

    def __init__(self, genealogy: Genealogy) -> None:
        self._genealogy = genealogy
        is_lot = (genealogy.kinds == LOT).tolist()
        used: dict[int, list[int]] = defaultdict(list)
        made: dict[int, list[int]] = defaultdict(list)
        inside: dict[int, list[tuple[int, int]]] = defaultdict(list)
        nested: dict[int, list[int]] = defaultdict(list)
        for lot, production, _ in _edges(genealogy, EdgeKind.CONSUMING):
            used[lot].append(production)
        for production, lot, _ in _edges(genealogy, EdgeKind.CREATING):
            made[production].append(lot)
        for thing, unit, pieces in _edges(genealogy, EdgeKind.PACKING, stated=True):
            inside[unit].append((thing, pieces))
        for unit, outer, _ in _edges(genealogy, EdgeKind.NESTING):
            nested[outer].append(unit)
        self._shipped: dict[int, dict[int, int]] = defaultdict(dict)
        for thing, shipment, pieces in _edges(genealogy, EdgeKind.SHIPPING):
            carried = [(thing, pieces)] if is_lot[thing] else [one for unit in (thing, *nested.get(thing, ())) for one in inside[unit]]
            for lot, amount in carried:
                self._shipped[lot][shipment] = self._shipped[lot].get(shipment, 0) + amount
        self._next = {lot: [output for production in productions for output in made[production]] for lot, productions in used.items()}

    def below(self, lot: int) -> set[int]:
        """Lots that have a lot in them, over any number of productions; not the lot itself."""
        found: set[int] = set()
        todo = [lot]
        while todo:
            new = [one for one in self._next.get(todo.pop(), ()) if one not in found]
            found.update(new)
            todo += new
        return found

    def list_of(self, lot: int) -> list[Shipped]:
        """The recall list of a lot, as the hub sorts it."""
        key = self._genealogy.key
        found = [
            Shipped(key(one), key(shipment), Decimal(pieces), UNIT)
            for one in (lot, *self.below(lot))
            for shipment, pieces in self._shipped.get(one, {}).items()
        ]
        return sorted(found, key=lambda row: (row.shipment, row.lot))

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Rows of `lot_closure`: a lot, and one that has it in it."""
        for lot in sorted(self._next):
            for one in sorted(self.below(lot)):
                yield lot, one

    def lines(self) -> Iterator[tuple[int, int, str, int]]:
        """Lines of recall lists: lot, shipment, unit, pieces."""
        for lot in sorted(self._shipped):
            for shipment in sorted(self._shipped[lot]):
                yield lot, shipment, UNIT, self._shipped[lot][shipment]


def _edges(genealogy: Genealogy, kind: EdgeKind, stated: bool = False) -> Iterator[tuple[int, int, int]]:
    """Source, destination and pieces of the edges of a kind; only those that state pieces, or all."""
    chosen = genealogy.kind == int(kind)
    if stated:
        chosen &= genealogy.quantity > 0
    places = np.flatnonzero(chosen)
    return zip(genealogy.src[places].tolist(), genealogy.dst[places].tolist(), genealogy.quantity[places].tolist(), strict=True)

"""What a shipment carried, and how much of it: counted from the edges by which goods came into it.

Where several documents state what is in a carton they speak of the same goods: what the shipment's own document says counts, else the
greatest quantity. Serial numbers count as pieces where nobody states a quantity of their lot in the same carton.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeVar

from hub.trace.edges import CARRYING, EdgeKind

PIECE = "EA"
"""Unit in which serial numbers count where no quantity is stated."""
Node = TypeVar("Node", int, str)
"""A node by its id, or by its key while it has none."""
Statement = tuple[int, Decimal | None, str | None]
"""Application, quantity, unit."""


@dataclass(slots=True)
class Contents(Generic[Node]):
    """What came into one shipment, edge by edge."""

    stated: dict[tuple[Node, Node], list[Statement]] = field(default_factory=dict)
    """(lot, carton or shipment) → what is said of it."""
    serial_lots: dict[Node, set[Node]] = field(default_factory=dict)
    serial_holders: dict[Node, set[Node]] = field(default_factory=dict)
    others: set[Node] = field(default_factory=set)
    """Lots that a serial number without a lot is made of."""
    own: set[int] = field(default_factory=set)
    """Applications that speak of the shipment."""

    def add(self, src: Node, dst: Node, kind: int, src_kind: str, statement: Statement) -> None:
        """One edge of the way into the shipment."""
        if kind == EdgeKind.SHIPPING:
            self.own.add(statement[0])
        if kind in CARRYING:
            if src_kind == "lot":
                self.stated.setdefault((src, dst), []).append(statement)
            elif src_kind == "serial":
                self.serial_holders.setdefault(src, set()).add(dst)
        elif kind == EdgeKind.COMMISSIONING:
            self.serial_lots.setdefault(dst, set()).add(src)
        elif src_kind == "lot":
            self.others.add(src)

    def totals(self) -> dict[tuple[Node, str], Decimal | None]:
        """(lot, unit) → quantity; unit empty and quantity null where neither is stated."""
        sums: dict[tuple[Node, str], Decimal] = {}
        counted: set[tuple[Node, Node]] = set()
        lots = set(self.others)
        for (lot, holder), statements in self.stated.items():
            lots.add(lot)
            said = [(number in self.own, quantity, unit or "") for number, quantity, unit in statements if quantity is not None]
            if said:
                _, quantity, unit = max(said)
                sums[lot, unit] = sums.get((lot, unit), Decimal(0)) + quantity
                counted.add((lot, holder))
        for serial, owners in self.serial_lots.items():
            for lot in owners:
                lots.add(lot)
                holders = self.serial_holders.get(serial, ())
                if holders and not any((lot, holder) in counted for holder in holders):
                    sums[lot, PIECE] = sums.get((lot, PIECE), Decimal(0)) + 1
        return {**sums, **{(lot, ""): None for lot in lots - {lot for lot, _ in sums}}}


def alone(edges: Mapping[tuple[str, str, int], tuple[Decimal | None, str | None]]) -> dict[tuple[str, str], Decimal | None]:
    """What a despatch carried, (lot key, unit) → quantity, when all that is known of its cartons and serial numbers is what it says."""
    sums: dict[tuple[str, str], Decimal | None] = {}
    silent: list[str] = []
    for (src, _, kind), (quantity, unit) in edges.items():
        if kind in CARRYING:
            if src.startswith("lot:"):
                if quantity is None:
                    silent.append(src)
                else:
                    key = (src, unit or "")
                    known = sums.get(key)
                    sums[key] = quantity if known is None else known + quantity
            elif src.startswith("serial:"):
                return _with_serials(edges)
    if silent:
        stated = {lot for lot, _ in sums}
        sums.update({(lot, ""): None for lot in silent if lot not in stated})
    return sums


def _with_serials(edges: Mapping[tuple[str, str, int], tuple[Decimal | None, str | None]]) -> dict[tuple[str, str], Decimal | None]:
    contents: Contents[str] = Contents()
    for (src, dst, kind), (quantity, unit) in edges.items():
        contents.add(src, dst, kind, src.partition(":")[0], (0, quantity, unit))
    return contents.totals()

"""Which receipt of ours is of which despatch: by its number, and by what was sent and came. Numbers of two senders may be the same.

A place to which was despatched is taken for one of ours only where we received all of that despatch there: what is sent back under the
number of its despatch, or bears a number that only happens to be equal, does not make a consignee one of us. In doubt it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hub.recall.telling import Shipment, Telling, party
from hub.store.lot_history import LotLine


@dataclass(frozen=True, slots=True)
class Receipts:
    """Our own receipts that name a despatch."""

    lines: Mapping[str, Mapping[tuple[str, str], list[LotLine]]] = field(default_factory=dict)
    """Number of the despatch → (system, place) → lines."""

    @classmethod
    def of(cls, lines: Iterable[LotLine]) -> Receipts:
        """From lines of our own documents."""
        found: dict[str, dict[tuple[str, str], list[LotLine]]] = {}
        for line in lines:
            if line.kind == "receiving_advice" and line.reference and line.location:
                found.setdefault(line.reference, {}).setdefault((line.partner_key, line.location), []).append(line)
        return cls(found)

    def place_of(self, shipment: Shipment, said: Telling, names: Mapping[str, str]) -> str:
        """Where all of a shipment was received by us, as the receipt calls it; empty where nobody says so. `names`: our codes → GLN."""
        sent = [line for one in shipment.tellers for line in said.advised.get(one.id, ())]
        sender = {shipment.told.partner_key, names.get(shipment.origin, shipment.origin), shipment.origin}
        for (_, place), lines in sorted(self.lines.get(shipment.number, {}).items()):
            stated = {party(line.header.get("ship_from")) for line in lines} - {""}
            from_it = all(one in sender or names.get(one, one) in sender for one in stated)
            if from_it and _fit(sent, lines, short=bool(stated) and shipment.told.partner_kind == "supplier"):
                return place
        return ""


def _fit(sent: Iterable[LotLine], came: Iterable[LotLine], short: bool) -> bool:
    """Whether what came is what was sent: by lots, by cartons, by serial numbers, if both name them. `short`: also less."""
    left, got = _content(sent), _content(came)
    both = [(one, other) for one, other in zip(left, got, strict=True) if one and other]
    return bool(both) and all(one.keys() == other.keys() and (short or one == other) for one, other in both)


def _content(lines: Iterable[LotLine]) -> tuple[dict[tuple[str, str], Decimal], ...]:
    """Quantity by lot and unit, the cartons, and the serial numbers."""
    lots: dict[tuple[str, str], Decimal] = {}
    cartons: dict[tuple[str, str], Decimal] = {}
    serials: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        serials.update(dict.fromkeys((("serial", one) for one in line.serials), Decimal(1)))
        if line.sscc:
            cartons["sscc", line.sscc] = Decimal(1)
        if line.lot and line.quantity is not None:
            key = (line.lot, line.unit or "")
            lots[key] = lots.get(key, Decimal(0)) + line.quantity
    return lots, cartons, serials

"""How much of a lot was in a carton when it was shipped: what was packed into it, event by event, less what was taken out before.

The events of one system are several packings, or removals, and are summed; several systems tell of the same goods, so that of what is
taken out the one counts that tells the most, and of what is packed whoever asks chooses. A removal in another unit takes nothing off.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import sqlalchemy as sa

from hub.store import region
from hub.store.region import Step
from hub.trace.contents import PIECE, Contents, Statement
from hub.trace.edges import EdgeKind

ZERO = Decimal(0)


@dataclass(slots=True)
class Filling:
    """What was put into units and taken out of them, by whom and when."""

    at: Mapping[int, int]
    """When what applications say happened, microseconds."""
    tellers: Mapping[int, tuple[str, int]]
    """Application → its kind and partner."""
    out: dict[int, list[Step]] = field(default_factory=dict)
    """Unit → the edges that say what was taken out of it."""

    @classmethod
    def load(cls, connection: sa.Connection, steps: Collection[Step], more: Collection[int] = ()) -> Filling:
        """From all edges by which goods came into units and shipments. `more`: other applications that speak of the shipments."""
        applications = {step.application_id for step in steps}.union(more)
        found = cls(region.effective(connection, applications), region.tellers(connection, applications))
        for step in steps:
            if step.kind == EdgeKind.UNPACKING and step.until is not None:
                found.out.setdefault(step.origin, []).append(step)
        return found

    @classmethod
    def needed(cls, connection: sa.Connection, steps: Collection[Step], more: Collection[int] = ()) -> Filling | None:
        """The same, where several say what is in one unit or anything was taken out; else each says what it says."""
        said: set[tuple[int, int]] = set()
        for step in steps:
            if step.kind == EdgeKind.UNPACKING or (step.node, step.origin) in said:
                return cls.load(connection, steps, more)
            said.add((step.node, step.origin))
        return None

    def settle(self, contents: Contents[int], lots: Mapping[int, Collection[int]]) -> None:
        """Say of each lot in each unit what each system leaves in it until the shipment. `lots` are those of serial numbers taken out."""
        shipped = min((self.at[number] for number in contents.own if number in self.at), default=None)
        first: dict[tuple[int, int], int] = {}
        for (_, holder), statements in contents.stated.items():
            for number, _, _ in statements:
                if (partner := self._system(number)) is not None:
                    first[holder, partner] = min(first.get((holder, partner), number), number)
        for (lot, holder), statements in contents.stated.items():
            steps = self.out.get(holder, ())
            said = {step.application_id for step in steps}
            events = [one for one in statements if one[0] not in said and one[1] is not None and self._system(one[0]) is not None]
            gone = [step for step in steps if shipped is not None and step.until is not None and step.until < shipped]
            gone = [step for step in gone if step.node == lot or lot in lots.get(step.node, ())]
            if len(events) < 2 and not gone:
                continue
            found: list[Statement] = [self._less(one, gone, contents.own) for one in statements if one not in events]
            for partner, mine in self._by_system(events).items():
                early = [one for one in mine if shipped is None or self.at.get(one[0], shipped) <= shipped]
                together = [early, *([one] for one in mine if one not in early)]  # what is packed later is often only told later
                best: dict[str, Decimal] = {}
                for group in together:
                    for unit, amount in self._left(group, gone).items():
                        best[unit] = max(best.get(unit, ZERO), amount)
                found += [(first[holder, partner], amount, unit or None) for unit, amount in best.items()]
            statements[:] = found

    def _system(self, number: int) -> int | None:
        kind, partner = self.tellers.get(number, ("", 0))
        return partner if kind == "event" else None

    def _by_system(self, events: Iterable[Statement]) -> dict[int, list[Statement]]:
        found: dict[int, list[Statement]] = {}
        for one in events:
            found.setdefault(self._system(one[0]) or 0, []).append(one)
        return found

    def _left(self, packed: Iterable[Statement], gone: Iterable[Step]) -> dict[str, Decimal]:
        """By unit, what the packings of one system leave after the removals since the first of them."""
        sums: dict[str, Decimal] = {}
        since: dict[str, int] = {}
        for number, quantity, unit in packed:
            name = unit or ""
            sums[name] = sums.get(name, ZERO) + (quantity or ZERO)
            since[name] = min(since.get(name, self.at.get(number, 0)), self.at.get(number, 0))
        return {unit: max(amount - self._taken(unit, since[unit], gone), ZERO) for unit, amount in sums.items()}

    def _less(self, one: Statement, gone: Iterable[Step], own: Collection[int]) -> Statement:
        number, quantity, unit = one
        if quantity is None or number in own or number not in self.at:
            return one
        return (number, max(quantity - self._taken(unit or "", self.at[number], gone), ZERO), unit)

    def _taken(self, unit: str, since: int, gone: Iterable[Step]) -> Decimal:
        """What was taken out since then, as the system tells that tells the most."""
        sums: dict[int, Decimal] = {}
        for step in gone:
            amount, stated = (Decimal(1), PIECE) if step.quantity is None else (step.quantity, step.unit or PIECE)
            if step.until is not None and step.until >= since and stated == (unit or PIECE):
                _, partner = self.tellers.get(step.application_id, ("", 0))
                sums[partner] = sums.get(partner, ZERO) + amount
        return max(sums.values(), default=ZERO)

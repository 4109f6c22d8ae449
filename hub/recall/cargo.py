"""How much of one lot was in a shipment, and in each carton of it: counted carton by carton, and in cartons in cartons. Pure.

A lot may have several names, so that one carton is stated under each of them by another application; what one application says under
all names is a sum, and of what several say of one carton they speak of the same goods: what whoever ships it says counts, else the
greatest. Serial numbers count as pieces where nobody states a quantity of their lot in the same carton.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hub.trace.closure import Carried

ZERO = Decimal(0)
Convert = Callable[[int, int, Decimal, str], tuple[str, Decimal]]
"""Lot (node id), application, quantity, unit → unit and amount in which the lot is counted."""


@dataclass(slots=True)
class Load:
    """Some of a lot, in a shipment or a carton."""

    amounts: dict[str, Decimal] = field(default_factory=dict)
    """By unit; empty where nobody says how much."""
    serials: set[str] = field(default_factory=set)
    units: set[int] = field(default_factory=set)
    """Logistic units (node ids) that hold it."""
    present: bool = False
    """The lot is in it."""

    def add(self, other: Load) -> None:
        """What another one holds, too."""
        for unit, amount in other.amounts.items():
            self.amounts[unit] = self.amounts.get(unit, ZERO) + amount
        self.serials |= other.serials
        self.units |= other.units
        self.present |= other.present


@dataclass(slots=True)
class Hold:
    """What was in the logistic units of a shipment, ready to be asked lot by lot."""

    carried: Carried
    root: int
    """The shipment, or a unit that stands for itself."""
    stated: dict[int, list[tuple[int, int, Decimal | None, str]]] = field(default_factory=dict)
    """Holder → lot, application, quantity, unit."""
    serials: dict[int, list[int]] = field(default_factory=dict)
    inner: dict[int, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, carried: Carried, root: int) -> Hold:
        """Turned round: by what holds it."""
        found = cls(carried, root)
        for (lot, holder), statements in carried.stated.items():
            found.stated.setdefault(holder, []).extend((lot, one[0], one[1], one[2] or "") for one in statements)
        for serial, holders in carried.holders.items():
            for holder in holders:
                found.serials.setdefault(holder, []).append(serial)
        for unit, outer in carried.nested.items():
            for holder in outer:
                found.inner.setdefault(holder, []).append(unit)
        return found

    def load(self, lot: Lot, holder: int, told_by: Collection[int] = (), but: Collection[int] = ()) -> Load:
        """What a logistic unit held of a lot, with all that is in units in it. `told_by`: whose word counts before that of others; `but`:
        units that are not counted."""
        found, seen, todo = Load(), {holder, *but}, [holder]
        while todo:
            here = todo.pop()
            found.add(self._next_in(lot, here, told_by, self.serials.get(here, ())))
            if here != self.root:
                found.units.add(here)
            todo += [unit for unit in self.inner.get(here, ()) if unit not in seen]
            seen.update(self.inner.get(here, ()))
        return found

    def shipped(self, lot: Lot, application: int, before: Load) -> Load:
        """What one application says that the shipment held of a lot, each unit and serial number once. `before` is counted already."""
        things = self.carried.shipped.get(application, set())
        listed = things & self.carried.units
        inside = {unit for outer in listed for unit in self._below(outer)}
        found = Load()
        for unit in (*sorted(listed - inside), *sorted(listed & inside)):  # a pallet before the cartons on it
            if unit not in found.units and unit not in before.units:
                load = self.load(lot, unit, (application,), before.units | found.units)
                if load.present:
                    found.add(load)
        counted = before.units | found.units
        loose = [
            serial
            for serial in self.serials.get(self.root, ())
            if serial in things
            and lot.serials.get(serial) not in before.serials
            and counted.isdisjoint(self.carried.holders.get(serial, ()))
        ]
        found.add(self._next_in(lot, self.root, (application,), loose, only=True))
        return found

    def _below(self, unit: int) -> set[int]:
        """Units in a unit, at any depth."""
        found, todo = set[int](), [unit]
        while todo:
            for inner in self.inner.get(todo.pop(), ()):
                if inner not in found:
                    found.add(inner)
                    todo.append(inner)
        return found - {unit}

    def _next_in(self, lot: Lot, holder: int, told_by: Collection[int], serials: Collection[int], only: bool = False) -> Load:
        """What lies in a holder itself; `only`: by the word of `told_by` alone."""
        said: dict[int, dict[str, Decimal]] = {}
        found = Load()
        for node, application, quantity, unit in self.stated.get(holder, ()):
            if node not in lot.nodes or (only and application not in told_by):
                continue
            found.present = True
            if quantity is not None:
                unit, amount = lot.convert(node, application, quantity, unit)
                sums = said.setdefault(application, {})
                sums[unit] = sums.get(unit, ZERO) + amount
        if said:
            found.amounts = said[max(said, key=lambda one: (one in told_by, max(said[one].values()), -one))]
        found.serials = {lot.serials[serial] for serial in serials if serial in lot.serials}
        if found.serials:
            found.present = True
            if not found.amounts:
                found.amounts = {lot.piece: Decimal(len(found.serials))}
        if lot.narrowed:  # single units of a lot: those that are named, and nothing else
            found.present = bool(found.serials)
            found.amounts = {lot.piece: Decimal(len(found.serials))} if found.serials else {}
        return found


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot as it is counted."""

    nodes: Collection[int]
    """All its names."""
    serials: Mapping[int, str]
    """Its serial numbers by node id: all that are known, or those that are affected."""
    convert: Convert
    piece: str
    narrowed: bool = False
    """Only some of its units are affected."""


@dataclass(slots=True)
class Packed:
    """What cartons held of one lot when: a number may be used again for other goods, in another despatch."""

    loads: dict[str, list[tuple[int, str, Load]]] = field(default_factory=dict)
    """SSCC → when it was despatched (microseconds; 0: nobody despatched it), under what number, and what was in it then."""

    def add(self, sscc: str, at: int, number: str, load: Load) -> None:
        """A despatch of a carton."""
        self.loads.setdefault(sscc, []).append((at, number, load))

    def at(self, sscc: str | None, at: int, number: str = "") -> Load | None:
        """What was in a carton when it came: in the despatch of this number, else in the last one before, else in any; null: none of it."""
        known = self.loads.get(sscc or "")
        if not known:
            return None
        named = [one for one in known if number and one[1] == number]
        before = [one for one in known if at and one[0] <= at]
        chosen = max(named or before, key=lambda one: one[:2]) if named or before else min(known, key=lambda one: one[:2])
        return chosen[2] if chosen[2].present else None

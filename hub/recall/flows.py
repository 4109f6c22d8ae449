"""Flows of a lot's units between holders: what documents say, with those that say the same thing taken together. Pure.

A **flow** is some units of one lot that came into being, went from one holder to another, or ceased to be. One flow is often told several
times, by the ERP and the warehouse, by a document and an event, and must count once:

    the same        two systems give it one number, or name the same serial numbers or logistic units between the same holders, not under
                    two numbers more than two days apart
    taken as one    two systems tell of as many units between the same holders within two days (of one production: ever), under two
                    numbers: it counts once, and `one_or_two` names the documents, for nobody can tell
    apart           all else; also whatever one system says twice under two numbers

What one system says of a flow is summed over its lines and documents. Where two systems differ in the number of units the greater counts,
and `quantity_differs` says so; where they differ in where to, `place_differs` does, and both places are told.

One serial number is one unit: where it left us twice without coming back, the last holder counts (`serial_twice`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

ZERO = Decimal(0)
DAYS = 2 * 86_400_000_000
Kind = Literal["made", "consumed", "sent_by_supplier", "despatched", "received", "received_by_consignee", "moved", "written_off"]


@dataclass(frozen=True, slots=True)
class Stated:
    """A line that moved units of one lot, in the lot's unit. `moved` is signed, all others are more than zero unless `silent`."""

    kind: Kind
    quantity: Decimal
    place: str
    """Where it was made, consumed, received; where to it was sent."""
    origin: str = ""
    """Where from it was sent."""
    number: str = ""
    """The despatch: its own number, or that which a receipt names; of a production its number."""
    partner: str = ""
    exchange_id: int = 0
    at: int = 0
    """When, microseconds UTC; 0: not stated."""
    serials: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    """Logistic units, by SSCC."""
    silent: bool = False
    """How many is not said."""
    others: tuple[int, ...] = ()
    """Exchanges that say the same."""
    house: str = ""
    """Of what was consumed or written off: the partner in whose house it was; empty: ours."""

    @property
    def evidence(self) -> set[int]:
        """Exchanges that say so."""
        return {self.exchange_id, *self.others} - {0}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What does not add up, with the exchanges that say so."""

    rule: str
    """`one_or_two`, `quantity_differs`, `place_differs`, `serial_twice` of flows; the others: `hub.recall.whereabouts`."""
    place: str
    quantity: Decimal
    evidence: tuple[int, ...] = ()


@dataclass(slots=True)
class _Telling:
    """All that one system says of one flow."""

    kind: Kind
    partner: str
    number: str
    lines: list[Stated] = field(default_factory=list)

    @property
    def quantity(self) -> Decimal:
        return sum((one.quantity for one in self.lines), ZERO)

    @property
    def silent(self) -> bool:
        return all(one.silent for one in self.lines)

    @property
    def at(self) -> int:
        return min((one.at for one in self.lines if one.at), default=0)

    def names(self) -> set[str]:
        return {name for one in self.lines for name in (*one.serials, *one.units)}

    def places(self) -> set[str]:
        return {one.place for one in self.lines} - {""}

    def origins(self) -> set[str]:
        return {one.origin for one in self.lines} - {""}

    def evidence(self) -> set[int]:
        return set().union(*(one.evidence for one in self.lines))

    def order(self) -> tuple[object, ...]:
        return (self.at, self.kind, self.number, self.partner, self.quantity, sorted(map(_order, self.lines)))


def _order(one: Stated) -> tuple[object, ...]:
    return (one.at, one.kind, one.number, one.place, one.origin, one.partner, one.quantity, one.exchange_id, sorted(one.serials))


def together(lines: Iterable[Stated]) -> tuple[list[Stated], list[Contradiction]]:
    """Each flow once, in a fixed order, and what was said differently of it."""
    told = sorted(lines, key=_order)
    noted: list[Contradiction] = []
    called: dict[str, str] = {}
    flows = _grouped([one for one in told if not one.kind.startswith("received")], noted, called)
    came = [one for one in told if one.kind.startswith("received")]
    flows += _grouped([replace(one, number=called.get(one.number, one.number)) for one in came], noted, {})
    return _heard(flows), noted


def _grouped(told: Iterable[Stated], noted: list[Contradiction], called: dict[str, str]) -> list[Stated]:
    """Each flow once. `called` learns by what number a despatch goes that has several."""
    tellings: dict[tuple[object, ...], _Telling] = {}
    flows: list[Stated] = []
    for one in told:
        if one.kind == "moved":
            flows.append(one)
            continue
        apart = () if one.number else (one.exchange_id, one.place, one.origin, one.at)
        key = (one.kind, one.partner, one.number, *apart)
        tellings.setdefault(key, _Telling(one.kind, one.partner, one.number)).lines.append(one)
    for group in _paired(_same_names(sorted(tellings.values(), key=_Telling.order)), noted):
        found = _one_of(group, noted)
        if group[0].kind in ("despatched", "sent_by_supplier"):
            number = found[0].number
            called.update({other.number: number for other in group if other.number and other.number != number})
        flows.extend(found)
    for one in flows:
        called.pop(one.number, None)  # also the number of another despatch
    return flows


def _same_names(tellings: Iterable[_Telling]) -> list[list[_Telling]]:
    """Tellings that share a number or a unit's name, as one flow. Only those are compared: a lot may have thousands of despatches."""
    groups: list[list[_Telling]] = []
    bearing: dict[tuple[str, str], list[int]] = {}
    for telling in tellings:
        names = [("name", name) for name in telling.names()] + ([("number", telling.number)] if telling.number else [])
        near = sorted({place for name in names for place in bearing.get(name, ())})
        place = next((place for place in near if any(_same(telling, known) for known in groups[place])), len(groups))
        if place == len(groups):
            groups.append([])
        groups[place].append(telling)
        for name in names:
            bearing.setdefault(name, []).append(place)
    return groups


def _between(one: _Telling, other: _Telling) -> bool:
    """Whether both are between the same holders, as far as they say."""
    places, origins = (one.places(), other.places()), (one.origins(), other.origins())
    return (not all(places) or bool(places[0] & places[1])) and (not all(origins) or bool(origins[0] & origins[1]))


def _same(one: _Telling, other: _Telling) -> bool:
    if one.kind != other.kind or one.partner == other.partner:
        return False
    if one.number and one.number == other.number:
        return True
    if one.kind != "made" and one.number and other.number and one.at and other.at and abs(one.at - other.at) > DAYS:
        return False  # the same units once more, on the same way
    return bool(one.names() & other.names()) and _between(one, other)


def _paired(groups: Sequence[list[_Telling]], noted: list[Contradiction]) -> list[list[_Telling]]:
    """Flows that two systems may tell of under two numbers, taken as one. Only those of one quantity, day and place are compared."""
    found: list[list[_Telling]] = []
    seen: dict[tuple[object, ...], list[int]] = {}
    for group in groups:
        near = sorted({place for mark in _looked_under(group) for place in seen.get(mark, ())})
        twin = next((place for place in near if _may_be_one(group, found[place])), len(found))
        if twin == len(found):
            found.append(group)
        else:
            known = found[twin]
            said = {number for telling in (*known, *group) for number in telling.evidence()}
            place = min(group[0].places(), default="")
            noted.append(Contradiction("one_or_two", place, max(telling.quantity for telling in group), tuple(sorted(said))))
            known.extend(group)
        for mark in _kept_under(found[twin][0], group):
            seen.setdefault(mark, []).append(twin)
    return found


def _kept_under(first: _Telling, group: Sequence[_Telling]) -> Iterator[tuple[object, ...]]:
    """Where a flow is looked for: `first` says where and when, the tellings of `group` how many. "*" is each place, each day."""
    dated = first.at and first.kind != "made"
    for quantity in {telling.quantity for telling in group}:
        for place in (*(first.places() or {""}), "*"):
            for day in (first.at // DAYS if dated else "", "*"):
                yield first.kind, quantity, place, day


def _looked_under(group: Sequence[_Telling]) -> Iterator[tuple[object, ...]]:
    """Where the flows are kept that `_may_be_one` can take this for: its places and none, its two days, those beside and none."""
    first = group[0]
    day = first.at // DAYS
    for quantity in {telling.quantity for telling in group}:
        for place in (*places, "") if (places := first.places()) else ("*",):
            for near in (day - 1, day, day + 1, "") if first.at and first.kind != "made" else ("*",):
                yield first.kind, quantity, place, near


def _may_be_one(group: Sequence[_Telling], known: Sequence[_Telling]) -> bool:
    one, other = group[0], known[0]
    if one.kind != other.kind or {telling.partner for telling in group} & {telling.partner for telling in known}:
        return False
    quantities = ({telling.quantity for telling in group}, {telling.quantity for telling in known})
    if not quantities[0] & quantities[1] or not _between(one, other):
        return False
    serials = ({s for t in group for s in t.names()}, {s for t in known for s in t.names()})
    if all(serials) and not serials[0] & serials[1]:
        return False
    return one.kind == "made" or not (one.at and other.at) or abs(one.at - other.at) <= DAYS


def _one_of(group: Sequence[_Telling], noted: list[Contradiction]) -> list[Stated]:
    """The lines of the system that says the most, with what only the others know."""
    by_partner: dict[str, list[_Telling]] = {}
    for telling in group:
        by_partner.setdefault(telling.partner, []).append(telling)
    sums = {key: sum((one.quantity for one in said), ZERO) for key, said in by_partner.items() if not all(one.silent for one in said)}
    chosen = min(sums, key=lambda key: (-sums[key], key)) if sums else min(by_partner)
    evidence = {number for telling in group for number in telling.evidence()}
    if len(by_partner) == 1:
        return [line for telling in group for line in telling.lines]
    mine = [line for telling in by_partner[chosen] for line in telling.lines]
    place = min((line.place for line in mine if line.place), default="")
    if sums and (short := sums[chosen] - min(sums.values())) > 0:
        noted.append(Contradiction("quantity_differs", place, short, tuple(sorted(evidence))))
    places = {name for telling in by_partner[chosen] for name in telling.places()}
    for name in sorted({name for telling in group for name in telling.places()} - places):
        if places:
            noted.append(Contradiction("place_differs", name, sums.get(chosen, ZERO), tuple(sorted(evidence))))
    origin = min((name for telling in group for name in telling.origins()), default="")
    fallback = min((name for telling in group for name in telling.places()), default="")
    serials = frozenset(name for telling in group for line in telling.lines for name in line.serials) if len(mine) == 1 else frozenset()
    return [
        replace(
            line,
            origin=line.origin or origin,
            place=line.place or fallback,
            serials=line.serials or serials,
            others=tuple(sorted(evidence - {line.exchange_id})),
        )
        for line in mine
    ]


def _heard(flows: Sequence[Stated]) -> list[Stated]:
    """Flows that do not say how many, with what the other end says."""
    sent: dict[tuple[str, str], list[Stated]] = {}
    came: dict[tuple[str, str], list[Stated]] = {}
    for one in flows:
        book = sent if one.kind in ("despatched", "sent_by_supplier") else came if one.kind == "received" else None
        if book is not None:
            for name in (("number", one.number), *(("unit", unit) for unit in sorted(one.units))):
                if name[1]:
                    book.setdefault(name, []).append(one)
    found = []
    for one in flows:
        if one.silent and one.kind in ("despatched", "sent_by_supplier", "received"):
            other = sent if one.kind == "received" else came
            names = (("number", one.number), *(("unit", unit) for unit in sorted(one.units)))
            answers = [known for name in names for known in other.get(name, ()) if not known.silent]
            if answers and len({known.number for known in answers}) == 1:
                said = sum((known.quantity for known in dict.fromkeys(answers)), ZERO)
                one = replace(one, quantity=said, silent=False)
        found.append(one)
    return found


def once_each(flows: Sequence[Stated], ours: frozenset[str]) -> tuple[list[Stated], list[Contradiction]]:
    """Without the units that left us once more before they had come back: a serial number is where it went last."""
    kept = list(flows)
    noted: list[Contradiction] = []
    last: dict[str, int] = {}
    gone: dict[int, set[str]] = {}
    into: dict[int, set[int]] = {}
    for index in sorted(range(len(kept)), key=lambda number: _order(kept[number])):
        one = kept[index]
        if one.kind not in ("despatched", "sent_by_supplier", "received"):
            continue
        for serial in sorted(one.serials):
            before = last.get(serial)
            if one.kind == "despatched" and before is not None and kept[before].kind == "despatched":
                first = kept[before]
                goes_on = first.place in ours and one.origin in ("", first.place)
                if not goes_on:
                    gone.setdefault(before, set()).add(serial)
                    into.setdefault(before, set()).add(index)
            last[serial] = index
    for index in sorted(gone):
        one, twice = kept[index], gone[index]
        said = one.evidence.union(*(kept[number].evidence for number in into[index]))
        noted.append(Contradiction("serial_twice", one.place, Decimal(len(twice)), tuple(sorted(said))))
        kept[index] = replace(one, quantity=max(one.quantity - len(twice), ZERO), serials=one.serials - twice)
    return [one for one in kept if one.silent or one.quantity], noted

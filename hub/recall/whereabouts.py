"""Where every unit of some lots is now: on hand, in transit, shipped, used, destroyed, or unknown. Pure.

Each lot is balanced like an account. What came into being (made by a plant, or sent by a supplier) must be somewhere:

    position     what says so
    on_hand      the newest count of a place, else what documents leave there; a consignee's own count or answer
    in_transit   despatched to a place that has not received any of that despatch
    shipped      despatched to a consignee who has not answered
    used         consumed by production, or used by a consignee who says so
    destroyed    written off at a place, or destroyed by a consignee who says so
    returned     sent back by a consignee who says so, and on no stock yet
    unknown      the rest: received short, not on stock, or not accounted for by a consignee

Quantities are in base units where the item master tells how units convert, else in the unit stated. What is found beyond what came into
being (stock from before the hub's first document) counts as having come into being, and is said as `opening`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

ZERO = Decimal(0)
Where = Literal["on_hand", "in_transit", "shipped", "used", "destroyed", "returned", "unknown"]
WHERE: tuple[Where, ...] = ("on_hand", "in_transit", "shipped", "used", "destroyed", "returned", "unknown")


@dataclass(frozen=True, slots=True)
class Stated:
    """A line that moved units of one lot, in the lot's unit. `moved` is signed, all others are more than zero."""

    kind: Literal["made", "consumed", "sent_by_supplier", "despatched", "received", "received_by_consignee", "moved", "written_off"]
    quantity: Decimal
    place: str
    """Where it was made, consumed, received; where to it was sent."""
    origin: str = ""
    """Where from it was sent."""
    number: str = ""
    """The despatch: its own number, or that which a receipt names."""
    partner: str = ""
    exchange_id: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """What is on hand at one of our places, by status."""

    place: str
    status: str
    quantity: Decimal
    partner: str
    exchange_id: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a consignee says of the units that it got."""

    on_hand: Decimal = ZERO
    used: Decimal = ZERO
    destroyed: Decimal = ZERO
    returned: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Position:
    """Some units of a lot in one place and state. `holder` is a place (GLN or code); empty: nobody knows."""

    where: Where
    holder: str
    quantity: Decimal
    status: str = ""
    why: str = ""
    """`consumed`, `written_off`, `counted`, `by_documents`, `received`, `not_received`, `received_short`, `not_on_stock`, `not_answered`,
    `answered`, `not_accounted_for`."""
    evidence: tuple[int, ...] = ()
    """Exchanges."""


@dataclass(slots=True)
class LotAccount:
    """One lot's units, all of them."""

    positions: list[Position] = field(default_factory=list)
    made: Decimal = ZERO
    opening: Decimal = ZERO
    """Found beyond what came into being."""
    consignees: dict[str, Decimal] = field(default_factory=dict)
    """Consignee's place → units despatched there."""

    @property
    def total(self) -> Decimal:
        """All units that must be somewhere."""
        return self.made + self.opening

    def sum(self, where: Where) -> Decimal:
        """Units in one position."""
        return sum((one.quantity for one in self.positions if one.where == where), ZERO)

    @property
    def coverage(self) -> Decimal | None:
        """Share of the units whose place is known, 0 to 1; null for a lot without units."""
        return (self.total - self.sum("unknown")) / self.total if self.total else None


def account(
    lines: Iterable[Stated], counts: Sequence[Counted], counted_places: frozenset[str], ours: frozenset[str], answers: Mapping[str, Answer]
) -> LotAccount:
    """The account of one lot.

    `ours` are our own places; `counted_places` those of them that a system counts, where what no count names is not there. `answers` are
    by the consignee's place.
    """
    found = LotAccount()
    stock: dict[str, Decimal] = {}
    sources: dict[str, set[int]] = {}
    sent: dict[tuple[str, str], tuple[Decimal, set[int]]] = {}
    received: dict[tuple[str, str], tuple[Decimal, set[int]]] = {}
    accepted: dict[str, Decimal] = {}

    def move(place: str, quantity: Decimal, exchange: int) -> None:
        stock[place] = stock.get(place, ZERO) + quantity
        sources.setdefault(place, set()).add(exchange)

    def add(book: dict[tuple[str, str], tuple[Decimal, set[int]]], key: tuple[str, str], quantity: Decimal, exchange: int) -> None:
        known, said = book.get(key, (ZERO, set()))
        book[key] = (known + quantity, said | {exchange})

    shipped: dict[str, tuple[Decimal, set[int]]] = {}
    for one in lines:
        if one.kind == "made":
            found.made += one.quantity
            move(one.place, one.quantity, one.exchange_id)
        elif one.kind == "consumed":
            move(one.place, -one.quantity, one.exchange_id)
            found.positions.append(Position("used", one.place, one.quantity, why="consumed", evidence=(one.exchange_id,)))
        elif one.kind == "sent_by_supplier":
            found.made += one.quantity
            add(sent, (one.number, one.place), one.quantity, one.exchange_id)
        elif one.kind == "despatched":
            if one.origin:
                move(one.origin, -one.quantity, one.exchange_id)
            if one.place in ours:
                add(sent, (one.number, one.place), one.quantity, one.exchange_id)
            else:
                known, said = shipped.get(one.place, (ZERO, set()))
                shipped[one.place] = (known + one.quantity, said | {one.exchange_id})
        elif one.kind == "received":
            move(one.place, one.quantity, one.exchange_id)
            add(received, (one.number, one.place), one.quantity, one.exchange_id)
        elif one.kind == "moved":
            move(one.place, one.quantity, one.exchange_id)
        elif one.kind == "written_off":
            move(one.place, -one.quantity, one.exchange_id)
            found.positions.append(Position("destroyed", one.place, one.quantity, why="written_off", evidence=(one.exchange_id,)))
        else:
            accepted[one.place] = accepted.get(one.place, ZERO) + one.quantity
    _between(found, sent, received)
    _on_hand(found, stock, sources, counts, counted_places)
    for place in sorted(shipped):
        quantity, said = shipped[place]
        found.consignees[place] = quantity
        _with_consignee(found, place, quantity, answers.get(place), tuple(sorted(said)), received=place in accepted)
    rest = found.made - sum((one.quantity for one in found.positions), ZERO)
    if rest > 0:
        found.positions.append(Position("unknown", "", rest, why="not_on_stock"))
    elif rest < 0:
        found.opening = -rest
    found.positions = _merged(found.positions)
    return found


def _merged(positions: Iterable[Position]) -> list[Position]:
    """One position for one holder, state and reason; in the order of `WHERE`."""
    sums: dict[tuple[int, str, str, str], tuple[Decimal, set[int]]] = {}
    for one in positions:
        key = (WHERE.index(one.where), one.holder, one.status, one.why)
        quantity, said = sums.get(key, (ZERO, set()))
        sums[key] = (quantity + one.quantity, said | set(one.evidence))
    return [
        Position(WHERE[where], holder, quantity, status, why, tuple(sorted(said)))
        for (where, holder, status, why), (quantity, said) in sorted(sums.items(), key=lambda entry: entry[0])
    ]


def _between(
    found: LotAccount,
    sent: Mapping[tuple[str, str], tuple[Decimal, set[int]]],
    received: Mapping[tuple[str, str], tuple[Decimal, set[int]]],
) -> None:
    """What was sent to our places and has not, or not wholly, arrived. Receipts that name no despatch are of the first to their place."""
    loose: dict[str, Decimal] = {}
    for (number, place), (quantity, _) in received.items():
        if (number, place) not in sent:
            loose[place] = loose.get(place, ZERO) + quantity
    for key in sorted(sent):
        quantity, said = sent[key]
        place = key[1]
        came, answered = received.get(key, (ZERO, set()))
        open_ = quantity - came
        taken = min(open_, loose.get(place, ZERO))
        if taken > 0:
            loose[place] -= taken
            open_ -= taken
        if open_ > 0:
            partly = bool(came or taken)
            found.positions.append(
                Position(
                    "unknown" if partly else "in_transit",
                    place,
                    open_,
                    why="received_short" if partly else "not_received",
                    evidence=tuple(sorted(said | answered)),
                )
            )
    found.made += sum((quantity for quantity in loose.values() if quantity > 0), ZERO)  # received, and nobody says who sent it


def _on_hand(
    found: LotAccount, stock: Mapping[str, Decimal], sources: Mapping[str, set[int]], counts: Sequence[Counted], counted: frozenset[str]
) -> None:
    for one in counts:
        if one.quantity > 0:
            found.positions.append(
                Position("on_hand", one.place, one.quantity, one.status, "counted", (one.exchange_id,) if one.exchange_id else ())
            )
    for place in sorted(stock):
        if place not in counted and stock[place] > 0:
            found.positions.append(Position("on_hand", place, stock[place], why="by_documents", evidence=tuple(sorted(sources[place]))))


def _with_consignee(
    found: LotAccount, place: str, quantity: Decimal, answer: Answer | None, evidence: tuple[int, ...], received: bool
) -> None:
    if answer is None:
        found.positions.append(Position("shipped", place, quantity, why="received" if received else "not_answered", evidence=evidence))
        return
    left = quantity
    said: tuple[tuple[Where, Decimal], ...] = (
        ("on_hand", answer.on_hand), ("used", answer.used), ("destroyed", answer.destroyed), ("returned", answer.returned),
    )  # fmt: skip
    for where, units in said:
        if units > 0:
            found.positions.append(Position(where, place, units, why="answered", evidence=evidence))
            left -= units
    if left > 0:
        found.positions.append(Position("unknown", place, left, why="not_accounted_for", evidence=evidence))

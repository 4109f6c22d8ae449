"""Where every unit of some lots is now: on hand, in transit, shipped, used, destroyed, or unknown. Pure.

Each lot is balanced like an account over the flows between holders (`hub.recall.flows`: each flow once, whoever tells of it). What came
into being (made by a plant, or sent by a supplier) must be somewhere:

    position     what says so
    on_hand      the newest count of a place, else what documents leave there; a consignee's own count or answer
    in_transit   despatched to a place of ours that has not received any of that despatch
    shipped      with a consignee who has not answered: what it got less what it passed on or sent back
    used         consumed by production, or used by a consignee who says so
    destroyed    written off at a place, or destroyed by a consignee who says so
    returned     sent back by a consignee who says so, and on no stock yet
    unknown      the rest: received short, not on stock, not accounted for by a consignee, or left in a number that nobody states

Who sends units on that we sent him (a distributor, a hospital's return) makes none. A **consignee** is whoever ever got units that is not
ours, also of a number that nobody states; `consignees` holds all that it got.

Quantities are in base units where the item master tells how units convert, else in the unit stated. What does not add up is never netted
away: it is a `Contradiction` with its documents, and a lot that has one is never wholly located (`SURE`). `opening` is what is found beyond
what came into being: stock from before the hub's first document if nothing came into being, else also the contradiction `more_found`.

    more_found         more is found than came into being
    number_not_stated  a shipment went there, and no document says how many
    place_not_stated   despatched, and nobody says where to
    taken_as_return    received, and only one consignee could have sent it
    returned_by_whom   received, and several consignees could have sent it
    left_unreceived    left a place that never received it; it is taken from where it was
    ended_where        a consignee uses or destroys units where nothing was sent, and several of its places could have had them
    origin_not_stated  despatched, nobody says from where, and several places had some
    arrived_elsewhere  received at another place of ours than that to which it was sent
    received_by_other  a consignee received what was sent to another
    passed_on_more     a consignee sent on more than it got; where nothing was sent to it, with the despatches that were on their way then
    answered_more      a consignee answers for more than it has
    counted_more       a count at a consignee's place holds more than it has
    counted_twice      one place is counted for two organisations, and the documents bear out one of the counts
    answered_otherwise a consignee was told of, or answered for, other numbers than documents say now
    unit_not_known     an event counts a level of packaging of which nobody says how many units it holds; they count as units
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from hub.recall.answered import Answer, weighed
from hub.recall.flows import ZERO, Contradiction, Stated, once_each, together
from hub.recall.ledger import Ledger

Where = Literal["on_hand", "in_transit", "shipped", "used", "destroyed", "returned", "unknown"]
WHERE: tuple[Where, ...] = ("on_hand", "in_transit", "shipped", "used", "destroyed", "returned", "unknown")
SURE = Decimal("0.9999")
"""The most that is said to be located of a lot with a contradiction."""

__all__: Sequence[str] = ("SURE", "WHERE", "Answer", "Contradiction", "Counted", "LotAccount", "Position", "Stated", "Where", "account")


@dataclass(frozen=True, slots=True)
class Counted:
    """What is on hand at a place, by status."""

    place: str
    status: str
    quantity: Decimal
    partner: str
    exchange_id: int = 0
    organisation: int = 0
    """For whom it is counted."""


@dataclass(frozen=True, slots=True)
class Position:
    """Some units of a lot in one place and state. `holder` is a place (GLN or code); empty: nobody knows."""

    where: Where
    holder: str
    quantity: Decimal
    status: str = ""
    why: str = ""
    """`consumed`, `written_off`, `counted`, `by_documents`, `received`, `not_received`, `received_short`, `not_on_stock`, `not_answered`,
    `answered`, `not_accounted_for`, `number_not_stated`, `place_not_stated`."""
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
    """Consignee's place → units that it ever got; 0: nobody states how many."""
    contradictions: list[Contradiction] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """All units that must be somewhere."""
        return self.made + self.opening

    def sum(self, where: Where) -> Decimal:
        """Units in one position."""
        return sum((one.quantity for one in self.positions if one.where == where), ZERO)

    def told(self, place: str, quantity: Decimal) -> None:
        """A consignee was told of so many units, perhaps answered for them: what documents say now may be less, or go elsewhere."""
        now = self.consignees.get(place, ZERO)
        fault = Contradiction("answered_otherwise", place, quantity - now)
        if now < quantity and all((one.rule, one.place) != (fault.rule, fault.place) for one in self.contradictions):
            self.contradictions.append(fault)

    @property
    def coverage(self) -> Decimal | None:
        """Share of the units whose place is known, 0 to 1; null for a lot without units. Never all where something does not add up."""
        if not self.total:
            return ZERO if self.contradictions else None
        share = (self.total - self.sum("unknown")) / self.total
        return min(share, SURE) if self.contradictions else share


def account(
    lines: Iterable[Stated],
    counts: Sequence[Counted],
    counted_places: frozenset[str],
    ours: frozenset[str],
    answers: Mapping[str, Answer],
    doubts: Iterable[Contradiction] = (),
    house: Callable[[str], str] = lambda place: "",
) -> LotAccount:
    """The account of one lot.

    `ours` are our own places; `counted_places` those of them that a system counts, where what no count names is not there. `answers` are
    by the consignee's place; `doubts` are contradictions that were found when the lines were read; `house` tells whose a place is.
    """
    told, noted = together(lines)
    flows, twice = once_each(told, ours)
    flows, answered = _answered(flows, answers, ours)
    ledger = Ledger(ours, counted_places, [*doubts, *noted, *twice, *answered], house)
    ledger.book(flows)
    at_home = _once([one for one in counts if one.place in ours], ledger)
    ledger.settle({place: sum((one.quantity for one in at_home if one.place == place), ZERO) for place in counted_places & ours})
    found = LotAccount(made=ledger.made)
    for one in ledger.ended:
        if one.kind == "consumed":
            found.positions.append(Position("used", one.place, one.quantity, why="consumed", evidence=_sorted(one.evidence)))
        else:
            found.positions.append(Position("destroyed", one.place, one.quantity, why="written_off", evidence=_sorted(one.evidence)))
    for way in ledger.open:
        if way.left > 0:
            where: Where = "unknown" if way.partly else "in_transit"
            why = "received_short" if way.partly else "not_received"
            found.positions.append(Position(where, way.place, way.left, why=why, evidence=_sorted(way.evidence)))
    for quantity, evidence in ledger.astray:
        found.positions.append(Position("unknown", "", quantity, why="place_not_stated", evidence=_sorted(evidence)))
    _on_hand(found, ledger, at_home, counted_places)
    away: dict[str, list[Counted]] = {}
    for counted in counts:
        if counted.place not in ours and counted.quantity > 0:
            away.setdefault(counted.place, []).append(counted)
    for place in sorted({*ledger.got, *ledger.gone, *away}):
        _with_consignee(found, ledger, place, answers.get(place), away.get(place, ()))
    for place in ledger.named - ours - {""}:
        found.consignees.setdefault(place, ZERO)
    for place in sorted(answers.keys() - found.consignees.keys()):
        said = answers[place]
        if said.units:
            ledger.note("answered_otherwise", place, said.units, ())
    rest = found.made - sum((one.quantity for one in found.positions), ZERO)
    if rest > 0:
        found.positions.append(Position("unknown", "", rest, why="not_on_stock"))
    elif rest < 0:
        found.opening = -rest
        if found.made:
            evidence = {number for one in flows for number in one.evidence}
            ledger.note("more_found", "", -rest, evidence)
    found.positions = _merged(found.positions)
    found.consignees = dict(sorted(found.consignees.items()))
    found.contradictions = sorted(ledger.noted, key=lambda one: (one.rule, one.place, one.quantity, one.evidence))
    return found


def _answered(flows: Sequence[Stated], answers: Mapping[str, Answer], ours: frozenset[str]) -> tuple[list[Stated], list[Contradiction]]:
    """Where no document says how many a consignee got, it got what it answers for; that no document says so stays a contradiction."""
    silent = [one.place for one in flows if one.silent and one.place not in ours]
    found: list[Stated] = []
    noted: list[Contradiction] = []
    for one in flows:
        answer = answers.get(one.place) if one.silent and silent.count(one.place) == 1 else None
        if answer is not None and (units := answer.units):
            units -= sum((other.quantity for other in flows if other.place == one.place and other.kind != "moved"), ZERO)
            if units > 0:
                noted.append(Contradiction("number_not_stated", one.place, units, _sorted(one.evidence)))
                one = replace(one, quantity=units, silent=False)
        found.append(one)
    return found, noted


def _sorted(evidence: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(evidence))


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


def _once(counts: Sequence[Counted], ledger: Ledger) -> list[Counted]:
    """Counts of one place for two organisations: both, unless documents leave no more there than one of them says."""
    found: list[Counted] = []
    for place in sorted({one.place for one in counts}):
        mine = [one for one in counts if one.place == place]
        by_owner: dict[int, Decimal] = {}
        for one in mine:
            by_owner[one.organisation] = by_owner.get(one.organisation, ZERO) + one.quantity
        most = min(by_owner, key=lambda owner: (-by_owner[owner], owner))
        if len(by_owner) > 1 and sum(by_owner.values()) > max(ledger.stock.get(place, ZERO), by_owner[most]) and ledger.made:
            ledger.note("counted_twice", place, sum(by_owner.values()) - by_owner[most], {one.exchange_id for one in mine} - {0})
            mine = [one for one in mine if one.organisation == most]
        found += mine
    return found


def _on_hand(found: LotAccount, ledger: Ledger, counts: Sequence[Counted], counted: frozenset[str]) -> None:
    for one in counts:
        if one.quantity > 0:
            said = (one.exchange_id,) if one.exchange_id else ()
            found.positions.append(Position("on_hand", one.place, one.quantity, one.status, "counted", said))
    for place in sorted(ledger.stock):
        if place in counted or ledger.stock[place] <= 0:
            continue
        takers = ledger.silent.get(place, set()) | ledger.silent.get("", set())
        evidence = _sorted(ledger.sources.get(place, set()))
        if takers:  # some of it went to them, and nobody says how much
            holder = min(takers) if len(takers) == 1 else ""
            found.positions.append(Position("unknown", holder, ledger.stock[place], why="number_not_stated", evidence=evidence))
        else:
            found.positions.append(Position("on_hand", place, ledger.stock[place], why="by_documents", evidence=evidence))


def _with_consignee(found: LotAccount, ledger: Ledger, place: str, answer: Answer | None, counts: Sequence[Counted]) -> None:
    """What a consignee got, less what it passed on or sent back, by what it answers, else by a count of its place."""
    got, gone = (book.get(place, ZERO) for book in (ledger.got, ledger.gone))
    evidence = _sorted(ledger.sources.get(place, set()))
    found.consignees[place] = got
    left = max(got - gone, ZERO)
    if gone > got:
        meant = () if got else ledger.on_the_way(place)  # nothing was sent there: of which despatch they were is not said
        ledger.note("passed_on_more", place, gone - got, {*evidence, *meant})
    if answer is None:
        for one in counts:
            said = (one.exchange_id,) if one.exchange_id else ()
            found.positions.append(Position("on_hand", place, one.quantity, one.status, "counted", said))
            left -= one.quantity
        if left < 0:
            ledger.note("counted_more", place, -left, {one.exchange_id for one in counts} - {0})
        elif left > 0:
            why = "received" if place in ledger.accepted else "not_answered"
            found.positions.append(Position("shipped", place, left, why=why, evidence=evidence))
        return
    holding = weighed(answer, ledger.changes.get(place, ()))
    if holding.excess > 0:
        ledger.note("answered_more", place, holding.excess, evidence)
    now: tuple[tuple[Where, Decimal, str], ...] = (
        ("on_hand", holding.on_hand, "answered"), ("used", holding.used, "answered"), ("destroyed", holding.destroyed, "answered"),
        ("returned", holding.returned, "answered"), ("shipped", holding.not_asked, "not_answered"),
        ("unknown", holding.not_accounted_for, "not_accounted_for"),
    )  # fmt: skip
    found.positions += [Position(where, place, units, why=why, evidence=evidence) for where, units, why in now if units > 0]

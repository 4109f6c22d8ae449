"""The books of one lot: what every holder has by documents, what is on the way to us, what consignees got and what left them. Pure.

Flows are booked in a fixed order (`book`), then what was received is laid against what was sent, and what left a place against what came
to it (`settle`). Units are never made to fit: what is inferred and not said is noted as a contradiction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hub.recall.answered import Change, How
from hub.recall.flows import ZERO, Contradiction, Stated

TOLD = frozenset({"place_differs", "serial_twice", "told_by_carrier"})
"""Contradictions whose place is told, whatever else is known of it."""


@dataclass(slots=True)
class Way:
    """Units on the way to one of our places, or arrived there (`came`)."""

    number: str
    place: str
    left: Decimal
    evidence: set[int]
    origin: str = ""
    at: int = 0
    partly: bool = False
    """Some of it has arrived."""


@dataclass(slots=True)
class Ledger:
    """Books of one lot. Places that are not in `ours` are consignees'."""

    ours: frozenset[str]
    counted: frozenset[str]
    noted: list[Contradiction]
    house: Callable[[str], str] = lambda place: ""
    """The partner whose a place is; empty: not known."""
    made: Decimal = ZERO
    stock: dict[str, Decimal] = field(default_factory=dict)
    sources: dict[str, set[int]] = field(default_factory=dict)
    open: list[Way] = field(default_factory=list)
    came: list[Way] = field(default_factory=list)
    got: dict[str, Decimal] = field(default_factory=dict)
    gone: dict[str, Decimal] = field(default_factory=dict)
    """What consignees passed on or sent back."""
    changes: dict[str, list[Change]] = field(default_factory=dict)
    """Consignee → what it got and what left it, each with its time."""
    ended: list[Stated] = field(default_factory=list)
    """Consumed or written off, here or with a consignee."""
    since: dict[str, int] = field(default_factory=dict)
    """Consignee → when it first got units; 0: not stated."""
    under: dict[str, set[str]] = field(default_factory=dict)
    """Number of a despatch → consignees to whom it went."""
    accepted: set[str] = field(default_factory=set)
    silent: dict[str, set[str]] = field(default_factory=dict)
    """Place that shipped ('' not stated) → consignees, in a number that nobody states."""
    named: set[str] = field(default_factory=set)
    """Places that some document names as receiver, in no number that counts."""
    nowhere: list[tuple[Decimal, set[int]]] = field(default_factory=list)
    """Despatched, and nobody says from where."""
    astray: list[tuple[Decimal, set[int]]] = field(default_factory=list)
    """Despatched, and nobody says where to."""
    produced: bool = False
    sent: list[Stated] = field(default_factory=list)
    """Despatches of it, whoever sent them."""
    arrivals: list[Stated] = field(default_factory=list)
    """Receipts of it, ours and consignees'."""

    def note(self, rule: str, place: str, quantity: Decimal, evidence: Iterable[int]) -> None:
        """Something does not add up."""
        self.noted.append(Contradiction(rule, place, quantity, tuple(sorted(evidence))))

    # --- documents ---------------------------------------------------------------------------------------------------------
    def book(self, flows: Sequence[Stated]) -> None:
        """Enter all flows of the lot."""
        self.produced = any(one.kind == "made" for one in flows)
        self.named |= {one.place for one in self.noted if one.rule in TOLD and one.place}
        passing = self._passed_on(flows)
        self.sent = [one for one in flows if one.kind in ("despatched", "sent_by_supplier")]
        self.arrivals = [one for one in flows if one.kind.startswith("received")]
        theirs = {one.place for one in flows if one.kind in ("despatched", "sent_by_supplier") and one.place} - self.ours
        left = {one.place: ZERO for one in flows if one.kind == "made"}
        for one in flows:
            if one.kind == "made":
                left[one.place] += one.quantity
        theirs -= left.keys()
        for index, one in enumerate(flows):
            if one.kind == "made":
                self.made += one.quantity
                self._move(one.place, one.quantity, one.evidence)
            elif one.kind in ("consumed", "written_off"):
                pass  # when all that consignees got is known
            elif one.kind == "moved" and one.place not in theirs:  # within a consignee's house nothing comes or goes
                self._move(one.place, one.quantity, one.evidence)
            elif one.kind == "received":
                if not one.silent:
                    self._move(one.place, one.quantity, one.evidence)
                    self.came.append(Way(one.number, one.place, one.quantity, one.evidence, one.origin, one.at))
            elif one.kind == "received_by_consignee":
                self.accepted.add(one.place)
            elif one.kind == "moved":
                pass
            elif one.kind == "sent_by_supplier" and index not in passing:
                told = min(left.get(one.origin, ZERO), one.quantity) if one.origin not in self.ours else ZERO  # of what it says it made
                if told:
                    left[one.origin] -= told
                    self._move(one.origin, -told, one.evidence)
                self.made += one.quantity - told
                self._to(one)
            else:
                self._from(one)
                self._to(one)
        suppliers = {
            one.partner.partition("/")[0] for index, one in enumerate(flows) if one.kind == "sent_by_supplier" and index not in passing
        }
        for one in flows:
            if one.kind in ("consumed", "written_off"):
                self._end(one, theirs, left, suppliers)
        sent = {one.place for one in flows if one.kind in ("despatched", "sent_by_supplier")}
        for one in flows:
            if one.kind == "received_by_consignee" and one.place not in sent and one.place not in self.ours and one.place:
                self.named.add(one.place)
                self.note("received_by_other", one.place, one.quantity, one.evidence)

    def _passed_on(self, flows: Sequence[Stated]) -> set[int]:
        """Which despatches of others are of units that we, or they who got them from us, sent: those make no units."""
        first: dict[str, int] = {}

        def reach(one: Stated) -> bool:
            if not one.place or one.place in self.ours or (one.place in first and first[one.place] <= one.at):
                return False
            first[one.place] = one.at
            return True

        origins = {one.place for one in flows if one.kind == "sent_by_supplier"}
        for one in flows:
            if one.kind == "despatched" or (one.kind == "sent_by_supplier" and one.origin not in origins):
                reach(one)
        found: set[int] = set()
        more = True
        while more:
            more = False
            for index, one in enumerate(flows):
                if index in found or one.kind != "sent_by_supplier" or one.origin not in first:
                    continue
                if not one.at or first[one.origin] <= one.at:
                    found.add(index)
                    reach(one)
                    more = True
        return found

    def _move(self, place: str, quantity: Decimal, evidence: Iterable[int]) -> None:
        self.stock[place] = self.stock.get(place, ZERO) + quantity
        self.sources.setdefault(place, set()).update(evidence)

    def _from(self, one: Stated) -> None:
        if one.silent:
            if one.place not in self.ours:
                self.silent.setdefault(one.origin if one.origin in self.ours else "", set()).add(one.place)
        elif not one.origin:
            self.nowhere.append((one.quantity, one.evidence))
        elif one.origin in self.ours:
            self._move(one.origin, -one.quantity, one.evidence)
        else:
            self._leave(one.origin, one.quantity, "sent_back" if one.place in self.ours else "passed_on", one.at, one.evidence)

    def _end(self, one: Stated, theirs: Collection[str], makers: Collection[str], suppliers: Collection[str]) -> None:
        """Units are no more: those of the place; what ends in a partner's house where nothing was sent is of what it holds elsewhere."""
        how: How = "consumed" if one.kind == "consumed" else "written_off"
        if one.place in theirs:
            self._leave(one.place, one.quantity, how, one.at, one.evidence)
        elif not one.house or one.place in self.ours or one.place in makers:
            self._move(one.place, -one.quantity, one.evidence)
        else:
            having = [place for place in self.got if self.house(place) == one.house]
            if not having and one.house in suppliers:
                return  # a supplier's own, which it never sent us
            having = sorted(having, key=lambda place: (self.gone.get(place, ZERO) - self.got[place], place)) or [one.place]
            left = one.quantity
            could = [place for place in having if self.got.get(place, ZERO) > self.gone.get(place, ZERO)]
            if len(could) > 1:
                self.note("ended_where", one.place, one.quantity, one.evidence)
            for place in could:
                taken = min(left, self.got[place] - self.gone.get(place, ZERO))
                if taken:
                    self._leave(place, taken, how, one.at, one.evidence)
                left -= taken
            if left:  # more than it has
                self._leave(having[0], left, how, one.at, one.evidence)
        self.ended.append(one)

    def _to(self, one: Stated) -> None:
        if one.silent:
            self.note("number_not_stated", one.place, ZERO, one.evidence)
            self.named.add(one.place)
        elif one.place in self.ours or (not one.place and one.kind == "sent_by_supplier"):
            self.open.append(Way(one.number, one.place, one.quantity, one.evidence, one.origin, one.at))
        elif not one.place:
            self.note("place_not_stated", "", one.quantity, one.evidence)
            self.astray.append((one.quantity, one.evidence))
        else:
            self.got[one.place] = self.got.get(one.place, ZERO) + one.quantity
            self.changes.setdefault(one.place, []).append(Change("got", one.quantity, one.at))
            self.sources.setdefault(one.place, set()).update(one.evidence)
            self.since[one.place] = min(self.since.get(one.place, one.at), one.at)
            if one.number:
                self.under.setdefault(one.number, set()).add(one.place)

    def _leave(self, place: str, quantity: Decimal, how: How, at: int, evidence: Iterable[int]) -> None:
        self.gone[place] = self.gone.get(place, ZERO) + quantity
        self.changes.setdefault(place, []).append(Change(how, quantity, at))
        self.sources.setdefault(place, set()).update(evidence)

    def on_the_way(self, place: str) -> set[int]:
        """Exchanges of the despatches that may have been on their way when units left a place: sent by then, not wholly received before.

        A time that nobody states may be any.
        """
        times = [one.at for one in self.changes.get(place, ()) if one.how != "got"]
        last = 0 if 0 in times else max(times, default=0)
        first = min(times, default=0)
        found: set[int] = set()
        for one in self.sent:
            came = [other for other in self.arrivals if one.number and other.number == one.number and 0 < other.at < first]
            whole = bool(came) and sum((other.quantity for other in came), ZERO) >= one.quantity
            if not whole and not (last and one.at > last):
                found |= one.evidence
        return found

    # --- what was received against what was sent ---------------------------------------------------------------------------
    def settle(self, counts: Mapping[str, Decimal]) -> None:
        """Lay receipts against despatches, and what left against what came. `counts` are units by counted place."""
        self.open = self._joined(self.open)
        self.came = self._joined(self.came)
        for exact in (lambda way, came: way.place == came.place, lambda way, came: True):
            for came in self.came:
                for way in self.open:
                    if came.number and way.number == came.number and exact(way, came):
                        self._arrive(way, came)
        for came in self.came:
            for way in self.open:
                if way.place == came.place:
                    self._arrive(way, came)
        for came in self.came:
            whole = [way for way in self.open if came.left > 0 and not way.partly and way.left == came.left and way.place != came.place]
            if whole and self.produced:
                self.note("arrived_elsewhere", came.place, came.left, came.evidence | whole[0].evidence)
                self._arrive(whole[0], came)
        known = {way.number for way in self.open}
        for came in self.came:
            if came.left > 0:
                self._came_back(came, known)
        self._deficits(counts)

    @staticmethod
    def _joined(ways: Sequence[Way]) -> list[Way]:
        found: dict[tuple[str, str, str], Way] = {}
        for way in ways:
            known = found.get((way.number, way.place, way.origin))
            if known is None:
                found[way.number, way.place, way.origin] = Way(way.number, way.place, way.left, set(way.evidence), way.origin, way.at)
            else:
                known.left += way.left
                known.evidence |= way.evidence
                known.at = min(known.at, way.at)
        return [found[key] for key in sorted(found)]

    @staticmethod
    def _arrive(way: Way, came: Way) -> None:
        taken = min(way.left, came.left)
        if taken > 0:
            way.left -= taken
            came.left -= taken
            way.partly = True
            way.evidence |= came.evidence

    def _came_back(self, came: Way, known: set[str]) -> None:
        """Received, and no despatch to us tells of it: sent back by a consignee, or come into being by the receipt."""
        if came.origin in self.got:
            self._leave(came.origin, came.left, "sent_back", came.at, came.evidence)
            return
        meant = self.under.get(came.number, set())
        if not self.produced and not any(came.at and self.since.get(place, 0) <= came.at for place in meant):
            if not came.number or came.number not in known:
                self.made += came.left
            return
        holders = [
            place
            for place in sorted(meant or self.got)
            if self.got[place] > self.gone.get(place, ZERO) and (not came.at or self.since.get(place, 0) <= came.at)
        ]
        if len(holders) == 1:
            taken = min(came.left, self.got[holders[0]] - self.gone.get(holders[0], ZERO))
            self.note("taken_as_return", holders[0], taken, came.evidence)
            self._leave(holders[0], taken, "sent_back", came.at, came.evidence)
        elif holders:
            self.note("returned_by_whom", came.place, came.left, came.evidence)

    def _deficits(self, counts: Mapping[str, Decimal]) -> None:
        """What left a place that never received it had arrived there, or came from where documents leave too much."""
        for place in sorted(self.stock):
            for way in self.open:
                if way.place == place and self.stock[place] < 0 < way.left:
                    taken = min(way.left, -self.stock[place])
                    way.left -= taken
                    self.stock[place] += taken
        for place in sorted(self.stock):
            if self.stock[place] < 0:
                taken = self._take(-self.stock[place], counts, place)
                if taken:
                    self.stock[place] += taken
                    self.note("left_unreceived", place, taken, self.sources.get(place, ()))
        for quantity, evidence in sorted(self.nowhere, key=lambda entry: (entry[0], sorted(entry[1]))):
            if sum(1 for place in self.stock if self._free(place, counts) > 0) > 1:
                self.note("origin_not_stated", "", quantity, evidence)
            self._take(quantity, counts, "")

    def _free(self, place: str, counts: Mapping[str, Decimal]) -> Decimal:
        return self.stock[place] - counts.get(place, ZERO)

    def _take(self, quantity: Decimal, counts: Mapping[str, Decimal], to: str) -> Decimal:
        """Take units from where documents leave more than is counted, then from where most is; returns how many could be."""
        left = quantity
        order = sorted((one for one in self.stock if one != to), key=lambda one: (one not in counts, -self._free(one, counts), one))
        for place in order:
            taken = min(left, max(self._free(place, counts), ZERO))
            if taken > 0:
                self.stock[place] -= taken
                left -= taken
        return quantity - left

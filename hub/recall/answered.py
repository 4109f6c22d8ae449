"""What a consignee has of a lot, by what it answered at one time and what came to it or left it since. Pure.

An answer tells of the units that it got until then: what documents tell of an earlier time is part of it, what happened later is not. So
units that left it later are taken from what it had on hand then, units that came later are with it and nobody asked for them yet, and
what it destroyed or sent back later is beside what it said that it had destroyed or sent back. Units of which its notice did not speak,
since no document of them was known, are not asked for yet either.

Times of documents are less sure than that of the answer: many state a day and no hour. Where an answer claims more than documents leave,
what left it within a day before the answer, or at no stated time, is taken to have left after it; what is dated later and was asked for,
or is answered for, is taken to have come before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from hub.recall.flows import ZERO
from hub.store.types import DAY

How = Literal["got", "passed_on", "sent_back", "consumed", "written_off"]


@dataclass(frozen=True, slots=True)
class Change:
    """Units that came to a consignee, or left it."""

    how: How
    quantity: Decimal
    at: int
    """Microseconds UTC; 0: not stated."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a consignee says of the units that it got."""

    on_hand: Decimal = ZERO
    used: Decimal = ZERO
    destroyed: Decimal = ZERO
    returned: Decimal = ZERO
    at: int = 0
    """When it said so, microseconds UTC; 0: not stated, after all that is known."""
    asked: Decimal = ZERO
    """Of how many units it was asked; 0: of all that it got."""

    @property
    def units(self) -> Decimal:
        """All units that it answers for."""
        return self.on_hand + self.used + self.destroyed + self.returned

    def and_of(self, other: Answer, factor: Decimal) -> Answer:
        """With what it says of the same units in another unit, of which one is `factor` of ours."""
        return Answer(
            self.on_hand + other.on_hand * factor,
            self.used + other.used * factor,
            self.destroyed + other.destroyed * factor,
            self.returned + other.returned * factor,
            max(self.at, other.at),
            self.asked + other.asked * factor,
        )


@dataclass(slots=True)
class Holding:
    """What a consignee has, or says became of it, beside what documents tell to have ended or gone."""

    on_hand: Decimal = ZERO
    used: Decimal = ZERO
    destroyed: Decimal = ZERO
    returned: Decimal = ZERO
    not_asked: Decimal = ZERO
    """Came after it answered, or was not known when it was asked."""
    not_accounted_for: Decimal = ZERO
    excess: Decimal = ZERO
    """It answers for, or lets go, so many more than it had."""


def weighed(answer: Answer, changes: Sequence[Change]) -> Holding:
    """What a consignee has now."""
    before = [one for one in changes if not answer.at or one.at <= answer.at]
    after = [one for one in changes if answer.at and one.at > answer.at]
    got, came = _sum(before, "got"), _sum(after, "got")
    early = min(max(answer.asked - got, ZERO), came)  # it was asked for them, whenever their documents say that they came
    got, came = got + early, came - early
    gone = sum((one.quantity for one in before if one.how != "got"), ZERO)
    left = max(got - gone, ZERO)
    found = Holding(
        answer.on_hand,
        max(answer.used - _sum(before, "consumed"), ZERO),
        max(answer.destroyed - _sum(before, "written_off"), ZERO),
        max(answer.returned - _sum(before, "sent_back"), ZERO),
    )
    found.excess = max(found.on_hand + found.used + found.destroyed + found.returned - left, ZERO)
    late = [one.quantity for one in before if one.how != "got" and (not answer.at or not one.at or one.at > answer.at - DAY)]
    since = min(found.excess, found.on_hand, sum(late, ZERO))
    found.on_hand, found.excess = found.on_hand - since, found.excess - since
    early = min(found.excess, came)
    found.excess, came, left = found.excess - early, came - early, left + early
    rest = max(left - found.on_hand - found.used - found.destroyed - found.returned, ZERO)
    unasked = min(max(got - answer.asked, ZERO), rest) if answer.asked else ZERO
    found.not_asked, found.not_accounted_for = came + unasked, rest - unasked
    for one in after:
        if one.how != "got":
            _let_go(found, one)
    return found


def _let_go(found: Holding, one: Change) -> None:
    """Units that left after the answer: what was on the way back arrives; else what was on hand, or came since, has gone."""
    left = one.quantity
    pools = ("on_hand", "not_asked", "not_accounted_for")
    for pool in ("returned", *pools) if one.how == "sent_back" else pools:
        taken = min(left, getattr(found, pool))
        setattr(found, pool, getattr(found, pool) - taken)
        left -= taken
    found.excess += left


def _sum(changes: Sequence[Change], how: How) -> Decimal:
    return sum((one.quantity for one in changes if one.how == how), ZERO)

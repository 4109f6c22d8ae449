"""What was inside a logistic unit when: cartons are packed, opened, packed again, and only what was inside travels with them.

A packing counts from when the unit was last opened before it (not from its own time: a carton's label is often printed, and its
despatch announced, before anybody reports the packing) until the content is reported to be taken out, all of it: of a lot some may be
taken out, and the rest stays. Most units are never reported open: then nothing is limited, and no time is looked up.

A number may be used again. Where a despatch advice says that a unit holds lots, or units, none of which an earlier advice said that it
holds, the unit was emptied in between, though nobody reports it. Both must speak of lots, or both of units, and lie more than two days
apart, and the later must be of a system that spoke of the unit before: two systems that tell of one despatch may spell its lots
differently, and a supplier's carton that is passed on unopened has our own lot number in our advice.

Along a path the times must fit. While the walk is inside units it carries the span in which all contents that it passed were inside
each other; what then happens to the outermost unit (it is shipped, received, used up) must have happened in that span.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hub.store.region import Step
from hub.trace.edges import HOLDING, EdgeKind

Span = tuple[int | None, int | None]
"""From and until, microseconds, both included; null is not limited."""
ALWAYS: Span = (None, None)
UNIT = "logistic_unit"


@dataclass(frozen=True, slots=True)
class Held:
    """One statement that `content` was put into, or taken out of, a unit. `at` is null where no time is stated."""

    content: int
    holder: int
    kind: int
    application_id: int
    at: int | None
    quantity: Decimal | None = None
    unit: str | None = None
    content_kind: str = ""
    name: str = ""
    """Lot or serial number of the content, or its key."""
    told: str = ""
    """Kind of the application."""
    teller: int = 0
    """Partner whose system says so."""


def spans_of(statements: Iterable[Held]) -> dict[tuple[int, int, int, int], Span]:
    """(content, holder, kind, application) → in which span the content was inside, by all statements about these units."""
    openings: dict[int, list[int]] = {}
    taken: dict[tuple[int, int], list[int]] = {}
    known = list(statements)
    by_content: dict[tuple[int, int], list[Held]] = {}
    for one in known:
        by_content.setdefault((one.content, one.holder), []).append(one)
        if one.kind == EdgeKind.UNPACKING and one.at is not None:
            openings.setdefault(one.holder, []).append(one.at)
    for ends, said in by_content.items():
        taken[ends] = _emptied(said)
    for holder, times in _used_again(known).items():
        openings.setdefault(holder, []).extend(times)
        taken.setdefault((holder, holder), []).extend(times)
    for times in (*openings.values(), *taken.values()):
        times.sort()
    found: dict[tuple[int, int, int, int], Span] = {}
    for one in known:
        since = until = None
        opened = openings.get(one.holder, [])
        if one.at is not None:
            if one.kind == EdgeKind.UNPACKING:
                until = one.at
                before = bisect_left(opened, one.at)
            else:
                before = bisect_left(opened, one.at)
                out = [*taken.get((one.content, one.holder), ()), *taken.get((one.holder, one.holder), ())]
                until = min((time for time in out if time >= one.at), default=None)
            since = opened[before - 1] if before else None
        found[one.content, one.holder, one.kind, one.application_id] = (since, until)
    return found


def _emptied(said: Iterable[Held]) -> list[int]:
    """When nothing of a content was left in a unit, by all that is said of the two: of a lot some may have been taken out only.

    Several events of one system are several packings, or removals; a document tells of all that is inside, and several systems tell of the
    same goods. In doubt something is still inside: whoever gets the unit is told.
    """
    times: list[int] = []
    packed, taken, silent = _Told(), _Told(), False
    for one in sorted(said, key=lambda one: (one.at is not None, one.at or 0, one.kind == EdgeKind.UNPACKING)):
        if one.kind != EdgeKind.UNPACKING:
            silent |= one.quantity is None
            packed.add(one)
        elif one.at is not None:
            taken.add(one)
            out, inside = taken.most(), packed.most()
            if one.quantity is not None and (silent or any(out.get(unit, Decimal(0)) < amount for unit, amount in inside.items())):
                continue
            times.append(one.at)
            packed, taken, silent = _Told(), _Told(), False
    return times


@dataclass(slots=True)
class _Told:
    """How much was put in, or taken out, since the unit was empty."""

    sums: dict[tuple[str, int], Decimal] = field(default_factory=dict)
    """(unit, partner) → what its events tell, all together."""
    stated: dict[str, Decimal] = field(default_factory=dict)
    """Unit → the most that a document tells."""

    def add(self, one: Held) -> None:
        unit, amount = one.unit or "", one.quantity or Decimal(0)
        if one.told == "event":
            self.sums[unit, one.teller] = self.sums.get((unit, one.teller), Decimal(0)) + amount
        else:
            self.stated[unit] = max(self.stated.get(unit, Decimal(0)), amount)

    def most(self) -> dict[str, Decimal]:
        """By unit, by whoever tells the most."""
        found = dict(self.stated)
        for (unit, _), amount in self.sums.items():
            found[unit] = max(found.get(unit, Decimal(0)), amount)
        return found


_APART = 2 * 86_400_000_000
_SIGNS = re.compile(r"[\W_]+")


def _used_again(statements: Iterable[Held]) -> dict[int, list[int]]:
    """Unit → just before when a despatch advice says that it holds other goods than all before.

    Only a system that spoke of the unit before can say so: a carton that is passed on unopened has the supplier's lot number in the
    supplier's advice, and ours in our own.
    """
    filled: dict[int, dict[tuple[int, int, int], dict[str, set[str]]]] = {}
    for one in statements:
        if one.told == "despatch_advice" and one.kind != EdgeKind.UNPACKING and one.at is not None:
            name = _SIGNS.sub("", one.name).casefold().lstrip("0")
            filling = filled.setdefault(one.holder, {}).setdefault((one.at, one.application_id, one.teller), {})
            filling.setdefault(one.content_kind, set()).add(name)
    found: dict[int, list[int]] = {}
    for holder, fillings in filled.items():
        before: dict[str, set[str]] = {}
        last: int | None = None
        tellers: set[int] = set()
        for (at, _, teller), contents in sorted(fillings.items()):
            compared = [kind for kind in ("lot", UNIT) if kind in contents and kind in before]
            other = compared and all(contents[kind].isdisjoint(before[kind]) for kind in contents.keys() & before.keys())
            if other and last is not None and at - last > _APART and teller in tellers:
                found.setdefault(holder, []).append(at - 1)
                before, tellers = {}, set()
            for kind, names in contents.items():
                before.setdefault(kind, set()).update(names)
            tellers.add(teller)
            last = at
    return found


def both(one: Span, other: Span) -> Span | None:
    """The time that two spans share, null if there is none."""
    since = one[0] if other[0] is None else other[0] if one[0] is None else max(one[0], other[0])
    until = one[1] if other[1] is None else other[1] if one[1] is None else min(one[1], other[1])
    return None if since is not None and until is not None and since > until else (since, until)


def is_limited(steps: Iterable[Step]) -> bool:
    """Whether any content is known to have been inside for some time only. If not, times need not be looked at."""
    return any(step.since is not None or step.until is not None for step in steps)


def after(step: Step, span: Span, upward: bool, node_kind: str, at: Mapping[int, int]) -> Span | None:
    """The span behind a step that is taken with `span`; null where the step can't be taken. `at` tells when applications happened."""
    if step.kind in HOLDING:
        shared = both(span, (step.since, step.until))
        return ALWAYS if shared is not None and upward and node_kind != UNIT else shared
    happened = at.get(step.application_id)
    if happened is None:
        return ALWAYS
    if upward:
        return (happened, happened) if node_kind == UNIT else ALWAYS
    return None if both(span, (happened, happened)) is None else ALWAYS


def fitting(
    start: int, steps: Iterable[Step], upward: bool, kinds: Mapping[int, str], at: Mapping[int, int], begun: Span = ALWAYS
) -> list[Step]:
    """The steps that can be taken from a start in the order of time; of a unit, `begun` is the time whose contents are meant."""
    follow: dict[int, list[Step]] = {}
    for step in steps:
        follow.setdefault(step.origin, []).append(step)
    taken: dict[Step, None] = {}
    seen: set[tuple[int, Span]] = {(start, begun)}
    todo: list[tuple[int, Span]] = [(start, begun)]
    for here, span in todo:  # grows while it is walked: breadth first
        for step in follow.get(here, ()):
            then = after(step, span, upward, kinds[step.node], at)
            if then is None:
                continue
            taken[step] = None
            if (step.node, then) not in seen:
                seen.add((step.node, then))
                todo.append((step.node, then))
    return list(taken)


__all__ = ["ALWAYS", "UNIT", "Held", "Span", "after", "both", "fitting", "is_limited", "spans_of"]

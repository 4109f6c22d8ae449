"""What rows name and reading passed over in one document, noted while it reads: coverage tells it where no other row took it.

Five things pass a value over. A row's condition is not met: a number under a qualifier that means something else. A row, or an earlier
path of the same row, has given the member already, and this one says otherwise. An element of a list is left out, since something that
it needs is absent or another list takes its record. And what rows read upwards counts only above an element: an item without the price
that the list is made of has a number that no row asked for. And of what stands in a loop that comes again, the first is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from data_contracts.source import SourceRecord
from mappings.gather import RECORD, REPEATS, Cache, Found, Gatherer
from mappings.getters import Getter, Run, getter_of
from mappings.path import leads_out
from mappings.plan import Rule, Scope, When
from mappings.tracks import own_conditions, ups

Note = Callable[[Found, Run], None]
Test = tuple[Getter, frozenset[str] | None]


class Pass(NamedTuple):
    """One row that passed over a value below the record that its scope was read from."""

    rule: Rule
    path: int | None = None
    """Which of its paths, from 0; null for all."""
    qualifier: str | None = None
    """Of pairs the one that was passed over; null for all."""
    below: int = 0
    """Steps from the record where it was passed over down to the one that its scope is read from."""
    again: bool = False
    """A loop on its way comes again."""


Rows = tuple[Pass, ...]
"""Rows that are passed over together, the same object every time."""


def tests_of(conditions: Sequence[When], gatherer: Gatherer) -> tuple[Test, ...]:
    """The conditions of a row, each with the way to what it asks."""
    return tuple((getter_of(when.path, gatherer), None if when.values is None else frozenset(when.values)) for when in conditions)


def holds(tests: tuple[Test, ...], found: Found, run: Run) -> bool:
    """Whether every condition is met."""
    for get, values in tests:
        text = get(found, run)
        if not text or (values is not None and text not in values):
            return False
    return True


def rows_below(scope: Scope, below: int = 0) -> Rows:
    """Every row of a list and of those inside it: what is passed over with an element that is left out."""
    rows = [Pass(rule, below=below) for rule in scope.rules if rule.reads and rule.paths]
    for child in scope.scopes:
        if child.reads and not (child.at is not None and leads_out(child.at)):
            rows += rows_below(child, below + (len(child.at.steps) if child.at is not None else 0))
    return tuple(rows)


class Anchor(NamedTuple):
    """A record above an element that rows start from, with the rows that do: they take something of it only if it was found."""

    scope: int
    """Number of the scope."""
    slot: int
    up: int
    """How many records further up they go before they go down (`^CPS/../PAC`)."""
    rows: Rows

    def records(self, caches: Sequence[Cache]) -> list[SourceRecord]:
        """The records that were found so, of what the scopes remember of a message; one may come several times."""
        slot = self.slot
        reached = [record for found in caches[self.scope].values() if (record := found[slot]) is not None]
        for _ in range(self.up):
            reached = [record.parent for record in reached if record.parent is not None]
        return reached


def anchors_of(scope: Scope, number: int, gatherer: Gatherer) -> list[Anchor]:
    """Where the rows of a scope start above their record."""
    rows: dict[tuple[int, int], list[Pass]] = {}
    for rule in scope.rules:
        for at, path in enumerate(rule.paths if rule.reads else ()):
            if leads_out(path) and (reached := gatherer.slot(path.steps[:1])) is not None:
                rows.setdefault((reached[0], ups(path)), []).append(Pass(rule, at))
    return [Anchor(number, slot, up, tuple(passes)) for (slot, up), passes in rows.items()]


# --- conditions --------------------------------------------------------------------------------------------------------
def unmet(rule: Rule, gatherer: Gatherer, composites: bool) -> Note | None:
    """Notes a row whose condition is not met although its paths have a value.

    What the value's own record answers is asked of each record by coverage itself; only where the record comes again, what decided
    for the first decides for all.
    """
    watched = []
    for number, path in enumerate(rule.paths):
        if leads_out(path):
            continue
        alone = len(own_conditions(path, rule, composites)) == len(rule.when)
        if alone and not path.steps:
            continue
        reached = gatherer.slot(path.steps) if alone else None
        watched.append(((Pass(rule, number),), getter_of(path, gatherer), reached[1] if reached is not None else None))
    if not watched:
        return None

    def note(found: Found, run: Run) -> None:
        repeats = found[REPEATS]
        for passed, get, way in watched:
            if way is not None and (repeats is None or repeats.keys().isdisjoint(way)):
                continue
            if get(found, run):
                run.pass_over(found[RECORD], passed)

    return note


def rest_alone(rule: Rule, getters: Sequence[Getter]) -> Note | None:
    """Notes texts of a row that need a first one which is absent, such as a time without its day."""
    watched = [((Pass(rule, number),), get) for number, get in enumerate(getters[1:], 1) if not leads_out(rule.paths[number])]
    if not watched:
        return None

    def note(found: Found, run: Run) -> None:
        for passed, get in watched:
            if get(found, run):
                run.pass_over(found[RECORD], passed)

    return note

"""Values of which one is kept although the document says several, each in a loop of its own (MAP-05).

Coverage compares what stands side by side. Two lots of one line stand in two loops, and each may have its own expiry: rows that
say `alone` are followed through all of them, so that goods of a second lot are never taken for the first without a word. A row that says
`alone: held` holds the message (MAP-13), also where both stand side by side: with the quantity of two lots under one lot, nobody whom a
recall of the other concerns would be found; of two quantities one would be goods that nobody counts, and of a line that comes in parts
all would be awaited on the first day. Which records are looked at is noted while the message is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.context import place_of
from mappings.gather import RECORD, Gatherer
from mappings.getters import Run
from mappings.path import Element, Located, Pairs, Path, locate
from mappings.plan import Rule, Scope
from mappings.tracks import ups


@dataclass(slots=True)
class _Node:
    """The paths of a row as a tree of tags, for a quick look whether there may be two values at all: for nearly all lines there are not."""

    below: dict[str, _Node] = field(default_factory=dict)
    leaves: list[Path] = field(default_factory=list)
    odd: bool = False
    """A step leads elsewhere, which only following the path can tell."""

    def add(self, path: Path, at: int = 0) -> None:
        """Put a path into the tree, from this step on."""
        if at == len(path.steps):
            self.leaves.append(path)
        elif path.steps[at].axis == "child":
            self.below.setdefault(path.steps[at].tag, _Node()).add(path, at + 1)
        else:
            self.odd = True

    def may_have_two(self, record: SourceRecord, within: bool) -> bool:
        """Whether the paths may lead to two values below a record: to two records, or `within` one to two values."""
        return self._held(record, within) > 1

    def _held(self, record: SourceRecord, within: bool) -> int:
        """How many values there may be, as far as two."""
        if self.odd or (self.below and self.leaves):
            return 2
        held = 0
        if self.leaves:
            values: Any = record.values
            for path in self.leaves:
                leaf = path.leaf
                if leaf.__class__ is Element:
                    held += leaf.number < len(values) and bool(values[leaf.number])
                elif leaf.__class__ is Pairs:
                    held += sum(leaf.times_in(values, qualifier) for qualifier, _ in leaf.qualifiers)
                else:
                    held += 1
            return held if within else min(held, 1)
        for child in record.children:
            node = self.below.get(child.tag)
            if node is not None:
                held += node._held(child, within)
                if held > 1:
                    break
        return held


class AloneRow:
    """One row that says `alone`, made ready."""

    def __init__(self, rule: Rule, number: int, gatherer: Gatherer) -> None:
        self._rule = rule
        self._held = rule.row.alone == "held"
        self._scope = number
        paths = rule.paths[:1] if rule.function.arguments > 1 else rule.paths
        lead = 1 + ups(paths[0])
        first = paths[0].steps[:lead]
        shared = bool(first) and first[0].axis == "ancestor" and all(path.steps[:lead] == first for path in paths)
        reached = gatherer.slot(first) if shared else None
        self.above = None if reached is None else reached[0]
        """The slot of the record above its own that the row asks, which many elements share."""
        self._paths = paths if reached is None else tuple([replace(path, steps=path.steps[lead:]) for path in paths])
        self._tree = _Node()
        for path in self._paths:
            self._tree.add(path)

    def on_the_way(self, gatherer: Gatherer) -> frozenset[int] | None:
        """Slots of which one must come again for a second value; null where one record may hold two, or nothing is known of them."""
        if len(self._paths) > 1 or isinstance(self._paths[0].leaf, Pairs):
            return None
        reached = gatherer.slot(self._paths[0].steps)
        return None if reached is None else frozenset(reached[1])

    def slots(self, gatherer: Gatherer) -> set[int]:
        """Without one of these records none of its elements has a value; the record at hand where nothing is known of them."""
        return {reached[0] if (reached := gatherer.slot(path.steps[:1])) is not None else RECORD for path in self._paths}

    def finding(self, run: Run, mark: str) -> Finding | None:
        """MAP-05, or MAP-13, with the first of the values beside one that is kept, and how many they are; null where there is none."""
        others: list[tuple[Located, Located]] = []
        if self.above is None:
            for record in run.elements.get(self._scope, ()):
                if self._tree.may_have_two(record, self._held):
                    others += self._others(record, mark)
        else:
            seen: set[int] = set()
            for found in run.caches[self._scope].values():
                record = found[self.above]
                if record is not None and self._tree.may_have_two(record, True) and id(record) not in seen:
                    seen.add(id(record))  # what one above says twice is lost once for all its elements
                    others += self._others(record, mark)
        if not others:
            return None
        first, other = others[0]
        place = place_of(other.record, other.key, other.component)
        params = {"what": self._rule.paths[0].text, "count": str(len(others))}
        return Finding("MAP-13" if self._held else "MAP-05", place, expected=first.text[:120], got=other.text[:120], params=params)

    def _others(self, record: SourceRecord, mark: str) -> Iterator[tuple[Located, Located]]:
        """The value that is kept with each different one out of another place. Coverage compares neighbours, but takes what is reached
        upwards for taken, so that all of that is compared here."""
        first: Located | None = None
        for path in self._paths:
            for place in locate(path, record, mark):
                if first is None:
                    first = place
                elif place.text != first.text and (
                    self._meaning(place.text) != self._meaning(first.text)
                    if self._held
                    else self.above is not None or place.record.parent is not first.record.parent
                ):
                    yield first, place

    def _meaning(self, text: str) -> Any:
        """What the row makes of a text, so that 60 and 60.000 are one quantity; the text where it makes nothing of it alone."""
        function = self._rule.function
        if function.arguments > 1 or function.zoned:
            return text
        try:
            return function.read(text)
        except ValueError:
            return text


def alone_of(scope: Scope, number: int, gatherer: Gatherer) -> tuple[list[AloneRow], tuple[int, ...], frozenset[int]]:
    """The rows of a scope that say `alone`, and the slots of which one is filled, or comes again, in the elements that they are asked
    for."""
    rows = [AloneRow(rule, number, gatherer) for rule in scope.rules if rule.reads and rule.row.alone]
    filled: set[int] = set()
    again: set[int] = set()
    for row in rows:
        if row.above is None:
            repeated = row.on_the_way(gatherer)
            filled.update(row.slots(gatherer) if repeated is None else ())
            again.update(repeated or ())
    return rows, tuple(sorted(filled)), frozenset(again)


def findings_of(rows: Sequence[AloneRow], run: Run, mark: str) -> list[Finding]:
    """One MAP-05, or MAP-13, for each row of which the message that was read says different values in different loops."""
    return [finding for row in rows if (finding := row.finding(run, mark)) is not None]

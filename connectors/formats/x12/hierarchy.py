"""The HL tree of a set (856 and its kin): nested by HL01 and HL02, whatever the order of the segments.

HL01 names a level, HL02 the level above it. Senders nest shipment, order, pack and item in many ways, and some write a child
before its parent, so parents that have not come yet are looked for again when the set ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter

from data_contracts.source import SourceRecord

_POSITION = attrgetter("position")
Report = Callable[[str, SourceRecord, int, str], None]
"""Told (rule, HL record, element, expected) for a level that does not fit."""


class Hierarchy:
    """The levels of one set, as they come."""

    __slots__ = ("_levels", "_report", "_waiting", "levels")

    def __init__(self, report: Report) -> None:
        self._levels: dict[str, SourceRecord] = {}
        self._waiting: list[tuple[SourceRecord, str]] = []
        self._report = report
        self.levels = 0
        """How many have come."""

    def hang(self, record: SourceRecord, own: str, above: str, top: SourceRecord) -> SourceRecord:
        """The record under which this HL, by its `own` number and that of the level `above`, belongs: its parent level, or `top` where
        it has none (yet).
        """
        self.levels += 1
        levels = self._levels
        if own in levels:
            self._report("X12-E21", record, 1, "")
        elif own:
            levels[own] = record
        if not above:
            return top
        parent = levels.get(above)
        if parent is record:
            self._report("X12-E20", record, 2, "")
            return top
        if parent is None:
            self._waiting.append((record, above))
            return top
        return parent

    def settle(self) -> None:
        """At the end of the set: hang levels that came before their parents, and report parents that never came."""
        if not self._waiting:
            return
        hung: dict[int, SourceRecord] = {}
        for record, above in self._waiting:
            parent = self._levels.get(above)
            if parent is None:
                self._report("X12-E20", record, 2, "")
            else:
                hung[id(record)] = parent
        for record in _circles(self._waiting, hung):
            self._report("X12-E20", record, 2, "")
        leave: dict[int, SourceRecord] = {}
        gain: dict[int, SourceRecord] = {}
        for record, _ in self._waiting:
            parent = hung.get(id(record))
            if parent is None:
                continue
            if record.parent is not None:
                leave[id(record.parent)] = record.parent
            record.parent = parent
            gain[id(parent)] = parent
        for old in leave.values():
            old.children = [child for child in old.children if child.parent is old]
        for record, _ in self._waiting:
            if (parent := hung.get(id(record))) is not None:
                parent.children.append(record)
        for parent in gain.values():  # in document order, as if each parent had come first
            parent.children.sort(key=_POSITION)


def numbers(text: str, mark: str) -> tuple[str, str]:
    """HL01 and HL02 of a segment as text: every set numbers its levels alike, so most are taken apart once."""
    return _known_numbers(text, mark) if len(text) < _LONG else _numbers(text, mark)


def _numbers(text: str, mark: str) -> tuple[str, str]:
    values = text.split(mark, 3)
    size = len(values)
    return values[1] if size > 1 else "", values[2] if size > 2 else ""


_LONG = 40
_known_numbers = lru_cache(maxsize=4096)(_numbers)


def _circles(waiting: Sequence[tuple[SourceRecord, str]], hung: dict[int, SourceRecord]) -> Iterator[SourceRecord]:
    """Levels that would stand below themselves, the last of each circle; taken out of `hung`, which opens the circle.

    Each level is passed once, however deep the levels stand: senders may write them in any order, and in bad faith.
    """
    settled: set[int] = set()
    for record, _ in waiting:
        path: list[SourceRecord] = []
        places: dict[int, int] = {}
        step: SourceRecord | None = record
        while step is not None and id(step) not in settled and id(step) not in places:
            places[id(step)] = len(path)
            path.append(step)
            step = hung.get(id(step), step.parent)
        settled.update(places)
        if step is not None and id(step) in places:
            last = max((one for one in path[places[id(step)] :] if id(one) in hung), key=_POSITION)
            del hung[id(last)]
            yield last

"""The HL tree of a set (856 and its kin): nested by HL01 and HL02, whatever the order of the segments.

HL01 names a level, HL02 the level above it. Senders nest shipment, order, pack and item in many ways, and some write a child
before its parent, so parents that have not come yet are looked for again when the set ends.
"""

from __future__ import annotations

from collections.abc import Callable

from data_contracts.source import SourceRecord

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

    def hang(self, record: SourceRecord, values: list[str], top: SourceRecord) -> SourceRecord:
        """The record under which this HL, with its `values`, belongs: its parent level, or `top` where it has none (yet)."""
        self.levels += 1
        size, levels = len(values), self._levels
        own = values[1] if size > 1 else ""
        above = values[2] if size > 2 else ""
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
        for record, above in self._waiting:
            parent = self._levels.get(above)
            if parent is None or _below(parent, record):
                self._report("X12-E20", record, 2, "")
                continue
            if record.parent is not None:
                record.parent.children.remove(record)
            record.parent = parent
            # In document order among its siblings, as if the parent had come first.
            place = next((index for index, other in enumerate(parent.children) if other.position > record.position), len(parent.children))
            parent.children.insert(place, record)


def release(root: SourceRecord) -> None:
    """Take a tree apart that is no longer needed, so that its memory is free at once.

    Records know their children and their parent, a circle that only the garbage collector can open: a third of the time of
    reading. Whoever is done with a message may call this; nothing of the tree may be used afterwards.
    """
    root.release()


def _below(record: SourceRecord, top: SourceRecord) -> bool:
    """Whether a record stands under another one (or is it), so that hanging the other one there would close a circle."""
    step: SourceRecord | None = record
    while step is not None:
        if step is top:
            return True
        step = step.parent
    return False

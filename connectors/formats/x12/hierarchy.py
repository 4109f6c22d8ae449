"""The HL tree of a set (856 and its kin): nested by HL01 and HL02, whatever the order of the segments.

HL01 names a level, HL02 the level above it. Senders nest shipment, order, pack and item in many ways, and some write a child
before its parent, so parents that have not come yet are looked for again when the set ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

Report = Callable[[str, int, int, str], None]
"""Told (rule, position of the HL, element, expected) for a level that does not fit."""


class Hierarchy:
    """The levels of one set, as they come, each by its position in the set."""

    __slots__ = ("_levels", "_report", "_waiting", "above", "hung", "levels")

    def __init__(self, report: Report) -> None:
        self._levels: dict[str, int] = {}
        self._waiting: list[tuple[int, str]] = []
        self._report = report
        self.levels = 0
        """How many have come."""
        self.above: dict[int, int] = {}
        """The level above each that came behind it, 0 where there is none."""
        self.hung: dict[int, int] = {}
        """The same, when the set has ended, of those that came before it."""

    def hang(self, position: int, own: str, above: str) -> None:
        """Take the HL at this position, by its `own` number and that of the level `above`; empty where it stands at the top."""
        self.levels += 1
        self.above[position] = 0
        levels = self._levels
        if own in levels:
            self._report("X12-E21", position, 1, "")
        elif own:
            levels[own] = position
        if not above:
            return
        parent = levels.get(above)
        if parent is None:
            self._waiting.append((position, above))
        elif parent == position:
            self._report("X12-E20", position, 2, "")
        else:
            self.above[position] = parent

    def settle(self) -> None:
        """At the end of the set: find the parents of levels that came before them, and report parents that never came."""
        if not self._waiting:
            return
        hung = self.hung
        for position, above in self._waiting:
            parent = self._levels.get(above)
            if parent is None:
                self._report("X12-E20", position, 2, "")
            else:
                hung[position] = parent
        for position in self._circles():
            self._report("X12-E20", position, 2, "")

    def _circles(self) -> Sequence[int]:
        """Levels that would stand below themselves, the last of each circle; taken out of `hung`, which opens the circle.

        Each level is passed once, however deep the levels stand: senders may write them in any order, and in bad faith.
        """
        hung, above, settled, found = self.hung, self.above, set[int](), []
        for position, _ in self._waiting:
            path: list[int] = []
            places: dict[int, int] = {}
            step: int | None = position
            while step is not None and step not in settled and step not in places:
                places[step] = len(path)
                path.append(step)
                step = hung.get(step, above[step]) or None
            settled.update(places)
            if step is not None and step in places:
                last = max(one for one in path[places[step] :] if one in hung)
                del hung[last]
                found.append(last)
        return found


def numbers(text: str, mark: str) -> tuple[str, str]:
    """HL01 and HL02 of a segment as text: every set numbers its levels alike, so most are taken apart once."""
    return _known_numbers(text, mark) if len(text) < _LONG else _numbers(text, mark)


def _numbers(text: str, mark: str) -> tuple[str, str]:
    values = text.split(mark, 3)
    size = len(values)
    return values[1] if size > 1 else "", values[2] if size > 2 else ""


_LONG = 40
_known_numbers = lru_cache(maxsize=4096)(_numbers)

"""The tree of a message of segments (X12, EDIFACT), made when somebody first asks for it: what was read waits as it came.

A message is checked without its tree. Who only wants the verdict (a first pass, `udihub check`, a message that is refused anyway)
never pays for records; who maps it pays once, and finds the same tree as if it had been there all the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from data_contracts.source import NO_CHILDREN, SegmentRecord, SourceRecord

FIRST = 2
"""Position of the first segment behind the one that opens the message."""

_POSITION = attrgetter("position")
_NONE: Mapping[int, int] = {}


Stepped = Any
"""A tuple of a grammar's walk: the place of a segment, its tag, the depth of its loop, and what is special about it, null for most
(whether it opens a loop, whether it does so again, what is wrong with its place, whether its elements are sound).
"""


class _Misplaced(NamedTuple):
    """A segment that could not stand where it stood."""

    tag: str
    depth: int
    """Of the loop to which it is shown."""


class Kept:
    """What was read of a message: parallel lists in the order of its segments, and what few of them have beside."""

    __slots__ = ("_cleaned", "_misplaced", "above", "depth", "hung", "lines", "steps", "texts")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        """Of the deepest loop of the grammar."""
        self.texts: list[str] = []
        self.lines: list[int] = []
        self.steps: list[Stepped | None] = []
        """Null where the segment is misplaced; such a one is in the tree only if `misplace` noted it."""
        self._misplaced: dict[int, _Misplaced] | None = None
        self._cleaned: dict[int, list[str]] | None = None
        self.above = self.hung = _NONE
        """Position of the level (HL, CPS) above each level, 0 where there is none; the same of those that came before that one."""

    def take(self, texts: list[str], lines: Sequence[int]) -> None:
        """The next segments as they came, each with its line; those of no text have no step."""
        if len(self.texts) + len(texts) != len(self.steps):
            lines = [line for line, text in zip(lines, texts, strict=True) if text]
            texts = [text for text in texts if text]
        self.texts += texts
        self.lines += lines

    def misplace(self, position: int, tag: str, depth: int, elements: list[str]) -> None:
        """Note a segment that is shown to a loop of this depth. The list itself is kept: who makes it storable later, does so here too."""
        self._misplaced = self._misplaced or {}
        self._misplaced[position] = _Misplaced(tag, depth)
        self.clean(position, elements)

    def clean(self, position: int, elements: list[str]) -> None:
        """Note the elements of a segment as they can be stored."""
        self._cleaned = self._cleaned or {}
        self._cleaned[position] = elements

    def build(self, root: SourceRecord) -> None:
        """Hang the records of the message below the one that opens it."""
        records, levels, position = [root] * (self.depth + 1), dict[int, SourceRecord](), FIRST - 1
        misplaced, cleaned, above = self._misplaced or {}, self._cleaned or {}, self.above
        for text, line, step in zip(self.texts, self.lines, self.steps, strict=True):
            position += 1
            if step is None:
                odd = misplaced.get(position)
                if odd is None:  # one of too many, of which nothing was noted
                    continue
                parent = records[odd.depth]
                parent.children.append(SourceRecord(odd.tag, cleaned[position], position, parent, line))
                continue
            record = SegmentRecord()
            record.tag = step[1]
            record.held = text
            record.position = position
            record.line = line
            special = step[3]
            if special is None:
                record.children = NO_CHILDREN
                record.parent = parent = records[step[2]]
            else:
                if special[0]:
                    depth = step[2]
                    parent = records[depth - 1]
                    if position in above:
                        levels[position] = record
                        parent = levels.get(above[position], parent)
                    record.children = []
                    record.parent = parent
                    records[depth] = record
                else:
                    record.children = NO_CHILDREN
                    record.parent = parent = records[step[2]]
                if not special[3]:
                    record.values = cleaned[position]
            parent.children.append(record)
        if self.hung:
            _hang_late(levels, self.hung)


class PendingRoot(SourceRecord):
    """The segment that opens a message: a plain record as soon as its children were asked for."""

    __slots__ = ()
    held: Kept

    def __init__(self, tag: str, values: Sequence[str], line: int, kept: Kept) -> None:
        self.tag, self.values, self.position, self.parent, self.line, self.held = tag, values, 1, None, line, kept

    if TYPE_CHECKING:
        children: list[SourceRecord]
    else:

        @property
        def children(self) -> list[SourceRecord]:
            """The segments and loops of the message."""
            kept = self.held
            self._become_plain([])
            kept.build(self)
            return self.children

        @children.setter
        def children(self, children: list[SourceRecord]) -> None:
            self._become_plain(children)

    def _become_plain(self, children: list[SourceRecord]) -> None:
        plain: SourceRecord = self
        plain.__class__ = SourceRecord
        plain.held = None  # type: ignore[attr-defined]  # a slot that plain records leave empty
        plain.children = children

    def release(self) -> None:
        """Nothing to take apart: there is no tree yet."""
        self._become_plain(NO_CHILDREN)


def _hang_late(levels: Mapping[int, SourceRecord], hung: Mapping[int, int]) -> None:
    """Move the levels that came before their parents to where they belong, in document order."""
    leave: dict[int, SourceRecord] = {}
    gain: dict[int, SourceRecord] = {}
    for position, above in hung.items():
        record, parent = levels[position], levels[above]
        if record.parent is not None:
            leave[id(record.parent)] = record.parent
        record.parent = gain[above] = parent
    for old in leave.values():
        old.children = [child for child in old.children if child.parent is old]
    for position, above in hung.items():
        levels[above].children.append(levels[position])
    for parent in gain.values():
        parent.children.sort(key=_POSITION)

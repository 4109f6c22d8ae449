"""Writes one set from its tree: segments and loops in the grammar's order, HL numbers, line counts, ST to SE.

A grammar is made ready once, so that the place of a record is a look-up by its tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from connectors.formats.x12.grammar import Grammar, HashTotal, LoopUse, SegmentUse, envelope_segment
from connectors.formats.x12.segment_text import Syntax, line
from connectors.formats.x12.totals import hash_total
from data_contracts.source import SourceRecord

_index = itemgetter(0)


@dataclass(frozen=True, slots=True)
class WrittenSet:
    """A set that still wants its number."""

    _header: SegmentUse
    _opening: tuple[str, ...]
    """ST01 and what follows ST02."""
    _lines: Sequence[str]
    _syntax: Syntax

    def numbered(self, control: str) -> list[str]:
        """The segments from ST to SE. Raises ValueError for an ST that cannot be carried."""
        message, *rest = self._opening
        closing = self._syntax.element.join(("SE", str(len(self._lines) + 2), control))
        return [line(self._header, ["ST", message, control, *rest], message, self._syntax), *self._lines, closing]


def write_set(grammar: Grammar, root: SourceRecord, version: str, syntax: Syntax, hashed: bool = False) -> WrittenSet:
    """The segments of a set; `hashed`: with a hash total, where its grammar knows of what. Raises ValueError for a segment that it has
    no place for and for data that cannot be carried.
    """
    header = envelope_segment("ST", version)
    opening = (grammar.message, *list(root.values)[3:]) if root.tag == "ST" and len(header.elements) > 2 else (grammar.message,)
    children, totals = root.children, grammar.totals
    if totals is not None and not any(child.tag == totals.segment for child in children):
        children = [*children, SourceRecord(totals.segment, [totals.segment], 0)]
    if hashed and totals is not None and grammar.hash_total is not None:
        children = [_hashed(grammar.hash_total, child, children) if child.tag == totals.segment else child for child in children]
    places = _places(grammar)
    lines = _quickly(grammar, places, children, syntax)
    if lines is None:
        careful = _SetWriter(grammar, syntax)
        careful.body(places, children)
        lines = careful.lines
    return WrittenSet(header, opening, lines, syntax)


def _hashed(hashed: HashTotal, record: SourceRecord, children: Sequence[SourceRecord]) -> SourceRecord:
    """The totals of a set with the sum of its quantities; one that the tree states stays."""
    values = [*record.values, *[""] * (hashed.element + 1 - len(record.values))]
    if not values[hashed.element]:
        values[hashed.element] = hash_total(children, hashed) or ""
    done = SourceRecord(record.tag, values, record.position)
    done.children.extend(record.children)
    return done


def _quickly(grammar: Grammar, places: _Places, children: Sequence[SourceRecord], syntax: Syntax) -> list[str] | None:
    """The segments between ST and SE, joined without a look at each and then looked at together; null where one is to be looked at."""
    writer = _QuickSetWriter(grammar, syntax)
    try:
        writer.body(places, children)
        text = "".join(writer.lines)
    except (TypeError, ValueError):  # a value that is no text, a segment without a place: what is wrong is told by who looks closely
        return None
    if (
        not (text.isascii() and text.isprintable())
        or text.count(syntax.element) != writer.marks
        or syntax.segment in text
        or syntax.component in text
        or (syntax.repetition and syntax.repetition in text)
    ):
        return None
    return writer.lines


class _Places:
    """What stands where in a set or a loop."""

    __slots__ = ("_qualified", "_where", "by_tag", "inner", "plain_sizes", "uses")

    def __init__(self, body: Sequence[SegmentUse | LoopUse], where: str) -> None:
        self.uses = [use if isinstance(use, SegmentUse) else use.first for use in body]
        """The segment of each place, or the one that opens its loop."""
        self.inner = [_Places(use.body[1:], where) if isinstance(use, LoopUse) else None for use in body]
        """What follows it in its loop; null where it opens none."""
        self.plain_sizes = [len(use.elements) if inner is None else 0 for use, inner in zip(self.uses, self.inner, strict=True)]
        """Elements that its segment has at most, where it opens no loop; else 0."""
        self.by_tag: dict[str, int] = {}
        """The place of a tag; those of which there are several by a qualifier are below zero."""
        self._where = where
        self._qualified: dict[str, list[tuple[int, int, str]]] = {}
        for index, use in enumerate(body):
            tag = self.uses[index].id
            if isinstance(use, LoopUse) and use.qualifier is not None:
                self._qualified.setdefault(tag, []).append((index, *use.qualifier))
            else:
                self.by_tag.setdefault(tag, index)
        for tag in self._qualified:
            self.by_tag[tag] = -1 - self.by_tag.get(tag, len(body))

    def of(self, record: SourceRecord) -> int:
        """Index of the place that takes this record; a loop with a matching qualifier wins over one without."""
        index = self.by_tag.get(record.tag)
        if index is not None and index < 0:
            for place, element, value in self._qualified[record.tag]:
                if list(record.values)[element : element + 1] == [value]:
                    return place
            index = -1 - index if -1 - index < len(self.uses) else None
        if index is None:
            raise ValueError(f"{self._where}: no place for segment {record.tag} here")
        return index


_KEPT = 128
_ready: dict[str, _Places] = {}


def _places(grammar: Grammar) -> _Places:
    """The grammar made ready, kept for the next set; the cache is bounded."""
    places = _ready.get(grammar.hash)
    if places is None:
        if len(_ready) >= _KEPT:
            _ready.clear()
        places = _ready[grammar.hash] = _Places(grammar.body, f"{grammar.message} {grammar.version}")
    return places


class _SetWriter:
    """One set while it is written: `lines` grow, levels and lines are counted."""

    def __init__(self, grammar: Grammar, syntax: Syntax) -> None:
        self.lines: list[str] = []
        self._message, self._hierarchy, self._totals = grammar.message, grammar.hierarchy, grammar.totals
        self._syntax = syntax
        self._level = self._count = 0

    def body(self, places: _Places, children: Sequence[SourceRecord]) -> None:
        """Segments and loops below each other, in the grammar's order."""
        by_tag, placed, last, in_order = places.by_tag, [], -1, True
        for child in children:
            index = by_tag.get(child.tag, -1)
            if index < 0:
                index = places.of(child)
            in_order = in_order and index >= last
            last = index
            placed.append((index, child))
        if not in_order:
            placed.sort(key=_index)
        for index, child in placed:
            use, inner = places.uses[index], places.inner[index]
            if inner is None:
                if child.children:
                    below = child.children[0].tag
                    raise ValueError(f"{self._message}: segment {child.tag} opens no loop here and cannot hold {below}")
                text = self._segment(use, child.values)
                if text != child.tag:
                    self.lines.append(text)
            elif use.id == "HL" and self._hierarchy:
                self._level_of(use, inner, child, "")
            else:
                self.lines.append(self._segment(use, child.values))
                if child.children:
                    self.body(inner, child.children)

    def _level_of(self, use: SegmentUse, inner: _Places, record: SourceRecord, parent: str) -> None:
        """An HL with its numbers, what belongs to it and the levels below it."""
        children = record.children
        below = [child for child in children if child.tag == "HL"]
        self._level += 1
        number = str(self._level)
        values: Any = record.values
        level = values[3] if len(values) > 3 else ""
        self.lines.append(self._heading(use, number, parent, level, "1" if below else "0"))
        self.body(inner, [child for child in children if child.tag != "HL"] if below else children)
        for child in below:
            self._level_of(use, inner, child, number)

    def _heading(self, use: SegmentUse, number: str, parent: str, level: str, has_below: str) -> str:
        return self._segment(use, ["HL", number, parent, level, has_below])

    def _segment(self, use: SegmentUse, values: Any) -> str:
        return line(use, self._counting(use.id, values), self._message, self._syntax)

    def _counting(self, tag: str, values: Any) -> Any:
        """The values of a segment, which are changed where the segment tells a total."""
        totals = self._totals
        if totals is not None:
            if tag == totals.of:
                self._count += 1
            if tag == totals.segment:
                values = [*values, *[""] * (totals.element + 1 - len(values))]
                values[totals.element] = str(self._count)
        return values


class _QuickSetWriter(_SetWriter):
    """The same, trusting what the values hold; `marks` says how many separators there must be."""

    def __init__(self, grammar: Grammar, syntax: Syntax) -> None:
        super().__init__(grammar, syntax)
        self.marks = 0
        self._mark = syntax.element
        self._special = frozenset((grammar.totals.of, grammar.totals.segment)) if grammar.totals is not None else frozenset()
        self._counts_levels = "HL" in self._special

    def body(self, places: _Places, children: Sequence[SourceRecord]) -> None:
        """The same, taking the segments as they stand; where that is not the grammar's order they are written again in it."""
        self._quick(places, children, None)

    def _quick(self, places: _Places, children: Sequence[SourceRecord], below: list[SourceRecord] | None) -> None:
        """`below`: takes the levels below the one at hand; null where an HL is a level of the set itself."""
        mark, lines, special, by_tag, plain_sizes = self._mark, self.lines, self._special, places.by_tag, places.plain_sizes
        before, at, marks = (len(lines), self.marks, self._count, self._level), 0, 0
        for child in children:
            tag = child.tag
            index = by_tag.get(tag, -1)
            if index < at:  # a level below, out of order, without a place, or one of several
                if below is not None and tag == "HL":
                    below.append(child)
                    continue
                size, self.marks, self._count, self._level = before
                del lines[size:]
                if below is not None:
                    below[:] = [child for child in children if child.tag == "HL"]
                    children = [child for child in children if child.tag != "HL"]
                super().body(places, children)
                return
            at = index
            values: Any = child.values
            last = len(values) - 1
            if 0 < last <= plain_sizes[index] and values[last] and values[0] == tag not in special and not child.children:
                marks += last
                lines.append(mark.join(values))
            elif (inner := places.inner[index]) is None:
                super().body(places, (child,))
            elif tag == "HL" and self._hierarchy:
                self._level_of(places.uses[index], inner, child, "")
            else:
                lines.append(self._segment(places.uses[index], values))
                if child.children:
                    self.body(inner, child.children)
        self.marks += marks

    def _level_of(self, use: SegmentUse, inner: _Places, record: SourceRecord, parent: str) -> None:
        """The same in one pass: the heading comes when it is known whether there are levels below."""
        self._level += 1
        number = str(self._level)
        values: Any = record.values
        lines = self.lines
        below: list[SourceRecord] = []
        at = len(lines)
        lines.append("")
        if self._counts_levels:
            self._count += 1
        self._quick(inner, record.children, below)
        self.marks += 4
        lines[at] = self._mark.join(("HL", number, parent, values[3] if len(values) > 3 else "", "1" if below else "0"))
        for child in below:
            self._level_of(use, inner, child, number)

    def _segment(self, use: SegmentUse, values: Any) -> str:
        tag = use.id
        if tag in self._special:
            values = self._counting(tag, values)
        last = len(values) - 1
        if last > 0 and values[last] and last <= len(use.elements) and values[0] == tag:
            self.marks += last
            return self._mark.join(values)
        text = line(use, values, self._message, self._syntax)
        self.marks += text.count(self._mark)
        return text

"""Packing levels of a despatch: CPS segments that name each other and so nest, pallet over carton over goods.

On the wire they stand one after another: 7164 numbers a level, 7166 names the level that holds it. In a tree the inner level hangs below
the outer, so that a mapping finds the pallet above the carton; on writing the nesting gives the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count

from connectors.formats.edifact.separators import ELEMENT
from data_contracts.source import SourceRecord

DEEPEST = 32
"""Levels that nest at most: a chain of ten thousand is nobody's despatch."""

_PLAIN = 8
"""Levels within each other that are taken as they come; deeper ones are looked at with care."""


def levels_above(levels: Sequence[tuple[int, str]]) -> dict[int, int] | None:
    """The position of the level above each level, 0 where it names none, from their positions and texts in order; null where that is not
    plain to see, because a level is named before it comes, never comes, has the number of another, or lies deeper than goods are packed.
    """
    above: dict[int, int] = {}
    numbered: dict[str, tuple[int, int]] = {"": (0, 0)}
    for position, text in levels:
        own, upper = _known_numbers(text) if len(text) < _LONG else _numbers(text)
        if own in numbered or upper not in numbered:
            return None
        holder, depth = numbered[upper]
        if depth > _PLAIN:
            return None
        above[position], numbered[own] = holder, (position, depth + 1)
    return above


def nest(root: SourceRecord, tag: str) -> list[tuple[SourceRecord, str]]:
    """Hang each level of the message below the one it names; what comes back are levels with a name that no level has."""
    levels: dict[str, SourceRecord] = {}
    naming: list[tuple[SourceRecord, str]] = []
    for record in root.children:
        if record.tag != tag:
            continue
        own, above = _said(record, 1), _said(record, 2)
        levels.setdefault(own, record)
        if above:
            naming.append((record, above))
    if len(levels) < 2 or not naming:
        return naming
    strays: list[tuple[SourceRecord, str]] = []
    moved = False
    for record, above in naming:
        holder = levels.get(above)
        if holder is None or holder is record or (holder.parent is not root and _lies_in(holder, record)):
            strays.append((record, above))
            continue
        record.parent = holder
        holder.children.append(record)
        moved = True
    if moved:
        root.children = [record for record in root.children if record.parent is root]
    return strays


def _numbers(text: str) -> tuple[str, str]:
    """The level's own number and that of the one above it, of a segment as text: every message numbers its levels alike."""
    values = text.split(ELEMENT, 3)
    size = len(values)
    return values[1].strip() if size > 1 else "", values[2].strip() if size > 2 else ""


_LONG = 40
_known_numbers = lru_cache(maxsize=4096)(_numbers)


def flat(children: Sequence[SourceRecord], tag: str) -> list[SourceRecord]:
    """The records of a message with its levels one after another, numbered; numbers that the tree states for all of them are kept."""
    stated = [_said(record, 1) for top in children for record in _levels(top, tag)]
    kept = all(stated) and len(set(stated)) == len(stated)
    out: list[SourceRecord] = []
    numbers = None if kept else count(1)
    for record in children:
        _flatten(record, tag, "", numbers, out)
    return out


def _flatten(record: SourceRecord, tag: str, above: str, numbers: Iterator[int] | None, out: list[SourceRecord]) -> None:
    """Add the record and what is nested in it; `numbers` are those to give, null where the stated ones are kept."""
    if record.tag != tag:
        out.append(record)
        return
    number = _said(record, 1) if numbers is None else str(next(numbers))
    values = [*record.values, "", "", ""][: max(len(record.values), 3)]
    values[1], values[2] = number, above or (_said(record, 2) if numbers is None else "")
    level = SourceRecord(tag, values, record.position, record.parent, record.line)
    level.children = [child for child in record.children if child.tag != tag]
    out.append(level)
    for child in record.children:
        if child.tag == tag:
            _flatten(child, tag, number, numbers, out)


def _levels(record: SourceRecord, tag: str) -> Iterator[SourceRecord]:
    if record.tag == tag:
        yield record
        for child in record.children:
            yield from _levels(child, tag)


def _said(record: SourceRecord, number: int) -> str:
    values = list(record.values)
    return values[number].strip() if number < len(values) else ""


def _lies_in(record: SourceRecord, top: SourceRecord) -> bool:
    """Whether a record is the other or below it, so that hanging the other there would close a circle; too deep counts as much."""
    here: SourceRecord | None = record
    for _ in range(DEEPEST):
        if here is None:
            return False
        if here is top:
            return True
        here = here.parent
    return True

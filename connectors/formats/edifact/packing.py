"""Packing levels of a despatch: CPS segments that name each other and so nest, pallet over carton over goods.

On the wire they stand one after another: 7164 numbers a level, 7166 names the level that holds it. In a tree the inner level hangs below
the outer, so that a mapping finds the pallet above the carton; on writing the nesting gives the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import NamedTuple

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


class Misfits(NamedTuple):
    """Levels that cannot stand as they say, each with the number that is wrong."""

    strays: Sequence[tuple[SourceRecord, str]]
    """They name a level above that no level is, or lie deeper than goods are packed; they stay at the top."""
    circles: Sequence[tuple[SourceRecord, str]]
    """They name themselves, or a level that lies in them; they stay at the top."""
    twins: Sequence[tuple[SourceRecord, str]]
    """They have the number of a level before them: nobody can tell in which of the two lies what names it."""


def nest(root: SourceRecord, tag: str) -> Misfits:
    """Hang each level of the message below the one it names; what comes back are those that do not fit."""
    levels: dict[str, SourceRecord] = {}
    naming: list[tuple[SourceRecord, str]] = []
    twins: list[tuple[SourceRecord, str]] = []
    for record in root.children:
        if record.tag != tag:
            continue
        own, above = _said(record, 1), _said(record, 2)
        if own and levels.setdefault(own, record) is not record:
            twins.append((record, own))
        if above:
            naming.append((record, above))
    strays: list[tuple[SourceRecord, str]] = []
    circles: list[tuple[SourceRecord, str]] = []
    moved = False
    doubtful = {number for _, number in twins}
    for record, above in naming:
        if above in doubtful:  # told at the second of them; at the top it says no wrong pallet
            continue
        holder = levels.get(above)
        within = holder is record or (holder is not None and holder.parent is not root and _lies_in(holder, record))
        if holder is None or within is None:
            strays.append((record, above))
            continue
        if within:
            circles.append((record, above))
            continue
        record.parent = holder
        holder.children.append(record)
        moved = True
    if moved:
        root.children = [record for record in root.children if record.parent is root]
    return Misfits(strays, circles, twins)


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


def _lies_in(record: SourceRecord, top: SourceRecord) -> bool | None:
    """Whether a record is the other or below it, so that hanging the other there would close a circle; null where it lies too deep."""
    here: SourceRecord | None = record
    for _ in range(DEEPEST):
        if here is None:
            return False
        if here is top:
            return True
        here = here.parent
    return None

"""How many records stand beside each other of one name, and of segments with one code: what `[#=1]` asks of a path.

A document may hold thousands of them, each of which asks the same about its neighbours, so the counts of a long list are kept for the
next question, which nearly always is of the same list: one list, until another long one comes.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from data_contracts.source import SourceRecord

_FEW = 32
"""Siblings that are simply counted."""
_counted: tuple[list[SourceRecord], int, Counter[tuple[str, str | None]]] = ([], -1, Counter())


def alike(siblings: list[SourceRecord], tag: str, code: str | None, mark: str) -> int:
    """How many have this tag and, of segments, this code (null: whatever they say); `mark` parts the components of an element."""
    global _counted
    if len(siblings) <= _FEW:
        return sum(one.tag == tag and (code is None or code_of(one, mark) == code) for one in siblings)
    of, size, counts = _counted
    if of is not siblings or size != len(siblings):
        counts = Counter((one.tag, None) for one in siblings)
        counts.update((one.tag, code_of(one, mark)) for one in siblings if one.values.__class__ is list)
        _counted = (siblings, len(siblings), counts)
    return counts[tag, code]


def code_of(segment: SourceRecord, mark: str) -> str:
    """What element 01 begins with, which tells segments of one name apart."""
    values: Any = segment.values
    return values[1].partition(mark)[0] if len(values) > 1 else ""

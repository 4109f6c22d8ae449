"""Four times the records cost about four times the work, whichever record comes again: what every element of a list asks of its siblings
or of what stands above it would otherwise cost seconds where a document has thousands.

Work is counted in calls, which are the same on every machine.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from data_contracts.source import SourceRecord
from mappings.engine import Context
from tests.mappings import shipped
from tests.mappings.samples import sample

FEW, MANY = 40, 160
MOST = 1.4 * MANY / FEW
"""The work of four times the records, to that of the records: sorting and growing lists cost a little more than their length."""


def copied(record: SourceRecord, parent: SourceRecord | None) -> SourceRecord:
    """A tree of its own."""
    new = SourceRecord(record.tag, copy.copy(record.values), record.position, parent, record.line)
    new.children = [copied(child, new) for child in record.children]
    return new


def grown(root: SourceRecord, at: tuple[int, ...], times: int) -> SourceRecord:
    """The tree with the record at these indices so many times over."""
    new = copied(root, None)
    parent = new
    for index in at[:-1]:
        parent = parent.children[index]
    again = parent.children[at[-1]]
    parent.children[at[-1] : at[-1]] = [copied(again, parent) for _ in range(times - 1)]
    for position, record in enumerate(new.walk(), 1):
        record.position = position
    return new


def places(record: SourceRecord, at: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """The first record of each tag below each record, by indices."""
    seen = set()
    for index, child in enumerate(record.children):
        if child.tag not in seen:
            seen.add(child.tag)
            yield (*at, index)
            yield from places(child, (*at, index))


def calls(name: str, root: SourceRecord) -> int:
    """How many calls of functions reading a document and telling its losses takes."""
    mapping = shipped.load(name)
    count = 0

    def heard(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(heard)
    try:
        mapped = mapping.read(root, Context(components=":", currency="CNY"))
        mapping.unmapped(root, mapped)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", shipped.reading())
def test_four_times_the_records_are_four_times_the_work(name: str) -> None:
    root = sample(name)
    calls(name, copied(root, None))  # what is made when it is first asked for
    base = calls(name, copied(root, None))
    steep = {}
    for at in places(root):
        few, many = (calls(name, grown(root, at, times)) - base for times in (FEW, MANY))
        if many > MOST * max(few, 50):
            steep[at] = (few, many)
    assert not steep

"""Four times the records cost about four times the work, whichever record comes again: what every element of a list asks of its siblings
or of what stands above it would otherwise cost seconds where a document has thousands.

Work is counted in calls, which are the same on every machine.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from data_contracts.source import SourceRecord
from mappings.engine import Context
from tests.mappings import shipped
from tests.mappings.samples import sample

CONTEXT = Context(time_zone="Asia/Shanghai", components=":", currency="CNY", sent="20261122 0830")
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


def calls(work: Callable[[], object]) -> int:
    """How many calls of functions it takes."""
    count = 0

    def heard(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(heard)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def read(name: str, root: SourceRecord) -> None:
    """Read a document, and look for what is lost of it."""
    mapping = shipped.load(name)
    mapping.unmapped(root, mapping.read(root, CONTEXT))


def lists(entity: dict[str, Any], at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every list that has something, and those in its first element."""
    for name, member in entity.items():
        if isinstance(member, list) and member:
            yield (*at, name)
            if isinstance(member[0], dict):
                yield from lists(member[0], (*at, name, 0))
        elif isinstance(member, dict):
            yield from lists(member, (*at, name))


def lengthened(entity: dict[str, Any], at: tuple[str | int, ...], times: int) -> dict[str, Any]:
    """The entity with the first element of a list so many times over."""
    new = copy.deepcopy(entity)
    holder: Any = new
    for name in at:
        holder = holder[name]
    holder[:1] = [copy.deepcopy(holder[0]) for _ in range(times)]
    return new


@pytest.mark.parametrize("name", shipped.reading())
def test_four_times_the_records_are_four_times_the_work(name: str) -> None:
    root = sample(name)
    read(name, copied(root, None))  # what is made when it is first asked for
    base = calls(lambda: read(name, copied(root, None))) - calls(lambda: copied(root, None))
    steep = {}
    for at in places(root):
        trees = grown(root, at, FEW), grown(root, at, MANY)
        few, many = (calls(partial(read, name, tree)) - base for tree in trees)
        if many > MOST * max(few, 50):
            steep[at] = (few, many)
    assert not steep


@pytest.mark.parametrize("name", [name for name in shipped.writing() if name in shipped.reading()])
def test_four_times_the_elements_are_four_times_the_work(name: str) -> None:
    mapping = shipped.load(name)
    entity = mapping.read(sample(name), CONTEXT).entity
    assert entity is not None
    mapping.write(entity, CONTEXT)
    base = calls(lambda: mapping.write(entity, CONTEXT))
    steep = {}
    for at in lists(entity):
        few, many = (calls(partial(mapping.write, lengthened(entity, at, times), CONTEXT)) - base for times in (FEW, MANY))
        if many > MOST * max(few, 50):
            steep[at] = (few, many)
    assert not steep

"""One pass over a record's children that finds everything the rows of a scope will ask for.

Each distinct way to a record (`REF[01=LT]`, `N1[01=ST]/N4`, `^HL[03=O]/PRF`, `/BAK`) gets a slot. Gathering walks the children once
and puts the first record that matches into its slot; rows then only look into slots. Ancestors are resolved once for all lines
under the same parent, and what stands below an ancestor once for all parents under it. Repeats of a slot are kept beside
(`found[REPEATS]`) for the slow way, which a getter takes only when its first record lacks the value and there are repeats on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from data_contracts.source import SourceRecord
from mappings.path import COMPONENT_MARK, Component, Condition, Key, Step

RECORD, REPEATS, COUNTER, SHARED = 0, 1, 2, 3
"""Slots of the record at hand, of the repeats by slot (or null), of the element's number in its list, and of what was found above the
record for all that stand beside it (null where this record itself is one of those looked for above)."""

Found = list[Any]
# int: slot of the only step with this tag; tuple: (element, whether its first component decides, {qualifier: slots}, slots under any
# other); list: [(step, slot)] in general.
Entry = int | tuple[int, bool, dict[str, tuple[int, ...]], tuple[int, ...]] | list[tuple[Step, int]]
Nested = tuple[int, dict[str, Entry], tuple[Any, ...]]
Cache = dict[int | tuple[int, int], Found]
"""What the elements of a list share within a message: what was found above a parent, by its `id`, and below a record above, by slot and
`id`."""


def fill(found: Found, children: list[SourceRecord], entries: Mapping[str, Any]) -> None:
    """Put the children that some step matches into their slots."""
    for child in children:
        entry = entries.get(child.tag)
        if entry is None:
            continue
        if entry.__class__ is int:
            if found[entry] is None:
                found[entry] = child
            else:
                _again(found, entry, child)
        elif entry.__class__ is tuple:
            key, first, by_value, others = entry
            values: Any = child.values
            if key < len(values):
                text = values[key].partition(COMPONENT_MARK)[0] if first else values[key]
                slots = by_value.get(text) or by_value.get(text.strip(), others)
            else:
                slots = others
            for slot in slots:
                if found[slot] is None:
                    found[slot] = child
                else:
                    _again(found, slot, child)
        else:
            for step, slot in entry:
                if step.matches(child):
                    if found[slot] is None:
                        found[slot] = child
                    else:
                        _again(found, slot, child)


def fill_nested(found: Found, nested: tuple[Nested, ...]) -> None:
    """The same below the records that were found."""
    for slot, entries, deeper in nested:
        record = found[slot]
        if record is not None and record.children:
            fill(found, record.children, entries)
            if deeper:
                fill_nested(found, deeper)


def _slots_for(entry: Any, record: SourceRecord) -> Iterable[int]:
    """The slots of the steps that match a record of their tag."""
    if entry.__class__ is int:
        return (entry,)
    if entry.__class__ is tuple:
        key, first, by_value, others = entry
        values: Any = record.values
        slots: tuple[int, ...] = others
        if key < len(values):
            text = values[key].partition(COMPONENT_MARK)[0] if first else values[key]
            slots = by_value.get(text) or by_value.get(text.strip(), others)
        return slots
    return [slot for step, slot in entry if step.matches(record)]


def _again(found: Found, slot: Any, record: SourceRecord) -> None:
    repeats = found[REPEATS]
    if repeats is None:
        repeats = found[REPEATS] = {}
    repeats.setdefault(slot, []).append(record)


class _Table:
    """Slots by step while a scope is compiled."""

    def __init__(self) -> None:
        self.slots: dict[Step, tuple[int, _Table]] = {}

    def entries(self) -> dict[str, Entry]:
        by_tag: dict[str, list[tuple[Step, int]]] = {}
        for step, (slot, _) in self.slots.items():
            by_tag.setdefault(step.tag, []).append((step, slot))
        return {tag: _entry(steps) for tag, steps in by_tag.items()}

    def all_slots(self) -> Iterator[int]:
        for slot, table in self.slots.values():
            yield slot
            yield from table.all_slots()

    def nested(self) -> tuple[Nested, ...]:
        return tuple((slot, table.entries(), table.nested()) for slot, table in self.slots.values() if table.slots)


def _entry(steps: list[tuple[Step, int]]) -> Entry:
    if len(steps) == 1 and not steps[0][0].conditions:
        return steps[0][1]
    keys = {condition.key for step, _ in steps for condition in step.conditions}
    key = next(iter(keys)) if len(keys) == 1 else ""
    first = isinstance(key, Component) and key.component == 1
    if (first or isinstance(key, int)) and all(len(step.conditions) <= 1 for step, _ in steps):
        any_other = tuple(slot for step, slot in steps if not step.conditions)
        by_value: dict[str, tuple[int, ...]] = {}
        for step, slot in steps:
            for value in step.conditions[0].values if step.conditions else ():
                by_value[value] = (*by_value.get(value, any_other), slot)
        return (key.number if isinstance(key, Component) else int(key)), first, by_value, any_other
    return steps


class _Outside(NamedTuple):
    """A record above the one at hand that is looked for, and what is asked below it."""

    step: Step
    up: int
    """How many records further up from there."""
    slot: int
    entries: dict[str, Entry]
    nested: tuple[Nested, ...]
    slots: tuple[int, ...]
    """All of its slots, with those of pairs that are taken apart."""


_TOP = Step("top", "")


class Gatherer:
    """Slots of one scope: ask for them while rows are compiled, then `close`, then `gather` for every record."""

    def __init__(self, at: Step | None, composites: bool = False) -> None:
        """`composites`: components are parted by our own mark (EDIFACT), not by one that the document chooses."""
        self._at = at
        self.composites = composites
        self._size = SHARED + 1
        self._own = _Table()
        self._ancestors: dict[tuple[Step, int], tuple[int, _Table]] = {}
        """The nearest record above, and so many further up from there (`^CPS/..`)."""
        self._top: tuple[int, _Table] | None = None
        self._pairs: dict[tuple[int, int], int] = {}
        self._outside: set[int] = set()
        """Slots of records above the record at hand, and of those below them."""

    def slot(self, steps: tuple[Step, ...]) -> tuple[int, tuple[int, ...]] | None:
        """The slot of the record at the end of these steps, and all slots on the way; null when only the slow way leads there."""
        table, way, slot = self._own, [], RECORD
        for at, step in enumerate(steps):
            if step.same:
                return None
            if (step.axis == "ancestor" and at == 0) or (step.axis == "parent" and at and {one.axis for one in steps[1:at]} <= {"parent"}):
                if steps[0].axis != "ancestor":
                    return None
                above = (steps[0], at)
                slot, table = self._ancestors.setdefault(above, (self._next(above not in self._ancestors), _Table()))
            elif step.axis == "top" and at == 0:
                self._top = self._top or (self._next(True), _Table())
                slot, table = self._top
            elif step.axis == "child":
                if step not in table.slots:
                    table.slots[step] = (self._next(True), _Table())
                slot, table = table.slots[step]
            else:
                return None
            way.append(slot)
        if steps and steps[0].axis in ("ancestor", "top"):
            self._outside.update(way)
        return slot, tuple(way)

    def pairs_slot(self, slot: int, start: int) -> int:
        """Where the pairs of the record in `slot`, once taken apart, are kept."""
        if (slot, start) not in self._pairs:
            self._pairs[slot, start] = self._next(True)
        return self._pairs[slot, start]

    def is_outside(self, slot: int) -> bool:
        """Whether a slot holds what stands above the record at hand, so that what is made of it serves all records beside it."""
        return slot in self._outside

    def _next(self, take: bool) -> int:
        if take:
            self._size += 1
        return self._size - 1

    def close(self) -> None:
        """Freeze the tables; no slot is given out after this."""
        self._entries = self._own.entries()
        self._nested = self._own.nested()
        outer = [self._group(step, up, slot, table) for (step, up), (slot, table) in self._ancestors.items()]
        self._further = tuple(group for group in outer if group.up)
        self._by_slot = {group.slot: group for group in outer}
        above = _Table()
        above.slots = {step: own for (step, up), own in self._ancestors.items() if not up}
        self._above = above.entries()
        self._top_group = None if self._top is None else self._group(_TOP, 0, *self._top)
        self._selfish = tuple(group for group in outer if not _disjoint(group.step, self._at))
        self._has_outer = bool(outer) or self._top is not None
        self._blank: Found = [None] * self._size

    def _group(self, step: Step, up: int, slot: int, table: _Table) -> _Outside:
        slots = {slot, *table.all_slots()}
        slots.update(pairs for (of, _), pairs in self._pairs.items() if of in slots)
        return _Outside(step, up, slot, table.entries(), table.nested(), tuple(sorted(slots)))

    def gather(self, record: SourceRecord, counter: int, cache: Cache) -> Found:
        """The slots for this record. `cache` holds, for the message at hand, what its parents' descendants share."""
        if self._has_outer:
            base = cache.get(id(record.parent))
            if base is None:
                base = cache[id(record.parent)] = self._outward(record, cache)
            found = base.copy()
            found[SHARED] = base
            if found[REPEATS] is not None:
                found[REPEATS] = dict(found[REPEATS])
            for group in self._selfish:
                if group.step.matches(record):
                    found[SHARED] = None
                    self._take(found, group, record if group.up == 0 else _up(record, group.up), cache)
                    cache[-id(record)] = found  # no record's `id`: what was found is remembered beside what parents share
        else:
            found = self._blank.copy()
        found[RECORD] = record
        found[COUNTER] = counter
        fill(found, record.children, self._entries)
        if self._nested:
            fill_nested(found, self._nested)
        return found

    def _outward(self, record: SourceRecord, cache: Cache) -> Found:
        """Slots of ancestors above the record, and of the message's top."""
        found = self._blank.copy()
        if self._above:
            here = record.parent
            while here is not None:
                entry = self._above.get(here.tag)
                if entry is not None:
                    for slot in _slots_for(entry, here):
                        if found[slot] is None:
                            self._take(found, self._by_slot[slot], here, cache)
                here = here.parent
        for group in self._further:
            nearest = record.parent
            while nearest is not None and not group.step.matches(nearest):
                nearest = nearest.parent
            above = _up(nearest, group.up) if nearest is not None else None
            if above is not None:
                self._take(found, group, above, cache)
        if self._top_group is not None:
            top = record
            while top.parent is not None:
                top = top.parent
            self._take(found, self._top_group, top, cache)
        return found

    def _take(self, found: Found, group: _Outside, above: SourceRecord | None, cache: Cache) -> None:
        """Put a record above, and what is asked below it, into slots. Its children are walked once for all records that stand below it:
        the lines of a message all ask its top, which has as many children as there are lines."""
        slots = group.slots
        if len(slots) == 1:
            found[group.slot] = above
            return
        part = cache.get(key := (group.slot, id(above)))
        if part is None:
            part = cache[key] = self._blank.copy()
            part[group.slot] = above
            if above is not None:
                fill(part, above.children, group.entries)
                fill_nested(part, group.nested)
        repeats = found[REPEATS]
        for slot in slots:
            found[slot] = part[slot]
            if repeats is not None:
                repeats.pop(slot, None)
        if part[REPEATS] is not None:
            found[REPEATS] = {**(repeats or {}), **part[REPEATS]}


def _up(record: SourceRecord, levels: int) -> SourceRecord | None:
    here: SourceRecord | None = record
    for _ in range(levels):
        here = here.parent if here is not None else None
    return here


def _disjoint(ancestor: Step, at: Step | None) -> bool:
    """Whether a record at `at` can never be the ancestor that is looked for, so that looking at itself is spared."""
    if at is None:
        return False
    if ancestor.tag != at.tag:
        return True
    wanted: Mapping[Key, Condition] = {condition.key: condition for condition in ancestor.conditions}
    return any(condition.key in wanted and not set(condition.values) & set(wanted[condition.key].values) for condition in at.conditions)

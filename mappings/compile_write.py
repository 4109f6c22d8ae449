"""Writing, compiled: messages, lists and the levels above them, with the rows of `compile_rows.py`, as `compile.py` does for reading.

`write.py` says what writing means, row by row on the tree; this says the same faster, and a property test holds that both build equal
trees. What these closures are not made for (components, rows that change what a condition asks) they leave to the plain row. A value
that can't be said raises ValueError here, and the plain writer then tells what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from data_contracts.source import SourceRecord
from mappings.ancestors import Chain, Levels, member_of
from mappings.compile_rows import RowWriter, plain_row, row_writer
from mappings.levels import counting, counts, level_of, level_written
from mappings.path import Step
from mappings.plan import ORDINAL, Plan, Rule, Scope
from mappings.slots import Slots, Targets, maker, tags_that_hold
from mappings.write import Writer


def compile_writer(plan: Plan) -> Callable[[Mapping[str, Any], Writer], SourceRecord]:
    """The writer of whole entities. It raises ValueError for what can't be said."""
    scope, counts = _Scope(plan.root, plan.content.format, True, tags_that_hold(plan.root)), counting(plan.root)

    def write(entity: Mapping[str, Any], writer: Writer) -> SourceRecord:
        root = writer.start()
        scope.write(entity, scope.slots(root), writer, "")
        for rule in counts:
            writer.count(rule, entity, root)
        if writer.findings:
            raise ValueError("a plain row could not say its value")
        return root

    return write


class _Scope:
    """The rows of the message, or of one `each`."""

    def __init__(self, scope: Scope, format_name: str, new: bool, holding: frozenset[str]) -> None:
        """`new`: the record of each element is made for it, so that nothing hangs below it yet. `holding`: tags of records that may hold
        others.
        """
        rules = [rule for rule in scope.rules if rule.writes and not counts(rule)]
        targets = Targets(scope, rules, format_name, None, holding)
        if new:
            targets = Targets(scope, rules, format_name, [rule for rule in rules if row_writer(rule, targets) is None], holding)
        self._levelled = _by_level([rule for rule in rules if level_written(rule) in scope.within], targets, scope.within)
        own = [rule for rule in rules if level_written(rule) not in scope.within]
        self._own = _rows(own, targets, _flags(own, targets))
        self._inner = tuple((child.to, _elements(child, format_name, holding)) for child in scope.scopes if child.writes)
        self.level_slots = [targets.above(step) for step in scope.within]
        """Where the levels above an element are kept."""
        self._blank: Slots = [None] * targets.size

    def slots(self, record: SourceRecord) -> Slots:
        """Slots for one element, whose record is at hand."""
        slots = self._blank.copy()
        slots[0] = record
        return slots

    def levels(self, data: Mapping[str, Any], slots: Slots, writer: Writer, prefix: str, shared: int, before: Slots) -> None:
        """What the element says on its ancestors. On those that a neighbour shares, up to the level `shared`, it stands already:
        which rows said it is taken from the neighbour's slots, `before`.
        """
        for level, rows, flags in self._levelled:
            if level <= shared:
                for flag in flags:
                    slots[flag] = before[flag]
            else:
                for member, row in rows:
                    if member is None or member in data:
                        row(data, slots, writer, prefix)

    def write(self, data: Mapping[str, Any], slots: Slots, writer: Writer, prefix: str) -> None:
        """What it says on its own record and below, with the elements of its lists."""
        for member, row in self._own:
            if member is None or member in data:  # what an element does not have costs no call
                row(data, slots, writer, prefix)
        for to, elements in self._inner:
            if listed := data.get(to):
                elements(listed, slots[0], writer, f"{prefix}{to}")


# --- lists -------------------------------------------------------------------------------------------------------------
def _elements(scope: Scope, format_name: str, holding: frozenset[str]) -> Callable[[Sequence[Any], SourceRecord, Writer, str], None]:
    """Writes one record for each element of a list."""
    if scope.direction == "out" and scope.needs:  # some elements are passed over
        return lambda elements, record, writer, name: writer.elements(scope, elements, record, name)
    step = scope.made
    compiled = _Scope(scope, format_name, scope.at is not None and step is not None, holding)
    if scope.at is None or step is None:

        def on_the_same(elements: Sequence[Any], record: SourceRecord, writer: Writer, name: str) -> None:
            for number, element in enumerate(elements):
                writer.ordinal = number + 1
                compiled.write(element, compiled.slots(record), writer, f"{name}[{number}].")

        return on_the_same
    make, above = maker(step, format_name), scope.at.steps[:-1]
    if not scope.within:

        def below(elements: Sequence[Any], record: SourceRecord, writer: Writer, name: str) -> None:
            for number, element in enumerate(elements):
                writer.ordinal = number + 1
                holder = record
                for step in above:
                    holder = writer.reach(step, holder)
                made = make(holder)
                holder.children.append(made)
                compiled.write(element, compiled.slots(made), writer, f"{name}[{number}].")

        return below
    levels = Levels(scope, format_name)

    def below_levels(elements: Sequence[Any], record: SourceRecord, writer: Writer, name: str) -> None:
        chain = Chain()
        slots: Slots = []
        for number, element in enumerate(elements):
            prefix = f"{name}[{number}]."
            writer.ordinal = number + 1
            fresh: list[SourceRecord] = []
            holder, shared = levels.holder(element, record, chain, fresh, writer)
            made = make(holder)
            fresh.append(made)
            before, slots = slots, compiled.slots(made)
            for level_number, _, level in chain:
                slots[compiled.level_slots[level_number]] = level
            compiled.levels(element, slots, writer, prefix, shared, before)
            for level in fresh:  # below what was said on the level above, as the set has it
                level.parent.children.append(level)  # type: ignore[union-attr]  # each was made below one
            compiled.write(element, slots, writer, prefix)

    return below_levels


# --- rows --------------------------------------------------------------------------------------------------------------
_Flags = Mapping[tuple[str, ...], int]
_Rows = tuple[tuple[str | None, RowWriter], ...]
"""Rows, and the member without which each says nothing; null for one that speaks anyway."""
_NEVER_SHARED = 1 << 30


def _flags(rules: Sequence[Rule], targets: Targets) -> _Flags:
    """Where it is kept which of the rows that stand for each other has found its place."""
    aims = [rule.to for rule in rules if rule.row.direction != "out"]
    return {to: targets.flag() for to in aims if aims.count(to) > 1}


def _by_level(rules: Sequence[Rule], targets: Targets, within: Sequence[Step]) -> tuple[tuple[int, _Rows, tuple[int, ...]], ...]:
    """The rows on the levels above, in order: number of the level, rows and their flags. A row of which neighbours that share the
    level say the same is under its number, any other under one that nobody shares.
    """
    flags = _flags(rules, targets)

    def level_of_row(rule: Rule) -> int:
        level = level_written(rule)
        told = rule.to and rule.default is None and not rule.when and not rule.many and rule.row.direction != "out"
        if not rule.to and rule.const != ORDINAL:  # a fixed text of a level, which asks for nothing but that level
            told = all(level_of(path) == level for path in (*rule.paths, *(when.path for when in rule.when)))
        return within.index(level) if told and row_writer(rule, targets) is not None else _NEVER_SHARED

    found = []
    for level, group in groupby(rules, key=level_of_row):
        members = list(group)
        found.append((level, _rows(members, targets, flags), tuple(flags[rule.to] for rule in members if rule.to in flags)))
    return tuple(found)


def _rows(rules: Sequence[Rule], targets: Targets, flags: _Flags) -> _Rows:
    """A closure for each row, with the member without which it says nothing; neighbours of the same party stand together in one."""
    compiled: list[tuple[tuple[str, ...], str | None, RowWriter]] = []
    for rule in rules:
        row, holder = row_writer(rule, targets), rule.to[:-1]
        if row is None:
            row, holder = plain_row(rule), ()
        if rule.to in flags and rule.row.direction != "out":
            row = _once(row, flags[rule.to])
        compiled.append((holder, rule.to[0] if rule.to and rule.default is None else None, row))
    rows: list[tuple[str | None, RowWriter]] = []
    for holder, group in groupby(compiled, key=itemgetter(0)):
        members = list(group)
        if holder:
            rows.append((holder[0], _party(holder, tuple(row for _, _, row in members))))
        else:
            rows.extend((member, row) for _, member, row in members)
    return tuple(rows)


def _party(holder: tuple[str, ...], members: tuple[RowWriter, ...]) -> RowWriter:
    find = member_of(holder)

    def row(data: Any, slots: Slots, writer: Writer, prefix: str) -> bool:
        party = find(data)
        if party is not None and (party.__class__ is dict or isinstance(party, Mapping)):
            for member in members:
                member(party, slots, writer, prefix)
        return True

    return row


def _once(row: RowWriter, flag: int) -> RowWriter:
    """Of rows that stand for each other the first that finds its place is written."""

    def once(data: Any, slots: Slots, writer: Writer, prefix: str) -> bool:
        if slots[flag] is None and row(data, slots, writer, prefix):
            slots[flag] = True
        return True

    return once

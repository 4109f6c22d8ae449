"""The levels above the elements of a list that is written: lines of one carton share its record, and those of one order the order's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from data_contracts.source import SourceRecord
from mappings.levels import level_of, level_written, levels_always_made
from mappings.path import SEGMENT_FORMATS, Step
from mappings.plan import Scope
from mappings.slots import maker
from mappings.write import Writer


class Chain(list[tuple[int, list[str | None], SourceRecord]]):
    """The ancestors of the element before, outermost first: number of the level, what each row says on it (null: nothing), its record."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []
        """What that element has of all that any level says."""


class Levels:
    """The levels above the elements of a list; neighbours share those of which the same is said."""

    def __init__(self, scope: Scope, format_name: str) -> None:
        rules = [rule for rule in scope.rules if rule.writes and rule.to]
        self._segments = format_name in SEGMENT_FORMATS
        self._levels = []
        self._always = levels_always_made(scope)
        for step in scope.within:
            said = tuple(
                (
                    rule.to[0],
                    member_of(rule.to) if len(rule.to) > 1 else None,
                    frozenset(level_of(when.path) for when in rule.when) & set(scope.within),
                )
                for rule in rules
                if rule.to and level_written(rule) == step
            )
            self._levels.append((step, maker(step, format_name), said))
        self._told = tuple({rule.to[0]: None for rule in rules if level_written(rule) in scope.within})
        """Members of which a level says something."""
        self._there = tuple((level_written(rule), member_of(rule.to)) for rule in rules if rule.to and not rule.when)

    def holder(
        self, element: Mapping[str, Any], record: SourceRecord, before: Chain, fresh: list[SourceRecord], writer: Writer
    ) -> tuple[SourceRecord, int]:
        """The innermost ancestor for this element, and the number of the last level that it shares with the one before, -1 for none;
        those that had to be made are in `fresh`, not yet hung up.
        """
        told = [element.get(member) for member in self._told]
        if before and told == before.told:  # as most lines of a carton
            return before[-1][2], before[-1][0]
        before.told = told
        depth, opening, shared = 0, not before, -1
        for number, (step, make, members) in enumerate(self._levels):
            said: list[str | None] = []
            silent = True
            for first, member, asked in members:
                value = element.get(first)
                if value is not None and member is not None:
                    value = member(element)
                if value is not None and not (asked and asked - self._levels_there(element)):
                    said.append(value if value.__class__ is str else str(value))
                    silent = False
                else:
                    said.append(None)
            if silent and number and self._segments and step not in self._always:
                continue  # an HL level that says nothing is left out; elements of named formats stand where they stand
            if depth < len(before) and before[depth][0] == number and before[depth][1] == said:
                record, shared = before[depth][2], number
            else:
                del before[depth:]
                if (number or not opening) and (members or self._segments):
                    record = make(record)
                    fresh.append(record)
                else:
                    record = writer.reach(step, record)
                before.append((number, said, record))
            depth += 1
        del before[depth:]
        return record, shared

    def _levels_there(self, element: Mapping[str, Any]) -> set[Step | None]:
        return {level for level, member in self._there if member(element) is not None}


def member_of(to: tuple[str, ...]) -> Callable[[Any], Any]:
    """The value of a member, null where it or what should hold it is absent."""
    if len(to) == 1:
        name = to[0]
        return lambda data: data.get(name)

    def member(data: Any) -> Any:
        for name in to:
            if data.__class__ is not dict and not isinstance(data, Mapping):  # the second question takes ten times as long
                return None
            data = data.get(name)
        return data

    return member

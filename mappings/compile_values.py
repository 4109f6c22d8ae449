"""Rows that take all values of a list, such as the serial numbers of one quantity, compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mappings.gather import RECORD, REPEATS, Found, Gatherer
from mappings.getters import Run
from mappings.path import COMPONENT_MARK, Name, Path, Step, locate
from mappings.plan import Rule
from mappings.refusals import refused, unknown_code

MOST_OF_A_LIST, MOST_OF_A_MESSAGE = 10_000, 100_000
"""Values that ranges may stand for (`S1` to `S9` is nine)."""


def values_reader(rule: Rule, gatherer: Gatherer) -> Callable[[Found, dict[str, Any], Run], None]:
    """The closure of a row that takes every value of its paths: they are looked for only when the first record is there."""
    key, convert, table = rule.to[-1], rule.function.read, rule.table
    paths = rule.paths
    several = len(paths) > 1
    ways = [(path, *_way(path, gatherer)) for path in paths]

    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        values: list[Any] = []
        seen: set[tuple[int, int | str, int | None]] = set()
        once = found[REPEATS] is None
        for path, way, end, own in ways:
            if way is not None and found[way] is None and not (own and own in found[RECORD].values):
                continue
            if once and end is not None and found[end] is None:
                continue  # the first record is there, and what the path leads to below it is not
            for place in locate(path, found[RECORD], run.context.components):
                if several:
                    at = (id(place.record), place.key, place.component)
                    if at in seen:
                        continue  # a wider path meets what a sharper one has taken
                    seen.add(at)
                if run.numbered > MOST_OF_A_MESSAGE and COMPONENT_MARK in place.text:
                    break  # it was said; nothing more is counted out
                try:
                    value = convert(place.text)
                except ValueError as error:
                    refused(rule, found[RECORD], place.text, error, run)
                    continue
                if table is not None:
                    value = table.inward.get(place.text) or table.inward.get(value)
                    value = value or unknown_code(rule, table, found[RECORD], place.text, run)
                if value.__class__ is tuple:  # a range of numbers
                    run.numbered += len(value) if len(value) > 1 else 0
                    if len(value) > 1 and (len(values) + len(value) > MOST_OF_A_LIST or run.numbered > MOST_OF_A_MESSAGE):
                        most = ValueError(f"ranges of at most {MOST_OF_A_LIST} numbers a list and {MOST_OF_A_MESSAGE} a message")
                        refused(rule, found[RECORD], place.text, most, run)
                        out[key] = values
                        return
                    values.extend(value)
                elif value is not None:
                    values.append(value)
        if values:
            out[key] = values

    return row


def _way(path: Path, gatherer: Gatherer) -> tuple[int | None, int | None, str]:
    """A slot that is filled whenever the path has a value, null where that can't be told; one that is filled then where no record comes
    again; and the name by which the record at hand may have it itself."""
    steps, own = path.steps, ""
    if isinstance(path.leaf, Name) and path.leaf.name and not steps:
        own = path.leaf.name
        steps = (Step("child", own),)
    slot = gatherer.slot(steps[:1])
    end = gatherer.slot(path.steps) if path.steps else None
    return (None if slot is None else slot[0]), (None if end is None else end[0]), own

"""Lines without a number among lines that state theirs.

Where no line states one, its place in the list is its number (`default: "@ordinal"`). Beside stated numbers that would be one that
another line has, or one that nobody can tell from the sender's: it takes the next that no line has, and that is told (MAP-15).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_contracts.findings import Finding
from mappings.context import place_of
from mappings.getters import MOST_FINDINGS, Run


def number_others(entity: dict[str, Any], run: Run) -> None:
    """Give the elements that state no number one that none of their list has, where others of it state theirs."""
    given = {id(element): (key, record) for element, key, record in run.unnumbered}
    for elements in _lists(entity):
        without = [element for element in elements if id(element) in given]
        if not without or len(without) == len(elements):
            continue
        key, record = given[id(without[0])]
        taken = {str(element.get(key, "")).lstrip("0") for element in elements if id(element) not in given}
        free = 0  # grows only, so that many lines are not each looked for from their own place
        for element in without:
            if element[key] in taken:
                free = max(free, int(element[key]))
                while str(free) in taken:
                    free += 1
                element[key] = str(free)
            taken.add(element[key])
        if len(run.ordinals) < MOST_FINDINGS:
            numbers = ", ".join(element[key] for element in without[:_SHOWN]) + (
                ", \N{HORIZONTAL ELLIPSIS}" if len(without) > _SHOWN else ""
            )
            run.ordinals.append(Finding("MAP-15", place_of(record), got=numbers, params={"to": key, "count": str(len(without))}))


_SHOWN = 10
"""Numbers that the finding names."""


def _lists(entity: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """All lists of elements in an entity."""
    for value in entity.values():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield value
            for element in value:
                yield from _lists(element)

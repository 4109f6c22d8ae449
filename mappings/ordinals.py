"""Lines without a number among lines that state theirs.

Where no line states one, its place in the list is its number (`default: "@ordinal"`). Beside stated numbers that would be one that
another line has, or one that nobody can tell from the sender's: it takes the next that no line has, and that is told (MAP-15).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_contracts.findings import Finding
from mappings.context import place_of
from mappings.getters import Run


def number_others(entity: dict[str, Any], run: Run) -> None:
    """Give the elements that state no number one that none of their list has, where others of it state theirs."""
    given = {id(element): (key, record) for element, key, record in run.unnumbered}
    for elements in _lists(entity):
        without = [element for element in elements if id(element) in given]
        if not without or len(without) == len(elements):
            continue
        key, record = given[id(without[0])]
        taken = {str(element.get(key, "")).lstrip("0") for element in elements if id(element) not in given}
        for element in without:
            number = int(element[key])
            while str(number) in taken:
                number += 1
            element[key] = str(number)
            taken.add(str(number))
        if not run.full():
            numbers = ", ".join(element[key] for element in without[:_SHOWN]) + (
                ", \N{HORIZONTAL ELLIPSIS}" if len(without) > _SHOWN else ""
            )
            run.findings.append(Finding("MAP-15", place_of(record), got=numbers, params={"to": key, "count": str(len(without))}))


_SHOWN = 10
"""Numbers that the finding names."""


def _lists(entity: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """All lists of elements in an entity."""
    for value in entity.values():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield value
            for element in value:
                yield from _lists(element)

"""What can still be read of a data contract that breaks the standard: the rest is judged all the same, so that all faults come at once.

Places stay where they are: what is cut out of a list leaves an entry that says nothing, so that the lines of what follows it are right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

NAMELESS = "?"
"""Begins the name of a column whose own can't be read, is the type of one whose type can't, and the property of such a service level."""
_SILENT_RULE = {"type": "text"}


def legible(document: Mapping[str, Any], faults: Iterable[tuple[str | int, ...]]) -> tuple[dict[str, Any], frozenset[str]]:
    """A copy without what is at fault, and the keys of the top that were cut out whole. `faults` are paths of the standard's errors."""
    kept: dict[str, Any] = deepcopy(dict(document))
    cut: set[str] = set()
    for path in faults:
        if not path:
            continue  # a key of the top is missing or unknown: the others are as they were
        top = str(path[0])
        if top == "schema" and _objects(kept) and len(path) > 1:
            _in_object(kept["schema"], path[1:])
        elif top == "slaProperties" and isinstance(kept.get(top), list) and len(path) > 1:
            kept[top][path[1]] = {"property": NAMELESS}
        elif kept.pop(top, None) is not None:
            cut.add(top)
    return kept, frozenset(cut)


def _objects(document: Mapping[str, Any]) -> bool:
    objects = document.get("schema")
    return isinstance(objects, list) and all(isinstance(one, dict) for one in objects)


def _in_object(objects: list[dict[str, Any]], path: tuple[str | int, ...]) -> None:
    """Cut a fault within `schema`: one rule, all of a column but its name, or one key of the dataset."""
    dataset = objects[int(path[0])]
    match path[1:]:
        case ("quality", int(index), *_) if isinstance(dataset.get("quality"), list):
            dataset["quality"][index] = dict(_SILENT_RULE)
        case ("properties", int(number), "quality", int(index), *_) if _listed(dataset, number):
            column = dataset["properties"][number]
            if isinstance(column.get("quality"), list):  # else the column was cut down already
                column["quality"][index] = dict(_SILENT_RULE)
        case ("properties", int(number), *inner) if isinstance(dataset.get("properties"), list):
            dataset["properties"][number] = _bare(dataset["properties"][number], number, inner)
        case ("properties", *_):
            dataset["properties"] = [{"name": NAMELESS}]
        case (str(key), *_):
            dataset.pop(key, None)
        case _:
            pass  # a key of the dataset is missing or unknown


def _listed(dataset: Mapping[str, Any], number: int) -> bool:
    return isinstance(dataset.get("properties"), list) and isinstance(dataset["properties"][number], dict)


def _bare(entry: Any, number: int, fault: Sequence[str | int]) -> dict[str, Any]:
    """A column of which no more is said than its name, its type and that it is a key; its rules stay."""
    if not isinstance(entry, dict):
        return {"name": f"{NAMELESS}{number}", "logicalType": NAMELESS}
    name, kind, key, rules = entry.get("name"), entry.get("logicalType", "string"), entry.get("primaryKey") is True, entry.get("quality")
    bare: dict[str, Any] = {"name": name if isinstance(name, str) else f"{NAMELESS}{number}", "primaryKey": key, "required": key}
    bare["logicalType"] = kind if isinstance(kind, str) and fault[:1] != ["logicalType"] else NAMELESS
    if isinstance(rules, list) and fault != ["quality"]:
        bare["quality"] = [one if isinstance(one, dict) else dict(_SILENT_RULE) for one in rules]
    return bare


__all__ = ["NAMELESS", "legible"]

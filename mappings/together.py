"""Texts of one function: where they stand, since a basis of one price is no basis of the price beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from data_contracts.source import SourceRecord
from mappings.path import Located, Name, Path, locate


def together(paths: Sequence[Path], record: SourceRecord, components: str = ":") -> list[Located | None]:
    """Where the texts of one function stand, by path: the first value of the first path, and of paths that go through its record what it
    says. A basis of one price is no basis of the price beside it."""
    first = next(locate(paths[0], record, components), None)
    found: list[Located | None] = [first]
    for path in paths[1:]:
        if first is not None and goes_through(paths[0], path):
            below = replace(path, steps=path.steps[len(paths[0].steps) :])
            found.append(next(locate(below, _holder(first, paths[0]), components), None))
        else:
            found.append(next(locate(path, record, components), None))
    return found


def goes_through(first: Path, other: Path) -> bool:
    """Whether a path leads through the record that holds the value of the first, so that both must be said by one."""
    return bool(first.steps) and other.steps[: len(first.steps)] == first.steps


def _holder(place: Located, path: Path) -> SourceRecord:
    """The record that a path's steps reached: a named value may stand in a child of it."""
    inside = isinstance(path.leaf, Name) and path.leaf.name and place.key == "" and place.record.tag == path.leaf.name
    return place.record.parent if inside and place.record.parent is not None else place.record

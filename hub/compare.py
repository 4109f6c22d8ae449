"""Holds what a file maps to against what it should: the test of a map that an engineer writes beside it.

    udihub map sample.json --partner acme --compare sample.expected.json

Of each difference is told which fact, what was expected, what was found, and where that comes from: place, text, row of the mapping.
Numbers are equal by value (`120` and `120.0`), times by moment, everything else by text. Documents are paired by their number where
each has one of its own, else in order. Of `entity` and `issued_at_source` only what is expected is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from connectors.spec import Profile
from data_contracts.errors import ConfigError
from data_contracts.findings import Place
from hub import pipeline
from hub.check import plain
from hub.examine import ExaminedMessage

_ASKED_ONLY = frozenset({"entity", "issued_at_source"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One member that is not as expected; null where it is not there at all."""

    path: str
    expected: Any
    got: Any
    document: int | None = None
    """Which of what was mapped it is in, from 0; null where that document was not mapped at all."""
    member: str = ""
    """The path within its document."""

    def as_json(self, origin: Source | None = None) -> dict[str, Any]:
        """The public shape."""
        known = None if origin is None else {**origin.place.as_json(), "raw": origin.raw, "row": origin.row, "mapping": origin.mapping}
        return {"path": self.path, "expected": self.expected, "got": self.got, "from": known}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a mapped value comes from: place and texts in the document, and the row of the mapping that made it."""

    place: Place
    raw: str
    row: str
    mapping: str


def source_of(difference: Difference, examined: ExaminedMessage, profile: Profile) -> Source | None:
    """Where the value that was found comes from; null where the document was not mapped or nothing of it says the value."""
    message, mapping = examined.message, examined.mapping
    if mapping is None or message.root is None:
        return None
    origin = mapping.trace(message.root, pipeline.context_of(message, profile)).get(_whole_path(difference.member, examined))
    if origin is None:
        return None
    place = origin.place if message.columns is None else message.columns.placed(origin.place)
    return Source(place, ", ".join(origin.values), origin.row, f"{mapping.name} version {mapping.version}")


def _whole_path(path: str, examined: ExaminedMessage) -> str:
    """The path as the mapping counts rows: those that were left out are counted too."""
    member, bracket, rest = path.partition("[")
    whole, kept = (examined.mapped or {}).get(member), (examined.entity or {}).get(member)
    index, _, inner = rest.partition("]")
    if not bracket or not isinstance(whole, list) or not isinstance(kept, list) or not index.isdigit() or int(index) >= len(kept):
        return path
    at = next((number for number, row in enumerate(whole) if row is kept[int(index)]), int(index))
    return f"{member}[{at}]{inner}"


def expected_entities(path: Path) -> list[dict[str, Any]]:
    """The records that a file expects: one JSON object, an array of them, or JSON lines. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable: {error}") from error
    try:
        value = json.loads(text, parse_float=Decimal)
        found = value if isinstance(value, list) else [value]
    except ValueError:
        found = []
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    found.append(json.loads(line, parse_float=Decimal))
                except ValueError as error:
                    raise ConfigError(f"{path} line {number}: neither JSON nor JSON lines: {error}") from error
    if not all(isinstance(entry, dict) for entry in found):
        raise ConfigError(f"{path}: expected objects, one for each document")
    return found


def differences(expected: Sequence[Mapping[str, Any]], got: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """What differs, in the order of the documents expected, then what was not expected at all."""
    found: list[Difference] = []
    several = max(len(expected), len(got)) > 1
    for index, (wanted, place) in enumerate(_pairs(expected, got)):
        prefix = f"[{index}]" if several else ""
        ours = got[place] if place is not None else None
        if wanted is None or ours is None:
            whole = wanted if wanted is not None else ours
            name = f"{prefix} {_number(whole)}".strip() or "document"
            found.append(Difference(name, _json(wanted), _json(ours), place))
        else:
            for one in _members(wanted, ours, "", top=True):
                name = f"{prefix}.{one.path}" if prefix else one.path
                found.append(Difference(name, one.expected, one.got, place, one.path))
    return found


def _pairs(
    expected: Sequence[Mapping[str, Any]], got: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any] | None, int | None]]:
    """Each expected document with the place of the mapped one that answers to it, then those that nobody expected."""
    numbers = [_number(entity) for entity in expected]
    ours = [_number(entity) for entity in got]
    if len(set(numbers)) == len(numbers) and len(set(ours)) == len(ours):
        by_number = {number: place for place, number in enumerate(ours)}
        for entity, number in zip(expected, numbers, strict=True):
            yield entity, by_number.get(number)
        for place, number in enumerate(ours):
            if number not in numbers:
                yield None, place
        return
    for index in range(max(len(expected), len(got))):
        yield (expected[index] if index < len(expected) else None), (index if index < len(got) else None)


def _number(entity: Mapping[str, Any] | None) -> str:
    return "" if entity is None else str(entity.get("number", ""))


def _members(expected: Mapping[str, Any], got: Mapping[str, Any], path: str, *, top: bool = False) -> Iterator[Difference]:
    for name in [*expected, *(name for name in got if name not in expected)]:
        if name == "@" or (top and name in _ASKED_ONLY and name not in expected):
            continue
        yield from _values(expected.get(name), got.get(name), f"{path}.{name}" if path else name)


def _values(expected: Any, got: Any, path: str) -> Iterator[Difference]:
    if expected in (None, [], {}) and got in (None, [], {}):
        return
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        yield from _members(expected, got, path)
    elif isinstance(expected, list) and isinstance(got, list):
        for index in range(max(len(expected), len(got))):
            wanted = expected[index] if index < len(expected) else None
            ours = got[index] if index < len(got) else None
            yield from _values(wanted, ours, f"{path}[{index}]")
    elif not _equal(expected, got):
        yield Difference(path, _json(expected), _json(got))


def _equal(expected: Any, got: Any) -> bool:
    if isinstance(got, bool) or isinstance(expected, bool):
        return expected is got
    if isinstance(got, Decimal | int) and expected is not None:
        try:
            return Decimal(str(expected)) == got
        except InvalidOperation:
            return False
    if isinstance(got, datetime) and isinstance(expected, str):
        try:
            return datetime.fromisoformat(expected) == got
        except (ValueError, TypeError):
            return False
    return bool(expected == got)


def _json(value: Any) -> Any:
    return None if value is None else plain(value)

"""Source record trees for tests, without any format: indented segments, or plain dictionaries."""

from __future__ import annotations

from typing import Any

from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.context import Context
from mappings.engine import Mapping
from mappings.path import COMPONENT_MARK


def edifact(text: str) -> SourceRecord:
    """An EDIFACT message written with `+` and `:`, indented as `segments`. UNH is made; components are parted as the format parts them."""
    root = segments(text.replace("*", "?").replace("+", "*"))
    for record in root.walk():
        record.values = [value.replace(":", COMPONENT_MARK) for value in record.values]
    root.tag, root.values = "UNH", ["UNH", "1"]
    return root


def segments(text: str) -> SourceRecord:
    """An X12 message: one segment a line, indented below its loop's first segment. ST is made and has position 1."""
    root = SourceRecord("ST", ["ST", "000", "0001"], 1)
    open_at: list[tuple[int, SourceRecord]] = [(-1, root)]
    position = 1
    for line in text.splitlines():
        if not line.strip():
            continue
        position += 1
        depth = len(line) - len(line.lstrip())
        while open_at[-1][0] >= depth:
            open_at.pop()
        parent = open_at[-1][1]
        values = line.strip().split("*")
        record = SourceRecord(values[0], values, position, parent, position)
        parent.children.append(record)
        open_at.append((depth, record))
    return root


def named(tag: str, members: dict[str, Any], parent: SourceRecord | None = None, counter: list[int] | None = None) -> SourceRecord:
    """A record of a named format: texts are values, dictionaries and lists of them are children, lists of texts children with one value."""
    counter = counter if counter is not None else [0]
    counter[0] += 1
    record = SourceRecord(tag, {}, counter[0], parent, counter[0])
    values: dict[str, str] = record.values  # type: ignore[assignment]
    for name, value in members.items():
        if isinstance(value, str):
            values[name] = value
        elif isinstance(value, dict):
            record.children.append(named(name, value, record, counter))
        else:
            for entry in value:
                record.children.append(named(name, {"": entry} if isinstance(entry, str) else entry, record, counter))
    return record


def shape(record: SourceRecord) -> Any:
    """A tree without positions, for comparing."""
    values = dict(record.values) if isinstance(record.values, dict) else list(record.values)
    return record.tag, values, [shape(child) for child in record.children]


def without_places(value: Any) -> Any:
    """An entity without its locators."""
    if isinstance(value, dict):
        return {key: without_places(inner) for key, inner in value.items() if key != "@"}
    return [without_places(inner) for inner in value] if isinstance(value, list) else value


def leaves(value: Any, name: str = "") -> dict[str, Any]:
    """Canonical path to value, `lines[0].quantity`."""
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, inner in value.items():
            if key not in ("@", "entity"):
                found |= leaves(inner, f"{name}.{key}" if name else key)
        return found
    if isinstance(value, list):
        found = {}
        for number, inner in enumerate(value):
            found |= leaves(inner, f"{name}[{number}]")
        return found
    return {name: value}


def lost(mapping: Mapping, root: SourceRecord, context: Context) -> list[Finding]:
    """What a mapping reads and does not take of a message."""
    return mapping.unmapped(root, mapping.read(root, context))

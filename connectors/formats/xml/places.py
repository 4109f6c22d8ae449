"""Values by their names in source trees, parsed elements and first bytes: how a dialect finds who sends, and puts it there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import unescape

from lxml import etree

from data_contracts.source import SourceRecord


def text_at(record: SourceRecord | None, *path: str) -> str:
    """The first value at these names below a record; the last one may be an attribute of a leaf. Empty where there is none."""
    *steps, leaf = path
    reached = [record] if record is not None else []
    for step in steps:
        reached = [child for found in reached for child in found.children if child.tag == step]
    for found in reached:
        values: Mapping[str, str] = found.values  # type: ignore[assignment]  # a mapping in named syntaxes
        if value := values.get(leaf, ""):
            return value
        for child in found.children:
            if child.tag == leaf and (value := child.values.get("", "")):  # type: ignore[union-attr]
                return value
    return ""


def below(element: etree._Element | None, *names: str) -> etree._Element | None:
    """The first element at these local names below one, whatever its namespace."""
    for name in names:
        if element is None:
            return None
        element = next((child for child in element if isinstance(child.tag, str) and etree.QName(child).localname == name), None)
    return element


def text_of(element: etree._Element | None) -> str:
    """The text of an element, blanks at its ends dropped; empty for none."""
    return (element.text or "").strip() if element is not None else ""


def copied(record: SourceRecord, parent: SourceRecord | None = None) -> SourceRecord:
    """A tree of its own, for writers that add what the envelope says."""
    copy = SourceRecord(record.tag, dict(record.values), record.position, parent, record.line)  # type: ignore[arg-type]
    copy.children = [copied(child, copy) for child in record.children]
    return copy


def with_text(record: SourceRecord, *path: str, text: str) -> SourceRecord:
    """The record with a value at these names below it: a copy as far as the names go, all else shared with what was given."""
    copy = SourceRecord(record.tag, dict(record.values), record.position, record.parent, record.line)  # type: ignore[arg-type]
    name, *rest = path
    if not rest:
        copy.values[name] = text  # type: ignore[index]  # a mapping in named syntaxes
        copy.children = record.children
        return copy
    place = next((place for place, child in enumerate(record.children) if child.tag == name), len(record.children))
    child = record.children[place] if place < len(record.children) else SourceRecord(name, {}, 0, copy)
    copy.children = [*record.children[:place], with_text(child, *rest, text=text), *record.children[place + 1 :]]
    return copy


def put_at(record: SourceRecord, *path: str, text: str) -> None:
    """Set the value at these names below a record, making the records on the way."""
    *steps, leaf = path
    for step in steps:
        found = next((child for child in record.children if child.tag == step), None)
        if found is None:
            found = SourceRecord(step, {}, 0, record)
            record.children.append(found)
        record = found
    record.values[leaf] = text  # type: ignore[index]  # a mapping in named syntaxes


def stated(pattern: re.Pattern[bytes], head: bytes) -> str:
    """What a pattern's first group finds in the first bytes of a document, as its text; empty where it finds nothing."""
    match = pattern.search(head.replace(b"\0", b""))
    return unescape(match[1].decode("utf-8", "replace"), {"&quot;": '"', "&apos;": "'"}).strip() if match is not None else ""

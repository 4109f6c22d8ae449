"""Writes source records as fixed-width lines: the mirror of the reader. A value that has no room is refused, never cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from connectors.feed import FeedGrammar
from connectors.feed_layout import Column, Layout, RecordType
from data_contracts.source import SourceRecord

_UNCARRIED = re.compile(r"[\x00-\x1f\ud800-\udfff]")


def write_document(messages: Iterable[tuple[str, SourceRecord]], grammar: FeedGrammar, charset: str) -> bytes:
    """Lines with CR LF after each, every one as wide as its record. Raises ValueError for what the feed cannot carry."""
    layout = grammar.layout
    assert layout is not None  # the loader gives every fixed grammar one
    written = []
    for kind, root in messages:
        if kind != grammar.message:
            raise ValueError(f"the feed {grammar.name} carries {grammar.message}, not {kind}")
        written += [line for record, values in _lines(root, grammar, layout) for line in (_line(record, values, layout, charset),)]
    return b"".join(line + b"\r\n" for line in written)


def _lines(root: SourceRecord, grammar: FeedGrammar, layout: Layout) -> Iterator[tuple[RecordType, Mapping[str, str]]]:
    if layout.discriminator is not None:
        yield from _coded(root, layout.record)
        return
    group = grammar.group
    if group is None:
        if root.children:
            raise ValueError(f"{root.tag}: a line has no records below it")
        yield layout.record, _named(root)
        return
    if not root.children:
        raise ValueError(f"{root.tag}: a message without rows cannot be written")
    for child in root.children:
        if child.tag != group.rows or child.children:
            raise ValueError(f"{root.tag}: rows are called {group.rows} and have nothing below them, not {child.tag}")
        yield layout.record, {**_named(root), **_named(child)}


def _coded(root: SourceRecord, record: RecordType) -> Iterator[tuple[RecordType, Mapping[str, str]]]:
    yield record, _named(root)
    known = {below.tag: below for below in record.below}
    for child in root.children:
        if child.tag not in known:
            raise ValueError(f"{root.tag}: the feed has no record {child.tag}")
        yield from _coded(child, known[child.tag])


def _named(record: SourceRecord) -> Mapping[str, str]:
    if not isinstance(record.values, Mapping):
        raise ValueError(f"{record.tag}: a record of a segment syntax cannot be written in columns")
    return record.values


def _line(record: RecordType, values: Mapping[str, str], layout: Layout, charset: str) -> bytes:
    unknown = [name for name in values if name not in record.columns]
    if unknown:
        raise ValueError(f"{record.tag}: the feed has no {', '.join(unknown)}")
    if not record.code and not any(values.values()):
        raise ValueError(f"{record.tag}: a line without any value cannot be told from a blank one")
    blank: bytes | str = b" " if layout.in_bytes else " "
    parts: list[bytes | str] = [blank] * max(record.width, layout.discriminator.stop if layout.discriminator else 0)
    if layout.discriminator is not None:
        _put(parts, layout.discriminator, record.code, "record_type", layout.in_bytes, charset)
    for name, column in record.columns.items():
        value = values.get(name, "")
        if value in column.empty:
            raise ValueError(f"{name}: {value!r} means that there is no value")
        _put(parts, column, value or min(column.empty, default=""), name, layout.in_bytes, charset)
    if layout.in_bytes:
        return b"".join(part for part in parts if isinstance(part, bytes))
    try:
        return "".join(part for part in parts if isinstance(part, str)).encode(charset)
    except UnicodeEncodeError as error:
        raise ValueError(f"{charset} has no {error.object[error.start]!r}") from error


def _put(parts: list[bytes | str], column: Column, value: str, name: str, in_bytes: bool, charset: str) -> None:
    """Set a value into its columns; each part is one character, or one byte."""
    if not value:
        return
    wrong = _UNCARRIED.search(value)
    if wrong is not None:
        raise ValueError(f"{name}: the character U+{ord(wrong[0]):04X} cannot be written")
    try:
        units: list[bytes | str] = [bytes([byte]) for byte in value.encode(charset)] if in_bytes else list(value)
    except UnicodeEncodeError as error:
        raise ValueError(f"{charset} has no {error.object[error.start]!r}") from error
    width = column.stop - column.start
    if len(units) > width:
        raise ValueError(f"{name} has room for {width} characters, {value!r} has {len(units)}")
    pad: bytes | str = column.pad.encode(charset) if in_bytes else column.pad
    fill = [pad] * (width - len(units))
    if column.right and value[0] in "+-" and column.pad == "0":
        units, fill = units[1:], [units[0], *fill]  # the sign stands before the zeros
    parts[column.start : column.stop] = [*fill, *units] if column.right else [*units, *fill]

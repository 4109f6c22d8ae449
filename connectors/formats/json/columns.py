"""Messages that are arrays of values, as query interfaces answer (`[["4500000123", 120.0], …]`): read as rows of the grammar's columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json import loads
from typing import Any

from connectors.feed import FeedGrammar
from connectors.feed_check import shown
from connectors.feed_reading import Caps
from connectors.formats.json.failure import failure_of
from connectors.formats.json.parser import parse
from connectors.formats.json.scanner import Slice
from connectors.row_grouping import GroupedRows, Row, SingleRows
from connectors.row_header import Header
from connectors.spec import Profile
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place
from data_contracts.source import Message


def columns_of(grammar: FeedGrammar, profile: Profile) -> tuple[str, ...]:
    """The columns in the order of the query: the agreement's (a list, or the query's own text with commas), else the grammar's."""
    given = profile.options.get("columns")
    if given is None:
        return grammar.columns
    names = tuple(name.strip() for name in given.split(",")) if isinstance(given, str) else tuple(map(str, given))
    strange = [name for name in names if name not in grammar.fields]
    if strange or len(set(names)) != len(names):
        raise ConfigError(
            f"profile.options.columns: {', '.join(strange) or 'a name twice'}; the grammar {grammar.name} knows each field once"
        )
    return names


Slices = Iterable[tuple[Slice, str]]
"""Values with their JSON Pointers."""


def row_messages(slices: Slices, beforehand: Slices, grammar: FeedGrammar, names: tuple[str, ...], caps: Caps) -> Iterator[Message]:
    """Messages of arrays, one each or grouped; `beforehand` are the same slices, which are looked over first where rows are grouped."""
    header = Header({name: index for index, name in enumerate(names)}, len(names), (), None)

    def rows(source: Slices) -> Iterator[Row]:
        return (_row(number, part, path, grammar, caps) for number, (part, path) in enumerate(source, 1))

    if grammar.group is None:
        yield from SingleRows(grammar, header, caps).messages(rows(slices))
        return
    grouped = GroupedRows(grammar, header, caps)
    grouped.look_over(rows(beforehand))
    yield from grouped.messages(rows(slices))


def _row(number: int, part: Slice, path: str, grammar: FeedGrammar, caps: Caps) -> Row:
    row = Row(number, part.line, part.start, part.stop - part.start, [])
    try:
        text = part.content.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = part.content[error.start : error.start + 4].hex(" ")
        row.fault = Finding("FED-15", place=Place(position=number, line=part.line, path=path), expected="UTF-8", got=bad)
        return row
    if not text.startswith("["):
        place = Place(position=number, line=part.line, path=path)
        row.fault = Finding("FED-12", place=place, expected="list", got=shown(text), params={"field": path})
        return row
    root, row.fault = parse('{"row":' + text + "}", "row", part.line, path, caps.message_records)
    if root is None:
        return row
    if root.children and any(child.children or "" not in child.values for child in root.children):
        row.fault = failure_of(root.children[0], grammar, path) or Finding(
            "FED-12", place=Place(position=number, line=part.line, path=path), expected="value", got="record", params={"field": path}
        )
        return row
    row.fields = [_text(value) for value in loads(text, parse_int=str, parse_float=str)]
    return row


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

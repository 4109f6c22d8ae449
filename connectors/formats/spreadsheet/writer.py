"""Writes source records as a workbook of one sheet that Excel opens: the mirror of the reader.

Numbers of 15 digits at most are number cells, full days are date cells, all else is text. Text is text: nothing that is written can be
a formula, whatever it begins with. The same records give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from connectors.feed import FeedGrammar
from connectors.formats.spreadsheet.book import LONGEST, UNCARRIED, Cell, Digits, Sheet, write
from connectors.formats.spreadsheet.sheet import COLUMNS, ROWS
from connectors.formats.spreadsheet.values import serial_of
from data_contracts.source import SourceRecord

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,14})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")


def write_document(messages: Iterable[tuple[str, SourceRecord]], grammar: FeedGrammar) -> bytes:
    """The bytes of the workbook. Raises ValueError for a column that the feed has not, control characters, and texts without room."""
    if len(grammar.fields) > COLUMNS:
        raise ValueError(f"a sheet has {COLUMNS} columns, the feed {len(grammar.fields)}")
    name = _SHEET_NAME.sub(" ", grammar.sheet or grammar.name)[:31]
    heads = [_text(field.write or name, name) for name, field in grammar.fields.items()]
    content = io.BytesIO()
    write(content, [Sheet(name, heads, _rows(messages, grammar), first=grammar.header_row, plain=True, most=ROWS)])
    return content.getvalue()


def _rows(messages: Iterable[tuple[str, SourceRecord]], grammar: FeedGrammar) -> Iterator[list[Cell]]:
    number = grammar.header_row
    for kind, root in messages:
        if kind != grammar.message:
            raise ValueError(f"the feed {grammar.name} carries {grammar.message}, not {kind}")
        for values in _values(root, grammar):
            number += 1
            if number > ROWS:
                raise ValueError(f"a sheet has {ROWS} rows")
            unknown = [name for name in values if name not in grammar.fields]
            if unknown:
                raise ValueError(f"{root.tag}: the feed has no {', '.join(unknown)}")
            if not any(values.values()):
                raise ValueError(f"{root.tag}: a row without any value cannot be told from a blank one")
            yield [_cell(field.kind, values.get(name, ""), name) for name, field in grammar.fields.items()]


def _values(root: SourceRecord, grammar: FeedGrammar) -> Iterator[Mapping[str, str]]:
    top = root.values
    if not isinstance(top, Mapping):
        raise ValueError(f"{root.tag}: a record of a segment syntax cannot be written in columns")
    if grammar.group is None:
        if root.children:
            raise ValueError(f"{root.tag}: a row has no records below it")
        yield top
        return
    if not root.children:
        if grammar.asks_rows():
            raise ValueError(f"{root.tag}: a message without rows cannot be written")
        yield top  # one row with what stands above
    for child in root.children:
        if child.tag != grammar.group.rows or child.children or not isinstance(child.values, Mapping):
            raise ValueError(f"{root.tag}: rows are called {grammar.group.rows} and have nothing below them, not {child.tag}")
        yield {**top, **child.values}


def _cell(kind: str, value: str, name: str) -> Cell:
    if not value:
        return None
    if kind in ("decimal", "integer") and _NUMBER.fullmatch(value) and sum(letter.isdigit() for letter in value) <= 15:
        return Digits(value)
    if kind in ("date", "partial_date") and _DAY.fullmatch(value) and serial_of(value) is not None:
        return date.fromisoformat(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return _text(value, name)


def _text(value: str, name: str) -> str:
    wrong = UNCARRIED.search(value)
    if wrong is not None:
        raise ValueError(f"{name}: the character U+{ord(wrong[0]):04X} cannot be written")
    if len(value) > LONGEST:
        raise ValueError(f"{name}: a cell has room for {LONGEST} characters, this text has {len(value)}")
    return value

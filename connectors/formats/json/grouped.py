"""JSON whose objects are rows: a list, or lines, of flat objects that repeat what their document says (`{"orderNo": …, "lineNo": …}`).

Adjacent objects with equal `group.by` are one message, exactly as rows of a delimited file are (`connectors.row_grouping`).
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.feed import FeedGrammar
from connectors.feed_check import pointer, shown
from connectors.feed_reading import Caps
from connectors.formats.json.columns import Slices
from connectors.formats.json.failure import failure_of
from connectors.formats.json.parser import parse
from connectors.formats.json.scanner import Slice
from connectors.row_grouping import GroupedRows, Row
from connectors.row_header import Header
from data_contracts.findings import Finding, Place
from data_contracts.source import Columns, Message


def grouped_messages(slices: Slices, beforehand: Slices, grammar: FeedGrammar, caps: Caps) -> Iterator[Message]:
    """Messages of flat objects; `beforehand` are the same slices, which are looked over first."""
    names = tuple(grammar.fields)

    def rows(source: Slices) -> Iterator[Row]:
        return (_row(number, part, path, grammar, names, caps) for number, (part, path) in enumerate(source, 1))

    grouped = GroupedRows(grammar, Header({name: index for index, name in enumerate(names)}, len(names), (), None), caps, Columns({}))
    grouped.look_over(rows(beforehand))
    yield from grouped.messages(rows(slices))


def _row(number: int, part: Slice, path: str, grammar: FeedGrammar, names: tuple[str, ...], caps: Caps) -> Row:
    row = Row(number, part.line, part.start, part.stop - part.start, [])
    where = Place(position=number, line=part.line, path=path or "/")
    if len(part.content) > caps.message_bytes:
        row.fault = Finding("FED-14", place=where, expected=str(caps.message_bytes), params={"what": "bytes"})
        return row
    try:
        text = part.content.decode("utf-8")
    except UnicodeDecodeError as error:
        row.fault = Finding("FED-15", place=where, expected="UTF-8", got=part.content[error.start : error.start + 4].hex(" "))
        return row
    root, row.fault = parse(text, "row", part.line, path, caps.message_records)
    if root is None:
        return row
    values = dict(root.values)  # type: ignore[arg-type]  # a dict in named syntaxes
    row.fields = [values.get(name, "") for name in names]
    row.fault = failure_of(root, grammar, path)
    for child in root.children:
        if grammar.open and child.tag not in grammar.fields:
            continue  # what nobody asked for (OData's __metadata) is left, whatever it is
        at = Place(position=number, line=child.line or part.line, path=pointer(path, child.tag, None))
        row.fault = row.fault or Finding("FED-12", place=at, expected="value", got="record", params={"field": child.tag})
    for name in () if grammar.open else (name for name in values if name not in grammar.fields):
        at = Place(position=number, line=part.line, path=pointer(path, name, None))
        row.notes.append(Finding("FED-10", place=at, got=shown(name), params={"field": shown(name), "count": "1"}))
    return row

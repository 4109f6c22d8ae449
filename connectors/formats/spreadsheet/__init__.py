"""Spreadsheet feeds: one sheet of an XLSX workbook, a header row and rows below it, as people in purchasing and warehouses send them.

Read by events out of the ZIP file (`package`, `sheet`): shared and inline texts, numbers, dates by number format in both calendars,
booleans. Errors are findings, of a formula the stored result is read and said to be one, merged cells count for each of their rows, and
what would be read wrongly without a word (numbers merged over rows, shown otherwise than stored) is told (`table`). Macros are never
run and links never followed. The sheet is the grammar's, else the first that is not hidden. Findings name cells (`B12`).
`Message.offset` and `length` are the document's; a message is found again by its ordinal (`connectors.feed_reading.reread`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

from connectors.feed import FeedGrammar, Field, grammar_for
from connectors.feed_check import shown
from connectors.feed_document import FeedGuides
from connectors.feed_reading import OPTIONS, Caps, FeedDocument
from connectors.first_bytes import look, size_of
from connectors.formats.spreadsheet.package import Package, WorkbookError
from connectors.formats.spreadsheet.sheet import merged_cells, sheet_rows
from connectors.formats.spreadsheet.table import Table, once_each
from connectors.formats.spreadsheet.workbook import Workbook, open_workbook
from connectors.formats.spreadsheet.writer import write_document
from connectors.row_grouping import GroupedRows, SingleRows
from connectors.row_header import match_header
from connectors.spec import Envelope, Profile, Traits
from data_contracts.cells import column_letters
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding
from data_contracts.source import Columns, ReadEvent, SourceRecord

_LISTED = 20
"""Links that findings name."""


class Spreadsheet(FeedGuides):
    """The format `spreadsheet`."""

    name = "spreadsheet"
    traits = Traits("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", options=OPTIONS, one_by_one=True)
    sniffs_binary = True

    def sniff(self, head: bytes) -> bool:
        """A ZIP file whose first parts are those of an Office package with a workbook, or may be."""
        if not head.startswith(b"PK\x03\x04") or b"word/" in head or b"ppt/" in head:
            return False
        return any(mark in head for mark in (b"[Content_Types].xml", b"xl/", b"_rels/.rels", b"docProps/"))

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of one document. Without a grammar every row of the first sheet is a message of the columns that its first row names."""
        feed = grammar_for("spreadsheet", grammar, profile) if grammar is not None else None
        caps = Caps.of(profile)
        head, size = look(stream), size_of(stream)
        if not head.startswith(b"PK\x03\x04"):
            rule = "FED-03" if head.strip() else "FED-01"
            got = shown(head[:24].decode("ascii", "backslashreplace")) if head.strip() else f"{len(head)} bytes"
            yield ReadEvent("unreadable", finding=Finding(rule, expected="spreadsheet", got=got))
            return
        document = FeedDocument(size)
        try:
            book = open_workbook(Package(stream))
            name = _sheet(book, feed)
            document.interchange.findings += _around(book, name)
            yield from _events(book, name, feed, caps, document)
        except WorkbookError as broken:
            yield from document.stop(broken.finding)

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """A workbook of one sheet. Raises ValueError for what it cannot carry, ConfigError without a grammar."""
        if grammar is None:
            raise ConfigError("writing a spreadsheet needs a grammar, which names the columns")
        return write_document(messages, grammar_for("spreadsheet", grammar, profile))


def _sheet(book: Workbook, feed: FeedGrammar | None) -> str:
    """The name of the sheet to read. Raises WorkbookError when the grammar's is not there."""
    wanted = feed.sheet if feed is not None else None
    if wanted is None:
        return next((name for name in book.sheets if name not in book.hidden), next(iter(book.sheets)))
    if wanted not in book.sheets:
        raise WorkbookError(Finding("XLS-10", expected=wanted, got=shown(", ".join(book.sheets))))
    return wanted


def _around(book: Workbook, name: str) -> Iterator[Finding]:
    """What is to be said of the workbook beside its rows."""
    for link in sorted(set(book.outside))[:_LISTED]:
        yield Finding("XLS-09", got=shown(link))
    others = [sheet for sheet in book.sheets if sheet != name]
    if others:
        yield Finding("XLS-12", expected=shown(name), got=shown(", ".join(others)))


def _events(book: Workbook, sheet: str, feed: FeedGrammar | None, caps: Caps, document: FeedDocument) -> Iterator[ReadEvent]:
    part = book.sheets[sheet]
    source = sheet_rows(book, part)
    first = feed.header_row if feed is not None else 1
    top = next((row for row in source if row.number >= first), None)
    if top is None or (feed is not None and top.number != first):
        got = "no row" if top is None else f"row {first} is blank"
        yield from document.stop(Finding("FED-01", got=got))
        return
    names = [" ".join(top.texts.get(column, "").split()) for column in range(max(top.texts, default=-1) + 1)]
    grammar = feed if feed is not None else _unguided(names)
    header = match_header(names, grammar, top.number)
    if header.refused is not None:
        yield from document.stop(_in_header(header.refused, sheet, top.number))
        return
    findings = document.interchange.findings
    findings += [_in_header(found, sheet, top.number) for found in header.findings]
    size, guided = document.interchange.length, feed is not None
    merged = merged_cells(book, part)
    table = Table(grammar, header, top.number, merged, size, guided=guided, since_1904=book.since_1904)
    table.unnamed([index for index, name in enumerate(names) if not name])
    findings += [replace(found, place=replace(found.place, segment=sheet)) for found in table.around()]
    columns = Columns({name: index + 1 for name, index in header.columns.items()}, sheet)
    if not guided:
        findings.append(Finding("FED-17"))
    if grammar.group is None:
        messages = SingleRows(grammar, header, caps, columns).messages(table.rows(source))
    else:
        grouped = GroupedRows(grammar, header, caps, columns)
        grouped.look_over(table.rows(source))
        again = sheet_rows(book, part)
        next(row for row in again if row.number == top.number)
        messages = grouped.messages(table.rows(again))
    for message in messages:
        message.offset, message.length = 0, size
        message.findings = [_addressed(finding, columns) for finding in once_each(message.findings)]
        yield from document.message(message)
    yield from document.close()


def _unguided(names: Sequence[str]) -> FeedGrammar:
    """A grammar of the columns that a sheet happens to have."""
    fields = {name: Field(name, "text") for name in names if name}
    return FeedGrammar(name="", format="spreadsheet", message="spreadsheet", version=1, hash="", fields=fields)


def _in_header(finding: Finding, sheet: str, row: int) -> Finding:
    place = finding.place
    cell = f"{column_letters(place.element - 1)}{row}" if place.element is not None else None
    return replace(finding, place=replace(place, segment=sheet, position=row, path=cell))


def _addressed(finding: Finding, columns: Columns) -> Finding:
    """The finding with sheet and cell, as whoever has the workbook open sees them, in place of a column's name."""
    place = columns.placed(finding.place)
    if place.position is not None and place.element is not None:
        place = replace(place, path=f"{column_letters(place.element - 1)}{place.position}")
    return replace(finding, place=place)


FORMAT = Spreadsheet()

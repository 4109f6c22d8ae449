"""Spreadsheet feeds: one sheet of an XLSX workbook, a header row and rows below it, as people in purchasing and warehouses send them.

Read by events out of the ZIP file (`package`, `sheet`): shared and inline texts, numbers, dates by number format in both calendars,
booleans. Errors are findings, of a formula the stored result is read and said to be one, merged cells count for each of their rows. Macros
are never run and links never followed. The sheet is the grammar's, else the first that is not hidden. Findings name cells (`B12`).
`Message.offset` and `length` are the document's; a message is found again by its ordinal (`connectors.feed_reading.reread`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

from connectors.feed import FeedGrammar, Field, grammar_for
from connectors.feed_check import shown
from connectors.feed_document import FeedGuides
from connectors.feed_reading import OPTIONS, Caps, FeedDocument
from connectors.first_bytes import look, size_of
from connectors.formats.spreadsheet.package import Package, WorkbookError
from connectors.formats.spreadsheet.sheet import SheetRow, column_letters, merged_addresses, sheet_rows
from connectors.formats.spreadsheet.workbook import Workbook, open_workbook
from connectors.formats.spreadsheet.writer import write_document
from connectors.row_grouping import GroupedRows, Row, SingleRows
from connectors.row_header import Header, match_header
from connectors.spec import Envelope, Profile, Traits
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place
from data_contracts.source import Message, ReadEvent, SourceRecord

_LISTED = 20
"""Merged cells, links and sheets that findings name."""


class Spreadsheet(FeedGuides):
    """The format `spreadsheet`."""

    name = "spreadsheet"
    traits = Traits("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", options=OPTIONS)
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
            yield from _events(book, book.sheets[name], feed, caps, document)
        except WorkbookError as broken:
            yield from document.stop(broken.finding)

    def write(
        self, messages: Sequence[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
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
    for start, stop in merged_addresses(book, book.sheets[name])[:_LISTED]:
        if start.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != stop.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
            yield Finding("XLS-07", place=Place(path=start), got=f"{start}:{stop}")


def _events(book: Workbook, part: str, feed: FeedGrammar | None, caps: Caps, document: FeedDocument) -> Iterator[ReadEvent]:
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
        yield from document.stop(replace(header.refused, place=replace(header.refused.place, position=top.number)))
        return
    findings = document.interchange.findings
    findings += [replace(found, place=replace(found.place, position=top.number)) for found in header.findings]
    if feed is None:
        findings.append(Finding("FED-17"))
    size = document.interchange.length
    if grammar.group is None:
        messages = SingleRows(grammar, header, caps).messages(_rows(source, header, size))
    else:
        grouped = GroupedRows(grammar, header, caps)
        grouped.look_over(_rows(source, header, size))
        again = sheet_rows(book, part)
        next(row for row in again if row.number == top.number)
        messages = grouped.messages(_rows(again, header, size))
    by_name = {name: column_letters(index) for name, index in header.columns.items()}
    for message in messages:
        message.offset, message.length = 0, size
        _address(message, by_name)
        yield from document.message(message)
    yield from document.close()


def _unguided(names: Sequence[str]) -> FeedGrammar:
    """A grammar of the columns that a sheet happens to have."""
    fields = {name: Field(name, "text") for name in names if name}
    return FeedGrammar(name="", format="spreadsheet", message="spreadsheet", version=1, hash="", fields=fields)


def _rows(source: Iterator[SheetRow], header: Header, size: int) -> Iterator[Row]:
    """Rows as wide as the header; what stands beside it, and cells with faults, are notes."""
    names = {index: name for name, index in header.columns.items()}
    for row in source:
        notes = [replace(fault, params={**fault.params, "field": names[column]}) for column, fault in row.faults.items() if column in names]
        for column in row.formulas:
            if column in names and column not in row.faults:
                notes.append(_note("XLS-04", row.number, column, None, {"field": names[column], "count": "1"}))
        beside = [column for column in row.texts if column >= header.width]
        notes += [_note("XLS-08", row.number, column, shown(row.texts[column]), {}) for column in beside[:3]]
        fields = [row.texts.get(column, "") for column in range(header.width)]
        if any(fields) or notes:
            # Each row stands for the whole document: its own bytes cannot be cut out of a packed file.
            yield Row(row.number, row.number, 0, size, fields, None, notes)


def _note(rule: str, row: int, column: int, got: str | None, params: dict[str, str]) -> Finding:
    place = Place(position=row, element=column + 1, line=row, path=f"{column_letters(column)}{row}")
    return Finding(rule, place=place, got=got, params=params)


def _address(message: Message, by_name: dict[str, str]) -> None:
    """Name the cell where a finding names a column, as whoever has the workbook open sees it. Formulas of a column are told once."""
    formulas: dict[str, int] = {}
    kept: list[Finding] = []
    for finding in message.findings:
        if finding.rule == "XLS-04":
            field = finding.params["field"]
            formulas[field] = formulas.get(field, 0) + 1
            if formulas[field] > 1:
                continue
        place = finding.place
        letters = by_name.get((place.path or "").rpartition("/")[2])
        if letters is not None and place.position is not None:
            finding = replace(finding, place=replace(place, path=f"{letters}{place.position}"))
        kept.append(finding)
    message.findings = [
        replace(finding, params={**finding.params, "count": str(formulas[finding.params["field"]])})
        if finding.rule == "XLS-04"
        else finding
        for finding in kept
    ]


FORMAT = Spreadsheet()

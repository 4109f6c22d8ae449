"""Rows of a delimited file with their place: row number, text line, byte offsets.

The standard library's csv reader takes rows apart; this module feeds it line by line and counts the bytes that each row used.
Lines are cut in bytes, which is exact in every charset let in here (a line feed is a part of no other character).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import BinaryIO

from connectors.feed import FeedGrammar
from connectors.row_grouping import Row
from connectors.row_header import folded
from connectors.undecodable import not_text
from data_contracts.findings import Finding, Place

_CHUNK = 256 * 1024
_ROW_BYTES = 1024 * 1024
_BREAK = re.compile("\r\n|\r|\n")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")


class UnclosedError(Exception):
    """A quote never closes, or a row is larger than a megabyte: nothing after it can be told apart."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.rule)
        self.finding = finding


class _Lines:
    """Decoded lines for the csv reader; counts what it hands out."""

    def __init__(self, stream: BinaryIO, start: int, charset: str) -> None:
        stream.seek(start)
        self._stream = stream
        self._charset = charset
        self._source = self._raw()
        self.offset = start
        self.line = 0
        self.row_offset = start
        self.row_line = 1
        self.bad: tuple[Finding, str] | None = None
        """The first undecodable or control character of the row, with its line, and that character as decoded."""

    def begin(self) -> None:
        """A new row begins at the next line."""
        self.row_offset, self.row_line, self.bad = self.offset, self.line + 1, None

    def again(self) -> str:
        """The row as far as it was handed out, for a second look at what is wrong in it."""
        here = self._stream.tell()
        self._stream.seek(self.row_offset)
        raw = self._stream.read(self.offset - self.row_offset)
        self._stream.seek(here)
        return raw.decode(self._charset, "replace")

    def _raw(self) -> Iterator[bytes]:
        rest = b""
        while chunk := self._stream.read(_CHUNK):
            # A carriage return at the end of a chunk may have its line feed in the next one.
            lines = (rest + chunk).splitlines(keepends=True)
            rest = lines.pop()
            yield from lines
            if len(rest) > _ROW_BYTES:
                break
        if rest.endswith(b"\r") and (following := self._stream.read(1)):
            rest += following
        yield from rest.splitlines(keepends=True)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        raw = next(self._source)
        self.offset += len(raw)
        self.line += 1
        if self.offset - self.row_offset > _ROW_BYTES:
            place = Place(line=self.row_line)
            raise UnclosedError(Finding("CSV-09", place=place, got=str(self.row_line)))
        try:
            text = raw.decode(self._charset)
        except UnicodeDecodeError as error:
            self.bad = self.bad or (not_text(error, self._charset, Place(line=self.line)), "\ufffd")
            return raw.decode(self._charset, "replace")
        control = _CONTROL.search(text)
        if control is not None and not (control[0] == "\x1a" and not text.strip("\x1a\r\n")):
            self.bad = self.bad or (Finding("FED-18", Place(line=self.line), got=f"U+{ord(control[0]):04X}"), control[0])
        return text


def rows(stream: BinaryIO, start: int, charset: str, separator: str, quote: str, passed: int = 0) -> Iterator[Row]:
    """Rows from a byte offset on, blank ones left out but counted. `passed`: lines before it.

    Raises UnclosedError where a quote swallows the rest.
    """
    lines = _Lines(stream, start, charset)
    lines.line = passed
    reader = csv.reader(lines, delimiter=separator, quotechar=quote, strict=True)
    number = 0
    while True:
        lines.begin()
        fault: Finding | None = None
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            place = Place(position=number + 1, line=lines.row_line)
            # A field of 128 KiB that runs over lines is a quote that nobody closed.
            if "unexpected end" in str(error) or ("field larger" in str(error) and lines.line > lines.row_line):
                raise UnclosedError(Finding("CSV-09", place=place, got=str(lines.row_line))) from None
            column, line = unpaired(lines.again(), separator, quote)
            place = Place(position=number + 1, element=column, line=lines.row_line + line)
            fault = Finding("CSV-08", place=place, got=str(error).split(" - ")[0])
            fields = []
        number += 1
        if lines.bad is not None and fault is None:
            bad, character = lines.bad
            column = next((index for index, field in enumerate(fields, 1) if character in field), None)
            place = Place(position=number, element=column, line=bad.place.line)
            fault = Finding(bad.rule, place, charset, bad.got, params={"field": f"row {number}", **bad.params})
        if fault is None and not any(field and not field.isspace() and field != "\x1a" for field in fields):
            continue
        begins = _begins(fields, lines.row_line) if lines.line > lines.row_line else ()
        yield Row(number, lines.row_line, lines.row_offset, lines.offset - lines.row_offset, fields, fault, lines=begins)


def unpaired(row: str, separator: str, quote: str) -> tuple[int | None, int]:
    """The column (from 1) in which quotes do not pair, and how many lines of the row stand before it: text goes on behind the quote that
    closes a field. Null where none does, and the row is at fault otherwise."""
    column, line, at, size = 1, 0, 0, len(row)
    while at < size:
        if row[at] == quote:
            begun = at
            at = row.find(quote, at + 1)
            while at >= 0 and row[at + 1 : at + 2] == quote:  # doubled: one quote of the text
                at = row.find(quote, at + 2)
            if at < 0:
                return column, line
            line += len(_BREAK.findall(row, begun, at))
            at += 1
            if row[at : at + 1] not in ("", separator, "\r", "\n"):
                return column, line
        end = row.find(separator, at)
        if end < 0:
            return None, line
        at, column = end + 1, column + 1
    return None, line


def _begins(fields: list[str], line: int) -> list[int]:
    """The text line in which each field of a row begins that runs over several."""
    begins = []
    for field in fields:
        begins.append(line)
        line += len(_BREAK.findall(field))
    return begins


def until_unclosed(source: Iterator[Row]) -> Iterator[Row]:
    """The rows before a quote that swallows the rest."""
    try:
        yield from source
    except UnclosedError:
        return


def separator_of(line: str, grammar: FeedGrammar) -> str:
    """The separator of a header line: the grammar's, unless only another one yields its columns."""
    names = {folded(name) for field in grammar.fields.values() for name in field.headers}

    def known(separator: str) -> int:
        return sum(folded(part.strip().strip(grammar.quote)) in names for part in line.split(separator))

    best = max((grammar.separator, ",", ";", "\t", "|"), key=known)
    return best if known(best) > max(known(grammar.separator), 1) else grammar.separator

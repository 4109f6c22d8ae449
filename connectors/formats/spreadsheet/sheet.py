"""Rows of a sheet by events: no tree is built, so a sheet of any size takes the memory of one row.

A cell yields its text, its address and what is wrong with it. Of a formula the stored result is read. Merged cells are noted in a
pass before, since a sheet lists them at its end: the value of the first cell counts for each row of its column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from connectors.feed_check import shown
from connectors.formats.spreadsheet.looks import Look
from connectors.formats.spreadsheet.package import Part, WorkbookError, local
from connectors.formats.spreadsheet.values import lost_digits, moment, number
from connectors.formats.spreadsheet.workbook import Workbook, unescaped
from data_contracts.cells import column_letters, column_number
from data_contracts.findings import Finding, Place

COLUMNS = 16_384
ROWS = 1_048_576
_TEXT = 1_000_000
_MERGED = 20_000
_MERGED_COLUMNS = 1_000_000
"""Columns of all merged cells together; a sheet has 16,384, and hardly anybody merges whole rows."""
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_MERGE = re.compile(rb"<(?:[A-Za-z0-9]+:)?mergeCell\s[^>]{0,100}?ref=[\"']([A-Z]{1,3}[0-9]{1,7}):([A-Z]{1,3}[0-9]{1,7})[\"']")


@dataclass(slots=True)
class SheetRow:
    """One row that has cells: texts by column, the columns whose cell is a formula, and faults by column; numbers that are shown
    otherwise than stored, and cells that are shown as a day."""

    number: int
    texts: dict[int, str] = field(default_factory=dict)
    formulas: list[int] = field(default_factory=list)
    faults: dict[int, Finding] = field(default_factory=dict)
    looks: dict[int, Look] = field(default_factory=dict)
    days: set[int] = field(default_factory=set)


def sheet_rows(book: Workbook, part: str) -> Iterator[SheetRow]:
    """The rows of a sheet, in order, blank ones left out; merged values filled down. Raises WorkbookError where it breaks off."""
    merged = merged_ranges(book, part)
    target = _Sheet(book)
    carried: dict[int, tuple[int, str, Look | None]] = {}
    for _ in book.package.feed(part, target):
        for row in target.taken():
            for column, last in merged.get(row.number, ()):
                if column in row.texts:
                    carried[column] = (last, row.texts[column], row.looks.get(column))
            for column, (last, text, look) in list(carried.items()):
                if row.number > last:
                    del carried[column]
                elif column not in row.texts:
                    row.texts[column] = text
                    if look is not None:  # shown as the first of the merged cells shows it
                        row.looks[column] = look
            if row.texts or row.faults:
                yield row


@dataclass(frozen=True, slots=True)
class Merged:
    """Cells that are merged into one; columns count from 0, rows from 1."""

    top: int
    left: int
    bottom: int
    right: int
    text: str
    """`A2:A4`."""


def merged_ranges(book: Workbook, part: str) -> dict[int, list[tuple[int, int]]]:
    """By first row: (column, last row) of the merged cells that run over several rows."""
    found: dict[int, list[tuple[int, int]]] = {}
    for one in merged_cells(book, part):
        if one.bottom > one.top:
            found.setdefault(one.top, []).append((one.left, one.bottom))
    return found


def merged_cells(book: Workbook, part: str) -> list[Merged]:
    """All merged cells of a sheet, from the top. Raises WorkbookError where some lie over others: no spreadsheet writes that, and
    nobody could say whose value a cell has.
    """
    found = []
    for start, stop in merged_addresses(book, part):
        first, last = _ADDRESS.fullmatch(start), _ADDRESS.fullmatch(stop)
        if first is not None and last is not None:
            found.append(Merged(int(first[2]), column_number(first[1]), int(last[2]), column_number(last[1]), f"{start}:{stop}"))
    found.sort(key=lambda one: (one.top, one.left))
    until: dict[int, Merged] = {}
    cells = 0
    for one in found:
        cells += one.right - one.left + 1
        if cells > _MERGED_COLUMNS:
            raise WorkbookError(Finding("XLS-02", expected=str(_MERGED_COLUMNS), got=str(cells), params={"what": "merged cells"}))
        for column in range(one.left, one.right + 1):
            over = until.get(column)
            if over is not None and over.bottom >= one.top:
                raise WorkbookError(Finding("XLS-01", got=f"merged cells that overlap: {over.text}, {one.text}"))
            until[column] = one
    return found


def merged_addresses(book: Workbook, part: str) -> list[tuple[str, str]]:
    """First and last address of all merged cells."""
    found: list[tuple[str, str]] = []
    rest = b""
    for piece in book.package.pieces(part):
        window = rest + piece
        end = 0
        for match in _MERGE.finditer(window):
            found.append((match[1].decode(), match[2].decode()))
            end = match.end()
            if len(found) >= _MERGED:
                return found
        rest = window[max(end, len(window) - 200) :]
    return found


class _Sheet(Part):
    """xl/worksheets/sheetN.xml"""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._rows: list[SheetRow] = []
        self._row: SheetRow | None = None
        self._row_number = 0
        self._column = -1
        self._type = "n"
        self._style = ""
        self._text: list[str] = []
        self._size = 0
        self._taking = False
        self._formula = False
        self._spoken = 0

    def taken(self) -> list[SheetRow]:
        """The rows that are complete, once."""
        rows, self._rows = self._rows, []
        return rows

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local(tag)
        if name == "c":
            self._cell(attributes)
        elif name in ("v", "t"):
            self._taking = not self._spoken
        elif name == "f":
            self._formula = True
        elif name == "rPh":
            self._spoken += 1
        elif name == "row":
            self._begin(attributes.get("r", ""))

    def _begin(self, stated: str) -> None:
        number = int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 8 else self._row_number + 1
        if number <= self._row_number or number > ROWS:
            raise WorkbookError(Finding("XLS-01", got=f"row {shown(stated)} after row {self._row_number}"))
        self._row_number = number
        self._row = SheetRow(number)
        self._column = -1

    def _cell(self, attributes: Mapping[str, str]) -> None:
        address = _ADDRESS.fullmatch(attributes.get("r", ""))
        column = column_number(address[1]) if address is not None else self._column + 1
        if column <= self._column or column >= COLUMNS or self._row is None:
            raise WorkbookError(Finding("XLS-01", got=f"cell {shown(attributes.get('r', '?'))} in row {self._row_number}"))
        self._column = column
        self._type = attributes.get("t", "n")
        self._style = attributes.get("s", "")
        self._text, self._size, self._taking, self._formula, self._spoken = [], 0, False, False, 0

    def data(self, text: str) -> None:
        if self._taking:
            self._size += len(text)
            if self._size <= _TEXT:
                self._text.append(text)

    def end(self, tag: str) -> None:
        name = local(tag)
        if name in ("v", "t"):
            self._taking = False
        elif name == "rPh":
            self._spoken = max(0, self._spoken - 1)
        elif name == "c":
            self._finish()
        elif name == "row" and self._row is not None:
            self._rows.append(self._row)
            self._row = None

    def _finish(self) -> None:
        row, column = self._row, self._column
        if row is None:
            return
        raw = "".join(self._text)
        text, fault = self._value(raw)
        if self._formula:
            row.formulas.append(column)
            if not raw and self._type != "str":
                fault = ("XLS-06", None)
        if fault is not None:
            place = Place(position=row.number, element=column + 1, line=row.number, path=f"{column_letters(column)}{row.number}")
            params = {"field": place.path or "", "length": str(len(raw.lstrip("-")))}
            row.faults[column] = Finding(fault[0], place=place, got=fault[1], params=params)
        elif text:
            row.texts[column] = text

    def _value(self, raw: str) -> tuple[str, tuple[str, str | None] | None]:
        """A cell's text, or the rule that it breaks and what it has."""
        kind = self._type
        if kind == "s":
            index = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 8 else -1
            if not 0 <= index < len(self._book.texts):
                return "", ("XLS-01", f"no shared text {shown(raw)}")
            return self._book.texts[index].strip(), None
        if kind in ("inlineStr", "str"):
            return unescaped(raw).strip(), None
        if kind == "e":
            return "", ("XLS-03", shown(raw))
        if kind == "b":
            return {"1": "true", "0": "false"}.get(raw.strip(), ""), None
        if kind == "d":
            return raw.strip().removesuffix("T00:00:00"), None
        raw = raw.strip()
        if not raw:
            return "", None
        plain = number(raw)
        if plain is None:
            return "", ("XLS-01", f"{shown(raw)} is no number")
        style = int(self._style) if self._style.isascii() and self._style.isdigit() and len(self._style) < 7 else -1
        if style in self._book.dates:
            day = moment(plain, self._book.since_1904)
            if self._row is not None:
                self._row.days.add(self._column)
            return (day, None) if day is not None else ("", ("XLS-11", shown(raw)))
        if style in self._book.looks and self._row is not None:
            self._row.looks[self._column] = self._book.looks[style]
        return ("", ("XLS-05", shown(plain))) if lost_digits(plain) else (plain, None)

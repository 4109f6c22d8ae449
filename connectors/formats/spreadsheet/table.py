"""The table of a sheet: rows as wide as its header, and what of its cells would be read wrongly if nobody said a word.

Merged cells, numbers that are shown otherwise than they are stored, days that are shown as numbers and texts that Excel took for days:
each is a finding at its cell, by what the grammar says that the column holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from connectors.feed import FeedGrammar, Field
from connectors.feed_check import shown
from connectors.formats.spreadsheet.sheet import Merged, SheetRow
from connectors.formats.spreadsheet.values import moment
from connectors.row_grouping import Row
from connectors.row_header import Header
from data_contracts.cells import column_letters
from data_contracts.findings import Finding, Place

_LISTED = 20
_NUMBERS = frozenset({"integer", "decimal", "implied_decimal_2", "implied_decimal_3"})
_DAYS = frozenset({"date", "partial_date", "date_of_midnight", "day_or_time", "instant_local", "xml_date"})
_DIGITS_OF_A_DAY = 5
"""Digits of the serial number of any day from 1927 to 2173."""
REPEATED = frozenset({"XLS-04", "XLS-15", "XLS-16", "XLS-18"})
"""What is said once of a column of a message, with the number of its cells."""


class Table:
    """Rows below the header of one sheet. `guided`: a grammar says what its columns hold."""

    def __init__(
        self, grammar: FeedGrammar, header: Header, top: int, merged: Sequence[Merged], size: int, *, guided: bool, since_1904: bool
    ) -> None:
        self._names = {index: name for name, index in header.columns.items()}
        self._fields: dict[int, Field] = {index: grammar.fields[name] for name, index in header.columns.items()}
        self._width, self._size = header.width, size
        self._guided, self._since_1904 = guided, since_1904
        self._merged = [one for one in merged if one.bottom > top and any(one.left <= index <= one.right for index in self._names)]
        group = grammar.group
        self._once = frozenset(() if group is None else (*group.by, *group.header))
        """Columns that a message has once, whatever its rows."""
        self._top = top
        self._blank: frozenset[int] = frozenset()

    def unnamed(self, columns: Sequence[int]) -> None:
        """Columns under a header cell without a word."""
        self._blank = frozenset(columns)

    def around(self) -> Iterator[Finding]:
        """Merged cells whose value counts for each of their rows."""
        several = [one for one in self._merged if one.bottom > one.top and one.left in self._names and not self._ambiguous(one.left)]
        for one in several[:_LISTED]:
            yield Finding("XLS-07", place=Place(path=one.text.partition(":")[0]), got=one.text)

    def rows(self, source: Iterator[SheetRow]) -> Iterator[Row]:
        """Rows with their notes, in order; each stands for the whole document, out of which its own bytes cannot be cut."""
        waiting = list(reversed(self._merged))
        merged: list[Merged] = []
        for row in source:
            while waiting and waiting[-1].top <= row.number:
                merged.append(waiting.pop())
            merged = [one for one in merged if one.bottom >= row.number]
            notes = [*self._stated(row), *self._merges(row, merged), *self._looks(row)]
            beside = [column for column in row.texts if column >= self._width or column in self._blank]
            notes += [_note("XLS-08", row.number, column, shown(row.texts[column])) for column in beside[:3]]
            fields = [row.texts.get(column, "") for column in range(self._width)]
            if any(fields) or notes:
                yield Row(row.number, row.number, 0, self._size, fields, None, notes)

    def _stated(self, row: SheetRow) -> Iterator[Finding]:
        """Faults of cells, and formulas."""
        for column, fault in row.faults.items():
            if column in self._names:
                yield replace(fault, params={**fault.params, "field": self._names[column]})
        for column in row.formulas:
            if column in self._names and column not in row.faults:
                yield self._said("XLS-04", row, column, None)

    def _merges(self, row: SheetRow, merged: Sequence[Merged]) -> Iterator[Finding]:
        for one in merged:
            for column in range(one.left, min(one.right, self._width) + 1):
                field = self._fields.get(column)
                if field is None:
                    continue
                if column > one.left:
                    yield self._said("XLS-14", row, column, one.text)
                elif one.bottom > one.top and self._ambiguous(column):
                    yield self._said("XLS-13", row, column, one.text)

    def _ambiguous(self, column: int) -> bool:
        """Whether a value for several rows may be that of each or that of all together."""
        field = self._fields[column]
        return self._guided and field.kind in _NUMBERS and field.name not in self._once

    def _looks(self, row: SheetRow) -> Iterator[Finding]:
        """Numbers and days whose look says something else than what is stored."""
        for column, look in row.looks.items():
            field, plain = self._fields.get(column), row.texts.get(column, "")
            if field is None or not plain:
                continue
            if look.kind == "zeros":
                if field.kind == "text" and (text := look.padded(plain)) != plain:
                    row.texts[column] = text
                    yield self._said("XLS-15", row, column, text, expected=plain)
            elif look.kind != "words" or field.kind == "text":
                yield self._said("XLS-16", row, column, look.shown(plain), expected=plain)
        if not self._guided:
            return
        for column in row.days:
            if column in self._fields and self._fields[column].kind == "text" and column in row.texts:
                yield self._said("XLS-18", row, column, shown(row.texts[column]))
        for column, field in self._fields.items():
            if field.kind in _DAYS and (serial := row.texts.get(column, "")).partition(".")[0].isdigit():
                day = moment(serial, self._since_1904) if len(serial.partition(".")[0]) == _DIGITS_OF_A_DAY else None
                if day is not None and field.fault(serial) is not None:
                    del row.texts[column]
                    yield self._said("XLS-17", row, column, serial, expected=day)

    def _said(self, rule: str, row: SheetRow, column: int, got: str | None, expected: str | None = None) -> Finding:
        found = _note(rule, row.number, column, got)
        return replace(found, expected=expected, params={"field": self._names[column], "count": "1"})


def _note(rule: str, row: int, column: int, got: str | None) -> Finding:
    place = Place(position=row, element=column + 1, line=row, path=f"{column_letters(column)}{row}")
    return Finding(rule, place=place, got=got)


def once_each(findings: Sequence[Finding]) -> list[Finding]:
    """What is said of many cells of a column, said at the first of them, with their number."""
    counts: dict[tuple[str, str], int] = {}
    kept: list[Finding] = []
    for finding in findings:
        if finding.rule in REPEATED:
            key = (finding.rule, finding.params["field"])
            counts[key] = counts.get(key, 0) + 1
            if counts[key] > 1:
                continue
        kept.append(finding)
    return [
        replace(one, params={**one.params, "count": str(counts[one.rule, one.params["field"]])}) if one.rule in REPEATED else one
        for one in kept
    ]

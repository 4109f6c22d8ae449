"""Cells of a workbook as its programs name them: `G3`, `Orders!G3`, `'Orders 2026'!G3`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def column_number(letters: str) -> int:
    """A column's number from 0: A is 0, AA is 26."""
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - 64
    return value - 1


def column_letters(number: int) -> str:
    """The letters of a column counted from 0.

    >>> column_letters(0), column_letters(25), column_letters(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def named(place: Mapping[str, Any]) -> str:
    """A place in a workbook (`Place.as_json`) with its sheet; the row, or the path, where no column is known; else empty."""
    row, column, sheet = place["position"], place["element"], place["segment"]
    address = f"{column_letters(column - 1)}{row}" if row and column else str(place["path"] or row or "")
    if sheet is None:
        return address
    quoted = sheet if sheet.isalnum() else "'" + sheet.replace("'", "''") + "'"
    return f"{quoted}!{address}" if address else quoted

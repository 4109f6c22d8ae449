"""Types of IDoc fields: how SAP spells dates, times and numbers in text. Texts are checked, never changed.

DATS `00000000` and NUMC of zeros only are SAP's word for "nothing here" (the initial value); a reader leaves them out as it does
blanks. Numbers have a point, or what the sender's locale has, and the minus behind: `1234.50-`, `1.234,50-`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache

Check = Callable[[str], bool]
WIDTHS = {"DATS": 8, "TIMS": 6}
"""Types that have one length only."""

_DIGITS = re.compile(r"[0-9]+")
_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]")
_NUMBER = re.compile(r"[+-]?[0-9]*(?:[.,][0-9]{3})*(?:[.,][0-9]*)?[+-]?")


@lru_cache(maxsize=8192)
def is_day(text: str) -> bool:
    """Whether eight digits are a day of the calendar."""
    match = _DAY.fullmatch(text)
    if match is None:
        return False
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def is_number(text: str) -> bool:
    """Whether digits stand there with one sign at most, marks of thousands and of decimals."""
    signed = (text[:1] in "+-") + (text[-1:] in "+-")
    return signed < 2 and any(map(str.isdecimal, text)) and _NUMBER.fullmatch(text) is not None


KINDS: dict[str, tuple[Check | None, str]] = {
    "CHAR": (None, "text"),
    "NUMC": (lambda text: _DIGITS.fullmatch(text) is not None, "digits"),
    "DATS": (is_day, "a date like 20261122"),
    "TIMS": (lambda text: _TIME.fullmatch(text) is not None, "a time like 083000"),
    "QUAN": (is_number, "a number like 1234.50 or 1234.50-"),
    "CURR": (is_number, "an amount like 1234.50 or 1234.50-"),
    "DEC": (is_number, "a number like 1234.50 or 1234.50-"),
}
"""The check of a type (null where any text will do), and what it asks for in words."""

NUMBERS = frozenset({"QUAN", "CURR", "DEC"})
"""Types whose text, cut, is a smaller number and looks as good."""

INITIAL = {"DATS": frozenset({"00000000"}), "NUMC": frozenset("0" * length for length in range(1, 21))}
"""Texts that say nothing, by type."""


def decimals_of(text: str) -> int:
    """Digits after the point, or after a comma that is not a mark of thousands."""
    bare = text.strip("+-")
    at = max(bare.rfind("."), bare.rfind(","))
    if at < 0 or (bare[at] == "," and len(bare) - at == 4):
        return 0
    return len(bare[at + 1 :].rstrip("0"))

"""Dates in GS1 element strings: six digits YYMMDD, and what century they mean (GS1 General Specifications 3.4, 7.12).

A day of `00` stands for the last day of the month where the AI allows it (production, expiry and the like). The century
slides with today: a year up to 49 years back or 50 ahead is meant.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from functools import lru_cache


def full_year(yy: int, reference_year: int) -> int:
    """The four-digit year that a two-digit one means in `reference_year` (General Specifications 7.12).

    >>> full_year(26, 2026), full_year(76, 2026), full_year(77, 2026)
    (2026, 2076, 1977)
    """
    century = reference_year - reference_year % 100
    distance = yy - reference_year % 100
    if distance >= 51:
        return century - 100 + yy
    if distance <= -50:
        return century + 100 + yy
    return century + yy


@lru_cache(maxsize=16384)
def day_of(text: str, reference_year: int, month_allowed: bool = True) -> str | None:
    """ISO day that YYMMDD means, null when there is no such day.

    With `month_allowed`, DD of 00 gives the last day of the month; else 00 is no day. `text` is six ASCII digits.
    """
    year = full_year(int(text[:2]), reference_year)
    month = int(text[2:4])
    day = int(text[4:6])
    if not 1 <= month <= 12:
        return None
    last = monthrange(year, month)[1]
    if day == 0 and month_allowed:
        day = last
    if not 1 <= day <= last:
        return None
    return f"{year:04}-{month:02}-{day:02}"


def is_day(text: str) -> bool:
    """Whether an ISO text `YYYY-MM-DD` is a day of the calendar."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def last_day(partial: str) -> str:
    """The last day that an ISO date with its precision covers: `2026-08` gives `2026-08-31`, a day itself."""
    if len(partial) == 7:
        return f"{partial}-{monthrange(int(partial[:4]), int(partial[5:7]))[1]:02}"
    return partial

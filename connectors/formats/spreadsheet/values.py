"""What a cell's number says as text: exact digits, a day, a time of day.

A workbook keeps numbers as binary floats of 15 safe digits; `8.5` may stand in the file as `8.5000000000000004`. What Excel shows, and
what this module gives, is the number rounded to 15 digits. A whole number of more digits has lost some, which a caller tells.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

_NUMBER = re.compile(r"-?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,3})?")
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,14})?")
_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_EVEN, Emax=999, Emin=-999)
_LAST_DAY = 2_958_465  # 9999-12-31 in the 1900 system
_SECONDS = 86_400


def number(text: str) -> str | None:
    """The number as plain digits, at most 15 that count; None for what is no number."""
    if _PLAIN.fullmatch(text) and len(text) <= 16 and (text[0] != "-" or text.strip("-0.")):
        return text
    if not _NUMBER.fullmatch(text):
        return None
    value = _FIFTEEN.create_decimal(Decimal(text))
    if not value.is_finite() or abs(value.adjusted()) > 40:
        return None
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def lost_digits(plain: str) -> bool:
    """Whether a whole number has more digits than a workbook keeps: the last of an SSCC typed as a number become zeros."""
    return len(plain.lstrip("-")) > 15 and "." not in plain


def moment(plain: str, since_1904: bool) -> str | None:
    """A serial number as `2026-11-22`, `2026-11-22T08:30:00` or, less than a day, `08:30:00`; None for what is no day.

    The 1900 system has a 29 February 1900, which the calendar has not (ECMA-376 part 1, 18.17.4.1); days before it count from another day.
    """
    serial = Decimal(plain)
    days = int(serial // 1)
    seconds = int(((serial - days) * _SECONDS).to_integral_value(ROUND_HALF_EVEN))
    if seconds == _SECONDS:
        days, seconds = days + 1, 0
    if days < 0 or days > _LAST_DAY - (1462 if since_1904 else 0) or (days == 60 and not since_1904):
        return None
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if days == 0 and not since_1904:
        return clock if seconds else None
    if since_1904:
        start = datetime(1904, 1, 1)  # noqa: DTZ001  # a calendar day, no moment
    else:
        start = datetime(1899, 12, 30) if days > 60 else datetime(1899, 12, 31)  # noqa: DTZ001
    day = (start + timedelta(days=days)).date().isoformat()
    return f"{day}T{clock}" if seconds else day


def serial_of(day: str) -> int | None:
    """The serial number, 1900 system, of an ISO day from 1 March 1900 on; None for others, which are written as text."""
    days = (datetime.fromisoformat(day) - datetime(1899, 12, 30)).days  # noqa: DTZ001
    return days if days > 60 else None

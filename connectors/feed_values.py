"""Types of feed fields: how the text of a number, date or moment must be spelled. Texts are checked, never changed.

Mappings turn them into canonical values; explain shows them as they came. Calendar and clock are checked (ISO 8601-1 5.2,
5.3), so `2026-02-30` is found here and not in a traceback later.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache

from connectors.feed_days import DAYS

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = {
    ".": re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?"),
    ",": re.compile(r"[+-]?[0-9]{1,40}(?:,[0-9]{1,40})?"),
}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-5]):?[0-5][0-9])"
_INSTANT = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})T{_CLOCK}(?::[0-5][0-9](?:[.,][0-9]{{1,9}})?)?{_OFFSET}")
_LOCAL = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[T ]{_CLOCK}(?::[0-5][0-9](?:\.[0-9]{{1,9}})?)?{_OFFSET}?")
_DOTTED = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_DOTTED_TIME = re.compile(rf"([0-9]{{2}}\.[0-9]{{2}}\.[0-9]{{4}}) {_CLOCK}(?::[0-5][0-9])?")
_COMPACT = re.compile(r"[0-9]{8}")
_COMPACT_TIME = re.compile(r"([0-9]{8})(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9])?")
_SLASHED = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")
_SLASHED_TIME = re.compile(r"([0-9]{4}/[0-9]{1,2}/[0-9]{1,2}) (?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")
_SLASHED_YEAR_LAST = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_CHINESE = re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日")
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0{1,9})?)?)?")
_DAY_OR_TIME = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[T ]{_CLOCK}(?::[0-5][0-9](?:\.[0-9]{{1,9}})?)?)?")
_ODATA = re.compile(r"/Date\(-?[0-9]{1,15}(?:[+-][0-9]{4})?\)/")
_XML_DATE = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:{_OFFSET}|T{_CLOCK}(?::[0-5][0-9](?:\.[0-9]{{1,9}})?)?{_OFFSET}?)?")
_XML_TIME = re.compile(rf"{_CLOCK}(?::[0-5][0-9](?:\.[0-9]{{1,9}})?)?{_OFFSET}?")

Check = Callable[[str], object]
"""Truthy for a text that is spelled as the type asks."""


def _on_calendar(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


# Days up to the 28th are in every month, so most dates need no calendar.
_SURE_DATE = re.compile(r"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])")


def _date(value: str) -> bool:
    return _SURE_DATE.fullmatch(value) is not None or (_DATE.fullmatch(value) is not None and _on_calendar(value))


def _partial_date(value: str) -> bool:
    return _date(value) or (_MONTH.fullmatch(value) is not None and value[:4] != "0000")


def _compact_date(value: str) -> bool:
    return _COMPACT.fullmatch(value) is not None and _on_calendar(f"{value[:4]}-{value[4:6]}-{value[6:]}")


def _instant(value: str) -> bool:
    match = _INSTANT.fullmatch(value)
    return match is not None and _date(match[1])


def _local_instant(value: str) -> bool:
    match = _LOCAL.fullmatch(value)
    return match is not None and _date(match[1])


def _dotted_date(value: str) -> bool:
    match = _DOTTED.fullmatch(value)
    return match is not None and _on_calendar(f"{match[3]}-{match[2]}-{match[1]}")


def _dotted_instant(value: str) -> bool:
    match = _DOTTED_TIME.fullmatch(value)
    return match is not None and _dotted_date(match[1])


def _day(year: str, month: str, day: str) -> bool:
    return _on_calendar(f"{year}-{month:0>2}-{day:0>2}")


def _slashed_ymd(value: str) -> bool:
    match = _SLASHED.fullmatch(value)
    return match is not None and _day(match[1], match[2], match[3])


def _slashed_dmy(value: str) -> bool:
    match = _SLASHED_YEAR_LAST.fullmatch(value)
    return match is not None and _day(match[3], match[2], match[1])


def _slashed_mdy(value: str) -> bool:
    match = _SLASHED_YEAR_LAST.fullmatch(value)
    return match is not None and _day(match[3], match[1], match[2])


def _chinese_date(value: str) -> bool:
    match = _CHINESE.fullmatch(value)
    return match is not None and _day(match[1], match[2], match[3])


def _midnight(value: str) -> bool:
    match = _MIDNIGHT.fullmatch(value)
    return match is not None and _date(match[1])


def _day_or_time(value: str) -> bool:
    match = _DAY_OR_TIME.fullmatch(value)
    return match is not None and _date(match[1])


def _slashed_time(value: str) -> bool:
    match = _SLASHED_TIME.fullmatch(value)
    return match is not None and _slashed_ymd(match[1])


def _compact_time(value: str) -> bool:
    match = _COMPACT_TIME.fullmatch(value)
    return match is not None and _compact_date(match[1])


@dataclass(frozen=True, slots=True)
class Spelling:
    """A grammar's marks in numbers and its words for true and false."""

    decimal: str = "."
    thousands: str = ""
    """Between groups of three digits; empty where there is none. A blank is also taken as a no-break space."""
    booleans: tuple[str, str] = ("true", "false")


def _xml_date(value: str) -> bool:
    match = _XML_DATE.fullmatch(value)
    return match is not None and _date(match[1])


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of field: its check (None for decimal and boolean, which depend on the grammar) and what it asks for."""

    check: Check | None
    spelling: str

    def describe(self, spelling: Spelling) -> str:
        """What the type asks for, as a person reads it in a finding or in the documentation."""
        text = self.spelling.format(decimal=spelling.decimal, yes=spelling.booleans[0], no=spelling.booleans[1])
        return f"{text}, thousands '{spelling.thousands}'" if self.check is None and "number" in text and spelling.thousands else text


KINDS: dict[str, Kind] = {
    "text": Kind(None, "text"),
    "integer": Kind(_INTEGER.fullmatch, "integer"),
    "decimal": Kind(None, "decimal number with '{decimal}'"),
    "implied_decimal_2": Kind(_INTEGER.fullmatch, "digits, the last two of them decimals"),
    "implied_decimal_3": Kind(_INTEGER.fullmatch, "digits, the last three of them decimals"),
    "boolean": Kind(None, "{yes} | {no}"),
    "date": Kind(_date, "YYYY-MM-DD"),
    "partial_date": Kind(_partial_date, "YYYY-MM-DD | YYYY-MM"),
    "date_compact": Kind(_compact_date, "YYYYMMDD"),
    "date_dotted": Kind(_dotted_date, "DD.MM.YYYY"),
    "date_slashed_ymd": Kind(_slashed_ymd, "YYYY/MM/DD"),
    "date_slashed_dmy": Kind(_slashed_dmy, "DD/MM/YYYY"),
    "date_slashed_mdy": Kind(_slashed_mdy, "MM/DD/YYYY"),
    "date_chinese": Kind(_chinese_date, "YYYY年M月D日"),
    "date_of_midnight": Kind(_midnight, "YYYY-MM-DD 00:00:00"),
    "instant": Kind(_instant, "YYYY-MM-DDThh:mm:ss+hh:mm"),
    "instant_local": Kind(_local_instant, "YYYY-MM-DDThh:mm:ss"),
    "xml_date": Kind(_xml_date, "YYYY-MM-DD, also with an offset or a time"),
    "xml_time": Kind(_XML_TIME.fullmatch, "hh:mm:ss, also with an offset"),
    "instant_dotted": Kind(_dotted_instant, "DD.MM.YYYY hh:mm"),
    "instant_slashed_ymd": Kind(_slashed_time, "YYYY/MM/DD hh:mm"),
    "instant_compact": Kind(_compact_time, "YYYYMMDDhhmmss"),
    "day_or_time": Kind(_day_or_time, "YYYY-MM-DD | YYYY-MM-DD hh:mm:ss"),
    "odata_date": Kind(_ODATA.fullmatch, "/Date(milliseconds)/"),
    **{name: Kind(check, spelling) for name, (check, spelling) in DAYS.items()},
}


@cache
def check_for(kind: str, spelling: Spelling) -> Check | None:
    """The check of a type under a grammar's marks and words; None where any text will do."""
    if kind == "decimal":
        return _grouped(spelling.decimal, spelling.thousands).fullmatch if spelling.thousands else _DECIMAL[spelling.decimal].fullmatch
    if kind == "boolean":
        return frozenset(spelling.booleans).__contains__
    return KINDS[kind].check


def _grouped(decimal: str, thousands: str) -> re.Pattern[str]:
    """Numbers whose thousands may be set off: by groups of three, or not at all."""
    mark = "[ \u00a0\u202f]" if thousands == " " else "['\u2019]" if thousands == "'" else re.escape(thousands)
    return re.compile(rf"[+-]?(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}}){{1,12}}|[0-9]{{1,40}})(?:{re.escape(decimal)}[0-9]{{1,40}})?")

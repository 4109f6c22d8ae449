"""Named functions of a mapping: one text of the source becomes one canonical value, and back.

A function reads texts (more than one where a moment is told by date and time apart) and raises ValueError, with what it
expected in words, for a text that it can't take; the engine makes that finding MAP-02. Its `inverse` says
what writing promises:

- `exact`: read(write(y)) == y for every y that `write` takes; it raises ValueError for the rest.
- `canonical`: `write` may say less than y (a time without seconds, another offset); read(write(read(x))) == read(x).
- `none`: the value is made of others and is not written.

Texts come without blanks at their ends and are never empty. Caches are bounded; they hold texts of the outside.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from mappings import functions_days as functions_days  # what it defines is registered
from mappings import functions_edifact as functions_edifact
from mappings import functions_feeds as functions_feeds
from mappings import functions_idoc as functions_idoc
from mappings import functions_signs as functions_signs
from mappings import functions_spelled_days as functions_spelled_days
from mappings import functions_units as functions_units
from mappings import functions_x12 as functions_x12
from mappings import functions_x12_zones as functions_x12_zones
from mappings import functions_xml as functions_xml
from mappings.function_base import (
    FUNCTIONS,
    LIMIT,
    Function,
    Inverse,
    Kind,
    Moment,
    bounded,
    calendar_day,
    day_start,
    finite,
    in_zone,
    read_decimal,
    register,
    tells_day_only,
    wall_time,
    write_decimal,
    zone_named,
)

__all__ = ["FUNCTIONS", "Function", "Inverse", "Kind", "Moment", "in_segments", "unmarked", "zone_named"]


# --- text --------------------------------------------------------------------------------------------------------------
def as_stated(text: str) -> str:
    """The text itself."""
    return text


def _written(value: str) -> tuple[str, ...]:
    return (value,)


_MARKS = str.maketrans(dict.fromkeys("\x1c\x1d\x1e\x1f", "\x1a"))
"""The separators of ISO 9735 level B, which part the values inside a tree, and what a text from outside gets for them."""


def unmarked(text: str) -> str:
    """The text with SUB for signs that part the values of a tree: said by our own systems, they would make elements of their own.

    No syntax carries SUB, so words get a blank for it, which is told, and an identifier is refused.
    """
    return text if text.isprintable() else text.translate(_MARKS)


def in_segments(function: Function) -> Function:
    """The function as rows of segments write with it: a text brings no separator along."""
    write = function.write
    if function.kind != "text" or write is None:
        return function
    return replace(function, write=_written_unmarked if write is _written else lambda value: write(unmarked(value)))


def _written_unmarked(value: str) -> tuple[str, ...]:
    return (unmarked(value),)


WRITTEN_IN_SEGMENTS = _written_unmarked
"""How rows of segments write a text."""

_SSCC_IN_MAN = re.compile(r"(?:00)?([0-9]{18})")
_SSCC = re.compile(r"[0-9]{18}")


def read_sscc(text: str) -> str:
    """SSCC out of MAN02: 20 digits are AI 00 with it, 18 digits the SSCC itself (GS1 General Specifications 3.3.1)."""
    if match := _SSCC_IN_MAN.fullmatch(text):
        return match[1]
    raise ValueError("18 digits, or 00 and 18 digits")


def write_sscc_with_identifier(value: str) -> tuple[str, ...]:
    """AI 00 and the SSCC, as MAN*GM carries it."""
    if not _SSCC.fullmatch(value):
        raise ValueError("18 digits")
    return (f"00{value}",)


def write_sscc(value: str) -> tuple[str, ...]:
    """The 18 digits alone."""
    if not _SSCC.fullmatch(value):
        raise ValueError("18 digits")
    return (value,)


def _read_upper(text: str) -> str:
    return text.upper()


def _read_joined(*texts: str) -> str:
    return "/".join(text for text in texts if text)


# --- numbers -----------------------------------------------------------------------------------------------------------
_COMMA = re.compile(r"-?(?:[0-9]{1,40}(?:,[0-9]{0,40})?|,[0-9]{1,40})")
_JSON = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


@lru_cache(maxsize=16384)
def read_decimal_comma(text: str) -> Decimal:
    """A number with a decimal comma and no grouping."""
    if not _COMMA.fullmatch(text):
        raise ValueError("a number like 12,50")
    return bounded(Decimal(text.replace(",", ".")))


@lru_cache(maxsize=16384)
def read_json_number(text: str) -> Decimal:
    """A JSON number (RFC 8259 section 6), or the same spelling in a string; an exponent is written out."""
    if not _JSON.fullmatch(text):
        raise ValueError("a number like 12.50")
    number = Decimal(text)
    return bounded(Decimal(format(number, "f")) if abs(number) < LIMIT else number)


@lru_cache(maxsize=4096)
def read_implied_decimal_2(text: str) -> Decimal:
    """X12 type N2: whole digits of which the last two are decimals (X12.6 3.3.1.1)."""
    if not _WHOLE.fullmatch(text):
        raise ValueError("digits of which the last two are decimals")
    return bounded(Decimal(text).scaleb(-2))


def write_decimal_comma(value: Decimal) -> tuple[str, ...]:
    """Decimal comma, never an exponent."""
    return (write_decimal(value)[0].replace(".", ","),)


def write_implied_decimal_2(value: Decimal) -> tuple[str, ...]:
    """Digits of which the last two are decimals; a third decimal other than zero is refused, never rounded."""
    cents = finite(value).scaleb(2)
    if cents != cents.to_integral_value():
        raise ValueError("at most two decimals")
    return (format(cents.to_integral_value(), "f"),)


def read_integer(text: str) -> int:
    """A whole number."""
    if not _WHOLE.fullmatch(text):
        raise ValueError("a whole number")
    return int(text)


def write_integer(value: int) -> tuple[str, ...]:
    """Digits with a leading minus where needed."""
    return (str(value),)


_YES_NO = {"Y": True, "N": False}
_TRUE_FALSE = {"true": True, "false": False}


def read_boolean_yn(text: str) -> bool:
    """Y or N."""
    answer = _YES_NO.get(text)
    if answer is None:
        raise ValueError("Y or N")
    return answer


def read_boolean(text: str) -> bool:
    """`true` or `false` (JSON, XML)."""
    answer = _TRUE_FALSE.get(text)
    if answer is None:
        raise ValueError("true or false")
    return answer


# --- dates -------------------------------------------------------------------------------------------------------------
_DAY8 = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_DAY6 = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})")
_MONTH6 = re.compile(r"([0-9]{4})(0[1-9]|1[0-2])")
_DOTTED = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_CENTURY_TURN = 70  # two-digit years of 3060 and older: 70..99 are 19xx, 00..69 are 20xx


def _x12_day(text: str) -> date:
    if match := _DAY8.fullmatch(text):
        return calendar_day(int(match[1]), int(match[2]), int(match[3]), "CCYYMMDD")
    if match := _DAY6.fullmatch(text):
        year = int(match[1])
        return calendar_day(year + (1900 if year >= _CENTURY_TURN else 2000), int(match[2]), int(match[3]), "YYMMDD")
    raise ValueError("a date like 20261122")


@lru_cache(maxsize=8192)
def read_x12_date(text: str) -> str:
    """X12 type DT, 8 digits, or 6 in versions before 004010."""
    return _x12_day(text).isoformat()


@lru_cache(maxsize=8192)
def write_x12_date(value: str) -> tuple[str, ...]:
    """8 digits; a month without a day is refused, since a day would be invented."""
    if not _ISO_DAY.fullmatch(value):
        raise ValueError("a full date with a day")
    return (value.replace("-", ""),)


@lru_cache(maxsize=1024)
def read_year_month(text: str) -> str:
    """CCYYMM (date format qualifier CM): a month and never a day."""
    match = _MONTH6.fullmatch(text)
    if match is None:
        raise ValueError("a month like 202608")
    return f"{match[1]}-{match[2]}"


def write_year_month(value: str) -> tuple[str, ...]:
    """CCYYMM; a date with a day is refused."""
    if not _ISO_MONTH.fullmatch(value):
        raise ValueError("a month without a day")
    return (value.replace("-", ""),)


@lru_cache(maxsize=1024)
def read_last_day_of_month(text: str) -> str:
    """CCYYMM where the partner means the last day of the month."""
    year, month = map(int, read_year_month(text).split("-"))
    return (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).isoformat() if (year, month) != (9999, 12) else "9999-12-31"


def write_last_day_of_month(value: str) -> tuple[str, ...]:
    """CCYYMM of a last day of a month; any other day is refused."""
    text = write_x12_date(value)[0][:6]
    if read_last_day_of_month(text) != value:
        raise ValueError("the last day of a month")
    return (text,)


@lru_cache(maxsize=8192)
def read_date_dotted(text: str) -> str:
    """DD.MM.YYYY."""
    match = _DOTTED.fullmatch(text)
    if match is None:
        raise ValueError("a date like 22.11.2026")
    return calendar_day(int(match[3]), int(match[2]), int(match[1]), "DD.MM.YYYY").isoformat()


def write_date_dotted(value: str) -> tuple[str, ...]:
    """DD.MM.YYYY; a month without a day is refused."""
    digits = write_x12_date(value)[0]
    return (f"{digits[6:]}.{digits[4:6]}.{digits[:4]}",)


@lru_cache(maxsize=8192)
def read_iso_date(text: str) -> str:
    """ISO 8601 calendar date, or year and month: `2026-08` stays a month."""
    if _ISO_DAY.fullmatch(text):
        return calendar_day(int(text[:4]), int(text[5:7]), int(text[8:]), "YYYY-MM-DD").isoformat()
    if _ISO_MONTH.fullmatch(text):
        return text
    raise ValueError("a date like 2026-11-22 or a month like 2026-08")


# --- moments -----------------------------------------------------------------------------------------------------------
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])(?:([0-5][0-9])([0-9]{1,2})?)?")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)(Z|[+-][0-9]{2}:?[0-9]{2}(?::[0-9]{2})?)?"
)


@lru_cache(maxsize=8192)
def read_x12_date_time(day: str, time: str, zone: str) -> Moment:
    """X12 DT and TM (HHMM, HHMMSS, HHMMSSD, HHMMSSDD); no time means the day's beginning."""
    at = _x12_day(day)
    if not time:
        return day_start(at, zone)
    match = _TIME.fullmatch(time)
    if match is None:
        raise ValueError("a time like 0830")
    hundredths = int((match[4] or "0").ljust(2, "0"))
    local = datetime(at.year, at.month, at.day, int(match[1]), int(match[2]), int(match[3] or 0), hundredths * 10_000)  # noqa: DTZ001
    return Moment(in_zone(local, zone), False)


def write_x12_date_time(value: datetime, zone: str) -> tuple[str, ...]:
    """Date and time in the zone, as short as the value allows, at most hundredths of a second; no time for a day that states none."""
    local = wall_time(value, zone)
    if tells_day_only(value):
        return (f"{local.year:04d}{local.month:02d}{local.day:02d}", "")
    time = f"{local.hour:02d}{local.minute:02d}"
    if local.second or local.microsecond >= 10_000:
        time += f"{local.second:02d}"
    if local.microsecond >= 10_000:
        time += f"{local.microsecond // 10_000:02d}"
    return (f"{local.year:04d}{local.month:02d}{local.day:02d}", time)


def write_x12_date_with_time(value: datetime, zone: str) -> tuple[str, ...]:
    """As `write_x12_date_time`, where the set demands a time: a day that states none begins at 0000."""
    day, time = write_x12_date_time(value, zone)
    return (day, time or "0000")


def read_x12_day_start(day: str, zone: str) -> Moment:
    """A document that tells its day only: the beginning of that day in the zone."""
    return read_x12_date_time(day, "", zone)


def write_x12_day_start(value: datetime, zone: str) -> tuple[str, ...]:
    """The day in the zone; the time is not told."""
    return write_x12_date_time(value, zone)[:1]


@lru_cache(maxsize=8192)
def read_date_time_dotted(text: str, zone: str) -> Moment:
    """DD.MM.YYYY HH:MM in the zone."""
    day, _, clock = text.partition(" ")
    match = _CLOCK.fullmatch(clock)
    if match is None or not _DOTTED.fullmatch(day):
        raise ValueError("a time like 22.11.2026 08:30")
    at = date.fromisoformat(read_date_dotted(day))
    return Moment(in_zone(datetime(at.year, at.month, at.day, int(match[1]), int(match[2])), zone), False)  # noqa: DTZ001


def write_date_time_dotted(value: datetime, zone: str) -> tuple[str, ...]:
    """DD.MM.YYYY HH:MM in the zone; seconds are not told."""
    local = wall_time(value, zone)
    return (f"{local.day:02d}.{local.month:02d}.{local.year:04d} {local.hour:02d}:{local.minute:02d}",)


@lru_cache(maxsize=8192)
def read_iso_instant(text: str, zone: str) -> Moment:
    """ISO 8601 date and time; where it states no offset, the zone gives it."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError("a time like 2026-11-22T08:30:00+08:00")
    try:
        at = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3] or ''}")
    except ValueError:
        raise ValueError("a time of the calendar, like 2026-11-22T08:30:00+08:00") from None
    return Moment(at, True) if match[3] else Moment(in_zone(at, zone), False)


def write_iso_instant(value: datetime, zone: str) -> tuple[str, ...]:
    """ISO 8601 with the offset that the value carries."""
    return (value.isoformat(),)


for _function in (
    Function("text", "text", "exact", as_stated, _written, says="as stated"),
    Function("gtin", "text", "exact", as_stated, _written, says="the digits as stated, 8 to 14; the store pads to 14"),
    Function("upper", "text", "canonical", _read_upper, _written, says="in capital letters"),
    Function("sscc_from_man", "text", "exact", read_sscc, write_sscc_with_identifier, says="18 digits out of 20 (AI 00) or 18"),
    Function("sscc", "text", "exact", read_sscc, write_sscc, says="18 digits, or 00 and 18 digits"),
    Function("joined_by_slash", "text", "none", _read_joined, None, arguments=2, says="two texts with a slash between"),
    Function("decimal", "decimal", "exact", read_decimal, write_decimal, says="12.50; no exponent"),
    Function("decimal_comma", "decimal", "exact", read_decimal_comma, write_decimal_comma, says="12,50"),
    Function("json_number", "decimal", "exact", read_json_number, write_decimal, says="12.50 or 1.25e1"),
    Function("implied_decimal_2", "decimal", "exact", read_implied_decimal_2, write_implied_decimal_2, says="X12 N2: 1250 is 12.50"),
    Function("integer", "integer", "exact", read_integer, write_integer, says="a whole number"),
    Function("boolean_yn", "boolean", "exact", read_boolean_yn, lambda value: ("Y" if value else "N",), says="Y or N"),
    Function("boolean", "boolean", "exact", read_boolean, lambda value: ("true" if value else "false",), says="true or false"),
    Function("x12_date", "date", "exact", read_x12_date, write_x12_date, says="20261122 or 261122"),
    Function("year_month", "date", "exact", read_year_month, write_year_month, says="202608 is the month 2026-08"),
    Function("last_day_of_month", "date", "exact", read_last_day_of_month, write_last_day_of_month, says="202608 means 2026-08-31"),
    Function("date_dotted", "date", "exact", read_date_dotted, write_date_dotted, says="22.11.2026"),
    Function("iso_date", "date", "exact", read_iso_date, _written, says="2026-11-22, or the month 2026-08"),
    Function("x12_date_time", "instant", "canonical", read_x12_date_time, write_x12_date_time, arguments=2, says="20261122 and 0830"),
    Function(
        "x12_date_with_time",
        "instant",
        "canonical",
        read_x12_date_time,
        write_x12_date_with_time,
        arguments=2,
        says="20261122 and 0830, never without a time",
    ),
    Function("x12_day_start", "instant", "canonical", read_x12_day_start, write_x12_day_start, says="20261122, from its beginning"),
    Function("date_time_dotted", "instant", "canonical", read_date_time_dotted, write_date_time_dotted, says="22.11.2026 08:30"),
    Function("iso_instant", "instant", "exact", read_iso_instant, write_iso_instant, says="2026-11-22T08:30:00+08:00"),
):
    register(_function)

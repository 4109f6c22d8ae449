"""Functions for what EDIFACT messages write: dates that say their own form (2379), spans of days, numbers with either decimal mark.

A date is told by two components, the digits and the code of their form: `20261122` and `102`. Where the code is left out only lengths that
can mean one thing are taken. Neither point nor comma ever groups digits in EDIFACT, so both are the decimal mark (ISO 9735 section 10).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache

from mappings.function_base import Function, Moment, bounded, calendar_day, day_start, in_zone, register, wall_time, write_decimal
from mappings.path import COMPONENT_MARK

# --- numbers -----------------------------------------------------------------------------------------------------------
_NUMBER = re.compile(r"-?(?:[0-9]{1,40}(?:[.,][0-9]{0,40})?|[.,][0-9]{1,40})")


@lru_cache(maxsize=16384)
def read_number(text: str) -> Decimal:
    """A number with point or comma as its decimal mark."""
    if not _NUMBER.fullmatch(text):
        raise ValueError("a number like 12.50 or 12,50")
    return bounded(Decimal(text.replace(",", ".")))


def read_sum(*texts: str) -> Decimal:
    """Quantities that are parts of one: received and accepted, received and refused."""
    return bounded(sum((read_number(text) for text in texts if text), Decimal()))


# --- numbers of pieces -------------------------------------------------------------------------------------------------
_NUMBERED = re.compile(r"(.*?)([0-9]{1,18})", re.DOTALL)
_MOST_OF_A_RANGE = 10_000


def read_identities(text: str) -> tuple[str, ...]:
    """The numbers of an identity number range (C208): one, or from the first to the last."""
    first, _, rest = text.partition(COMPONENT_MARK)
    first, last = first.strip(), rest.partition(COMPONENT_MARK)[0].strip()
    if not first or not last or first == last:
        return (first or last,)
    begin, end = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
    if begin is None or end is None or begin[1] != end[1] or len(first) != len(last):
        raise ValueError("a range such as SN0001 to SN0020")
    if not 0 <= int(end[2]) - int(begin[2]) < _MOST_OF_A_RANGE:
        raise ValueError(f"a range of at most {_MOST_OF_A_RANGE} numbers, the lowest first")
    return tuple(f"{begin[1]}{number:0{len(begin[2])}d}" for number in range(int(begin[2]), int(end[2]) + 1))


def write_identities(value: str) -> tuple[str, ...]:
    """One number; ranges are not written."""
    return (value,)


# --- text --------------------------------------------------------------------------------------------------------------
_PART = 35  # one 7008 of D.96A; later directories take 256 in one


def read_text(first: str, second: str) -> str:
    """A description in two parts: one that fills its part goes on without a blank."""
    return first + second if not second or len(first) == _PART else f"{first} {second}"


def write_text(value: str) -> tuple[str, ...]:
    """Parts of 35 that read back as one; a text that has no such parts is left whole, and the format says whether it is too long."""
    if _PART < len(value) <= 2 * _PART and not value[_PART - 1].isspace() and not value[_PART].isspace():
        return (value[:_PART], value[_PART:])
    at = value.rfind(" ", 0, _PART) if _PART < len(value) <= 2 * _PART else -1
    if at > 0 and len(value) - at - 1 <= _PART and not (value[at - 1].isspace() or value[at + 1].isspace()):
        return (value[:at], value[at + 1 :])
    return (value, "")


# --- dates -------------------------------------------------------------------------------------------------------------
_DIGITS = {"101": 6, "102": 8, "201": 10, "203": 12, "204": 14}
"""Forms of one moment, by 2379, and how many digits they have."""
_OF_LENGTH = {8: "102", 12: "203", 14: "204"}
_DAYS = (6, 8)
"""Digits of the forms that tell a day only: 101 and 102."""
_OFFSET = re.compile(r"([0-9]{12})([+-])([01][0-9]|2[0-3])([0-5][0-9])")
_ZONED = re.compile(r"([0-9]{12}(?:[0-9]{2})?)(UTC|GMT|Z)")
_MONTH = re.compile(r"([0-9]{4})(0[1-9]|1[0-2])")
_WEEK = re.compile(r"([0-9]{4})(0[1-9]|[1-4][0-9]|5[0-3])")
_SPAN = re.compile(r"([0-9]{8})(?:[0-9]{4})?-?([0-9]{8})(?:[0-9]{4})?")
_CENTURY_TURN = 70
_EXPECTED = "a date like 20261122 with its form 102, 203, 204, 205, 303, 304 or 610"


def _moment(text: str, form: str) -> datetime:
    """Local time of a form that is one moment; the day's beginning where only the day is told."""
    form = form or _OF_LENGTH.get(len(text), "")
    if _DIGITS.get(form) != len(text) or not (text.isascii() and text.isdecimal()):
        raise ValueError(_EXPECTED)
    if form in ("101", "201"):
        text = ("19" if int(text[:2]) >= _CENTURY_TURN else "20") + text
    day = calendar_day(int(text[:4]), int(text[4:6]), int(text[6:8]), "CCYYMMDD")
    clock = text[8:].ljust(6, "0")
    try:
        return datetime(day.year, day.month, day.day, int(clock[:2]), int(clock[2:4]), int(clock[4:]))  # noqa: DTZ001  # its zone comes next
    except ValueError:
        raise ValueError("a time like 0830") from None


@lru_cache(maxsize=8192)
def read_date(text: str, form: str) -> str:
    """The day, or the month where the form is 610; of a moment its day where it was written."""
    if form == "610":
        month = _MONTH.fullmatch(text)
        if month is None:
            raise ValueError("a month like 202608")
        return f"{month[1]}-{month[2]}"
    if form in ("205", "303", "304"):
        text, form = text[:8], "102"
    return _moment(text, form).date().isoformat()


_DAY_OR_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?")


@lru_cache(maxsize=8192)
def write_date(value: str) -> tuple[str, ...]:
    """A day in form 102, a month in form 610."""
    match = _DAY_OR_MONTH.fullmatch(value)
    if match is None:
        raise ValueError("a date like 2026-11-22 or a month like 2026-08")
    return (value.replace("-", ""), "102" if match[1] else "610")


@lru_cache(maxsize=8192)
def read_date_time(text: str, form: str, zone: str) -> Moment:
    """Form 102 (the day's beginning), 203, 204, with an offset 205, with UTC behind it 303 and 304."""
    if form == "205":
        match = _OFFSET.fullmatch(text)
        if match is None:
            raise ValueError("a time like 202611220830+0800")
        offset = timedelta(hours=int(match[3]), minutes=int(match[4]))
        return Moment(_moment(match[1], "203").replace(tzinfo=timezone(-offset if match[2] == "-" else offset)), True)
    if form in ("303", "304"):
        match = _ZONED.fullmatch(text)
        if match is None or len(match[1]) != (12 if form == "303" else 14):
            raise ValueError("a time like 202611220830UTC; other zones by their offset, in form 205")
        return Moment(_moment(match[1], "203" if form == "303" else "204").replace(tzinfo=UTC), True)
    local = _moment(text, form)
    return day_start(local, zone) if len(text) in _DAYS else Moment(in_zone(local, zone), False)


def write_date_time(value: datetime, zone: str) -> tuple[str, ...]:
    """As short as the value allows, in the zone: a day's beginning as the day, no seconds where there are none."""
    local = wall_time(value, zone)
    day = f"{local.year:04d}{local.month:02d}{local.day:02d}"
    if local.second:
        return (f"{day}{local.hour:02d}{local.minute:02d}{local.second:02d}", "204")
    return (f"{day}{local.hour:02d}{local.minute:02d}", "203") if local.hour or local.minute else (day, "102")


# --- spans -------------------------------------------------------------------------------------------------------------
def _span(text: str, form: str) -> tuple[date, date] | None:
    """First and last day of a span: of two dates (718, 713) or of an ISO week (616); null for what is no span."""
    if form in ("718", "713"):
        match = _SPAN.fullmatch(text)
        if match is None:
            raise ValueError("two dates like 20261101-20261130")
        first, last = (_moment(one, "102").date() for one in (match[1], match[2]))
        if last < first:
            raise ValueError("a span that ends after it begins")
        return first, last
    if form == "616":
        week = _WEEK.fullmatch(text)
        try:
            monday = date.fromisocalendar(int(text[:4]), int(text[4:]), 1) if week else None
        except ValueError:
            monday = None
        if monday is None:
            raise ValueError("a week like 202648")
        return monday, monday + timedelta(days=6)
    return None


@lru_cache(maxsize=8192)
def read_period_start(text: str, form: str) -> str:
    """First day of a span; a single day or month as it is."""
    span = _span(text, form)
    return span[0].isoformat() if span else read_date(text, form)


@lru_cache(maxsize=8192)
def read_period_end(text: str, form: str) -> str:
    """Last day of a span; a single day or month as it is."""
    span = _span(text, form)
    return span[1].isoformat() if span else read_date(text, form)


for _function in (
    Function("edifact_text", "text", "exact", read_text, write_text, arguments=2, says="two parts of 35 that are one text"),
    Function("edifact_number", "decimal", "exact", read_number, write_decimal, says="12.50 or 12,50"),
    Function("edifact_sum", "decimal", "none", read_sum, None, arguments=3, says="quantities that are parts of one, added"),
    Function("edifact_identities", "text", "exact", read_identities, write_identities, says="S1, or S1 to S9 of a range"),
    Function("edifact_date", "date", "exact", read_date, write_date, arguments=2, says="20261122 and 102; 202608 and 610 is a month"),
    Function("edifact_date_time", "instant", "canonical", read_date_time, write_date_time, arguments=2, says="202611220830 and 203"),
    Function("edifact_period_start", "date", "exact", read_period_start, write_date, arguments=2, says="first day of a span, 718 or 616"),
    Function("edifact_period_end", "date", "exact", read_period_end, write_date, arguments=2, says="last day of a span, 718 or 616"),
):
    register(_function)

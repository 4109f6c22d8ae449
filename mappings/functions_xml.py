"""Dates and moments as XML Schema spells them: with an offset or without, a day alone or with its time (UBL, cXML, B2MML)."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import lru_cache

from mappings.function_base import Function, Moment, calendar_day, day_only, day_start, in_zone, register, tells_day_only, wall_time

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(Z|[+-][0-9]{2}:?[0-9]{2})?")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?(Z|[+-][0-9]{2}:?[0-9]{2})?")
_WHOLE_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(text: str) -> tuple[date, str]:
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError("a date like 2026-11-22")
    return calendar_day(int(match[1]), int(match[2]), int(match[3]), "YYYY-MM-DD"), match[4] or ""


@lru_cache(maxsize=8192)
def read_xml_date(text: str) -> str:
    """xsd:date or xsd:dateTime: the day as stated; an offset does not move it, since a due day is a day where it is due."""
    day, mark, clock = text.partition("T")
    if mark and not _TIME.fullmatch(clock):
        raise ValueError("a date like 2026-11-22")
    return _day(day)[0].isoformat()


def write_xml_date(value: str) -> tuple[str, ...]:
    """YYYY-MM-DD; a month without a day is refused, since a day would be invented."""
    if not _WHOLE_DAY.fullmatch(value):
        raise ValueError("a full date with a day")
    return (value,)


@lru_cache(maxsize=8192)
def read_xml_date_time(day: str, clock: str, zone: str) -> Moment:
    """A date and a time in two places (IssueDate, IssueTime). The first offset that either states holds, else the zone's; no time means
    the day's beginning.
    """
    at, offset = _day(day)
    match = _TIME.fullmatch(clock) if clock else None
    if clock and match is None:
        raise ValueError("a time like 08:30:00")
    offset = (match[5] if match is not None else "") or offset
    moment = time()
    if match is not None:
        moment = time(int(match[1]), int(match[2]), int(match[3] or 0), int((match[4] or "0")[:6].ljust(6, "0")))
    local = datetime.combine(at, moment)
    if not offset:
        return day_start(at, zone) if match is None else Moment(in_zone(local, zone), False)
    try:
        stated = datetime.fromisoformat(local.isoformat() + offset)
    except ValueError:
        raise ValueError("an offset like +08:00") from None
    return Moment(day_only(stated) if match is None else stated, True)


def write_xml_date_time(value: datetime, zone: str) -> tuple[str, ...]:
    """The day, and the time with the offset that the value carries; a day of the zone that states no time is told without one."""
    if tells_day_only(value) and value == day_start(value, zone).at:
        return value.date().isoformat(), ""
    return value.date().isoformat(), value.timetz().isoformat()


def read_xml_instant(text: str, zone: str) -> Moment:
    """xsd:dateTime, or a day alone, from its beginning; the zone gives the offset where none is stated."""
    day, _, clock = text.partition("T")
    return read_xml_date_time(day, clock, zone)


def write_xml_instant(value: datetime, zone: str) -> tuple[str, ...]:
    """xsd:dateTime with the offset that the value carries."""
    return (value.isoformat(),)


def read_xml_day_start(text: str, zone: str) -> Moment:
    """xsd:date or xsd:dateTime that means a day: from its beginning in the zone, whatever time stands beside it."""
    return day_start(date.fromisoformat(read_xml_date(text)), zone)


def write_xml_day_start(value: datetime, zone: str) -> tuple[str, ...]:
    """The day in the zone; the time is not told."""
    return (wall_time(value, zone).date().isoformat(),)


def read_zero(text: str) -> bool:
    """Whether a count is zero: a device that may be reused no time is for single use."""
    try:
        return int(text) == 0
    except ValueError:
        raise ValueError("a whole number") from None


for _function in (
    Function("xml_date", "date", "canonical", read_xml_date, write_xml_date, says="2026-11-22, 2026-11-22Z or the day of a dateTime"),
    Function("xml_date_time", "instant", "exact", read_xml_date_time, write_xml_date_time, arguments=2, says="2026-11-22 and 08:30:00Z"),
    Function("xml_day_start", "instant", "canonical", read_xml_day_start, write_xml_day_start, says="2026-11-22, from its beginning"),
    Function("zero", "boolean", "none", read_zero, None, says="0 is yes, any other count no"),
    Function("xml_instant", "instant", "exact", read_xml_instant, write_xml_instant, says="2026-11-22T08:30:00+08:00, or 2026-11-22"),
):
    register(_function)

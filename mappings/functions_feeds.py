"""Functions for what feeds of ERP, WMS and spreadsheets write: grouped numbers, slashed and Chinese dates, OData's `/Date(…)/`.

Which order of day and month a feed has, and which mark is the decimal one, is said by the function's name and never guessed:
`01/02/2026` is a day in January or in February, and nothing in the file tells.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache

from mappings.function_base import Function, Moment, bounded, calendar_day, day_start, finite, in_zone, register, wall_time, write_decimal

# --- numbers -----------------------------------------------------------------------------------------------------------
_GROUPED = re.compile(r"(-?)([0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,40})(?:\.([0-9]{1,40}))?")
_GROUPED_COMMA = re.compile(r"(-?)([0-9]{1,3}(?:([.' \u00a0\u202f\u2019])[0-9]{3})(?:\3[0-9]{3}){0,3}|[0-9]{1,40})(?:,([0-9]{1,40}))?")
_DIGITS = re.compile(r"-?[0-9]{1,18}")


@lru_cache(maxsize=16384)
def read_decimal_grouped(text: str) -> Decimal:
    """A number with decimal point and thousands in commas; groups are of three or there are none."""
    match = _GROUPED.fullmatch(text)
    if match is None:
        raise ValueError("a number like 1,234.50")
    return bounded(Decimal(match[1] + match[2].replace(",", "") + (f".{match[3]}" if match[3] else "")))


@lru_cache(maxsize=16384)
def read_decimal_comma_grouped(text: str) -> Decimal:
    """A number with decimal comma and thousands set off by a point, blank or apostrophe; groups are of three or there are none."""
    match = _GROUPED_COMMA.fullmatch(text)
    if match is None:
        raise ValueError("a number like 1.234,50")
    return bounded(Decimal(match[1] + re.sub("[^0-9]", "", match[2]) + (f".{match[4]}" if match[4] else "")))


def write_comma(value: Decimal) -> tuple[str, ...]:
    """Decimal comma, no grouping."""
    return (write_decimal(value)[0].replace(".", ","),)


@lru_cache(maxsize=4096)
def read_implied_decimal_3(text: str) -> Decimal:
    """Whole digits of which the last three are decimals, as fixed-width files write quantities."""
    if not _DIGITS.fullmatch(text):
        raise ValueError("digits of which the last three are decimals")
    return bounded(Decimal(text).scaleb(-3))


def write_implied_decimal_3(value: Decimal) -> tuple[str, ...]:
    """Digits of which the last three are decimals; a fourth other than zero is refused, never rounded."""
    thousandths = finite(value).scaleb(3)
    if thousandths != thousandths.to_integral_value():
        raise ValueError("at most three decimals")
    return (format(thousandths.to_integral_value(), "f"),)


# --- dates -------------------------------------------------------------------------------------------------------------
_YMD = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")
_DMY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_CHINESE = re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日")
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0{1,9})?)?)?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ODATA = re.compile(r"/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=8192)
def read_date_slashed_ymd(text: str) -> str:
    """YYYY/MM/DD, as Chinese systems and spreadsheets write it; single digits are taken."""
    if (match := _YMD.fullmatch(text)) is None:
        raise ValueError("a date like 2026/11/22")
    return calendar_day(int(match[1]), int(match[2]), int(match[3]), "YYYY/MM/DD").isoformat()


@lru_cache(maxsize=8192)
def read_date_slashed_dmy(text: str) -> str:
    """DD/MM/YYYY."""
    if (match := _DMY.fullmatch(text)) is None:
        raise ValueError("a date like 22/11/2026")
    return calendar_day(int(match[3]), int(match[2]), int(match[1]), "DD/MM/YYYY").isoformat()


@lru_cache(maxsize=8192)
def read_date_slashed_mdy(text: str) -> str:
    """MM/DD/YYYY."""
    if (match := _DMY.fullmatch(text)) is None:
        raise ValueError("a date like 11/22/2026")
    return calendar_day(int(match[3]), int(match[1]), int(match[2]), "MM/DD/YYYY").isoformat()


@lru_cache(maxsize=8192)
def read_date_chinese(text: str) -> str:
    """2026年11月22日."""
    if (match := _CHINESE.fullmatch(text)) is None:
        raise ValueError("a date like 2026年11月22日")
    return calendar_day(int(match[1]), int(match[2]), int(match[3]), "YYYY年M月D日").isoformat()


@lru_cache(maxsize=8192)
def read_date_of_midnight(text: str) -> str:
    """A day that a system writes as its midnight, `2026-11-22 00:00:00`; the bare day is taken, another time is not."""
    if (match := _MIDNIGHT.fullmatch(text)) is None:
        raise ValueError("a date like 2026-11-22 00:00:00")
    year, month, day = map(int, match[1].split("-"))
    return calendar_day(year, month, day, "YYYY-MM-DD").isoformat()


@lru_cache(maxsize=8192)
def read_odata_date(text: str) -> str:
    """OData V2 Edm.DateTime of a day: milliseconds since 1970 at midnight, `/Date(1795305600000)/`."""
    match = _ODATA.fullmatch(text)
    if match is None or int(match[1]) % 86_400_000:
        raise ValueError("a day like /Date(1795305600000)/")
    return _since_epoch(match[1]).date().isoformat()


def _parts(value: str) -> tuple[str, str, str]:
    if not _ISO.fullmatch(value):
        raise ValueError("a full date with a day")
    year, month, day = value.split("-")
    return year, month, day


def write_slashed_ymd(value: str) -> tuple[str, ...]:
    """YYYY/MM/DD; a month without a day is refused, here and below."""
    return ("/".join(_parts(value)),)


def write_slashed_dmy(value: str) -> tuple[str, ...]:
    """DD/MM/YYYY."""
    return ("/".join(reversed(_parts(value))),)


def write_slashed_mdy(value: str) -> tuple[str, ...]:
    """MM/DD/YYYY."""
    year, month, day = _parts(value)
    return (f"{month}/{day}/{year}",)


def write_chinese(value: str) -> tuple[str, ...]:
    """YYYY年M月D日."""
    year, month, day = _parts(value)
    return (f"{year}年{int(month)}月{int(day)}日",)


def write_midnight(value: str) -> tuple[str, ...]:
    """YYYY-MM-DD 00:00:00."""
    return (f"{'-'.join(_parts(value))} 00:00:00",)


def write_odata_date(value: str) -> tuple[str, ...]:
    """`/Date(ms)/` of the day's midnight."""
    year, month, day = map(int, _parts(value))
    return (f"/Date({(date(year, month, day) - _EPOCH.date()).days * 86_400_000})/",)


# --- moments -----------------------------------------------------------------------------------------------------------
_SLASHED_TIME = re.compile(r"([0-9/]{8,10}) ([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_COMPACT_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9])?")
_DAY_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?))?")


@lru_cache(maxsize=8192)
def read_date_time_slashed_ymd(text: str, zone: str) -> Moment:
    """YYYY/MM/DD HH:MM[:SS] in the zone."""
    if (match := _SLASHED_TIME.fullmatch(text)) is None:
        raise ValueError("a time like 2026/11/22 08:30")
    at = date.fromisoformat(read_date_slashed_ymd(match[1]))
    return Moment(in_zone(datetime(at.year, at.month, at.day, int(match[2]), int(match[3]), int(match[4] or 0)), zone), False)  # noqa: DTZ001


def write_date_time_slashed_ymd(value: datetime, zone: str) -> tuple[str, ...]:
    """YYYY/MM/DD HH:MM:SS in the zone."""
    local = wall_time(value, zone)
    return (f"{local.year:04d}/{local.month:02d}/{local.day:02d} {local.hour:02d}:{local.minute:02d}:{local.second:02d}",)


@lru_cache(maxsize=8192)
def read_date_time_compact(text: str, zone: str) -> Moment:
    """YYYYMMDDHHMM[SS] in the zone."""
    if (match := _COMPACT_TIME.fullmatch(text)) is None:
        raise ValueError("a time like 20261122083000")
    at = calendar_day(int(match[1]), int(match[2]), int(match[3]), "YYYYMMDDHHMMSS")
    return Moment(in_zone(datetime(at.year, at.month, at.day, int(match[4]), int(match[5]), int(match[6] or 0)), zone), False)  # noqa: DTZ001


def write_date_time_compact(value: datetime, zone: str) -> tuple[str, ...]:
    """YYYYMMDDHHMMSS in the zone."""
    local = wall_time(value, zone)
    return (f"{local.year:04d}{local.month:02d}{local.day:02d}{local.hour:02d}{local.minute:02d}{local.second:02d}",)


@lru_cache(maxsize=8192)
def read_iso_day_or_time(text: str, zone: str) -> Moment:
    """A day, or a day and time, in the zone: `2026-11-22`, `2026-11-22 08:30:00`, `2026-11-22T08:30:00.457`. Midnight is how databases
    write a day.
    """
    if (match := _DAY_TIME.fullmatch(text)) is None:
        raise ValueError("a day like 2026-11-22, or with a time 2026-11-22 08:30:00")
    try:
        local = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}")
    except ValueError:
        raise ValueError("a day and time of the calendar") from None
    return day_start(local, zone) if local.time() == time() else Moment(in_zone(local, zone), False)


def write_iso_day_or_time(value: datetime, zone: str) -> tuple[str, ...]:
    """YYYY-MM-DD HH:MM:SS in the zone; fractions of a second are not told."""
    local = wall_time(value, zone)
    return (f"{local.year:04d}-{local.month:02d}-{local.day:02d} {local.hour:02d}:{local.minute:02d}:{local.second:02d}",)


def read_iso_day(text: str, zone: str) -> Moment:
    """A day, from its beginning in the zone: `2026-11-22`."""
    if not _ISO.fullmatch(text):
        raise ValueError("a day like 2026-11-22")
    return read_iso_day_or_time(text, zone)


def write_iso_day(value: datetime, zone: str) -> tuple[str, ...]:
    """The day in the zone; the time is not told."""
    local = wall_time(value, zone)
    return (f"{local.year:04d}-{local.month:02d}-{local.day:02d}",)


@lru_cache(maxsize=8192)
def read_day_stated(text: str) -> str:
    """A day, with a time beside it or not, which is not looked at: `2026-11-22`, `2026-11-22 08:30:00`."""
    if (match := _DAY_TIME.fullmatch(text)) is None:
        raise ValueError("a day like 2026-11-22, or with a time 2026-11-22 08:30:00")
    day = match[1]
    return calendar_day(int(day[:4]), int(day[5:7]), int(day[8:]), "YYYY-MM-DD").isoformat()


def write_day_stated(value: str) -> tuple[str, ...]:
    """YYYY-MM-DD; a month without a day is refused, since a day would be invented."""
    if not _ISO.fullmatch(value):
        raise ValueError("a full date with a day")
    return (value,)


def read_day_start_stated(text: str, zone: str) -> Moment:
    """The same as a moment: the day's beginning in the zone."""
    return read_iso_day_or_time(read_day_stated(text), zone)


_CHINESE_BOOLEANS = {"是": True, "否": False}


def read_boolean_zh(text: str) -> bool:
    """是 or 否."""
    answer = _CHINESE_BOOLEANS.get(text)
    if answer is None:
        raise ValueError("是 / 否")
    return answer


def read_boolean_10(text: str) -> bool:
    """1 or 0."""
    if text not in ("1", "0"):
        raise ValueError("1 or 0")
    return text == "1"


@lru_cache(maxsize=8192)
def read_odata_instant(text: str, zone: str) -> Moment:
    """`/Date(ms+oooo)/`, a moment with its offset in minutes; without one (Edm.DateTime) it is wall time in the zone, midnight a day."""
    if (match := _ODATA.fullmatch(text)) is None:
        raise ValueError("a time like /Date(1795305600000+0000)/")
    at = _since_epoch(match[1])
    if match[2] is None:
        local = at.replace(tzinfo=None)
        return day_start(local, zone) if local.time() == time() else Moment(in_zone(local, zone), False)
    if abs(int(match[2])) >= 24 * 60:
        raise ValueError("an offset of less than a day, in minutes")
    return Moment(at.astimezone(timezone(timedelta(minutes=int(match[2])))), True)


def write_odata_day(value: datetime, zone: str) -> tuple[str, ...]:
    """`/Date(ms)/` of the wall time in the zone."""
    local = wall_time(value, zone).replace(tzinfo=UTC)
    return (f"/Date({(local - _EPOCH) // timedelta(milliseconds=1)})/",)


def _since_epoch(milliseconds: str) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=int(milliseconds))
    except OverflowError:
        raise ValueError("a day between the years 1 and 9999") from None


for _function in (
    Function("decimal_grouped", "decimal", "exact", read_decimal_grouped, write_decimal, says="1,234.50"),
    Function("decimal_comma_grouped", "decimal", "exact", read_decimal_comma_grouped, write_comma, says="1.234,50, 1 234,50 or 1'234,50"),
    Function("implied_decimal_3", "decimal", "exact", read_implied_decimal_3, write_implied_decimal_3, says="12500 is 12.500"),
    Function("date_slashed_ymd", "date", "exact", read_date_slashed_ymd, write_slashed_ymd, says="2026/11/22"),
    Function("date_slashed_dmy", "date", "exact", read_date_slashed_dmy, write_slashed_dmy, says="22/11/2026"),
    Function("date_slashed_mdy", "date", "exact", read_date_slashed_mdy, write_slashed_mdy, says="11/22/2026"),
    Function("date_chinese", "date", "exact", read_date_chinese, write_chinese, says="2026年11月22日"),
    Function("date_of_midnight", "date", "exact", read_date_of_midnight, write_midnight, says="2026-11-22 00:00:00"),
    Function("odata_date", "date", "exact", read_odata_date, write_odata_date, says="/Date(1795305600000)/ is 2026-11-22"),
    Function(
        "date_time_slashed_ymd", "instant", "canonical", read_date_time_slashed_ymd, write_date_time_slashed_ymd, says="2026/11/22 08:30"
    ),
    Function("date_time_compact", "instant", "canonical", read_date_time_compact, write_date_time_compact, says="20261122083000"),
    Function(
        "iso_day_or_time", "instant", "canonical", read_iso_day_or_time, write_iso_day_or_time, says="2026-11-22, or 2026-11-22 08:30:00"
    ),
    Function("iso_day", "instant", "canonical", read_iso_day, write_iso_day, says="2026-11-22, from its beginning"),
    Function("day_stated", "date", "canonical", read_day_stated, write_day_stated, says="2026-11-22, or the day of 2026-11-22 08:30:00"),
    Function("day_start_stated", "instant", "canonical", read_day_start_stated, write_iso_day, says="2026-11-22, from its beginning"),
    Function("boolean_zh", "boolean", "exact", read_boolean_zh, lambda value: ("是" if value else "否",), says="是 or 否"),
    Function("boolean_10", "boolean", "exact", read_boolean_10, lambda value: ("1" if value else "0",), says="1 or 0"),
    Function("odata_instant", "instant", "canonical", read_odata_instant, write_odata_day, says="/Date(1795305600000+0000)/"),
):
    register(_function)

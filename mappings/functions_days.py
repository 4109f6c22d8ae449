"""Days and moments that are written as the other: an order date `22.11.2026` where a moment is wanted, a delivery date with a time of day.

Each is made of the function that reads its spelling. A day without a time is told as that day in every zone (`day_start`); of a moment
its day is taken as it is stated, in the offset in which it is stated, and the time is not looked at.

Systems that keep a day as a moment in UTC (Odoo's expiry of a lot) show it to people in their own zone: there midnight in Shanghai is
16:00 of the day before, and the day is the one that they see (`day_seen_of_utc`, in the agreement's zone).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache

from mappings.function_base import FUNCTIONS, Function, Moment, day_only, day_start, register, wall_time, zone_named

_UTC = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)")


def _start_of(spelling: str) -> tuple[Callable[[str, str], Moment], Callable[[datetime, str], tuple[str, ...]]]:
    """Reading and writing of a day's beginning by the function of that day's spelling."""

    @lru_cache(maxsize=8192)
    def read(text: str, zone: str) -> Moment:
        return day_start(date.fromisoformat(FUNCTIONS[spelling].read(text)), zone)

    def write(value: datetime, zone: str) -> tuple[str, ...]:
        inner = FUNCTIONS[spelling].write
        assert inner is not None
        return inner(wall_time(value, zone).date().isoformat())

    return read, write


def _day_of(spelling: str) -> tuple[Callable[[str], str], Callable[[str], tuple[str, ...]]]:
    """Reading and writing of the day of a moment by the function of that moment's spelling; a day is written as its midnight."""

    @lru_cache(maxsize=8192)
    def read(text: str) -> str:
        moment: Moment = FUNCTIONS[spelling].read(text, "UTC")
        return moment.at.date().isoformat()

    def write(value: str) -> tuple[str, ...]:
        inner = FUNCTIONS[spelling].write
        assert inner is not None
        if len(value) != len("2026-11-22"):
            raise ValueError("a full date with a day")
        day = date.fromisoformat(value)
        return inner(day_only(datetime(day.year, day.month, day.day, tzinfo=UTC)), "UTC")

    return read, write


for _name, _spelling, _says in (
    ("day_start_dotted", "date_dotted", "22.11.2026"),
    ("day_start_slashed_ymd", "date_slashed_ymd", "2026/11/22"),
    ("day_start_slashed_dmy", "date_slashed_dmy", "22/11/2026"),
    ("day_start_slashed_mdy", "date_slashed_mdy", "11/22/2026"),
    ("day_start_chinese", "date_chinese", "2026年11月22日"),
):
    register(Function(_name, "instant", "canonical", *_start_of(_spelling), says=f"{_says}, from its beginning"))
for _name, _spelling, _says in (
    ("day_of_dotted", "date_time_dotted", "22.11.2026 08:30"),
    ("day_of_slashed_ymd", "date_time_slashed_ymd", "2026/11/22 08:30"),
    ("day_of_compact", "date_time_compact", "20261122083000"),
):
    register(Function(_name, "date", "canonical", *_day_of(_spelling), says=f"the day of {_says}"))
register(
    Function(
        "day_of_instant", "date", "none", _day_of("iso_instant")[0], None, says="the day of 2026-11-22T08:30:00+08:00, as it is stated"
    )
)


@lru_cache(maxsize=8192)
def _utc(text: str) -> datetime:
    if (match := _UTC.fullmatch(text)) is None:
        raise ValueError("a time in UTC like 2026-11-22 08:30:00")
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError("a day and time of the calendar") from None


def read_utc_time(text: str, zone: str) -> Moment:
    """A time that states no zone and is UTC, whatever the agreement's zone is: `2026-11-22 08:30:00`."""
    return Moment(_utc(text), True)


def write_utc_time(value: datetime, zone: str) -> tuple[str, ...]:
    """YYYY-MM-DD HH:MM:SS in UTC; fractions of a second are not told."""
    return (wall_time(value, "UTC").replace(tzinfo=None).isoformat(" ", "seconds"),)


def read_day_seen_of_utc(text: str, zone: str) -> str:
    """The day of such a time as people of the zone see it."""
    return _utc(text).astimezone(zone_named(zone)).date().isoformat()


register(Function("utc_time", "instant", "canonical", read_utc_time, write_utc_time, says="2026-11-22 08:30:00, which is UTC"))
register(
    Function(
        "day_seen_of_utc",
        "date",
        "none",
        read_day_seen_of_utc,
        None,
        says="the day in the agreement's zone of 2026-11-22 23:30:00, which is UTC",
        local=True,
    )
)

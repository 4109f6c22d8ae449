"""Days as people and old systems write them: 22-Nov-2026, 22-11-2026, 22.11.26, and such a day as a moment.

The order of day and month is the function's name and never guessed. A year of two digits is one of this century: 26 is 2026, and a day
outside of 2000 to 2099 is not written so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache

from mappings.function_base import Function, Moment, calendar_day, day_start, register, wall_time

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CENTURY = 2000

Read = Callable[[str], str]
Write = Callable[[str], tuple[str, ...]]


def _spelled(pattern: str, out: str, says: str, form: str) -> tuple[Read, Write]:
    """Reading by a pattern with the groups `y`, `m`, `d`; writing by a format of year, month, day and the month's name."""
    compiled = re.compile(pattern, re.IGNORECASE)
    short = "{year:02}" in out

    @lru_cache(maxsize=8192)
    def read(text: str) -> str:
        match = compiled.fullmatch(text)
        if match is None:
            raise ValueError(f"a date like {says}")
        year, month = int(match["y"]), match["m"].lower()
        return calendar_day(year + (_CENTURY if short else 0), _NUMBERS.get(month) or int(month), int(match["d"]), form).isoformat()

    def write(value: str) -> tuple[str, ...]:
        if not _ISO.fullmatch(value):
            raise ValueError("a full date with a day")
        day = date.fromisoformat(value)
        if short and not _CENTURY <= day.year < _CENTURY + 100:
            raise ValueError("a day from 2000 to 2099")
        year = day.year - _CENTURY if short else day.year
        return (out.format(year=year, month=day.month, day=day.day, name=_MONTHS[day.month - 1]),)

    return read, write


def _start_of(spelled: tuple[Read, Write]) -> tuple[Callable[[str, str], Moment], Callable[[datetime, str], tuple[str, ...]]]:
    """The same as the beginning of that day."""
    inner_read, inner_write = spelled

    @lru_cache(maxsize=8192)
    def read(text: str, zone: str) -> Moment:
        return day_start(date.fromisoformat(inner_read(text)), zone)

    def write(value: datetime, zone: str) -> tuple[str, ...]:
        return inner_write(wall_time(value, zone).date().isoformat())

    return read, write


_D, _M, _Y, _YY, _NAME = "(?P<d>[0-9]{1,2})", "(?P<m>[0-9]{1,2})", "(?P<y>[0-9]{4})", "(?P<y>[0-9]{2})", f"(?P<m>{'|'.join(_NUMBERS)})"

for _kind, _pattern, _out, _says, _form in (
    ("dashed_dmy", f"{_D}-{_M}-{_Y}", "{day:02}-{month:02}-{year:04}", "22-11-2026", "DD-MM-YYYY"),
    ("dashed_mdy", f"{_M}-{_D}-{_Y}", "{month:02}-{day:02}-{year:04}", "11-22-2026", "MM-DD-YYYY"),
    ("month_name", f"{_D}[- ]{_NAME}[- ]{_Y}", "{day:02}-{name}-{year:04}", "22-Nov-2026", "DD-Mon-YYYY"),
    ("month_name_short", f"{_D}[- ]{_NAME}[- ]{_YY}", "{day:02}-{name}-{year:02}", "22-Nov-26", "DD-Mon-YY"),
    ("dotted_short", r"(?P<d>[0-9]{2})\.(?P<m>[0-9]{2})\.(?P<y>[0-9]{2})", "{day:02}.{month:02}.{year:02}", "22.11.26", "DD.MM.YY"),
    ("slashed_dmy_short", f"{_D}/{_M}/{_YY}", "{day:02}/{month:02}/{year:02}", "22/11/26", "DD/MM/YY"),
    ("slashed_mdy_short", f"{_M}/{_D}/{_YY}", "{month:02}/{day:02}/{year:02}", "11/22/26", "MM/DD/YY"),
):
    _both = _spelled(_pattern, _out, _says, _form)
    register(Function(f"date_{_kind}", "date", "exact", *_both, says=_says))
    register(Function(f"day_start_{_kind}", "instant", "canonical", *_start_of(_both), says=f"{_says}, from its beginning"))

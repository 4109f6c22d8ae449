"""When a standing query runs: EPCIS's schedule (EPCIS 2.0 clause 8.2.5.3), in UTC. Pure.

    {"hour": "1", "minute": "5"}        every day at 01:05:00
    {"dayOfWeek": "[1-5]", "hour": "7,19"}   Monday to Friday at 07:00 and 19:00
    {"second": "0/30"}                  every half minute

What is not stated and smaller than the smallest unit that is, is its first value; what is not stated and greater, any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from data_contracts.errors import RefusedError

_RANGES = (("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("dayOfMonth", 1, 31), ("month", 1, 12), ("dayOfWeek", 1, 7))
UNITS = tuple(name for name, _, _ in _RANGES)
_ELEMENT = re.compile(r"\[?([0-9]{1,2})-([0-9]{1,2})\]?|([0-9]{1,2}|\*)/([0-9]{1,2})|([0-9]{1,2})", re.ASCII)
_YEARS = 9
"""29 February may be so far away (1896 to 1904, and 2096 to 2104)."""


class ScheduleError(RefusedError):
    """A schedule that says no time."""


def read_schedule(stated: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Allowed values by unit. Raises ScheduleError with the unit that is wrong."""
    unknown = sorted(set(stated) - set(UNITS))
    if unknown or not stated:
        raise ScheduleError(f"schedule: expected {', '.join(UNITS)}")
    known: dict[str, tuple[int, ...]] = {}
    began = False
    for name, low, high in _RANGES:
        if stated.get(name) is not None:
            began = True
            known[name] = _values(name, stated[name], low, high)
        elif not began and name in ("second", "minute", "hour"):
            known[name] = (low,)
        else:
            known[name] = tuple(range(low, high + 1))
    return known


def _values(name: str, stated: Any, low: int, high: int) -> tuple[int, ...]:
    found: set[int] = set()
    for part in str(stated).replace(" ", "").split(","):
        match = _ELEMENT.fullmatch(part)
        if match is None:
            raise ScheduleError(f"schedule: {name}: expected 5, [1-5], 0/15 or several of these with commas")
        first, last, start, step, single = match.groups()
        if single is not None:
            chosen = range(int(single), int(single) + 1)
        elif first is not None:
            chosen = range(int(first), int(last) + 1)
        else:
            chosen = range(low if start == "*" else int(start), high + 1, int(step) or high + 1)
        if not chosen or chosen[0] < low or chosen[-1] > high:
            raise ScheduleError(f"schedule: {name} is from {low} to {high}")
        found.update(chosen)
    return tuple(sorted(found))


def next_time(schedule: Mapping[str, tuple[int, ...]], after: datetime) -> datetime:
    """The first moment behind another at which the schedule is due. Raises ScheduleError where there is none (30 February)."""
    at = after.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    end = at.year + _YEARS
    while at.year < end:
        if at.month not in schedule["month"]:
            at = _month_after(at)
        elif at.day not in schedule["dayOfMonth"] or at.isoweekday() not in schedule["dayOfWeek"]:
            at = at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
        elif at.hour not in schedule["hour"]:
            at = at.replace(minute=0, second=0) + timedelta(hours=1)
        elif at.minute not in schedule["minute"]:
            at = at.replace(second=0) + timedelta(minutes=1)
        elif at.second not in schedule["second"]:
            at += timedelta(seconds=1)
        else:
            return at
    raise ScheduleError("schedule: this day never comes")


def _month_after(at: datetime) -> datetime:
    first = at.replace(day=1, hour=0, minute=0, second=0)
    return first.replace(year=at.year + 1, month=1) if at.month == 12 else first.replace(month=at.month + 1)

"""Days at a place: "today" and "has it passed" depend on the time zone, and a month is not a day."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from zoneinfo import ZoneInfo

from hub.store.types import moment


def day_of(micros: int, zone: str) -> date:
    """The date of an instant in a time zone."""
    return moment(micros).astimezone(ZoneInfo(zone)).date()


def last_day(partial: str) -> date:
    """The day on which a date with its precision ends: `2026-08` ends on 31 August (GS1 General Specifications 3.4: DD = 00)."""
    year, month, *day = (int(part) for part in partial.split("-"))
    return date(year, month, day[0] if day else monthrange(year, month)[1])


def passed(partial: str | None, today: date) -> bool:
    """Whether a date is over. No date at all is never over."""
    return bool(partial) and last_day(partial or "") < today

"""Working days: what the calendars of countries say beyond "no Saturday and no Sunday". Pure data, by year, as it was proclaimed.

China moves days off: whole weeks are free and some Saturdays and Sundays are worked instead (调休). A due date that took such a Saturday
for a day off would be later than the law's. Source: 国务院办公厅关于部分节假日安排的通知, of 12 November 2024 and 4 November 2025.
Of a year that is not here nothing is known but weekends, and whoever reads a due date is told so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Year:
    """What is not as the weekday says."""

    free: frozenset[date]
    worked: frozenset[date]


def _year(year: int, free: str, worked: str) -> Year:
    """`free` are spans `MMDD-MMDD` or days `MMDD`, `worked` days, all apart by blanks."""

    def day(text: str) -> date:
        return date(year, int(text[:2]), int(text[2:]))

    spans = [(day(first), day(last or first)) for first, _, last in (part.partition("-") for part in free.split())]
    return Year(
        frozenset(first + timedelta(days=number) for first, last in spans for number in range((last - first).days + 1)),
        frozenset(map(day, worked.split())),
    )


CALENDARS: Mapping[str, Mapping[int, Year]] = {
    "cn": {
        2025: _year(2025, "0101 0128-0204 0404-0406 0501-0505 0531-0602 1001-1008", "0126 0208 0427 0928 1011"),
        2026: _year(2026, "0101-0103 0215-0223 0404-0406 0501-0505 0619-0621 0925-0927 1001-1007", "0104 0214 0228 0509 0920 1010"),
    },
}
"""By regime and year. Regimes that are not here count weekdays: their due dates are never later than the law's."""


def is_worked(day: date, regime: str) -> bool:
    """Whether a day is a working day, as far as the calendar is known."""
    year = CALENDARS.get(regime, {}).get(day.year)
    if year is not None and day in year.worked:
        return True
    return day.weekday() < 5 and (year is None or day not in year.free)


def unknown_years(first: date, last: date, regime: str) -> tuple[int, ...]:
    """Years of a span of which the regime's calendar is not known; none for a regime that counts weekdays."""
    known = CALENDARS.get(regime)
    return () if known is None else tuple(year for year in range(first.year, last.year + 1) if year not in known)

"""Working days: what the calendars of countries say beyond "no Saturday and no Sunday", by year, as it was proclaimed.

China moves days off: whole weeks are free and some Saturdays and Sundays are worked instead (调休). A due date that took such a Saturday
for a day off would be later than the law's. What is known stands in `calendars.yaml` beside this module, each year with its source; a
site's `calendars.yaml` adds years, or says one otherwise. Of a year that is in neither nothing is known but weekends, and whoever reads a
due date is told so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

_SPAN = re.compile(r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:-(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?", re.ASCII)


class Year(BaseModel):
    """What of a year is not as the weekday says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(min_length=1)
    """Who proclaimed it, and when."""
    free: tuple[str, ...] = ()
    """Days `MMDD` or spans `MMDD-MMDD` that are no working days."""
    worked: tuple[str, ...] = ()
    """Saturdays and Sundays that are."""

    @field_validator("free", "worked")
    @classmethod
    def _days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_SPAN.fullmatch(one) and one[:4] <= one[-4:] and one[:4] != "0230" for one in value):
            raise ValueError("MMDD, MMDD-MMDD")
        return value


class Calendars(BaseModel):
    """Years by regime: the file of this module, and a site's `calendars.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    calendars: Mapping[str, Mapping[int, Year]] = {}

    @classmethod
    def known(cls) -> Calendars:
        """Those that the hub brings with it."""
        return _known()

    def over(self, others: Calendars) -> Calendars:
        """These, and those of the years that are not among them."""
        regimes = {*self.calendars, *others.calendars}
        return Calendars(calendars={one: {**others.calendars.get(one, {}), **self.calendars.get(one, {})} for one in sorted(regimes)})

    @cached_property
    def _days(self) -> dict[tuple[str, int], tuple[frozenset[date], frozenset[date]]]:
        return {
            (regime, number): (frozenset(_spelled(number, year.free)), frozenset(_spelled(number, year.worked)))
            for regime, years in self.calendars.items()
            for number, year in years.items()
        }

    def is_worked(self, day: date, regime: str) -> bool:
        """Whether a day is a working day, as far as the calendar is known."""
        free, worked = self._days.get((regime, day.year), (frozenset(), frozenset()))
        return day in worked or (day.weekday() < 5 and day not in free)

    def unknown_years(self, first: date, last: date, regime: str) -> tuple[int, ...]:
        """Years of a span of which the regime's calendar is not known; none for a regime that has none, and counts weekdays."""
        known = self.calendars.get(regime)
        return () if known is None else tuple(year for year in range(first.year, last.year + 1) if year not in known)


def _spelled(year: int, spans: tuple[str, ...]) -> Iterator[date]:
    for span in spans:
        first, last = (date(year, int(one[:2]), 1) + timedelta(days=int(one[2:]) - 1) for one in (span[:4], span[-4:]))
        yield from (first + timedelta(days=number) for number in range((last - first).days + 1))


@cache
def _known() -> Calendars:
    return Calendars.model_validate(yaml.safe_load(Path(__file__).with_name("calendars.yaml").read_text(encoding="utf-8")))

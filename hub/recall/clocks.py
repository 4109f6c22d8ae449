"""The clocks of a recall: what the authorities and consignees must be told, and until when. Pure.

A regime is an authority's law; its class decides how long one has. Times run in the organisation's own time zone, from the same time of
day; working days leave out Saturdays and Sundays, not public holidays, which differ by place and year: a due date is never later than the
law's.

    regime  class                                        clauses
    us      I, II, III                                   21 CFR 806.10(b): report within 10 working days of initiating; 7.42, 7.49
    eu      public_health_threat, death, serious, fsca   MDR Art. 87(3)-(5), 87(8), 89(8)
    cn      1, 2, 3                                      医疗器械召回管理办法 (Order 29 of 2017) Art. 15, 17, 23
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from data_contracts.errors import RefusedError

Act = Literal["authority_report", "authority_report_before_action", "consignee_notice", "recall_plan", "final_report"]
CLASSES: Mapping[str, tuple[str, ...]] = {
    "us": ("I", "II", "III"),
    "eu": ("public_health_threat", "death", "serious", "fsca"),
    "cn": ("1", "2", "3"),
}
_EU_DAYS = {"public_health_threat": 2, "death": 10, "serious": 15, "fsca": 15}
_CN_DAYS = {"1": 1, "2": 3, "3": 7}
NOTICE_DAYS = 3
"""Days to tell consignees where no regime says how many: "without delay" is no date, and a recall needs one."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One thing that is due."""

    regime: str
    act: Act
    due_at: datetime
    clause: str


def checked(regimes: Mapping[str, str]) -> dict[str, str]:
    """The regimes with their classes. Raises RefusedError for one that is unknown."""
    for regime, grade in regimes.items():
        if regime not in CLASSES:
            raise RefusedError(f"regime {regime!r}: known are {', '.join(CLASSES)}")
        if grade not in CLASSES[regime]:
            raise RefusedError(f"class {grade!r} of {regime}: known are {', '.join(CLASSES[regime])}")
    return dict(regimes)


def clocks(regimes: Mapping[str, str], aware_at: datetime, opened_at: datetime, closed_at: datetime | None, zone: ZoneInfo) -> list[Clock]:
    """What is due, the first first. `aware_at`: the maker learnt of the fault; `opened_at`: it decided to recall."""
    aware, opened = aware_at.astimezone(zone), opened_at.astimezone(zone)
    found: list[Clock] = []
    if "us" in regimes:
        found.append(Clock("us", "authority_report", working_days_after(opened, 10), "21 CFR 806.10(b)"))
    if "eu" in regimes:
        grade = regimes["eu"]
        article = {"public_health_threat": "Art. 87(4)", "death": "Art. 87(5)"}.get(grade, "Art. 87(3)")
        found.append(Clock("eu", "authority_report", aware + timedelta(days=_EU_DAYS[grade]), f"MDR {article}"))
        found.append(Clock("eu", "authority_report_before_action", opened, "MDR Art. 87(8)"))
        found.append(Clock("eu", "consignee_notice", opened + timedelta(days=NOTICE_DAYS), "MDR Art. 89(8)"))
    if "cn" in regimes:
        found.append(Clock("cn", "consignee_notice", opened + timedelta(days=_CN_DAYS[regimes["cn"]]), "医疗器械召回管理办法 第15条"))
        found.append(Clock("cn", "recall_plan", working_days_after(opened, 5), "医疗器械召回管理办法 第17条"))
        if closed_at is not None:
            found.append(Clock("cn", "final_report", working_days_after(closed_at.astimezone(zone), 10), "医疗器械召回管理办法 第23条"))
    return sorted(found, key=lambda clock: (clock.due_at, clock.regime, clock.act))


def notice_due(regimes: Mapping[str, str], opened_at: datetime, zone: ZoneInfo) -> datetime:
    """Until when consignees must have been told, and have answered that they were: the strictest of the regimes."""
    said = [clock.due_at for clock in clocks(regimes, opened_at, opened_at, None, zone) if clock.act == "consignee_notice"]
    return min(said, default=opened_at.astimezone(zone) + timedelta(days=NOTICE_DAYS))


def working_days_after(start: datetime, days: int) -> datetime:
    """The same time of day, so many working days later."""
    at = start
    while days:
        at += timedelta(days=1)
        if at.weekday() < 5:
            days -= 1
    return at

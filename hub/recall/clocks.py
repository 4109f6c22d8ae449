"""The clocks of a recall: what the authorities and consignees must be told, and until when. Pure.

A regime is an authority's law; its class decides how long one has. Days and working days end with the local day of the organisation, as
laws count them; working days are those of `hub.recall.calendars`. Where the law names no days ("without undue delay"), the days are the
hub's own and are told to be (`statutory` false). Where days, or the article that names them, could not be read in the law's own text when
this was written, the clause names the law only and is told to be unconfirmed (`confirmed` false): have regulatory affairs look.

    regime  class                                        clauses
    us      I, II                                        21 CFR 806.10(b): report within 10 working days of initiating; counted from the
                                                         decision, and federal holidays as worked, so never later than the law
    us      III                                          21 CFR 806.20: a record, no report; the law names no days for it
    eu      public_health_threat, death, serious         MDR Art. 87(4), (5), (3): not later than 2, 10, 15 days after becoming aware
            fsca                                         MDR Art. 87(1)(b), 87(8): without undue delay and before the action, unless it is
                                                         urgent; no days. All of them: 89(8), users without delay, no days
    cn      1, 2, 3                                      医疗器械召回管理办法 (Order 29 of 2017) Art. 16: the event report form at once, as
                                                         NMPA quotes it, no days. Unconfirmed: consignees within 1, 3, 7 days (others
                                                         say so, the article was not seen), the plan within 5 working days, the final
                                                         report within 10 of completion; whether a later order took its place
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from data_contracts.errors import InvalidError
from hub.recall.calendars import Calendars

Act = Literal[
    "authority_report", "authority_report_before_action", "correction_record", "consignee_notice", "recall_event_report", "recall_plan",
    "final_report",
]  # fmt: skip
CLASSES: Mapping[str, tuple[str, ...]] = {
    "us": ("I", "II", "III"),
    "eu": ("public_health_threat", "death", "serious", "fsca"),
    "cn": ("1", "2", "3"),
}
_EU_DAYS = {"public_health_threat": 2, "death": 10, "serious": 15, "fsca": 15}
_CN_DAYS = {"1": 1, "2": 3, "3": 7}
_CN_LAW = "医疗器械召回管理办法"
NOTICE_DAYS = 3
"""Days to tell consignees where no regime says how many: "without delay" is no date, and a recall needs one."""
AT_ONCE_DAYS = 1
"""Days for what a clause wants "immediately"."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One thing that is due."""

    regime: str
    act: Act
    due_at: datetime
    clause: str
    statutory: bool = True
    """Whether the clause names the days; else they are the hub's own."""
    confirmed: bool = True
    """Whether the days were read in the law, or in what an authority quotes of it."""
    unknown_years: tuple[int, ...] = ()
    """Years whose working days are not known here: weekdays were counted, so days that are worked instead may make it due earlier."""


def checked(regimes: Mapping[str, str]) -> dict[str, str]:
    """The regimes with their classes. Raises InvalidError for one that is unknown."""
    for regime, grade in regimes.items():
        if regime not in CLASSES:
            raise InvalidError(f"regime {regime!r}: known are {', '.join(CLASSES)}")
        if grade not in CLASSES[regime]:
            raise InvalidError(f"class {grade!r} of {regime}: known are {', '.join(CLASSES[regime])}")
    return dict(regimes)


def clocks(
    regimes: Mapping[str, str],
    aware_at: datetime,
    decided_at: datetime,
    closed_at: datetime | None,
    zone: ZoneInfo,
    calendars: Calendars | None = None,
) -> list[Clock]:
    """What is due, the first first. `aware_at`: the maker learnt of the fault; `decided_at`: it decided to recall; `calendars`: null for
    those that the hub brings with it.
    """
    known = calendars or Calendars.known()
    aware, decided = aware_at.astimezone(zone), decided_at.astimezone(zone)
    found: list[Clock] = []
    if "us" in regimes:
        minor = regimes["us"] == "III"
        act: Act = "correction_record" if minor else "authority_report"
        due_at = working_days_after(decided, 10, "us", known)
        found.append(Clock("us", act, due_at, "21 CFR 806.20" if minor else "21 CFR 806.10(b)", statutory=not minor))
    if "eu" in regimes:
        grade = regimes["eu"]
        article = {"public_health_threat": "Art. 87(4)", "death": "Art. 87(5)", "fsca": "Art. 87(1)(b)"}.get(grade, "Art. 87(3)")
        # An action without a serious incident is to be reported before it begins; days are named for incidents only.
        found.append(Clock("eu", "authority_report", days_after(aware, _EU_DAYS[grade]), f"MDR {article}", statutory=grade != "fsca"))
        found.append(Clock("eu", "authority_report_before_action", decided, "MDR Art. 87(8)", statutory=False))
        found.append(Clock("eu", "consignee_notice", days_after(decided, NOTICE_DAYS), "MDR Art. 89(8)", statutory=False))
    if "cn" in regimes:
        found.append(Clock("cn", "consignee_notice", days_after(decided, _CN_DAYS[regimes["cn"]]), _CN_LAW, confirmed=False))
        at_once = days_after(decided, AT_ONCE_DAYS)
        found.append(Clock("cn", "recall_event_report", at_once, f"{_CN_LAW} 第16条", statutory=False))
        found.append(_chinese("recall_plan", decided, 5, known))
        if closed_at is not None:
            found.append(_chinese("final_report", closed_at.astimezone(zone), 10, known))
    return sorted(found, key=lambda clock: (clock.due_at, clock.regime, clock.act))


def _chinese(act: Act, start: datetime, days: int, known: Calendars) -> Clock:
    due_at = working_days_after(start, days, "cn", known)
    unknown = known.unknown_years(start.date(), due_at.date(), "cn")
    return Clock("cn", act, due_at, _CN_LAW, confirmed=False, unknown_years=unknown)


def notice_due(regimes: Mapping[str, str], decided_at: datetime, sent_at: datetime, zone: ZoneInfo) -> datetime:
    """Until when a notice is to be confirmed: the strictest law's, which counts from the decision however late it is sent; where no law
    names days, our own from the sending.
    """
    said = [one for one in clocks(regimes, decided_at, decided_at, None, zone) if one.act == "consignee_notice" and one.statutory]
    return min((one.due_at for one in said), default=days_after(sent_at.astimezone(zone), NOTICE_DAYS))


def days_after(start: datetime, days: int) -> datetime:
    """The end of the local day that is so many days later."""
    return datetime.combine(start.date() + timedelta(days=days), time(23, 59, 59), start.tzinfo)


def working_days_after(start: datetime, days: int, regime: str = "", calendars: Calendars | None = None) -> datetime:
    """The end of the local day that is so many working days later."""
    known = calendars or Calendars.known()
    day = start.date()
    while days:
        day += timedelta(days=1)
        days -= known.is_worked(day, regime)
    return datetime.combine(day, time(23, 59, 59), start.tzinfo)

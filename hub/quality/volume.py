"""Whether a flow is silent, or brings too little or too much: judged from its days alone, without store or clock.

What is normal is learned robustly, by median and median absolute deviation (MAD) of the same weekday, or of working days and weekends
where there are few weeks yet; a promise of the contract (`slaProperties: frequency`) needs no learning. Weekdays on which nothing ever came
are quiet and count for nothing. Nothing is said before there is enough to learn from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

SILENT, LITTLE, MUCH = "FLW-01", "FLW-02", "FLW-03"
WINDOW = 56
"""Days that are learned from: eight weeks."""
_SAME_WEEKDAY = 5
"""Days of one weekday from which it is judged by itself."""
_OF_CLASS = 10
"""Days of its class (Monday to Friday, or the weekend) from which a day is judged until then."""
_ACTIVE = 10
"""Days on which something came, from which a daily rhythm is known."""
_GAPS = 4
"""Gaps between days on which something came, from which a rarer rhythm is known."""
_PROMISED = 1.5
"""How much of a promised interval may pass."""
_CERTAIN = math.log(1000)
"""Silence of a day is told where chance would bring it once in a thousand days."""
_EACH, _BOTH = 2.0, 4.0
"""Deviations of each of two days that follow each other, and of both together."""
_TWICE = 2.0
"""Twice as much as usual, or half of it, on both days is told though the days vary widely."""
_CALM = 1.0
"""Deviation below which both days are as usual."""


@dataclass(frozen=True, slots=True)
class History:
    """What a flow brought: messages by day, in the days of the organisation's time zone, days without any left out."""

    counts: Mapping[date, int]
    first: date
    """Day of its first message ever."""
    silent_for: float
    """Seconds since its last message."""
    promised: int | None = None
    """Seconds within which something comes by its contract."""


@dataclass(frozen=True, slots=True)
class Odd:
    """One thing that is not as it should be."""

    rule: str
    expected: str
    got: str


def judge(history: History, today: date) -> list[Odd]:
    """What is odd as of a day that has begun; only days that are over are counted."""
    silent = _silent(history, today)
    if silent is not None:
        return [silent]
    return [odd for odd in (_volume(history, today, _quiet(history, today)),) if odd is not None]


def overdue(promised: int, silent_for: float) -> Odd | None:
    """Silence against a promise; both in seconds."""
    return Odd(SILENT, _span(promised), _span(silent_for)) if silent_for > _PROMISED * promised else None


def _days(history: History, today: date) -> list[date]:
    """Days that are learned from, in order; the one of the first message is not whole."""
    start = max(history.first + timedelta(days=1), today - timedelta(days=WINDOW))
    return [start + timedelta(days=number) for number in range((today - start).days)]


def _quiet(history: History, today: date) -> frozenset[int]:
    """Weekdays on which nothing comes: at least two of them, and nothing on any."""
    seen: dict[int, list[int]] = {}
    for day in _days(history, today):
        seen.setdefault(day.weekday(), []).append(history.counts.get(day, 0))
    active = sum(1 for day in _days(history, today) if history.counts.get(day))
    if active < _ACTIVE:
        return frozenset()
    return frozenset(weekday for weekday, counts in seen.items() if len(counts) >= 2 and not any(counts))


def _silent(history: History, today: date) -> Odd | None:
    last = max((day for day in history.counts if day <= today), default=None)
    if last is None:
        return None
    quiet = _quiet(history, last + timedelta(days=1))  # as it was when the last message came: a silence makes no weekday quiet
    missed = [day for day in _between(last, today) if day.weekday() not in quiet]
    if history.promised is not None:
        rested = 86_400 * sum(1 for day in _between(last, today) if day.weekday() in quiet)
        late = overdue(history.promised, history.silent_for - rested)
        return late and Odd(SILENT, late.expected, _span(history.silent_for))
    days = [day for day in _days(history, last + timedelta(days=1)) if day.weekday() not in quiet]
    gaps = _gaps([history.counts.get(day, 0) for day in days])
    if not missed or len(gaps) < _GAPS:
        return None
    longest = max(gaps)
    if longest == 1:
        if len(gaps) < _ACTIVE - 1:
            return None
        # A day without any of so many messages, which vary more than chance alone would have them by `spread` squared over `usual`.
        known = [part for part in (_usual(history.counts, days, day) for day in missed) if part is not None]
        found = sum(usual / max(1.0, spread**2 / usual) for usual, spread in known) >= _CERTAIN
    else:
        found = len(missed) + 1 >= 2 * longest
    return Odd(SILENT, _span(longest * 86_400), _span(history.silent_for)) if found else None


def _between(last: date, today: date) -> list[date]:
    """Whole days after the last message."""
    return [last + timedelta(days=number) for number in range(1, (today - last).days)]


def _gaps(counts: Sequence[int]) -> list[int]:
    """Days from one on which something came to the next."""
    active = [place for place, count in enumerate(counts) if count]
    return [after - before for before, after in pairwise(active)]


def calm(history: History, today: date) -> bool:
    """Whether the volume is as before, or usual by now: an incident must not end with every noisy day, and begin anew with the next."""
    scored = _scored(history, today, _quiet(history, today))
    return scored is not None and all(abs(score) < _CALM for score, _, _ in scored)


def _volume(history: History, today: date, quiet: frozenset[int]) -> Odd | None:
    scored = _scored(history, today, quiet)
    if scored is None:
        return None
    scores = [score for score, _, _ in scored]
    together = sum(scores) / math.sqrt(2)
    expected = " + ".join(f"{usual:g}" for _, usual, _ in scored)
    got = " + ".join(str(came) for _, _, came in scored)
    many = all(came >= _TWICE * usual for _, usual, came in scored)
    few = all(came <= usual / _TWICE for _, usual, came in scored)
    if all(score >= _EACH for score in scores) and (many or together >= _BOTH):
        return Odd(MUCH, expected, got)
    if all(score <= -_EACH for score in scores) and (few or together <= -_BOTH):
        return Odd(LITTLE, expected, got)
    return None


def _scored(history: History, today: date, quiet: frozenset[int]) -> list[tuple[float, float, int]] | None:
    """Of the last two days: deviation, what is usual, what came; null where too little is known.

    An incident's own days are learned from too, so that a volume that stays becomes usual.
    """
    days = [day for day in _days(history, today) if day.weekday() not in quiet]
    if len(days) < 2:
        return None
    judged = days[-2:]
    past = days[:-2]
    scored = []
    for day in judged:
        usual = _usual(history.counts, past, day)
        if usual is None:
            return None
        came = history.counts.get(day, 0)
        scored.append(((came - usual[0]) / usual[1], usual[0], came))
    return scored


def _usual(counts: Mapping[date, int], past: Sequence[date], day: date) -> tuple[float, float] | None:
    """Median of days like this one, and how far a day of its class strays from its own median; null where there are too few."""
    of_class = [other for other in past if (other.weekday() < 5) == (day.weekday() < 5)]
    if len(of_class) < _OF_CLASS:
        return None
    whole = float(median(counts.get(other, 0) for other in of_class))
    strays_of_all = _deviation([counts.get(other, 0) for other in of_class])
    middles: dict[int, float] = {}
    for weekday in {other.weekday() for other in of_class} | {day.weekday()}:
        like = [counts.get(other, 0) for other in of_class if other.weekday() == weekday]
        middle = float(median(like)) if len(like) >= _SAME_WEEKDAY else whole
        # A weekday is one of its own where it differs by more than the median of so few days does by chance.
        own = abs(middle - whole) > 2.5 * strays_of_all / math.sqrt(max(len(like), 1))
        middles[weekday] = middle if own else whole
    usual = middles[day.weekday()]
    if usual <= 0:
        return None
    strays = [counts.get(other, 0) / middles[other.weekday()] for other in of_class if middles[other.weekday()] > 0]
    spread = max(_deviation(strays) * usual, math.sqrt(usual), 0.1 * usual, 1.0)
    return usual, spread * (1 + 4 / len(of_class))  # few days know their spread badly


def _deviation(counts: Sequence[float]) -> float:
    """Standard deviation of a normal distribution with this MAD (Rousseeuw and Croux 1993, 1.4826)."""
    middle = median(counts)
    return 1.4826 * median(abs(count - middle) for count in counts)


def _span(seconds: float) -> str:
    return f"{seconds / 86_400:.1f} d" if seconds >= 86_400 else f"{seconds / 3_600:.1f} h"

"""Quality over time: the share of checks that pass, by dataset and by dimension, and as charts that load nothing.

A point is an hour in which something was judged, or a day where there are many. A dataset that was not judged then counts with what it had
last, so that a line moves only where something was looked at anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from data_contracts.contract import DIMENSIONS
from data_contracts.findings import Language
from hub.quality.scorecard import Score
from hub.quality.words import word
from hub.store.types import moment

_HOUR, _DAY = 3_600_000_000, 86_400_000_000
MOST_HOURS = 120
"""Points of an hour; where there are more, each is a day."""
_WIDTH, _HEIGHT, _EDGE = 240.0, 64.0, 4.0


@dataclass(frozen=True, slots=True)
class Point:
    """What held at a time: microseconds since 1970 UTC, of the last run of it."""

    at: int
    datasets: Mapping[str, Score]
    dimensions: Mapping[str, Score]


def points(rows: Iterable[Any]) -> list[Point]:
    """Points of `scorecard.history`, the oldest first."""
    runs: dict[int, dict[str, dict[str, list[int]]]] = {}
    for row in rows:
        counts = runs.setdefault(row.at, {}).setdefault(row.contract, {}).setdefault(row.dimension, [0, 0])
        counts[0] += int(row.checked)
        counts[1] += int(row.failed)
    hours = {at // _HOUR for at in runs}
    step = _HOUR if len(hours) <= MOST_HOURS else _DAY
    last: dict[str, dict[str, list[int]]] = {}
    made: dict[int, Point] = {}
    for at in sorted(runs):
        last |= runs[at]
        datasets = {name: _sum(by.values()) for name, by in sorted(last.items())}
        dimensions = {
            name: _sum(by[name] for by in last.values() if name in by) for name in DIMENSIONS if any(name in by for by in last.values())
        }
        made[at // step] = Point(at, _judged(datasets), _judged(dimensions))
    return [made[key] for key in sorted(made)]


def _sum(counts: Iterable[Sequence[int]]) -> Score:
    every = list(counts)
    return Score(sum(one[0] for one in every), sum(one[1] for one in every))


def _judged(scores: Mapping[str, Score]) -> dict[str, Score]:
    return {name: score for name, score in scores.items() if score.checked}


def section(found: Sequence[Point], language: Language) -> str:
    """A chart for each dimension; empty where there is nothing yet to compare."""
    if len(found) < 2:
        return ""
    names = [name for name in DIMENSIONS if any(name in point.dimensions for point in found)]
    first, last = (moment(point.at).strftime("%Y-%m-%d %H:%M") for point in (found[0], found[-1]))
    charts = "".join(_figure(word(name, language), [(point.at, point.dimensions.get(name)) for point in found]) for name in names)
    return (
        f'<section class="trend"><h2>{escape(word("trend", language))}</h2>'
        f'<p class="quiet">{escape(word("trend_note", language))} {first} – {last} UTC</p><div class="charts">{charts}</div></section>'
    )


def _figure(title: str, values: Sequence[tuple[int, Score | None]]) -> str:
    """A line of shares over time. Its floor is the lowest whole percent below, so that a fall of little is seen; both ends are said."""
    known = [(at, score.share) for at, score in values if score is not None]
    floor = min(int(share * 100) for _, share in known) / 100
    floor = min(floor, 0.99)
    begin, end = values[0][0], values[-1][0]
    placed = [
        (
            _EDGE + (at - begin) / max(end - begin, 1) * (_WIDTH - 2 * _EDGE),
            _EDGE + (1 - share) / (1 - floor) * (_HEIGHT - 2 * _EDGE),
        )
        for at, share in known
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    x, y = placed[-1]
    said = f"{title}: {known[0][1]:.2%} → {known[-1][1]:.2%}"
    return (
        f"<figure><figcaption><b>{escape(title)}</b> {known[-1][1]:.2%}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" aria-label="{escape(said)}">'
        f'<line class="track" x1="{_EDGE}" x2="{_WIDTH - _EDGE}" y1="{_EDGE}" y2="{_EDGE}"/>'
        f'<line class="track" x1="{_EDGE}" x2="{_WIDTH - _EDGE}" y1="{_HEIGHT - _EDGE}" y2="{_HEIGHT - _EDGE}"/>'
        f'<polyline class="line" points="{line}"/><circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>'
        f'<span class="quiet">100% – {floor:.0%}</span></figure>'
    )

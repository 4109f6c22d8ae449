"""Schedules of standing queries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.visibility.schedule import ScheduleError, next_time, read_schedule

NOW = datetime(2026, 11, 27, 7, 0, 0, 500, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"hour": "1", "minute": "5"}, "2026-11-28T01:05:00"),
        ({"second": "0/30"}, "2026-11-27T07:00:30"),
        ({"minute": "*/15"}, "2026-11-27T07:15:00"),
        ({"hour": "7", "minute": "0"}, "2026-11-28T07:00:00"),
        ({"dayOfWeek": "[1-5]", "hour": "6,19"}, "2026-11-27T19:00:00"),
        ({"dayOfWeek": "1", "hour": "6"}, "2026-11-30T06:00:00"),
        ({"dayOfMonth": "31"}, "2026-12-31T00:00:00"),
        ({"month": "2", "dayOfMonth": "29"}, "2028-02-29T00:00:00"),
        ({"month": "[1-3]"}, "2027-01-01T00:00:00"),
    ],
)
def test_the_next_time(stated: dict[str, Any], expected: str) -> None:
    assert next_time(read_schedule(stated), NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "stated",
    [{}, {"hours": "1"}, {"hour": "24"}, {"minute": "[5-1]"}, {"second": "x"}, {"dayOfWeek": "0"},
     {"month": "2", "dayOfMonth": "30"}, {"hour": "1/0,25"}],
)  # fmt: skip
def test_a_schedule_that_says_no_time_is_refused(stated: dict[str, Any]) -> None:
    with pytest.raises(ScheduleError):
        next_time(read_schedule(stated), NOW)

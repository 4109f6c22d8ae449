"""Time, injected: the only module that asks the machine what time it is.

Due dates, ages of messages and "today" come from the clock that the settings name, so that a demonstration can
play five years on and a test can stand still.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Anything that can say what time it is."""

    def now(self) -> datetime:
        """Aware time in UTC, to the microsecond."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Aware time in UTC, to the microsecond."""
        return _EPOCH + timedelta(microseconds=time.time_ns() // 1_000)


class ShiftedClock:
    """Starts at a given time and runs on from there (`UDIHUB_CLOCK`); a step of the machine's clock does not move it."""

    def __init__(self, start: datetime) -> None:
        self._start = aware(start)
        self._began = time.monotonic_ns()

    def now(self) -> datetime:
        """Aware time in UTC, to the microsecond."""
        return self._start + timedelta(microseconds=(time.monotonic_ns() - self._began) // 1_000)


class FrozenClock:
    """Stands still until it is moved: for tests and for replaying a day."""

    def __init__(self, start: datetime) -> None:
        self._now = aware(start)

    def now(self) -> datetime:
        """Aware time in UTC, to the microsecond."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on by so many seconds (negative: back)."""
        self._now += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        """Move to an aware time."""
        self._now = aware(moment)


def aware(moment: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a time that does not state its offset."""
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} does not state its offset from UTC")
    return moment.astimezone(UTC)

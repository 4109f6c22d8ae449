"""A time that a person asks a trace for: a day, which means all of it, or a time of ISO 8601; without its offset it is UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_DAY = len("2026-11-22")


def read(text: str) -> datetime:
    """The time of a text. Raises ValueError.

    >>> read("2026-11-22").isoformat(), read("2026-11-22T08:00+08:00").isoformat()
    ('2026-11-22T23:59:59.999999+00:00', '2026-11-22T08:00:00+08:00')
    """
    found = datetime.fromisoformat(text)
    if len(text) <= _DAY:
        found += timedelta(days=1, microseconds=-1)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

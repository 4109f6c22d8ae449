"""The demonstration finds exactly what was planted: several seeds, and a clock five years on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.comparison import compare


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "clock"),
    [
        (1, "2026-11-22T06:00:00+00:00"),
        (2, "2026-11-22T06:00:00+00:00"),
        (3, "2027-02-28T23:30:00+08:00"),
        (1, "2031-11-22T06:00:00+00:00"),
    ],
)
def test_what_was_found_is_what_was_planted(played: Callable[[int, str], Path], seed: int, clock: str) -> None:
    folder = played(seed, clock)
    assert compare(folder / "demo") == []
    said = (folder / "said").read_text(encoding="utf-8")
    assert "curl" in said and "Where to look" in said

"""The demonstration finds exactly what was planted: several seeds, and a clock five years on."""

from __future__ import annotations

import os
import subprocess
import sys
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
def test_what_was_found_is_what_was_planted(tmp_path: Path, seed: int, clock: str) -> None:
    environment = {**os.environ, "UDIHUB_HOME": str(tmp_path), "UDIHUB_CLOCK": clock, "COLUMNS": "160"}
    environment.pop("UDIHUB_DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", "demo", "--no-serve", "--seed", str(seed)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert compare(tmp_path / "demo") == []
    assert "curl" in done.stdout and "Where to look" in done.stdout

"""A running server over a fresh store of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.server import Server


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    """`udihub serve` with its worker, ready; stopped at the end."""
    made = Server(tmp_path / "home", database_url)
    made.issue_keys()
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()

"""A hub on the site of events, over each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings

SITE = Path(__file__).parents[2] / "samples" / "site_events"


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    settings = Settings(home=tmp_path / "home", site=SITE, database_url=database_url, language="en", max_body=1_000_000, clock=clock)
    opened = Hub.open(settings)
    yield opened
    opened.database.close()

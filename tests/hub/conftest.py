"""A hub on the small site of tests/samples/site, over each database."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from hub import worker
from hub.clock import FrozenClock
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.settings import Settings
from hub.store.inbox import Landing

SITE = Path(__file__).parents[1] / "samples" / "site"


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    settings = Settings(home=tmp_path / "home", site=SITE, database_url=database_url, language="en", max_body=1_000_000, clock=clock)
    opened = Hub.open(settings)
    yield opened
    opened.database.close()


def take(hub: Hub, content: bytes, partner: str, *, key: str | None = None, agreement: str | None = None, process: bool = True) -> Landing:
    """Receive a body as from an authenticated partner, and work it off."""
    landing = receive(
        hub, Reception(partner=partner, channel="http", stream=BytesIO(content), by=partner, delivery_key=key, agreement=agreement)
    )
    if process:
        worker.drain(hub)
    return landing

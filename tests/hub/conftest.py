"""A hub on the small site of tests/samples/site, over each database."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from hub import worker
from hub.clock import FrozenClock
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.settings import Settings
from hub.store.database import Database
from hub.store.inbox import Landing

SITE = Path(__file__).parents[1] / "samples" / "site"


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    settings = Settings(home=tmp_path / "home", site=SITE, database_url=database_url, language="en", max_body=1_000_000, clock=clock)
    opened = Hub.open(settings)
    yield opened
    opened.database.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Makes fresh stores, many in one test."""
    folder = Path(tempfile.mkdtemp())
    numbers = itertools.count()
    clock = FrozenClock(datetime(2026, 11, 22, 8, tzinfo=UTC))

    @contextmanager
    def make() -> Iterator[Database]:
        name = f"orders_{os.getpid()}_{next(numbers)}"
        if request.param == "sqlite":
            path = folder / f"{name}.db"
            shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
            url = f"sqlite:///{path}?durable=off"
        else:
            server = request.getfixturevalue("postgres_server")
            server.copy(name, request.getfixturevalue("postgres_template"))
            url = server.url(name)
        opened = Database.open(url, folder / name, clock)
        try:
            yield opened
        finally:
            opened.close()
            if request.param == "postgresql":
                server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    yield make
    shutil.rmtree(folder)


def take(hub: Hub, content: bytes, partner: str, *, key: str | None = None, agreement: str | None = None, process: bool = True) -> Landing:
    """Receive a body as from an authenticated partner, and work it off."""
    landing = receive(
        hub, Reception(partner=partner, channel="http", stream=BytesIO(content), by=partner, delivery_key=key, agreement=agreement)
    )
    if process:
        worker.drain(hub)
    return landing

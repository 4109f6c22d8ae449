from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.demonstration import Story, generate

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session", params=[1, 2, 3, 4, 5], ids="seed {}".format)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    yield generate(tmp_path_factory.mktemp(f"story{request.param}"), request.param, NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path

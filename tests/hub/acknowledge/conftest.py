"""Hubs on a copy of the small site that a test may change first."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from tests.hub.conftest import SITE

Open = Callable[[dict[str, tuple[str, str]]], Hub]
"""Open a hub after these files of the site had one text put in place of another."""


@pytest.fixture
def open_with(tmp_path: Path, database_url: str, clock: FrozenClock) -> Iterator[Open]:
    opened: list[Hub] = []

    def open_hub(changes: dict[str, tuple[str, str]]) -> Hub:
        site = Path(shutil.copytree(SITE, tmp_path / "site"))
        for name, (old, new) in changes.items():
            path = site / name
            text = path.read_text(encoding="utf-8") if path.exists() else old
            assert old in text
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(old, new), encoding="utf-8")
        opened.append(Hub.open(Settings(tmp_path / "home", site, database_url, "en", 1_000_000, clock)))
        return opened[-1]

    yield open_hub
    for hub in opened:
        hub.database.close()

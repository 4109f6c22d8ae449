"""Flows run side by side, and `udihub worker` beside them: an order is told to its supplier once all the same."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dags import steps
from hub import outbound
from hub.settings import Settings
from tests.dags.mailbox import SITE, Mailbox

FLOW = "erp_orders_suzhou"


def test_two_pushes_at_once_tell_every_order_once(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("UDIHUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(SITE))
    monkeypatch.setenv("UDIHUB_DATABASE_URL", database_url)
    Mailbox(Settings.from_environment().clock.now()).put(FLOW)
    for batch in steps.fetch(FLOW):
        steps.process(batch)

    untold, together = outbound.untold, threading.Barrier(2)

    def slowly(*given: object) -> object:
        """Both have asked what is untold before either writes, where nothing keeps them apart."""
        found = untold(*given)  # type: ignore[arg-type]
        try:
            together.wait(1)
        except threading.BrokenBarrierError:
            together.reset()
        return found

    monkeypatch.setattr(outbound, "untold", slowly)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: steps.push("jiangnan_polymer_orders"), range(2))
    assert sorted((len(first), len(second)))[0] == 0, "one of them found everything told"
    assert len(first) + len(second) > 3

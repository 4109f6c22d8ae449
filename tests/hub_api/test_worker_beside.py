"""The worker beside the API: a flow that cannot push leaves it well and at work."""

from __future__ import annotations

import shutil
import threading
import time
from io import BytesIO
from pathlib import Path

import pytest

from hub.clock import FrozenClock
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import documents
from hub_api import serve
from hub_api.serve import Worker
from tests.hub_api.conftest import SITE
from tests.hub_api.papers import ACME, despatch, interchange


def test_a_flow_that_fails_leaves_the_worker_well(
    database_url: str, tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "_AFTER_FAILURE_SECONDS", 3600.0)  # it rests so long between failures, but wakes for documents
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    agreement = site / "agreements" / "orders_to_acme.yaml"
    agreement.write_text(agreement.read_text().replace("x12/850", "x12/856"))
    hub = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 200_000, clock))
    wake = threading.Event()
    beside = Worker(hub, wake)
    beside._last_good -= 3600
    beside.start()
    try:
        until = time.monotonic() + 20
        while not beside.is_well() and time.monotonic() < until:
            time.sleep(0.05)
        assert beside.is_well()
        reception = Reception(partner="acme", channel="http", stream=BytesIO(interchange(ACME, 1, despatch("D1"))), by="acme")
        number = receive(hub, reception).document_id
        wake.set()
        while _state(hub, number) == "received" and time.monotonic() < until:
            time.sleep(0.05)
        assert _state(hub, number) == "processed"
    finally:
        beside.stop()
        hub.database.close()


def _state(hub: Hub, document_id: int) -> str:
    with hub.database.read() as connection:
        return str(documents.state_of(connection, document_id))

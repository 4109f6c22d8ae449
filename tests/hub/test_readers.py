"""A portal's reader and the hub, stopped and started again: each tag is one visibility event, and a gap is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from hub import listening, pipeline, worker
from hub.audit import verify_all
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.soundness import faults
from hub.store import tables
from hub.store.event_tables import event
from tests.peers.llrp_peer import RfidReader, rfid_reader, tag


@pytest.fixture
def reader() -> Iterator[RfidReader]:
    with rfid_reader(holds=True) as made:
        yield made


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock, reader: RfidReader, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(listening, "_FIRST_SECONDS", 0.1)
    site = tmp_path / "site"
    organisation = {"key": "north", "name": "North", "gln": "8799999010009", "time_zone": "Europe/Amsterdam", "currency": "EUR"}
    files = {
        "site.yaml": {"version": 1, "name": "portal", "organisations": [organisation]},
        "partners/portal.yaml": {"version": 1, "partner": "portal", "name": "Portal 3", "kind": "wms"},
        "flows/portal3.yaml": {
            "version": 1, "flow": "portal3", "preset": "rfid-llrp", "resource": "reads", "partner": "portal", "organisation": "north",
            "given": {"address": reader.url, "point": "urn:epc:id:sgln:0614141.00777.dock3"},
            "transport": {"allow_plain": True, "window_seconds": 0.1, "quiet_seconds": 0.3, "timeout_seconds": 3},
        },
    }  # fmt: skip
    for name, said in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(said))
    made = Hub.open(Settings(home=tmp_path / "home", site=site, database_url=database_url, language="en", max_body=1_000_000, clock=clock))
    yield made
    made.database.close()


@contextmanager
def listened_to(hub: Hub) -> Iterator[None]:
    listeners = listening.Listeners(hub, listening.streams_of(hub), pipeline.land, lambda: None)
    listeners.start()
    try:
        yield
    finally:
        listeners.stop()


def seen(hub: Hub, count: int) -> tuple[int, int]:
    """Events and exchanges, once so many events have been captured, and a little later, for one too many would come then."""
    for _ in range(200):
        worker.drain(hub)
        with hub.database.read() as connection:
            states = list(connection.scalars(sa.select(tables.exchange.c.state)))
            found = connection.scalar(sa.select(sa.func.count()).select_from(event))
        if found and found >= count:
            break
        threading.Event().wait(0.05)
    threading.Event().wait(0.3)
    worker.drain(hub)
    assert set(states) == {"applied"}
    with hub.database.read() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(event)) or 0), len(states)


def until_connected(reader: RfidReader) -> None:
    for _ in range(200):
        if reader.do()["operations"] and reader.do()["connected"]:
            return
        threading.Event().wait(0.05)
    raise AssertionError("nobody listens")


def rules(hub: Hub) -> list[str]:
    with hub.database.read() as connection:
        return list(connection.scalars(sa.select(tables.finding.c.rule).where(tables.finding.c.rule.startswith("STR-"))))


def test_each_tag_is_one_event_whatever_becomes_of_reader_and_hub(hub: Hub, reader: RfidReader, clock: FrozenClock) -> None:
    assert [fault for fault in faults(hub.site) if fault.severity == "error"] == []
    begun = round(clock.now().timestamp() * 1_000_000)

    def see(*serials: int) -> None:
        reader.see(*map(tag, serials), at=begun)

    with listened_to(hub):
        until_connected(reader)
        see(1, 2, 3, 1)
        assert seen(hub, 3) == (3, 3)
    see(3, 4, 5)  # while nobody listens
    with listened_to(hub):
        until_connected(reader)
        see(5, 6)
        assert seen(hub, 6) == (6, 6)
        reader.do(cut=True)
        see(7)
        assert seen(hub, 7) == (7, 7)
        until_connected(reader)
        assert "STR-01" not in rules(hub), "the reader held what it saw"
        clock.advance(60)
        reader.stop()
        reader.start()
        until_connected(reader)
        see(7, 8)
        assert seen(hub, 8) == (8, 8)
    assert "STR-01" in rules(hub), "a reader without power reads nothing"
    with hub.database.read() as connection:
        assert verify_all(connection) == []

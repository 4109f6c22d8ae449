"""Flows that are fetched by their schedule where no Airflow is."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from data_contracts.errors import FatalError, RetriableError
from hub import pipeline, schedules
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.schedules import Fetcher, after, is_schedule
from hub.settings import Settings
from hub.site import Flow, Site
from hub.soundness import faults
from hub.store import tables
from tests.hub_api.conftest import SITE

FLOW = {"version": 1, "flow": "acme_files", "direction": "in", "agreement": "acme_asn", "schedule": "*/5 * * * *"}


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    agreement = next(one.agreement for one in Site.load(site).agreements.values() if one.direction == "in" and one.partner == "acme")
    (tmp_path / "in").mkdir()
    transport = {"use": "folder", "folder": str(tmp_path / "in"), "ready": "rename"}
    (site / "flows" / "acme_files.yaml").write_text(yaml.safe_dump(FLOW | {"agreement": agreement, "transport": transport}))
    hub = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 200_000, clock))
    yield hub
    hub.database.close()


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    assert true()


def _documents(hub: Hub) -> int:
    with hub.database.read() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(tables.document)) or 0)


@pytest.mark.parametrize(
    ("schedule", "at", "due"),
    [
        ("*/5 * * * *", "2026-11-22T08:02:00", "2026-11-22T08:05:00"),
        ("*/5 * * * *", "2026-11-22T08:05:00", "2026-11-22T08:10:00"),
        ("@hourly", "2026-11-22T08:05:00", "2026-11-22T09:00:00"),
        ("0 6 * * 1-5", "2026-11-21T08:00:00", "2026-11-23T06:00:00"),
    ],
)
def test_when_a_flow_is_due(schedule: str, at: str, due: str) -> None:
    assert after(schedule, datetime.fromisoformat(at).replace(tzinfo=UTC)) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_schedules_that_name_no_time() -> None:
    assert after("@once", datetime(2026, 11, 22, tzinfo=UTC)) is None and is_schedule("@once")
    assert after("0 0 30 2 *", datetime(2026, 11, 22, tzinfo=UTC)) is None
    assert [text for text in ("", "5", "@fortnightly", "* * * *", "61 * * * *", "0 0 0 * * *") if is_schedule(text)] == []


def test_a_schedule_that_nothing_reads_is_a_fault_of_the_site(hub: Hub) -> None:
    path = hub.site.folder / "flows" / "acme_files.yaml"
    path.write_text(path.read_text().replace("*/5 * * * *", "*/5 * * * 9"))
    found = [(one.rule, one.place.path) for one in faults(Site.load(hub.site.folder))]
    assert ("SIT-03", "flows/acme_files.yaml: schedule") in found


def test_what_is_due_is_fetched_once(hub: Hub, clock: FrozenClock, tmp_path: Path) -> None:
    heard = threading.Event()
    fetcher = Fetcher(lambda: hub, heard.set)
    assert fetcher.look() == [], "a process that starts waits for the next time"
    (tmp_path / "in" / "a.x12").write_bytes(b"ISA")
    clock.advance(301)
    assert fetcher.look() == ["acme_files"] and fetcher.look() == []
    _until(heard.is_set)
    assert _documents(hub) == 1
    heard.clear()
    clock.advance(3_600)  # twelve times were missed
    assert fetcher.look() == ["acme_files"] and fetcher.look() == []
    fetcher.stop()
    assert _documents(hub) == 1 and not heard.is_set()


def test_a_flow_that_still_runs_is_not_begun_again_and_others_are(hub: Hub, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    go, began = threading.Event(), []

    def slow(_hub: Hub, flow: Flow) -> list[object]:
        began.append(flow.flow)
        if flow.flow == "acme_files":
            go.wait(20)
        return []

    monkeypatch.setattr(pipeline, "fetch", slow)
    path = hub.site.folder / "flows"
    (path / "more.yaml").write_text((path / "acme_files.yaml").read_text().replace("acme_files", "more"))
    hub.site = Site.load(hub.site.folder)
    fetcher = Fetcher(lambda: hub)
    fetcher.look()
    clock.advance(300)
    assert fetcher.look() == ["acme_files", "more"]
    _until(lambda: len(began) == 2)
    _until(lambda: not any(thread.name == "udihub-fetch-more" for thread in threading.enumerate()))
    clock.advance(300)
    assert fetcher.look() == ["more"]
    go.set()
    fetcher.stop()
    assert began == ["acme_files", "more", "more"]


def test_a_failure_is_fetched_anew_and_a_lost_database_ends_it(hub: Hub, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "_LOOK_SECONDS", 0.01)
    errors: list[Exception] = [RetriableError("peer is away"), OSError("line is cut"), FatalError("disk is full")]

    def broken(_hub: Hub, _flow: Flow) -> list[object]:
        raise errors.pop(0)

    monkeypatch.setattr(pipeline, "fetch", broken)
    fetcher = Fetcher(lambda: hub)
    fetcher.look()
    fetcher.start()
    for left in (2, 1, 0):
        clock.advance(300)
        _until(lambda left=left: len(errors) == left)
    _until(lambda: not fetcher.is_alive())
    assert isinstance(fetcher.failure, FatalError)


def test_what_the_site_says_now_counts(hub: Hub, clock: FrozenClock) -> None:
    fetcher = Fetcher(lambda: hub)
    fetcher.look()
    path = hub.site.folder / "flows" / "acme_files.yaml"
    path.write_text(path.read_text().replace("*/5", "*/30"))
    hub.site = Site.load(hub.site.folder)
    clock.advance(300)
    assert fetcher.look() == []
    path.write_text(path.read_text() + "enabled: false\n")
    hub.site = Site.load(hub.site.folder)
    clock.advance(3_600)
    assert fetcher.look() == []
    fetcher.stop()

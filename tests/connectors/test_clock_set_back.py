"""The hour that comes twice when clocks are set back: stamps without an offset do not say which of the two they mean."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.deltas import Delta
from connectors.transports.rest import TRANSPORT as REST
from connectors.transports.sql import TRANSPORT as SQL
from tests.peers.rest_peer import Handler, RestPeer, running

BEGINS = {
    "Europe/Amsterdam": datetime(2026, 10, 24, 23, tzinfo=UTC),
    "America/New_York": datetime(2026, 11, 1, 4, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 13, tzinfo=UTC),  # by half an hour
    "Asia/Shanghai": datetime(2026, 10, 24, 23, tzinfo=UTC),  # never
}


@pytest.mark.parametrize("zone", list(BEGINS))
def test_each_record_of_the_night_comes_by_rest(zone: str) -> None:
    """A record a minute, a pull every ten; the peer compares texts of its own clock, as ERPNext does."""
    now = BEGINS[zone]
    delta = {"kind": "stamp", "field": "modified", "id": "id", "sorted": True, "ask_as": "%Y-%m-%d %H:%M:%S", "time_zone": zone}
    came: set[str] = set()
    mark: str | None = None
    with running(Handler, RestPeer()) as peer:
        paging = {"style": "offset", "size": 20}
        settings: dict[str, Any] = {"url": peer.url, "path": "/offsets", "records": "data", "query": {"since": "{since}"}, "delta": delta}
        settings |= {"paging": paging, "clock": lambda: now}
        for number in range(1, 301):
            peer.put(number, now.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S"))
            for page in REST.pages(settings, mark) if number % 10 == 0 else ():
                came |= {key for key, _ in page.records or ()}
                mark = page.watermark or mark
            now += timedelta(minutes=1)
    assert came == {str(number) for number in range(1, 301)}


@pytest.mark.parametrize("zone", list(BEGINS))
def test_each_row_of_the_night_comes_from_a_view(zone: str, tmp_path: Path) -> None:
    now = BEGINS[zone]
    connection = sqlite3.connect(tmp_path / "mes.db", isolation_level=None)
    connection.execute("CREATE TABLE seen (id INTEGER, changed TIMESTAMP)")
    delta = {"kind": "stamp", "field": "changed", "id": "id", "time_zone": zone}
    settings: dict[str, Any] = {"database": f"sqlite:///{tmp_path / 'mes.db'}", "view": "seen", "columns": ["id", "changed"]}
    settings |= {"delta": delta, "clock": lambda: now, "page": 25}
    came: set[str] = set()
    mark: str | None = None
    for number in range(1, 301):
        connection.execute("INSERT INTO seen VALUES (?, ?)", [number, now.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S.%f")])
        for page in SQL.pages(settings, mark) if number % 10 == 0 else ():
            came |= {key for key, _ in page.records or ()}
            mark = page.watermark or mark
        now += timedelta(minutes=1)
    connection.close()
    assert came == {str(number) for number in range(1, 301)}


def test_who_asks_from_within_the_first_hour_asks_from_the_beginning_of_the_second() -> None:
    delta = Delta.of({"delta": {"kind": "stamp", "field": "x", "id": "id", "stamps": "compact", "time_zone": "Europe/Amsterdam"}}, "rest")
    spelled = {
        "2026-10-24T23:30:00.000000+00:00": "20261025013000",  # 01:30 is before 02:00
        "2026-10-25T00:00:00.000000+00:00": "20261025020000",
        "2026-10-25T00:54:00.000000+00:00": "20261025020000",  # 02:54, and 02:00 comes again
        "2026-10-25T01:10:00.000000+00:00": "20261025021000",  # the second 02:10
        "2026-10-25T02:00:00.000000+00:00": "20261025030000",
        "2026-03-29T00:59:00.000000+00:00": "20260329015900",  # clocks are set forward
    }
    assert {stamp: delta.spelled(stamp) for stamp in spelled} == spelled
    exact = Delta.of({"delta": {"kind": "stamp", "field": "x", "id": "id", "ask_as": "%H:%M %z", "time_zone": "Europe/Amsterdam"}}, "rest")
    assert exact.spelled("2026-10-25T00:54:00.000000+00:00") == "02:54 +0200", "who states the offset says which hour he means"

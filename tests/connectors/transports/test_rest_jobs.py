"""Jobs: started, asked after, fetched part by part; what is not done in time or failed is told, and half of a text is no page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.transports.rest import TRANSPORT
from data_contracts.errors import ConfigError, RefusedError, RetriableError
from tests.peers.replay import Replay, ReplayHandler
from tests.peers.rest_peer import running

START = {
    "method": "POST",
    "path": "/data/jobs/query",
    "json": {"operation": "query", "query": "SELECT Id FROM Lot WHERE Stamp >= 2026-11-22"},
}
RUNNING = {"ask": {"path": "/data/jobs/query/7/x"}, "answer": {"json": {"id": "7/x", "state": "InProgress"}}}
DONE = {"ask": {"path": "/data/jobs/query/7/x"}, "answer": {"json": {"id": "7/x", "state": "JobComplete"}}}
STARTED = {"ask": START, "answer": {"json": {"id": "7/x", "state": "UploadComplete"}}}


@pytest.fixture
def replay() -> Iterator[Replay]:
    with running(ReplayHandler, Replay()) as found:
        yield found


def settings(replay: Replay, **more: Any) -> dict[str, Any]:
    return {
        "url": f"{replay.url}/data/",
        "label": "lots",
        "delta": {"kind": "stamp", "field": "Stamp", "id": "Id", "sorted": True, "ask_as": "%Y-%m-%d", "from": "2026-11-22T12:00:00Z"},
        "job": {
            "start": {"path": "jobs/query", "body": {"operation": "query", "query": "SELECT Id FROM Lot WHERE Stamp >= {since}"}},
            "id": "id",
            "status": {"path": "jobs/query/{job}", "at": "state", "done": ["JobComplete"], "failed": ["Failed"], "says": "errorMessage"},
            "result": {"path": "jobs/query/{job}/results", "next": {"header": "Sforce-Locator", "query": "locator"}},
            "every_seconds": 0.01,
            "wait_seconds": 5,
        },
        **more,
    }


def test_a_job_is_waited_for_and_what_it_made_is_fetched_part_by_part(replay: Replay) -> None:
    parts = [
        {
            "ask": {"path": "/data/jobs/query/7/x/results"},
            "answer": {
                "headers": {"Content-Type": "text/csv", "Sforce-Locator": "MTAw"},
                "text": 'Id,Stamp,Name\n1,2026-11-22T12:00:00Z,"a, ""b"""\n',
            },
        },
        {
            "ask": {"path": "/data/jobs/query/7/x/results", "query": {"locator": "MTAw"}},
            "answer": {
                "headers": {"Content-Type": "text/csv; charset=UTF-8", "Sforce-Locator": "null"},
                "text": "Id,Stamp,Name\n2,2026-11-22T13:00:00Z,导丝\u2028二\n",
            },
        },
    ]
    replay.expect([STARTED, RUNNING, RUNNING, DONE, *parts])
    pages = list(TRANSPORT.pages(settings(replay), None))
    replay.over()
    assert [[key for key, _ in page.records or ()] for page in pages] == [["1"], ["2"]]
    assert [page.delivered.name for page in pages] == ["lots-1.csv", "lots-2.csv"] and pages[1].delivered.media_type == "text/csv"
    assert "2026-11-22T13:00:00" in str(pages[-1].watermark)
    assert pages[0].content.startswith(b"Id,Stamp,Name\n1,")


def test_where_the_last_status_names_the_address_json_is_read_from_there(replay: Replay) -> None:
    job = settings(replay)["job"] | {"result": {"at": "file"}}
    done = {"ask": DONE["ask"], "answer": {"json": {"state": "JobComplete", "file": "$HOST/files/9?key=k"}}}
    file = {"ask": {"path": "/files/9", "query": {"key": "k"}}, "answer": {"json": {"rows": [{"Id": 5, "Stamp": "2026-11-22T12:00:00Z"}]}}}
    replay.expect([STARTED, done, file])
    (page,) = TRANSPORT.pages(settings(replay, job=job, records="rows"), None)
    replay.over()
    assert [key for key, _ in page.records or ()] == ["5"]
    elsewhere = {"ask": DONE["ask"], "answer": {"json": {"state": "JobComplete", "file": "https://other.example/9"}}}
    replay.expect([STARTED, elsewhere])
    with pytest.raises(RefusedError, match="another host"):
        list(TRANSPORT.pages(settings(replay, job=job, records="rows"), None))


@pytest.mark.parametrize(
    ("answers", "error", "said"),
    [
        ([{"json": {"state": "Failed", "errorMessage": "no such object"}}], RefusedError, "ended as Failed no such object"),
        ([{"json": {"state": "InProgress"}}] * 40, RetriableError, "7/x is InProgress after 0.05 s"),
        ([{"status": 404, "json": {}}], RefusedError, "404"),
    ],
)
def test_a_job_that_ends_badly_or_not_at_all_is_told(
    replay: Replay, answers: list[dict[str, Any]], error: type[Exception], said: str
) -> None:
    replay.expect([STARTED, *({"ask": DONE["ask"], "answer": answer} for answer in answers)])
    job = settings(replay)["job"] | {"wait_seconds": 0.05}
    with pytest.raises(error, match=said):
        list(TRANSPORT.pages(settings(replay, job=job), None))


@pytest.mark.parametrize("text", ["Id,Stamp\n1,2026-11-22T12:00:00Z\n2", 'Id,Stamp\n1,"2026-11', "Id,Stamp\n1,2026-11-22T12:00:00Z,more\n"])
def test_half_of_a_text_is_no_page(replay: Replay, text: str) -> None:
    made = {"ask": {"path": "/data/jobs/query/7/x/results"}, "answer": {"headers": {"Content-Type": "text/csv"}, "text": text}}
    replay.expect([STARTED, DONE, made])
    with pytest.raises(RetriableError, match=r"row|comma-separated"):
        list(TRANSPORT.pages(settings(replay), None))


def test_an_answer_that_names_no_job_and_settings_that_cannot_work_are_told(replay: Replay) -> None:
    replay.expect([{"ask": START, "answer": {"json": {"error": "busy"}}}])
    with pytest.raises(RetriableError, match="names no job"):
        list(TRANSPORT.pages(settings(replay), None))
    whole = settings(replay)
    job = whole["job"]
    for wrong in (
        "x",
        {**job, "id": ""},
        {**job, "status": {"path": "p", "at": "s"}},
        {**job, "result": {"path": "p", "at": "s"}},
        {**job, "result": {"path": "p", "next": {"header": "h"}}},
        {**job, "more": 1},
    ):
        with pytest.raises(ConfigError):
            TRANSPORT.check(whole | {"job": wrong}, asks=True)
    with pytest.raises(ConfigError, match="no paging"):
        list(TRANSPORT.pages(whole | {"paging": {"style": "page"}}, None))
    with pytest.raises(ConfigError, match="from where the first pull begins"):
        list(TRANSPORT.pages(whole | {"delta": {"kind": "whole", "id": "Id"}}, None))

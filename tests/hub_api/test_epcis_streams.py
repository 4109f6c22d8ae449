"""Streams of events over WebSockets: a real server, a real client, and everything by which a stream ends or never begins."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from hub.clock import FrozenClock
from hub.store import credentials
from hub_api.routers import epcis_streams
from tests.connectors.formats.epcis.documents import PACKED, document, with_
from tests.hub_api.conftest import Api
from tests.hub_api.test_epcis import ROOT, api, post  # noqa: F401 - the fixture

pytestmark = pytest.mark.slow
PACKING = {"name": "packing", "query": {"EQ_bizStep": ["packing"]}}


@pytest.fixture
def address(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:  # noqa: F811
    """The application behind a real server, which looks for news more often than in service."""
    monkeypatch.setattr(epcis_streams, "LOOK_SECONDS", 0.02)
    server = uvicorn.Server(uvicorn.Config(api.app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{ROOT}/queries"
    server.should_exit = True
    thread.join(10)


def opened(
    api: Api,  # noqa: F811
    address: str,
    asked: str = "stream=true",
    who: str | None = "plant",
    name: str = "packing",
    **more: str,
) -> ClientConnection:
    headers = {name_.replace("_", "-"): value for name_, value in more.items()}
    if who is not None:
        headers["Authorization"] = f"Bearer {api.keys[who]}"
    return connect(f"{address}/{name}/events?{asked}", additional_headers=headers, open_timeout=10)


def refused(*arguments: Any, **more: Any) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as error:
        opened(*arguments, **more)
    response = error.value.response
    return response.status_code, json.loads(response.body or b"{}")["type"]


def times(stream: ClientConnection, seconds: float = 10) -> list[str]:
    said = json.loads(stream.recv(timeout=seconds))
    assert said["epcisBody"]["queryResults"]["queryName"] == "packing"
    return [event["eventTime"][11:16] for event in said["epcisBody"]["queryResults"]["resultsBody"]["eventList"]]


def pack(api: Api, minute: int, who: str = "plant") -> None:  # noqa: F811
    event = with_(PACKED, eventTime=f"2026-11-20T09:{minute:02}:00+08:00", bizStep="packing")
    assert post(api, "/capture", document(event, with_(event, bizStep="loading")), who).status_code == 202
    api.settle()


def test_what_answers_is_sent_as_it_comes_and_to_whom_it_belongs(api: Api, address: str) -> None:  # noqa: F811
    pack(api, 1)
    for who in ("plant", "clinic", "admin"):
        assert post(api, "/queries", PACKING, who).status_code == 201
    with opened(api, address) as plant, opened(api, address, who="clinic") as clinic, opened(api, address, who="admin") as admin:
        assert plant.response is not None and plant.response.headers["GS1-EPCIS-Version"] == "2.0.0"
        pack(api, 2)
        assert (times(plant), times(admin)) == (["09:02"], ["09:02"])
        pack(api, 3, "clinic")
        assert (times(clinic), times(admin)) == (["09:03"], ["09:03"])
        with pytest.raises(TimeoutError):
            plant.recv(timeout=0.2)
    with opened(api, address, "stream=true&initialRecordTime=2000-01-01T00:00:00Z", Accept="application/xml") as again:
        assert str(again.recv(timeout=10)).count("<AggregationEvent>") == 2, "who was away asks for what it missed"


def test_a_schedule_is_kept(api: Api, address: str, clock: FrozenClock) -> None:  # noqa: F811
    assert post(api, "/queries", PACKING).status_code == 201
    with opened(api, address, "second=0&reportIfEmpty=true") as stream:
        pack(api, 1)
        with pytest.raises(TimeoutError):
            stream.recv(timeout=0.2)
        clock.advance(60)
        assert times(stream) == ["09:01"]
        clock.advance(60)
        assert times(stream) == []


def test_a_stream_ends_with_its_key_its_query_and_what_nobody_expects(api: Api, address: str) -> None:  # noqa: F811
    assert post(api, "/queries", PACKING).status_code == 201
    with opened(api, address) as talking, pytest.raises(ConnectionClosed) as end:
        talking.send("more, please")
        talking.recv(timeout=10)
    assert end.value.rcvd is not None and end.value.rcvd.code == 1003
    with opened(api, address) as stream, pytest.raises(ConnectionClosed) as end:
        assert api.request("DELETE", f"{ROOT}/queries/packing", "plant").status_code == 204
        stream.recv(timeout=10)
    assert end.value.rcvd is not None and (end.value.rcvd.code, end.value.rcvd.reason) == (1000, "the query is no more")
    assert post(api, "/queries", PACKING).status_code == 201
    with opened(api, address) as stream, pytest.raises(ConnectionClosed) as end:
        with api.hub.database.begin("test") as uow:
            caller = credentials.authenticate(uow.connection, api.keys["plant"], uow.now)
            assert caller is not None
            credentials.revoke(uow, caller.credential_id, "lost")
        pack(api, 1, "clinic")
        stream.recv(timeout=10)
    assert end.value.rcvd is not None and end.value.rcvd.code == 1008


def test_a_stream_that_cannot_be_is_refused_as_any_request(api: Api, address: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    assert post(api, "/queries", PACKING).status_code == 201
    assert refused(api, address, who=None) == (401, "epcisException:SecurityException")
    assert refused(api, address, who="clinic") == (404, "epcisException:NoSuchNameException")
    assert refused(api, address, GS1_EPCIS_Max="1.2") == (406, "epcisException:NotAcceptableException")
    for asked in ("", "stream=false", "stream=true&second=0", "second=61", "hour=1&hour=2", "month=2&dayOfMonth=30"):
        assert refused(api, address, asked)[0] == 400, asked
    assert refused(api, address, "stream=true&EQ_bizStep=x") == (400, "epcisException:QueryParameterException")
    plain = api.get(f"{ROOT}/queries/packing/events?stream=true", "plant")
    assert (plain.status_code, plain.json()["type"]) == (400, "epcisException:QueryParameterException")
    assert api.get(f"{ROOT}/queries/packing/events", "plant", headers={"Upgrade": "websocket"}).status_code == 501
    most = api.hub.site.events.subscriptions.most
    assert post(api, "/queries", PACKING, "admin").status_code == 201
    with ExitStack() as taken:
        streams = [taken.enter_context(opened(api, address)) for _ in range(most)]
        assert refused(api, address) == (400, "epcisException:SubscriptionControlsException")
        monkeypatch.setattr(epcis_streams, "MOST_OPEN", most)
        assert refused(api, address, who="admin")[0] == 503
        streams[0].close()
        until = time.monotonic() + 10
        while api.app.state.streams.total() == most and time.monotonic() < until:
            time.sleep(0.02)
        taken.enter_context(opened(api, address))

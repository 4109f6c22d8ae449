"""MQTT where it is itself: what tells repeats apart, retained messages, what is no JSON, topics, publishing, certificates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.streaming import Topics, Window
from connectors.transports.mqtt import TRANSPORT
from data_contracts.errors import ConfigError, RefusedError, RetriableError
from tests.peers.broker import PASSWORD, USER, Broker, mosquitto
from tests.peers.local_certificate import local_certificate


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    monkeypatch.setenv("MQTT_PASSWORD", PASSWORD)
    with mosquitto(tmp_path / "broker") as made:
        yield made


def settings(broker: Broker, **more: Any) -> dict[str, Any]:
    peer = {"url": broker.url, "allow_plain": True, "user": USER, "password_env": "MQTT_PASSWORD"}
    return {**peer, **more}


def inward(broker: Broker, **more: Any) -> dict[str, Any]:
    return settings(broker, client_id="hub", topics=["lab/{room}"], window_seconds=0.1, quiet_seconds=0.3, **more)


def lines(pages: list[Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for page in pages for line in page.content.splitlines()]


def drained(asked: dict[str, Any], watermark: str | None = "[]") -> list[Any]:
    found = []
    for page in TRANSPORT.pages(asked, watermark):
        TRANSPORT.acknowledge(asked, page)
        found.append(page)
    return found


def test_what_is_published_stands_in_its_line_as_it_was(broker: Broker) -> None:
    def clock() -> datetime:
        return datetime(2026, 11, 22, 8, tzinfo=UTC)

    asked = inward(broker, clock=clock, id="message.id", ignore=["sent"])
    drained(asked, None)
    published = [b'{"id": 1,\n "t": 4.10, "sent": 1}', "4,1 °C".encode(), b"\xff\x00", b"", b'{"id": 1, "t": 4.10, "sent": 2}', b"NaN"]
    broker.publish([("lab/7", payload) for payload in published])
    pages = drained(asked)
    assert pages[1].content.splitlines()[0] == (
        b'{"topic":"lab/7","parts":{"room":"7"},"at":"2026-11-22T08:00:00.000000+00:00","message":{"id": 1,  "t": 4.10, "sent": 1}}'
    )
    told = [{name: line[name] for name in line if name not in ("topic", "parts", "at")} for line in lines(pages)]
    assert told[1:4] == [{"text": "4,1 °C"}, {"base64": "/wA="}, {"text": ""}] and told[5] == {"text": "NaN"}
    records = pages[1].records
    assert records[0] == records[4], "the same message, though it says when it was sent"
    assert len({key for key, _ in records}) == 5


def test_equal_readings_are_two_unless_the_broker_says_that_it_sends_one_again(broker: Broker) -> None:
    asked = inward(broker)
    drained(asked, None)
    broker.publish([("lab/7", b'{"t": 4}')] * 3)
    first = [page for page in TRANSPORT.pages(asked, "[]") if page.content]  # nobody acknowledges
    again = [page for page in drained(asked) if page.content]
    assert [version for _, version in first[0].records].count("") == 0
    assert [key for key, _ in again[0].records] == [key for key, _ in first[0].records] and len(set(again[0].records)) == 3
    assert all(version == "" for _, version in again[0].records)


def test_retained_values_are_old_ones_and_left_out_unless_they_are_wanted(broker: Broker) -> None:
    broker.publish([("lab/7", b'{"id": "old"}')], retain=True)
    assert lines(drained(inward(broker), None)) == []
    wanted = inward(broker, retained=True, id="message.id") | {"client_id": "other"}
    assert [line["message"]["id"] for line in lines(drained(wanted, None))] == ["old"]
    with pytest.raises(ConfigError, match="retained"):
        TRANSPORT.check(inward(broker, retained=True), asks=True)


def test_topics_that_are_named_no_longer_are_left(broker: Broker) -> None:
    asked = inward(broker) | {"topics": ["lab/{room}", "van/+/temp/#"]}
    mark = drained(asked, None)[0].watermark
    asked["topics"] = ["van/+/temp/#"]
    mark = drained(asked, mark)[0].watermark
    assert mark is not None and json.loads(mark) == ["van/+/temp/#"]
    broker.publish([("lab/7", b"1"), ("van/9/temp", b"2"), ("van/9/temp/a/b", b"3")])
    assert [line["message"] for line in lines(drained(asked, mark))] == [2, 3]


def test_documents_are_published_on_topics_of_their_words(broker: Broker) -> None:
    asked = inward(broker)
    drained(asked, None)
    out = settings(broker, topic="lab/{order.number}")
    assert TRANSPORT.send(out, "a.json", b'{"order": {"number": 4500}}', "id-1").startswith("lab/4500: ")
    assert [line["topic"] for line in lines(drained(asked))] == ["lab/4500"]
    with pytest.raises(RetriableError, match="nobody listens"):
        TRANSPORT.send(out | {"topic": "nowhere"}, "a.json", b"{}", "id-1")
    for content in (b'{"order": {"number": "a/b"}}', b'{"order": {"number": "#"}}', b"{}", b"<xml/>"):
        with pytest.raises(RefusedError):
            TRANSPORT.send(out, "a.json", content, "id-1")
    for topic in ("lab/+", "lab/#", "$SYS/x", ""):
        with pytest.raises(ConfigError):
            TRANSPORT.check(out | {"topic": topic}, asks=False)


def test_certificates_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTT_PASSWORD", PASSWORD)
    certificate, key = local_certificate(tmp_path)
    with mosquitto(tmp_path / "broker", f"certfile {certificate}\nkeyfile {key}") as broker:
        asked = {**settings(broker), "url": broker.url.replace("mqtt:", "mqtts:")}
        with pytest.raises(ConfigError, match="certificate"):
            TRANSPORT.reach(asked, asks=True)
        assert TRANSPORT.reach(asked | {"ca_file": str(certificate)}, asks=True)


@pytest.mark.parametrize("wrong", [["a/b{x}"], ["#/a"], [""], "a", []])
def test_topics_that_mean_nothing_are_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError):
        Window.of({}, Topics.of({"topics": wrong}, "topics", "/", "+", "#"), 1)


def test_parts_of_shared_topics() -> None:
    topics = Topics.of({"topics": ["$share/hubs/lab/{room}", "van/{van}/#"]}, "topics", "/", "+", "#")
    assert topics.filters == ("$share/hubs/lab/+", "van/+/#")
    assert topics.parts("lab/7") == {"room": "7"} and topics.parts("van/9/a/b") == {"van": "9"} and topics.parts("x") == {}

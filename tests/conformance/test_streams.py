"""What every stream must keep. `STREAMS` says how to stand its peer up; a new transport that listens needs an entry."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import transport_named, transport_names
from connectors.spec import Delivered, Page, Reachable, Streaming
from data_contracts.errors import ConfigError, RetriableError
from tests.conformance.test_transports import HEARD, KEEPERS
from tests.peers.broker import PASSWORD, USER, Broker, mosquitto
from tests.peers.kafka_peer import KafkaPeer, kafka_cluster
from tests.peers.llrp_peer import RfidReader, rfid_reader, tag
from tests.peers.nats_peer import STREAM, NatsPeer, nats_server
from tests.peers.opcua_peer import GOOD, Line, opcua_line
from tests.peers.rabbit_peer import QUEUE, RabbitPeer, rabbitmq

BEGUN = datetime(2026, 11, 22, 8, 0, 0, 500, UTC)
"""Of whole seconds the server's own history cannot be read again (its SQLite, its Python)."""


class Spoken:
    """A peer that says something, and the hands of whoever makes it speak, stops it and starts it again."""

    def __init__(self, transport: str, settings: dict[str, Any]) -> None:
        found = transport_named(transport)
        assert isinstance(found, Streaming)
        self.transport: Streaming = found
        self.settings = settings
        self.watermark: str | None = None
        self.known: dict[str, str] = {}
        """What a hub would know by now."""

    def say(self, numbers: range) -> None:
        """Messages or values that bear these numbers."""
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    def wrong(self) -> dict[str, Any]:
        """Settings by which nobody is let in."""
        raise NotImplementedError

    def number(self, line: dict[str, Any]) -> int:
        """What a line says."""
        return int(line["message"]["n"])

    def lines(self, page: Page) -> list[dict[str, Any]]:
        """What a page holds."""
        return [json.loads(line) for line in page.content.splitlines()]

    def take(self, pages: Iterator[Page], most: int = 1000, *, crash: bool = False) -> list[int]:
        """What is new in up to so many pages that hold something, kept as a hub does; a crash comes before the last is acknowledged."""
        new: list[int] = []
        full = 0
        for page in pages:
            lines = self.lines(page)
            assert page.records is not None and len(page.records) == len(lines)
            for (key, version), line in zip(page.records, lines, strict=True):
                if key not in self.known or version not in ("", self.known[key]):
                    new.append(self.number(line))
                self.known[key] = version
            if page.watermark is not None:
                self.watermark = page.watermark
            full += bool(lines)
            if crash and full == most:
                break
            self.transport.acknowledge(self.settings, page)
            if full == most:
                break
        close = getattr(pages, "close", None)
        if close is not None:
            close()
        return new


class ByMqtt(Spoken):
    def __init__(self, broker: Broker, version: str) -> None:
        self.broker = broker
        self.start, self.stop = broker.start, broker.stop  # type: ignore[method-assign]
        settings = {"url": broker.url, "allow_plain": True, "version": version, "user": USER, "password_env": "STREAM_PASSWORD"}
        more = {"client_id": "hub", "topics": ["lab/{room}"], "window_seconds": 0.1, "quiet_seconds": 0.3}
        super().__init__("mqtt", {**settings, **more})
        self.take(self.transport.pages(self.settings, None))

    def say(self, numbers: range) -> None:
        self.broker.publish([("lab/7", b'{"n": %d}' % number) for number in numbers])

    def wrong(self) -> dict[str, Any]:
        return self.settings | {"user": "nobody"}


@contextmanager
def by_mqtt_5(folder: Path) -> Iterator[Spoken]:
    with mosquitto(folder) as broker:
        yield ByMqtt(broker, "5")


@contextmanager
def by_mqtt_3(folder: Path) -> Iterator[Spoken]:
    with mosquitto(folder) as broker:
        yield ByMqtt(broker, "3.1.1")


class ByNats(Spoken):
    def __init__(self, peer: NatsPeer) -> None:
        self.peer = peer
        self.start, self.stop = peer.start, peer.stop  # type: ignore[method-assign]
        settings = {"url": peer.url, "allow_plain": True, "user": USER, "password_env": "STREAM_PASSWORD"}
        more = {"stream": STREAM, "durable": "hub", "subjects": ["line.{line}"], "batch": 10, "window_seconds": 0.1, "quiet_seconds": 0.3}
        super().__init__("nats", {**settings, **more})

    def say(self, numbers: range) -> None:
        self.peer.publish([("line.7", b'{"n": %d}' % number) for number in numbers])

    def wrong(self) -> dict[str, Any]:
        return self.settings | {"user": "nobody"}


@contextmanager
def by_nats(folder: Path) -> Iterator[Spoken]:
    with nats_server(folder) as peer:
        yield ByNats(peer)


class ByOpcUa(Spoken):
    def __init__(self, line: Line) -> None:
        self.line = line
        self.start, self.stop = line.start, line.stop  # type: ignore[method-assign]
        settings = {"url": line.url, "allow_plain": True, "user": USER, "password_env": "STREAM_PASSWORD", "nodes": [GOOD]}
        super().__init__("opcua", {**settings, "batch": 10, "window_seconds": 0.1, "timeout_seconds": 5})
        line.write([(BEGUN - timedelta(seconds=1), -1, 0)])
        self.take(self.transport.pages(self.settings, None))

    def say(self, numbers: range) -> None:
        self.line.write((BEGUN + timedelta(milliseconds=number), number, 0) for number in numbers)

    def take(self, pages: Iterator[Page], most: int = 1000, *, crash: bool = False) -> list[int]:
        return [number for number in super().take(pages, most, crash=crash) if number >= 0]  # -1: nothing was made yet

    def number(self, line: dict[str, Any]) -> int:
        return int(line["value"])

    def wrong(self) -> dict[str, Any]:
        return self.settings | {"user": "nobody"}


@contextmanager
def by_opcua(folder: Path) -> Iterator[Spoken]:
    with opcua_line(folder) as line:
        yield ByOpcUa(line)


class ByRabbit(Spoken):
    def __init__(self, peer: RabbitPeer) -> None:
        self.peer = peer
        self.start, self.stop = peer.start, peer.stop  # type: ignore[method-assign]
        settings = {"url": peer.url, "allow_plain": True, "user": "reader", "password_env": "STREAM_PASSWORD", "queue": QUEUE}
        more = {"routing_keys": ["line.{line}"], "batch": 10, "window_seconds": 0.1, "quiet_seconds": 0.3}
        super().__init__("rabbitmq", {**settings, **more})

    def say(self, numbers: range) -> None:
        self.peer.publish([("line.7", b'{"n": %d}' % number) for number in numbers])

    def wrong(self) -> dict[str, Any]:
        return self.settings | {"user": "nobody"}


@contextmanager
def by_rabbit(folder: Path) -> Iterator[Spoken]:
    with rabbitmq() as peer:
        yield ByRabbit(peer)


class ByKafka(Spoken):
    def __init__(self, peer: KafkaPeer) -> None:
        self.peer = peer
        self.start, self.stop = peer.start, peer.stop  # type: ignore[method-assign]
        settings = {"url": peer.url, "allow_plain": True, "user": USER, "password_env": "STREAM_PASSWORD", "sasl": "PLAIN"}
        more = {"topics": ["line.{line}.count"], "timeout_seconds": 2}
        peer.make()
        super().__init__("kafka", {**settings, **more, "batch": 10, "window_seconds": 0.1, "quiet_seconds": 0.3})

    def say(self, numbers: range) -> None:
        self.peer.publish([(b"7", b'{"n": %d}' % number) for number in numbers])

    def wrong(self) -> dict[str, Any]:
        return self.settings | {"user": "nobody"}


@contextmanager
def by_kafka(folder: Path) -> Iterator[Spoken]:
    with kafka_cluster() as peer:
        yield ByKafka(peer)


class ByLlrp(Spoken):
    def __init__(self, reader: RfidReader) -> None:
        self.reader = reader
        self.start, self.stop = reader.start, reader.stop  # type: ignore[method-assign]
        settings = {"url": reader.url, "allow_plain": True, "read_point": "urn:epc:id:sgln:0614141.00777.dock3", "timeout_seconds": 3}
        super().__init__("llrp", {**settings, "batch": 10, "window_seconds": 0.1, "quiet_seconds": 0.3})

    def say(self, numbers: range) -> None:
        self.reader.see(*(tag(number) for number in numbers))

    def lines(self, page: Page) -> list[dict[str, Any]]:
        return list(json.loads(page.content)["epcisBody"]["eventList"]) if page.content else []

    def number(self, line: dict[str, Any]) -> int:
        return int(line["epcList"][0].rpartition(".")[2])

    def wrong(self) -> dict[str, Any]:
        return self.settings | {"antennas": [5]}  # LLRP knows no users: what it refuses is an antenna that is not there


@contextmanager
def by_llrp(folder: Path) -> Iterator[Spoken]:
    with rfid_reader(holds=True) as reader:
        yield ByLlrp(reader)


STREAMS: dict[str, Callable[[Path], Any]] = {
    "nats": by_nats,
    "rabbitmq": by_rabbit,
    "kafka": by_kafka,
    "opcua": by_opcua,
    "mqtt-5": by_mqtt_5,
    "mqtt-3.1.1": by_mqtt_3,
    "llrp": by_llrp,
}
KEEPING = [name for name in STREAMS if name.partition("-")[0] in KEEPERS]


@pytest.fixture(params=list(STREAMS))
def stream(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spoken]:
    monkeypatch.setenv("STREAM_PASSWORD", PASSWORD)
    with STREAMS[request.param](tmp_path) as made:
        yield made


def test_every_transport_that_listens_is_tested_here() -> None:
    assert {name.partition("-")[0] for name in STREAMS} == HEARD >= KEEPERS
    assert {name for name in transport_names() if isinstance(transport_named(name), Streaming)} == HEARD


@pytest.mark.parametrize("stream", KEEPING, indirect=True)
def test_all_comes_once_whoever_stops_whenever(stream: Spoken) -> None:
    """Said while nobody listens, not acknowledged, and around a restart of the peer: each is new once, in order."""
    transport, settings = stream.transport, stream.settings
    stream.say(range(45))
    first = stream.take(transport.pages(settings, stream.watermark), 2)
    crashed = stream.take(transport.pages(settings, stream.watermark), 1, crash=True)
    again = stream.take(transport.pages(settings, stream.watermark), 1, crash=True)
    assert first + crashed + again == list(range(len(first + crashed + again))), "what came before is known"
    stream.stop()
    with pytest.raises(RetriableError):
        list(transport.pages(settings, stream.watermark))
    stream.start()
    stream.say(range(45, 50))
    rest = stream.take(transport.pages(settings, stream.watermark))
    assert first + crashed + again + rest == list(range(50))
    assert stream.take(transport.pages(settings, stream.watermark)) == []


def test_a_listener_hears_what_is_said_until_it_is_told_to_stop(stream: Spoken) -> None:
    stop, told = threading.Event(), threading.Event()
    heard: list[int] = []

    def listening() -> Iterator[Page]:
        for page in stream.transport.listen(stream.settings, stream.watermark, stop):
            yield page
            told.set()

    def listen() -> None:
        heard.extend(stream.take(listening()))

    listener = threading.Thread(target=listen)
    listener.start()
    assert told.wait(10), "a page without content says that the connection stands"
    stream.say(range(5))
    stream.say(range(5, 10))
    for _ in range(100):
        if len(stream.known) >= 10:
            break
        stop.wait(0.05)
    stop.set()
    listener.join(10)
    assert not listener.is_alive() and heard == list(range(10))


def test_it_says_whether_the_peer_is_there_and_lets_us_in(stream: Spoken) -> None:
    assert isinstance(stream.transport, Reachable)
    assert stream.transport.reach(stream.settings, asks=True)
    with pytest.raises(ConfigError):
        stream.transport.reach(stream.wrong(), asks=True)
    with pytest.raises(ConfigError):
        list(stream.transport.pages(stream.wrong(), None))
    stream.stop()
    with pytest.raises(RetriableError):
        stream.transport.reach(stream.settings, asks=True)
    stream.start()


def test_mistakes_are_named_before_anything_is_asked(stream: Spoken) -> None:
    transport: Any = stream.transport
    with pytest.raises(ConfigError, match="patern"):
        list(transport.pages(stream.settings | {"patern": "*"}, None))
    for wrong in ({"batch": 0}, {"window_seconds": -1}, {"url": "http://broker"}, {"allow_plain": False}):
        with pytest.raises(ConfigError):
            transport.check(stream.settings | wrong, asks=True)
    transport.check(stream.settings, asks=True)
    with pytest.raises(ConfigError):
        transport.watermark(stream.settings, "yesterday")
    with pytest.raises(ConfigError):
        list(transport.fetch(stream.settings))
    with pytest.raises(ConfigError):
        transport.settle(stream.settings, Delivered("a", "a", 1))

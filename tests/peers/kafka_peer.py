"""A Kafka cluster (tests/peers/kafka_server.py), and somebody who publishes there as other systems do."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from confluent_kafka import Producer

from tests.peers.broker import PASSWORD, USER
from tests.peers.rabbit_peer import quiet_port

TOPIC = "line.7.count"


class KafkaPeer:
    """A cluster on a port of its own. Topics are made by whoever publishes first, or by `make`, with four partitions."""

    def __init__(self, more: dict[str, str] | None = None) -> None:
        self.port = quiet_port()
        self._told = {"user": USER, "password": PASSWORD, **(more or {})}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.peers.kafka_server", str(self.port), json.dumps(self._told)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        self._one_at_a_time = Lock()
        assert self._process.stdout is not None
        self.brokers = [f"127.0.0.1:{port}" for port in self._process.stdout.readline().split()]
        """Where other systems are, whom no door and no line keeps out."""

    @property
    def url(self) -> str:
        return f"{'tls' if 'certificate' in self._told else 'kafka'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._do("open")

    def stop(self) -> None:
        """Whoever is there is cut off, and nobody is let in; what the cluster keeps is there when it starts again."""
        self._do("shut")

    def advertise(self, port: int) -> None:
        """Where clients are told that the broker is, such as at a line in front of it."""
        self._do(f"advertise {port}")

    def hold(self) -> None:
        """What the cluster answers from now on does not come through: a line that is silent, and not cut."""
        self._do("hold")

    def go_on(self) -> None:
        """It comes now, all of it."""
        self._do("pass")

    def _do(self, what: str) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._one_at_a_time:
            self._process.stdin.write(what + "\n")
            self._process.stdin.flush()
            assert self._process.stdout.readline() == "done\n"

    def end(self) -> None:
        self._process.kill()
        self._process.wait(10)

    @property
    def _let_in(self) -> dict[str, Any]:
        return {"bootstrap.servers": ",".join(self.brokers), "log_level": 0}

    def make(self, topic: str = TOPIC) -> None:
        """A topic in which nobody has published yet: this cluster makes what a producer asks after."""
        Producer(self._let_in).list_topics(topic, timeout=10)

    def publish(self, messages: Iterable[tuple[bytes | None, bytes | None]], topic: str = TOPIC, **more: Any) -> None:
        """Publish keys and values, and wait until the cluster has all of it."""
        failed: list[Any] = []
        producer = Producer(self._let_in | {"linger.ms": 0, "message.max.bytes": 50_000_000})
        for key, value in messages:
            producer.produce(topic, value, key, on_delivery=lambda error, _: failed.append(error), **more)
        assert producer.flush(20) == 0 and not any(failed), failed

    def publish_header(self, name: bytes, topic: str = TOPIC) -> None:
        """A message with one header whose name is whatever its publisher pleased, by the protocol itself: no client here would say it."""
        record = b"\0\0\0\1" + _short(b"{}") + b"\2" + _short(name) + _short(b"1")
        rest = struct.pack(">hiqqqhii", 0, 0, 0, 0, -1, -1, -1, 1) + _short(record)
        inner = struct.pack(">ibI", -1, 2, _crc32c(rest)) + rest
        batch = struct.pack(">qi", 0, len(inner)) + inner
        place = struct.pack(">ih", 1, len(topic)) + topic.encode() + struct.pack(">iii", 1, 0, len(batch)) + batch
        request = struct.pack(">hhih", 0, 7, 1, -1) + struct.pack(">hhi", -1, 1, 5000) + place
        host, _, port = self.brokers[0].partition(":")
        with socket.create_connection((host, int(port)), 10) as line:
            line.sendall(struct.pack(">i", len(request)) + request)
            answer = line.recv(65_536)
        assert struct.unpack_from(">h", answer, 8 + 4 + 2 + len(topic) + 8) == (0,), answer


def _short(value: bytes) -> bytes:
    """Bytes with their length before them, as records have it of less than 64."""
    assert len(value) < 64
    return bytes([2 * len(value)]) + value


def _crc32c(content: bytes) -> int:
    """Castagnoli's (RFC 3720, B.4)."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@contextmanager
def kafka_cluster(more: dict[str, str] | None = None) -> Iterator[KafkaPeer]:
    peer = KafkaPeer(more)
    try:
        peer.start()
        yield peer
    finally:
        peer.end()

"""RabbitMQ where it is itself: rights, ids of messages, what no queue takes, certificates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.transports.rabbitmq import TRANSPORT
from data_contracts.errors import ConfigError, RefusedError, RetriableError
from tests.peers.broker import PASSWORD, USER
from tests.peers.local_certificate import local_certificate
from tests.peers.rabbit_peer import EXCHANGE, QUEUE, RabbitPeer, quiet_port, rabbitmq

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitPeer]:
    certificate, key = local_certificate(tmp_path_factory.mktemp("tls"))
    port = quiet_port()
    told = {"listeners.ssl.1": f"127.0.0.1:{port}", "ssl_options.certfile": str(certificate), "ssl_options.keyfile": str(key)}
    with rabbitmq(told) as made:
        made.certificate, made.tls_port = certificate, port  # type: ignore[attr-defined]
        yield made


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBIT_PASSWORD", PASSWORD)


def inward(peer: RabbitPeer, **more: Any) -> dict[str, Any]:
    asked = {"url": peer.url, "allow_plain": True, "user": "reader", "password_env": "RABBIT_PASSWORD", "queue": QUEUE}
    return asked | {"routing_keys": ["line.{line}.*", "line.{line}"], "window_seconds": 0.1, "quiet_seconds": 0.3} | more


def outward(peer: RabbitPeer, **more: Any) -> dict[str, Any]:
    asked = {"url": peer.url, "allow_plain": True, "user": USER, "password_env": "RABBIT_PASSWORD"}
    return asked | {"exchange": EXCHANGE, "routing_key": "line.{line}"} | more


def drained(asked: dict[str, Any], *, keep: bool = True) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Lines and records of what waits; without `keep` nothing is acknowledged."""
    lines: list[dict[str, Any]] = []
    records: list[tuple[str, str]] = []
    for page in TRANSPORT.pages(asked, None):
        lines += [json.loads(line) for line in page.content.splitlines()]
        records += page.records or ()
        if keep:
            TRANSPORT.acknowledge(asked, page)
    return lines, records


def test_what_goes_out_is_kept_and_comes_in_with_its_id(peer: RabbitPeer) -> None:
    assert TRANSPORT.send(outward(peer), "a.json", b'{"line": "7", "n": 1}', "exchange/17") == "line.7: kept"
    assert TRANSPORT.send(outward(peer), "a.json", b'{"line": "7", "n": 1}', "exchange/17") == "line.7: kept"
    peer.publish([("line.8.raw", b"\xff\x00"), ("line.8", "骨钉".encode())])
    assert TRANSPORT.reach(inward(peer), asks=True).endswith(f"4 messages wait in {QUEUE}")
    lines, records = drained(inward(peer))
    assert [line["topic"] for line in lines] == ["line.7", "line.7", "line.8.raw", "line.8"]
    assert [line["parts"] for line in lines] == [{"line": "7"}, {"line": "7"}, {"line": "8"}, {"line": "8"}]
    assert (lines[0]["id"], lines[0]["message"]["n"]) == ("exchange/17", 1)
    assert (lines[2]["base64"], lines[3]["text"]) == ("/wA=", "骨钉")
    assert records[0] == records[1] and len(set(records)) == 3, "one that is told twice under one id is one"
    assert drained(inward(peer)) == ([], []) and peer.waiting() == 0


def test_messages_are_known_by_their_id_else_by_what_they_are(peer: RabbitPeer) -> None:
    peer.publish([("line.7", b'{"n": 1}'), ("line.7", b'{"n": 2}')], message_id="used twice")
    peer.publish([("line.7", b'{"t": 4.1}'), ("line.7", b'{"t": 4.1}')], message_id=None)
    _, first = drained(inward(peer), keep=False)
    _, again = drained(inward(peer))
    assert len({key for key, _ in first}) == 2 and len(set(first)) == 4, "none of them is taken for another"
    assert first[:2] == again[:2], "an id and what was said under it"
    assert [key for key, _ in again[2:]] == [key for key, _ in first[2:]] and [version for _, version in again[2:]] == ["", ""]
    peer.publish([("line.7", b'{"lot": "A", "n": 3}')], message_id=None)
    assert drained(inward(peer, id="message.lot"))[1][0][0] == '["A"]'


def test_what_a_person_mends_and_what_time_does(peer: RabbitPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong, said in (
        ({"queue": "nowhere"}, "404|403"),
        ({"url": peer.url + "/nowhere"}, "530|not let in"),
        ({"user": "nobody"}, "let in"),
    ):
        with pytest.raises(ConfigError, match=said):
            drained(inward(peer, **wrong))
    with pytest.raises(ConfigError, match="403"):
        TRANSPORT.send(outward(peer, user="reader"), "a.json", b'{"line": 1}', "1")
    with pytest.raises(ConfigError, match="404"):
        TRANSPORT.send(outward(peer, exchange="nowhere"), "a.json", b'{"line": 1}', "1")
    with pytest.raises(RefusedError, match="no queue takes"):
        TRANSPORT.send(outward(peer, routing_key="elsewhere"), "a.json", b"{}", "1")
    for content in (b'{"line": "7.8"}', b'{"line": "#"}', b"{}", b"no JSON"):
        with pytest.raises(RefusedError):
            TRANSPORT.send(outward(peer), "a.json", content, "1")
    assert peer.waiting() == 0
    monkeypatch.setenv("RABBIT_PASSWORD", "another")
    with pytest.raises(ConfigError, match="let in") as told:
        TRANSPORT.reach(inward(peer), asks=True)
    assert "another" not in str(told.value)
    monkeypatch.setenv("RABBIT_PASSWORD", PASSWORD)
    for wrong in (
        {"url": "amqp://rabbit.example", "allow_plain": False},
        {"url": "http://rabbit.example"},
        {"url": "amqp://u:p@rabbit.example"},
    ):
        with pytest.raises(ConfigError):
            TRANSPORT.check(inward(peer) | wrong, asks=True)
    with pytest.raises(RetriableError):
        TRANSPORT.reach(inward(peer, url=f"amqp://127.0.0.1:{quiet_port()}", timeout_seconds=2), asks=True)


def test_a_queue_that_is_taken_away_ends_the_run(peer: RabbitPeer) -> None:
    connection = peer._connected()
    channel = connection.channel()
    channel.queue_declare("passing", durable=True)
    channel.basic_publish("", "passing", b"{}")
    pages = TRANSPORT.pages(inward(peer, queue="passing", user=USER, quiet_seconds=30), None)
    assert [next(pages).content for _ in range(2)] == [b"", b'{"topic":"passing","message":{}}\n']
    channel.queue_delete("passing")
    with pytest.raises(RetriableError, match="taken away"):
        next(pages)
    connection.close()


def test_certificates_are_verified(peer: RabbitPeer, tmp_path: Path) -> None:
    asked = inward(peer, url=f"amqps://127.0.0.1:{peer.tls_port}", allow_plain=False)  # type: ignore[attr-defined]
    assert TRANSPORT.reach(asked | {"ca_file": str(peer.certificate)}, asks=True)  # type: ignore[attr-defined]
    other, _ = local_certificate(tmp_path)
    for more in ({}, {"ca_file": str(other)}):
        with pytest.raises(ConfigError, match="certificate"):
            TRANSPORT.reach(asked | more, asks=True)

"""NATS where it is itself: the consumer's place, what a stream gave up, publishing, certificates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from nats.js import api

from connectors.transports.nats import TRANSPORT
from data_contracts.errors import ConfigError, RefusedError
from tests.peers.broker import PASSWORD, USER
from tests.peers.local_certificate import local_certificate
from tests.peers.nats_peer import STREAM, NatsPeer, nats_server


def settings(peer: NatsPeer, **more: Any) -> dict[str, Any]:
    return {"url": peer.url, "allow_plain": True, "user": USER, "password_env": "NATS_PASSWORD", **more}


def inward(peer: NatsPeer, **more: Any) -> dict[str, Any]:
    asked = settings(peer, stream=STREAM, durable="hub", subjects=["line.{line}"], window_seconds=0.1, quiet_seconds=0.3)
    return asked | more


def drained(asked: dict[str, Any], watermark: str | None = None) -> tuple[list[Any], str | None, list[str]]:
    """Messages, the watermark behind them, and the rules of what was told."""
    messages, told = [], []
    for page in TRANSPORT.pages(asked, watermark):
        messages += [json.loads(line)["message"] for line in page.content.splitlines()]
        told += [finding.rule for finding in page.findings]
        watermark = page.watermark or watermark
        TRANSPORT.acknowledge(asked, page)
    return messages, watermark, told


def test_the_place_in_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_PASSWORD", PASSWORD)
    with nats_server(tmp_path / "nats") as peer:
        peer.publish([("line.7", b"1"), ("line.7.ignored", b"0"), ("line.8", b"2")])
        asked = inward(peer)
        messages, mark, told = drained(asked)
        assert (messages, told) == ([1, 2], [])
        peer.ask(lambda streams: streams.delete_consumer(STREAM, "hub"))
        peer.publish([("line.7", b"3")])
        messages, mark, told = drained(asked, mark)
        assert (messages, told) == ([3], []), "where somebody deleted the consumer, it goes on at the watermark"
        asked["subjects"] = ["line.{line}.>"]
        peer.publish([("line.9.a", b"4"), ("line.9", b"0")])
        messages, mark, told = drained(asked, mark)
        assert (messages, told) == ([4], []), "other subjects are heard by the same consumer"
        peer.publish([("line.9.a", b"5"), ("line.9.a", b"6")])
        peer.ask(lambda streams: streams.purge_stream(STREAM, seq=8))
        assert drained(asked, mark)[0::2] == ([6], ["STR-03"]), "what the stream gave up before it was read is told"
        peer.ask(lambda streams: streams.delete_stream(STREAM))
        with pytest.raises(ConfigError, match="not found"):
            drained(asked, mark)
        peer.make_stream()
        peer.publish([("line.9.a", b"7")])
        assert drained(asked, mark)[0::2] == ([7], ["STR-03"]), "a stream of that name, but not the same"

        out = settings(peer, subject="line.out.{number}")
        assert "it had it before" not in TRANSPORT.send(out, "a.json", b'{"number": 17}', "id-1")
        assert "it had it before" in TRANSPORT.send(out, "a.json", b'{"number": 17}', "id-1")
        with pytest.raises(ConfigError):
            TRANSPORT.send(out | {"subject": "nowhere"}, "a.json", b"{}", "id-1")
        for content in (b'{"number": "1.2"}', b'{"number": ">"}', b"{}"):
            with pytest.raises(RefusedError):
                TRANSPORT.send(out, "a.json", content, "id-1")
        with pytest.raises(ConfigError):
            TRANSPORT.check(out | {"subject": "line.*"}, asks=False)


@pytest.mark.parametrize(("config", "told"), [
    ({"max_deliver": 2}, "gives a message up after 2 attempts"), ({"ack_policy": api.AckPolicy.NONE}, "must be explicit"),
])  # fmt: skip
def test_a_consumer_that_loses_messages_unsaid_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, Any], told: str
) -> None:
    """Its owner made it beforehand."""
    monkeypatch.setenv("NATS_PASSWORD", PASSWORD)
    with nats_server(tmp_path / "nats") as peer:
        made = api.ConsumerConfig(**{"durable_name": "hub", "filter_subjects": ["line.*"], "ack_policy": api.AckPolicy.EXPLICIT, **config})
        peer.ask(lambda streams: streams.add_consumer(STREAM, made))
        peer.publish([("line.7", b"1")])
        with pytest.raises(ConfigError, match=told):
            drained(inward(peer))


def test_certificates_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_PASSWORD", PASSWORD)
    certificate, key = local_certificate(tmp_path)
    with nats_server(tmp_path / "nats", f'tls {{cert_file: "{certificate}", key_file: "{key}"}}\n', stream=False) as peer:
        asked = settings(peer) | {"url": peer.url.replace("nats:", "tls:")}
        with pytest.raises(ConfigError, match="certificate"):
            TRANSPORT.reach(asked, asks=False)
        assert TRANSPORT.reach(asked | {"ca_file": str(certificate)}, asks=False)

"""Brokers and machines over a line that does not hold: cut in the middle of a packet, stalled, slowed, deaf, and the peer itself stopped
and started again all the while. All messages arrive, once, and in order where order is promised.

`make prove-meddled` does it with ten thousand messages (`UDIHUB_RECORDS`), `make test` with a few hundred.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.registry import transport_named
from connectors.spec import Streaming
from connectors.transports.kafka import publishing
from data_contracts.errors import HubError
from hub import outbound, pipeline, worker
from hub.audit import verify_all
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import blobs, outbox, tables, watermarks
from tests.hub.test_meddled import items, site_of, waits
from tests.peers.broker import PASSWORD, USER, Broker, mosquitto
from tests.peers.cutter import TROUBLES, Cutter, troubled_line
from tests.peers.kafka_peer import KafkaPeer, kafka_cluster
from tests.peers.nats_peer import STREAM, NatsPeer, nats_server
from tests.peers.opcua_peer import GOOD, Line, opcua_line
from tests.peers.rabbit_peer import QUEUE, RabbitPeer, rabbitmq

RECORDS = int(os.environ.get("UDIHUB_RECORDS", "120"))
PARTS = max(4, RECORDS // 250)
"""So many times something is said, with troubled runs of the flow between; the broker writes down all that waits at each change."""
RUNS = 600
BATCH = max(10, RECORDS // 100)
TIMEOUT = 0.5 if RECORDS <= 1000 else 2.0
WAITS = {"timeout_seconds": TIMEOUT, "window_seconds": 0.05, "batch": BATCH}
LET_IN = {"allow_plain": True, "user": USER, "password_env": "STREAM_PASSWORD"}
BEGUN = datetime(2026, 11, 22, 6, 0, 0, 500, UTC)


Peer = Broker | NatsPeer | RabbitPeer | KafkaPeer | Line


class Speaking:
    """A peer, the flow that hears it, and where its messages have number and time."""

    def __init__(self, peer: Peer, say: Callable[[range], None], transport: dict[str, Any], **where: str) -> None:
        self.peer, self.say, self.transport, self.where = peer, say, transport, where
        self.in_order = True
        self.between = (100, 6 * max(RECORDS, 200))
        """Bytes that pass before there is trouble."""


def message(number: int) -> bytes:
    return json.dumps({"id": number, "name": (BEGUN + timedelta(seconds=number)).isoformat()}).encode()


@contextmanager
def by_mqtt(folder: Path) -> Iterator[Speaking]:
    with mosquitto(folder, f"max_queued_messages 0\nmax_inflight_messages {BATCH}") as peer:
        transport = {"use": "mqtt", "client_id": "hub", "topics": ["lab/{room}"], "keepalive_seconds": 1, "quiet_seconds": 0.2}
        said = {"number": "id", "issued": "name", "within": "message"}
        yield Speaking(peer, lambda numbers: peer.publish([("lab/7", message(one)) for one in numbers]), transport, **said)


@contextmanager
def by_nats(folder: Path) -> Iterator[Speaking]:
    with nats_server(folder) as peer:
        transport = {"use": "nats", "stream": STREAM, "durable": "hub", "subjects": ["line.{line}"], "quiet_seconds": 0.2}
        said = {"number": "id", "issued": "name", "within": "message"}
        transport["acknowledge_seconds"] = 1
        made = Speaking(peer, lambda numbers: peer.publish([("line.7", message(one)) for one in numbers]), transport, **said)
        made.in_order = False  # what got lost on the line comes again when its time is over, and what is behind it comes before
        yield made


@contextmanager
def by_rabbitmq(folder: Path) -> Iterator[Speaking]:
    with rabbitmq() as peer:
        transport = {"use": "rabbitmq", "queue": QUEUE, "routing_keys": ["line.{line}"], "quiet_seconds": 0.2}
        said = {"number": "id", "issued": "name", "within": "message"}
        made = Speaking(peer, lambda numbers: peer.publish([("line.7", message(one)) for one in numbers]), transport, **said)
        made.in_order = False  # until the broker knows that a connection is gone, it keeps what it had sent there
        yield made


@contextmanager
def by_kafka(folder: Path) -> Iterator[Speaking]:
    with kafka_cluster() as peer:
        transport = {"use": "kafka", "topics": ["line.{line}.count"], "sasl": "PLAIN", "quiet_seconds": 0.2}
        said = {"number": "id", "issued": "name", "within": "message"}
        peer.make()
        made = Speaking(peer, lambda numbers: peer.publish([(b"7", message(one)) for one in numbers]), transport, **said)
        made.between = (100, 5000 + 20 * RECORDS)  # it takes some until they know each other
        yield made


@contextmanager
def by_opcua(folder: Path) -> Iterator[Speaking]:
    with opcua_line(folder) as peer:
        transport = {"use": "opcua", "nodes": [GOOD], "from": (BEGUN - timedelta(hours=1)).isoformat()}

        def say(numbers: range) -> None:
            peer.write((BEGUN + timedelta(milliseconds=number), number, 0) for number in numbers)

        made = Speaking(peer, say, transport, number="value", issued="source")
        made.between = (100, 5000 + 6 * RECORDS)  # it takes some thousand until they know each other
        yield made


PEERS: dict[str, Callable[[Path], Any]] = {"mqtt": by_mqtt, "nats": by_nats, "rabbitmq": by_rabbitmq, "kafka": by_kafka, "opcua": by_opcua}


def heard_through(hub: Hub, line: Cutter, speaking: Speaking) -> int:
    """Say all of it in parts, and run the flow until all has come; how many runs broke off. A broker keeps nothing before the first one."""
    mark: dict[str, Any] = {}
    said, broke, parts = 0, 0, [range(RECORDS * part // PARTS + 1, RECORDS * (part + 1) // PARTS + 1) for part in range(PARTS)]
    for runs in range(RUNS):
        if said < PARTS and runs > broke:
            speaking.say(parts[said])
            said += 1
        try:
            pipeline.fetch(hub, hub.site.flows["items"])
        except HubError:  # the schedule runs the flow again
            broke += 1
        if line.away:
            speaking.peer.start()
            line.away = False
        hub.clock.advance(1)  # type: ignore[attr-defined]
        with hub.database.read() as connection:
            (mark,) = watermarks.listed(connection)
        if mark["records"] >= RECORDS and set(line.met) == set(TROUBLES):
            return broke
    raise AssertionError(f"the flow gets nowhere: {mark}, {line.met}")


@pytest.mark.slow
@pytest.mark.parametrize("name", PEERS)
def test_all_messages_over_a_troubled_line_arrive_once(
    name: str, database_url: str, tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAM_PASSWORD", PASSWORD)
    with PEERS[name](tmp_path / "peer") as speaking:
        peer = speaking.peer
        with troubled_line(peer.port, peer.stop, speaking.between, 1.6 * TIMEOUT) as line:
            if isinstance(peer, KafkaPeer):
                peer.advertise(line.port)  # a client of Kafka goes where the broker says that it is
            url = peer.url.replace(str(peer.port), str(line.port))
            transport = {**LET_IN, **WAITS, **speaking.transport, "url": url}
            site = site_of(tmp_path / "site", transport, "lines", **speaking.where)
            hub = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 10**8, clock))
            broke = heard_through(hub, line, speaking)
            worker.drain(hub)
            arrived = [int(key.removeprefix("item/")) for key in items(hub, RECORDS)]
            assert broke and sorted(arrived) == [*range(1, RECORDS + 1)], "once each"
            assert not speaking.in_order or arrived == sorted(arrived)
            with hub.database.read() as connection:
                assert verify_all(connection) == []
            hub.database.close()


@pytest.mark.slow
def test_all_documents_over_a_troubled_line_are_in_the_topic_in_their_order(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose confirmation got lost is there again, with its id; what is there first of each is in order."""
    monkeypatch.setenv("STREAM_PASSWORD", PASSWORD)
    with kafka_cluster() as peer, troubled_line(peer.port, peer.stop, (100, 2000), 1.2) as line:
        peer.make("orders")
        peer.advertise(line.port)
        route = {
            **LET_IN,
            "use": "kafka",
            "sasl": "PLAIN",
            "url": f"kafka://127.0.0.1:{line.port}",
            "topic": "orders",
            "timeout_seconds": 1.5,
        }
        ordered, part = 0, max(4, RECORDS // 250)
        for _ in range(RUNS):
            if not waits(hub):
                if ordered >= RECORDS // 10 and set(line.met) == set(TROUBLES):
                    break
                monkeypatch.setattr(
                    publishing, "_producers", {}
                )  # as a process that begins anew: else one line that holds is all that is met
                _put(hub, route, range(ordered, ordered + part))
                ordered += part
            outbound.send(hub)
            peer.start()
            hub.clock.advance(600)  # type: ignore[attr-defined]
        stream = transport_named("kafka")
        assert isinstance(stream, Streaming) and not waits(hub) and set(line.met) == set(TROUBLES), line.met
        asked = {
            "url": f"kafka://{peer.brokers[0]}",
            "allow_plain": True,
            "topics": ["orders"],
            "window_seconds": 0.1,
            "quiet_seconds": 0.2,
        }
        kept = [json.loads(one) for page in stream.pages(asked, None) for one in page.content.splitlines()]
        assert list(dict.fromkeys(one["message"]["order"] for one in kept)) == [*range(ordered)]
        assert len({(one["headers"]["udihub-id"], one["message"]["order"]) for one in kept}) == ordered


def _put(hub: Hub, route: dict[str, Any], numbers: range) -> None:
    with hub.database.begin("pipeline") as uow:
        for number in numbers:
            body = f'{{"order": {number}}}'
            sha256, _ = blobs.keep(uow.connection, uow.home, body.encode())
            whose = hub.organisation_id("north"), hub.partner_id("acme")
            outbox.put(uow, outbox.Parcel(body, *whose, "document", route, body, "application/json", sha256))


@pytest.mark.slow
def test_values_that_say_nothing_are_told_and_keep_nothing_from_coming(
    tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is no more, an empty value, and bytes that are no text, between messages of one partition."""
    monkeypatch.setenv("STREAM_PASSWORD", PASSWORD)
    with by_kafka(tmp_path / "peer") as speaking:
        transport = {**LET_IN, **WAITS, **speaking.transport, "url": speaking.peer.url}
        site = site_of(tmp_path / "site", transport, "lines", **speaking.where)
        hub = Hub.open(Settings(tmp_path / "home", site, f"sqlite:///{tmp_path / 'hub.db'}", "en", 10**8, clock))
        values = [message(1), None, b"", b"\xff", message(2)]
        speaking.peer.publish([(b"7", value) for value in values])  # type: ignore[union-attr]
        pipeline.fetch(hub, hub.site.flows["items"])
        worker.drain(hub)
        with hub.database.read() as connection:
            states = connection.scalars(sa.select(tables.exchange.c.state).order_by(tables.exchange.c.id)).all()
            found = connection.execute(sa.select(tables.finding.c.rule, tables.finding.c.place)).all()
        assert states == ["applied", "rejected", "rejected", "rejected", "applied"]
        assert [(row.rule, row.place["line"]) for row in found] == [("FED-05", 2), ("FED-05", 3), ("FED-05", 4)]
        hub.database.close()


def test_what_got_lost_on_the_way_is_not_taken_for_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server has sent and nobody got comes when its time is over, and the watermark waits for it: were the consumer deleted
    meanwhile, the next one would begin behind it."""
    monkeypatch.setenv("STREAM_PASSWORD", PASSWORD)
    transport = transport_named("nats")
    assert isinstance(transport, Streaming)
    with by_nats(tmp_path / "peer") as speaking:
        settings = {**LET_IN, **WAITS, **speaking.transport, "url": speaking.peer.url, "acknowledge_seconds": 60}
        watermark: str | None = None

        def heard() -> list[int]:
            nonlocal watermark
            found = []
            for page in transport.pages(settings, watermark):
                watermark = page.watermark or watermark
                found += [json.loads(line)["message"]["id"] for line in page.content.splitlines()]
                transport.acknowledge(settings, page)
            return found

        async def sent_to_nobody(streams: Any) -> None:
            consumer = await streams.pull_subscribe_bind(durable="hub", stream=STREAM)
            assert len(await consumer.fetch(3)) == 3

        speaking.say(range(1, 3))
        assert heard() == [1, 2]
        speaking.say(range(3, 9))
        speaking.peer.ask(sent_to_nobody)  # type: ignore[union-attr]
        assert heard() == [6, 7, 8]
        speaking.peer.ask(lambda streams: streams.delete_consumer(STREAM, "hub"))  # type: ignore[union-attr]
        assert heard()[:3] == [3, 4, 5]

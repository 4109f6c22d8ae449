"""Kafka where it is itself: keys and partitions, headers, offsets, what retention and new topics take away, sizes, silence, certificates.

Against librdkafka's mock cluster, which speaks the protocol but is no Kafka broker.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connectors.transports import kafka
from connectors.transports.kafka import TRANSPORT
from data_contracts.errors import ConfigError, RefusedError, RetriableError
from tests.peers.broker import PASSWORD, USER
from tests.peers.kafka_peer import TOPIC, KafkaPeer, kafka_cluster
from tests.peers.local_certificate import local_certificate

pytestmark = pytest.mark.slow


@pytest.fixture
def peer() -> Iterator[KafkaPeer]:
    with kafka_cluster() as made:
        yield made


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", PASSWORD)


def inward(peer: KafkaPeer, **more: Any) -> dict[str, Any]:
    asked = {"url": peer.url, "allow_plain": True, "user": USER, "password_env": "KAFKA_PASSWORD", "sasl": "PLAIN", "timeout_seconds": 10}
    return asked | {"topics": ["line.{line}.count"], "window_seconds": 0.05, "quiet_seconds": 0.15} | more


def outward(peer: KafkaPeer, **more: Any) -> dict[str, Any]:
    asked = {"url": peer.url, "allow_plain": True, "user": USER, "password_env": "KAFKA_PASSWORD", "sasl": "PLAIN", "timeout_seconds": 10}
    return asked | {"topic": "line.{line}.count"} | more


class Drained:
    """Lines, records, rules and place of what waits."""

    def __init__(self, asked: dict[str, Any], place: str | None = None) -> None:
        self.lines: list[dict[str, Any]] = []
        self.records: list[tuple[str, str]] = []
        self.rules: list[str] = []
        self.place = place
        for page in TRANSPORT.pages(asked, place):
            self.lines += [json.loads(line) for line in page.content.splitlines()]
            self.records += page.records or ()
            self.rules += [finding.rule for finding in page.findings]
            self.place = page.watermark
            TRANSPORT.acknowledge(asked, page)

    @property
    def numbers(self) -> list[int]:
        return [line["message"]["n"] for line in self.lines]


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()[:32]


def test_what_goes_out_comes_in_with_key_and_headers_in_the_order_of_its_key(peer: KafkaPeer) -> None:
    for number in range(6):
        content = b'{"line": "7", "lot": "%d", "n": %d}' % (number % 2, number)
        told = TRANSPORT.send(outward(peer, key="{lot}"), "a.json", content, f"exchange/{number}")
        assert told.startswith(f"{TOPIC}: partition ")
    heard = Drained(inward(peer))
    for lot in ("0", "1"):
        mine = [line for line in heard.lines if line["key"] == lot]
        assert [line["message"]["n"] for line in mine] == [number for number in range(6) if str(number % 2) == lot]
        assert len({line["partition"] for line in mine}) == 1
    assert heard.lines[0]["parts"] == {"line": "7"} and heard.lines[0]["published"].endswith("+00:00")
    assert {line["headers"]["udihub-id"] for line in heard.lines} == {f"exchange/{number}" for number in range(6)}
    for number in range(3):
        TRANSPORT.send(outward(peer), "a.json", b'{"line": "7", "n": %d}' % number, "x")
    assert Drained(inward(peer), heard.place).numbers == [0, 1, 2], "without a key all of a flow is one lane"


def test_partitions_of_three_brokers() -> None:
    with kafka_cluster({"brokers": "3"}) as cluster:
        asked = {"url": "kafka://" + ",".join(cluster.brokers), "allow_plain": True, "timeout_seconds": 10}
        for number in range(24):
            TRANSPORT.send(
                asked | {"topic": TOPIC, "key": "{lot}"}, "a.json", b'{"lot": "%d", "n": %d}' % (number % 8, number), str(number)
            )
        heard = Drained(asked | {"topics": [TOPIC], "window_seconds": 0.05, "quiet_seconds": 0.15})
        assert sorted(heard.numbers) == [*range(24)] and len({line["partition"] for line in heard.lines}) > 2
        for lot in range(8):
            assert [number for number in heard.numbers if number % 8 == lot] == [*range(lot, 24, 8)]


def test_messages_as_others_publish_them(peer: KafkaPeer) -> None:
    headers = [("trace", b"1"), ("trace", "二".encode()), ("raw", b"\xff"), ("none", None)]
    peer.publish([(b"\xfe", b"\xff\x00"), (b"\xfe", "骨钉".encode()), (b"\xfe", None)], headers=headers)
    peer.publish([(None, b'{"n": 1, "lot": "A"}')])
    peer.publish([(b"7", b""), (b"7", b"null")], timestamp=2**62)
    lines = Drained(inward(peer)).lines
    raw = [line for line in lines if "key" in line]
    late = [raw.pop(), raw.pop()] if raw[-1]["key"] == "7" else [raw.pop(0), raw.pop(0)]
    assert [line["key"] for line in raw] == [{"base64": "/g=="}] * 3 and len(lines) == 6
    assert [line.get("tombstone") for line in raw] == [None, None, True], "a key that is no more"
    assert all(line["published"] == 2**62 and "tombstone" not in line for line in late), (
        "a clock of no calendar; nothing, and null as a value"
    )
    assert (raw[0]["base64"], raw[1]["text"], raw[2]["message"]) == ("/wA=", "骨钉", None)
    assert raw[0]["headers"] == {"trace": ["1", "二"], "raw": {"base64": "/w=="}, "none": None}
    peer.publish([(b"7", b"{}"), (b"7", None)], headers=[("a", b"1"), ("b", None)], timestamp=1_795_000_000_000)
    again = Drained(inward(peer))
    versions = [version for (_, version), line in zip(again.records, again.lines, strict=True) if "a" in line.get("headers", {})]
    assert versions == [_hash(b"13:17950000000001:72:{}1:a1:11:b-"), _hash(b"13:17950000000001:7-1:a1:11:b-")], (
        "for ever, and not as a library shows it"
    )
    records = dict(Drained(inward(peer, id="message.lot")).records)
    assert '["A"]' in records and len(records) == 8


def test_headers_that_nobody_can_read_keep_nothing_from_coming(peer: KafkaPeer) -> None:
    peer.make()
    peer.publish_header("天".encode())
    for _ in range(60):  # often: Python calls otherwise what it has called often
        peer.publish_header(b"\xff")
    peer.publish_header(b"b")
    heard = Drained(inward(peer))
    assert [line["headers"] for line in heard.lines] == [{"天": "1"}, *[None] * 60, {"b": "1"}] and set(heard.rules) == {"STR-11"}
    assert Drained(inward(peer), heard.place).rules == []


def test_a_place_is_the_hubs(peer: KafkaPeer) -> None:
    """Also where nobody gives it a right on any group, as at this door."""
    peer.publish((b"7", b'{"n": %d}' % number) for number in range(3))
    assert TRANSPORT.reach(inward(peer), asks=True) == "127.0.0.1 lets us in, 4 partitions hold 3 messages"
    first, late = Drained(inward(peer)), Drained(inward(peer, **{"from": "latest"}))
    assert (first.numbers, late.numbers) == ([0, 1, 2], [])
    assert Drained(inward(peer)).records == first.records, "a hub that was set back hears the same, and knows it"
    peer.publish((b"7", b'{"n": %d}' % number) for number in range(3, 5))
    peer.publish([(b"8", b'{"n": 9}')], "line.8.count")
    for asked, place in ((inward(peer), first.place), (inward(peer, **{"from": "latest"}), late.place)):
        heard = Drained(asked, place)
        assert sorted(heard.numbers) == [3, 4, 9] and heard.rules == [], "a topic that came later is read from its beginning"
        assert Drained(asked, heard.place).numbers == []


def test_a_person_sets_the_place(peer: KafkaPeer) -> None:
    peer.publish((b"7", b'{"n": %d}' % number) for number in range(5))
    asked = inward(peer, **{"from": "latest"})
    (partition,) = {line["partition"] for line in Drained(inward(peer)).lines}
    for text, numbers in (("earliest", [*range(5)]), ("latest", []), (json.dumps({f"{TOPIC}/{partition}": 3}), [3, 4])):
        heard = Drained(asked, TRANSPORT.watermark(asked, text))
        assert (heard.numbers, heard.rules) == (numbers, []), text
        assert heard.place == TRANSPORT.watermark(asked, str(heard.place)), "what is shown can be set again"
    for text in (
        "soon",
        "3",
        "[]",
        '{"x": 1}',
        '{"x/y": 1}',
        '{"x/0": -1}',
        '{"x/0": true}',
        '{"x/0": [1]}',
        '{"x/0": "1"}',
        '{"x/0": [1, 2]}',
    ):
        with pytest.raises(ConfigError, match="neither earliest"):
            TRANSPORT.watermark(asked, text)


def test_what_is_added_is_seen_while_it_listens(peer: KafkaPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while there is no pause: a look costs none of what comes meanwhile."""
    monkeypatch.setattr(kafka, "QUIET_SECONDS", 0.3)
    peer.make()
    stop, heard, until = Event(), [], time.monotonic() + 60
    for turn, page in enumerate(TRANSPORT.listen(inward(peer, batch=5), None, stop)):
        heard += [json.loads(line)["message"]["n"] for line in page.content.splitlines()]
        peer.publish([(b"7", b'{"n": %d}' % number) for number in range(turn * 5, turn * 5 + 5)])
        if turn == 3:
            peer.publish([(b"8", b'{"n": -1}')], "line.8.count")
        assert time.monotonic() < until
        if -1 in heard:
            stop.set()
    others = [number for number in heard if number >= 0]
    assert others == [*range(len(others))] and len(others) > 20


def test_what_retention_took_away_is_told(peer: KafkaPeer) -> None:
    peer.publish([(b"7", b'{"n": 0}')])
    place = Drained(inward(peer)).place
    big = b"x" * 900_000
    for number in range(1, 12):  # the cluster keeps some 5 MB of a partition
        peer.publish([(b"7", b'{"n": %d, "x": "%s"}' % (number, big))])
    assert Drained(inward(peer), place).rules == ["STR-03"]
    heard = Drained(inward(peer), place)
    assert heard.rules == ["STR-03"] and heard.numbers == list(range(heard.numbers[0], 12)) and heard.numbers[0] > 1
    assert Drained(inward(peer), heard.place).rules == []


def test_what_retention_takes_away_while_it_listens_is_told(peer: KafkaPeer) -> None:
    peer.publish([(b"7", b'{"n": 0}')])
    stop, numbers, rules = Event(), [], []
    for page in TRANSPORT.listen(inward(peer, timeout_seconds=10), None, stop):
        numbers += [json.loads(line)["message"]["n"] for line in page.content.splitlines()]
        rules += [finding.rule for finding in page.findings]
        if page.content and numbers == [0]:
            peer.hold()
            peer.publish((b"7", b'{"n": %d, "x": "%s"}' % (number, b"x" * 900_000)) for number in range(1, 12))
            peer.go_on()
        if 11 in numbers:
            stop.set()
    assert rules == ["STR-03"] and numbers == sorted(numbers) and len(numbers) < 12


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(peer: KafkaPeer) -> None:
    peer.publish((b"7", b'{"n": %d}' % number) for number in range(3))
    known = Drained(inward(peer))
    with kafka_cluster() as another:
        another.publish((b"7", b'{"n": %d}' % number) for number in range(10, 12))
        fewer = Drained(inward(another), known.place)
        another.publish((b"7", b'{"n": %d}' % number) for number in range(12, 16))
        more = Drained(inward(another), known.place)
        assert fewer.numbers == [10, 11] and more.numbers == list(range(10, 16))
        assert (fewer.rules, more.rules) == (["STR-03"], ["STR-09"]), "less than was read may also be what brokers lost"
        places = [{key for key, _ in drained.records} for drained in (known, more)]
        assert places[0] <= places[1] and not set(known.records) & set(more.records), "at one offset, and not the same"
        assert Drained(inward(another), more.place).rules == []
        ahead = json.dumps({place: [offset + 100, last] for place, (offset, last) in json.loads(str(more.place)).items()})
        cut = Drained(inward(another), ahead)
        assert cut.numbers == list(range(10, 16)) and set(cut.rules) == {"STR-03"}, "brokers that lost what they had given out"
        gone = json.dumps({**json.loads(str(more.place)), "line.9.count/0": [4, ""], "no.longer.asked/0": [4, ""]})
        deleted = Drained(inward(another), gone)
        assert (deleted.numbers, deleted.rules) == ([], ["STR-10"]) and deleted.place == more.place


def test_sizes_are_bounded(peer: KafkaPeer) -> None:
    with pytest.raises(RefusedError):
        TRANSPORT.send(outward(peer, max_bytes=2000), "a.json", b'{"line": "7", "x": "%s"}' % (b"x" * 3000), "1")
    peer.publish([(b"7", b'{"n": 1}')])
    asked = inward(peer, max_bytes=2000)
    place = Drained(asked).place
    peer.publish([(b"7", b'{"n": 2, "x": "%s"}' % (b"x" * 3_000_000))])
    with pytest.raises(ConfigError, match="max_bytes"):
        Drained(asked, place)
    assert Drained(inward(peer), place).numbers == [2]


def test_what_a_person_mends_and_what_time_does(peer: KafkaPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    peer.publish([(b"7", b"{}")])
    for wrong, said in (({"topics": ["nowhere"]}, "nknown topic"), ({"topics": ["no.{one}"]}, "no topic"), ({"user": "nobody"}, "let in")):
        with pytest.raises(ConfigError, match=said):
            Drained(inward(peer, **wrong))
    with pytest.raises(ConfigError, match="nknown topic"):
        TRANSPORT.reach(outward(peer, topic="nowhere"), asks=False)
    assert TRANSPORT.reach(outward(peer), asks=False) == "127.0.0.1 lets us in"
    for content in (b'{"line": "7/8"}', b'{"line": "*"}', b"{}", b"no JSON"):
        with pytest.raises(RefusedError):
            TRANSPORT.send(outward(peer), "a.json", content, "1")
    monkeypatch.setenv("KAFKA_PASSWORD", "another")
    for asked in (lambda: TRANSPORT.reach(inward(peer), asks=True), lambda: TRANSPORT.send(outward(peer), "a", b'{"line": 7}', "1")):
        with pytest.raises(ConfigError, match="let in") as told:
            asked()
        assert "another" not in str(told.value)
    monkeypatch.setenv("KAFKA_PASSWORD", PASSWORD)
    for wrong in (
        {"url": "kafka://kafka.example", "allow_plain": False},
        {"url": "tls://kafka.example,"},
        {"url": "tls://u:p@kafka.example"},
        {"sasl": "GSSAPI"},
        {"topics": ["line.#"]},
        {"from": "yesterday"},
    ):
        with pytest.raises(ConfigError):
            TRANSPORT.check(inward(peer) | wrong, asks=True)
    TRANSPORT.check(inward(peer, url="tls://a.example,b.example:9094"), asks=True)
    with pytest.raises(ConfigError, match="publish"):
        TRANSPORT.check(outward(peer, topic="a/b"), asks=False)


def test_a_document_is_sent_when_the_cluster_has_it(peer: KafkaPeer) -> None:
    asked = outward(peer, timeout_seconds=10)
    soon = asked | {"timeout_seconds": 0.6}
    assert TRANSPORT.send(asked, "a.json", b'{"line": "7", "n": 1}', "1")
    peer.stop()
    with pytest.raises(RetriableError):
        TRANSPORT.send(soon, "a.json", b'{"line": "7", "n": 2}', "2")
    with pytest.raises(RetriableError):
        TRANSPORT.reach(soon, asks=False)
    peer.start()
    assert TRANSPORT.send(asked, "a.json", b'{"line": "7", "n": 3}', "3")
    assert Drained(inward(peer)).numbers == [1, 3], "what failed is the hub's to send again, and is not said behind its back"


def test_what_is_not_confirmed_is_not_sent(peer: KafkaPeer) -> None:
    """And one that got there all the same is known by its id."""
    asked = outward(peer, timeout_seconds=2)
    TRANSPORT.send(asked, "a.json", b'{"line": "7", "n": 1}', "exchange/1")
    peer.hold()
    begun = time.monotonic()
    with pytest.raises(RetriableError):
        TRANSPORT.send(asked, "a.json", b'{"line": "7", "n": 2}', "exchange/2")
    assert time.monotonic() - begun < 6
    peer.go_on()
    TRANSPORT.send(asked, "a.json", b'{"line": "7", "n": 2}', "exchange/2")
    ids = [line["headers"]["udihub-id"] for line in Drained(inward(peer)).lines]
    assert ids[0] == "exchange/1" and set(ids[1:]) == {"exchange/2"}


@pytest.mark.parametrize("trouble", ["gone", "silent"])
def test_a_reader_goes_at_once_whatever_became_of_the_cluster(peer: KafkaPeer, trouble: str) -> None:
    peer.publish([(b"7", b'{"n": 1}')])
    pages = TRANSPORT.listen(inward(peer), None, Event())
    page = next(page for page in pages if page.content)
    peer.stop() if trouble == "gone" else peer.hold()
    begun = time.monotonic()
    TRANSPORT.acknowledge(inward(peer), page)
    pages.close()  # type: ignore[attr-defined]
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_password_is_proved_and_not_shown(peer: KafkaPeer, monkeypatch: pytest.MonkeyPatch, mechanism: str) -> None:
    peer.publish([(b"7", b'{"n": 1}')])
    asked = inward(peer, sasl=mechanism)
    assert Drained(asked).numbers == [1]
    monkeypatch.setenv("KAFKA_PASSWORD", "another")
    with pytest.raises(ConfigError, match="let in"):
        TRANSPORT.reach(asked, asks=True)


def test_certificates_are_verified(tmp_path: Path) -> None:
    certificate, key = local_certificate(tmp_path)
    (tmp_path / "other").mkdir()
    other, _ = local_certificate(tmp_path / "other")
    with kafka_cluster({"certificate": str(certificate), "key": str(key)}) as peer:
        peer.publish([(b"7", b'{"n": 1}')])
        asked = inward(peer, allow_plain=False)
        assert Drained(asked | {"ca_file": str(certificate)}).numbers == [1]
        to = outward(peer, allow_plain=False)
        assert TRANSPORT.send(to | {"ca_file": str(certificate)}, "a.json", b'{"line": "7"}', "1")
        for more in ({}, {"ca_file": str(other)}):
            with pytest.raises(ConfigError, match="certificate"):
                TRANSPORT.reach(asked | more, asks=True)
            with pytest.raises(ConfigError, match="certificate"):
                TRANSPORT.send(to | more, "a.json", b'{"line": "7"}', "1")
        with pytest.raises(ConfigError, match="certificate"):  # it speaks for an address, and not for a name
            TRANSPORT.reach(asked | {"ca_file": str(certificate), "url": peer.url.replace("127.0.0.1", "localhost")}, asks=True)

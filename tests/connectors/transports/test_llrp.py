"""RFID readers: what is lost and told when the line breaks, what a held report becomes, and bytes that mean harm."""

from __future__ import annotations

import io
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.registry import format_named
from connectors.spec import STRICT, Page
from connectors.transports.llrp import TRANSPORT, framing
from connectors.transports.llrp.reports import Broken, reads
from data_contracts.errors import ConfigError, RetriableError
from tests.effort import examples
from tests.peers.llrp_peer import RfidReader, rfid_reader, tag
from tests.peers.local_certificate import local_certificate

POINT = "urn:epc:id:sgln:0614141.00777.dock3"
FOREIGN = "E2801160600002054E4B1A2C"


class Hub:
    """What a hub keeps of a reader: the watermark, the names of what is known, the events and the findings."""

    def __init__(self, reader: RfidReader, **more: Any) -> None:
        self.settings: dict[str, Any] = {
            "url": reader.url, "allow_plain": True, "read_point": POINT, "window_seconds": 0.1, "quiet_seconds": 0.5, "timeout_seconds": 3,
            "keepalive_seconds": 1, "clock": lambda: datetime.now(UTC), **more,
        }  # fmt: skip
        self.watermark: str | None = None
        self.events: list[dict[str, Any]] = []
        self.findings: list[Any] = []
        self.names: set[str] = set()
        self.pages = 0
        self._page = threading.Condition()
        self.failure: Exception | None = None

    def take(self, pages: Iterator[Page]) -> None:
        for page in pages:
            said = json.loads(page.content)["epcisBody"]["eventList"] if page.content else []
            assert page.records is not None and len(page.records) == len(said)
            for event, (name, version) in zip(said, page.records, strict=True):
                assert version == ""
                if name not in self.names:
                    self.events.append(event)
                self.names.add(name)
            self.findings += page.findings
            self.watermark = page.watermark if page.watermark is not None else self.watermark
            with self._page:
                self.pages += 1
                self._page.notify_all()

    def drain(self) -> None:
        self.take(TRANSPORT.pages(self.settings, self.watermark))

    def listen(self, stop: threading.Event) -> None:
        """As the hub's listener does: again and again."""
        while not stop.is_set():
            try:
                self.take(TRANSPORT.listen(self.settings, self.watermark, stop))
            except RetriableError as error:
                self.failure = error
                stop.wait(0.05)

    def __enter__(self) -> Hub:
        self._stop = threading.Event()
        before = self.pages
        self._thread = threading.Thread(target=self.listen, args=(self._stop,))
        self._thread.start()
        self.heard(before + 1)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def heard(self, pages: int) -> None:
        """Wait until so many pages came in all: a line that breaks says a last one, and one that is made its first."""
        with self._page:
            assert self._page.wait_for(lambda: self.pages >= pages, 30)

    def until(self, count: int) -> list[str]:
        """Wait until so many events have come, and a little longer, for one too many would come then."""
        for _ in range(200):
            if len(self.events) >= count:
                break
            time.sleep(0.05)
        time.sleep(0.3)
        return self.serials

    @property
    def serials(self) -> list[str]:
        return [event["epcList"][0].rpartition(".")[2] for event in self.events]

    @property
    def rules(self) -> list[str]:
        return [finding.rule for finding in self.findings]


@pytest.fixture
def reader() -> Iterator[RfidReader]:
    with rfid_reader() as made:
        yield made


@pytest.fixture
def holding() -> Iterator[RfidReader]:
    with rfid_reader(holds=True) as made:
        yield made


def test_what_a_reader_holds_while_we_are_away_arrives_once(holding: RfidReader) -> None:
    hub = Hub(holding)
    with hub:
        holding.see(tag(1), tag(2))
        assert hub.until(2) == ["1", "2"]
    holding.see(tag(3), tag(2), tag(4))  # nobody listens; 2 is in sight still
    with hub:
        assert hub.until(4) == ["1", "2", "3", "4"]
        for serial in range(5, 9):
            holding.see(tag(serial))
            if serial == 6:
                holding.do(cut=True)
        assert hub.until(8) == [str(serial) for serial in range(1, 9)]
    assert hub.rules == [] and hub.failure is not None, "the reader kept everything, so that nothing is missing"


def test_a_reader_that_holds_nothing_loses_what_passes_meanwhile_and_the_gap_is_told(reader: RfidReader) -> None:
    hub = Hub(reader)
    with hub:
        reader.see(tag(1))
        assert hub.until(1) == ["1"]
        before = hub.pages
        reader.do(cut=True)
        hub.heard(before + 2)
        reader.see(tag(1), tag(2))
        assert hub.until(2) == ["1", "2"], "1 was in sight before the line was cut"
        before = hub.pages
        reader.stop()
        reader.start()
        hub.heard(before + 2)
    before = json.loads(hub.watermark or "")
    reader.see(tag(3))
    hub.drain()
    assert hub.serials == ["1", "2"] and set(hub.rules) == {"STR-01"}
    assert hub.findings[-1].expected == before["until"] < hub.findings[-1].got


def test_what_is_in_sight_all_the_time_is_one_observation(reader: RfidReader) -> None:
    hub = Hub(reader, again_seconds=60, antennas=[1, {"antenna": 2, "read_point": "0614141007776"}, 3])
    minute, begun = 60_000_000, 1_795_334_400_000_000
    with hub:
        for second in range(0, 300, 50):
            reader.see(tag(1), at=begun + second * 1_000_000)
        reader.see(tag(1), antenna=3, at=begun + 310_000_000)  # the same portal
        reader.see(tag(1), antenna=2, at=begun)
        reader.see(tag(1), at=begun + 7 * minute)
        assert hub.until(3) == ["1"] * 3
    assert [(event["eventTime"], event["readPoint"]["id"]) for event in hub.events] == [
        ("2026-11-22T08:00:00.000000+00:00", POINT),
        ("2026-11-22T08:00:00.000000+00:00", "https://id.gs1.org/414/0614141007776"),
        ("2026-11-22T08:07:00.000000+00:00", POINT),
    ]


def test_events_are_epcis_and_a_tag_without_epc_is_told_by_its_memory(reader: RfidReader) -> None:
    hub = Hub(reader, biz_location="0614141007776", biz_step="arriving", disposition="in_progress", time_zone="Asia/Shanghai")
    pages: list[Page] = []
    stop = threading.Event()
    for page in TRANSPORT.listen(hub.settings, None, stop):
        if not pages:
            reader.see("36A579D5D4ADB6172574B98B34C0000000000000000000000000", FOREIGN, at=1_795_334_400_000_001)
        pages.append(page)
        if page.content:
            stop.set()
    (page,) = (one for one in pages if one.content)
    assert [(finding.rule, finding.got) for finding in page.findings] == [("STR-05", FOREIGN)]
    read = [one.message for one in format_named("epcis").read(io.BytesIO(page.content), STRICT) if one.message is not None]
    assert [finding for message in read for finding in message.findings] == []
    events = [message.root.event for message in read]  # type: ignore[union-attr]
    assert [event["epcs"] for event in events] == [["urn:epc:id:sgtin:50712192365.88..%25:.13%26"], [f"urn:epc:raw:96.x{FOREIGN}"]]
    first = events[0]
    assert first["occurred_at"] == datetime(2026, 11, 22, 8, 0, 0, 1, UTC) and first["time_zone_offset"] == "+08:00"
    assert (first["action"], first["biz_step"], first["disposition"]) == ("OBSERVE", "arriving", "in_progress")
    assert (first["read_point"], first["biz_location"]) == (POINT, "https://id.gs1.org/414/0614141007776")
    assert first["extensions"]["{urn:udihub:}memory"].startswith("36A579") and str(first["extensions"]["{urn:udihub:}rssi"]) == "-52"
    hub.settings["foreign"] = "leave"
    with hub:
        reader.see(FOREIGN, tag(9))
        assert hub.until(1) == ["9"] and hub.rules == []


def test_a_reader_takes_one_client_and_stays_ours(reader: RfidReader) -> None:
    hub = Hub(reader)
    with hub:
        with pytest.raises(RetriableError, match="another client"):
            list(TRANSPORT.pages(hub.settings, None))
        assert "another client" in TRANSPORT.reach(hub.settings, asks=True)
        time.sleep(2.5)
        assert reader.do()["acknowledged"] >= 2, "keepalives are answered"
    until = time.monotonic() + 10  # a process of its own hears a moment later that the line was closed
    while reader.do()["connected"] and time.monotonic() < until:
        time.sleep(0.05)
    assert not reader.do()["connected"]
    assert "4 antennas" in TRANSPORT.reach(hub.settings, asks=True)


def test_certificates_are_verified(tmp_path: Path) -> None:
    made = local_certificate(tmp_path)
    with rfid_reader(certificate=made) as reader:
        hub = Hub(reader)
        del hub.settings["allow_plain"]
        with pytest.raises(ConfigError, match="certificate"):
            TRANSPORT.reach(hub.settings, asks=True)
        hub.settings["ca_file"] = str(made[0])
        with hub:
            reader.see(*map(tag, range(300)))
            assert hub.until(300) == [str(serial) for serial in range(300)] and hub.failure is None


def test_without_hold_it_reads_only_while_we_listen(holding: RfidReader) -> None:
    hub = Hub(holding, hold=False)
    with hub:
        assert holding.do()["operations"] == 1
    assert holding.do()["operations"] == 0


def test_a_clock_that_is_wrong_is_told() -> None:
    with rfid_reader(ahead=-86_400) as reader:
        hub = Hub(reader)
        hub.drain()
        assert hub.rules == ["STR-07"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"read_point": "dock 3"}, "read_point"),
        ({"biz_location": "0614141007777"}, "biz_location"),
        ({"antennas": [0]}, "antennas"),
        ({"antennas": [1, 1]}, "twice"),
        ({"antennas": [{"antenna": 1, "where": "door"}]}, "antennas"),
        ({"antennas": 1}, "list"),
        ({"biz_step": "arrived"}, "biz_step"),
        ({"foreign": "hide"}, "foreign"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"again_seconds": 0}, "again_seconds"),
        ({"url": "llrp://hub@reader"}, "url"),
    ],
)
def test_mistakes_are_named(wrong: dict[str, Any], said: str) -> None:
    right = {"url": "llrps://reader.example", "read_point": POINT}
    TRANSPORT.check(right, asks=True)
    with pytest.raises(ConfigError, match=said):
        TRANSPORT.check(right | wrong, asks=True)


# --- bytes that mean harm ------------------------------------------------------------------------------------------------
def test_broken_reports_are_findings_and_the_line_stands(reader: RfidReader) -> None:
    hub = Hub(reader)
    with hub:
        long = framing.parameter(framing.EPC_DATA, struct.pack(">H", 65_535) + bytes(8))
        late = b"\x8d" + bytes(12) + b"\x82" + b"\xff" * 8
        for content in (
            b"\xf0\xf0",
            framing.parameter(framing.TAG_REPORT, long),
            framing.parameter(framing.TAG_REPORT, late),
            b"\x00\xf0\x00\x02",
        ):
            reader.do(raw=framing.message(framing.RO_ACCESS_REPORT, 0, content).hex())
        reader.do(raw=framing.message(framing.READER_EVENT_NOTIFICATION, 0, b"\x00\xf6\x00\xff").hex())
        overflow = framing.parameter(framing.READER_EVENT, framing.parameter(framing.BUFFER_OVERFLOW, b""))
        reader.do(raw=framing.message(framing.READER_EVENT_NOTIFICATION, 0, overflow).hex())
        reader.see(tag(1))
        assert hub.until(1) == ["1"]
    assert hub.rules == ["STR-04"] * 5 + ["STR-08"] and hub.failure is None


@pytest.mark.parametrize("raw", ["ffffffffffffffffffff", "043d7fffffff00000000", "043d0000000100000000"])
def test_what_is_no_llrp_ends_the_connection_and_the_next_goes_on(reader: RfidReader, raw: str) -> None:
    hub = Hub(reader)
    with hub:
        before = hub.pages
        reader.do(raw=raw)
        hub.heard(before + 2)
        reader.see(tag(1))
        assert hub.until(1) == ["1"] and "no LLRP" in str(hub.failure)


def test_who_is_no_reader_is_told_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings = {"url": f"llrp://127.0.0.1:{server.getsockname()[1]}", "allow_plain": True, "read_point": POINT, "timeout_seconds": 0.5}
        with pytest.raises(RetriableError, match="may come in"):
            TRANSPORT.reach(settings, asks=True)
        threading.Thread(target=lambda: [server.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n") for _ in range(2)]).start()
        with pytest.raises(RetriableError, match="no LLRP"):
            TRANSPORT.reach(settings, asks=True)


@settings(max_examples=examples(300), deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_reads_or_findings(content: bytes) -> None:
    for body in (content, framing.parameter(framing.TAG_REPORT, content)):
        for one in reads(body, 1, 0):
            assert isinstance(one, Broken) or (bytes.fromhex(one.memory) and 0 < one.first <= one.last)

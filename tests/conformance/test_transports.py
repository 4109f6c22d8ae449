"""What every transport must keep. `HARNESSES` says how to stand one up; a new file in `connectors/transports/` needs an entry."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.file_names import readable
from connectors.registry import transport_named, transport_names
from connectors.spec import Delivered, Keeping, Reachable, Transport
from connectors.transports.memory import TRANSPORT as MEMORY
from connectors.waiting_files import Entry
from data_contracts.errors import ConfigError, ConflictError, RefusedError, RetriableError
from tests.peers.s3_peer import S3Peer, bucket_of

_numbers = itertools.count(1)
SENDS_ONLY = {"webhook", "as2"}
ASKED = {"odata", "rest", "rpc", "signed_http", "soap", "sql"}
"""Those that ask a system page by page: tests/conformance/test_asked_systems.py."""
KEEPERS = {"kafka", "mqtt", "nats", "opcua", "rabbitmq"}
"""Those that listen, and whose peer keeps what was not acknowledged, or its history: tests/conformance/test_streams.py."""
HEARD = KEEPERS | {"llrp"}
"""All that listen. What a peer loses that keeps nothing, and that it is told: tests/connectors/transports/test_llrp.py."""


class Source:
    """A place that a transport fetches from and sends to, and the hands of whoever else uses it."""

    def __init__(self, transport: str, settings: dict[str, Any]) -> None:
        self.transport: Transport = transport_named(transport)
        self.settings = settings

    def put(self, name: str, content: bytes, at: float | None = None) -> None:
        raise NotImplementedError

    def waiting(self) -> dict[str, bytes]:
        """Visible files by name."""
        raise NotImplementedError

    def settled(self) -> list[str]:
        raise NotImplementedError

    def fetch(self, **more: Any) -> list[Delivered]:
        return list(self.transport.fetch(self.settings | more))

    def read(self, delivered: Delivered) -> bytes:
        with self.transport.open(self.settings, delivered) as stream:
            return stream.read()

    def send(self, name: str, content: bytes, stable_id: str = "id-1") -> str:
        return self.transport.send(self.settings, name, content, stable_id)


class InMemory(Source):
    def put(self, name: str, content: bytes, at: float | None = None) -> None:
        MEMORY.put(self.settings["box"], name, content)

    def waiting(self) -> dict[str, bytes]:
        box = MEMORY.boxes.get(self.settings["box"])
        return dict(box.waiting) if box else {}

    def settled(self) -> list[str]:
        return sorted(MEMORY.boxes[self.settings["box"]].settled)


class OnDisk(Source):
    """Folder and SFTP: the test works on the files themselves."""

    def __init__(self, transport: str, settings: dict[str, Any], folder: Path) -> None:
        super().__init__(transport, settings)
        self.folder = folder

    def put(self, name: str, content: bytes, at: float | None = None) -> None:
        path = self.folder / name
        path.write_bytes(content)
        if at is not None:
            os.utime(path, (at, at))

    def waiting(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file() and not path.name.startswith(".")}

    def settled(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "done").iterdir())


class InBucket(Source):
    """Objects below a folder of a bucket."""

    def __init__(self, peer: S3Peer) -> None:
        self.peer = peer
        super().__init__("s3", bucket_of(peer))

    def put(self, name: str, content: bytes, at: float | None = None) -> None:
        self.peer.put(f"partner/out/{name}", content, at)

    def waiting(self) -> dict[str, bytes]:
        inside = {key.removeprefix("partner/out/"): one.content for key, one in self.peer.objects.items()}
        return {name: content for name, content in inside.items() if "/" not in name}

    def settled(self) -> list[str]:
        return sorted(key.removeprefix("partner/out/done/") for key in self.peer.objects if key.startswith("partner/out/done/"))


def in_bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    return InBucket(request.getfixturevalue("s3_peer"))


def in_memory(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    return InMemory("memory", {"use": "memory", "box": f"box-{next(_numbers)}"})


def in_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    folder = tmp_path / "exchange"
    folder.mkdir()
    return OnDisk("folder", {"use": "folder", "folder": str(folder), "look_seconds": 0.05, "age_seconds": 0.05}, folder)


def by_sftp(backend: str) -> Callable[[pytest.FixtureRequest, Path], Source]:
    def stand_up(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
        folder = tmp_path / "exchange"
        folder.mkdir()
        return OnDisk("sftp", request.getfixturevalue("sshd").settings(folder=str(folder), backend=backend), folder)

    return stand_up


HARNESSES = {
    "memory": in_memory,
    "folder": in_folder,
    "s3": in_bucket,
    "sftp-pysftp": by_sftp("pysftp"),
    "sftp-asyncssh": by_sftp("asyncssh"),
}
FILES = ("folder", "sftp-pysftp", "sftp-asyncssh")


@pytest.fixture(params=list(HARNESSES))
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    return HARNESSES[request.param](request, tmp_path)


@pytest.fixture(params=FILES)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> OnDisk:
    found = HARNESSES[request.param](request, tmp_path)
    assert isinstance(found, OnDisk)
    return found


def test_every_transport_is_tested_here() -> None:
    assert {name.partition("-")[0] for name in HARNESSES} | SENDS_ONLY | ASKED | HEARD == set(transport_names())


def test_who_is_there_and_lets_us_in_is_told_without_moving_anything(files: OnDisk) -> None:
    assert isinstance(files.transport, Reachable)
    files.put("a.json", b"{}", at=1_700_000_000)
    said = files.transport.reach(files.settings, asks=True)
    assert said is not None and "1 files in" in said and files.waiting() == {"a.json": b"{}"}
    assert files.transport.reach(files.settings, asks=False) is not None and list(files.folder.iterdir()) == [files.folder / "a.json"]
    if files.settings["use"] == "folder":
        there = files.transport.reach(files.settings | {"folder": str(files.folder / "new")}, asks=True)
        assert there is not None and "not there yet" in there and not (files.folder / "new").exists()
        with pytest.raises(ConfigError, match="no folder"):
            files.transport.reach(files.settings | {"folder": str(files.folder / "a.json")}, asks=True)
        return
    with pytest.raises(ConfigError, match="there is no folder"):
        files.transport.reach(files.settings | {"folder": str(files.folder / "new")}, asks=True)
    with pytest.raises(ConfigError, match="not let in"):
        files.transport.reach(files.settings | {"user": "nobody"}, asks=True)


def test_what_waits_is_fetched_opened_and_settled_once(source: Source) -> None:
    assert source.fetch() == []
    contents = {"a.json": b"{}", "空.csv": "批号,数量\r\n".encode(), "empty.txt": b"", "b c.edi": os.urandom(300_000)}
    for number, (name, content) in enumerate(contents.items()):
        source.put(name, content, at=1_700_000_000 + number)
    found = source.fetch()
    assert [delivered.name for delivered in found] == list(contents)
    assert [delivered.size for delivered in found] == [len(content) for content in contents.values()]
    assert len({delivered.delivery_key for delivered in found}) == len(found)
    assert {delivered.name: source.read(delivered) for delivered in found} == contents
    assert source.fetch() == found, "what is not settled waits still, under the same key"
    for delivered in found:
        source.transport.settle(source.settings, delivered)
        source.transport.settle(source.settings, delivered)
    assert source.fetch() == [] and source.waiting() == {}
    assert source.settled() == sorted(contents)


def test_fetching_and_settling_while_it_goes_on(source: Source) -> None:
    for number in range(5):
        source.put(f"{number}.edi", b"x" * number, at=1_700_000_000 + number)
    names = []
    for delivered in source.transport.fetch(source.settings):
        assert source.read(delivered) == b"x" * int(delivered.name[0])
        source.transport.settle(source.settings, delivered)
        names.append(delivered.name)
    assert names == [f"{number}.edi" for number in range(5)] and source.waiting() == {}


def test_equal_bytes_under_a_new_name_are_a_new_delivery(source: Source) -> None:
    source.put("stock_1.csv", b"A")
    (first,) = source.fetch()
    source.transport.settle(source.settings, first)
    source.put("stock_2.csv", b"A")
    (second,) = source.fetch()
    assert first.delivery_key != second.delivery_key


def test_sending_delivers_once_and_never_over_another(source: Source) -> None:
    source.send("ack_1.edi", b"first")
    source.send("ack_1.edi", b"first")
    assert source.waiting() == {"ack_1.edi": b"first"}
    with pytest.raises(ConflictError):
        source.send("ack_1.edi", b"other", "id-2")
    assert source.waiting() == {"ack_1.edi": b"first"}
    source.send("空 2.edi", b"", "id-3")
    assert source.waiting()["空 2.edi"] == b""


@pytest.mark.parametrize(
    "name", ["../out.edi", "/etc/x", "a/b", "a\\b", "", ".", "..", ".hidden", "a\nb", "a\0b", "x.part", "\u202egpj.exe", "n" * 300]
)
def test_names_that_mean_something_else_are_refused(source: Source, name: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RefusedError):
        source.send(name, b"x")
    assert sorted(tmp_path.rglob("*")) == before


def test_unknown_settings_are_named(source: Source) -> None:
    with pytest.raises(ConfigError, match="patern"):
        list(source.transport.fetch(source.settings | {"patern": "*"}))
    with pytest.raises(ConfigError, match="patern"):
        source.transport.send(source.settings | {"patern": "*"}, "a", b"", "id")


@pytest.mark.parametrize("more", [{"ready": "maybe"}, {"settle": "burn"}, {"look_seconds": -1}, {"done_folder": "../x"}, {"mark": "done"}])
def test_settings_that_mean_nothing_are_refused(files: OnDisk, more: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        files.fetch(**more)


def test_only_what_the_pattern_means(files: OnDisk) -> None:
    for name in (
        "orders_1.json",
        "orders_2.json",
        "Orders_3.json",
        "stock.csv",
        ".orders_4.json",
        "orders_5.json.part",
        "orders_6.json.tmp",
    ):
        files.put(name, b"{}")
    (files.folder / "orders_7.json").mkdir()
    (files.folder / "orders_8.json").symlink_to("/etc/passwd")
    files.put("orders\n9.json", b"{}")
    os.mkfifo(files.folder / "orders_10.json")
    assert sorted(delivered.name for delivered in files.fetch(pattern="orders_*.json")) == ["orders_1.json", "orders_2.json"]
    assert len(files.fetch(pattern="orders*9.json")) == 0


GBK, TRAILING = (os.fsdecode(name.encode("gbk")) for name in ("入库单1.csv", "誠德|.csv"))
"""Of the second name the first letter's second byte is a backslash, and a mark of keys stands in it."""
NAMES = {"入库单 好.csv": "入库单 好.csv", GBK: "入库单1.csv", TRAILING: "誠德|.csv", os.fsdecode(b"Auftr\xe4ge.csv"): "Auftr\\xe4ge.csv"}


def test_names_of_any_bytes_are_taken_and_stop_no_other(files: OnDisk) -> None:
    for number, name in enumerate(NAMES):
        files.put(name, b"%d" % number, at=1_700_000_000 + number)
    files.put(os.fsdecode("\u202e单.csv".encode("gb18030")), b"it deceives who reads it")
    said = files.transport.reach(files.settings, asks=True)  # type: ignore[attr-defined]
    assert "5 files in" in said and "1 of them left alone for their names" in said and "\\" in TRAILING
    found = files.fetch(pattern="*.csv")
    assert [one.name for one in found] == list(NAMES) and [files.read(one) for one in found] == [b"0", b"1", b"2", b"3"]
    assert [readable(one.name) for one in found] == list(NAMES.values())
    assert [one.name for one in files.fetch(pattern="入库单*.csv")] == list(NAMES)[:2]
    for one in found:
        one.delivery_key.encode()
        assert (known := Entry.of(one.delivery_key)) is not None and known.name == one.name
        files.transport.settle(files.settings, one)
    assert files.settled() == sorted(NAMES)
    for name in (GBK, TRAILING):
        with (files.folder / "done" / name).open("ab") as late:
            late.write(b" more")
    assert isinstance(files.transport, Keeping)
    again = list(files.transport.written_on(files.settings, [one.delivery_key for one in found]))
    assert sorted(one.delivered.name for one in again) == sorted([GBK, TRAILING])
    for one in again:
        with files.transport.open(one.settings, one.delivered) as stream:
            assert stream.read().endswith(b" more")
    with pytest.raises(RetriableError) as gone:
        files.read(found[1])
    assert r"\xc8\xeb\xbf" in str(gone.value) and str(gone.value).encode()
    with pytest.raises(RefusedError):
        files.send(GBK, b"x")


def test_a_file_that_grows_is_left_until_it_stands_still(files: OnDisk) -> None:
    files.put("whole.edi", b"done", at=1_700_000_000)
    path = files.folder / "growing.edi"
    stop = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as output:
            while not stop.is_set():
                output.write(b"x" * 100)
                time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        time.sleep(0.05)
        assert [delivered.name for delivered in files.fetch(look_seconds=0.3)] == ["whole.edi"]
    finally:
        stop.set()
        writer.join()
    found = {delivered.name: delivered for delivered in files.fetch(look_seconds=0.3)}
    assert found["growing.edi"].size == path.stat().st_size


def test_a_writer_that_pauses_for_longer_than_a_look_is_waited_for(files: OnDisk) -> None:
    path = files.folder / "receipts.csv"

    def write() -> None:
        with path.open("wb", buffering=0) as output:
            output.write(b"R;10\n" * 500)
            time.sleep(0.7)
            output.write(b"R;10\n" * 500)

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(0.1)
    assert files.fetch(age_seconds=1.5) == [], "it was written on while it was watched"
    writer.join()
    (whole,) = files.fetch(age_seconds=1.5)
    assert whole.size == path.stat().st_size == 5000


def test_a_file_of_long_ago_is_not_watched_and_one_from_ahead_of_our_clock_is(files: OnDisk) -> None:
    files.put("old.csv", b"x", at=time.time() - 3600)
    started = time.monotonic()
    assert len(files.fetch(age_seconds=20)) == 1 and time.monotonic() - started < 10
    for name, skew in (("ahead.csv", 3600), ("behind.csv", -300)):  # clocks of servers differ by minutes, and by zones
        files.put(name, b"x", at=time.time() + skew)
        started = time.monotonic()
        assert name in [delivered.name for delivered in files.fetch(age_seconds=1)] and time.monotonic() - started >= 1


def test_what_its_writer_goes_on_with_after_it_was_taken_is_found_where_it_was_put(files: OnDisk) -> None:
    assert isinstance(files.transport, Keeping)
    long_ago = time.time() - 7200
    taken = []
    for number, name in enumerate(("a.csv", "b.csv", "b.csv", "c.csv")):
        files.put(name, b"half" * (number + 1), at=long_ago + number)
        (delivered,) = files.fetch()
        files.transport.settle(files.settings, delivered)
        taken.append(delivered.delivery_key)
    assert len(files.settled()) == 4 and list(files.transport.written_on(files.settings, taken)) == []
    second = next(name for name in files.settled() if name.startswith("b.csv~"))
    for name in ("a.csv", second):
        with (files.folder / "done" / name).open("ab") as output:
            output.write(b", and the rest")
    (files.folder / "done" / "c.csv").unlink()  # who cleans up there takes nothing back
    found = list(files.transport.written_on(files.settings, [*taken, "gone.csv|3|5", "no key of a file", "cut…sha256:00"]))
    assert sorted((one.delivered.name, one.taken, one.delivered.size) for one in found) == [("a.csv", 4, 18), (second, 12, 26)]
    for one in found:
        with files.transport.open(one.settings, one.delivered) as stream:
            assert stream.read() == b"half" * (one.taken // 4) + b", and the rest"
    known = [*taken, *(one.delivered.delivery_key for one in found)]
    assert list(files.transport.written_on(files.settings, known)) == [], "taken again, it is known"
    assert len(files.settled()) == 3 and list(files.transport.written_on(files.settings | {"ready": "rename"}, taken)) == []
    os.utime(files.folder / "done" / "a.csv", (long_ago - 9000,) * 2)  # as uploads that keep the times of files end
    assert [(one.delivered.name, one.taken) for one in files.transport.written_on(files.settings, taken[:1])] == [("a.csv", 4)]
    many = [f"{number}.csv|1|1" for number in range(100)]
    assert len(list(files.transport.written_on(files.settings, [*taken, *many]))) == 2


@pytest.mark.timeout(25)  # less than the look that is not to be taken
def test_a_writer_may_rename_or_mark_instead(files: OnDisk) -> None:
    files.put("a.edi", b"a")
    files.put("b.edi", b"b")
    files.put("a.edi.done", b"")
    assert [delivered.name for delivered in files.fetch(ready="mark")] == ["a.edi"]
    assert [delivered.name for delivered in files.fetch(ready="rename", look_seconds=30)] == ["a.edi", "b.edi"]
    (marked,) = files.fetch(ready="mark")
    files.transport.settle(files.settings | {"ready": "mark"}, marked)
    assert set(files.waiting()) == {"b.edi"} and files.settled() == ["a.edi"]


def test_a_poller_that_saw_a_file_before_does_not_sleep_for_it(files: OnDisk) -> None:
    files.put("a.edi", b"a")
    files.fetch(look_seconds=0.2)
    time.sleep(0.2)
    started = time.monotonic()
    assert len(files.fetch(look_seconds=0.2)) == 1
    files.settings["look_seconds"] = 0.2
    assert time.monotonic() - started < 0.2 + 1.5  # a connection, but no look
    files.put("a.edi", b"changed", at=1_700_000_000)
    changed = files.fetch(look_seconds=0.2)
    assert [delivered.size for delivered in changed] == [7]


def test_a_file_that_changed_since_it_was_seen_is_neither_read_nor_settled(files: OnDisk) -> None:
    files.put("a.edi", b"first", at=1_700_000_000)
    (delivered,) = files.fetch()
    files.put("a.edi", b"second, longer", at=1_700_000_100)
    with pytest.raises(RetriableError):
        files.read(delivered)
    files.transport.settle(files.settings, delivered)
    assert files.waiting() == {"a.edi": b"second, longer"}
    (again,) = files.fetch()
    assert again.delivery_key != delivered.delivery_key and files.read(again) == b"second, longer"
    (files.folder / "a.edi").unlink()
    with pytest.raises(RetriableError):
        files.read(again)


def test_a_link_put_in_place_of_a_file_is_not_followed(files: OnDisk, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"first")
    files.put("a.edi", b"first", at=1_700_000_000)
    os.utime(secret, (1_700_000_000, 1_700_000_000))
    (delivered,) = files.fetch()
    (files.folder / "a.edi").unlink()
    (files.folder / "a.edi").symlink_to(secret)
    with pytest.raises((RetriableError, RefusedError)):
        files.read(delivered)
    for name in ("../secret", str(secret)):
        with pytest.raises(RefusedError):
            files.read(Delivered(name, "key", 5))


def test_settled_files_of_one_name_do_not_replace_each_other(files: OnDisk) -> None:
    for number in range(3):
        files.put("stock.csv", b"x" * number, at=1_700_000_000 + number)
        (delivered,) = files.fetch()
        files.transport.settle(files.settings, delivered)
    assert len(files.settled()) == 3
    files.put("gone.csv", b"x")
    (delivered,) = files.fetch(settle="delete")
    files.transport.settle(files.settings | {"settle": "delete"}, delivered)
    assert files.waiting() == {} and len(files.settled()) == 3


def test_nobody_ever_sees_half_a_file(files: OnDisk) -> None:
    content = os.urandom(1024) * 8 * 1024
    target, seen, stop = files.folder / "large.bin", set(), threading.Event()

    def watch() -> None:
        while not stop.is_set():
            if target.exists():
                seen.add(target.stat().st_size)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        files.send("large.bin", content)
        time.sleep(0.05)
    finally:
        stop.set()
        watcher.join()
    assert seen == {len(content)}
    assert [path.name for path in files.folder.iterdir()] == ["large.bin"]


def test_memory_stays_flat_for_a_large_file(files: OnDisk) -> None:
    block = os.urandom(1024 * 1024)
    with (files.folder / "large.bin").open("wb") as output:
        for _ in range(48):
            output.write(block)
    (delivered,) = files.fetch()
    before = peak = _resident()
    with files.transport.open(files.settings, delivered) as stream:
        peak = max(peak, _resident())
        while piece := stream.read(1024 * 1024):
            assert piece == block
            peak = max(peak, _resident())
    assert peak - before < 32 * 1024 * 1024


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

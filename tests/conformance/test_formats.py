"""What every format must keep, whoever wrote it. A new file in `connectors/formats/` is tested here without a change."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.feed import grammar_names
from connectors.registry import format_named, format_names, sniff, traits_of
from connectors.spec import STRICT, Format, Profile
from data_contracts.source import ReadEvent, SourceRecord
from tests.connectors.reading import read, tree
from tests.effort import examples

SAMPLES = Path(__file__).parents[1] / "samples"
FEEDS = ("delimited", "esign", "fixed", "json", "spreadsheet", "xml")
# What a service of signatures says is JSON as any other: only an agreement tells that it is an answer, so it is recognised as JSON.
RECOGNISED_AS = {"esign": "json"}
KINDS = {"interchange", "group", "message", "group_end", "interchange_end", "unreadable", "acknowledgement"}


def samples(format_name: str) -> list[Path]:
    return sorted(path for path in (SAMPLES / format_name).glob("*") if path.is_file())


def grammar_of(format_name: str, path: Path) -> str | None:
    """The grammar whose name the sample's begins with; X12 and its like name their message themselves."""
    fitting = [name for name in grammar_names(format_name) if path.stem.startswith(name)] if format_name in FEEDS else []
    return max(fitting, key=len, default=None)


ALL_SAMPLES = [pytest.param(name, path, id=f"{name}/{path.name}") for name in format_names() for path in samples(name)]


def events(format_: Format, content: bytes, grammar: str | None, profile: Profile = STRICT) -> Iterator[ReadEvent]:
    return format_.read(io.BytesIO(content), profile, grammar)


def check_order(found: list[ReadEvent]) -> None:
    """The order that `ReadEvent` promises, and texts for every finding."""
    kinds = [event.kind for event in found]
    assert set(kinds) <= KINDS
    assert kinds, "a document always says something"
    if "unreadable" in kinds:
        assert kinds == ["unreadable"] and found[0].finding is not None and found[0].finding.severity == "error"
    assert kinds.count("interchange") == kinds.count("interchange_end")
    assert kinds.count("group") == kinds.count("group_end")
    depth = 0
    for event in found:
        if event.kind in ("group", "interchange"):
            depth += 1
        elif event.kind in ("group_end", "interchange_end"):
            depth -= 1
        elif event.kind == "message":
            assert depth == 2
        assert 0 <= depth <= 2
        for holder in (event.message, event.group, event.interchange):
            for finding in holder.findings if holder is not None else ():
                assert finding.text("en") and finding.text("zh-CN")


def test_every_format_has_samples_and_every_feed_one_of_its_own() -> None:
    for name in FEEDS:
        assert {grammar_of(name, path) for path in samples(name)} == set(grammar_names(name))
    assert {param.values[0] for param in ALL_SAMPLES} >= set(FEEDS)


@pytest.mark.parametrize(("name", "path"), ALL_SAMPLES)
def test_samples_are_recognised_and_read(name: str, path: Path) -> None:
    content = path.read_bytes()
    recognised = sniff(content[:4096])
    assert recognised is not None and recognised.name == RECOGNISED_AS.get(name, name)
    found = list(events(format_named(name), content, grammar_of(name, path)))
    check_order(found)
    ordinals = [event.message.ordinal for event in found if event.message is not None]
    assert ordinals == list(range(1, len(ordinals) + 1))
    for event in found:
        if event.message is not None:
            assert 0 <= event.message.offset <= event.message.offset + event.message.length <= len(content)
            if event.message.root is not None:
                records = list(event.message.root.walk())
                assert all(record.parent is None or record in record.parent.children for record in records)


@pytest.mark.parametrize("name", format_names())
@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_sniffing_and_reading_never_raise_on_any_bytes(name: str, head: bytes) -> None:
    format_ = format_named(name)
    assert format_.sniff(head) in (True, False)
    check_order(list(events(format_, head, None)))


@pytest.mark.parametrize(("name", "path"), ALL_SAMPLES)
def test_reading_never_raises_on_a_damaged_document(name: str, path: Path) -> None:
    """Cut, changed, doubled and mixed bytes of a good document: findings, never an exception."""
    content, grammar, chance = path.read_bytes(), grammar_of(name, path), random.Random(path.name)
    for _ in range(examples(150)):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(damaged) or 1)
            match chance.randrange(5):
                case 0:
                    del damaged[at : at + chance.randint(1, 40)]
                case 1:
                    damaged[at : at + 1] = bytes([chance.randrange(256)])
                case 2:
                    damaged[at:at] = damaged[at : at + chance.randint(1, 60)]
                case 3:
                    damaged[at:at] = chance.choice([b"\0", b"\xff\xfe", b'"', b"<", b"}", b"]]", b"\r", b"&", b";;", b"<!", b"\\u"])
                case _:
                    del damaged[at:]
            damaged = damaged or bytearray(b"x")
        check_order(list(events(format_named(name), bytes(damaged), grammar)))


@pytest.mark.parametrize(("name", "path"), [param for param in ALL_SAMPLES if param.values[0] in FEEDS])
def test_what_is_written_reads_back_equal(name: str, path: Path) -> None:
    grammar = grammar_of(name, path)
    first = read(name, path.read_bytes(), grammar)
    assert first.rules == []
    messages = [(message.type, message.root) for message in first.messages if message.root is not None]
    written = format_named(name).write(messages, None, STRICT, grammar)
    second = read(name, written, grammar)
    assert [tree(message.root) for message in second.messages if message.root] == [tree(root) for _, root in messages]
    assert second.rules == [] and second.unreadable is None
    if traits_of(name, STRICT, grammar).one_by_one:
        messages = let_go(messages)  # type: ignore[assignment]  # a document's messages come once
    assert format_named(name).write(messages, None, STRICT, grammar) == written


def let_go(messages: Iterable[tuple[str, SourceRecord]]) -> Iterator[tuple[str, SourceRecord]]:
    """Messages of which each is taken apart when the next one is asked for."""
    for kind, root in messages:
        yield kind, root
        root.release()


def grown(name: str, target: Path, size: int) -> int:
    """Write a document of about `size` bytes that repeats a sample's messages; how many there are."""
    if name == "json":
        content = (SAMPLES / "json" / "wms_despatches.json").read_bytes()
        start, stop = content.index(b"[") + 1, content.rindex(b"]")
        head, one, between, tail, each = b'{"despatches":[', content[start:stop].strip(), b",\n", b"]}", 1
    elif name == "xml":
        content = (SAMPLES / "xml" / "wms_receipts.xml").read_bytes()
        start, stop = content.index(b"<Receipt "), content.index(b"</Receipts>")
        head, one, between, tail, each = content[:start], content[start:stop], b"", content[stop:], 2
    elif name == "spreadsheet":
        return grown_workbook(target, size)
    elif name == "fixed":
        content = (SAMPLES / "fixed" / "wms_shipments.txt").read_bytes()
        head, one, between, tail, each = b"", content, b"", b"", 2
    else:
        content = (SAMPLES / "delimited" / "erp_items.csv").read_bytes()
        first, rest = content.split(b"\r\n", 1)
        head, one, between, tail, each = first + b"\r\n", rest, b"", b"", 3
    times = size // len(one)
    with target.open("wb") as output:
        output.write(head + one)
        for _ in range(times - 1):
            output.write(between + one)
        output.write(tail)
    return times * each


def grown_workbook(target: Path, size: int) -> int:
    """A workbook whose sheet unpacks to about `size` bytes; how many orders it confirms."""
    row = (
        '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>PO{0}</t></is></c><c r="B{0}"><v>{1:.2f}</v></c>'
        '<c r="E{0}"><v>10</v></c><c r="F{0}" t="inlineStr"><is><t>RM-{0}-{2}</t></is></c></row>'
    )
    chance, times = random.Random(7), size // 200
    with zipfile.ZipFile(SAMPLES / "spreadsheet" / "supplier_confirmations.xlsx") as old, zipfile.ZipFile(target, "w") as new:
        for part in old.namelist():
            if part != "xl/worksheets/sheet1.xml":
                new.writestr(part, old.read(part))
                continue
            with new.open(zipfile.ZipInfo(part), "w") as sheet:
                first = old.read(part).partition(b'<row r="2"')[0]
                sheet.write(first)
                for number in range(2, times + 2):
                    sheet.write(row.format(number, chance.random() * 1000, chance.randrange(10**12)).encode())
                sheet.write(b"</sheetData></worksheet>")
    return times


def resident() -> int:
    """Bytes of this process in memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


@pytest.mark.parametrize("size", [4_000_000, pytest.param(20_000_000, marks=pytest.mark.slow)], ids=["4MB", "20MB"])
@pytest.mark.parametrize(
    ("name", "grammar"), [("delimited", "erp_items"), ("fixed", "wms_shipments"), ("json", "wms_despatches"), ("xml", "wms_receipts")]
)
def test_memory_stays_flat_however_large_the_document(name: str, grammar: str, size: int, tmp_path: Path) -> None:
    target = tmp_path / "large"
    expected = grown(name, target, size)
    count, before, peak = 0, resident(), 0
    with target.open("rb") as stream:
        for event in format_named(name).read(stream, STRICT, grammar):
            if event.message is not None:
                count += 1
                assert name == "spreadsheet" or event.message.findings == []
                if count % 1000 == 0:
                    peak = max(peak, resident())
    assert count == expected
    assert peak - before < 16 * 1024 * 1024, f"{(peak - before) / 1e6:.0f} MB more for a document of {size / 1e6:.0f} MB"

"""B2MML: objects alone or in transactions, under the namespaces of all versions; the lots of a transaction are one stock list."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.formats.b2mml import FORMAT
from connectors.registry import sniff
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.source import SourceRecord
from mappings.engine import Context
from tests.conformance.test_formats import resident
from tests.connectors.reading import read, tree
from tests.mappings.shipped import load

SAMPLES = Path(__file__).parents[3] / "samples" / "b2mml"
PERFORMANCE = (SAMPLES / "OperationsPerformance.xml").read_text(encoding="utf-8")
ENVELOPE = Envelope("LogicalID:HUB", "LogicalID:MES", 7, 1, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC))


def root_of(name: str) -> SourceRecord:
    (message,) = read("b2mml", (SAMPLES / f"{name}.xml").read_bytes()).messages
    assert message.root is not None
    return message.root


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.xml")), ids=lambda path: path.stem)
def test_an_object_names_itself_and_is_written_and_read_again_equal(path: Path) -> None:
    found = read("b2mml", path.read_bytes())
    (message,) = found.messages
    assert (message.type, found.rules, found.rules_around) == (path.stem.removesuffix("_V0400"), [], [])
    assert message.root is not None
    again = read("b2mml", FORMAT.write([(message.type, message.root)], None, STRICT))
    assert again.rules == [] and again.messages[0].root is not None
    assert tree(again.messages[0].root) == tree(message.root)


@pytest.mark.parametrize(
    ("namespace", "version"),
    [
        ("http://www.wbf.org/xml/b2mml-v0400", "V0400"),
        ("http://www.wbf.org/xml/B2MML-V0401", "V0401"),
        ("http://www.mesa.org/xml/B2MML-V0500", "V0500"),
        ("http://www.mesa.org/xml/B2MML-V0600", "V0600"),
        ("http://www.mesa.org/xml/B2MML", "V0700"),
    ],
)
def test_the_namespace_tells_the_version(namespace: str, version: str) -> None:
    content = PERFORMANCE.replace("http://www.mesa.org/xml/B2MML", namespace).encode()
    assert sniff(content) is FORMAT
    found = read("b2mml", content)
    assert (found.messages[0].version, found.rules) == (version, [])
    assert sniff(content.replace(b"B2MML", b"BATCHML").replace(b"b2mml", b"batchml")) is not FORMAT


def test_the_application_area_is_the_envelope_and_stands_in_the_tree() -> None:
    found = read("b2mml", PERFORMANCE.encode())
    assert found.interchange is not None
    assert (found.interchange.sender, found.interchange.receiver, found.interchange.control) == ("LogicalID:MES-CORK", None, "BOD-771")
    root = found.messages[0].root
    assert root is not None
    (area,) = [child for child in root.children if child.tag == "ApplicationArea"]
    assert area.values == {"CreationDateTime": "2026-11-21T14:00:00Z", "BODID": "BOD-771"}


def objects(*bodies: str) -> bytes:
    start, stop = PERFORMANCE.index("    <OperationsPerformance>"), PERFORMANCE.index("  </DataArea>")
    one = PERFORMANCE[start:stop]
    return (PERFORMANCE[:start] + "".join(body or one for body in bodies) + PERFORMANCE[stop:]).encode()


def test_a_broken_object_does_not_stop_the_next() -> None:
    broken = "<OperationsPerformance><ID>X</Id></OperationsPerformance>"
    found = read("b2mml", objects("", broken, ""))
    assert [(message.type, message.ordinal, [finding.rule for finding in message.findings]) for message in found.messages] == [
        ("OperationsPerformance", 1, []),
        ("OperationsPerformance", 2, ["XML-01"]),
        ("OperationsPerformance", 3, []),
    ]
    content = objects("", broken, "")
    third = found.messages[2]
    assert content[third.offset : third.offset + third.length].startswith(b"<OperationsPerformance>")


def test_lots_of_one_transaction_lie_at_one_place() -> None:
    content = (SAMPLES / "MaterialLot.xml").read_bytes()
    (message,) = read("b2mml", content).messages
    assert message.root is not None and [child.tag for child in message.root.children].count("MaterialLot") == 2
    apart = read("b2mml", content.replace(b"<EquipmentID>CORK-FG<", b"<EquipmentID>CORK-QC<", 1))
    assert apart.rules == ["B2M-02"] and apart.messages[0].findings[0].got == "CORK-FG, CORK-QC"


def test_a_transaction_is_written_with_verb_sender_and_number() -> None:
    record = root_of("OperationsPerformance")
    record.children = [child for child in record.children if child.tag != "ApplicationArea"]
    profile = Profile(options={"verb": "Process", "namespace": "http://www.mesa.org/xml/B2MML-V0600"})
    written = FORMAT.write([("OperationsPerformance", record), ("OperationsPerformance", record)], ENVELOPE, profile)
    assert b"<ProcessOperationsPerformance " in written and b"<Process/>" in written
    found = read("b2mml", written)
    assert [message.version for message in found.messages] == ["V0600", "V0600"] and found.rules == []
    assert found.interchange is not None and (found.interchange.sender, found.interchange.control) == ("LogicalID:HUB", "000000007")
    with pytest.raises(ValueError, match="no namespace of B2MML"):
        FORMAT.write([("OperationsPerformance", record)], ENVELOPE, Profile(options={"namespace": "urn:x"}))
    with pytest.raises(ValueError, match="no grammar"):
        FORMAT.write([("Equipment", record)], ENVELOPE, STRICT)


def test_a_doctype_and_an_object_without_a_grammar() -> None:
    refused = read("b2mml", PERFORMANCE.replace("?>", '?><!DOCTYPE x SYSTEM "y">', 1).encode())
    assert refused.unreadable is not None and refused.unreadable.rule == "XML-02"
    unknown = read("b2mml", b'<Person xmlns="http://www.mesa.org/xml/B2MML"><ID>1</ID></Person>')
    assert (unknown.messages[0].type, unknown.rules) == ("Person", ["B2M-01"])


def test_memory_stays_flat_however_many_objects_a_transaction_holds(tmp_path: Path) -> None:
    target, times = tmp_path / "large.xml", 3_000
    start, stop = PERFORMANCE.index("    <OperationsPerformance>"), PERFORMANCE.index("  </DataArea>")
    with target.open("w", encoding="utf-8") as output:
        output.write(PERFORMANCE[:start])
        for _ in range(times):
            output.write(PERFORMANCE[start:stop])
        output.write(PERFORMANCE[stop:])
    count, before, peak = 0, resident(), 0
    with target.open("rb") as stream:
        for event in FORMAT.read(stream, STRICT):
            if event.message is not None:
                count += 1
                assert event.message.findings == []
                peak = max(peak, resident()) if count % 500 == 0 else peak
    assert count == times
    assert peak - before < 16 * 1024 * 1024


def test_one_message_tells_one_run_of_production_and_each_material_once() -> None:
    start, stop = PERFORMANCE.index("      <OperationsResponse>"), PERFORMANCE.index("    </OperationsPerformance>")
    twice = read("b2mml", (PERFORMANCE[:stop] + PERFORMANCE[start:stop] + PERFORMANCE[stop:]).encode())
    assert twice.rules == ["B2M-03"] and twice.messages[0].findings[0].got == "2 responses"
    first, last = PERFORMANCE.index("        <SegmentResponse>"), PERFORMANCE.index("        </SegmentResponse>")
    inner = PERFORMANCE[first:last] + "        </SegmentResponse>\n"
    nested = read("b2mml", (PERFORMANCE[:last] + inner + PERFORMANCE[last:]).encode())
    assert nested.rules == ["B2M-03"]
    assert nested.messages[0].findings[0].got == "segment PACK and one within it both state Consumed WIRE-BLANK W26-17"


def test_material_of_segments_within_a_segment_is_read() -> None:
    first, last = PERFORMANCE.index("        <SegmentResponse>"), PERFORMANCE.index("        </SegmentResponse>")
    whole = PERFORMANCE[:first] + "<SegmentResponse><ID>LINE</ID>" + PERFORMANCE[first:last] + "</SegmentResponse>" + PERFORMANCE[last:]
    (message,) = read("b2mml", whole.encode()).messages
    assert message.findings == [] and message.root is not None
    entity = load("b2mml/OperationsPerformance").read(message.root, Context(time_zone="UTC")).entity
    assert entity is not None
    assert [line["lot"] for line in entity["inputs"]] == ["W26-17"] and [line["lot"] for line in entity["outputs"]] == ["L26-300"]

"""The reference collection: every envelope fact its README states, and every answer it expects."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.formats.x12 import FORMAT, scan
from connectors.formats.x12.acknowledge import functional_acknowledgement, interchange_acknowledgement, verdicts
from connectors.spec import Envelope, Profile
from data_contracts.findings import has_error

pytestmark = pytest.mark.reference

FOLDER = Path(os.environ.get("UDIHUB_REFERENCE", "/nonexistent")) / "edi"
LENIENT = Profile(unpadded_isa=True)
CONTROLS = Envelope("ZZ:DEVICECO", "ZZ:HOSPGPO", 77, 5, 9, datetime(2026, 11, 22, 9, 0, tzinfo=UTC))

# file -> segments of the 997 between AK1 and AK9, in order; null = no 997 may be sent
ANSWERS: dict[str, list[str] | None] = {
    "850_bad_code": ["AK2*850*0001", "AK3*BEG*2**8", "AK4*1*353*7*ZZ", "AK5*R*5", "AK9*R*1*1*0"],
    "850_bad_date": ["AK2*850*0001", "AK3*DTM*7**8", "AK4*2*373*8*20260231", "AK5*R*5", "AK9*R*1*1*0"],
    "850_crlf_bom": ["AK2*850*0001", "AK5*A", "AK9*A*1*1*1"],
    "850_ge01": ["AK2*850*0001", "AK5*A", "AK9*R*3*1*1*5"],
    "850_iea02": None,
    "850_missing_beg": ["AK2*850*0001", "AK3*BEG*2**3", "AK5*R*5", "AK9*R*1*1*0"],
    "850_se01": ["AK2*850*0001", "AK5*R*4", "AK9*R*1*1*0"],
    "850_truncated": None,
    "850_unknown_segment": ["AK2*850*0001", "AK3*ZZZ*3**1", "AK5*R*5", "AK9*R*1*1*0"],
    "850_utf8_in_4010": ["AK2*850*0001", "AK3*N1*8*N1*8", "AK4*2*93*6", "AK5*R*5", "AK9*R*1*1*0"],
    "850_wrong_gs01": ["AK2*850*0001", "AK5*R*6", "AK9*R*1*1*0"],
}
NOTES = {"850_iea02": "001", "850_truncated": "023"}


def the_file(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def rules_of(data: bytes, profile: Profile) -> list[str]:
    """The rules of the envelope's findings (interchange and group), in order."""
    found = []
    for event in FORMAT.read(io.BytesIO(data), profile):
        if event.kind == "interchange_end":
            found += [finding.rule for finding in event.interchange.findings]
        elif event.kind == "group_end":
            found += [finding.rule for finding in event.group.findings]
        elif event.kind == "unreadable":
            found.append(event.finding.rule)
    return found


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_broken_order_gets_the_expected_answer(name: str) -> None:
    data = the_file(f"broken/{name}.edi")
    (verdict,) = verdicts(FORMAT.read(io.BytesIO(data), Profile()), Profile())
    (scanned,) = scan(io.BytesIO(data))
    wanted = ANSWERS[name]
    assert scanned.accepted == (wanted is not None)
    if wanted is None:
        assert (verdict.verdict, verdict.note) == ("R", NOTES[name])
        answer = interchange_acknowledgement(verdict.header, verdict.note, verdict.verdict, CONTROLS).decode()
        assert f"~TA1*000000301*261122*0830*R*{NOTES[name]}~IEA*0*000000077~" in answer
        return
    assert (verdict.verdict, verdict.note) == ("A", "000")
    answer = functional_acknowledgement(verdict.groups, CONTROLS).decode().split("~")
    group = "IN" if name == "850_wrong_gs01" else "PO"
    assert answer[3:-4] == [f"AK1*{group}*31", *wanted]
    assert answer[1:3] == ["GS*FA*DEVICECO*HOSPGPO*20261122*0900*5*X*004010", "ST*997*0009"]
    assert answer[-4:] == [f"SE*{len(wanted) + 3}*0009", "GE*1*5", "IEA*1*000000077", ""]


def test_utf8_is_taken_where_the_agreement_names_it() -> None:
    data = the_file("broken/850_utf8_in_4010.edi")
    (message,) = [event.message for event in FORMAT.read(io.BytesIO(data), Profile(charset="utf-8")) if event.message]
    assert not message.findings
    assert "HÔPITAL GÉNÉRAL DOCK 2" in [record.values[2] for record in message.root.walk() if record.tag == "N1"]


def test_the_unknown_segment_is_taken_with_errors_where_the_agreement_says_so() -> None:
    data = the_file("broken/850_unknown_segment.edi")
    profile = Profile(accept_with_errors=True)
    (verdict,) = verdicts(FORMAT.read(io.BytesIO(data), profile), profile)
    assert verdict.groups[0].messages[0].verdict == "E"
    assert verdict.groups[0].verdict == "E"


BOM, SHORT, LAST, WRONG = "X12-I107", "X12-I104", "X12-I105", "X12-I001"

# file -> (sets, delimiters element component segment, ISA12, envelope findings when an unpadded ISA is allowed)
FOUND: dict[str, tuple[list[str], str, str, list[str]]] = {
    "810_1": (["810"], "*:~", "00401", []),
    "810_2": (["810"], "*>~", "00401", [BOM]),
    "810_3": (["810"], "*>\r", "00040", [BOM, LAST]),
    "810_4": (["810"], "|>~", "00401", []),
    "810_5": (["810"], "*>~", "00401", [SHORT, BOM]),
    "810_6": (["810", "810"], "*>~", "00401", []),
    "850_1": (["850"], "*~|", "00400", [BOM]),
    "850_2": (["850"], "~>*", "00300", [SHORT, BOM]),
    "850_3": (["850"], "*>~", "00401", [SHORT]),
    "850_4": (["850"], "*@!", "00300", [SHORT, "X12-I106"]),
    "850_5": (["850"], "*:~", "00401", []),
    "850_6": (["850"], "*>~", "00401", [SHORT, BOM, WRONG]),
    "855_1": (["855"], "*>\r", "00400", [BOM, LAST]),
    "855_2": (["855"], "*{~", "00400", []),
    "855_3": (["855"], "*:~", "00401", []),
    "855_4": (["855"], "*:~", "00401", []),
    "856_1": (["856"], "~`*", "00401", [BOM]),
    "856_2": (["856"], "*:~", "00401", [BOM]),
    "856_3": (["856"], "*>~", "00401", [BOM]),
    "856_4": (["856", "856"], "*@!", "00200", [SHORT]),
    "856_healthcare_udi": (["856"], "*>~", "00401", []),
    "997_1": (["997"], "*`\n", "00400", [SHORT]),
    "997_2": (["997"], "*:~", "00501", []),
    "997_3": (["997"], "*:~", "00501", ["X12-G10", "X12-G11", "X12-G04"]),
    "820_1": (["820"], "*>\r", "00040", [BOM, LAST]),
    "824_1": (["824"], "*_\r", "00401", [BOM, LAST]),
    "830_1": (["830"], "*>\n", "00400", [SHORT]),
    "832_1_healthcare": (["832"], "^>~", "00040", [BOM]),
    "832_2_healthcare": (["832"], "*:~", "00602", []),
    "846_1": (["846"], "~>}", "00401", [BOM]),
    "846_healthcare": (["846"], "*>~", "00401", []),
    "861_1": (["861"], "*>~", "00401", []),
    "862_1": (["862"], "*>~", "00401", []),
    "865_1": (["865"], "*:\r", "00401", [BOM, LAST]),
    "867_1": (["867"], "^>~", "00401", [BOM]),
    "940_1": (["940"], "*>~", "00401", []),
    "943_1": (["943"], "*>~", "00401", []),
    "944_1": (["944"], "*>~", "00401", []),
    "945_1": (["945"], "*>~", "00401", []),
    "999_1": (["999"], "*:~", "00501", [BOM]),
    "TA1_1": ([], "*^~", "00401", [BOM]),
    "mockedi_855": (["855"], "*>~", "00401", []),
    "mockedi_856": (["856"], "*>~", "00401", []),
}


@pytest.mark.parametrize("name", sorted(FOUND))
def test_real_files_are_read_as_the_readme_describes_them(name: str) -> None:
    data = the_file(f"x12/{name}.edi")
    sets, marks, version, rules = FOUND[name]
    assert FORMAT.sniff(data[:4096])
    messages, interchanges = [], []
    for event in FORMAT.read(io.BytesIO(data), LENIENT):
        if event.kind == "message":
            messages.append(event.message)
        elif event.kind == "interchange_end":
            interchanges.append(event.interchange)
    assert [message.type for message in messages] == sets
    (interchange,) = interchanges
    assert "".join(interchange.delimiters[mark] for mark in ("element", "component", "segment")) == marks
    assert interchange.header[11] == version
    assert sorted(rules_of(data, LENIENT)) == sorted(rules)
    for message in messages:
        text = data[message.offset : message.offset + message.length].decode("latin-1")
        assert text.startswith("ST" + marks[0] + message.type)
        last = text.rstrip(marks[2]).split(marks[2])[-1].lstrip("\r\n\t ").split(marks[0])
        assert last[0] == "SE" and last[2] == message.control
        assert not any(finding.rule.startswith("X12-M") for finding in message.findings)
        assert message.root is not None


@pytest.mark.parametrize("name", sorted(name for name, facts in FOUND.items() if SHORT in facts[3]))
def test_an_isa_without_its_width_is_refused_unless_agreed(name: str) -> None:
    data = the_file(f"x12/{name}.edi")
    (scanned,) = scan(io.BytesIO(data))
    assert not scanned.accepted
    (verdict,) = verdicts(FORMAT.read(io.BytesIO(data), Profile()), Profile())
    assert (verdict.verdict, verdict.note, verdict.groups) == ("R", "022", ())


@pytest.mark.parametrize("path", sorted(path.name for path in (FOLDER / "x12").glob("*.edi")))
def test_every_file_ends_in_a_verdict(path: str) -> None:
    for profile in (Profile(), LENIENT):
        events = list(FORMAT.read(io.BytesIO(the_file(f"x12/{path}")), profile))
        assert events[-1].kind == "interchange_end"


def test_a_wrong_segment_count_is_the_sets_fault_alone() -> None:
    data = the_file("x12/860_1.edi")
    (message,) = [event.message for event in FORMAT.read(io.BytesIO(data), LENIENT) if event.message]
    counted = [finding for finding in message.findings if finding.rule == "X12-M04"]
    assert [(finding.expected, finding.got) for finding in counted] == [("9", "10")]
    assert has_error(message.findings)

"""The reference collection's EDIFACT files: envelope facts that its README states, answers that it expects, and a verdict on each."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.formats.edifact import ANSWERING, FORMAT
from connectors.formats.edifact.separators import Separators, Translation
from connectors.spec import STRICT, Envelope
from data_contracts.findings import Finding, has_error
from tests.connectors.formats.edifact.samples import events, messages, received

pytestmark = pytest.mark.reference

FOLDER = Path(os.environ.get("UDIHUB_REFERENCE", "/nonexistent")) / "edi"
BACK = Envelope("14:US", "14:THEM", 77, 5, 9, datetime(2026, 11, 22, 9, 0, tzinfo=UTC), version="")

# file -> segments of the CONTRL between UNH and UNT
ANSWERS: dict[str, list[str]] = {
    "desadv_unt": ["UCI+2444044+0761270287552:14+0761289689484:14+7", "UCM+1+DESADV:D:96A:UN:EAN005+4+29+UNT+2"],
    "desadv_unz_ref": ["UCI+6195046+0761295016298:14+0761253454162:14+4+28+UNZ+3"],
    "orders_no_una_default": [
        "UCI+7661210+0761293830223:14+0761265830251:14+7",
        *("UCM+1+ORDERS:D:96A:UN:EAN005+4", "UCS+7", "UCD+37+2:2"),
    ],
}

Facts = tuple[list[str], list[str], list[list[str]]]
"""Messages (type, version, reference), rules of the envelope, rules of each message."""

FOUND: dict[str, Facts] = {
    # a second UNB before UNZ, a UNB without reference, a UNZ with another one
    "APERAK_1": (
        ["APERAK D.96A 041310181"],
        [*["EDF-I13"] * 3, "EDF-I12", "EDF-I12", "EDF-I13", "EDF-I13", "EDF-I28"],
        [[]],
    ),
    "APERAK_2": (["APERAK D.96A 1"], ["EDF-I109"], [["EDF-M29", "EDF-E101"]]),
    "DESADV_1": (["DESADV 0.96A 142"], [], [["EDF-E39"]]),
    "DESADV_healthcare": (["DESADV D.96A 1"], [], [[]]),
    "INVOIC_1": (["INVOIC D.03B 30"], ["EDF-I12"], [["EDF-S102"]]),
    "INVOIC_2": (["INVOIC D.97B 00000000000117"], ["EDF-I111"], [["EDF-E101"]]),
    "INVOIC_3": (["INVOIC D.93A INVOIC0001"], ["EDF-I111", "EDF-I109"], [["EDF-E101"]]),
    "INVOIC_4": (["INVOIC D.97A 1"], [], [[]]),
    "INVRPT_1": (["INVRPT D.96A 1"], [], [[]]),
    "ORDERS_1": (["ORDERS D.96B 1"], ["EDF-G12"], [["EDF-M29"]]),
    "ORDERS_2": (["ORDERS D.96A 1"], ["EDF-I12", "EDF-I13"], [[]]),
    "ORDRSP_1": (["ORDRSP D.10A 9IMX20YSP0009"], ["EDF-I28"], [["EDF-M28", "EDF-M29", "EDF-S15", "EDF-S15"]]),
    "PARTIN_1": (["PARTIN D.96A 1"], [], [[]]),
    "PRICAT_1": (["PRICAT D.96A 1"], [], [[]]),
    "QUOTES_multi": (
        ["QUOTES D.96A 1", "QUOTES D.96A 1"],
        ["EDF-I107", "EDF-I28"],
        [["EDF-M14", "EDF-M29"], ["EDF-M14", "EDF-M26", "EDF-M29"]],
    ),
    "RECADV_1": (["RECADV D.96A 1"], [], [[]]),
    "SLSRPT_1": (["SLSRPT D.96A 1"], [], [[]]),
    "mockedi_CONTRL": (["CONTRL D.3 1"], [], [[]]),
    "mockedi_DESADV": (["DESADV D.96A 3"], [], [[]]),
    "release_char": (["PAORES 93.1 1"], ["EDF-I110"], [["EDF-M14", "EDF-M29"]]),
    "wrapped": (["PAORES 93.1 1"], ["EDF-I110"], [["EDF-M14"]]),
}

# file -> what UNT says and what was counted, in order
COUNTS = {"APERAK_2": ["8 7"], "ORDERS_1": ["21 18"], "ORDRSP_1": ["17 31"], "QUOTES_multi": ["158 31"] * 2, "release_char": ["14 23"]}


def the_file(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def envelope_rules(data: bytes) -> list[Finding]:
    found: list[Finding] = []
    for event in events(data):
        if event.kind == "interchange_end" and event.interchange is not None:
            found += event.interchange.findings
        elif event.kind == "group_end" and event.group is not None:
            found += event.group.findings
    return found


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_broken_files_get_the_expected_answer(name: str) -> None:
    (came,) = received(the_file(f"broken/{name}.edi"))
    word, content = ANSWERING.write("CONTRL", came, BACK, STRICT)
    segments = content.decode("latin-1").split("'")
    assert word == "rejected"
    assert segments[1:3] == ["UNB+UNOC:3+US:14+THEM:14+261122:0900+77", "UNH+9+CONTRL:D:3:UN"]
    assert segments[3:-3] == ANSWERS[name]
    assert segments[-3:] == [f"UNT+{len(ANSWERS[name]) + 2}+9", "UNZ+1+77", ""]
    assert [one.findings for one in messages(content)] == [[]]


@pytest.mark.parametrize("name", sorted(FOUND))
def test_real_files_are_read_as_the_readme_describes_them(name: str) -> None:
    data = the_file(f"edifact/{name}.edi")
    kinds, around, inside = FOUND[name]
    assert FORMAT.sniff(data[:4096])
    found = messages(data)
    assert [f"{one.type} {one.version} {one.control}" for one in found] == kinds
    assert [finding.rule for finding in envelope_rules(data)] == around
    assert [[finding.rule for finding in one.findings] for one in found] == inside
    counted = [f"{finding.got} {finding.expected}" for one in found for finding in one.findings if finding.rule == "EDF-M29"]
    assert counted == COUNTS.get(name, [])
    for one in found:
        text = data[one.offset : one.offset + one.length]
        assert text.startswith(b"UNH") and text.endswith(b"'") and b"UNT+" in text[-25:]


def test_nothing_of_the_collection_is_left_out() -> None:
    assert {path.stem for path in (FOLDER / "edifact").glob("*.edi")} == set(FOUND)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_every_file_ends_in_a_verdict_with_its_reason(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = the_file(f"edifact/{name}.edi")
    spoken_of = [one for one in messages(data) if one.type not in ANSWERING.answers - ANSWERING.answered]
    for came in received(data):
        word, content = ANSWERING.write("CONTRL", came, BACK, STRICT)
        errors = [finding for finding in came.findings if finding.severity == "error"]
        inside = [finding for one in spoken_of for finding in one.findings if finding.severity == "error"]
        assert has_error([*errors, *inside]) == (word != "accepted")
        assert [one.type for one in messages(content)] == ["CONTRL"]
        with capsys.disabled():
            print(f"\n  {name}: {word}", *(f"{one.rule} {one.text()}" for one in [*errors, *inside][:2]), sep=" | ", end="")


def test_release_characters_of_the_sample() -> None:
    text = the_file("edifact/release_char.edi").decode().split("\n", 1)[1].replace("\n", "")
    cut = Translation(Separators()).segments(text, None).segments
    lines = [segment.split("\x1d", 2)[2] for segment in cut if segment.startswith("IFT")]
    assert lines == [
        "XYZCOMPANY AVAILABILITY",
        "NO MORE FLIGHTS 1",
        "NO MORE FLIGHTS 2?",
        "NO MORE ' FLIGHTS 3",
        "NO MORE ? FLIGHTS 3",
        "NO MORE ?' FLIGHTS 3",
        "FIELD 1\x1dFIELD 2",
        "FIELD 1?\x1dFIELD 2",
        "FIELD 1?+FIELD 2",
        "FIELD 1.1\x1fFIELD 1.2",
        "FIELD 1.1?\x1fFIELD 1.2",
        "FIELD 1.1?:FIELD 1.2",
    ]


def test_a_partners_control_message_is_heard() -> None:
    (control,) = messages(the_file("edifact/mockedi_CONTRL.edi"))
    interchange, order = ANSWERING.read(control)
    assert (interchange.level, interchange.verdict, interchange.control) == ("interchange", "accepted", "0000077")
    assert (order.level, order.verdict, order.message_type, order.message_control) == ("message", "accepted", "ORDERS", "1")


@pytest.mark.parametrize(("name", "verdict", "number"), [("APERAK_1", "accepted", "4506701767"), ("APERAK_2", "received", "PO123456")])
def test_partners_application_errors_are_heard(name: str, verdict: str, number: str) -> None:
    # APERAK_2 holds an ERC 1 of its guide's own, whose text says "accepted": a code that no agreement explains refuses nothing.
    (found,) = messages(the_file(f"edifact/{name}.edi"))
    assert [(said.verdict, said.number) for said in ANSWERING.read(found)] == [(verdict, number)]


def test_the_dirt_of_the_collection_is_taken_in_any_mixture() -> None:
    """All files of the folder in one, one after the other: each interchange is read as it is alone."""
    names = sorted(name for name in FOUND if name not in ("ORDERS_2",))  # it has no UNZ: what follows would be said of it
    together = b"\r\n".join(the_file(f"edifact/{name}.edi") for name in names)
    apart = [(one.type, one.control, one.length) for name in names for one in messages(the_file(f"edifact/{name}.edi"))]
    found = list(FORMAT.read(io.BytesIO(together), STRICT))
    assert [(event.message.type, event.message.control, event.message.length) for event in found if event.message is not None] == apart

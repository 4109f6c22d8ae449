"""Whatever comes, what we answer is valid: our own reader finds nothing wrong with any acknowledgement that we write.

Documents are damaged in any element, envelopes first; each is read, answered by every acknowledgement that its standard has, and the answer
read again. A partner's translator throws an invalid acknowledgement away, and then nobody is told anything.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.answering import Answering, Judgement, Received, groups_spoken_of, never_answered
from connectors.formats.x12.patterns import SHORT_DATE
from connectors.registry import answering_of, format_named
from connectors.spec import STRICT, Envelope
from data_contracts.findings import Finding, Place, has_error
from data_contracts.source import ReadEvent
from tests.connectors.formats.edifact import samples
from tests.connectors.formats.x12.samples import ORDER, group, interchange, isa, transaction
from tests.connectors.reading import read
from tests.effort import examples

BACK = Envelope("", "", 501, 601, 701, datetime(2026, 11, 22, 15, 30, tzinfo=UTC))
WRONG = (
    Finding("GS1-01", Place("PO1", 9, 7), "1", "2"),
    Finding("ITM-01", Place("GARBAGE", 12, 107, path="/PO1"), got="É" * 80),
    Finding("QTY-01", got="x"),
)
NASTY = [
    "",
    " ",
    "0",
    "1",
    "GARBAGE",
    "ABC123",
    "X" * 40,
    "9" * 12,
    "2611",
    "8500",
    "beg",
    "A B",
    "é",
    "药",
    "\x01",
    "a*b",
    "a:b",
    "a?b",
    "5010X",
]
VALUES = st.sampled_from(NASTY) | st.text("AB1 z?*:+.,é药", max_size=8)
DAMAGE = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 15), VALUES), min_size=1, max_size=4)
_TA1 = re.compile(rf"TA1\*[0-9]{{9}}\*{SHORT_DATE}\*[0-9]{{4}}\*[AER]\*[0-9]{{3}}")


def received(syntax: str, answering: Answering, document: bytes) -> list[Received]:
    """Each interchange of a document, with two documents judged: one refused, one in part."""
    found: list[Received] = []
    judgements: list[Judgement] = []

    def close() -> None:
        if found and not has_error(found[-1].interchange.findings):
            found[-1].judgements = tuple(judgements)
        judgements.clear()

    event: ReadEvent
    for event in format_named(syntax).read(io.BytesIO(document), STRICT, None):
        if event.kind == "interchange" and event.interchange is not None:
            found.append(Received(event.interchange, [], [], [], False))
        elif event.kind == "group_end" and event.group is not None:
            found[-1].groups = [*found[-1].groups, event.group]
        elif event.message is not None and not never_answered(answering, event.message.type, event.group):
            one, ordinal = event.message, event.group.ordinal if event.group is not None else 0
            refusal = Finding("AGR-01", code=answering.refusals.message[1]) if one.ordinal % 3 == 0 else None
            found[-1].verdicts = [*found[-1].verdicts, (ordinal, answering.remember(one, event.group, STRICT, refusal))]
            if one.ordinal % 2:
                judgements.append(Judgement(one.type, one.version, one.control, ordinal, "4500 É*1", "rejected", WRONG))
            else:
                judgements.append(Judgement(one.type, one.version, one.control, ordinal, None, "accepted"))
        elif event.kind == "interchange_end":
            close()
    for known in found:
        known.findings = list(known.interchange.findings)
        known.refused = has_error(known.findings)
        known.groups = groups_spoken_of(answering, known.groups)
    return found


def check(syntax: str, document: bytes, kinds: tuple[str, ...]) -> None:
    """Read, answer, read the answers. An answer that cannot be written (ACK-04) is told to a person and is none."""
    answering = answering_of(syntax)
    assert answering is not None
    for one in received(syntax, answering, document):
        first = one.groups[0] if one.groups else None
        back = replace(
            BACK,
            sender=one.interchange.receiver or "",
            receiver=one.interchange.sender or "",
            version=(first.version or "") if first is not None else "",
            test=one.interchange.test,
            group_sender=first.receiver if first is not None else None,
            group_receiver=first.sender if first is not None else None,
        )
        for kind in kinds:
            if (one.refused and kind in ("997", "999", "824", "APERAK")) or (kind in ("824", "APERAK") and not one.judgements):
                continue
            try:
                _, content = answering.write(kind, one, back, STRICT)
            except ValueError as error:
                # Of a CONTRL only the envelope may be impossible: a name to which no answer can go, or from which none can come.
                assert kind != "CONTRL" or str(error).startswith("UNB "), (error, document)
                continue
            if not content:
                continue
            again = read(syntax, content)
            said = [finding.text() for message in again.messages for finding in message.findings]
            assert (said, [finding.text() for finding in again.around]) == ([], []), content.decode("latin-1")
            assert again.unreadable is None
            if kind == "TA1":
                assert _TA1.search(content.decode("latin-1")), content
            else:
                assert again.messages


def damaged(segments: list[str], mark: str, damage: list[tuple[int, int, str]], frame: list[int]) -> list[str]:
    """Segments with values of theirs replaced: even numbers damage an envelope, odd ones any segment; element 0 is the tag."""
    lines = [segment.split(mark) for segment in segments]
    for where, element, value in damage:
        line = lines[frame[where // 2 % len(frame)] if where % 2 == 0 else where % len(lines)]
        place = element % len(line)
        line[place] = (
            value[: len(line[place])].ljust(len(line[place]))
            if line[0] == "ISA" and place
            else value
            if place or line[0] != "ISA"
            else "ISA"
        )
    return [mark.join(line) for line in lines]


def x12(version: str, damage: list[tuple[int, int, str]]) -> bytes:
    header = isa("000000001", version[:5], "U" if version < "004020" else "^")
    whole = interchange(
        [
            group([transaction("850", ORDER), transaction("850", ORDER, "0002"), transaction("850", ORDER, "0003")], version=version),
            group([transaction("850", ORDER)], control="2", version=version),
        ],
        header,
    )
    segments = whole.decode().split("~")[:-1]
    frame = [place for place, segment in enumerate(segments) if segment[:2] in ("GS", "ST", "SE", "GE")]
    return ("~".join(damaged(segments, "*", damage, [0, *frame, len(segments) - 1])) + "~").encode()


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(["004010", "005010", "006020"]), DAMAGE)
def test_every_answer_to_a_damaged_x12_interchange_is_valid(version: str, damage: list[tuple[int, int, str]]) -> None:
    check("x12", x12(version, damage), ("TA1", "997", "999", "824"))


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        (b"~CUR*BY*EUR~", b"~GARBAGE*1~", "AK2*850*0001~AK5*R*5~"),
        (b"ST*850*0001", b"ST*8500*1", "AK1*PO*1~AK2*850*0002~AK5*A~AK2*850*0003~AK5*R*1~AK9*P*3*3*1~"),
    ],
)
def test_what_no_997_can_name_is_left_out_and_still_refused(old: bytes, new: bytes, answer: str) -> None:
    answering = answering_of("x12")
    assert answering is not None
    document = x12("004010", []).replace(old, new, 1)
    if new.startswith(b"ST"):
        document = document.replace(b"SE*13*0001", b"SE*13*1", 1)
    (one,) = received("x12", answering, document)
    _, content = answering.write("997", one, replace(BACK, sender="ZZ:A", receiver="ZZ:B"), STRICT)
    assert answer in content.decode()


@pytest.mark.parametrize("number", [b"ABC123", b"0000000001", b""])
def test_a_group_that_no_997_can_name_refuses_its_interchange(number: bytes) -> None:
    answering = answering_of("x12")
    assert answering is not None
    (one,) = received("x12", answering, x12("004010", []).replace(b"*1415*2*X*", b"*1415*" + number + b"*X*"))
    assert one.refused
    _, content = answering.write("TA1", one, replace(BACK, sender="ZZ:A", receiver="ZZ:B"), STRICT)
    assert b"TA1*000000001*261122*1415*R*024~" in content


EDIFACT_NASTY = [
    *NASTY,
    *("ORDERS:D:96A:UN", "ORDERS:D", "::::", ":", "A:B:C:D:E:F:G:H", "UNOC", "UNOC:", "UNOB:3", "UNOA:1", "UNOZ:9", "UNOC:4:1:2:3"),
    *("7640123000001", "x'y", "UNT", "?", "1?+1", "rheintal \u00e4", "1*1", "W" * 12),
]
EDIFACT_DAMAGE = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 15), st.sampled_from(EDIFACT_NASTY) | VALUES), min_size=1, max_size=4
)
SYNTAXES = ["1", "2", "3", "4"]
VERSIONS = ["D:96A:UN", "D:96A:UN:EAN008", "D:01B:UN", "D:01B:UN:EAN010"]


def edifact(syntax: str, version: str, grouped: bool, damage: list[tuple[int, int, str]], identifier: str = "UNOC") -> bytes:
    """Three messages, or two groups of one, in this syntax and directory."""
    texts = [
        samples.message("ORDERS", samples.ORDER, "1", version),
        samples.message("DESADV", samples.DESPATCH, "2", version),
        samples.message("ORDERS", samples.ORDER, "3", version),
    ]
    parts = [samples.group(texts[:1]), samples.group(texts[1:2], "DESADV", "10")] if grouped else texts
    segments = [samples.UNB.replace("UNOC:3", f"{identifier}:{syntax}"), *(one for part in parts for one in part), f"UNZ+{len(parts)}+4711"]
    if syntax == "4":
        segments = [one.replace("+261122:1415+", "+20261122:1415+") for one in segments]
    frame = [place for place, one in enumerate(segments) if one.startswith("UN") and not one.startswith("UNS")]
    return ("'".join(damaged(segments, "+", damage, frame)) + "'").encode()


@settings(max_examples=examples(400), deadline=None)
@given(
    st.sampled_from(SYNTAXES),
    st.sampled_from(VERSIONS),
    st.booleans(),
    EDIFACT_DAMAGE,
    st.sampled_from(["UNOA", "UNOB", "UNOC", "UNOE", "UNOY"]),
)
def test_every_answer_to_a_damaged_edifact_interchange_is_valid(
    syntax: str, version: str, grouped: bool, damage: list[tuple[int, int, str]], identifier: str
) -> None:
    check("edifact", edifact(syntax, version, grouped, damage, identifier), ("CONTRL", "APERAK"))


FAULTS: dict[str, tuple[str, str]] = {
    "nothing": ("", ""),
    "no version of the syntax": (":{syntax}+7612345000008:14", "+7612345000008:14"),
    "a version of the syntax that there is not": (":{syntax}+", ":9+"),
    "a repertoire that there is not": ("UNOC", "UNOZ"),
    "a sender too long": ("7612345000008:14+7640123000001:14+{date}", "7612345000008:14:" + "S" * 40 + "+7640123000001:14+{date}"),
    "a reference of the interchange too long": ("+4711'", "+" + "4711" * 5 + "'"),
    "a reference of the interchange in parts": ("+4711'", "+47:11'"),
    "no reference of the interchange": ("{date}:1415+4711'", "{date}:1415'"),
    "another reference at the end": ("UNZ+3+4711", "UNZ+3+4712"),
    "another count at the end": ("UNZ+3", "UNZ+33333333"),
    "no end": ("UNZ+3+4711'", ""),
    "an echo asked for": ("+4711'", "+4711++++++3'"),
    "a UNB with surplus": ("+4711'", "+4711" + "+1" * 14 + "'"),
    "a message without reference": ("UNH+2+", "UNH++"),
    "a reference of a message too long": ("UNH+2+", "UNH+" + "2" * 20 + "+"),
    "a reference of a message that no charset of the answer has": ("UNH+2+", "UNH+\u836f2+"),
    "a reference that was used": ("UNH+2+", "UNH+1+"),
    "a message without identifier": ("UNH+2+DESADV:{version}", "UNH+2"),
    "a message without version": ("UNH+2+DESADV:{version}", "UNH+2+DESADV"),
    "a message without type": ("UNH+2+DESADV:", "UNH+2+:"),
    "an unknown type, too long": ("UNH+2+DESADV:", "UNH+2+DESPATCHADVICE:"),
    "an unknown directory": ("DESADV:D:", "DESADV:DRAFT:"),
    "an identifier in too many parts": ("DESADV:{version}", "DESADV:{version}:1:2:3:4:5"),
    "an identifier that repeats": ("DESADV:{version}", "DESADV:{version}*DESADV"),
    "another reference in UNT": ("UNT+16+2", "UNT+16+9"),
    "another count in UNT": ("UNT+16+2", "UNT+17+2"),
    "no UNT": ("UNT+16+2'", ""),
    "an unknown segment": ("CPS+1'", "CPS+1'XYZ+1'"),
    "a segment missing": ("BGM+351+DA00000001+9'", ""),
    "segments too often": ("BGM+351+DA00000001+9'", "BGM+351+DA00000001+9'" * 3),
    "a code that is none": ("UNS+S", "UNS+Q"),
    "an element missing": ("QTY+12:12:PCE", "QTY+:12:PCE"),
    "an element too long": ("QTY+12:12:PCE", "QTY+12:12:PCEPCEPCE"),
    "a number that is none": ("QTY+12:12:PCE", "QTY+12:ABC:PCE"),
    "a decimal mark alone": ("QTY+12:12:PCE", "QTY+12:.5:PCE"),
    "two decimal marks": ("QTY+12:12:PCE", "QTY+12:1.2.3:PCE"),
    "surplus": ("QTY+12:12:PCE", "QTY+12:12:PCE:1:2:3+1+2+3"),
    "a character of control": ("QTY+12:12:PCE", "QTY+12:12:P\x01E"),
    "a segment outside of everything": ("UNH+2+", "LIN+1'UNH+2+"),
    "a group among messages": ("UNH+2+", "UNG+DESADV+A:14+B:14+{date}:1415+7+UN+D:96A'UNH+2+"),
    "a group without reference": ("UNH+2+", "UNG+DESADV+A:14+B:14+{date}:1415++UN+D:96A'UNH+2+"),
    "a group of names too long": ("UNH+2+", "UNG+DESADV+" + "A" * 40 + ":14+:14+{date}:1415+" + "7" * 20 + "+UN+D:96A'UNH+2+"),
}
"""What is wrong, and how an interchange of three messages comes by it."""


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_an_interchange_is_answered_by_a_valid_control_message(fault: str, syntax: str) -> None:
    answering = answering_of("edifact")
    assert answering is not None
    for version in VERSIONS:
        date = "20261122" if syntax == "4" else "261122"
        old, new = (text.format(syntax=syntax, version=version, date=date) for text in FAULTS[fault])
        document = edifact(syntax, version, False, []).decode()
        assert old in document, fault
        content = document.replace(old, new, 1).encode() if old else document.encode()
        (one,) = received("edifact", answering, content)
        back = replace(BACK, sender=one.interchange.receiver or "", receiver=one.interchange.sender or "", version="")
        assert answering.write("CONTRL", one, back, STRICT)[1]
        check("edifact", content, ("CONTRL", "APERAK"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("UNOC:3+", "UNOC+", "UCI+4711+7612345000008:14+7640123000001:14+4+13+UNB+2:2'"),
        ("UNH+2+", "UNH++", "UCM+-+DESADV:D:96A:UN+4+13+UNH+2'"),
        ("UNH+2+DESADV:D:96A:UN", "UNH+2+DESADV", "UCM+2+DESADV:-:-:-+4+13+UNH+3:2'"),
        ("UNH+2+DESADV", "UNH+2+DESPATCHADVICE", "UCM+2+DESPAT:D:96A:UN+4+39+UNH+3:1'"),
    ],
)
def test_what_a_control_message_cannot_repeat_is_cut_and_marked(old: str, new: str, said: str) -> None:
    answering = answering_of("edifact")
    assert answering is not None
    (one,) = received("edifact", answering, edifact("3", "D:96A:UN", False, []).decode().replace(old, new, 1).encode())
    back = replace(BACK, sender=one.interchange.receiver or "", receiver=one.interchange.sender or "", version="")
    assert said in answering.write("CONTRL", one, back, STRICT)[1].decode()

"""Answers: exact segments, valid by our own grammar, and read back as what they say."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats.x12 import ANSWERING
from connectors.formats.x12.acknowledge import functional_acknowledgement, functional_groups, interchange_acknowledgement
from connectors.formats.x12.answers import read_functional_acknowledgement
from connectors.formats.x12.verdicts import ElementError, GroupVerdict, InterchangeVerdict, MessageVerdict, SegmentError
from connectors.spec import Envelope, Profile
from tests.connectors.formats.x12.samples import (
    DESPATCH,
    ORDER,
    envelope_findings,
    events,
    group,
    interchange,
    isa,
    messages,
    one,
    transaction,
    verdict,
)
from tests.effort import examples

CONTROLS = Envelope("ZZ:NOVACARE", "ZZ:RHEINTAL", 501, 601, 701, datetime(2026, 11, 22, 15, 30, tzinfo=UTC))
BAD = ("BEG*ZZ*SA*1**20261122", *ORDER[1:])


def answer(document: bytes, profile: Profile | None = None, controls: Envelope = CONTROLS) -> list[str]:
    """The segments of the 997 on a document."""
    return functional_acknowledgement(verdict(document, profile or Profile()).groups, controls).decode().split("~")[:-1]


def test_a_partly_accepted_group() -> None:
    document = interchange([group([transaction("850", ORDER), transaction("850", BAD, "0002"), transaction("850", ORDER, "0003")])])
    assert answer(document) == [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'NOVACARE':15}*ZZ*{'RHEINTAL':15}*261122*1530*U*00401*000000501*0*P*:",
        "GS*FA*NOVACARE*RHEINTAL*20261122*1530*601*X*004010",
        "ST*997*0701",
        "AK1*PO*1",
        *("AK2*850*0001", "AK5*A"),
        *("AK2*850*0002", "AK3*BEG*2**8", "AK4*1*353*7*ZZ", "AK5*R*5"),
        *("AK2*850*0003", "AK5*A"),
        *("AK9*P*3*3*2", "SE*12*0701", "GE*1*601", "IEA*1*000000501"),
    ]


def test_errors_are_taken_where_the_agreement_says_so() -> None:
    profile = Profile(accept_with_errors=True)
    document = interchange([group([transaction("850", ORDER), transaction("850", BAD, "0002")])])
    assert [line for line in answer(document, profile) if line[:3] in ("AK5", "AK9")] == ["AK5*A", "AK5*E*5", "AK9*E*2*2*2"]
    # ... but never one that was given up as too large to be read,
    small = Profile(accept_with_errors=True, options={"max_segments": 5})
    long = one("850", [*ORDER[:-1], *[ORDER[7]] * 200])
    assert [line for line in answer(long, small) if line[:3] in ("AK5", "AK9")] == ["AK5*R*5", "AK9*R*1*1*0"]
    # nor one whose envelope is wrong.
    document = one("850", BAD).replace(b"SE*13*", b"SE*99*")
    assert [line for line in answer(document, profile) if line[:3] in ("AK5", "AK9")] == ["AK5*R*4*5", "AK9*R*1*1*0"]


def test_groups_are_answered_each_by_a_set_and_acknowledgements_never() -> None:
    lines = [
        group([transaction("850", ORDER)]),
        group([transaction("997", ["AK1*SH*3", "AK9*A*1*1*1"])], "FA", "2"),
        group([transaction("856", DESPATCH)], "SH", "3"),
    ]
    found = answer(interchange(lines))
    assert [line for line in found if line[:3] in ("ST*", "AK1", "GE*")] == [
        "ST*997*0701",
        "AK1*PO*1",
        "ST*997*0702",
        "AK1*SH*3",
        "GE*2*601",
    ]
    assert functional_acknowledgement(verdict(interchange(lines[1:2])).groups, CONTROLS) == b""


def test_the_answer_is_in_the_version_of_the_group() -> None:
    fives = one("850", ORDER, "005010")
    controls = Envelope("ZZ:A", "ZZ:B", 1, 1, 1, CONTROLS.created_at, version="005010", test=True)
    found = answer(fives, controls=controls)
    assert found[0].endswith("*^*00501*000000001*0*T*:") and found[1].endswith("*X*005010")
    assert "AK1*PO*1*005010" in found
    latest = answer(one("850", ORDER, "006020"), controls=Envelope("ZZ:A", "ZZ:B", 1, 1, 1, CONTROLS.created_at, version="006020"))
    assert latest[0].endswith("*^*00602*000000001*0*P*:") and latest[1].endswith("*X*006020")
    assert "AK1*PO*1*006020" in latest
    mixed = interchange([group([transaction("850", ORDER)]), group([transaction("856", DESPATCH)], "SH", "2", "003060")])
    groups = verdict(mixed).groups
    assert functional_groups(groups) == 2
    found = functional_acknowledgement(groups, CONTROLS).decode().split("~")
    assert [line.split("*")[4:] for line in found if line.startswith("GS")] == [
        ["20261122", "1530", "601", "X", "004010"],
        ["261122", "1530", "602", "X", "003060"],
    ]
    assert found[-2] == "IEA*2*000000501"


def test_a_set_whose_number_is_filled_up_with_blanks_is_named_without_them() -> None:
    document = one("850", ORDER).replace(b"ST*850*0001", b"ST*850*0001 ").replace(b"SE*13*0001", b"SE*13*0001 ")
    found = [line for line in answer(document) if line.startswith(("AK2", "AK5"))]
    assert found[0] == "AK2*850*0001" and found[1].startswith("AK5*R*")


@pytest.mark.parametrize("code", ["QQ", "PO"])
def test_sets_of_an_unsupported_group_are_not_spoken_of(code: str) -> None:
    document = one("850", ORDER).replace(b"GS*PO", f"GS*{code}".encode()).replace(b"*X*004010", b"*X*004010" if code == "QQ" else b"*X*9")
    assert [line for line in answer(document) if line.startswith("AK")] == [
        f"AK1*{code}*1",
        f"AK9*R*1*1*0*{'1' if code == 'QQ' else '2'}",
    ]


def test_bad_values_that_the_answer_cannot_carry_are_left_out() -> None:
    def fourth(value: str, controls: Envelope = CONTROLS) -> str:
        (line,) = [line for line in answer(one("850", [f"BEG*{value}*SA*1**20261122", *ORDER[1:]]), controls=controls) if line[:3] == "AK4"]
        return line

    assert fourth("ZZ") == "AK4*1*353*7*ZZ"
    assert fourth("A:") == "AK4*1*353*7"  # the answer's component separator
    assert fourth("É") == "AK4*1*353*6"
    assert fourth("\x01") == "AK4*1*353*6"
    assert fourth("X" * 120) == "AK4*1*353*5"
    bars = Envelope("ZZ:A", "ZZ:B", 1, 1, 1, CONTROLS.created_at, delimiters={"element": "|", "segment": "~", "component": "<"})
    lines = functional_acknowledgement(verdict(one("850", ["BEG*A|*SA*1**20261122", *ORDER[1:]])).groups, bars).decode().split("~")
    assert "AK4|1|353|7" in lines


def test_components_and_repetitions_are_addressed() -> None:
    errors = (SegmentError("MEA", 4, "8", "HL", (ElementError(4, "7", 1, 2, "355", "XX"),)),)
    group_of = GroupVerdict("SH", "9", "005010", "R", "1", 1, 0, (), (MessageVerdict("856", "0001", "R", ("5",), errors),))
    controls = Envelope("ZZ:A", "ZZ:B", 1, 1, 1, CONTROLS.created_at, version="005010")
    assert "AK4*4:1:2*355*7*XX" in functional_acknowledgement([group_of], controls).decode()


def test_a_rejected_interchange_gets_a_note_and_nothing_else() -> None:
    document = one("850", ORDER).replace(b"IEA*1*000000001", b"IEA*1*000000002")
    found = verdict(document)
    lines = interchange_acknowledgement(found.header, found.note, found.verdict, CONTROLS).decode().split("~")
    assert lines[1:] == ["TA1*000000001*261122*1415*R*001", "IEA*0*000000501", ""]
    (told,) = [event.detail for event in events("~".join(lines).encode()) if event.kind == "acknowledgement"]
    assert told["note"] == "001" and told["control"] == "000000001"


def test_an_identity_that_holds_a_delimiter_cannot_be_written() -> None:
    controls = Envelope("ZZ:A*B", "ZZ:B", 1, 1, 1, CONTROLS.created_at)
    with pytest.raises(ValueError, match="delimiter"):
        interchange_acknowledgement([""] * 16, "000", "A", controls)


def test_delimiters_that_the_agreement_takes_are_left_to_it() -> None:
    controls = Envelope("ZZ:A", "ZZ:B", 1, 1, 1, CONTROLS.created_at, delimiters={"element": ":"})
    text = interchange_acknowledgement([""] * 16, "000", "A", controls).decode()
    assert text[3] == ":" and text[104] == ">" and len(text.split("~")[0]) == 105


CODE = st.sampled_from(["1", "2", "3", "4", "5", "6", "7"])
WORDS = st.text("ABC 019./-", min_size=1, max_size=12).map(str.strip).filter(bool)
ELEMENTS = st.builds(
    ElementError,
    element=st.integers(1, 20),
    code=CODE,
    component=st.none() | st.integers(1, 5),
    repeat=st.none(),
    number=st.none() | st.sampled_from(["353", "234"]),
    bad=st.none() | WORDS,
)
SEGMENTS = st.one_of(
    st.builds(SegmentError, st.sampled_from(["BEG", "N1"]), st.integers(2, 99), st.sampled_from("1234567"), st.none() | st.just("N1")),
    st.builds(
        SegmentError,
        st.sampled_from(["PO1", "REF"]),
        st.integers(2, 99),
        st.just("8"),
        st.none() | st.just("PO1"),
        st.lists(ELEMENTS, min_size=1, max_size=3).map(tuple),
    ),
)
MESSAGES = st.builds(
    MessageVerdict,
    type=st.sampled_from(["850", "856"]),
    control=st.integers(1, 9999).map(lambda number: f"{number:04}"),
    verdict=st.sampled_from("AER"),
    codes=st.lists(CODE, max_size=5).map(tuple),
    segments=st.lists(SEGMENTS, max_size=3).map(tuple),
)
GROUPS = st.builds(
    GroupVerdict,
    type=st.sampled_from(["PO", "SH"]),
    control=st.integers(1, 999_999_999).map(str),
    version=st.just("005010"),
    verdict=st.sampled_from("AEPR"),
    declared=st.integers(0, 999).map(str),
    received=st.integers(0, 999),
    accepted=st.integers(0, 999),
    codes=st.lists(st.sampled_from("123456"), max_size=5).map(tuple),
    messages=st.lists(MESSAGES, max_size=4).map(tuple),
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(GROUPS, min_size=1, max_size=3))
def test_every_answer_is_valid_and_reads_back_as_what_it_says(groups: list[GroupVerdict]) -> None:
    controls = Envelope("ZZ:NOVACARE", "ZZ:RHEINTAL", 1, 1, 1, CONTROLS.created_at, version="005010")
    document = functional_acknowledgement(groups, controls)
    assert envelope_findings(document) == []
    back = []
    for message in messages(document):
        assert message.findings == []
        back.append(read_functional_acknowledgement(message.root, message.components))
    assert back == groups


@given(st.lists(GROUPS, max_size=2))
def test_verdicts_survive_the_store(groups: list[GroupVerdict]) -> None:
    whole = InterchangeVerdict("000000001", ("00",) * 16, "A", "000", tuple(groups))
    assert InterchangeVerdict.from_json(json.loads(json.dumps(whole.as_json()))) == whole


def test_a_997_without_its_frame_tells_nothing() -> None:
    (message,) = messages(one("997", ["AK9*A*1*1*1"]))
    assert message.findings and read_functional_acknowledgement(message.root) is None


def test_a_997_with_faults_still_tells_what_it_can() -> None:
    body = ["AK1*PO*17", "AK2*850*0001", "AK5*A", "AK2*850*0002", "XX*1", "AK5*R*5*Q", "AK9*P*2*2*1"]
    (message,) = messages(one("997", body))
    told = read_functional_acknowledgement(message.root)
    assert told is not None and (told.type, told.control, told.verdict) == ("PO", "17", "P")
    assert [(one_set.control, one_set.verdict) for one_set in told.messages] == [("0001", "A"), ("0002", "R")]


def test_header_of_the_sample_has_the_width_of_the_standard() -> None:
    assert len(isa()) == 105


@pytest.mark.parametrize(
    ("body", "word", "notes"),
    [
        (["AK9*P*1*1*0"], "rejected", "P, 0 of 1 sets accepted"),
        (["AK9*A*3*3*0"], "rejected", "0 of 3 sets accepted"),
        (["AK9*P*3*3*1"], "partly", "P, 1 of 3 sets accepted"),
        (["AK2*850*0001", "AK5*A", "AK9*P*3*3*1"], "rejected", "P, 1 of 3 sets accepted"),
        (["AK2*850*0001", "AK5*R*5", "AK9*P*3*3*2"], "accepted", "P, 2 of 3 sets accepted"),
        (["AK9*E*1*1*1"], "accepted", "E"),
        (["AK9*A*1*1*1"], "accepted", ""),
    ],
)
def test_what_a_group_says_of_the_sets_that_it_does_not_name(body: list[str], word: str, notes: str) -> None:
    (message,) = messages(one("997", ["AK1*PO*17", *body]))
    said = ANSWERING.read(message)[0]
    assert (said.level, said.verdict, said.notes) == ("group", word, notes)


def test_a_set_taken_in_spite_of_errors_is_taken_and_what_they_were_is_kept() -> None:
    (message,) = messages(one("997", ["AK1*PO*17", "AK2*850*0001", "AK5*E*5", "AK9*E*1*1*1"]))
    assert [(said.level, said.verdict, said.notes) for said in ANSWERING.read(message)] == [
        ("group", "accepted", "E"),
        ("message", "accepted", "E 5"),
    ]


@pytest.mark.parametrize(
    ("body", "remarks"),
    [
        (["AK2*850*0001", "AK3*PO1*7**8", "AK4*3*355*7*XX", "AK5*E*5", "AK9*E*1*1*1"], ["E 5; PO1 segment 7 element 3: 7"]),
        (["AK2*850*0001", "AK3*ZZZ*4**2", "AK5*E*5", "AK2*850*0002", "AK5*A", "AK9*E*2*2*2"], ["E 5; ZZZ segment 4: 2", None]),
        (["AK2*850*0001", "AK5*A", "AK2*850*0002", "AK5*R*5", "AK9*E*2*2*1*5"], ["E 5", None]),
        (["AK2*850*0001", "AK5*A", "AK9*A*1*1*1"], [None]),
        (["AK2*850*0001", "AK5*R*5", "AK9*R*1*1*0"], [None]),
    ],
)
def test_errors_noted_on_what_was_taken_are_said_of_each_set(body: list[str], remarks: list[str | None]) -> None:
    (message,) = messages(one("997", ["AK1*PO*17", *body]))
    assert [said.notes if said.remarked else None for said in ANSWERING.read(message)[1:]] == remarks


# --- the 999 -----------------------------------------------------------------------------------------------------------
def test_a_999_says_the_same_in_its_own_segments_and_names_the_situation() -> None:
    lacking = tuple("N1*ST*CENTRAL STORE*UL" if line.startswith("N1*ST") else line for line in ORDER)  # N103 without N104
    sets = [transaction("850", ORDER), transaction("850", lacking, "0002")]
    document = interchange([group(sets, version="005010")], isa(version="00501", eleventh="^"))
    verdicts_ = verdict(document, Profile()).groups
    assert functional_groups(verdicts_, "999") == 1
    lines = functional_acknowledgement(verdicts_, CONTROLS, kind="999").decode().split("~")[:-1]
    assert lines[1].split("*")[8] == "005010X231A1" and lines[2] == "ST*999*0701*005010X231A1"
    body = [line for line in lines if line[:3] in ("AK1", "AK2", "IK3", "IK4", "CTX", "IK5", "AK9")]
    assert body == [
        "AK1*PO*1*005010",
        *("AK2*850*0001", "IK5*A"),
        *("AK2*850*0002", "IK3*N1*6*N1*8", "IK4*4*67*2", "CTX*SITUATIONAL TRIGGER*N1*6*N1*4", "IK5*R*5"),
        "AK9*P*2*2*1",
    ]
    read = functional_acknowledgement(verdicts_, CONTROLS, kind="999")
    assert envelope_findings(read) == [] and [finding for message in messages(read) for finding in message.findings] == []
    (message,) = messages(read)
    assert message.root is not None
    again = read_functional_acknowledgement(message.root, message.components)
    assert again is not None and [one.verdict for one in again.messages] == ["A", "R"]


def test_no_999_is_written_on_an_older_group() -> None:
    document = interchange([group([transaction("850", ORDER)])])
    lines = functional_acknowledgement(verdict(document, Profile()).groups, CONTROLS, kind="999").decode().split("~")
    assert lines[2] == "ST*997*0701"

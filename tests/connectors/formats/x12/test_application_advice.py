"""824s: valid by our own grammar whatever they must say, and read back as what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.answering import Judgement, Received, Said
from connectors.formats.x12 import ANSWERING
from connectors.legible import spelled
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.findings import Finding, Place
from tests.connectors.formats.x12.samples import DESPATCH, envelope_findings, events, messages, one

CONTROLS = Envelope("ZZ:NOVACARE", "ZZ:RHEINTAL", 501, 601, 1, datetime(2026, 11, 22, 15, 30, tzinfo=UTC), version="004010")
ORDERS = frozenset({"850", "855", "860", "865"})
WRONG = Finding("GS1-01", Place("LIN", position=11, element=3), "1", "9")


def received(*judgements: Judgement, version: str = "004010") -> Received:
    """An interchange with one 856, and what is to be said of it."""
    read = events(one("856", DESPATCH, version))
    interchange = next(event.interchange for event in read if event.interchange is not None)
    groups = [event.group for event in read if event.kind == "group_end" and event.group is not None]
    return Received(interchange, groups, [], [], False, list(judgements))


def judgement(verdict: str = "rejected", number: str | None = "DA00000001", *findings: Finding) -> Judgement:
    return Judgement("856", "004010", "0001", 1, number, verdict, findings)  # type: ignore[arg-type]


def test_what_is_wrong_is_said_with_its_place() -> None:
    word, content = ANSWERING.write("824", received(judgement("rejected", "DA00000001", WRONG)), CONTROLS, STRICT)
    lines = content.decode().split("~")[:-1]
    assert word == "rejected"
    assert lines[1] == "GS*AG*NOVACARE*RHEINTAL*20261122*1530*601*X*004010"
    assert lines[3:5] == ["BGN*11*501-1*20261122*1530", "OTI*TR*SI*DA00000001*RHEINTAL*NOVACARE***1*0001*856*004010"]
    assert lines[5].startswith("TED*848*GS1-01 ") and lines[5].endswith("*LIN*11*3") and len(lines) == 9


def test_what_ascii_lacks_is_spelled_plainly() -> None:
    finding = Finding("GS1-01", Place("PO1"), expected="≥ 0", got="“−3” … Müller")
    content = ANSWERING.write("824", received(judgement("rejected", "D1", finding)), CONTROLS, STRICT)[1]
    (said,) = [line.split("*")[2] for line in content.decode("ascii").split("~") if line.startswith("TED")]
    assert said == spelled(f"GS1-01 {finding.text()}", "ascii")[:60].strip() and "?" not in said


def test_delimiters_of_the_agreement_win_and_identities_that_hold_one_cannot_be_written() -> None:
    marks = Profile(options={"delimiters": {"element": "|", "segment": "\n"}})
    content = ANSWERING.write("824", received(judgement()), CONTROLS, marks)[1]
    assert content.startswith(b"ISA|") and content.endswith(b"\n")
    with pytest.raises(ValueError, match="delimiter"):
        ANSWERING.write("824", received(judgement()), replace(CONTROLS, receiver="ZZ:RHEIN*TAL"), STRICT)


VERDICTS = st.sampled_from(["accepted", "partly", "rejected"])
PLACES = st.builds(
    Place,
    segment=st.sampled_from([None, "LIN", "N1", "L", "S*G"]),
    position=st.one_of(st.none(), st.integers(1, 10**7)),
    element=st.one_of(st.none(), st.integers(1, 120)),
)
FINDINGS = st.builds(lambda place, got: Finding("ACK-07", place, got=got), PLACES, st.text(max_size=80))
JUDGEMENTS = st.builds(
    lambda verdict, number, found: judgement(verdict, number, *found),
    VERDICTS,
    st.one_of(st.none(), st.text(max_size=40)),
    st.lists(FINDINGS, max_size=3),
)


@given(st.lists(JUDGEMENTS, min_size=1, max_size=3), st.sampled_from(["004010", "005010"]))
def test_every_824_is_valid_and_reads_back_as_its_verdict(judgements: list[Judgement], version: str) -> None:
    envelope = replace(CONTROLS, version=version)
    content = ANSWERING.write("824", received(*judgements, version=version), envelope, STRICT)[1]
    assert envelope_findings(content) == []
    assert [finding for message in messages(content) for finding in message.findings] == []
    said = [one for message in messages(content) for one in ANSWERING.read(message)]
    assert [one.verdict for one in said] == [judgement.verdict for judgement in judgements]
    assert {(one.level, one.group_control, one.message_control, one.message_type) for one in said} == {("document", "1", "0001", "856")}


@pytest.mark.parametrize(
    ("oti", "said"),
    [
        ("OTI*TA*PO*4500000123", Said("document", "accepted", number="4500000123", types=ORDERS, notes="TA")),
        ("OTI*IC*IV*4500000123", Said("document", "partly", number="4500000123", types=frozenset({"810"}), notes="IC")),
        ("OTI*IC*BM*4500000123", Said("document", "partly", number="4500000123", notes="IC")),
        ("OTI*TR*PO*X*****7", Said("document", "rejected", group_control="7", number="X", types=ORDERS, notes="TR")),
        ("OTI*TR*PO*X*******850", Said("document", "rejected", message_type="850", number="X", notes="TR")),
        (
            "OTI*TR*PO*X*****7*0003*850",
            Said("document", "rejected", group_control="7", message_type="850", message_control="0003", notes="TR"),
        ),
    ],
)
def test_what_partners_write(oti: str, said: Said) -> None:
    content = one("856", DESPATCH).replace(b"GS*SH", b"GS*AG").replace(b"ST*856", b"ST*824")
    start, end = content.index(b"BSN"), content.index(b"SE*")
    body = f"BGN*11*A1*20261122~{oti}~TED*024*a note~"
    document = content[:start] + body.encode() + b"SE*5*" + content[end:].split(b"*", 2)[2]
    (message,) = messages(document)
    assert message.findings == []
    assert ANSWERING.read(message) == [replace(said, notes=f"{said.notes}; 024 a note")]

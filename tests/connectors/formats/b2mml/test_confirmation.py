"""ConfirmBOD: what B2MML is answered with, and what a factory's own says of what we sent."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.answering import Judgement, Received
from connectors.formats.b2mml import ANSWERING, FORMAT
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.findings import Finding
from data_contracts.source import Message
from hub.site import Acknowledge

SAMPLES = Path(__file__).parents[3] / "samples" / "b2mml"
BACK = Envelope("LogicalID:UDIHUB", "LogicalID:MES-CORK", 88, 1, 1, datetime(2026, 11, 22, 9, 15, tzinfo=UTC))
WRONG = Judgement("OperationsPerformance", "V0700", None, 0, "RUN-1", "partly", (Finding("GS1-01", got="06901234000024"),))


def came(content: bytes, *judgements: Judgement) -> Received:
    found: Received | None = None
    for event in FORMAT.read(io.BytesIO(content), STRICT):
        if event.kind == "interchange" and event.interchange is not None:
            found = Received(event.interchange, [], [], [], False)
        elif event.message is not None and found is not None:
            found.verdicts = [*found.verdicts, (0, ANSWERING.remember(event.message, None, STRICT, None))]
    assert found is not None
    found.judgements = judgements
    return found


def message(content: bytes) -> Message:
    (found,) = [event.message for event in FORMAT.read(io.BytesIO(content), STRICT) if event.message is not None]
    assert [finding.text() for finding in found.findings] == []
    return found


def run() -> bytes:
    return (SAMPLES / "OperationsPerformance.xml").read_bytes()


@pytest.mark.parametrize(
    ("judgements", "word", "code", "reasons"),
    [((), "accepted", b"Accepted", 0), ((WRONG,), "partly", b"Modified", 1)],
)
def test_a_document_is_confirmed_under_its_number(judgements: tuple[Judgement, ...], word: str, code: bytes, reasons: int) -> None:
    received = came(run(), *judgements)
    assert received.interchange.control is not None
    said, content = ANSWERING.write("ConfirmBOD", received, BACK, STRICT)
    assert said == word and b'actionCode="' + code + b'"' in content and content.count(b"<Description>") == reasons
    answer = message(content)
    assert (answer.type, answer.version) == ("ConfirmBOD", "V0700")
    (heard,) = ANSWERING.read(answer)
    assert (heard.level, heard.verdict, heard.control) == ("interchange", word, received.interchange.control)
    assert heard.notes.startswith(code.decode())


def test_it_is_in_the_namespace_of_what_it_confirms() -> None:
    current, older = b"http://www.mesa.org/xml/B2MML", b"http://www.mesa.org/xml/B2MML-V0600"
    content = ANSWERING.write("ConfirmBOD", came(run().replace(current, older)), BACK, STRICT)[1]
    assert older in content and message(content).version == "V0600"


def test_a_document_that_is_not_well_formed_inside_is_rejected_with_its_fault() -> None:
    broken = run().replace(b"<ID>", b"<ID><<", 1)
    received = came(broken)
    said, content = ANSWERING.write("ConfirmBOD", received, BACK, STRICT)
    assert said == "rejected" and b'actionCode="Rejected"' in content


@pytest.mark.parametrize(
    ("asked", "policy", "expected"),
    [
        ("", Acknowledge(functional="always"), 1),
        ("", Acknowledge(functional="never", interchange="requested"), 0),
        ("Always", Acknowledge(functional="never", interchange="requested"), 1),
        ("Always", Acknowledge(functional="never", interchange="never"), 0),
        ("OnError", Acknowledge(functional="never", interchange="on_rejection"), 0),
    ],
)
def test_the_sender_asks_and_the_agreement_decides(asked: str, policy: Acknowledge, expected: int) -> None:
    content = run()
    if asked:
        content = content.replace(b"</LogicalID>", f"</LogicalID><ConfirmationCode>{asked}</ConfirmationCode>".encode(), 1)
    assert len(ANSWERING.wanted(came(content), policy)) == expected


def test_an_object_alone_has_no_number_to_confirm() -> None:
    bare = run()
    inner = bare[bare.index(b"<OperationsPerformance") : bare.index(b"</OperationsPerformance>") + len(b"</OperationsPerformance>")]
    alone = inner.replace(b"<OperationsPerformance", b'<OperationsPerformance xmlns="http://www.mesa.org/xml/B2MML"', 1)
    assert ANSWERING.wanted(came(alone), Acknowledge(functional="always")) == []


def test_a_factorys_confirmation_is_heard() -> None:
    content = (SAMPLES / "ConfirmBOD.xml").read_bytes()
    (said,) = ANSWERING.read(message(content))
    assert (said.level, said.verdict, said.control) == ("interchange", "rejected", "000000031")
    assert said.notes == "Rejected; Material RM-77 is not known"
    without = content.replace(b'<ResponseCriteria><ResponseExpression actionCode="Rejected"/></ResponseCriteria>', b"")
    assert ANSWERING.read(message(without))[0].verdict == "rejected", "who gives reasons does not agree"
    silent = without.replace(b"<Description>Material RM-77 is not known</Description>", b"")
    assert [one.verdict for one in ANSWERING.read(message(silent))] == ["accepted"]


def test_the_namespace_of_an_answer_may_be_the_agreements() -> None:
    space = "http://www.mesa.org/xml/B2MML-V0600"
    content = ANSWERING.write("ConfirmBOD", came(run()), BACK, Profile(options={"namespace": space}))[1]
    assert space.encode() in content

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
from tests.connectors.reading import read

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
    found.findings = [*found.interchange.findings]
    found.refused = any(finding.severity == "error" for finding in found.findings)
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


def said_with(verb: str, action: str = "", kind: str = "OperationsPerformance") -> bytes:
    """The sample of a kind after another verb, and what a Sync wants done with it."""
    content = (SAMPLES / f"{kind}.xml").read_text(encoding="utf-8")
    old = content[content.index("<", content.index("?>")) + 1 :].split(kind)[0]
    criteria = f'<ActionCriteria><ActionExpression actionCode="{action}"/></ActionCriteria>' if action else ""
    return (content.replace(f"{old}{kind}", f"{verb}{kind}").replace(f"<{old}/>", f"<{verb}>{criteria}</{verb}>")).encode()


@pytest.mark.parametrize("verb", ["Get", "Cancel", "Change", "Acknowledge", "Respond"])
@pytest.mark.parametrize("kind", ["OperationsPerformance", "MaterialLot"])
def test_a_verb_that_states_nothing_is_refused_and_answered(verb: str, kind: str) -> None:
    received = came(said_with(verb, kind=kind))
    assert [(one.rule, one.got) for one in received.interchange.findings] == [("B2M-04", verb)]
    assert len(ANSWERING.wanted(received, Acknowledge(functional="never", interchange="on_rejection"))) == 1
    word, content = ANSWERING.write("ConfirmBOD", received, BACK, STRICT)
    assert word == "rejected" and b'actionCode="Rejected"' in content and verb.encode() in content
    assert str(received.interchange.control).encode() in content


def test_a_question_that_names_no_object_is_answered_too() -> None:
    content = said_with("Get")
    first, last = content.index(b"    <OperationsPerformance>"), content.index(b"  </DataArea>")
    received = came(content[:first] + content[last:])
    assert (received.interchange.control, [one.rule for one in received.interchange.findings]) == ("BOD-771", ["B2M-04"])
    assert ANSWERING.write("ConfirmBOD", received, BACK, STRICT)[0] == "rejected"


@pytest.mark.parametrize(
    ("kind", "verb", "action", "got"),
    [
        ("OperationsPerformance", "Sync", "", None),
        ("OperationsPerformance", "Show", "", None),
        ("OperationsPerformance", "Sync", "Add", None),
        ("OperationsPerformance", "Sync", "Replace", None),
        ("OperationsPerformance", "Sync", "Change", "Sync Change"),
        ("OperationsPerformance", "Sync", "Delete", "Sync Delete"),
        ("MaterialLot", "Sync", "Replace", None),
        ("MaterialLot", "Sync", "Add", "Sync Add"),
        ("MaterialLot", "Sync", "Delete", "Sync Delete"),
    ],
)
def test_what_a_sync_wants_done_is_looked_at(kind: str, verb: str, action: str, got: str | None) -> None:
    found = read("b2mml", said_with(verb, action, kind))
    told = [(one.rule, one.got) for place in (found.around, *(message.findings for message in found.messages)) for one in place]
    assert [one for one in told if one[0] != "FED-10"] == ([("B2M-04", got)] if got else [])

"""STATUS out and in: what we say of SAP's IDocs, and what SAP says of ours."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import pytest

from connectors.answering import Judgement, Received, answers_to, never_answered
from connectors.formats.idoc import ANSWERING, FORMAT
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord
from tests.connectors.formats.idoc.test_reading import HEADER, ITEM, SAMPLES, flat, idoc
from tests.connectors.reading import read

ENVELOPE = Envelope("LS:B", "LS:A", 77, 1, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), version="ORDERS05")
BAD = HEADER + ITEM.replace("</E1", "<MENGE>12x</MENGE></E1")


@dataclass
class Policy:
    functional: Literal["always", "never"] = "always"
    functional_as: str | None = None
    interchange: Literal["on_rejection", "requested", "always", "never"] = "on_rejection"
    application: Literal["on_error", "always", "never"] = "never"


def received(content: bytes, refusal: Finding | None = None, judgements: tuple[Judgement, ...] = ()) -> Received:
    """The first IDoc of a document, as the hub would hand it over."""
    verdicts, groups, unanswered = [], [], False
    for event in FORMAT.read(io.BytesIO(content), STRICT):
        if event.kind == "message" and event.message is not None:
            if unanswered := never_answered(ANSWERING, event.message.type, groups[-1]):
                continue
            verdicts.append((1, ANSWERING.remember(event.message, groups[-1], STRICT, refusal)))
        elif event.kind == "group" and event.group is not None:
            groups.append(event.group)
        elif event.kind == "interchange_end" and event.interchange is not None:
            refused = any(finding.severity == "error" for finding in event.interchange.findings)
            return Received(event.interchange, groups, verdicts, event.interchange.findings, refused, judgements, unanswered=unanswered)
    raise AssertionError("no IDoc")


def statuses(content: bytes) -> list[dict[str, str]]:
    found = read("idoc", content)
    assert found.rules == [] and found.rules_around == []
    (message,) = found.messages
    assert (message.type, message.version, message.control) == ("STATUS", "SYSTAT01", "0000000000000077")
    return [dict(record.values) for record in message.root.children[1:]]


def answer(one: Received, profile: Profile = STRICT) -> tuple[str, list[dict[str, str]]]:
    assert [wanted.kind for wanted in ANSWERING.wanted(one, Policy())] == ["STATUS"]
    word, content = ANSWERING.write("STATUS", one, ENVELOPE, profile)
    return word, statuses(content)


def test_what_is_taken_is_said() -> None:
    word, (status,) = answer(received(idoc(HEADER + ITEM)))
    assert word == "accepted"
    assert status == {
        "TABNAM": "EDI_DS40",
        "DOCNUM": "0000000000000001",
        "LOGDAT": "20261122",
        "LOGTIM": "083000",
        "STATUS": "64",
        "STATYP": "S",
        "STATXT": "Syntax is right, the IDoc is taken",
    }


def test_a_syntax_error_names_segment_and_field() -> None:
    word, (status,) = answer(received(idoc(BAD)))
    assert word == "rejected"
    assert (status["STATUS"], status["STATYP"], status["STAMID"], status["STAMNO"]) == ("60", "E", "UDIHUB_IDC", "011")
    assert (status["SEGNUM"], status["SEGFLD"], status["STAPA2"]) == ("000002", "MENGE", "12x")
    assert status["STATXT"].startswith("MENGE should be a number")


def test_what_was_not_agreed_is_not_accepted() -> None:
    word, (status,) = answer(received(idoc(HEADER), refusal=Finding("AGR-01", got="ORDERS", expected="DESADV", code="56")))
    assert (word, status["STATUS"]) == ("rejected", "56")
    refused = received(idoc(HEADER, RCVPRN=""))
    assert refused.refused
    word, (status,) = answer(refused)
    assert (word, status["STATUS"], status["STAMID"]) == ("rejected", "56", "UDIHUB_IDC")
    assert ANSWERING.wanted(refused, Policy(interchange="never")) == []
    assert ANSWERING.wanted(received(idoc(HEADER)), Policy(functional="never")) == []


@pytest.mark.parametrize(
    ("verdict", "code", "subsystem", "word"),
    [("accepted", "53", "41", "accepted"), ("partly", "52", "41", "partly"), ("rejected", "51", "40", "rejected")],
)
def test_what_documents_say_is_judged(verdict: Literal["accepted", "partly", "rejected"], code: str, subsystem: str, word: str) -> None:
    findings = () if verdict == "accepted" else (Finding("GS1-01", Place(path="lines[0].gtin"), expected="6", got="7" * 300),)
    judgement = Judgement("ORDERS", "ORDERS05", "0000000000000001", 1, "4711", verdict, findings)
    one = received(idoc(HEADER + ITEM), judgements=(judgement,))
    said, (status,) = answer(one)
    assert (status["STATUS"], said) == (code, word)
    assert (status.get("STAMID"), len(status.get("STAPA2", ""))) == (("UDIHUB_GS1", 50) if findings else (None, 0))
    _, (status,) = answer(one, Profile(options={"status_codes": "subsystem"}))
    assert status["STATUS"] == subsystem


def test_a_flat_idoc_is_answered_flat() -> None:
    _, content = ANSWERING.write("STATUS", received(flat(("E2EDK01005", "")).encode()), ENVELOPE, STRICT)
    assert content.startswith(b"EDI_DC40") and statuses(content)[0]["STATUS"] == "64"
    _, content = ANSWERING.write(
        "STATUS", received(flat(("E2EDK01005", "")).encode()), ENVELOPE, Profile(options={"representation": "xml"})
    )
    assert content.startswith(b"<?xml")


def test_client_and_ports_go_back() -> None:
    one = received((SAMPLES / "ORDERS05.xml").read_bytes())
    _, content = ANSWERING.write("STATUS", one, ENVELOPE, STRICT)
    (message,) = read("idoc", content).messages
    control = message.root.children[0].values
    assert (control["MANDT"], control["SNDPOR"], control["RCVPOR"], control["RCVPRN"]) == ("100", "HUB", "SAPNMD", "A")


def test_a_status_is_not_answered() -> None:
    _, content = ANSWERING.write("STATUS", received(idoc(HEADER)), ENVELOPE, STRICT)
    assert answers_to(received(content), ANSWERING, Policy()) == []
    refused = content.replace(b"<RCVPRN>", b"<RCVPRX>").replace(b"</RCVPRN>", b"</RCVPRX>")
    assert received(refused).refused and answers_to(received(refused), ANSWERING, Policy()) == []


def status_idoc(*records: dict[str, str], tag: str = "E1STATS") -> bytes:
    if tag == "E1STATS":
        root = SourceRecord("STATUS", {}, 1)
        above = root
    else:
        root = SourceRecord("ALEAUD", {}, 1)
        above = SourceRecord("E1ADHDR", {"MESTYP": "ORDERS"}, 2, root)
        root.children.append(above)
    for values in records:
        record = SourceRecord(tag, values, 3, above)
        above.children.append(record)
        if tag == "E1STATE":
            record.children.append(SourceRecord("E1PRTOB", {"OBJKEY": "4500000123"}, 4, record))
    return FORMAT.write([(root.tag, root)], replace(ENVELOPE, version=""), STRICT)


@pytest.mark.parametrize(
    ("code", "level", "verdict"),
    [
        ("53", "document", "accepted"),
        ("51", "document", "rejected"),
        ("52", "document", "partly"),
        ("41", "document", "accepted"),
        ("40", "document", "rejected"),
        ("56", "message", "rejected"),
        ("60", "message", "rejected"),
        ("64", "message", "accepted"),
        ("50", "message", "received"),
        ("12", "message", "received"),
        ("16", "message", "accepted"),
        ("17", "message", "rejected"),
    ],
)
def test_what_sap_says_of_ours_is_heard(code: str, level: str, verdict: str) -> None:
    values = {
        "DOCNUM": "0000000000004711",
        "STATUS": code,
        "STAMID": "VG",
        "STAMNO": "204",
        "STATXT": "Sold-to & is locked",
        "STAPA1": "1010",
    }
    (message,) = read("idoc", status_idoc(values)).messages
    (said,) = ANSWERING.read(message)
    assert (said.level, said.verdict) == (level, verdict)
    assert (said.number, said.message_control) == (None, values["DOCNUM"]), "the number of an IDoc is no document's number"
    assert said.notes == f"{code} VG 204 Sold-to 1010 is locked"


def test_the_last_status_of_each_idoc_counts_and_unknown_numbers_say_nothing() -> None:
    records = [
        {"DOCNUM": "1", "STATUS": "50"},
        {"DOCNUM": "1", "STATUS": "51"},
        {"DOCNUM": "2", "STATUS": "53"},
        {"DOCNUM": "3", "STATUS": "99"},
    ]
    (message,) = read("idoc", status_idoc(*records)).messages
    assert [(said.message_control, said.verdict) for said in ANSWERING.read(message)] == [("1", "rejected"), ("2", "accepted")]


def test_an_audit_names_what_was_posted() -> None:
    (message,) = read("idoc", status_idoc({"DOCNUM": "0000000000004711", "STATUS": "53"}, tag="E1STATE")).messages
    (said,) = ANSWERING.read(message)
    assert (said.level, said.verdict, said.message_control, said.notes) == ("document", "accepted", "0000000000004711", "53 4500000123")


@pytest.mark.parametrize("name", ["ORDERS05.xml", "ORDERS05.txt", "ORDERS05_stripped.txt"])
def test_the_first_envelope_is_known_by_the_head_alone(name: str) -> None:
    head = (SAMPLES / name).read_bytes()[:1500]
    assert FORMAT.envelope_reference(head) == "LS:NMDCLNT100|LS:UDIHUB|0000000000004711"
    assert FORMAT.envelope_reference(b"<ORDERS05>") is None


@pytest.mark.parametrize("charset", ["iso8859-1", "ascii", "gb18030"])
def test_a_long_refusal_is_fitted_to_the_letters_of_a_flat_file(charset: str) -> None:
    refusal = Finding("AGR-01", got="ORDERS é 药 " + "X" * 40, expected="DESADV, " * 20, code="56", params={"agreement": "one"})
    profile = Profile(charset=charset)
    came = received(flat(("E2EDK01005", "")).encode(), refusal)
    _, content = ANSWERING.write("STATUS", came, ENVELOPE, profile)
    (message,) = read("idoc", content, profile=profile).messages
    (status,) = message.root.children[1:]
    assert message.findings == [] and status.values["STATUS"] == "56" and len(status.values["STATXT"]) <= 70
    assert status.values["STATXT"].startswith("Message ORDERS") and status.values["STATXT"].endswith(("...", "…"))

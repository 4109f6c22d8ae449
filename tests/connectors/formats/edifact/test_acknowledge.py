"""CONTRL and APERAK, written and heard: each answer as the standard has it, and read back by our own reader without a finding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import pytest

from connectors.answering import Judgement, Received, Said, answers_to
from connectors.formats.edifact import ANSWERING
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.findings import Finding, Place
from tests.connectors.formats.edifact.samples import (
    DESPATCH,
    ORDER,
    UNB,
    envelope_findings,
    group,
    interchange,
    message,
    messages,
    one,
    received,
)

BACK = Envelope("14:7640123000001", "14:7612345000008", 88, 5, 1, datetime(2026, 11, 22, 9, 15, tzinfo=UTC), version="")
COPIED = "4711+7612345000008:14+7640123000001:14"


@dataclass(frozen=True)
class Says:
    """A policy."""

    functional: Literal["always", "never"] = "always"
    functional_as: str | None = None
    interchange: Literal["on_rejection", "requested", "always", "never"] = "on_rejection"
    application: Literal["on_error", "always", "never"] = "never"


def written(document: bytes, profile: Profile = STRICT, kind: str = "CONTRL") -> tuple[str, list[str]]:
    """The word, and the segments of the answer between UNH and UNT; the answer must satisfy our own reader."""
    (came,) = received(document, profile)
    word, content = ANSWERING.write(kind, came, BACK, profile)
    assert envelope_findings(content) == []
    assert [one.findings for one in messages(content)] == [[]]
    segments = content.decode("latin-1").split("'")
    return word, segments[segments.index(next(one for one in segments if one.startswith("UNH"))) + 1 : -3]


BAD_QUANTITY = [*ORDER[:8], "QTY+21:1?+1:PCE", *ORDER[9:]]


@pytest.mark.parametrize(
    ("document", "word", "expected"),
    [
        (one("ORDERS", ORDER), "accepted", [f"UCI+{COPIED}+7"]),
        (
            one("ORDERS", BAD_QUANTITY),
            "rejected",
            [f"UCI+{COPIED}+7", "UCM+1+ORDERS:D:96A:UN:EAN008+4", "UCS+10", "UCD+37+2:2"],
        ),
        (
            one("DESADV", [*DESPATCH[:5], "CPS+1", *DESPATCH[5:]]),
            "rejected",
            [f"UCI+{COPIED}+7", "UCM+1+DESADV:D:96A:UN:EAN008+4", "UCS+7", "UCD+12+2"],
        ),
        (
            interchange([message("ORDERS", ORDER), message("ORDERS", ORDER[1:], "2")]),
            "partly",
            [f"UCI+{COPIED}+7", "UCM+2+ORDERS:D:96A:UN:EAN008+4", "UCS+1+13"],
        ),
        (
            one("ORDERS", ORDER).replace(b"UNT+16", b"UNT+17"),
            "rejected",
            [f"UCI+{COPIED}+7", "UCM+1+ORDERS:D:96A:UN:EAN008+4+29+UNT+2"],
        ),
        (
            one("ORDERS", [*ORDER[:2], "XYZ+1", *ORDER[2:8], "QTY+:X:PCEX", *ORDER[9:]]),
            "rejected",
            [f"UCI+{COPIED}+7", "UCM+1+ORDERS:D:96A:UN:EAN008+4", "UCS+4+15", "UCS+11", "UCD+13+2:1", "UCD+37+2:2", "UCD+39+2:3"],
        ),
        (  # no UNS: the CNT behind it is not out of place besides
            one("ORDERS", [*ORDER[:-2], ORDER[-1]]),
            "rejected",
            [f"UCI+{COPIED}+7", "UCM+1+ORDERS:D:96A:UN:EAN008+4", "UCS+13+13"],
        ),
        (
            interchange([group([message("ORDERS", ORDER)]), group([message("ORDERS", ORDER, "2")])]),
            "partly",
            [f"UCI+{COPIED}+7", "UCF+9+7612345000008:14+7640123000001:14+4+26+UNG+6"],
        ),
        (
            one("PAORES", ["MSG+1:45"], "93:1:IA"),
            "rejected",
            [f"UCI+{COPIED}+7", "UCM+1+PAORES:93:1:IA+4+14+UNH+3:1"],
        ),
        (one("ORDERS", ORDER).replace(b"UNZ+1+4711", b"UNZ+1+4712"), "rejected", [f"UCI+{COPIED}+4+28+UNZ+3"]),
        (one("ORDERS", ORDER).replace(b"UNZ+1", b"UNZ+2"), "rejected", [f"UCI+{COPIED}+4+29+UNZ+2"]),
        (one("ORDERS", ORDER).replace(b"UNZ+1+4711'", b""), "rejected", [f"UCI+{COPIED}+4+13+UNZ"]),
        (
            interchange(
                [
                    group([message("ORDERS", ORDER), message("ORDERS", BAD_QUANTITY, "2")]),
                    group([message("DESADV", DESPATCH, "3")], "DESADV", "10"),
                ]
            ),
            "partly",
            [
                f"UCI+{COPIED}+7",
                "UCF+9+7612345000008:14+7640123000001:14+7",
                *("UCM+2+ORDERS:D:96A:UN:EAN008+4", "UCS+10", "UCD+37+2:2"),
            ],
        ),
        (
            interchange([group([message("ORDERS", ORDER)])]).replace(b"UNE+1", b"UNE+2"),
            "partly",
            [f"UCI+{COPIED}+7", "UCF+9+7612345000008:14+7640123000001:14+4+29+UNE+2"],
        ),
    ],
)
def test_control_messages(document: bytes, word: str, expected: list[str]) -> None:
    assert written(document) == (word, expected)


def test_what_the_agreement_takes_with_errors_is_accepted_but_never_a_broken_frame() -> None:
    tolerant = Profile(accept_with_errors=True)
    assert written(one("ORDERS", BAD_QUANTITY), tolerant) == ("accepted", [f"UCI+{COPIED}+7"])
    assert written(one("ORDERS", ORDER).replace(b"UNT+16", b"UNT+17"), tolerant)[0] == "rejected"


def test_what_has_no_code_of_its_own_is_not_the_unhs_fault() -> None:
    long = one("ORDERS", [*ORDER[:5], *[*ORDER[5:9]] * 1000, *ORDER[9:]])
    (_, segments) = written(long, Profile(options={"max_segments": 1000}))
    assert segments[1:] == ["UCM+1+ORDERS:D:96A:UN:EAN008+4+18"]


def test_a_receipt_says_only_that_it_arrived() -> None:
    assert written(one("ORDERS", BAD_QUANTITY), Profile(options={"contrl": "receipt"}))[1] == [f"UCI+{COPIED}+8"]


def test_a_duplicate_is_refused_by_its_code() -> None:
    (came,) = received(one("ORDERS", ORDER))
    came.findings = [Finding("DUP-03", got="4711", code=ANSWERING.refusals.duplicate)]
    came.refused = True
    word, content = ANSWERING.write("CONTRL", came, BACK, STRICT)
    assert word == "rejected" and f"UCI+{COPIED}+4+26'" in content.decode()


def test_who_may_not_send_is_told_where() -> None:
    (came,) = received(one("ORDERS", ORDER))
    place, code = ANSWERING.refusals.sender
    came.findings, came.refused = [Finding("SEC-01", place, got="x", expected="y", code=code)], True
    assert f"UCI+{COPIED}+4+23+UNB+3'" in ANSWERING.write("CONTRL", came, BACK, STRICT)[1].decode()


def test_a_type_that_was_not_agreed_is_refused() -> None:
    (order,) = messages(one("ORDERS", ORDER))
    (came,) = received(one("ORDERS", ORDER))
    came.verdicts = [(1, ANSWERING.remember(order, None, STRICT, Finding("AGR-01", code=ANSWERING.refusals.message[1])))]
    assert "UCM+1+ORDERS:D:96A:UN:EAN008+4+17+UNH+3'" in ANSWERING.write("CONTRL", came, BACK, STRICT)[1].decode()


def test_syntax_and_test_flag_of_the_answer_are_the_senders() -> None:
    document = interchange([message("ORDERS", ORDER)], UNB.replace("UNOC:3", "UNOA:4").replace("261122", "20261122"))
    (came,) = received(document)
    content = ANSWERING.write("CONTRL", came, replace(BACK, test=True), STRICT)[1].decode()
    assert "UNB+UNOA:4+7640123000001:14+7612345000008:14+20261122:0915+88++++++1'UNH+1+CONTRL:4:1:UN'" in content
    (plain,) = received(one("ORDERS", ORDER))
    assert "UNB+UNOC:3+" in ANSWERING.write("CONTRL", plain, BACK, STRICT)[1].decode()
    agreed = Profile(options={"syntax": "UNOB:2", "line_end": "\r\n", "una": False})
    assert ANSWERING.write("CONTRL", plain, BACK, agreed)[1].decode().startswith("UNB+UNOB:2+7640123000001:14+")


def test_a_sender_whose_name_its_own_charset_lacks_is_answered_in_one_that_has_it() -> None:
    document = interchange([message("ORDERS", ORDER)], UNB.replace("UNOC", "UNOA").replace("7612345000008", "rheintal"))
    (came,) = received(document)
    content = ANSWERING.write("CONTRL", came, replace(BACK, receiver="14:rheintal"), STRICT)[1].decode()
    assert "UNB+UNOC:3+" in content and "UCI+4711+rheintal:14+" in content


CONTROL = ["UCI+88+7640123000001:14+7612345000008:14+7"]


@pytest.mark.parametrize(
    ("policy", "document", "kinds"),
    [
        (Says(), one("ORDERS", ORDER), ["CONTRL"]),
        (Says(functional="never"), one("ORDERS", ORDER), []),
        (Says(functional="never"), one("ORDERS", ORDER).replace(b"UNZ+1", b"UNZ+2"), ["CONTRL"]),
        (Says(functional="never", interchange="never"), one("ORDERS", ORDER).replace(b"UNZ+1", b"UNZ+2"), []),
        (Says(functional="never"), interchange([message("ORDERS", ORDER)], UNB + "++++1"), ["CONTRL"]),
        (Says(functional="never", interchange="never"), interchange([message("ORDERS", ORDER)], UNB + "++++1"), []),
        (Says(functional="never", interchange="requested"), one("ORDERS", ORDER), []),
        (Says(functional="never", interchange="requested"), one("ORDERS", ORDER).replace(b"UNZ+1", b"UNZ+2"), []),
        (Says(functional="never", interchange="requested"), interchange([message("ORDERS", ORDER)], UNB + "++++1"), ["CONTRL"]),
        (Says(functional="never", interchange="always"), one("ORDERS", ORDER), ["CONTRL"]),
        (Says(interchange="always"), one("CONTRL", CONTROL, "D:3:UN"), []),
        (Says(interchange="always"), one("CONTRL", CONTROL, "D:3:UN").replace(b"UNZ+1", b"UNZ+2"), []),
        (Says(), interchange([message("CONTRL", CONTROL, version="D:3:UN")], UNB + "++++1"), []),
        (Says(), interchange([message("CONTRL", CONTROL, version="D:3:UN"), message("ORDERS", ORDER, "2")]), ["CONTRL"]),
        (Says(), one("APERAK", ["BGM+313+A1+9", "RFF+ON:4500000123", "ERC+12"]), ["CONTRL"]),
    ],
)
def test_when_an_answer_is_wanted(policy: Says, document: bytes, kinds: list[str]) -> None:
    (came,) = received(document)
    assert [wanted.kind for wanted in answers_to(came, ANSWERING, policy)] == kinds


def judged(*judgements: Judgement) -> Received:
    (came,) = received(one("ORDERS", ORDER))
    came.judgements = judgements
    return came


WRONG = Judgement(
    "ORDERS",
    "D.96A",
    "1",
    1,
    "4500000123",
    "rejected",
    (Finding("GS1-01", Place("LIN", 7, 3), expected="6", got="7"), Finding("MAP-02", Place(path="lines[1].quantity"), got="x" * 400)),
)


def test_application_error_and_back() -> None:
    came = judged(WRONG, Judgement("ORDERS", "D.96A", "2", 1, "4500000124", "accepted"))
    assert [wanted.kind for wanted in ANSWERING.wanted(came, Says(application="always"))] == ["CONTRL", "APERAK"]
    word, content = ANSWERING.write("APERAK", came, BACK, STRICT)
    assert word == "partly" and envelope_findings(content) == []
    first, second = messages(content)
    assert first.findings == second.findings == []
    text = content.decode("latin-1")
    assert "BGM+313+88-1+9'DTM+137:202611220915:203'RFF+ACW:4500000123'RFF+AGO:1'ERC+GS1-01::ZZZ'FTX+AAO+++LIN at position 7" in text
    assert "BGM+312+88-2+9'" in text
    (no,), (yes,) = ANSWERING.read(first), ANSWERING.read(second)
    assert (no.level, no.verdict, no.number) == ("document", "rejected", "4500000123") and no.notes.startswith("GS1-01 LIN at position 7")
    assert yes == Said("document", "accepted", number="4500000124")


def test_codes_of_a_partners_own_guide() -> None:
    profile = Profile(options={"aperak": {"rejected": "27"}})
    _, content = ANSWERING.write("APERAK", judged(WRONG), BACK, profile)
    (found,) = messages(content)
    assert "BGM+27+88-1+9'" in content.decode("latin-1")
    assert [said.verdict for said in ANSWERING.read(found, profile)] == ["rejected"]
    assert [said.verdict for said in ANSWERING.read(found)] == ["received"]  # to whom 27 means nothing, nor the code of the error


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (["UCI+88+A:14+B:14+7"], [Said("interchange", "accepted", control="88")]),
        (["UCI+88+A:14+B:14+8"], [Said("interchange", "received", control="88")]),
        (
            ["UCI+88+A:14+B:14+4+28+UNZ+3"],
            [Said("interchange", "rejected", control="88", notes="28 references do not match UNZ 3")],
        ),
        (["UCI+88+A:14+B:14+4"], [Said("interchange", "rejected", control="88", notes="action 4")]),
        (
            ["UCI+88+A:14+B:14+7", "UCM+1+ORDERS:D:96A:UN+7", "UCM+2+ORDERS:D:96A:UN+4", "UCS+7", "UCD+37+2:2", "UCS+8+13"],
            [
                Said("interchange", "accepted", control="88"),
                Said("message", "accepted", control="88", message_type="ORDERS", message_control="1"),
                Said(
                    "message",
                    "rejected",
                    control="88",
                    message_type="ORDERS",
                    message_control="2",
                    notes="segment 7; element 2:2: 37 invalid type of characters; segment 8: 13 missing",
                ),
            ],
        ),
        (
            ["UCI+88+A:14+B:14+7", "UCF+9+A:14+B:14+7", "UCM+1+ORDERS:D:96A:UN+4+29+UNT+2"],
            [
                Said("interchange", "accepted", control="88"),
                Said("group", "accepted", control="88", group_control="9"),
                Said(
                    "message",
                    "rejected",
                    control="88",
                    group_control="9",
                    message_type="ORDERS",
                    message_control="1",
                    notes="29 control count does not match UNT 2",
                ),
            ],
        ),
        ([], []),
    ],
)
def test_a_partners_control_message_is_heard(body: list[str], expected: list[Said]) -> None:
    (found,) = messages(one("CONTRL", body, "D:3:UN"))
    assert ANSWERING.read(found) == [replace(said, parties=("14:A", "14:B")) for said in expected]


@pytest.mark.parametrize(
    ("body", "verdict", "kind", "number"),
    [
        (["BGM+312+A1+9", "RFF+ACW:4500000123"], "accepted", None, "4500000123"),
        (["BGM+313+A1+9", "RFF+ON:4500000123", "ERC+12", "FTX+AAO+++Unknown:item"], "rejected", None, "4500000123"),
        (["BGM+305+A1+9", "RFF+AAK:SH1", "ERC+1"], "received", "DESADV", "SH1"),
        (["BGM+305+A1+9", "RFF+IV:INV1", "DTM+171:20261122:102"], "accepted", "INVOIC", "INV1"),
        (["BGM+313+A1+9", "RFF+AGO:1", "RFF+CT:2", "RFF+ON:3"], "rejected", None, "3"),
    ],
)
def test_a_partners_application_error_is_heard(body: list[str], verdict: str, kind: str | None, number: str) -> None:
    (found,) = messages(one("APERAK", body))
    assert [(said.verdict, said.message_type, said.number) for said in ANSWERING.read(found)] == [(verdict, kind, number)]


def test_a_number_of_an_order_is_none_of_an_invoice_and_that_of_a_message_none_at_all() -> None:
    (found,) = messages(one("APERAK", ["BGM+313+A1+9", "RFF+ON:1"]))
    assert [said.types for said in ANSWERING.read(found)] == [{"ORDERS", "ORDCHG"}]
    (found,) = messages(one("APERAK", ["BGM+313+A1+9", "RFF+AGO:1", "RFF+ACD:2"]))
    assert ANSWERING.read(found) == []


def test_what_we_write_is_heard_as_it_was_meant() -> None:
    document = interchange([message("ORDERS", ORDER), message("ORDERS", BAD_QUANTITY, "2")])
    (came,) = received(document)
    (answer,) = messages(ANSWERING.write("CONTRL", came, BACK, STRICT)[1])
    first, second = ANSWERING.read(answer)
    assert (first.level, first.verdict, first.control) == ("interchange", "accepted", "4711")
    assert (second.level, second.verdict, second.message_control) == ("message", "rejected", "2")


@pytest.mark.parametrize(
    ("said", "verdicts"),
    [
        (["UCI+7+A+B+4+29+UNZ+2", "UCM+1+ORDERS:D:96A:UN+7"], [("interchange", "rejected"), ("message", "rejected")]),
        (
            ["UCI+7+A+B+7", "UCF+9+A+B+4+29+UNE+2", "UCM+1+ORDERS:D:96A:UN+7"],
            [("interchange", "accepted"), ("group", "rejected"), ("message", "rejected")],
        ),
        (
            ["UCI+7+A+B+7", "UCM+1+ORDERS:D:96A:UN+4+29+UNT+2", "UCF+9+A+B+7"],
            [("interchange", "accepted"), ("group", "accepted"), ("message", "rejected")],
        ),
    ],
)
def test_what_is_below_a_rejected_level_is_rejected_and_inner_levels_are_said_last(
    said: list[str], verdicts: list[tuple[str, str]]
) -> None:
    (message,) = messages(one("CONTRL", said, "D:3:UN"))
    heard = ANSWERING.read(message)
    assert [(said_of.level, said_of.verdict) for said_of in heard] == verdicts
    assert all("29" in said_of.notes for said_of in heard if said_of.verdict == "rejected")

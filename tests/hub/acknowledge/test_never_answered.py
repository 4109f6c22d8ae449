"""Acknowledgements are never acknowledged, whatever is wrong with them: else two hubs would answer each other for ever."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.answering import Received, answers_to, never_answered
from connectors.registry import answering_of, format_names
from data_contracts.source import Group, Interchange
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import Acknowledge
from hub.store import tables
from tests.hub.acknowledge.conftest import Open
from tests.hub.acknowledge.test_business import answers, found, functional, open_findings, outgoing, sent_orders
from tests.hub.acknowledge.test_edifact import BACK, to_acme
from tests.hub.acknowledge.test_syntaxes import SITE, aperak, application_response, contrl, response, status
from tests.hub.conftest import take
from tests.hub_api.papers import ACME, despatch, interchange

EVERYTHING = Acknowledge(functional="always", interchange="always", application="always")
TALKATIVE = {"agreements/acme_in.yaml": ("interchange: on_rejection,", "interchange: always, application: always,")}


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    """A hub that answers whatever it may, to a partner of each syntax."""
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    for path in (site / "agreements").glob("*_in.yaml"):
        text = path.read_text(encoding="utf-8")
        assert "application: on_error" in text
        path.write_text(text.replace("application: on_error", "interchange: always, application: always"), encoding="utf-8")
    opened = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 1_000_000, clock))
    yield opened
    opened.database.close()


def types_and_states(hub: Hub) -> list[tuple[str, str]]:
    exchange = tables.exchange
    with hub.database.read() as connection:
        return [(row.type, row.state) for row in connection.execute(sa.select(exchange.c.type, exchange.c.state).order_by(exchange.c.id))]


# --- the rule of the seam ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name in format_names() if answering_of(name) is not None])
@pytest.mark.parametrize("refused", [False, True])
def test_no_syntax_ever_answers_its_last_words(name: str, refused: bool) -> None:
    answering = answering_of(name)
    assert answering is not None
    last = answering.answers - answering.answered
    assert last, "a syntax whose every answer is answered would never come to an end"
    for kind in last:
        group = Group(answering.group_type(kind), "1", None, None, None, 1, message_count=1)
        assert never_answered(answering, kind, group)
        came = Received(
            Interchange("A:1", "B:2", "1", False, 1, 0, 0, acknowledgement_requested=True), [], [], [], refused, unanswered=True
        )
        assert answers_to(came, answering, EVERYTHING) == []


# --- X12 -----------------------------------------------------------------------------------------------------------------
def ta1(number: int, *, receiver: str = "NORTH", usage: str = "P", groups: int = 0) -> bytes:
    isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'ACME':<15}*ZZ*{receiver:<15}*261122*0800*U*00401*{number:09d}*1*{usage}*>"
    return f"{isa}~TA1*000000001*261122*0800*R*009~IEA*{groups}*{number:09d}~".encode()


X12: dict[str, Callable[[], bytes]] = {
    "TA1": lambda: ta1(40),
    "TA1 for nobody here": lambda: ta1(41, receiver="NOBODY"),
    "TA1 of another count": lambda: ta1(42, groups=1),
    "TA1 as a test": lambda: ta1(43, usage="T"),
    "TA1 that ends early": lambda: ta1(44).partition(b"IEA")[0],
    "997": lambda: functional(50, ("0001", "A")),
    "997 for nobody here": lambda: functional(51, ("0001", "A")).replace(b"*ZZ*NORTH ", b"*ZZ*NOBODY"),
    "997 of another count": lambda: functional(52, ("0001", "A")).replace(b"IEA*1*", b"IEA*2*"),
    "997 as a test": lambda: functional(53, ("0001", "A")).replace(b"*0*P*>", b"*1*T*>"),
    "997 with a wrong SE": lambda: functional(54, ("0001", "A")).replace(b"SE*6*", b"SE*7*"),
    "850 in their group": lambda: interchange(ACME, 55, ["BEG*00*SA*1**20261122"], code="850", group="FA"),
}


@pytest.mark.parametrize("name", X12)
def test_an_x12_acknowledgement_has_no_answer(open_with: Open, name: str) -> None:
    hub = open_with(TALKATIVE)
    landing = take(hub, X12[name](), "acme", key="k")
    assert answers(hub, landing.document_id) == {}


def test_an_acknowledgement_under_a_used_number_has_no_answer_either(open_with: Open) -> None:
    hub = open_with(TALKATIVE)
    for content in (functional(50, ("0001", "A")), functional(50, ("0001", "R"))):
        landing = take(hub, content, "acme")
    assert landing.outcome == "conflict" and answers(hub, landing.document_id) == {}
    assert [rule for rule, _ in open_findings(hub, "DUP-03")] == ["DUP-03"]
    for content in (interchange(ACME, 60, despatch("D1")), interchange(ACME, 60, despatch("D2"))):
        landing = take(hub, content, "acme")
    assert found(answers(hub, landing.document_id)["TA1"], "TA1")[0][4:] == ["R", "025"]


def test_an_824_is_answered_by_a_997_and_by_no_824(open_with: Open) -> None:
    hub = open_with(TALKATIVE)
    for number, usage in ((50, b"P"), (51, b"T")):
        content = interchange(ACME, number, ["BGN*11*A1*20261122*0900", "OTI*TR*PO*1"], code="824", group="AG")
        landing = take(hub, content.replace(b"*0*P*>", b"*0*%s*>" % usage), "acme")
        assert set(answers(hub, landing.document_id)) == {"TA1", "997"}


def test_a_997_in_a_group_of_others_is_refused_and_not_heard(open_with: Open) -> None:
    hub = open_with({})
    (order,) = sent_orders(hub, "4500000001")
    body = ["AK1*PO*1", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]
    landing = take(hub, interchange(ACME, 50, body, code="997", group="PO"), "acme")
    assert found(answers(hub, landing.document_id)["997"], "AK5") == [["AK5", "R", "6"]]
    assert types_and_states(hub)[-1] == ("997", "rejected") and outgoing(hub, order) == ("sent", "awaited")
    take(hub, functional(51, ("0001", "A")).replace(b"SE*6*", b"SE*7*"), "acme")
    assert outgoing(hub, order) == ("sent", "awaited"), "nor is one whose own frame is wrong"
    take(hub, functional(52, ("0001", "A")).replace(b"AK9*A*", b"AK9*AAA*"), "acme")
    assert outgoing(hub, order) == ("acknowledged", "accepted"), "one with a fault in a segment still tells what it can"


def test_an_interchange_that_asks_for_a_ta1_gets_one(open_with: Open) -> None:
    hub = open_with({})
    landing = take(hub, interchange(ACME, 1, despatch("D1")).replace(b"*0*P*>", b"*1*P*>"), "acme")
    said = answers(hub, landing.document_id)
    assert list(said) == ["TA1", "997"] and found(said["TA1"], "TA1") == [["TA1", "000000001", "261122", "0800", "A", "000"]]
    assert found(said["TA1"], "ISA")[0][14] == "0", "it asks for none itself"


# --- UN/EDIFACT, IDoc, UBL, cXML -------------------------------------------------------------------------------------------
def update(payload: str, *, mode: str = "production", to: str = "AN01000000001") -> bytes:
    parties = "".join(
        f'<{who}><Credential domain="NetworkID"><Identity>{identity}</Identity></Credential>{agent}</{who}>'
        for who, identity, agent in (("From", "AN01000000002", ""), ("To", to, ""), ("Sender", "AN01000000002", "<UserAgent>P</UserAgent>"))
    )
    said = '<DocumentReference payloadID="1@x"/><Status code="200" text="OK" xml:lang="en"/>'
    return (
        f'<?xml version="1.0"?><cXML payloadID="{payload}" timestamp="2026-11-22T09:00:00+00:00"><Header>{parties}</Header>'
        f'<Request deploymentMode="{mode}"><StatusUpdateRequest>{said}</StatusUpdateRequest></Request></cXML>'
    ).encode()


def for_nobody(content: bytes) -> bytes:
    """The same document for a receiver that is none of ours."""
    for ours in (b"8799999010009:14", b"<RCVPRN>NORTH100", b">8799999010009<"):
        content = content.replace(ours, ours.replace(b"8799999010009", b"8799999019999").replace(b"NORTH100", b"NORTH999"), 1)
    return content


def as_test(content: bytes) -> bytes:
    return content.replace(b"+70'", b"+70++++1++1'", 1).replace(b"<DOCNUM>", b"<TEST>X</TEST><DOCNUM>", 1)


ACKNOWLEDGEMENTS: dict[str, tuple[str, bytes]] = {
    "CONTRL": ("edifact", contrl(70, 1, "7")),
    "CONTRL that is rejected": ("edifact", contrl(70, 1, "7").replace(b"UNZ+1", b"UNZ+2")),
    "CONTRL with a wrong UNT": ("edifact", contrl(70, 1, "7").replace(b"UNT+3", b"UNT+4")),
    "STATUS": ("idoc", status(70, ("0000000000000001", "51", "no"))),
    "ApplicationResponse": ("ubl", application_response("AR1", ("1", "RE", "no"))),
    "Response": ("cxml", response("1@x", "406", "no")),
}


@pytest.mark.parametrize("name", ACKNOWLEDGEMENTS)
@pytest.mark.parametrize("change", [bytes, for_nobody, as_test])
def test_an_acknowledgement_of_any_syntax_has_no_answer(hub: Hub, name: str, change: Callable[[bytes], bytes]) -> None:
    syntax, content = ACKNOWLEDGEMENTS[name]
    landing = take(hub, change(content), syntax, key="k", agreement="cxml_in" if name == "Response" else None)
    assert answers(hub, landing.document_id) == {}


@pytest.mark.parametrize("syntax", ["edifact", "idoc"])
def test_an_acknowledgement_that_comes_changed_under_its_number_has_no_answer(hub: Hub, syntax: str) -> None:
    both = {
        "edifact": (contrl(70, 1, "7"), contrl(70, 1, "4")),
        "idoc": (status(70, ("1", "51", "no")), status(70, ("1", "53", "yes"))),
    }[syntax]
    outcomes = [take(hub, content, syntax) for content in both]
    assert [landing.outcome for landing in outcomes] == ["new", "conflict"]
    assert [answers(hub, landing.document_id) for landing in outcomes] == [{}, {}]


@pytest.mark.parametrize("change", [bytes, as_test])
def test_an_aperak_is_answered_by_a_contrl_and_by_no_aperak(hub: Hub, change: Callable[[bytes], bytes]) -> None:
    landing = take(hub, change(aperak(70, "313", "4500000001", "ERC+12")), "edifact")
    assert list(answers(hub, landing.document_id)) == ["CONTRL"]


@pytest.mark.parametrize("mode", ["production", "test"])
def test_a_status_update_gets_its_response_as_every_request_and_no_update(hub: Hub, mode: str) -> None:
    landing = take(hub, update("7@network", mode=mode), "cxml")
    said = answers(hub, landing.document_id)
    assert (
        list(said) == ["Response"] and b'<Status code="200" text="OK"' in said["Response"] and b'payloadID="7@network"' in said["Response"]
    )
    lost = take(hub, update("8@network", to="AN01000009999"), "cxml")
    assert b'code="403"' in answers(hub, lost.document_id)["Response"]


def test_an_edifact_interchange_that_asks_for_a_contrl_gets_one(open_with: Open) -> None:
    silent = BACK.replace("messages: []", "messages: [{type: DESADV, version: D.96A, mapping: edifact/DESADV}]")
    hub = open_with({**to_acme(), "agreements/acme_answers.yaml": ("_", silent)})
    body = "UNH+1+DESADV:D:96A:UN'BGM+351+D1+9'DTM+137:202611220800:203'CPS+1'LIN+1++06901234000023:EN'QTY+12:24'UNT+7+1'"
    for control, asks in ((1, ""), (2, "++++1")):
        unb = f"UNB+UNOC:3+ACME:ZZ+NORTH:ZZ+261122:1415+{control}{asks}"
        landing = take(hub, f"{unb}'{body}UNZ+1+{control}'".encode(), "acme")
        assert list(answers(hub, landing.document_id)) == (["CONTRL"] if asks else [])

"""EDIFACT through the hub: orders come in and are answered with CONTRL and APERAK, ours go out and are closed by what the partner says."""

from __future__ import annotations

from io import BytesIO

import pytest
import sqlalchemy as sa

from connectors.formats.edifact import FORMAT
from connectors.spec import STRICT
from hub import outbound
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.store import blobs, evidence, tables
from tests.connectors.formats.edifact.samples import ORDER, UNB, interchange, message
from tests.hub.acknowledge.conftest import Open
from tests.hub.acknowledge.test_business import answers, open_findings, outgoing, sent_orders
from tests.hub.conftest import SITE, take

IN = """
version: 1
agreement: clinic_in
partner: clinic
organisation: north
direction: in
format: edifact
envelope: {sender: "14:7612345000008", receiver: "14:7640123000001"}
messages: [{type: ORDERS, version: D.96A, mapping: edifact/ORDERS}]
acknowledge: {functional: always, application: on_error}
profile: {time_zone: Europe/Amsterdam}
"""
BACK = """
version: 1
agreement: acme_answers
partner: acme
organisation: north
direction: in
format: edifact
envelope: {sender: "ZZ:ACME", receiver: "ZZ:NORTH"}
messages: []
"""
OUT = """
version: 1
agreement: orders_to_acme
partner: acme
organisation: north
direction: out
format: edifact
envelope: {sender: "ZZ:NORTH", receiver: "ZZ:ACME"}
messages: [{type: ORDERS, version: D.96A, mapping: edifact/ORDERS}]
acknowledge: {expect_within_hours: 24}
profile: {options: {association: EAN008, line_end: "\\r\\n"}}
"""
CLINIC = {
    "partners/clinic.yaml": ("_", "version: 1\npartner: clinic\nname: Clinic\nkind: customer\n"),
    "agreements/clinic_in.yaml": ("_", IN),
}
WRONG = [segment.replace("07640123000018", "07640123000019") for segment in ORDER]


def good(reference: str = "4711", *orders: list[str]) -> bytes:
    parts = [message("ORDERS", body, str(number)) for number, body in enumerate(orders or [list(ORDER)], 1)]
    return interchange(parts, UNB.replace("4711", reference), reference, una="UNA:+.? '")


def states(hub: Hub, document_id: int) -> list[str]:
    exchange = tables.exchange
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(exchange).where(exchange.c.document_id == document_id).order_by(exchange.c.ordinal))
        return [str(evidence.show(connection, row.id)["state"]) for row in rows]


def said_of(content: bytes, *tags: str) -> list[str]:
    return [segment for segment in content.decode("latin-1").split("'") if segment[:3] in tags]


def test_orders_are_applied_and_answered(open_with: Open) -> None:
    hub = open_with(CLINIC)
    landing = take(hub, good(), "clinic")
    assert states(hub, landing.document_id) == ["applied"]
    said = answers(hub, landing.document_id)
    assert list(said) == ["CONTRL"]
    assert said_of(said["CONTRL"], "UCI", "UCM") == ["UCI+4711+7612345000008:14+7640123000001:14+7"]
    assert said_of(said["CONTRL"], "UNB")[0].startswith("UNB+UNOC:3+7640123000001:14+7612345000008:14+")
    with hub.database.read() as connection:
        (exchange,) = connection.execute(sa.select(tables.exchange)).all()
        (application,) = connection.execute(sa.select(tables.application)).all()
    assert (exchange.type, exchange.version, exchange.format) == ("ORDERS", "D.96A", "edifact")
    assert (application.kind, application.number) == ("purchase_order", "4500000123")


def test_an_interchange_without_a_version_of_the_syntax_is_answered(open_with: Open) -> None:
    hub = open_with(CLINIC)
    bare = good().replace(b"UNA:+.? '", b"").replace(b"UNOC:3+", b"UNOC+")
    said = answers(hub, take(hub, bare, "clinic").document_id)
    assert said_of(said["CONTRL"], "UCI") == ["UCI+4711+7612345000008:14+7640123000001:14+4+13+UNB+2:2"]
    assert said_of(said["CONTRL"], "UNB")[0].startswith("UNB+UNOC:3+7640123000001:14+7612345000008:14+")


def test_how_long_a_reference_counts_is_the_agreements_word(open_with: Open, clock: FrozenClock) -> None:
    hub = open_with({**CLINIC, "agreements/clinic_in.yaml": ("_", IN + "duplicate_window_days: 30\n")})
    take(hub, good(), "clinic")
    other = [segment.replace("4500000123", "4500000124") for segment in ORDER]
    clock.advance(29 * 86_400)
    assert take(hub, good("4711", other), "clinic").outcome == "conflict"
    clock.advance(2 * 86_400)
    landing = take(hub, good("4711", other), "clinic")
    assert (landing.outcome, states(hub, landing.document_id)) == ("new", ["applied"])
    assert said_of(answers(hub, landing.document_id)["CONTRL"], "UCI")[0].endswith("+7")


def test_a_broken_order_is_refused_alone(open_with: Open) -> None:
    hub = open_with(CLINIC)
    broken = [segment.replace("QTY+21:12", "QTY+21:1?+2") for segment in ORDER]
    other = [segment.replace("4500000123", "4500000124") for segment in ORDER]
    landing = take(hub, good("4711", broken, other), "clinic")
    assert states(hub, landing.document_id) == ["rejected", "applied"]
    assert said_of(answers(hub, landing.document_id)["CONTRL"], "UCI", "UCM", "UCS", "UCD") == [
        "UCI+4711+7612345000008:14+7640123000001:14+7",
        "UCM+1+ORDERS:D:96A:UN:EAN008+4",
        "UCS+10",
        "UCD+37+2:2",
    ]


def test_a_wrong_check_digit_is_taken_by_syntax_and_refused_by_business(open_with: Open) -> None:
    hub = open_with(CLINIC)
    landing = take(hub, good("4711", WRONG), "clinic")
    said = answers(hub, landing.document_id)
    assert list(said) == ["CONTRL", "APERAK"]
    assert said_of(said["CONTRL"], "UCI")[0].endswith("+7") and not said_of(said["CONTRL"], "UCM")
    assert said_of(said["APERAK"], "BGM")[0].startswith("BGM+313+")
    assert said_of(said["APERAK"], "RFF") == ["RFF+ACW:4500000123", "RFF+AGO:1"]
    assert said_of(said["APERAK"], "ERC") == ["ERC+GS1-01::ZZZ"]
    assert said_of(said["APERAK"], "FTX")[0].startswith("FTX+AAO+++LIN at position 7")


def test_a_reference_is_used_once(open_with: Open) -> None:
    hub = open_with(CLINIC)
    first = take(hub, good(), "clinic")
    again = take(hub, good(), "clinic")
    assert (again.outcome, again.document_id) == ("repeat", first.document_id)
    other = take(hub, good("4711", [segment.replace("QTY+21:12", "QTY+21:13") for segment in ORDER]), "clinic")
    assert other.outcome == "conflict"
    assert said_of(answers(hub, other.document_id)["CONTRL"], "UCI") == ["UCI+4711+7612345000008:14+7640123000001:14+4+26"]


@pytest.mark.parametrize(
    ("indicator", "state", "said"),
    [("1", "checked", "7"), ("2", "checked", "7"), ("3", "rejected", "4+25+UNB+12"), ("X", "rejected", "4+12+UNB+12")],
)
def test_what_is_flagged_as_a_test_is_no_production_whatever_the_flag(open_with: Open, indicator: str, state: str, said: str) -> None:
    hub = open_with(CLINIC)
    landing = take(hub, good().replace(b"+4711'", b"+4711++++++" + indicator.encode() + b"'", 1), "clinic")
    assert states(hub, landing.document_id) == [state]
    assert said_of(answers(hub, landing.document_id)["CONTRL"], "UCI") == ["UCI+4711+7612345000008:14+7640123000001:14+" + said]
    with hub.database.read() as connection:
        assert connection.execute(sa.select(tables.application)).all() == []


def test_a_stranger_and_a_wrong_recipient_are_refused(open_with: Open) -> None:
    hub = open_with(CLINIC)
    stranger = take(hub, good().replace(b"7612345000008:14", b"7612345000999:14", 1), "clinic")
    assert said_of(answers(hub, stranger.document_id)["CONTRL"], "UCI") == ["UCI+4711+7612345000999:14+7640123000001:14+4+23+UNB+3"]
    lost = take(hub, good("4712").replace(b"7640123000001:14", b"7640123000999:14", 1), "clinic")
    assert said_of(answers(hub, lost.document_id)["CONTRL"], "UCI") == ["UCI+4712+7612345000008:14+7640123000999:14+4+7+UNB+4"]
    assert states(hub, stranger.document_id) == states(hub, lost.document_id) == ["rejected"]
    assert {rule for rule, _ in open_findings(hub, "SEC-01", "SEC-02")} == {"SEC-01", "SEC-02"}


def test_a_version_that_was_not_agreed_is_refused(open_with: Open) -> None:
    hub = open_with(CLINIC)
    landing = take(hub, good().replace(b"D:96A", b"D:97A"), "clinic")
    assert said_of(answers(hub, landing.document_id)["CONTRL"], "UCM") == ["UCM+1+ORDERS:D:97A:UN:EAN008+4+17+UNH+3"]


def control(*body: str, kind: str = "CONTRL", version: str = "D:3:UN") -> bytes:
    unb = "UNB+UNOC:3+ACME:ZZ+NORTH:ZZ+261122:1415+9"
    return interchange([message(kind, body, version=version)], unb, "9", una="UNA:+.? '")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (control("UCI+{0}+NORTH:ZZ+ACME:ZZ+7"), "acknowledged"),
        (control("UCI+{0}+NORTH:ZZ+ACME:ZZ+7", "UCM+1+ORDERS:D:96A:UN:EAN008+7"), "acknowledged"),
        (control("UCI+{0}+NORTH:ZZ+ACME:ZZ+7", "UCM+1+ORDERS:D:96A:UN:EAN008+4", "UCS+3+15"), "failed"),
        (control("UCI+{0}+NORTH:ZZ+ACME:ZZ+4+28+UNZ+3"), "failed"),
        (control("UCI+{0}+NORTH:ZZ+ACME:ZZ+8"), "sent"),
        (control("BGM+313+A1+9", "RFF+ON:4500000001", "ERC+12", kind="APERAK", version="D:96A:UN"), "refused"),
    ],
)
def test_what_the_partner_says_closes_what_we_sent(open_with: Open, answer: bytes, state: str) -> None:
    hub = open_with({**to_acme(), "agreements/acme_answers.yaml": ("_", BACK)})
    (exchange_id,) = sent_orders(hub, "4500000001")
    sent = document(hub)
    (order,) = [event.message for event in FORMAT.read(BytesIO(sent), STRICT) if event.message is not None]
    (header,) = [event.interchange for event in FORMAT.read(BytesIO(sent), STRICT) if event.kind == "interchange"]
    assert header is not None and order.findings == [] and order.version == "D.96A"
    assert sent.startswith(b"UNA:+.? '\r\nUNB+UNOC:3+NORTH:ZZ+ACME:ZZ+") and b"+ORDERS:D:96A:UN:EAN008'" in sent
    take(hub, answer.replace(b"{0}", str(header.control).encode()), "acme")
    assert outgoing(hub, exchange_id)[0] == state


def test_what_answers_nothing_of_ours_is_a_finding(open_with: Open) -> None:
    hub = open_with({**to_acme(), "agreements/acme_answers.yaml": ("_", BACK)})
    take(hub, control("UCI+4242+NORTH:ZZ+ACME:ZZ+7"), "acme")
    assert [rule for rule, _ in open_findings(hub, "ACK-03")] == ["ACK-03"]


def to_acme() -> dict[str, tuple[str, str]]:
    return {"agreements/orders_to_acme.yaml": ((SITE / "agreements" / "orders_to_acme.yaml").read_text(encoding="utf-8"), OUT)}


def document(hub: Hub) -> bytes:
    with hub.database.read() as connection:
        (row,) = connection.execute(sa.select(tables.outbox).where(tables.outbox.c.kind == "document")).all()
        content = blobs.read_blob(connection, hub.settings.home, bytes(row.sha256))
    assert row.media_type == "application/edifact"
    return content


def test_an_order_is_told_once(open_with: Open) -> None:
    hub = open_with(to_acme())
    (exchange_id,) = sent_orders(hub, "4500000001")
    assert outgoing(hub, exchange_id)[0] == "sent"
    assert outbound.push(hub, hub.site.flows["orders_to_acme"]) == []

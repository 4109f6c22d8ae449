"""What a partner's answers close: exactly what they name, by the last word on each level, whenever they come."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import exchange, outbound
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables
from tests.hub.acknowledge.conftest import Open
from tests.hub.acknowledge.test_business import advice, functional, open_findings, outgoing, said, sent_orders
from tests.hub.acknowledge.test_syntaxes import SITE, aperak, application_response, from_supplier, place, state, status
from tests.hub.acknowledge.test_syntaxes import findings as open_in
from tests.hub.conftest import take
from tests.hub_api.papers import ACME, interchange, orders


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    opened = Hub.open(Settings(tmp_path / "home", SITE, database_url, "en", 1_000_000, clock))
    yield opened
    opened.database.close()


# --- what is meant -------------------------------------------------------------------------------------------------------
def test_the_number_of_an_interchange_is_no_number_of_a_document(open_with: Open) -> None:
    hub = open_with({})
    one, two = sent_orders(hub, "4500000001", "4500000002")  # in interchanges 1 and 2
    said(hub, 50, advice("TR", "2"))
    assert (outgoing(hub, one), outgoing(hub, two)) == (("sent", "awaited"), ("sent", "awaited"))
    assert open_findings(hub, "ACK-03", "ACK-05") == [("ACK-03", open_findings(hub, "ACK-03")[0][1])]
    said(hub, 51, ["BGN*11*A1*20261122*0900", "OTI*TR*IV*4500000001"])
    assert outgoing(hub, one) == ("sent", "awaited"), "an invoice of that number is no order of that number"
    said(hub, 52, advice("TR", "4500000001"))
    assert outgoing(hub, one) == ("refused", "rejected")


def test_an_order_whose_number_is_that_of_an_interchange_is_itself(open_with: Open) -> None:
    hub = open_with({})
    one, two = sent_orders(hub, "2", "1")  # order 2 in interchange 1, order 1 in interchange 2
    said(hub, 50, advice("TR", "2"))
    assert (outgoing(hub, one)[0], outgoing(hub, two)[0]) == ("refused", "sent")


@pytest.mark.parametrize(
    ("reference", "meant"),
    [("RFF+ACW:2", False), ("RFF+AGO:1", False), ("RFF+IV:4500000002", False), ("RFF+ACW:4500000002", True), ("RFF+ON:4500000002", True)],
)
def test_an_aperak_means_a_document_by_its_own_number(hub: Hub, reference: str, meant: bool) -> None:
    one, two = place(hub, "edifact", "4500000001", "4500000002")
    take(hub, from_supplier(70, "APERAK", "BGM+313+A1+9", "DTM+137:20261122:102", reference, "ERC+12", version="D:96A:UN"), "edifact")
    assert state(hub, one) == ("sent", "awaited")
    assert state(hub, two) == (("refused", "rejected") if meant else ("sent", "awaited"))
    told = [rule for rule, _ in open_in(hub)]
    assert told == (["ACK-05"] if meant else ["ACK-09"] if "AGO" in reference else ["ACK-03"])


def test_what_a_guides_codes_of_errors_mean_is_the_agreements(database_url: str, tmp_path: Path, clock: FrozenClock) -> None:
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    agreement = site / "agreements" / "edifact_in.yaml"
    options = 'profile: {options: {aperak: {errors: {"1": accept, Z07: warn, Z09: refuse}}}}\n'
    agreement.write_text(agreement.read_text(encoding="utf-8") + options, encoding="utf-8")
    hub = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 1_000_000, clock))
    placed = place(hub, "edifact", *(f"450000000{number}" for number in range(1, 5)))
    for number, code in enumerate(("1", "Z07", "Z09", "Z99"), 1):
        take(hub, aperak(70 + number, "305", f"450000000{number}", f"ERC+{code}"), "edifact")
    taken, remarked, refused, unknown = placed
    assert [state(hub, one)[0] for one in placed] == ["acknowledged", "acknowledged", "refused", "sent"]
    assert state(hub, unknown)[1] == "awaited"  # a code that nobody knows is no refusal, and no acceptance either
    told = open_in(hub)
    assert told[:2] == [("ACK-06", remarked), ("ACK-05", refused)]
    assert [rule for rule, _ in told[2:]] == ["ACK-10"] and taken not in {one for _, one in told}
    hub.database.close()


def test_an_application_response_means_a_document_of_the_kind_that_it_names(hub: Hub) -> None:
    (order,) = place(hub, "ubl", "4500000001")
    content = application_response("AR1", ("4500000001", "RE", "no"))
    invoice = content.replace(
        b"</cbc:ID></cac:DocumentReference>", b"</cbc:ID><cbc:DocumentTypeCode>380</cbc:DocumentTypeCode></cac:DocumentReference>"
    )
    take(hub, invoice, "ubl", key="a1")
    assert state(hub, order) == ("sent", "awaited")
    take(hub, content.replace(b">AR1<", b">AR2<"), "ubl", key="a2")
    assert state(hub, order) == ("refused", "rejected")


def test_an_idoc_is_meant_by_its_number_and_an_order_of_that_number_is_not(hub: Hub) -> None:
    one, two = place(hub, "idoc", "2", "3")  # order 2 in IDoc 1, order 3 in IDoc 2
    take(hub, status(70, ("0000000000000002", "51", "no such material")), "idoc")
    assert state(hub, one) == ("sent", "awaited") and state(hub, two) == ("refused", "rejected")


@pytest.mark.parametrize(
    ("parties", "closed"),
    [
        ("8799999010009:14+6999999020042:14", True),
        ("8799999010009+6999999020042", True),
        ("6999999020042:14+8799999010009:14", False),
        ("8799999010009:14+6999999029999:14", False),
        ("8799999010009:ZZ+6999999020042:14", False),
    ],
)
def test_a_contrl_speaks_of_what_went_between_its_two_parties(hub: Hub, parties: str, closed: bool) -> None:
    (order,) = place(hub, "edifact", "4500000001")
    take(hub, from_supplier(70, "CONTRL", f"UCI+1+{parties}+4+18", "UCM+1+ORDERS:D:96A:UN+4+12"), "edifact")
    assert state(hub, order) == (("failed", "rejected") if closed else ("sent", "awaited"))
    assert [rule for rule, _ in open_in(hub)] == (["ACK-02"] if closed else ["ACK-03"])


# --- the last word counts ------------------------------------------------------------------------------------------------
def test_what_was_rejected_and_is_taken_later_is_no_longer_open(open_with: Open) -> None:
    hub = open_with({})
    (order,) = sent_orders(hub, "4500000001")
    take(hub, functional(50, ("0001", "R")), "acme")
    take(hub, functional(51, ("0001", "R")), "acme")
    assert outgoing(hub, order) == ("failed", "rejected") and open_findings(hub, "ACK-02") == [("ACK-02", order)], "told once"
    take(hub, functional(52, ("0001", "A")), "acme")
    assert outgoing(hub, order) == ("acknowledged", "accepted") and open_findings(hub, "ACK-02") == []


def test_a_later_acceptance_of_syntax_does_not_undo_what_people_refused(open_with: Open) -> None:
    hub = open_with({})
    (order,) = sent_orders(hub, "4500000001")
    said(hub, 50, advice("TR", "4500000001"))
    take(hub, functional(51, ("0001", "R")), "acme")
    assert outgoing(hub, order) == ("failed", "rejected") and open_findings(hub, "ACK-02", "ACK-05") == [
        ("ACK-05", order),
        ("ACK-02", order),
    ]
    take(hub, functional(52, ("0001", "A")), "acme")
    assert outgoing(hub, order) == ("refused", "accepted") and open_findings(hub, "ACK-02", "ACK-05") == [("ACK-05", order)]
    said(hub, 53, advice("TA", "4500000001"))
    assert outgoing(hub, order) == ("acknowledged", "accepted") and open_findings(hub, "ACK-02", "ACK-05") == []


def test_who_agrees_with_what_it_says_has_read_it(open_with: Open) -> None:
    hub = open_with({})
    (order,) = sent_orders(hub, "4500000001")
    take(hub, functional(50, ("0001", "R")), "acme")
    said(hub, 51, advice("TA", "4500000001"))
    assert outgoing(hub, order) == ("acknowledged", "accepted") and open_findings(hub, "ACK-02") == []


# --- whenever it comes ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "state_", "word"), [("R", "failed", "rejected"), ("A", "acknowledged", "accepted")])
def test_an_answer_before_our_own_note_of_sending_stands(open_with: Open, code: str, state_: str, word: str) -> None:
    hub = open_with({})
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    (order,) = outbound.push(hub, hub.site.flows["orders_to_acme"])
    take(hub, functional(50, ("0001", code)), "acme")
    outbound.send(hub)
    assert outgoing(hub, order) == (state_, word)


def test_what_was_rejected_and_is_sent_again_waits_for_an_answer_again(open_with: Open) -> None:
    hub = open_with({})
    (order,) = sent_orders(hub, "4500000001")
    take(hub, functional(50, ("0001", "R")), "acme")
    exchange.resend(hub, order, "ira", "they have mended it")
    assert outgoing(hub, order) == ("waiting", "awaited")
    outbound.send(hub)
    assert outgoing(hub, order) == ("sent", "awaited") and open_findings(hub, "ACK-02") == [("ACK-02", order)]
    hub.clock.advance(25 * 3600)  # type: ignore[attr-defined]
    assert outbound.watch(hub) == 1 and outgoing(hub, order) == ("sent", "overdue")
    take(hub, functional(51, ("0001", "A")), "acme")
    assert outgoing(hub, order) == ("acknowledged", "accepted") and open_findings(hub, "ACK-01", "ACK-02") == []


def test_an_answer_shows_that_a_document_came_whose_delivery_seemed_to_fail(open_with: Open) -> None:
    hub = open_with({})
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    (order,) = outbound.push(hub, hub.site.flows["orders_to_acme"])
    with hub.database.begin("test") as uow:
        uow.connection.execute(tables.outbox.update().values(route={"use": "folder", "folder": "/dev/null/out"}, attempts=11))
    outbound.send(hub)
    assert outgoing(hub, order) == ("failed", "awaited") and open_findings(hub, "OUT-02") == [("OUT-02", order)]
    take(hub, functional(50, ("0001", "A")), "acme")
    assert outgoing(hub, order) == ("acknowledged", "accepted") and open_findings(hub, "OUT-02") == []


def test_an_answer_that_names_nothing_is_told(open_with: Open) -> None:
    hub = open_with({})
    landing = take(hub, interchange(ACME, 50, ["BGN*11*A1*20261122*0900", "OTI*TR"], code="824", group="AG"), "acme")
    with hub.database.read() as connection:
        rules = connection.execute(sa.select(tables.finding.c.rule).where(tables.finding.c.document_id == landing.document_id)).scalars()
        assert "ACK-09" in set(rules)

"""Answers to what a document says, beside those to its syntax: ours to partners (824), and theirs to us."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from hub import acknowledge, outbound, slices, worker
from hub.check import check_file
from hub.examine import Claimant
from hub.runtime import Hub
from hub.store import evidence, tables
from tests.hub.acknowledge.conftest import Open
from tests.hub.conftest import take
from tests.hub_api.papers import ACME, BOREALIS, WRONG_GTIN, Channel, despatch, found, interchange, orders

ASKS = {"agreements/acme_in.yaml": ("functional: always,", "functional: always, application: on_error,")}
ALWAYS = {"agreements/acme_in.yaml": ("functional: always,", "functional: always, application: always,")}


def answers(hub: Hub, document_id: int) -> dict[str, bytes]:
    """Our answers to a document, by their kinds."""
    with hub.database.read() as connection:
        listed = acknowledge.listed(connection, hub.settings.home, document_id)
    return {one["kind"]: one["content"].encode() for one in listed}


def outgoing(hub: Hub, exchange_id: int) -> tuple[str, str]:
    with hub.database.read() as connection:
        shown = evidence.show(connection, exchange_id)
    return shown["state"], shown["acknowledgement"]


def open_findings(hub: Hub, *rules: str) -> list[tuple[str, int | None]]:
    finding = tables.finding
    query = sa.select(finding.c.rule, finding.c.exchange_id).where(finding.c.closed_at.is_(None)).order_by(finding.c.id)
    if rules:
        query = query.where(finding.c.rule.in_(rules))
    with hub.database.read() as connection:
        return [(row.rule, row.exchange_id) for row in connection.execute(query)]


def sent_orders(hub: Hub, *numbers: str) -> list[int]:
    for number in numbers:
        take(hub, orders(number), "erp", key=number, agreement="orders_north")
    made = outbound.push(hub, hub.site.flows["orders_to_acme"])
    outbound.send(hub)
    return made


def advice(code: str, number: str, *more: str, group: str = "", control: str = "") -> list[str]:
    named = f"OTI*{code}*PO*{number}" + (f"*****{group}*{control}*850" if group else "")
    return ["BGN*11*A1*20261122*0900", named, *more]


def said(hub: Hub, number: int, *bodies: list[str]) -> Any:
    """An 824 comes."""
    return take(hub, interchange(ACME, number, *bodies, code="824", group="AG"), "acme")


def functional(number: int, *sets: tuple[str, str], group: str = "1") -> bytes:
    body = [f"AK1*PO*{group}"]
    for control, code in sets:
        body += [f"AK2*850*{control}", f"AK5*{code}"]
    return interchange(ACME, number, [*body, "AK9*A*1*1*1"], code="997", group="FA")


# --- ours --------------------------------------------------------------------------------------------------------------
def test_a_bad_check_digit_is_taken_by_syntax_and_refused_by_business(open_with: Open) -> None:
    hub = open_with(ASKS)
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    landing = take(hub, interchange(ACME, 7, despatch("D1"), despatch("D2", gtin=WRONG_GTIN)), "acme")
    said = answers(hub, landing.document_id)
    assert list(said) == ["997", "824"]
    assert found(said["997"], "AK9") == [["AK9", "A", "2", "2", "2"]]
    assert found(said["824"], "OTI") == [["OTI", "TR", "SI", "D2", "ACME", "NORTH", "", "", "7", "0002", "856", "004010"]]
    (error,) = found(said["824"], "TED")
    assert error[1:2] == ["848"] and error[3:6] == ["LIN", "10", "3"] and error[2].startswith("GS1-01 ")
    assert {segment[1] for segment in found(said["824"], "GS")} == {"AG"}
    assert {found(content, "ISA")[0][13] for content in said.values()} == {"000000001", "000000002"}


def of_advice(number: int, group: str, *sets: tuple[str, str], verdict: str = "A") -> bytes:
    """The partner's 997 for an 824 of ours."""
    body = [f"AK1*AG*{group}"]
    for control, code in sets:
        body += [f"AK2*824*{control}", f"AK5*{code}"]
    return interchange(ACME, number, [*body, f"AK9*{verdict}*1*1*1"], code="997", group="FA")


def test_what_a_partner_says_of_our_824_closes_the_824_and_is_not_answered(open_with: Open) -> None:
    hub = open_with(ASKS)
    landing = take(hub, interchange(ACME, 7, despatch("D2", gtin=WRONG_GTIN)), "acme")
    group = found(answers(hub, landing.document_id)["824"], "GS")[0][6]

    def ours() -> dict[str, Any]:
        with hub.database.read() as connection:
            listed = acknowledge.listed(connection, hub.settings.home, landing.document_id)
        assert [one["reference"] is not None for one in listed] == [False, True], "a 997 is never answered, so it keeps no number"
        return listed[1]["answered"] or {}

    assert ours() == {}
    refused = take(hub, of_advice(8, group, ("0001", "R*5"), verdict="R"), "acme")
    assert (ours()["verdict"], ours()["document"], ours()["said"]) == ("rejected", refused.document_id, "R 5")
    assert [rule for rule, _ in open_findings(hub, "ACK-11", "ACK-03")] == ["ACK-11"]
    taken = take(hub, of_advice(9, group, ("0001", "A")), "acme")
    assert (ours()["verdict"], ours()["document"]) == ("accepted", taken.document_id)
    assert open_findings(hub, "ACK-11", "ACK-03") == []
    assert answers(hub, refused.document_id) == answers(hub, taken.document_id) == {}, "the last word"
    take(hub, of_advice(10, str(int(group) + 7), ("0001", "A")), "acme")
    assert [rule for rule, _ in open_findings(hub, "ACK-11", "ACK-03")] == ["ACK-03"], "another group is none of ours"


def test_a_997_for_our_824_is_no_answer_to_a_document_of_the_same_group_number(open_with: Open) -> None:
    hub = open_with(ASKS)
    (order,) = sent_orders(hub, "4500000001")
    landing = take(hub, interchange(ACME, 7, despatch("D2", gtin=WRONG_GTIN)), "acme")
    group = found(answers(hub, landing.document_id)["824"], "GS")[0][6]
    before = outgoing(hub, order)
    take(hub, of_advice(8, group, ("0001", "R*5"), verdict="R"), "acme")
    assert outgoing(hub, order) == before
    take(hub, functional(9, ("0001", "A"), group="1"), "acme")
    assert outgoing(hub, order) == ("acknowledged", "accepted") and open_findings(hub, "ACK-03") == []


def test_an_order_never_placed_is_answered_and_its_facts_stand(open_with: Open) -> None:
    hub = open_with(ASKS)
    landing = take(hub, interchange(ACME, 1, despatch("D1", order="4599999999")), "acme")
    said = answers(hub, landing.document_id)
    assert found(said["997"], "AK9")[0][1] == "A"
    assert [segment[:4] for segment in found(said["824"], "OTI")] == [["OTI", "TE", "SI", "D1"]]
    (error,) = found(said["824"], "TED")
    assert error[1] == "011" and error[3] == "PRF" and "4599999999" in error[2]
    assert [rule for rule, _ in open_findings(hub, "ACK-07")] == ["ACK-07"]
    with hub.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.line)).scalar_one() == 1


def test_an_order_of_somebody_else_is_answered_as_none(open_with: Open) -> None:
    hub = open_with(ASKS)
    take(hub, orders("4500000001", "V2"), "erp", key="k1", agreement="orders_north")
    landing = take(hub, interchange(ACME, 1, despatch("D1")), "acme")
    assert [segment[2][:6] for segment in found(answers(hub, landing.document_id)["824"], "TED")] == ["ACK-07"]


def test_a_gtin_of_no_item_is_answered_where_items_have_gtins(open_with: Open) -> None:
    hub = open_with(ASKS)
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    quiet = take(hub, interchange(ACME, 1, despatch("D1")), "acme")
    assert list(answers(hub, quiet.document_id)) == ["997"], "nobody has told of any item yet"
    with hub.database.begin("test") as uow:
        uow.connection.execute(
            tables.crosswalk.insert().values(
                kind="item", scheme="gtin", value="04012345000009", golden_id=1, application_id=1, base_quantity=1
            )
        )
    landing = take(hub, interchange(ACME, 2, despatch("D2")), "acme")
    assert [segment[2][:6] for segment in found(answers(hub, landing.document_id)["824"], "TED")] == ["ACK-08"]


def test_a_good_document_is_answered_by_business_only_where_that_is_wanted(open_with: Open) -> None:
    hub = open_with(ALWAYS)
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    landing = take(hub, interchange(ACME, 1, despatch("D1")), "acme")
    said = answers(hub, landing.document_id)
    assert [segment[1] for segment in found(said["824"], "OTI")] == ["TA"] and not found(said["824"], "TED")
    rejected = take(hub, interchange(ACME, 2, despatch("D3"), miscounted=0), "acme")
    assert list(answers(hub, rejected.document_id)) == ["997"], "what was refused by syntax has no business answer"


def test_a_document_in_slices_is_answered_for_all_its_messages(open_with: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LARGE", 100)
    monkeypatch.setattr(slices, "MESSAGES", 2)
    hub = open_with(ASKS)
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    sets = [despatch(f"D{number}", gtin=WRONG_GTIN if number % 2 else "06901234000023") for number in range(5)]
    landing = take(hub, interchange(ACME, 1, *sets), "acme")
    assert [segment[3] for segment in found(answers(hub, landing.document_id)["824"], "OTI")] == ["D1", "D3"]


def test_a_dry_run_shows_the_business_answer(open_with: Open, tmp_path: Any) -> None:
    hub = open_with(ASKS)
    path = tmp_path / "despatch.edi"
    path.write_bytes(interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)))
    shown = check_file(path, hub.site, Claimant("acme"), hub.clock.now())["acknowledgement"]
    assert "*997*0001~" in shown and "OTI*TR*SI*D1*" in shown


def test_a_999_is_written_where_the_guide_asks_for_it(open_with: Open) -> None:
    hub = open_with({"agreements/borealis_in.yaml": ("functional: always", 'functional: always, functional_as: "999"')})
    wrong = despatch("D2")
    wrong[7:8] = ["HL*3*2*I", "LIN*1"]  # LIN02 and LIN03 are mandatory
    landing = take(hub, interchange(BOREALIS, 1, despatch("D1"), wrong), "borealis")
    said = answers(hub, landing.document_id)
    assert list(said) == ["999"]
    assert found(said["999"], "ST") == [["ST", "999", "0001", "005010X231A1"]] and found(said["999"], "GS")[0][8] == "005010X231A1"
    assert (
        [segment[1] for segment in found(said["999"], "IK5")] == ["A", "R"] and found(said["999"], "IK3") and not found(said["999"], "AK5")
    )


# --- theirs ------------------------------------------------------------------------------------------------------------
def test_a_997_closes_each_set_by_itself(open_with: Open) -> None:
    hub = open_with({})
    one, two = sent_orders(hub, "4500000001", "4500000002")
    take(hub, functional(50, ("0001", "A"), group="2"), "acme")
    assert (outgoing(hub, one), outgoing(hub, two)) == (("sent", "awaited"), ("acknowledged", "accepted"))
    stranger = take(hub, functional(51, ("0001", "A"), ("0009", "A")), "acme")
    assert outgoing(hub, one) == ("acknowledged", "accepted")
    with hub.database.read() as connection:
        (finding,) = evidence.findings_of(connection, tables.finding.c.document_id == stranger.document_id)
    assert finding["rule"] == "ACK-03" and "message 850 0009" in finding["message"]


def test_a_999_is_heard_as_a_997_is(open_with: Open) -> None:
    hub = open_with({})
    (order,) = sent_orders(hub, "4500000001")
    body = ["AK1*PO*1*004010", "AK2*850*0001", "IK3*BEG*2**8", "IK4*1*353*7*ZZ", "IK5*R*5", "AK9*R*1*1*0"]
    five = Channel("acme", "ACME", "NORTH", "005010", "north", "")
    take(hub, interchange(five, 50, body, code="999", group="FA"), "acme")
    assert outgoing(hub, order) == ("failed", "rejected")
    assert open_findings(hub, "ACK-02") == [("ACK-02", order)]


def test_business_refuses_what_syntax_took_until_it_takes_it(open_with: Open) -> None:
    hub = open_with({})
    one, two = sent_orders(hub, "4500000001", "4500000002")
    take(hub, functional(50, ("0001", "A")), "acme")
    said(hub, 51, advice("TR", "4500000001", "TED*848*no such item*PO1*7"))
    assert outgoing(hub, one) == ("refused", "accepted") and outgoing(hub, two) == ("sent", "awaited")
    with hub.database.read() as connection:
        (finding,) = evidence.findings_of(connection, tables.finding.c.exchange_id == one)
    assert finding["rule"] == "ACK-05" and "no such item" in finding["message"]
    take(hub, functional(52, ("0001", "A")), "acme")
    assert outgoing(hub, one)[0] == "refused", "a late 997 does not make good what the 824 refused"
    said(hub, 53, advice("TA", "4500000001"))
    assert outgoing(hub, one) == ("acknowledged", "accepted") and open_findings(hub, "ACK-05") == []
    said(hub, 54, advice("TE", "4500000002", "TED*024*price differs"))
    assert outgoing(hub, two) == ("acknowledged", "partly") and open_findings(hub, "ACK-06") == [("ACK-06", two)]


def test_an_824_that_names_group_and_set_means_exactly_that_set(open_with: Open) -> None:
    hub = open_with({})
    one, two = sent_orders(hub, "4500000001", "4500000002")
    said(hub, 50, advice("TR", "whatever", group="2", control="0001"))
    assert (outgoing(hub, one)[0], outgoing(hub, two)[0]) == ("sent", "refused")
    landing = said(hub, 51, advice("TR", "4500099999"))
    with hub.database.read() as connection:
        (finding,) = evidence.findings_of(connection, tables.finding.c.document_id == landing.document_id)
    assert finding["rule"] == "ACK-03" and "document 4500099999" in finding["message"]
    assert answers(hub, landing.document_id) == {"997": answers(hub, landing.document_id)["997"]}


def test_an_order_that_was_refused_is_new_to_the_partner_when_it_comes_again(open_with: Open) -> None:
    hub = open_with({})
    (order,) = sent_orders(hub, "4500000001")
    said(hub, 50, advice("TR", "4500000001"))
    changed = orders("4500000001", quantity=30).replace(b'"revision": 0', b'"revision": 1').replace(b'"new"', b'"new"')
    take(hub, changed, "erp", key="k2", agreement="orders_north")
    (again,) = outbound.push(hub, hub.site.flows["orders_to_acme"])
    with hub.database.read() as connection:
        sha256 = connection.execute(sa.select(tables.outbox.c.sha256).where(tables.outbox.c.exchange_id == again)).scalar_one()
        body = connection.execute(sa.select(tables.blob.c.body).where(tables.blob.c.sha256 == sha256)).scalar_one()
    assert found(bytes(body), "BEG")[0][1] == "00" and outgoing(hub, order)[0] == "refused"


def test_an_envelope_that_was_taken_is_not_undone_by_the_refusal_of_its_copy(open_with: Open) -> None:
    hub = open_with({})
    (order,) = sent_orders(hub, "4500000001")
    take(hub, functional(50, ("0001", "A")), "acme")
    isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'ACME':<15}*ZZ*{'NORTH':<15}*261122*0800*U*00401*000000051*0*P*>"
    take(hub, f"{isa}~TA1*000000001*261122*0800*R*025~IEA*0*000000051~".encode(), "acme")
    assert outgoing(hub, order) == ("acknowledged", "accepted") and open_findings(hub, "ACK-02", "ACK-03") == []


def test_an_invoice_that_comes_twice_counts_once_and_is_told(open_with: Open) -> None:
    hub = open_with({})
    invoice = ["BIG*20261122*INV1*20261101*4500000001***DI*00", "IT1*1*24*EA*1.5**UK*06901234000023", "TDS*3600", "CTT*1"]
    for number in (1, 2):
        take(hub, interchange(ACME, number, invoice, code="810", group="IN"), "acme")
    found_ = open_findings(hub, "DUP-05")
    assert len(found_) == 1
    with hub.database.read() as connection:
        states = list(connection.execute(sa.select(tables.exchange.c.state).order_by(tables.exchange.c.id)).scalars())
    assert states == ["superseded", "applied"] and found_[0][1] == 2


def test_a_message_whose_tree_was_let_go_is_not_told_as_unread(hub: Hub) -> None:
    """Nobody wants a business answer of this partner's, so that the worker lets go of what it has mapped before the answer is written."""
    came = take(hub, interchange(ACME, 901, despatch("SHP-LG1")), "acme")
    assert found(answers(hub, came.document_id)["997"], "AK5") == [["AK5", "A"]]

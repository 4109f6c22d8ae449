"""UBL and cXML through the hub: orders come in and are answered, ours go out and are closed or refused by what the partner says."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from lxml import etree

from connectors import freshness
from connectors.formats.b2mml import ANSWERING
from connectors.registry import format_named
from connectors.spec import STRICT, Envelope
from data_contracts.source import Message
from hub import acknowledge, writing
from hub.runtime import Hub
from hub.store import blobs, evidence, tables
from tests.hub.acknowledge.conftest import Open
from tests.hub.acknowledge.test_business import answers, outgoing, sent_orders
from tests.hub.conftest import take

SAMPLES = Path(__file__).parents[2] / "samples"
IN = """
version: 1
agreement: clinic_in
partner: clinic
organisation: north
direction: in
format: %s
envelope: {sender: "%s", receiver: "%s"}
messages: [{type: %s, mapping: %s}]
acknowledge: {functional: always, application: %s}
"""
BACK = """
version: 1
agreement: acme_answers
partner: acme
organisation: north
direction: in
format: %s
envelope: {sender: "%s", receiver: "%s"}
messages: []
"""
OUT = """
version: 1
agreement: orders_to_acme
partner: acme
organisation: north
direction: out
format: %s
envelope: {sender: "%s", receiver: "%s"}
messages: [{type: %s, mapping: %s}]
acknowledge: {expect_within_hours: 24}
"""
CLINIC = {"partners/clinic.yaml": ("_", "version: 1\npartner: clinic\nname: Clinic\nkind: customer\n")}
CXML_IN = ("cxml", "NetworkID:AN-HOSPITAL", "NetworkID:AN-ALDER", "OrderRequest", "cxml/OrderRequest")
UBL_IN = ("ubl", "0088:9506000000015", "0088:9506000000022", "Order", "ubl/Order")


def comes(application: str, agreed: tuple[str, str, str, str, str]) -> dict[str, tuple[str, str]]:
    return {**CLINIC, "agreements/clinic_in.yaml": ("_", IN % (*agreed, application))}


def goes(syntax: str, ours: str, theirs: str, kind: str) -> dict[str, tuple[str, str]]:
    whole = (SAMPLES / "site" / "agreements" / "orders_to_acme.yaml").read_text(encoding="utf-8")
    return {
        "agreements/orders_to_acme.yaml": (whole, OUT % (syntax, ours, theirs, kind, f"{syntax}/{kind}")),
        "agreements/acme_answers.yaml": ("_", BACK % (syntax, theirs, ours)),
    }


def state(hub: Hub, document_id: int) -> str:
    exchange = tables.exchange
    with hub.database.read() as connection:
        row = connection.execute(sa.select(exchange).where(exchange.c.document_id == document_id)).one()
        return str(evidence.show(connection, row.id)["state"])


def read(syntax: str, content: bytes) -> Message:
    (message,) = [event.message for event in format_named(syntax).read(BytesIO(content), STRICT) if event.message is not None]
    assert [finding.text() for finding in message.findings] == []
    return message


def sent(hub: Hub) -> bytes:
    with hub.database.read() as connection:
        (row,) = connection.execute(sa.select(tables.outbox).where(tables.outbox.c.kind == "document")).all()
        return blobs.read_blob(connection, hub.settings.home, bytes(row.sha256))


def test_a_cxml_order_is_taken_with_200_and_a_changed_one_under_its_payload_id_refused_with_409(open_with: Open) -> None:
    hub = open_with(comes("never", CXML_IN))
    order = (SAMPLES / "cxml" / "OrderRequest.xml").read_bytes()
    landing = take(hub, order, "clinic")
    assert state(hub, landing.document_id) == "applied"
    said = read("cxml", answers(hub, landing.document_id)["Response"])
    assert said.root is not None and said.control == "1001@hospital.example"
    (response,) = said.root.children
    assert response.children[0].values == {"@code": "200", "@text": "OK"}
    assert take(hub, order, "clinic").outcome == "repeat"
    other = take(hub, order.replace(b'quantity="40"', b'quantity="41"'), "clinic")
    assert other.outcome == "conflict"
    assert b'code="409"' in answers(hub, other.document_id)["Response"]


def test_a_cxml_order_that_was_cut_is_answered_with_400_and_may_come_again_whole(open_with: Open) -> None:
    hub = open_with(comes("never", CXML_IN))
    order = (SAMPLES / "cxml" / "OrderRequest.xml").read_bytes()
    cut = take(hub, order[:1500], "clinic")
    said = read("cxml", answers(hub, cut.document_id)["Response"])
    assert said.root is not None and said.control == "1001@hospital.example"
    (response,) = said.root.children
    status = response.children[0].values
    assert isinstance(status, dict) and status["@code"] == "400" and "cut off" in status[""]
    whole = take(hub, order, "clinic")
    assert whole.outcome == "new" and state(hub, whole.document_id) == "applied"
    garbled = take(hub, order.replace(b"1001@", b"1002@").replace(b"</OrderRequestHeader>", b""), "clinic")
    assert b'code="406"' in answers(hub, garbled.document_id)["Response"]


def test_a_cxml_order_that_lacks_its_number_is_refused_with_406_and_its_fault(open_with: Open) -> None:
    hub = open_with(comes("never", CXML_IN))
    order = (SAMPLES / "cxml" / "OrderRequest.xml").read_bytes().replace(b' orderID="PO-2026-118"', b"")
    landing = take(hub, order, "clinic")
    assert state(hub, landing.document_id) == "rejected"
    said = answers(hub, landing.document_id)["Response"].decode()
    assert 'code="406"' in said and "@orderID is required and absent" in said


def test_a_stranger_is_refused_with_403(open_with: Open) -> None:
    hub = open_with(comes("never", CXML_IN))
    landing = take(hub, (SAMPLES / "cxml" / "OrderRequest.xml").read_bytes().replace(b"AN-HOSPITAL", b"AN-OTHER"), "clinic")
    assert state(hub, landing.document_id) == "rejected"
    assert b'code="403"' in answers(hub, landing.document_id)["Response"]


def test_a_ubl_order_is_answered_by_application_responses(open_with: Open) -> None:
    hub = open_with(comes("always", UBL_IN))
    landing = take(hub, (SAMPLES / "ubl" / "Order.xml").read_bytes(), "clinic", key="k1")
    assert state(hub, landing.document_id) == "applied"
    said = answers(hub, landing.document_id)
    assert list(said) == ["MessageLevelResponse", "ApplicationResponse"]
    answering = format_named("ubl")
    for content in said.values():
        message = read("ubl", content)
        assert message.type == "ApplicationResponse" and answering.name == "ubl"
        assert b"<cbc:ResponseCode>AP</cbc:ResponseCode>" in content and b"<cbc:ID>PO-2026-118</cbc:ID>" in content
    with hub.database.read() as connection:
        body = acknowledge.body_for(connection, hub.settings.home, landing.document_id)
    assert body is not None
    parts = message_from_bytes(b"Content-Type: " + body[1].encode() + b"\r\n\r\n" + body[0])
    assert [part.get_content_type() for part in parts.walk()] == ["multipart/mixed", "application/xml", "application/xml"]
    assert [part.get_payload(decode=True) for part in parts.get_payload()] == list(said.values())  # type: ignore[union-attr]


T71 = {
    "": {"CustomizationID", "ProfileID", "ID", "IssueDate", "IssueTime", "SenderParty", "ReceiverParty", "DocumentResponse"},
    "/DocumentResponse": {"Response", "DocumentReference", "LineResponse"},
    "/DocumentResponse/Response": {"ResponseCode", "Description"},
    "/DocumentResponse/DocumentReference": {"ID", "DocumentTypeCode"},
    "/DocumentResponse/LineResponse": {"LineReference", "Response"},
    "/DocumentResponse/LineResponse/Response": {"ResponseCode", "Description", "Status"},
}
"""The elements that the Peppol message level response has (OpenPeppol T71): it takes no others."""


@pytest.mark.parametrize("lines", [True, False])
def test_what_claims_to_be_a_message_level_response_holds_what_that_has(open_with: Open, lines: bool) -> None:
    hub = open_with(comes("never", UBL_IN))
    order = (SAMPLES / "ubl" / "Order.xml").read_bytes()
    start, stop = order.index(b"  <cac:OrderLine>"), order.rindex(b"</Order>")
    landing = take(hub, order if lines else order[:start] + order[stop:], "clinic", key="k1")
    root = etree.fromstring(answers(hub, landing.document_id)["MessageLevelResponse"])
    for path, known in T71.items():
        for holder in root.findall("./" + "/".join(f"{{*}}{part}" for part in path.split("/") if part)) if path else [root]:
            assert {etree.QName(child).localname for child in holder} <= known
    codes = {element.text for element in root.iterfind(".//{*}ResponseCode")}
    assert codes == ({"AP"} if lines else {"RE"})
    assert [element.text for element in root.iterfind(".//{*}DocumentTypeCode")] == ["220"]


def test_a_ubl_order_without_lines_is_rejected_with_the_place_of_its_fault(open_with: Open) -> None:
    hub = open_with(comes("never", UBL_IN))
    order = (SAMPLES / "ubl" / "Order.xml").read_bytes()
    start, stop = order.index(b"  <cac:OrderLine>"), order.rindex(b"</Order>")
    landing = take(hub, order[:start] + order[stop:], "clinic", key="k1")
    assert state(hub, landing.document_id) == "rejected"
    said = answers(hub, landing.document_id)["MessageLevelResponse"].decode()
    assert "<cbc:ResponseCode>RE</cbc:ResponseCode>" in said and "<cbc:LineID>/Order/OrderLine</cbc:LineID>" in said
    assert "<cbc:StatusReasonCode>SV</cbc:StatusReasonCode>" in said


@pytest.mark.parametrize(("code", "expected"), [("AP", "acknowledged"), ("RE", "refused"), ("AB", "sent")])
def test_an_application_response_closes_or_refuses_what_we_sent(open_with: Open, code: str, expected: str) -> None:
    hub = open_with(goes("ubl", "0088:9506000000015", "0088:9506000000022", "Order"))
    (exchange_id,) = sent_orders(hub, "4500000001")
    order = read("ubl", sent(hub))
    assert order.root is not None and order.root.values["ID"] == "4500000001"
    answer = (SAMPLES / "ubl" / "ApplicationResponse.xml").read_text(encoding="utf-8")
    answer = answer.replace("PO-2026-118", "4500000001").replace("<cbc:ResponseCode>RE<", f"<cbc:ResponseCode>{code}<", 1)
    take(hub, answer.encode(), "acme", key="answer", agreement="acme_answers")
    assert outgoing(hub, exchange_id)[0] == expected


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [("Response", "200", "acknowledged"), ("Response", "406", "failed"), ("StatusUpdateRequest", "500", "failed")],
)
def test_a_cxml_status_closes_or_refuses_what_we_sent(open_with: Open, kind: str, code: str, expected: str) -> None:
    hub = open_with(goes("cxml", "NetworkID:AN-NORTH", "NetworkID:AN-ACME", "OrderRequest"))
    (exchange_id,) = sent_orders(hub, "4500000001")
    order = read("cxml", sent(hub))
    assert order.control is not None
    answer = (SAMPLES / "cxml" / f"{kind}.xml").read_text(encoding="utf-8")
    answer = answer.replace("1001@hospital.example", order.control).replace("AN-ALDER", "AN-ACME").replace("AN-HOSPITAL", "AN-NORTH")
    answer = answer.replace('code="406"', f'code="{code}"').replace('code="200"', f'code="{code}"')
    take(hub, answer.encode(), "acme", key="answer", agreement="acme_answers")
    assert outgoing(hub, exchange_id)[0] == expected


def test_production_of_a_factory_whose_b2mml_names_no_receiver_is_applied_by_its_sender(open_with: Open) -> None:
    agreed = ("b2mml", "LogicalID:MES-CORK", "LogicalID:UDIHUB", "OperationsPerformance", "b2mml/OperationsPerformance")
    hub = open_with(comes("never", agreed))
    landing = take(hub, (SAMPLES / "b2mml" / "OperationsPerformance.xml").read_bytes(), "clinic", key="k1")
    assert state(hub, landing.document_id) == "applied"
    other = take(
        hub,
        (SAMPLES / "b2mml" / "OperationsPerformance.xml").read_bytes().replace(b"MES-CORK", b"MES-LYON").replace(b"BOD-771", b"B2"),
        "clinic",
        key="k2",
    )
    assert state(hub, other.document_id) == "rejected"


NOT_AGREED = [
    ("ubl", "0088:9506000000015", "0088:9506000000022", "Invoice", "ubl/Order.xml", "<cbc:ResponseCode>RE<"),
    ("b2mml", "LogicalID:MES-CORK", "LogicalID:UDIHUB", "MaterialInformation", "b2mml/OperationsPerformance.xml", 'actionCode="Rejected"'),
    ("cxml", "NetworkID:AN-HOSPITAL", "NetworkID:AN-ALDER", "ShipNoticeRequest", "cxml/OrderRequest.xml", 'code="450"'),
    ("idoc", "LS:NMDCLNT100", "LS:UDIHUB", "INVOIC", "idoc/ORDERS05.xml", "<STATUS>56<"),
]


@pytest.mark.parametrize(("syntax", "sender", "receiver", "kind", "sample", "refusal"), NOT_AGREED, ids=[case[0] for case in NOT_AGREED])
@pytest.mark.parametrize("with_errors", [False, True], ids=["strict", "with errors"])
def test_what_the_agreement_does_not_take_is_refused_and_told_so(
    open_with: Open, syntax: str, sender: str, receiver: str, kind: str, sample: str, refusal: str, with_errors: bool
) -> None:
    changes = comes("on_error", (syntax, sender, receiver, kind, f"{syntax}/{kind}"))
    if with_errors:
        old, agreed = changes["agreements/clinic_in.yaml"]
        changes["agreements/clinic_in.yaml"] = (old, agreed + "profile: {accept_with_errors: true}\n")
    hub = open_with(changes)
    landing = take(hub, (SAMPLES / sample).read_bytes(), "clinic", key="k1")
    with hub.database.read() as connection:
        fates = connection.execute(sa.select(tables.exchange.c.id).where(tables.exchange.c.document_id == landing.document_id))
        assert {str(evidence.show(connection, number)["state"]) for (number,) in fates} == {"rejected"}
    (said,) = answers(hub, landing.document_id).values()
    assert refusal in said.decode() and "not part of agreement" in said.decode()


def test_production_by_b2mml_is_confirmed_under_its_bodid_and_a_confirmation_is_never_answered(open_with: Open) -> None:
    agreed = ("b2mml", "LogicalID:MES-CORK", "LogicalID:UDIHUB", "OperationsPerformance", "b2mml/OperationsPerformance")
    hub = open_with(comes("on_error", agreed))
    run = (SAMPLES / "b2mml" / "OperationsPerformance.xml").read_bytes()
    landing = take(hub, run, "clinic", key="k1")
    said = read("b2mml", answers(hub, landing.document_id)["ConfirmBOD"])
    (heard,) = ANSWERING.read(said)
    assert (heard.control, heard.verdict) == ("BOD-771", "accepted")
    assert b"<LogicalID>UDIHUB</LogicalID>" in answers(hub, landing.document_id)["ConfirmBOD"]
    broken = take(hub, run.replace(b"BOD-771", b"BOD-772").replace(b"<ID>OP-771</ID>", b""), "clinic", key="k2")
    if state(hub, broken.document_id) == "rejected":
        (heard,) = ANSWERING.read(read("b2mml", answers(hub, broken.document_id)["ConfirmBOD"]))
        assert (heard.control, heard.verdict) == ("BOD-772", "rejected") and heard.notes
    confirmation = take(hub, (SAMPLES / "b2mml" / "ConfirmBOD.xml").read_bytes(), "clinic", key="k3")
    assert answers(hub, confirmation.document_id) == {}
    with hub.database.read() as connection:
        rules = connection.execute(sa.select(tables.finding.c.rule).where(tables.finding.c.document_id == confirmation.document_id))
        assert [rule for (rule,) in rules] == ["ACK-03"], "it names nothing that we sent"


@pytest.mark.parametrize("verb", ["Get", "Cancel"])
@pytest.mark.parametrize("named", [True, False], ids=["of an object", "of none"])
def test_a_b2mml_transaction_that_states_nothing_is_refused_to_its_senders_face(open_with: Open, verb: str, named: bool) -> None:
    hub = open_with(
        comes("on_error", ("b2mml", "LogicalID:MES-CORK", "LogicalID:UDIHUB", "OperationsPerformance", "b2mml/OperationsPerformance"))
    )
    content = (SAMPLES / "b2mml" / "OperationsPerformance.xml").read_bytes().replace(b"Process", verb.encode())
    if not named:
        content = content[: content.index(b"    <OperationsPerformance>")] + content[content.index(b"  </DataArea>") :]
    landing = take(hub, content, "clinic", key="k1")
    (heard,) = ANSWERING.read(read("b2mml", answers(hub, landing.document_id)["ConfirmBOD"]))
    assert (heard.control, heard.verdict) == ("BOD-771", "rejected") and verb in heard.notes
    with hub.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.application)).scalar_one() == 0
        rules = connection.execute(sa.select(tables.finding.c.rule).where(tables.finding.c.document_id == landing.document_id))
        assert "B2M-04" in {rule for (rule,) in rules}


def test_a_cancelled_order_goes_out_as_the_document_that_ubl_has_for_it(open_with: Open) -> None:
    changes = goes("ubl", "0088:9506000000015", "0088:9506000000022", "Order")
    name = "agreements/orders_to_acme.yaml"
    whole, out = changes[name]
    more = "messages: [{type: OrderCancellation, mapping: ubl/OrderCancellation}, {type: Order, mapping: ubl/Order}]"
    hub = open_with({**changes, name: (whole, out.replace("messages: [{type: Order, mapping: ubl/Order}]", more))})
    agreement = hub.site.agreements["orders_to_acme"]
    order = {"entity": "PurchaseOrder", "number": "PO-1", "issued_at": datetime(2026, 11, 22, tzinfo=UTC), "lines": []}
    for purpose, kind in (("original", "Order"), ("replace", "Order"), ("cancel", "OrderCancellation")):
        agreed, _ = writing.agreed_for(hub.site, agreement, {**order, "purpose": purpose})
        assert agreed.type == kind
    envelope = Envelope("0088:9506000000015", "0088:9506000000022", 1, 1, 1, datetime(2026, 11, 22, tzinfo=UTC))
    ended = {**order, "purpose": "cancel", "buyer": {"name": "A"}, "supplier": {"name": "B"}}
    written = writing.write(hub.site, agreement, ended, envelope)
    assert written.content is not None and written.findings == []
    assert read("ubl", written.content).type == "OrderCancellation"


def test_a_cancellation_ends_the_order_that_it_names(open_with: Open) -> None:
    changes = comes("never", UBL_IN)
    more = "messages: [{type: OrderCancellation, mapping: ubl/OrderCancellation}, "
    hub = open_with({**changes, "agreements/clinic_in.yaml": ("_", changes["agreements/clinic_in.yaml"][1].replace("messages: [", more))})
    take(hub, (SAMPLES / "ubl" / "Order.xml").read_bytes(), "clinic", key="k1")
    landing = take(hub, (SAMPLES / "ubl" / "OrderCancellation.xml").read_bytes(), "clinic", key="k2")
    assert state(hub, landing.document_id) == "applied"
    with hub.database.read() as connection:
        (subject,) = connection.execute(sa.select(tables.subject).where(tables.subject.c.kind == "purchase_order")).all()
    assert subject.state == "cancelled"


def test_a_grammar_that_changes_while_workers_run_judges_the_next_document(open_with: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "EVERY_SECONDS", 0.0)
    shipped = (freshness.SHIPPED / "ubl" / "Order.yaml").read_text(encoding="utf-8")
    hub = open_with({**comes("never", UBL_IN), "grammars/ubl/Order.yaml": ("_", shipped)})
    order = (SAMPLES / "ubl" / "Order.xml").read_bytes()
    first = take(hub, order, "clinic", key="one")
    assert state(hub, first.document_id) == "applied"
    own = hub.site.folder / "grammars" / "ubl" / "Order.yaml"
    own.write_text(shipped.replace("fields:\n", "fields:\n  Demanded: Text!\n", 1), encoding="utf-8")
    second = take(hub, order.replace(b">PO-", b">PX-"), "clinic", key="two")
    assert state(hub, second.document_id) == "rejected"
    own.write_text(shipped, encoding="utf-8")
    third = take(hub, order.replace(b">PO-", b">PY-"), "clinic", key="three")
    assert state(hub, third.document_id) == "applied"
    exchange = tables.exchange
    with hub.database.read() as connection:
        query = sa.select(exchange.c.grammar_hash).where(exchange.c.document_id.in_([first.document_id, second.document_id]))
        assert len({str(row[0]) for row in connection.execute(query)}) == 2, "what is kept as evidence is what each was read by"

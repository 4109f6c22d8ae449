"""What follows of a broken rule of a contract, in each format: told, the row, the message, the flow; and what the partner hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub import acknowledge, stopping, worker
from hub.audit import verify_all
from hub.runtime import Hub
from hub.store import evidence, stops, tables
from hub.store.stop_tables import flow_waiting
from tests.hub.acknowledge.conftest import Open, open_with
from tests.hub.conftest import take
from tests.hub_api.papers import ACME, BOREALIS, WRONG_GTIN, despatch, interchange, orders

__all__ = ["open_with"]
SAMPLES = Path(__file__).parents[1] / "samples"
PARTNER = "version: 1\npartner: tester\nname: Tester\nkind: %s\n"
AGREEMENT = """version: 1
agreement: tester_in
partner: tester
organisation: north
direction: in
format: %s
messages: [{type: "%s", mapping: %s}]
acknowledge: {functional: %s, interchange: on_rejection, application: %s}
contract: promise
rules:
  ACK-07: {severity: info}
  SSCC-01: {severity: info, action: none}
"""
CONTRACT = """apiVersion: v3.1.0
kind: DataContract
id: promise
version: 1.0.0
status: active
team: {name: Test}
schema:
  - name: promise
    logicalType: object
    customProperties:
      - {property: canonicalEntity, value: %s}
      - {property: canonicalLine, value: %s}
    properties:
      - {name: number, logicalType: string, required: true, primaryKey: true}
      - name: line
        logicalType: string
        quality:
          - id: T-01
            dimension: conformity
            severity: warning
            description: "Line %s is not agreed."
            type: library
            metric: invalidValues
            arguments: {pattern: '^(?!%s$)'}
            mustBe: 0
            customProperties: [{property: action, value: %s}]
"""


@dataclass(frozen=True)
class Sample:
    """A document of a format whose line `bad` breaks the contract, and what stands in the next one instead of what."""

    file: str
    type: str
    mapping: str
    entity: str
    line: str
    bad: str
    again: tuple[tuple[bytes, bytes], ...] = ()
    envelope: tuple[str, str] | None = None
    grammar: str | None = None
    kind: str = "supplier"
    syntax: str | None = None
    """What answers its syntax, where that is an answer of its own."""
    business: str | None = None
    """What answers its content; null: a feed, whose sender reads it in `/v1/documents`."""


DESPATCH = ("DespatchAdvice", "DespatchLine")
ORDER = ("PurchaseOrder", "PurchaseOrderLine")
FORMATS = {
    "x12": Sample(
        "x12/856_005010.edi", "856", "x12/856", *DESPATCH, "2", ((b"000009002", b"000009003"),), ("14:RHEINTITAN", "14:NOVACAREEU"),
        syntax="997", business="824"),
    "edifact": Sample(
        "edifact/DESADV_D96A.edi", "DESADV", "edifact/DESADV", *DESPATCH, "2", ((b"0830+5'", b"0830+6'"), (b"UNZ+1+5'", b"UNZ+1+6'")),
        ("14:9506000000022", "14:9506000000015"), syntax="CONTRL", business="APERAK"),
    "idoc xml": Sample(
        "idoc/ORDERS05.xml", "ORDERS", "idoc/ORDERS", *ORDER, "20", ((b"00000000000047", b"00000000000048"),),
        ("LS:NMDCLNT100", "LS:UDIHUB"), kind="customer", business="STATUS"),
    "idoc flat": Sample(
        "idoc/ORDERS05.txt", "ORDERS", "idoc/ORDERS", *ORDER, "20", ((b"00000000000047", b"00000000000048"),),
        ("LS:NMDCLNT100", "LS:UDIHUB"), kind="customer", business="STATUS"),
    "ubl": Sample(
        "ubl/DespatchAdvice.xml", "DespatchAdvice", "ubl/DespatchAdvice", *DESPATCH, "2", ((b"<cbc:ID>DA-9001<", b"<cbc:ID>DA-9002<"),),
        ("0088:9506000000022", "0088:9506000000015"), business="ApplicationResponse"),
    "cxml": Sample(
        "cxml/ShipNoticeRequest.xml", "ShipNoticeRequest", "cxml/ShipNoticeRequest", *DESPATCH, "2", ((b"2002@alder", b"2003@alder"),),
        ("NetworkID:AN-ALDER", "NetworkID:AN-HOSPITAL"), syntax="Response", business="StatusUpdateRequest"),
    "b2mml": Sample(
        "b2mml/OperationsPerformance.xml", "OperationsPerformance", "b2mml/OperationsPerformance", "ProductionEvent", "MaterialUse", "2",
        ((b"BOD-771", b"BOD-772"),), ("LogicalID:MES-CORK", "LogicalID:UDIHUB"), kind="mes", business="ConfirmBOD"),
    "csv": Sample("delimited/erp_orders.csv", "erp_orders", "delimited/erp_orders", *ORDER, "20", grammar="erp_orders", kind="customer"),
    "fixed": Sample("fixed/wms_shipments.txt", "wms_shipments", "fixed/wms_shipments", *DESPATCH, "2", grammar="wms_shipments", kind="wms"),
    "xlsx": Sample(
        "spreadsheet/supplier_confirmations.xlsx", "supplier_confirmations", "spreadsheet/supplier_confirmations", "OrderResponse",
        "OrderResponseLine", "20", grammar="supplier_confirmations",
    ),
    "json": Sample("json/erp_orders.json", "erp_orders", "json/erp_orders", *ORDER, "20", grammar="erp_orders", kind="customer"),
    "xml": Sample(
        "xml/wms_receipts.xml", "wms_receipts", "xml/wms_receipts", "ReceivingAdvice", "ReceivingLine", "2", grammar="wms_receipts",
        kind="wms",
    ),
}  # fmt: skip


def opened(open_with: Open, sample: Sample, action: str) -> Hub:
    syntax = sample.mapping.partition("/")[0]
    functional = "always" if sample.business is not None and sample.business != "ApplicationResponse" else "never"
    application = "on_error" if sample.business is not None else "never"
    agreement = AGREEMENT % (syntax, sample.type, sample.mapping, functional, application)
    if sample.envelope is not None:
        agreement += f'envelope: {{sender: "{sample.envelope[0]}", receiver: "{sample.envelope[1]}"}}\n'
    if sample.grammar is not None:
        agreement += f"grammar: {sample.grammar}\n"
    return open_with(
        {
            "partners/tester.yaml": ("_", PARTNER % sample.kind),
            "agreements/tester_in.yaml": ("_", agreement),
            "contracts/promise.odcs.yaml": ("_", CONTRACT % (sample.entity, sample.line, sample.bad, sample.bad, action)),
        }
    )


def exchanges(hub: Hub, document_id: int) -> list[sa.Row[object]]:
    with hub.database.read() as connection:
        query = sa.select(tables.exchange).where(tables.exchange.c.document_id == document_id).order_by(tables.exchange.c.id)
        return list(connection.execute(query))


def document_state(hub: Hub, document_id: int) -> str:
    with hub.database.read() as connection:
        return str(connection.execute(sa.select(tables.document.c.state).where(tables.document.c.id == document_id)).scalar_one())


def told(hub: Hub, document_id: int) -> list[tuple[str, str]]:
    with hub.database.read() as connection:
        return [(one["kind"], one["verdict"]) for one in acknowledge.listed(connection, hub.settings.home, document_id)]


def findings(hub: Hub, document_id: int) -> list[tuple[str, str, str]]:
    with hub.database.read() as connection:
        found = evidence.findings_of(connection, tables.finding.c.document_id == document_id)
    return [(one["rule"], one["severity"], one["action"]) for one in found if one["rule"] == "CON-60"]


def arrives(hub: Hub, sample: Sample, number: int) -> int:
    """The sample comes, the first time or as another document of its partner."""
    content = (SAMPLES / sample.file).read_bytes()
    for old, new in sample.again if number > 1 else ():
        assert old in content
        content = content.replace(old, new)
    key = None if sample.again else f"k{number}"
    return take(hub, content, "tester", key=key, agreement="tester_in").document_id


def expected(sample: Sample, action: str) -> set[tuple[str, str]]:
    """What the sender of the broken message hears."""
    syntax = {(sample.syntax, "accepted")} if sample.syntax is not None else set()
    verdict = {"none": "accepted", "row": "partly", "message": "rejected", "flow": "rejected"}[action]
    if sample.business is None or (verdict == "accepted" and (sample.syntax or sample.business == "ApplicationResponse")):
        return syntax  # business is answered where something is wrong
    return {*syntax, (sample.business, verdict)}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("action", ["none", "row", "message", "flow"])
def test_the_row_the_message_the_flow_and_what_the_partner_is_told(open_with: Open, name: str, action: str) -> None:
    sample = FORMATS[name]
    hub = opened(open_with, sample, action)
    document = arrives(hub, sample, 1)
    first, *others = exchanges(hub, document)
    assert first.state == ("applied" if action in ("none", "row") else "quarantined")
    assert (first.keys or {}).get("rows_left_out", 0) == (1 if action == "row" else 0)
    assert all(other.state in ("applied", "waiting", "checked") for other in others), "the other messages are none the worse"
    assert findings(hub, document) == [("CON-60", "warning" if action == "none" else "error", action)]
    heard = set(told(hub, document))
    assert expected(sample, action) <= heard
    assert not {(kind, verdict) for kind, verdict in heard if kind == sample.business and verdict not in ("accepted",)} - expected(
        sample, action
    )
    with hub.database.read() as connection:
        stopped = stops.listed(connection)
    assert [(one["agreement"], one["rule"], one["exchange_id"], one["document_id"]) for one in stopped] == (
        [("tester_in", "CON-60", first.id, document)] if action == "flow" else []
    )
    behind = arrives(hub, sample, 2)
    if action != "flow":
        assert document_state(hub, behind) != "waiting" and exchanges(hub, behind)
        return
    assert document_state(hub, behind) == "waiting"
    assert exchanges(hub, behind) == [] and told(hub, behind) == [], "it is neither looked into nor answered"
    assert stopping.resume(hub, "tester_in", "Ann", "their file is mended") == 1
    assert worker.drain(hub) == 1
    assert exchanges(hub, behind) and set(told(hub, behind)) >= expected(sample, action)
    with hub.database.read() as connection:
        assert len(stops.listed(connection)) == 1, "it was broken again"
        assert verify_all(connection) == []
        said = connection.execute(sa.select(tables.audit.c.action, tables.audit.c.actor, tables.audit.c.reason)).all()
    assert ("flow.resumed", "Ann", "their file is mended") in [tuple(row) for row in said]
    assert [row.action for row in said].count("flow.stopped") == 2 and "document.kept_waiting" in [row.action for row in said]


def test_documents_of_one_batch_wait_behind_the_one_that_stopped_it_and_others_go_on(open_with: Open) -> None:
    sample = FORMATS["json"]
    hub = opened(open_with, sample, "flow")
    bad = (SAMPLES / sample.file).read_bytes()
    good = bad.replace(b'"line": "20"', b'"line": "30"')
    numbers = []
    for key, content in (("61", good), ("62", bad), ("63", good), ("64", good)):
        body = content.replace(b"45000001", b"45000" + key.encode() + b"1")
        numbers.append(take(hub, body, "tester", key=key, agreement="tester_in", process=False).document_id)
    other = take(hub, orders("4500000001"), "erp", key="o", agreement="orders_north", process=False).document_id
    worker.drain(hub)
    assert [document_state(hub, number) for number in numbers] == ["processed", "quarantined", "waiting", "waiting"]
    assert document_state(hub, other) == "processed"
    with hub.database.read() as connection:
        assert stops.listed(connection)[0]["waiting"] == 2
        assert connection.execute(sa.select(sa.func.count()).select_from(flow_waiting)).scalar_one() == 2
    assert stopping.resume(hub, "tester_in", "Ann", "seen") == 2
    worker.drain(hub)
    assert [document_state(hub, number) for number in numbers] == ["processed", "quarantined", "processed", "processed"]
    assert [exchanges(hub, number)[0].id for number in numbers] == sorted(exchanges(hub, number)[0].id for number in numbers)


def test_a_person_stops_and_resumes(hub: Hub) -> None:
    assert stopping.stop(hub, "acme_in", "Ann", "they test today") == 1
    assert stopping.stop(hub, "acme_in", "Ann", "again") is None
    waits = take(hub, interchange(ACME, 1, despatch("SHP1")), "acme")
    assert document_state(hub, waits.document_id) == "waiting"
    assert take(hub, interchange(ACME, 1, despatch("SHP1")), "acme").outcome == "repeat", "a repeat is a repeat all the same"
    again = take(hub, interchange(BOREALIS, 1, despatch("SHP2")), "borealis")
    assert document_state(hub, again.document_id) == "processed"
    assert stopping.resume(hub, "acme_in", "Bob", "done") == 1
    worker.drain(hub)
    assert document_state(hub, waits.document_id) == "processed"
    for wrong in ("orders_to_acme", "nothing"):
        with pytest.raises(NotFoundError, match="there is no flow"):
            stopping.stop(hub, wrong, "Ann", "x")
    with pytest.raises(ConflictError, match="is not stopped"):
        stopping.resume(hub, "acme_in", "Ann", "x")


def test_answers_to_what_we_sent_are_heard_while_the_flow_is_stopped(hub: Hub) -> None:
    stopping.stop(hub, "acme_in", "Ann", "they test today")
    heard = take(hub, interchange(ACME, 1, ["AK1*PO*1", "AK9*A*1*1*1"], code="997", group="FA"), "acme")
    assert document_state(hub, heard.document_id) == "processed"


def test_a_large_document_waits_and_stops_too(open_with: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LARGE", 10)
    sample = FORMATS["x12"]
    hub = opened(open_with, sample, "flow")
    first, second = arrives(hub, sample, 1), arrives(hub, sample, 2)
    assert [document_state(hub, number) for number in (first, second)] == ["quarantined", "waiting"]


def test_an_agreement_chooses_for_itself_and_the_catalogues_own_flow_stops_nothing(open_with: Open) -> None:
    changes = {"agreements/acme_in.yaml": ("GS1-01: {severity: error, action: message}", "GS1-01: {action: flow}")}
    hub = open_with(changes)
    stranger = take(hub, interchange(ACME, 1, despatch("SHP1"), sender="OTHER"), "acme")
    assert document_state(hub, stranger.document_id) == "rejected"
    with hub.database.read() as connection:
        assert stops.listed(connection) == []
    take(hub, interchange(ACME, 2, despatch("SHP2", gtin=WRONG_GTIN)), "acme")
    with hub.database.read() as connection:
        assert [(one["agreement"], one["rule"], one["stopped_by"]) for one in stops.listed(connection)] == [("acme_in", "GS1-01", "worker")]

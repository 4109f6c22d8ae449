"""Signatures: an order goes to a signature service, and what the service says of it closes or refuses the order that went out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from hub.store import blobs, tables
from tests.hub.acknowledge.conftest import SITE, Open
from tests.hub.acknowledge.test_business import open_findings, outgoing, sent_orders
from tests.hub.conftest import take

OUT = """
version: 1
agreement: orders_to_acme
partner: acme
organisation: north
direction: out
format: esign
grammar: purchase_order
messages: [{type: purchase_order, mapping: esign/purchase_order}]
acknowledge: {expect_within_hours: 336}
"""
BACK = """
version: 1
agreement: acme_signatures
partner: acme
organisation: north
direction: in
format: esign
grammar: %s
messages: []
"""


def site(grammar: str) -> dict[str, tuple[str, str]]:
    whole = (SITE / "agreements" / "orders_to_acme.yaml").read_text(encoding="utf-8")
    return {"agreements/orders_to_acme.yaml": (whole, OUT), "agreements/acme_signatures.yaml": ("_", BACK % grammar)}


def docusign(event: str, number: str, reason: str = "") -> bytes:
    fields = [{"name": "other", "value": "x"}, {"name": "document", "value": number}]
    summary: dict[str, Any] = {"status": event, "customFields": {"textCustomFields": fields}}
    if reason:
        summary["voidedReason"] = reason
    return json.dumps({"event": event, "data": {"envelopeId": "e-1", "envelopeSummary": summary}}).encode()


def fadada(status: str, number: str) -> bytes:
    return json.dumps({"signTaskId": "1", "signTaskStatus": status, "transReferenceId": number, "eventTime": "1"}).encode()


@pytest.mark.parametrize(
    ("grammar", "event", "state", "rules"),
    [
        ("docusign_events", docusign("envelope-completed", "4500000001"), ("acknowledged", "accepted"), []),
        ("docusign_events", docusign("envelope-voided", "4500000001", "prices are old"), ("refused", "rejected"), ["ACK-05"]),
        ("docusign_events", docusign("envelope-delivered", "4500000001"), ("sent", "awaited"), []),
        ("fadada_events", fadada("task_finished", "4500000001"), ("acknowledged", "accepted"), []),
        ("fadada_events", fadada("task_terminated", "4500000001"), ("refused", "rejected"), ["ACK-05"]),
        ("fadada_events", fadada("sign_progress", "4500000001"), ("sent", "awaited"), []),
    ],
)
def test_what_the_service_says_is_the_answer_to_the_order(
    open_with: Open, grammar: str, event: bytes, state: tuple[str, str], rules: list[str]
) -> None:
    hub = open_with(site(grammar))
    (exchange_id,) = sent_orders(hub, "4500000001")
    assert outgoing(hub, exchange_id) == ("sent", "awaited"), "a signature is awaited"
    with hub.database.read() as connection:
        (row,) = connection.execute(sa.select(tables.outbox).where(tables.outbox.c.kind == "document")).all()
        sent = json.loads(blobs.read_blob(connection, hub.settings.home, bytes(row.sha256)))
    assert sent["number"] == "4500000001" and sent["lines"]
    take(hub, event, "acme", key="event-1", agreement="acme_signatures")
    assert outgoing(hub, exchange_id) == state
    assert [rule for rule, _ in open_findings(hub, "ACK-02", "ACK-03", "ACK-05", "ACK-09")] == rules
    again = take(hub, event, "acme", key="event-1", agreement="acme_signatures")
    assert again.outcome == "repeat" and outgoing(hub, exchange_id) == state


def test_signed_after_all_closes_what_was_refused_and_strange_words_are_told(open_with: Open) -> None:
    hub = open_with(site("docusign_events"))
    (exchange_id,) = sent_orders(hub, "4500000001")
    take(hub, docusign("envelope-declined", "4500000001"), "acme", key="1", agreement="acme_signatures")
    assert outgoing(hub, exchange_id)[0] == "refused"
    take(hub, docusign("envelope-completed", "4500000001"), "acme", key="2", agreement="acme_signatures")
    assert outgoing(hub, exchange_id) == ("acknowledged", "accepted") and open_findings(hub, "ACK-05") == []
    take(hub, docusign("envelope-purged", "4500000001"), "acme", key="3", agreement="acme_signatures")
    take(hub, docusign("envelope-completed", "4599999999"), "acme", key="4", agreement="acme_signatures")
    take(hub, b'{"event": "envelope-completed", "data": {"envelopeId": "e"}}', "acme", key="5", agreement="acme_signatures")
    assert sorted(rule for rule, _ in open_findings(hub, "ACK-03", "ACK-09")) == ["ACK-03", "ACK-09", "ACK-09"]
    assert outgoing(hub, exchange_id) == ("acknowledged", "accepted")


def test_another_partner_closes_nothing_of_whom_it_was_sent_to(open_with: Open) -> None:
    hub = open_with(
        site("docusign_events") | {"agreements/borealis_signatures.yaml": ("_", (BACK % "docusign_events").replace("acme", "borealis"))}
    )
    (exchange_id,) = sent_orders(hub, "4500000001")
    take(hub, docusign("envelope-completed", "4500000001"), "borealis", key="1", agreement="borealis_signatures")
    assert outgoing(hub, exchange_id) == ("sent", "awaited")
    assert [rule for rule, _ in open_findings(hub, "ACK-03")] == ["ACK-03"]

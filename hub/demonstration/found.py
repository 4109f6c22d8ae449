"""What the hub found, as plain values out of the store: what `found.json` holds and what a reader may hold against `faults.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.runtime import Hub
from hub.store import blobs
from hub.store.tables import acknowledgement, discrepancy, document, exchange, finding, partner, subject


def everything(hub: Hub) -> dict[str, list[dict[str, Any]]]:
    """Open discrepancies, findings that are more than information, exchanges that do not stand, and subjects that are cancelled."""
    with hub.database.read() as connection:
        return {
            "discrepancies": discrepancies(connection),
            "findings": findings(connection),
            "exchanges": exchanges(connection),
            "subjects": subjects(connection),
            "answers": answers(connection, hub.settings.home),
        }


def discrepancies(connection: sa.Connection) -> list[dict[str, Any]]:
    """Open discrepancies, by rule and key."""
    rows = connection.execute(
        sa.select(discrepancy).where(discrepancy.c.closed_at.is_(None)).order_by(discrepancy.c.rule, discrepancy.c.key)
    )
    return [
        {
            "rule": row.rule,
            "severity": row.severity,
            "order_number": row.order_number,
            "order_line": row.order_line,
            "item": row.item,
            "lot": row.lot,
            "location": row.location,
            "left": {"source": row.left_source, "value": row.left_value},
            "right": {"source": row.right_source, "value": row.right_value},
            "params": row.params,
        }
        for row in rows
    ]


def findings(connection: sa.Connection) -> list[dict[str, Any]]:
    """Findings of severity error and warning, and those that tell of repeats and of order of arrival."""
    rows = connection.execute(
        sa.select(
            finding,
            document.c.name.label("document_name"),
            partner.c.key.label("partner_key"),
            exchange.c.business_key,
            exchange.c.direction,
            exchange.c.type,
            exchange.c.control,
        )
        .outerjoin(document, document.c.id == finding.c.document_id)
        .outerjoin(partner, partner.c.id == finding.c.partner_id)
        .outerjoin(exchange, exchange.c.id == finding.c.exchange_id)
        .where(sa.or_(finding.c.severity != "info", finding.c.rule.in_(("DUP-02", "ORD-01", "STK-03"))))
        .order_by(finding.c.id)
    )
    return [
        {
            "rule": row.rule,
            "severity": row.severity,
            "document": row.document_name,
            "partner": row.partner_key,
            "business_key": row.business_key,
            "direction": row.direction,
            "type": row.type,
            "control": row.control,
            "params": row.params,
            "place": {key: value for key, value in row.place.items() if value is not None},
            "expected": row.expected,
            "got": row.got,
        }
        for row in rows
    ]


def exchanges(connection: sa.Connection) -> list[dict[str, Any]]:
    """Exchanges whose facts do not stand: superseded, quarantined, rejected, waiting."""
    rows = connection.execute(
        sa.select(exchange, document.c.name.label("document_name"), partner.c.key.label("partner_key"))
        .outerjoin(document, document.c.id == exchange.c.document_id)
        .outerjoin(partner, partner.c.id == exchange.c.partner_id)
        .where(exchange.c.state.not_in(("applied", "acknowledged", "sent")))
        .order_by(exchange.c.id)
    )
    return [
        {
            "state": row.state,
            "document": row.document_name,
            "partner": row.partner_key,
            "business_key": row.business_key,
            "type": row.type,
            "control": row.control,
            "direction": row.direction,
        }
        for row in rows
    ]


def subjects(connection: sa.Connection) -> list[dict[str, Any]]:
    """Subjects for which nothing stands."""
    rows = connection.execute(
        sa.select(subject, partner.c.key.label("partner_key"))
        .join(partner, partner.c.id == subject.c.issuer_id)
        .where(subject.c.state != "standing")
        .order_by(subject.c.id)
    )
    return [{"kind": row.kind, "issuer": row.partner_key, "key": row.key, "state": row.state} for row in rows]


def answers(connection: sa.Connection, home: Path) -> list[dict[str, Any]]:
    """What was answered to each document, as the partner got it."""
    rows = connection.execute(
        sa.select(acknowledgement, document.c.name.label("document_name"))
        .join(document, document.c.id == acknowledgement.c.document_id)
        .order_by(acknowledgement.c.id)
    )
    return [
        {
            "document": row.document_name,
            "kind": row.kind,
            "verdict": row.verdict,
            "content": blobs.read_blob(connection, home, bytes(row.sha256)).decode("latin-1"),
        }
        for row in rows
    ]

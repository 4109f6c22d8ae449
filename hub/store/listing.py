"""Exchanges, documents and findings as lists: newest first, found by a number that they mention, page by page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from data_contracts.findings import Language
from hub.store.documents import CORRECTIONS
from hub.store.evidence import as_finding, not_of_others
from hub.store.settled import standing, stands
from hub.store.tables import document, exchange, finding, partner
from hub.store.types import moment

STATES = (
    "applied",
    "waiting",
    "quarantined",
    "settled",
    "rejected",
    "superseded",
    "cancelled",
    "checked",
    "sent",
    "acknowledged",
    "failed",
    "refused",
)
"""How an exchange can stand (docs/walk.md)."""


def exchanges(
    connection: sa.Connection,
    *,
    find: str | None = None,
    state: str | None = None,
    acknowledgement: str | None = None,
    type_: str | None = None,
    direction: str | None = None,
    partner_id: int | None = None,
    organisations: Collection[int] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """The newest exchanges that fit, ids below `before`. `find` is an order, despatch, invoice, lot or control number, whole."""
    query = (
        sa.select(exchange, partner.c.key.label("partner"), standing().label("standing"))
        .outerjoin(partner, partner.c.id == exchange.c.partner_id)
        .order_by(exchange.c.id.desc())
        .limit(limit)
    )
    if find:
        number = find.rpartition("/")[2]
        mentioned = sa.cast(exchange.c["keys"], sa.Text).like(f'%"{_escaped(number)}"%', escape="\\")
        query = query.where(
            sa.or_(
                exchange.c.business_key == find,
                exchange.c.business_key.like(f"%/{_escaped(number)}", escape="\\"),
                exchange.c.control == number,
                mentioned,
            )
        )
    if state:
        query = query.where(stands(state))
    if acknowledgement:
        query = query.where(exchange.c.acknowledgement == acknowledgement)
    if type_:
        query = query.where(exchange.c.type == type_)
    if direction:
        query = query.where(exchange.c.direction == direction)
    if partner_id is not None:
        query = query.where(exchange.c.partner_id == partner_id)
    if organisations is not None:
        query = query.where(exchange.c.organisation_id.in_(organisations))
    if before is not None:
        query = query.where(exchange.c.id < before)
    return [_plain(row) for row in connection.execute(query)]


def exchanges_of_document(
    connection: sa.Connection, document_id: int, organisations: Collection[int] | None = None
) -> list[dict[str, Any]]:
    """`[{id, type, control, state, acknowledgement}]` of a document in order, those of some organisations or all."""
    query = sa.select(exchange).where(exchange.c.document_id == document_id).order_by(exchange.c.id)
    if organisations is not None:
        query = query.where(exchange.c.organisation_id.in_(organisations))
    rows = connection.execute(query)
    return [
        {"id": row.id, "type": row.type, "control": row.control, "state": row.state, "acknowledgement": row.acknowledgement} for row in rows
    ]


def documents(
    connection: sa.Connection,
    *,
    partner_id: int | None = None,
    organisations: Collection[int] | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """The newest documents that fit, ids below `before`; of a partner those that it sent, without corrections of them."""
    query = (
        sa.select(document, partner.c.key.label("partner"))
        .join(partner, partner.c.id == document.c.partner_id)
        .order_by(document.c.id.desc())
        .limit(limit)
    )
    if partner_id is not None:
        query = query.where(document.c.partner_id == partner_id, document.c.channel != CORRECTIONS)
    if organisations is not None:
        query = query.where(document.c.organisation_id.in_(organisations))
    if state:
        query = query.where(document.c.state == state)
    if before is not None:
        query = query.where(document.c.id < before)
    return [
        {
            "id": row.id,
            "partner": row.partner,
            "channel": row.channel,
            "name": row.name,
            "format": row.format,
            "state": row.state,
            "sha256": bytes(row.sha256).hex(),
            "received_at": moment(row.received_at).isoformat(),
        }
        for row in connection.execute(query)
    ]


def findings(
    connection: sa.Connection,
    language: Language,
    *,
    partner_id: int | None = None,
    organisations: Collection[int] | None = None,
    unowned: bool = False,
    rule: str | None = None,
    severity: str | None = None,
    document_id: int | None = None,
    exchange_id: int | None = None,
    open_only: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """The newest findings that fit, ids below `before`, in the public shape. `unowned`: also those that belong to no organisation,
    such as a body that was refused before anybody could know whose it was.
    """
    query = (
        sa.select(finding, partner.c.key.label("partner"))
        .outerjoin(partner, partner.c.id == finding.c.partner_id)
        .order_by(finding.c.id.desc())
        .limit(limit)
    )
    if organisations is not None:
        owned = finding.c.organisation_id.in_(organisations)
        query = query.where(sa.or_(owned, finding.c.organisation_id.is_(None)) if unowned else owned, not_of_others(organisations))
    conditions = {
        finding.c.partner_id: partner_id,
        finding.c.rule: rule,
        finding.c.severity: severity,
        finding.c.document_id: document_id,
        finding.c.exchange_id: exchange_id,
    }
    query = query.where(*(column == value for column, value in conditions.items() if value is not None))
    if open_only:
        query = query.where(finding.c.closed_at.is_(None))
    if before is not None:
        query = query.where(finding.c.id < before)
    return [
        {
            "id": row.id,
            **as_finding(row).as_json(language),
            "recorded_at": moment(row.recorded_at).isoformat(),
            "closed_at": None if row.closed_at is None else moment(row.closed_at).isoformat(),
            "closed_by": row.closed_by,
            "closed_reason": row.closed_reason,
            "document_id": row.document_id,
            "exchange_id": row.exchange_id,
            "partner": row.partner,
        }
        for row in connection.execute(query)
    ]


def _plain(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "direction": row.direction,
        "partner": row.partner,
        "agreement": row.agreement,
        "format": row.format,
        "type": row.type,
        "version": row.version,
        "control": row.control,
        "business_key": row.business_key,
        "state": row.standing,
        "rows_left_out": int((row.keys or {}).get("rows_left_out", 0)),
        "acknowledgement": row.acknowledgement,
        "document_id": row.document_id,
        "recorded_at": moment(row.recorded_at).isoformat(),
    }


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

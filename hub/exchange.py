"""The story of one message: find it, show it, and give it another chance. The original is never touched.

    replay    map again from the original bytes with today's grammar, mapping and agreement
    correct   a steward's new version of the content, beside the original, with a reason
    resend    only send again what was sent (direction out), under the same identity
    copy      send it as something new, under new control numbers

Each makes a new exchange (resend: a new outbox entry) whose origin is the first one, always with who and why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from data_contracts.findings import Finding
from hub import outbound, pipeline
from hub.apply import Applicable, withdraw
from hub.content import corrected, entity_of, original
from hub.examine import ExaminedMessage, without_rows
from hub.record import ExchangeRow, insert_exchanges, insert_findings, settle_applied
from hub.runtime import Hub
from hub.store import evidence, outbox, tables
from hub.store.inbox import Delivery
from hub.store.inbox import land as land_in_store
from hub.store.unit_of_work import UnitOfWork

CORRECTIONS = "steward"
"""Channel of documents that hold a steward's correction."""


def replay(hub: Hub, exchange_id: int, actor: str, reason: str) -> int:
    """Map the original bytes again and apply the outcome in place of the first. Returns the new exchange's id."""
    _need(reason)
    with hub.database.begin(actor) as uow:
        examined, row = original(hub, uow.connection, exchange_id)
        return _again(hub, uow, row, examined.entity, examined.content, examined, reason, keys={"replays": exchange_id})


def correct(hub: Hub, exchange_id: int, fields: Mapping[str, Any], actor: str, reason: str) -> int:
    """Apply a steward's new version: `fields` maps canonical paths (`lines[2].gtin`) to new values, null removes.

    The correction itself is landed as a document of its own, so that it has a hash and a place in the evidence.
    Raises ConflictError when the new version still has blocking findings: they are named.
    """
    _need(reason)
    body = json.dumps(
        {"corrects": exchange_id, "reason": reason, "by": actor, "fields": dict(fields)}, ensure_ascii=False, sort_keys=True
    ).encode()
    with hub.database.begin(actor) as uow:
        examined, row = original(hub, uow.connection, exchange_id)
        if row.state not in ("quarantined", "applied", "waiting"):
            raise ConflictError(f"exchange {exchange_id} is {row.state}; only quarantined or applied ones can be corrected")
        entity = corrected(examined.entity or {}, fields)
        agreement = hub.site.agreements[row.agreement]
        found = pipeline.validate(entity, agreement, hub.clock.now().date())
        wrong = [one for one in found if one.severity == "error" and one.action == "row" and one.place.path in fields]
        if pipeline.blocks(found) or wrong:
            raise ConflictError("; ".join(finding.text() for finding in found if finding.severity == "error"))
        entity = without_rows(entity, found)
        landing = land_in_store(
            uow,
            Delivery(
                organisation_id=row.organisation_id,
                partner_id=row.partner_id,
                channel=CORRECTIONS,
                delivery_key=f"exchange/{exchange_id}/{uow.now}",
                stream=BytesIO(body),
                name=f"correction-{exchange_id}.json",
                media_type="application/json",
                flow=row.flow,
                received_by=actor,
            ),
        )
        uow.connection.execute(
            tables.document.update().where(tables.document.c.id == landing.document_id).values(state="processed", format="json")
        )
        keys = {"corrects": exchange_id, "fields": sorted(fields)}
        return _again(hub, uow, row, entity, found, examined, reason, keys=keys, document_id=landing.document_id)


def resend(hub: Hub, exchange_id: int, actor: str, reason: str) -> int:
    """Send the same bytes again under the same stable id (the peer can tell a repeat). Returns the outbox id."""
    _need(reason)
    with hub.database.begin(actor) as uow:
        row = uow.connection.execute(
            sa.select(tables.outbox).where(tables.outbox.c.exchange_id == exchange_id).order_by(tables.outbox.c.id.desc())
        ).first()
        if row is None:
            raise NotFoundError(f"exchange {exchange_id} never sent anything")
        outbox.again(uow, row.id)
        uow.audit(row.organisation_id, "exchange.resent", f"exchange/{exchange_id}", reason=reason, after={"outbox": row.id})
        return int(row.id)


def _again(
    hub: Hub,
    uow: UnitOfWork,
    row: sa.Row[Any],
    entity: dict[str, Any] | None,
    content: list[Finding],
    examined: ExaminedMessage,
    reason: str,
    keys: dict[str, Any],
    document_id: int | None = None,
) -> int:
    origin = row.origin_id or row.id
    fate = "quarantined" if entity is None or pipeline.blocks(content) else examined.fate if document_id is None else "ready"
    state = {"ready": "applied", "rejected": "rejected", "quarantined": "quarantined", "test": "checked"}.get(fate, "quarantined")
    agreement = hub.site.agreements[row.agreement]
    (new_id,) = insert_exchanges(
        uow,
        [
            ExchangeRow(
                document_id=document_id or row.document_id,
                interchange_id=row.interchange_id,
                group_ordinal=row.group_ordinal,
                group_control=row.group_control,
                ordinal=row.ordinal,
                organisation_id=row.organisation_id,
                partner_id=row.partner_id,
                agreement=row.agreement,
                flow=row.flow,
                format=row.format,
                type=row.type,
                version=row.version,
                control=row.control,
                state=state,
                reason=reason,
                entity=entity,
                keys=keys,
                offset=row.byte_offset,
                length=row.byte_length,
                mapping_hash=examined.mapping.hash if examined.mapping else None,
                agreement_hash=agreement.hash,
                origin_id=origin,
            )
        ],
    )
    insert_findings(uow, [(new_id, document_id or row.document_id, row.interchange_id, row.partner_id, row.organisation_id, content)])
    if state == "applied" and entity is not None:
        settle_applied(
            uow,
            pipeline.apply(
                uow,
                [
                    Applicable(
                        exchange_id=new_id,
                        organisation_id=row.organisation_id,
                        partner_id=row.partner_id,
                        partner_key=hub.registry.partner_key(row.partner_id),
                        entity=entity,
                        origin_id=origin,
                    )
                ],
            ),
        )
    elif row.state == "applied":
        for (application_id,) in uow.connection.execute(
            sa.select(tables.application.c.id).where(
                tables.application.c.exchange_id == row.id, tables.application.c.withdrawn_at.is_(None)
            )
        ).all():
            withdraw(uow, application_id, reason)
    evidence.transition(uow, [row.id], "superseded", reason)
    evidence.close_findings(uow, _open_findings(uow, row.id), reason)
    uow.audit(
        row.organisation_id,
        f"exchange.{'corrected' if document_id else 'replayed'}",
        f"exchange/{row.id}",
        reason,
        {"state": row.state},
        {"exchange": new_id, "state": state, **keys},
    )
    return new_id


def _open_findings(uow: UnitOfWork, exchange_id: int) -> list[int]:
    """Findings that the new exchange answers: what is still wrong stands there anew."""
    query = sa.select(tables.finding.c.id).where(tables.finding.c.exchange_id == exchange_id, tables.finding.c.closed_at.is_(None))
    return list(uow.connection.execute(query).scalars())


def _need(reason: str) -> None:
    if not reason.strip():
        raise ConflictError("a reason is needed: it is kept in the audit trail")


def copy(hub: Hub, exchange_id: int, actor: str, reason: str) -> int:
    """Send what an outbound exchange said as something new, under new control numbers. Returns the new exchange's id."""
    _need(reason)
    return outbound.copy(hub, exchange_id, actor, reason)


__all__ = ["CORRECTIONS", "copy", "correct", "corrected", "entity_of", "original", "replay", "resend"]

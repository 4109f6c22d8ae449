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
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import sqlalchemy as sa

from data_contracts.canonical import ENTITIES
from data_contracts.errors import ConflictError, NotFoundError
from data_contracts.findings import Finding
from hub import pipeline
from hub.apply import Applicable, withdraw
from hub.examine import Claimant, ExaminedMessage, reread
from hub.record import ExchangeRow, insert_exchanges, insert_findings, settle_applied
from hub.runtime import Hub
from hub.store import blobs, evidence, outbox, tables
from hub.store.inbox import Delivery
from hub.store.inbox import land as land_in_store
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork

CORRECTIONS = "steward"
"""Channel of documents that hold a steward's correction."""


def original(hub: Hub, connection: sa.Connection, exchange_id: int) -> tuple[ExaminedMessage, sa.Row[Any]]:
    """The message of an exchange, read again from its bytes. Raises NotFoundError when there is no such inbound exchange."""
    row = connection.execute(
        sa.select(
            tables.exchange, tables.document.c.sha256, tables.document.c.flow, tables.document.c.channel, tables.document.c.received_at
        )
        .join(tables.document, tables.document.c.id == tables.exchange.c.document_id)
        .where(tables.exchange.c.id == exchange_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no inbound exchange {exchange_id}")
    agreement = hub.site.agreements.get(row.agreement)
    claimant = Claimant(hub.registry.partner_key(row.partner_id), agreement=agreement.agreement if agreement else None)
    with blobs.open_blob(connection, hub.settings.home, row.sha256) as stream:
        found = reread(stream, hub.site, claimant, row.ordinal, moment(row.received_at).date())
    if found is None:
        raise ConflictError(f"exchange {exchange_id}: its document no longer yields message {row.ordinal} with today's grammar")
    return found[0], row


def entity_of(hub: Hub, connection: sa.Connection, exchange_id: int) -> dict[str, Any]:
    """What an exchange says, as a canonical dictionary: a steward's correction where there is one, else the original."""
    row = connection.execute(
        sa.select(tables.exchange.c["keys"], tables.exchange.c.document_id, tables.exchange.c.origin_id).where(
            tables.exchange.c.id == exchange_id
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no exchange {exchange_id}")
    if row.keys and "corrects" in row.keys:
        entity = entity_of(hub, connection, row.origin_id)
        return corrected(entity, _correction_of(hub, connection, row.document_id)["fields"])
    examined, _ = original(hub, connection, exchange_id)
    if examined.entity is None:
        raise ConflictError(f"exchange {exchange_id} has no readable content")
    return examined.entity


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
        if pipeline.blocks(found):
            raise ConflictError("; ".join(finding.text() for finding in found if finding.severity == "error"))
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


def corrected(entity: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a canonical dictionary with some paths changed, typed by the canonical model. Raises ConflictError for a bad path or value."""
    name = str(entity.get("entity", ""))
    copy = json.loads(json.dumps(_plain_with_locators(entity), default=str))
    for path, value in fields.items():
        _assign(copy, path, value)
    locators = _take_locators(copy)
    copy.pop("entity", None)
    try:
        model = ENTITIES[name].model_validate(copy)
    except (KeyError, ValueError) as error:
        raise ConflictError(f"the corrected {name or 'record'} is not valid: {error}") from error
    return _give_locators(model.as_plain(), locators)


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
    uow.audit(
        row.organisation_id,
        f"exchange.{'corrected' if document_id else 'replayed'}",
        f"exchange/{row.id}",
        reason,
        {"state": row.state},
        {"exchange": new_id, "state": state, **keys},
    )
    return new_id


def _correction_of(hub: Hub, connection: sa.Connection, document_id: int) -> dict[str, Any]:
    sha256 = connection.execute(sa.select(tables.document.c.sha256).where(tables.document.c.id == document_id)).scalar_one()
    with blobs.open_blob(connection, hub.settings.home, sha256) as stream:
        loaded: dict[str, Any] = json.loads(stream.read())
    return loaded


def _need(reason: str) -> None:
    if not reason.strip():
        raise ConflictError("a reason is needed: it is kept in the audit trail")


def _assign(record: Any, path: str, value: Any) -> None:
    steps = [step for step in path.replace("[", ".").replace("]", "").split(".") if step]
    if not steps or "@" in steps:
        raise ConflictError(f"{path!r} is no path of a canonical record")
    try:
        for step in steps[:-1]:
            record = record[int(step)] if isinstance(record, list) else record.setdefault(step, {})
        last = steps[-1]
        if isinstance(record, list):
            record[int(last)] = value
        elif value is None:
            record.pop(last, None)
        else:
            record[last] = value
    except (IndexError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConflictError(f"the record has no place {path!r}") from error


def _plain_with_locators(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain_with_locators(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_with_locators(member) for member in value]
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _take_locators(record: dict[str, Any]) -> dict[str, Any]:
    """Lift the `@` locators out, by path, since the model refuses members that it does not know."""
    taken: dict[str, Any] = {"": record.pop("@", 1)}
    for member, rows in record.items():
        if isinstance(rows, list):
            for index, row in enumerate(rows):
                if isinstance(row, dict) and "@" in row:
                    taken[f"{member}[{index}]"] = row.pop("@")
    return taken


def _give_locators(record: dict[str, Any], locators: Mapping[str, Any]) -> dict[str, Any]:
    record["@"] = locators[""]
    for member, rows in record.items():
        if isinstance(rows, list):
            for index, row in enumerate(rows):
                if isinstance(row, dict):
                    row["@"] = locators.get(f"{member}[{index}]", locators[""])
    return record

"""The story of one message: find it, show it, and give it another chance. The original is never touched.

    replay    map again from the original bytes with today's grammar, mapping and agreement; corrections stay laid over them
    correct   a steward's new version of the content, beside the original, over earlier corrections, with a reason
    resend    only send again what was sent (direction out), under the same identity
    copy      send it as something new, under new control numbers

Each makes a new exchange (resend: a new outbox entry) whose origin is the first one, always with who and why. Of a message, its replays
and its corrections only the newest speaks (`hub/store/lineage.py`): whichever of them is named, that one is replayed or corrected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from data_contracts.findings import Finding
from hub import grammars, outbound, pipeline
from hub.apply import Applicable, withdraw
from hub.cases import demanded
from hub.content import Reading, Version, corrected, corrections, entity_of, original, read_again, version_of
from hub.examine import ExaminedInterchange, ExaminedMessage
from hub.record import ExchangeRow, insert_exchanges, insert_findings, settle_applied
from hub.runtime import Hub
from hub.store import configurations, evidence, tables
from hub.store.documents import CORRECTIONS
from hub.store.inbox import Delivery
from hub.store.inbox import land as land_in_store
from hub.store.lineage import (
    Lineage,
    applications,
    corrections_of,
    envelope_outcome,
    open_findings,
    refused_from_outside,
    take_lineage,
)
from hub.store.unit_of_work import UnitOfWork

_CORRECTABLE = ("quarantined", "applied", "waiting")
_STATES = {"ready": "applied", "quarantined": "applied", "rejected": "rejected"}
"""State by the fate of the message as its bytes are read today; what must not be believed is quarantined before."""


def replay(
    hub: Hub,
    exchange_id: int,
    actor: str,
    reason: str,
    *,
    drop_corrections: bool = False,
    also: Callable[[UnitOfWork, int], None] | None = None,
    reading: Reading | None = None,
) -> int:
    """Map the original bytes again and apply the outcome in place of what speaks now. Returns the new exchange's id.

    Corrections are laid over it again, in their order, unless they are to be dropped. Raises ConflictError where the message was
    refused with its envelope or group, is a test, came under no agreement, or a correction does not fit what is mapped today.
    `also` is done in the same transaction and told the new exchange. `reading`: of whoever replays many messages in one go.
    """
    _need(reason)
    with hub.database.begin(actor) as uow:
        of = take_lineage(uow, exchange_id)
        examined, interchange = _fit(hub, uow, of, reading)
        documents = [] if drop_corrections else corrections_of(of.live)
        laid_over = [] if drop_corrections else corrections(hub, uow.connection, of.live)
        try:
            version = version_of(hub, examined, laid_over, hub.clock.now().date())
        except ConflictError as error:
            raise ConflictError(f"{error}; replay it with its corrections dropped, then correct it anew") from error
        keys = {"replays": of.live.id, **_keys_of(documents, laid_over, version)}
        made = _again(hub, uow, of, examined, interchange, version, reason, keys, "exchange.replayed")
        if also is not None:
            also(uow, made)
        return made


def correct(
    hub: Hub,
    exchange_id: int,
    fields: Mapping[str, Any],
    actor: str,
    reason: str,
    also: Callable[[UnitOfWork, int], None] | None = None,
    signed: bool = False,
    reading: Reading | None = None,
) -> int:
    """Apply a steward's new version: `fields` maps canonical paths (`lines[2].gtin`) to new values, null removes.

    Paths count all rows that were mapped, those left out included. The correction itself is landed as a document of its own, so that
    it has a hash and a place in the evidence. Rows that are still bad are left out. Raises ConflictError, by name, when the new
    version as a whole or a corrected field still has an error, and for what must be signed (`cases.yaml`) unless it is `signed`: that is
    done at its case. `also` is done in the same transaction and told the new exchange. `reading`: of whoever corrects many in one go.
    """
    _need(reason)
    body = json.dumps(
        {"corrects": exchange_id, "reason": reason, "by": actor, "fields": dict(fields)}, ensure_ascii=False, sort_keys=True
    ).encode()
    with hub.database.begin(actor) as uow:
        of = take_lineage(uow, exchange_id)
        examined, interchange = _fit(hub, uow, of, reading)
        live = of.live
        if live.state not in _CORRECTABLE:
            raise ConflictError(f"exchange {live.id} is {live.state}; only what is quarantined, applied or waiting can be corrected")
        if not signed:
            demanded.need_none(uow.connection, hub.site.cases, live.id)
        laid_over = [*corrections(hub, uow.connection, live), fields]
        version = version_of(hub, examined, laid_over, hub.clock.now().date())
        _must_be_right(version, fields, live.id)
        landing = land_in_store(
            uow,
            Delivery(
                organisation_id=live.organisation_id,
                partner_id=live.partner_id,
                channel=CORRECTIONS,
                delivery_key=f"exchange/{live.id}/{uow.now}",
                stream=BytesIO(body),
                name=f"correction-{live.id}.json",
                media_type="application/json",
                flow=live.flow,
                received_by=actor,
            ),
        )
        uow.connection.execute(
            tables.document.update().where(tables.document.c.id == landing.document_id).values(state="processed", format="json")
        )
        keys = {"corrects": live.id, **_keys_of([*corrections_of(live), landing.document_id], laid_over, version)}
        made = _again(hub, uow, of, examined, interchange, version, reason, keys, "exchange.corrected")
        if also is not None:
            also(uow, made)
        return made


def resend(hub: Hub, exchange_id: int, actor: str, reason: str, *, although_superseded: bool = False) -> int:
    """Send the same bytes again under the same stable id (the peer can tell a repeat). Returns the outbox id.

    Raises ConflictError where something newer of the same number has left since, unless it is to go although it is superseded.
    """
    _need(reason)
    with hub.database.begin(actor) as uow:
        row = uow.connection.execute(
            sa.select(tables.outbox).where(tables.outbox.c.exchange_id == exchange_id).order_by(tables.outbox.c.id.desc())
        ).first()
        if row is None:
            raise NotFoundError(f"exchange {exchange_id} never sent anything")
        over = outbound.put_again(hub, uow, row, reason, although_superseded=although_superseded)
        after = {"outbox": row.id, **(over or {})}
        uow.audit(row.organisation_id, "exchange.resent", f"exchange/{exchange_id}", reason=reason, after=after)
        return int(row.id)


def _fit(hub: Hub, uow: UnitOfWork, of: Lineage, reading: Reading | None) -> tuple[ExaminedMessage, ExaminedInterchange]:
    """The message read again from its bytes. Raises ConflictError where it must not be given another chance."""
    root, live, connection = of.root, of.live, uow.connection
    if root.agreement is None:
        raise ConflictError(f"exchange {root.id} came under no agreement; when there is one, its partner must send it again")
    if live.state == "checked":
        raise ConflictError(f"exchange {live.id} is a test: it was checked and is never applied")
    outcome = envelope_outcome(connection, root)
    if outcome != "accepted":
        raise ConflictError(f"exchange {root.id} came in an interchange that was refused ({outcome}); its partner must send it again")
    examined, interchange, _ = read_again(hub, connection, root.id, reading)
    if examined.agreement is None:
        raise ConflictError(f"exchange {root.id}: the site has no agreement {root.agreement} any more")
    if interchange.refused or interchange.group_refused(examined.group) or refused_from_outside(connection, root):
        raise ConflictError(f"exchange {root.id} was refused with its group or interchange; its partner must send it again")
    if examined.fate in ("answer", "test"):
        raise ConflictError(
            f"exchange {root.id} is {'an acknowledgement' if examined.fate == 'answer' else 'a test'}; there is nothing to apply"
        )
    return examined, interchange


def _must_be_right(version: Version, fields: Mapping[str, Any], exchange_id: int) -> None:
    """A correction may leave other rows held back, but what it sets must be right, and something must come of it."""
    if version.entity is None:
        raise ConflictError(f"exchange {exchange_id} has no readable content to correct")
    errors = [finding for finding in version.findings if finding.severity == "error"]
    wrong = [finding for finding in errors if finding.action == "row" and finding.place.path in fields]
    if wrong or not version.believable:
        raise ConflictError("; ".join(finding.text() for finding in errors) or "no row is left to apply")


def _keys_of(documents: list[int], laid_over: list[Mapping[str, Any]], version: Version) -> dict[str, Any]:
    """What an exchange says of its corrections, and of rows that are held back."""
    keys: dict[str, Any] = {}
    if documents:
        keys |= {"corrections": documents, "fields": sorted({path for fields in laid_over for path in fields})}
    if version.rows_left_out:
        keys["rows_left_out"] = version.rows_left_out
    return keys


def _again(
    hub: Hub,
    uow: UnitOfWork,
    of: Lineage,
    examined: ExaminedMessage,
    interchange: ExaminedInterchange,
    version: Version,
    reason: str,
    keys: dict[str, Any],
    action: str,
) -> int:
    """A new exchange in place of all before it: they end superseded, and nothing that they said may stand again."""
    root, live, agreement = of.root, of.live, examined.agreement
    assert agreement is not None
    state = _STATES[examined.fate] if examined.fate == "rejected" or version.believable else "quarantined"
    findings: list[Finding] = [*examined.syntax, *version.findings]
    grammar = _keep_configuration(uow, examined, interchange)
    (new_id,) = insert_exchanges(
        uow,
        [
            ExchangeRow(
                document_id=root.document_id,
                interchange_id=root.interchange_id,
                group_ordinal=root.group_ordinal,
                group_control=root.group_control,
                ordinal=root.ordinal,
                organisation_id=root.organisation_id,
                partner_id=root.partner_id,
                agreement=agreement.agreement,
                flow=root.flow,
                format=root.format,
                type=root.type,
                version=root.version,
                control=root.control,
                state=state,
                reason=reason,
                entity=version.entity,
                whole=version.whole,
                keys=keys,
                offset=root.byte_offset,
                length=root.byte_length,
                mapping_hash=examined.mapping.hash if examined.mapping else None,
                grammar_hash=grammar,
                agreement_hash=agreement.hash,
                origin_id=root.id,
            )
        ],
    )
    insert_findings(uow, [(new_id, root.document_id, root.interchange_id, root.partner_id, root.organisation_id, findings)])
    if state == "applied" and version.entity is not None:
        settle_applied(
            uow,
            pipeline.apply(
                uow,
                [
                    Applicable(
                        exchange_id=new_id,
                        organisation_id=root.organisation_id,
                        partner_id=root.partner_id,
                        partner_key=hub.registry.partner_key(root.partner_id),
                        entity=version.entity,
                        origin_id=root.id,
                    )
                ],
            ),
        )
    before = [row.id for row in of.members]
    for application_id in applications(uow.connection, before):
        withdraw(uow, application_id, reason)
    evidence.transition(uow, before, "superseded", reason)
    evidence.close_findings(uow, open_findings(uow.connection, before), reason)  # what is still wrong stands at the new one
    uow.audit(
        root.organisation_id, action, f"exchange/{live.id}", reason, {"state": live.state}, {"exchange": new_id, "state": state, **keys}
    )
    return new_id


def _keep_configuration(uow: UnitOfWork, examined: ExaminedMessage, interchange: ExaminedInterchange) -> str | None:
    """Keep by hash what the message was read and mapped with today; returns the hash of the grammar."""
    agreement, mapping = examined.agreement, examined.mapping
    if agreement is None or mapping is None:
        return None
    configurations.keep(uow, "mapping", mapping.name, mapping)
    configurations.keep(uow, "agreement", agreement.agreement, agreement)
    grammar = grammars.used(agreement, examined.message, interchange.profile)
    if grammar is None:
        return None
    configurations.keep(uow, "grammar", grammar.name, grammar)
    return grammar.hash


def _need(reason: str) -> None:
    if not reason.strip():
        raise ConflictError("a reason is needed: it is kept in the audit trail")


def copy(hub: Hub, exchange_id: int, actor: str, reason: str) -> int:
    """Send what an outbound exchange said as something new, under new control numbers. Returns the new exchange's id."""
    _need(reason)
    return outbound.copy(hub, exchange_id, actor, reason)


__all__ = ["CORRECTIONS", "copy", "correct", "corrected", "entity_of", "original", "replay", "resend"]

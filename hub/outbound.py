"""Back out, the mirror of the walk: view → map → write → send → await acknowledgement.

`push` turns standing facts that a partner must hear of into documents in the outbox, each fact once; `send` delivers what waits in the
outbox, at least once and under one stable id; `watch` finds the answers that never came.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from connectors.registry import transport_named
from connectors.spec import Envelope
from data_contracts.errors import ConfigError, NotFoundError, RefusedError, RetriableError
from data_contracts.findings import Finding
from hub import writing
from hub.content import entity_of
from hub.record import KINDS, ExchangeRow, business_key, insert_exchanges, insert_findings
from hub.runtime import Hub
from hub.site import Agreement, Flow
from hub.store import blobs, configurations, controls, evidence, outbox, tables
from hub.store.types import micros, moment
from hub.store.unit_of_work import UnitOfWork

MEDIA_TYPES = {"x12": "application/edi-x12", "json": "application/json", "xml": "application/xml", "delimited": "text/csv"}
SUFFIXES = {"x12": "edi", "json": "json", "xml": "xml", "delimited": "csv"}
ATTEMPTS = 12


def push(hub: Hub, flow: Flow) -> list[int]:
    """Put every standing fact that this flow has not told yet into the outbox. Returns the new exchanges' ids.

    A later version of something told before goes out as a replacement. Raises ConfigError when agreement or mapping do not fit.
    """
    agreement = hub.site.agreements[flow.agreement]
    receiver = sa.select(tables.partner.c.id).where(tables.partner.c.id == hub.partner_id(agreement.partner))
    with hub.database.begin(f"flow:{flow.flow}") as uow:
        uow.connection.execute(receiver.with_for_update(key_share=True))  # one at a time: two pushes at once would tell a fact twice
        return [made for row in _untold(hub, uow, flow, agreement) if (made := _tell(hub, uow, flow, agreement, row)) is not None]


def send(hub: Hub, limit: int = 100) -> int:
    """Deliver what waits; returns how many deliveries were tried. Failures wait longer each time, and are dead after twelve."""
    parcels = outbox.claim(hub.database, limit, lease_seconds=120)
    for parcel in parcels:
        try:
            settings = hub.route_settings(parcel.route)
            with hub.database.read() as connection, blobs.open_blob(connection, hub.settings.home, parcel.sha256) as stream:
                content = stream.read()
            answer = transport_named(settings["use"]).send(settings, parcel.name, content, parcel.stable_id)
        except RetriableError as error:
            with hub.database.begin("sender") as uow:
                outbox.failed(uow, parcel, str(error), ATTEMPTS)
        except (ConfigError, RefusedError) as error:
            with hub.database.begin("sender") as uow:
                outbox.failed(uow, parcel, str(error), 0)
        else:
            with hub.database.begin("sender") as uow:
                outbox.sent(uow, parcel, answer)
                if parcel.exchange_id is not None:
                    evidence.transition(uow, [parcel.exchange_id], "sent", None)
                uow.audit(
                    parcel.organisation_id, "outbox.sent", f"outbox/{parcel.id}", after={"stable_id": parcel.stable_id, "answer": answer}
                )
    return len(parcels)


def watch(hub: Hub) -> int:
    """Find the acknowledgements that are overdue now; returns how many are new."""
    with hub.database.begin("watch") as uow:
        rows = uow.connection.execute(
            sa.select(tables.exchange).where(
                tables.exchange.c.direction == "out",
                tables.exchange.c.acknowledgement == "awaited",
                tables.exchange.c.acknowledgement_due_at < uow.now,
            )
        ).all()
        for row in rows:
            uow.connection.execute(tables.exchange.update().where(tables.exchange.c.id == row.id).values(acknowledgement="overdue"))
            hours = round((row.acknowledgement_due_at - row.recorded_at) / 3_600_000_000)
            finding = Finding("ACK-01", expected=str(hours), got=f"{row.type} {row.business_key}")
            insert_findings(uow, [(row.id, None, None, row.partner_id, row.organisation_id, [finding])])
            uow.audit(row.organisation_id, "acknowledgement.overdue", f"exchange/{row.id}")
        return len(rows)


def _untold(hub: Hub, uow: UnitOfWork, flow: Flow, agreement: Agreement) -> list[Any]:
    """Standing applications of the flow's kind and source whose exchange this flow has not yet carried out."""
    told = sa.select(tables.exchange.c.origin_id).where(tables.exchange.c.flow == flow.flow, tables.exchange.c.direction == "out")
    query = (
        sa.select(tables.application)
        .where(
            tables.application.c.kind == KINDS[flow.on["entity"]],
            tables.application.c.partner_id == hub.partner_id(flow.on["partner"]),
            tables.application.c.organisation_id == hub.organisation_id(agreement.organisation),
            tables.application.c.standing.is_(True),
            tables.application.c.exchange_id.not_in(told.where(tables.exchange.c.origin_id.is_not(None))),
        )
        .order_by(tables.application.c.id)
    )
    return list(uow.connection.execute(query).all())


def copy(hub: Hub, exchange_id: int, actor: str, reason: str) -> int:
    """Tell again, as something new under new control numbers, what an outbound exchange told. Returns the new exchange's id.

    Raises NotFoundError when the exchange is none of ours that went out, or its flow is gone.
    """
    with hub.database.begin(actor) as uow:
        row = uow.connection.execute(
            sa.select(tables.exchange).where(tables.exchange.c.id == exchange_id, tables.exchange.c.direction == "out")
        ).one_or_none()
        flow = hub.site.flows.get(row.flow) if row is not None else None
        if row is None or flow is None:
            raise NotFoundError(f"there is no outbound exchange {exchange_id}")
        made = _write(hub, uow, flow, hub.site.agreements[flow.agreement], row.organisation_id, row.origin_id)
        uow.audit(row.organisation_id, "exchange.copied", f"exchange/{exchange_id}", reason=reason, after={"exchange": made})
        return made


def _tell(hub: Hub, uow: UnitOfWork, flow: Flow, agreement: Agreement, row: Any) -> int | None:
    wanted = flow.on.get("supplier")
    if wanted is not None and entity_of(hub, uow.connection, row.exchange_id).get("supplier", {}).get("code") != wanted:
        return None
    return _write(hub, uow, flow, agreement, row.organisation_id, row.exchange_id)


def _write(hub: Hub, uow: UnitOfWork, flow: Flow, agreement: Agreement, organisation_id: int, source_id: int) -> int:
    """Write and queue what exchange `source_id` says. What cannot be written makes a failed exchange with its findings."""
    entity = entity_of(hub, uow.connection, source_id)
    told_before = uow.connection.execute(
        sa.select(sa.func.count()).where(
            tables.exchange.c.flow == flow.flow,
            tables.exchange.c.direction == "out",
            tables.exchange.c.business_key == business_key(entity),
        )
    ).scalar_one()
    outward = _outward(hub, agreement, entity, replaces=told_before > 0)
    agreed, _mapping = writing.agreed_for(hub.site, agreement, outward)
    envelope = next_envelope(hub, uow, agreement, agreed.version or writing.BASE_VERSION) if agreement.envelope is not None else None
    written = writing.write(hub.site, agreement, outward, envelope)
    configurations.keep(uow, "mapping", written.mapping.name, written.mapping)
    configurations.keep(uow, "agreement", agreement.agreement, agreement)
    hours = agreement.acknowledge.expect_within_hours if written.content is not None else None
    exchange = ExchangeRow(
        document_id=None,
        interchange_id=None,
        group_ordinal=1,
        group_control=str(envelope.group_control) if envelope is not None else None,
        ordinal=1,
        direction="out",
        organisation_id=organisation_id,
        partner_id=hub.partner_id(agreement.partner),
        agreement=agreement.agreement,
        flow=flow.flow,
        format=agreement.format,
        type=agreed.type,
        version=agreed.version,
        control=f"{envelope.first_message_control:04d}" if envelope is not None else None,
        state="waiting" if written.content is not None else "failed",
        entity=entity,
        keys={"interchange": f"{envelope.control:09d}"} if envelope is not None else {},
        mapping_hash=written.mapping.hash,
        agreement_hash=agreement.hash,
        origin_id=source_id,
        acknowledgement="awaited" if hours is not None else "none",
        acknowledgement_due_at=micros(moment(uow.now) + timedelta(hours=hours)) if hours is not None else None,
    )
    (exchange_id,) = insert_exchanges(uow, [exchange])
    insert_findings(uow, [(exchange_id, None, None, exchange.partner_id, organisation_id, written.findings)])
    if written.content is not None:
        number = f"{envelope.control:09d}" if envelope is not None else str(exchange_id)
        _queue(uow, flow, exchange, exchange_id, f"{agreed.type}_{outward['number']}_{number}", written.content)
    uow.audit(organisation_id, "exchange.written", f"exchange/{exchange_id}", after={"of": source_id, "state": exchange.state})
    return exchange_id


def _queue(uow: UnitOfWork, flow: Flow, exchange: ExchangeRow, exchange_id: int, name: str, content: bytes) -> None:
    """Bytes into the outbox under the exchange's stable id."""
    sha256, _size = blobs.keep(uow.connection, uow.home, content)
    syntax = exchange.format or ""
    outbox.put(
        uow,
        outbox.Parcel(
            stable_id=f"{flow.flow}/{exchange_id}",
            organisation_id=exchange.organisation_id,
            partner_id=exchange.partner_id,
            exchange_id=exchange_id,
            kind="document",
            route=dict(flow.transport),
            name=f"{name}.{SUFFIXES.get(syntax, 'txt')}".replace("/", "_"),
            media_type=MEDIA_TYPES.get(syntax, "application/octet-stream"),
            sha256=sha256,
        ),
    )


def next_envelope(hub: Hub, uow: UnitOfWork, agreement: Agreement, version: str) -> Envelope:
    """An envelope for a document that goes out under an agreement, with fresh control numbers."""
    identity = agreement.envelope
    assert identity is not None
    return Envelope(
        sender=identity.sender,
        receiver=identity.receiver,
        control=controls.next_control(uow.connection, "interchange", identity.sender, identity.receiver),
        group_control=controls.next_control(uow.connection, "group", identity.sender, identity.receiver),
        first_message_control=1,
        created_at=moment(uow.now).astimezone(ZoneInfo(hub.site.profile(agreement).time_zone)),
        version=version,
        test=agreement.test,
        delimiters=dict(agreement.profile.options.get("delimiters", {})),
        group_sender=identity.group_sender,
        group_receiver=identity.group_receiver,
    )


def _outward(hub: Hub, agreement: Agreement, entity: dict[str, Any], *, replaces: bool) -> dict[str, Any]:
    """What our own system said, in the words that the partner needs: our item codes are the buyer's, and we are the buyer."""
    organisation = hub.site.organisations[agreement.organisation]
    out = dict(entity)
    out["purpose"] = "replace" if replaces else "original"
    out.setdefault("buyer", {"gln": organisation.gln, "name": organisation.name})
    supplier = dict(out.get("supplier", {}))
    partner = hub.site.partners[agreement.partner]
    out["supplier"] = {
        "name": supplier.get("name") or partner.name,
        **({"gln": gln} if (gln := supplier.get("gln") or partner.gln) else {}),
    }
    out["lines"] = [
        {**{k: v for k, v in line.items() if k != "item_code"}, **({"buyer_item": code} if (code := line.get("item_code")) else {})}
        for line in entity.get("lines", [])
    ]
    return out

"""Back out, the mirror of the walk: view → map → write → send → await acknowledgement.

`push` turns standing facts that a partner must hear of into documents in the outbox, each fact once; what was told and is cancelled
since is told once more, as a cancellation. `send` delivers what waits in the outbox, `watch` finds the answers that never came
(hub/delivery.py). One fact that cannot be told is a failed exchange with its finding, and stops no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
import structlog

from connectors.registry import traits_of
from connectors.spec import Traits
from data_contracts.errors import FatalError, HubError, NotFoundError, RetriableError
from data_contracts.findings import Finding
from hub import approving, grammars, writing
from hub.amending import difference, says_something, whole
from hub.content import entity_of
from hub.delivery import fetched, put_again, resend_dead, resend_parcel, send, watch
from hub.examine import Claimant, ExaminedMessage, walk
from hub.numbering import next_envelope
from hub.record import ExchangeRow, business_key, insert_exchanges, insert_findings
from hub.runtime import Hub
from hub.site import Agreement, Flow
from hub.store import blobs, configurations, controls, outbox, tables
from hub.store.approvals import UNHEARD
from hub.store.types import micros, moment
from hub.store.unit_of_work import UnitOfWork
from hub.untold import News, made_of, news, unclaimed, untold

Said = Mapping[int, dict[str, Any] | Exception]
"""What exchanges say, or why that cannot be read any more, by their ids."""

_log = structlog.get_logger(__name__)


def push(hub: Hub, flow: Flow) -> list[int]:
    """Put everything that this flow has not told yet into the outbox. Returns the new exchanges' ids, also of those that failed.

    A later version of something told before goes out as a replacement, or, where the agreement names a message for that, as a change that
    names what is new; its cancellation as one. Raises ConfigError, before anything is told, when no message of the flow's agreement carries
    its facts. What needs a steward's approval is put before one, and told by the first push after it is given.
    """
    grammars.look_again(hub.site)
    agreement = hub.site.agreements[flow.agreement]
    writing.agreed_for(hub.site, agreement, {"entity": flow.on["entity"]})
    if flow.approval is not None:
        approving.ask(hub, flow, agreement)
    receiver = sa.select(tables.partner.c.id).where(tables.partner.c.id == hub.partner_id(agreement.partner))
    made: list[int] = []
    while True:
        # Original bytes are read before the write begins: on SQLite nobody else writes meanwhile.
        with hub.database.read() as connection:
            due = untold(hub, connection, flow, agreement)
            due_news = news(hub, connection, flow, agreement, due)
            said = _said(hub, connection, sorted({number for one in due_news for number in one.read}))
        if not due:
            return made
        with hub.database.begin(f"flow:{flow.flow}") as uow:
            uow.connection.execute(receiver.with_for_update(key_share=True))  # one at a time: two pushes at once would tell a fact twice
            told = [
                _tell(hub, uow, flow, agreement, one, said)
                for one in news(hub, uow.connection, flow, agreement, untold(hub, uow.connection, flow, agreement))
                if said.keys() >= one.read  # what has come meanwhile has its turn in the next round
            ]
        made += told
        if not told:
            return made


def _said(hub: Hub, connection: sa.Connection, exchange_ids: Sequence[int]) -> Said:
    """What inbound exchanges say. Messages of one document are read in one walk through it, which ends with the last of them."""
    exchange, document = tables.exchange, tables.document
    rows = connection.execute(
        sa.select(
            exchange.c.id,
            exchange.c.document_id,
            exchange.c.ordinal,
            exchange.c.partner_id,
            exchange.c.agreement,
            exchange.c.origin_id,
            document.c.sha256,
            document.c.received_at,
        )
        .join(document, document.c.id == exchange.c.document_id)
        .where(exchange.c.id.in_(exchange_ids))
        .order_by(exchange.c.document_id, exchange.c.ordinal)
    ).all()
    said: dict[int, dict[str, Any] | Exception] = {}
    for _, group in groupby((row for row in rows if row.origin_id is None), key=lambda row: row.document_id):
        siblings = list(group)
        if len(siblings) > 1 and siblings[0].agreement in hub.site.agreements:
            try:
                said.update(_walked(hub, connection, siblings))
            except (RetriableError, sa.exc.DBAPIError):
                raise
            except Exception as error:  # noqa: BLE001 - each is read alone below, where its own reason is told
                _log.warning("a document cannot be read in one go", document=siblings[0].document_id, reason=_reason(error))
    for number in exchange_ids:
        if number not in said:  # alone, replayed, corrected, or not found where it was: then this says why
            try:
                said[number] = entity_of(hub, connection, number)
            except (RetriableError, sa.exc.DBAPIError):
                raise
            except Exception as error:  # noqa: BLE001 - kept for the one exchange that it concerns, also when its bytes are damaged
                said[number] = error
    return said


def _walked(hub: Hub, connection: sa.Connection, rows: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """The entities of several messages of one document; without those that are not found or readable."""
    first = rows[0]
    claimant = Claimant(hub.registry.partner_key(first.partner_id), agreement=first.agreement)
    wanted = {row.ordinal: row.id for row in rows}
    found: dict[int, dict[str, Any]] = {}
    with blobs.open_blob(connection, hub.settings.home, bytes(first.sha256)) as stream:
        for step in walk(stream, hub.site, claimant, moment(first.received_at).date()):
            if isinstance(step, ExaminedMessage):
                number = wanted.pop(step.message.ordinal, None)
                if number is not None and step.entity is not None:
                    found[number] = step.entity
                if not wanted:
                    break
    return found


def made_from(hub: Hub, connection: sa.Connection, row: sa.Row[Any]) -> dict[str, Any]:
    """What the documents say together of which an outbound exchange (its row) was made. Raises as `entity_of`."""
    told = [entity_of(hub, connection, number) for number in made_of(row)]
    return whole(told) if len(told) > 1 else told[0]


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
        agreement = hub.site.agreements[flow.agreement]
        parts = made_of(row)
        made = _write(hub, uow, flow, agreement, row.organisation_id, row.origin_id, made_from(hub, uow.connection, row), parts)
        uow.audit(row.organisation_id, "exchange.copied", f"exchange/{exchange_id}", reason=reason, after={"exchange": made})
        return made


def _tell(hub: Hub, uow: UnitOfWork, flow: Flow, agreement: Agreement, news: News, said: Said) -> int:
    """Tell one fact, or record why it cannot be told: a person may copy the failed exchange when the cause is mended."""
    row = news.row
    entities: list[dict[str, Any]] = []
    for number in news.now:
        entity = said[number]
        if isinstance(entity, Exception):
            return _not_told(hub, uow, flow, agreement, row, Finding("OUT-03", got=_reason(entity)))
        entities.append(entity)
    if list(news.now) == list(news.before):
        return _not_told(hub, uow, flow, agreement, row, None, news.now)
    try:
        with uow.connection.begin_nested():
            now = whole(entities) if len(entities) > 1 else entities[0]
            change = _change(news, now, said)
            if change is not None and not says_something(change):
                return _not_told(hub, uow, flow, agreement, row, None, news.now)
            return _write(hub, uow, flow, agreement, row.organisation_id, row.exchange_id, now, news.now, change)
    except Exception as error:  # one fact that trips a mapping must not keep all others from being told
        if not _is_of_one_fact(error):
            raise
        return _not_told(hub, uow, flow, agreement, row, Finding("OUT-01", got=_reason(error)))


def _change(news: News, now: Mapping[str, Any], said: Said) -> dict[str, Any] | None:
    """What changed of an order since the partner was told; null where it must be told whole."""
    if not news.by_lines or not news.before or now.get("purpose") == "cancel":
        return None
    before = [said[number] for number in news.before]
    told = [entity for entity in before if not isinstance(entity, Exception)]
    return difference(whole(told), whole([dict(now)])) if len(told) == len(before) else None


def _is_of_one_fact(error: Exception) -> bool:
    """Whether an error may be laid to the fact at hand; a store that fails would fail with the next one as well."""
    if isinstance(error, sa.exc.DBAPIError):
        return isinstance(error, sa.exc.DataError | sa.exc.IntegrityError)
    return not isinstance(error, RetriableError | FatalError)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, HubError) else f"{type(error).__name__}: {error}"


def _not_told(
    hub: Hub, uow: UnitOfWork, flow: Flow, agreement: Agreement, row: sa.Row[Any], finding: Finding | None, made_of: Sequence[int] = ()
) -> int:
    """Record why nothing goes out: a finding says what keeps it; without one, what the partner was told before holds this too."""
    if finding is not None:
        _log.error("a fact cannot be told", flow=flow.flow, exchange=row.exchange_id, reason=finding.got)
    named = {"entity": flow.on["entity"], "number": row.number}
    agreed, _mapping = writing.agreed_for(hub.site, agreement, named)
    exchange = ExchangeRow(
        document_id=None,
        interchange_id=None,
        group_ordinal=None,
        group_control=None,
        ordinal=1,
        direction="out",
        organisation_id=row.organisation_id,
        partner_id=hub.partner_id(agreement.partner),
        agreement=agreement.agreement,
        flow=flow.flow,
        format=agreement.format,
        type=agreed.type,
        version=agreed.version,
        control=None,
        state="failed" if finding is not None else "superseded",
        reason=None if finding is not None else "told before",
        entity=named,
        keys={"told": list(made_of)} if made_of else {},
        agreement_hash=agreement.hash,
        origin_id=row.exchange_id,
        acknowledgement="none",
    )
    (exchange_id,) = insert_exchanges(uow, [exchange])
    if finding is not None:
        insert_findings(uow, [(exchange_id, None, None, exchange.partner_id, row.organisation_id, [finding])])
    uow.audit(row.organisation_id, "exchange.written", f"exchange/{exchange_id}", after={"of": row.exchange_id, "state": exchange.state})
    return exchange_id


def _purpose(uow: UnitOfWork, flow: Flow, entity: Mapping[str, Any], organisation_id: int) -> str:
    """What the partner is to make of it, by what it was told of the same number before and has not refused."""
    if entity.get("purpose") == "cancel":
        return "cancel"
    out, before = tables.exchange.alias("out"), tables.application.alias("before")
    last = uow.connection.execute(
        sa.select(before.c.purpose)
        .select_from(sa.outerjoin(out, before, before.c.exchange_id == out.c.origin_id))
        .where(
            out.c.flow == flow.flow,
            out.c.direction == "out",
            out.c.state.not_in(UNHEARD),
            out.c.organisation_id == organisation_id,
            out.c.business_key == business_key(dict(entity)),
        )
        .order_by(out.c.id.desc())
        .limit(1)
    ).first()
    return "original" if last is None or last.purpose == "cancel" else "replace"


def _write(
    hub: Hub,
    uow: UnitOfWork,
    flow: Flow,
    agreement: Agreement,
    organisation_id: int,
    source_id: int,
    entity: dict[str, Any],
    made_of: Sequence[int],
    change: dict[str, Any] | None = None,
) -> int:
    """Write and queue what exchange `source_id` says: `entity`, or the `change` of it. What cannot be written makes a failed exchange.

    `made_of` are the exchanges that say the entity together.
    """
    if change is not None:
        outward = _outward(hub, agreement, change, purpose="change")
    else:
        outward = _outward(hub, agreement, entity, purpose=_purpose(uow, flow, entity, organisation_id))
    agreed, _mapping = writing.agreed_for(hub.site, agreement, outward)
    envelope = (
        next_envelope(hub, uow, agreement, agreed.version or traits_of(agreement.format).base_version)
        if agreement.envelope is not None
        else None
    )
    written = writing.write(hub.site, agreement, outward, envelope)
    names = written.names
    configurations.keep(uow, "mapping", written.mapping.name, written.mapping)
    configurations.keep(uow, "agreement", agreement.agreement, agreement)
    hours = agreement.acknowledge.expect_within_hours if written.content is not None else None
    exchange = ExchangeRow(
        document_id=None,
        interchange_id=None,
        group_ordinal=1,
        group_control=controls.plain_number(names.group) if names.group is not None else None,
        ordinal=1,
        direction="out",
        organisation_id=organisation_id,
        partner_id=hub.partner_id(agreement.partner),
        agreement=agreement.agreement,
        flow=flow.flow,
        format=agreement.format,
        type=agreed.type,
        version=agreed.version,
        control=names.message,
        state="waiting" if written.content is not None else "failed",
        entity=entity,
        keys=({"interchange": names.interchange} if names.interchange is not None else {})
        | ({"told": list(made_of)} if len(made_of) > 1 else {}),
        mapping_hash=written.mapping.hash,
        agreement_hash=agreement.hash,
        origin_id=source_id,
        acknowledgement="awaited" if hours is not None else "none",
        reference=controls.plain_number(reference) if (reference := names.interchange or names.message) is not None else None,
        acknowledgement_due_at=micros(moment(uow.now) + timedelta(hours=hours)) if hours is not None else None,
    )
    (exchange_id,) = insert_exchanges(uow, [exchange])
    insert_findings(uow, [(exchange_id, None, None, exchange.partner_id, organisation_id, written.findings)])
    if written.content is not None:
        number = names.interchange or names.message or str(exchange_id)
        traits = traits_of(agreement.format, hub.site.profile(agreement), agreement.grammar)
        _queue(uow, flow, exchange, exchange_id, f"{agreed.type}_{outward['number']}_{number}", written.content, traits)
    uow.audit(organisation_id, "exchange.written", f"exchange/{exchange_id}", after={"of": source_id, "state": exchange.state})
    return exchange_id


def _queue(uow: UnitOfWork, flow: Flow, exchange: ExchangeRow, exchange_id: int, name: str, content: bytes, traits: Traits) -> None:
    """Bytes into the outbox under the exchange's stable id."""
    sha256, _size = blobs.keep(uow.connection, uow.home, content)
    outbox.put(
        uow,
        outbox.Parcel(
            stable_id=f"{flow.flow}/{exchange_id}",
            organisation_id=exchange.organisation_id,
            partner_id=exchange.partner_id,
            exchange_id=exchange_id,
            kind="document",
            route=dict(flow.transport),
            name=outbox.file_name(f"{name}.{traits.suffix}"),
            media_type=traits.media_type,
            sha256=sha256,
            ordered=flow.ordered,
            pace=flow.most_a_minute,
        ),
    )


def _outward(hub: Hub, agreement: Agreement, entity: dict[str, Any], *, purpose: str) -> dict[str, Any]:
    """What our own system said, in words that the partner needs: we are the buyer, and our codes of items and parties are the buyer's."""
    organisation = hub.site.organisations[agreement.organisation]
    out = dict(entity)
    out["purpose"] = purpose
    out.setdefault("buyer", {"gln": organisation.gln, "name": organisation.name})
    supplier = dict(out.get("supplier", {}))
    partner = hub.site.partners[agreement.partner]
    supplier["name"] = supplier.get("name") or partner.name
    if gln := supplier.get("gln") or partner.gln:
        supplier["gln"] = gln
    out["supplier"] = supplier
    _name_parties(out)
    out["lines"] = [_outward_line(line) for line in entity.get("lines", [])]
    return out


def _outward_line(line: Mapping[str, Any]) -> dict[str, Any]:
    out = {name: value for name, value in line.items() if name != "item_code"}
    if code := line.get("item_code"):
        out["buyer_item"] = code
    _name_parties(out)
    return out


def _name_parties(record: dict[str, Any]) -> None:
    """Codes of parties that our system gave are `own` to it and the buyer's to everybody else."""
    for role in ("buyer", "supplier", "ship_to"):
        party = record.get(role)
        if isinstance(party, Mapping) and party.get("code") and party.get("code_scheme") in (None, "own"):
            record[role] = {**party, "code_scheme": "assigned_by_buyer"}


__all__ = ["copy", "fetched", "push", "put_again", "resend_dead", "resend_parcel", "send", "unclaimed", "watch"]

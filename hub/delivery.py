"""Out of the house: deliver what waits in the outbox, give up in the open, and miss the answers that never came.

Every delivery is tried alone and under one stable id; what happens to it is told by its parcel, never by the sender's end. A parcel that
is dead says so: finding OUT-02, and its exchange has failed, until a person sends it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import Any

import sqlalchemy as sa
import structlog

from connectors import open_lines, registry
from connectors.http_peer import DEADLINE_SECONDS
from connectors.registry import transport_named
from data_contracts.errors import AwaitedError, BusyError, ConflictError, HubError, NotFoundError, RefusedError, RetriableError
from data_contracts.findings import Finding
from hub import acknowledge
from hub.as2.evidence import keep_sent, sent_before
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.store import blobs, destinations, evidence, outbox, overtaken, tables, trains
from hub.store.types import micros, moment
from hub.store.unit_of_work import UnitOfWork

LEASE_SECONDS = DEADLINE_SECONDS + 60
"""How long a sender may take over one parcel before another sender may take it: a delivery and its turn in a train."""
TRAIN_SECONDS = 15
"""After so long the rest of a train is given back and claimed anew, since its lease has begun with that of the first."""
TURN_SECONDS = 60.0
"""After so long a round of sending ends, however much waits: documents that came in are not to wait for a slow peer."""
_OVERDUE_AT_ONCE = 1000
_AGAIN_AT_ONCE = 500
_TOLD = 200
"""Characters of a peer's answer that the audit trail keeps."""

_log = structlog.get_logger(__name__)


def send(hub: Hub, limit: int = 100, seconds: float = TURN_SECONDS) -> int:
    """Deliver what waits; returns how many deliveries were tried. Failures wait longer each time, and are dead after twelve.

    Parcels that go one behind the other are claimed together and tried one by one (hub/store/trains.py). Nothing that a transport does
    ends the round.
    """
    tried, until = 0, time.monotonic() + seconds
    with open_lines.kept_open():
        while tried < limit and time.monotonic() < until:
            train = trains.claim(hub.database, limit - tried, LEASE_SECONDS)
            if not train:
                break
            tried += _deliver_train(hub, train, min(until, time.monotonic() + TRAIN_SECONDS))
    return tried


def _deliver_train(hub: Hub, train: list[outbox.Parcel], until: float) -> int:
    """Try one parcel after the other while each is taken; returns how many were tried. The others are given back."""
    tried, goes_on = 0, True
    try:
        while goes_on and tried < len(train) and (tried == 0 or time.monotonic() < until):
            tried += 1
            goes_on = _deliver(hub, train[tried - 1])
    finally:
        if train[tried:]:
            trains.release(hub.database, train[tried:])
    return tried


def watch(hub: Hub) -> int:
    """Find the acknowledgements that are overdue now; returns how many are new. Several watchers at once find each of them once."""
    exchange = tables.exchange
    with hub.database.begin("watch") as uow:
        rows = uow.connection.execute(
            sa.select(exchange)
            .where(
                exchange.c.direction == "out",
                exchange.c.acknowledgement == "awaited",
                exchange.c.acknowledgement_due_at < uow.now,
                exchange.c.state != "failed",  # what never left has no answer to wait for
            )
            .order_by(exchange.c.id)
            .limit(_OVERDUE_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            uow.connection.execute(exchange.update().where(exchange.c.id == row.id).values(acknowledgement="overdue"))
            hours = round((row.acknowledgement_due_at - row.recorded_at) / 3_600_000_000)
            finding = Finding("ACK-01", expected=str(hours), got=f"{row.type} {row.business_key}")
            evidence.add_findings(uow, [evidence.Found(finding, None, None, row.id, row.partner_id, row.organisation_id)])
            uow.audit(row.organisation_id, "acknowledgement.overdue", f"exchange/{row.id}")
        return len(rows)


def resend_parcel(hub: Hub, outbox_id: int, actor: str, reason: str, *, although_superseded: bool = False) -> int:
    """Send any entry of the outbox again under its stable id: documents, and acknowledgements that have no exchange. Returns its id.

    Raises NotFoundError for an unknown id, ConflictError without a reason, for what the partner fetches by itself, and for what is older
    than the partner's last word, unless it is to go although it is superseded.
    """
    if not reason.strip():
        raise ConflictError("a reason is needed: it is kept in the audit trail")
    with hub.database.begin(actor) as uow:
        row = uow.connection.execute(sa.select(tables.outbox).where(tables.outbox.c.id == outbox_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no outbox entry {outbox_id}")
        over = put_again(hub, uow, row, reason, although_superseded=although_superseded)
        uow.audit(row.organisation_id, "outbox.resent", f"outbox/{outbox_id}", reason=reason, before={"state": row.state}, after=over)
    return outbox_id


@dataclass(frozen=True, slots=True)
class Again:
    """What came of sending all again that was given up."""

    count: int
    superseded: int
    """Left as they are, since something newer of the same number has left."""


def resend_dead(
    hub: Hub,
    destination: str,
    actor: str,
    reason: str,
    partner: str | None = None,
    organisations: Collection[int] | None = None,
    *,
    although_superseded: bool = False,
) -> Again:
    """Send everything again that was given up for a destination, by its name as `outbox destinations` tells it, but what is superseded.

    `partner` and `organisations` (ids): theirs alone. The oldest first, each under its stable id and with a line in the audit trail, some
    hundreds a transaction. Raises ConflictError without a reason, NotFoundError where nothing of it was given up.
    """
    if not reason.strip():
        raise ConflictError("a reason is needed: it is kept in the audit trail")
    done, left, behind = 0, 0, 0
    while True:
        with hub.database.begin(actor) as uow:
            rows = outbox.dead(uow.connection, destination, behind, partner, organisations, _AGAIN_AT_ONCE)
            for row in rows:
                if not although_superseded and _newer(uow, row) is not None:
                    left += 1
                    continue
                over = put_again(hub, uow, row, reason, although_superseded=although_superseded)
                uow.audit(row.organisation_id, "outbox.resent", f"outbox/{row.id}", reason=reason, before={"state": row.state}, after=over)
                done += 1
        if not rows:
            break
        behind = rows[-1].id
    if not done and not left:
        raise NotFoundError(f"nothing was given up for {destination}")
    return Again(done, left)


def put_again(hub: Hub, uow: UnitOfWork, parcel: sa.Row[Any], reason: str, *, although_superseded: bool = False) -> dict[str, Any] | None:
    """Send a parcel (its row of the outbox) once more. What had failed waits again, and where the partner had rejected it, for an answer
    too. The caller audits, with what this returns: the newer one behind which it goes, if it does.

    Raises ConflictError for what the partner fetches by itself, and for what is superseded unless it is to go all the same.
    """
    over = _newer(uow, parcel)
    if over is not None and not although_superseded:
        raise ConflictError(
            f"outbox entry {parcel.id} is superseded: {over.business_key} has left anew since, in exchange {over.exchange_id}, and the "
            "partner would take the older for our last word; copy that exchange to say it again, or ask for this one although superseded"
        )
    outbox.again(uow, parcel.id)
    told = None if over is None else {"although_superseded_by": over.exchange_id}
    exchange = tables.exchange
    row = uow.connection.execute(sa.select(exchange).where(exchange.c.id == parcel.exchange_id)).one_or_none()
    if row is None or row.state != "failed":
        return told
    evidence.transition(uow, [row.id], "waiting", reason)
    if row.acknowledgement == "rejected":
        agreement = hub.site.agreements.get(row.agreement)
        hours = agreement.acknowledge.expect_within_hours if agreement is not None else None
        due = None if hours is None else micros(moment(uow.now) + timedelta(hours=hours))
        uow.connection.execute(
            exchange.update()
            .where(exchange.c.id == row.id)
            .values(acknowledgement="none" if due is None else "awaited", acknowledgement_due_at=due)
        )
    return told


def _newer(uow: UnitOfWork, parcel: sa.Row[Any]) -> overtaken.Newer | None:
    return None if parcel.exchange_id is None else overtaken.newer(uow.connection, parcel.exchange_id)


def fetched(hub: Hub, document_id: int, by: str) -> int:
    """The partner was given the answers to its document; returns how many of them had been held for it until now.

    To be called when they have been read for the answer and no reading transaction is open. A store that is busy does not spoil the
    answer: what is still held then counts when it is fetched again.
    """
    with hub.database.read() as connection:
        if not outbox.held_for(connection, document_id):
            return 0
    try:
        with hub.database.begin(by) as uow:
            done = [row for row in outbox.held_for(uow.connection, document_id) if outbox.fetched(uow, row.id)]
            for row in done:
                uow.audit(row.organisation_id, "outbox.fetched", f"outbox/{row.id}", after={"stable_id": row.stable_id})
            return len(done)
    except RetriableError as error:
        _log.warning("could not note that answers were fetched", document=document_id, reason=str(error))
        return 0


def _deliver(hub: Hub, parcel: outbox.Parcel) -> bool:
    """One delivery with its outcome recorded; returns whether the next one may go there at once.

    An error of any kind counts as a failed attempt; what the peer refuses is not tried again.
    """
    try:
        content = _bytes_of(hub, parcel)
    except Exception as error:  # noqa: BLE001 - as below; this one is ours, and says nothing about the destination
        _failed(hub, parcel, f"{type(error).__name__}: {error}")
        return False
    try:
        settings = hub.route_settings(parcel.route)
        transport = transport_named(settings["use"])
        _hold(hub, parcel, settings)
        if "again" in getattr(transport, "settings", ()):  # a transport that can ask whether a document is there
            settings |= {"again": parcel.attempts > 0 or parcel.fence > 1}
        if "keep" in getattr(transport, "settings", ()):  # a transport whose answers are evidence
            settings |= {"clock": hub.clock.now, "keep": partial(keep_sent, hub, parcel, settings), "before": partial(sent_before, hub)}
        answer = transport.send(settings, parcel.name, content, parcel.stable_id)
    except AwaitedError as error:
        _awaited(hub, parcel, error)
    except RefusedError as error:
        _failed(hub, parcel, str(error), 0, partial(destinations.refused, reason=str(error)))
    except BusyError as error:
        _failed(hub, parcel, str(error), outbox.ATTEMPTS, partial(destinations.paused, seconds=error.seconds), error.seconds)
    except Exception as error:  # noqa: BLE001 - a transport may be anybody's; whatever it raises, this parcel failed and no other
        reason = str(error) if isinstance(error, RetriableError) else f"{type(error).__name__}: {error}"
        _failed(hub, parcel, reason, outbox.ATTEMPTS, partial(destinations.failed, error=reason))
    else:
        goes_on = _sent(hub, parcel, answer)
        _heard_at_once(hub, parcel, answer)
        return goes_on
    return False


def _hold(hub: Hub, parcel: outbox.Parcel, settings: Mapping[str, Any]) -> None:
    """A lease as long as the delivery may take, where the route allows it longer than others. Raises ConflictError where it has ended."""
    allowed = settings.get("deadline_seconds", DEADLINE_SECONDS)
    if isinstance(allowed, int | float) and allowed > DEADLINE_SECONDS:
        with hub.database.begin("sender") as uow:
            outbox.hold(uow, parcel, LEASE_SECONDS - DEADLINE_SECONDS + allowed)


def _bytes_of(hub: Hub, parcel: outbox.Parcel) -> bytes:
    try:
        with hub.database.read() as connection:
            return blobs.read_blob(connection, hub.settings.home, parcel.sha256)
    except RefusedError as error:  # ours to find again, not the peer's refusal
        raise RetriableError(str(error)) from error


def _sent(hub: Hub, parcel: outbox.Parcel, answer: str | None) -> bool:
    """Durable when this returns, which is before the next parcel of its lane leaves. Whether that may be at once."""
    try:
        with hub.database.begin("sender") as uow:
            goes_on = outbox.sent(uow, parcel, answer)
            # Whoever is dead was claimed, put into the outbox again, and claimed again: each of it is a fence of its own.
            given_up = _given_up(uow, parcel) if parcel.fence > 1 else []
            _move(uow, parcel.exchange_id, {"waiting", "failed"} if given_up else {"waiting"}, "sent", None)
            if given_up:
                evidence.close_findings(uow, given_up, "sent after all")
            told = None if answer is None else answer[:_TOLD]
            uow.audit(parcel.organisation_id, "outbox.sent", f"outbox/{parcel.id}", after={"stable_id": parcel.stable_id, "answer": told})
    except ConflictError as error:
        _log.info("delivered, but another sender has the parcel", outbox=parcel.id, reason=str(error))
        return False
    return goes_on


def _heard_at_once(hub: Hub, parcel: outbox.Parcel, answer: str | None) -> None:
    """Some peers answer a document on the connection that brought it (cXML: Response): that lands as if they had posted it.

    Only what is an acknowledgement's syntax, of a partner with one agreement to answer by. Whatever is wrong with it, the document is sent.
    """
    content = (answer or "").partition(" ")[2].encode()
    syntax = registry.sniff(content) if parcel.exchange_id is not None and content else None
    if syntax is None or registry.answering_of(syntax.name) is None:
        return
    partner = hub.registry.partner_key(parcel.partner_id)
    organisation = hub.registry.organisation_key(parcel.organisation_id)
    fitting = [one for one in hub.site.inbound(partner, [organisation]) if one.format == syntax.name]
    if len(fitting) != 1:
        return
    key = f"{parcel.id}/{sha256(content).hexdigest()[:16]}"
    try:
        receive(
            hub,
            Reception(
                partner, acknowledge.SAME_CONNECTION, BytesIO(content), by="sender", agreement=fitting[0].agreement, delivery_key=key
            ),
        )
    except HubError as error:
        _log.warning("an answer could not be kept", outbox=parcel.id, reason=str(error))


def _awaited(hub: Hub, parcel: outbox.Parcel, error: AwaitedError) -> None:
    """The partner has it, and its answer is awaited: behind as many attempts as ever it is given up."""
    if parcel.attempts + 1 >= outbox.ATTEMPTS:
        _failed(hub, parcel, str(error), outbox.ATTEMPTS, destinations.took)
        return
    try:
        with hub.database.begin("sender") as uow:
            outbox.awaited(uow, parcel, str(error), error.seconds)
            uow.audit(
                parcel.organisation_id, "outbox.awaited", f"outbox/{parcel.id}", after={"stable_id": parcel.stable_id, "answer": str(error)}
            )
    except ConflictError as conflict:
        _log.info("the answer came before its message was done with", outbox=parcel.id, reason=str(conflict))


def answered(hub: Hub, outbox_id: int, judge: Callable[[], str]) -> str | None:
    """An answer by another way decides about a parcel; `judge` returns its text, or raises as a transport does. None: it was decided."""
    with hub.database.begin("sender") as uow:
        parcel = outbox.parcel(uow, outbox_id)
    if parcel is None:
        return None
    try:
        text = judge()
    except RefusedError as error:
        _failed(hub, parcel, str(error), 0, destinations.took)
        return str(error)
    except RetriableError as error:
        _failed(hub, parcel, str(error), outbox.ATTEMPTS, destinations.took)
        return str(error)
    _sent(hub, parcel, text)
    return text


def _failed(
    hub: Hub,
    parcel: outbox.Parcel,
    reason: str,
    attempts: int = outbox.ATTEMPTS,
    fares: Callable[[UnitOfWork, outbox.Parcel], object] | None = None,
    at_least: float = 0,
) -> None:
    """`fares`: what the failure says about the destination; None: nothing. A refusal that it finds to be about the destination is no
    judgement of the parcel."""
    _log.warning("delivery failed", outbox=parcel.id, reason=reason)
    try:
        with hub.database.begin("sender") as uow:
            if fares is not None and fares(uow, parcel) == "destination":
                attempts = destinations.REFUSED_AT_MOST
            state = outbox.failed(uow, parcel, reason, attempts, at_least)
            if state == "dead":
                _give_up(uow, parcel, reason)
                destinations.given_up(uow, parcel)
    except ConflictError as error:
        _log.info("not delivered, and another sender has the parcel", outbox=parcel.id, reason=str(error))


def _give_up(uow: UnitOfWork, parcel: outbox.Parcel, reason: str) -> None:
    """Say for all to see that a parcel will not arrive."""
    _move(uow, parcel.exchange_id, {"waiting", "sent"}, "failed", "not delivered")
    answered = outbox.answered_by(uow.connection, parcel.id) if parcel.exchange_id is None else None
    document_id, interchange_id = answered or (None, None)
    finding = Finding("OUT-02", expected=parcel.name, got=reason, params={"outbox": str(parcel.id)})
    evidence.add_findings(
        uow, [evidence.Found(finding, document_id, interchange_id, parcel.exchange_id, parcel.partner_id, parcel.organisation_id)]
    )


def _move(uow: UnitOfWork, exchange_id: int | None, of: set[str], state: str, reason: str | None) -> None:
    """Move a parcel's exchange, unless the partner has answered it meanwhile: what it rejected has failed by that, and stays so."""
    if exchange_id is not None:
        evidence.move(uow, exchange_id, of, state, reason)


def _given_up(uow: UnitOfWork, parcel: outbox.Parcel) -> list[int]:
    """Open findings which say that this parcel is dead."""
    finding = tables.finding
    query = sa.select(finding.c.id).where(
        finding.c.rule == "OUT-02", finding.c.closed_at.is_(None), finding.c.params["outbox"].as_string() == str(parcel.id)
    )
    return list(uow.connection.execute(query).scalars())

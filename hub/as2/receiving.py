"""What partners post: opened, judged, made durable, and only then answered with a receipt.

Who sent it is known by its signature, so that nothing is done before that was verified: no Message-ID is remembered, no address called. A
message that is refused is kept as a rejected document with its finding. The same Message-ID again gets the same receipt, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO

import structlog

from connectors.registry import traits_of
from connectors.transports.as2 import mdn, mime
from connectors.transports.as2.faults import UNEXPECTED, UNKNOWN, FaultError
from connectors.transports.as2.mime import Entity, Headers
from connectors.transports.as2.names import DIGESTS, message_id, plain
from connectors.transports.as2.opening import Opened, open_message
from connectors.transports.as2.station import Station
from data_contracts.errors import ConfigError, RetriableError
from data_contracts.findings import Finding
from hub import pipeline
from hub.as2 import answers
from hub.as2.evidence import Taken, keep_received, receipt_of
from hub.as2.relations import flows, relation, station_of
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.site import Agreement, Flow
from hub.store import blobs, evidence, outbox, tables
from hub.store.inbox import Delivery, Landing
from hub.store.unit_of_work import UnitOfWork

CHANNEL = "as2"
_UNSAID = mdn.Wanted(signed=True, digest="sha256", spelled="sha-256", url=None)
"""The receipt for whoever asks for one that cannot be given."""
_REACHING = ("allow_plain", "allow_hosts", "ca_file", "timeout_seconds")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back on the connection."""

    status: int
    receipt: bytes | None = None
    """Headers and body of a receipt."""
    landed: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True)
class _Case:
    """One message and what was agreed about it."""

    hub: Hub
    flow: Flow
    agreement: Agreement
    station: Station
    entity: Entity
    original: str | None
    wanted: mdn.Wanted | None

    @property
    def whose(self) -> tuple[int, int]:
        """Organisation and partner."""
        return self.hub.organisation_id(self.agreement.organisation), self.hub.partner_id(self.agreement.partner)

    def receipt(self, disposition: str, mic: tuple[str, str] | None, digest: str) -> bytes | None:
        """The receipt that was asked for. Raises ConfigError when it cannot be signed."""
        if self.wanted is None:
            return None
        sign = digest if self.wanted.signed else None
        return mdn.receipt(self.station, self.original, disposition, mic, sign, self.hub.clock.now())


def take(hub: Hub, headers: Headers, body: bytes, *, keep: bool = True) -> Reply:
    """One request to /as2: a message, or a receipt of what we sent. `keep`: what is refused is kept and told, once.

    Raises RetriableError where our own side is not fit to judge it.
    """
    try:
        entity = mime.of_request(headers, body)
    except FaultError as error:
        _log.warning("no AS2 message", reason=error.got)
        return Reply(400, refused=True)
    theirs, ours = plain(entity.head.get("AS2-From")), plain(entity.head.get("AS2-To"))
    try:
        if mdn.is_receipt(entity):
            heard = answers.hear(hub, entity, theirs, ours)
            return Reply(200 if heard else 400, refused=not heard)
        flow = relation(hub, theirs, ours, "in")
        if flow is None:
            if keep:
                _unknown(hub, theirs, ours)
            return Reply(403, refused=True)
        return _judge(hub, flow, station_of(hub, flow), entity, keep)
    except ConfigError as error:
        _log.error("our own side of an AS2 relation is at fault", theirs=theirs, ours=ours, reason=str(error))
        raise RetriableError("this side of the relation is not ready") from error


def _judge(hub: Hub, flow: Flow, station: Station, entity: Entity, keep: bool) -> Reply:
    asked = _UNSAID if (entity.head.get("Disposition-Notification-To") or "").strip() else None
    original = message_id(entity.head.get("Message-ID"))
    case = _Case(hub, flow, hub.site.agreements[flow.agreement], station, entity, original, asked)
    try:
        case = replace(case, wanted=mdn.wanted(station, entity.head))
        if original is None:
            raise FaultError(UNEXPECTED, "no Message-ID", "a Message-ID")
        if case.wanted is not None and case.wanted.url not in (None, station.mdn_url):
            url, case = case.wanted.url, replace(case, wanted=replace(case.wanted, url=None))
            raise FaultError(UNEXPECTED, f"Receipt-Delivery-Option {str(url)[:200]}", station.mdn_url or "none: no address was agreed")
        opened = open_message(station, entity, hub.clock.now(), hub.settings.max_body)
    except FaultError as fault:
        return _refuse(case, fault, keep)
    return _land(case, opened, original)


def _land(case: _Case, opened: Opened, original: str) -> Reply:
    hub, home, (organisation_id, partner_id) = case.hub, case.hub.settings.home, case.whose
    signed = opened.signed.digest if opened.signed is not None else "sha256"
    digest = (case.wanted.digest if case.wanted is not None else "") or signed
    mic = opened.mic(digest)
    spelled = (case.wanted.spelled if case.wanted is not None else "") or DIGESTS[digest]
    receipt = case.receipt(mdn.PROCESSED, (mic, spelled), digest)
    taken = Taken(
        case.station.theirs, case.station.ours, original, organisation_id, partner_id, blobs.stage(home, case.entity.raw), mic, digest,
        mdn.PROCESSED, None if receipt is None else blobs.stage(home, receipt),
    )  # fmt: skip

    def also(uow: UnitOfWork, landing: Landing) -> None:
        if landing.outcome == "new":
            keep_received(uow, taken, landing.document_id)
            if receipt is not None:
                _post(uow, case, landing.document_id, receipt)

    named = None if traits_of(case.agreement.format).enveloped else case.agreement.agreement
    landing = receive(
        hub,
        Reception(
            case.agreement.partner, CHANNEL, BytesIO(opened.payload), f"as2:{case.station.theirs}", [case.agreement.organisation],
            opened.name, opened.media_type, named, f"{case.station.theirs}/{original}",
        ),
        also,
    )  # fmt: skip
    if landing.outcome == "conflict":  # both are kept, and DUP-01 says so
        return _answer(case, case.receipt(UNEXPECTED[1], None, digest), refused=True)
    if landing.outcome == "repeat":
        with hub.database.read() as connection:
            receipt = receipt_of(connection, hub, case.station.theirs, case.station.ours, original) or receipt
        if case.wanted is not None and case.wanted.url is not None and receipt is not None:
            with hub.database.begin(CHANNEL) as uow:
                outbox.again(uow, _post(uow, case, landing.document_id, receipt))
    return _answer(case, receipt, landed=True)


def _refuse(case: _Case, fault: FaultError, keep: bool) -> Reply:
    """Keep what is refused as a rejected document with its finding, once, and tell its sender."""
    hub, (organisation_id, partner_id) = case.hub, case.whose
    _log.warning("AS2 message refused", theirs=case.station.theirs, rule=fault.rule, reason=fault.got)
    try:
        receipt = case.receipt(fault.disposition, None, "sha256")
    except ConfigError:  # an unsigned no is better than none
        receipt = replace(case, wanted=case.wanted and replace(case.wanted, signed=False)).receipt(fault.disposition, None, "sha256")
    if not keep:
        return _answer(case, receipt, refused=True)
    raw = blobs.stage(hub.settings.home, case.entity.raw)

    def also(uow: UnitOfWork, landing: Landing) -> None:
        if landing.outcome != "new":
            return
        uow.connection.execute(tables.document.update().where(tables.document.c.id == landing.document_id).values(state="rejected"))
        uow.audit(organisation_id, "document.rejected", f"document/{landing.document_id}", reason=f"{fault.rule}: {fault.got}")
        finding = fault.finding()
        evidence.add_findings(uow, [evidence.Found(finding, landing.document_id, partner_id=partner_id, organisation_id=organisation_id)])
        if receipt is not None:
            _post(uow, case, landing.document_id, receipt)

    key = f"refused:{raw.sha256.hex()}"
    by = f"as2:{case.station.theirs}"
    pipeline.land(hub, Delivery(organisation_id, partner_id, CHANNEL, key, raw, media_type="message/rfc822", received_by=by), also)
    return _answer(case, receipt, refused=True)


def _post(uow: UnitOfWork, case: _Case, document_id: int, receipt: bytes) -> int:
    """Queue a receipt that is to go by a connection of its own; nothing (0) where it goes back on this one."""
    if case.wanted is None or case.wanted.url is None:
        return 0
    sha256, _ = blobs.keep(uow.connection, uow.home, receipt)
    organisation_id, partner_id = case.whose
    reaching = {name: case.flow.transport[name] for name in _REACHING if name in case.flow.transport}
    return outbox.put(
        uow,
        outbox.Parcel(
            stable_id=f"as2/{document_id}/receipt",
            organisation_id=organisation_id,
            partner_id=partner_id,
            kind="acknowledgement",
            route={"use": "as2", "receipt": True, "url": case.wanted.url, **reaching},
            name=outbox.file_name(f"receipt_{document_id}.mdn"),
            media_type="multipart/report",
            sha256=sha256,
        ),
    )


def _answer(case: _Case, receipt: bytes | None, *, landed: bool = False, refused: bool = False) -> Reply:
    if case.wanted is None:
        return Reply(400 if refused else 200, None, landed, refused)
    return Reply(200, None if case.wanted.url is not None else receipt, landed, refused)


def _unknown(hub: Hub, theirs: str | None, ours: str | None) -> None:
    rule, _ = UNKNOWN
    agreed = ", ".join(sorted({str(flow.transport.get("ours")) for flow in flows(hub.site) if flow.direction == "in"}))
    with hub.database.begin(CHANNEL) as uow:
        evidence.add_findings(uow, [evidence.Found(Finding(rule, expected=agreed or "none", got=f"{theirs} to {ours}"))])

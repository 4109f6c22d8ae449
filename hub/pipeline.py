"""READ FIRST: the walk. Eight hops, one function each, in the order in which a document takes them.

    1 fetch      a transport finds what waits at a source                     connectors/transports
    2 land       bytes become durable, then success is said                   hub/store/inbox
    3 read       a format and its grammar turn bytes into source records      connectors/formats
    4 check      agreement and grammar say whether the message may come in    → findings
    5 map        source record → canonical entity                             mappings
    6 validate   GS1, UDI, lots, quantities, references                       data_contracts/rules → findings
    7 reconcile  facts stand or fall; what sources disagree on becomes a discrepancy   hub/apply, hub/reconcile
    8 serve      reconciled views                                             hub/store/views

Back out is the mirror (hub/outbound.py): view → map → write → send → await acknowledgement.
Hops 3 to 6 are pure: `udihub check` and `udihub map` run them on a file and store nothing. `hub/worker.py` runs
all of them on claimed documents, in batches, in one transaction a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Settings
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from connectors.answering import NO_REFUSALS
from connectors.file_names import readable
from connectors.registry import answering_of, format_named, transport_named
from connectors.spec import Delivered, Format, Keeping, Polling, Profile, Streaming, Transport
from data_contracts.errors import FatalError, HubError
from data_contracts.findings import Finding, Severity, has_error
from data_contracts.rules import validate as rules_validate
from data_contracts.source import Group, Message, ReadEvent
from hub import listening
from hub.apply import Applicable, Applied
from hub.apply import apply as apply_facts
from hub.arriving import arrivals, misnamed, taken_lately
from hub.cases.renew import renew as renew_cases
from hub.compiled import compiled
from hub.polling import poll
from hub.reconcile import mark_due
from hub.reconcile import reconcile as renew
from hub.registers.fetch import fetch_extracts
from hub.runtime import Hub
from hub.site import AgreedMessage, Agreement, Flow
from hub.store import blobs, evidence, views
from hub.store.inbox import Delivery, Landing
from hub.store.inbox import land as land_in_store
from hub.store.unit_of_work import UnitOfWork
from hub.visibility.project import project
from mappings.engine import Context, Mapped, Mapping


def fetch(hub: Hub, flow: Flow) -> list[Landing]:
    """Hop 1: take what waits at a flow's source, land each piece, and only then settle it there.

    One piece that fails stops nothing else; the first failure is raised at the end, so that the scheduler retries. A file that was
    written on after it was taken is taken again, and that is told (FIL-01). A system that is
    asked what changed gives pages, and a watermark with each (hub/polling.py); a stream is read until it is quiet (hub/listening.py).
    Extracts of a register are no documents: they are compared (hub/registers) and settled, and nothing is landed.
    """
    if flow.compare is not None:
        fetch_extracts(hub, flow)
        return []
    transport = transport_named(flow.transport["use"])
    if isinstance(transport, Streaming):
        return list(listening.drain(hub, flow, transport, land))
    if isinstance(transport, Polling):
        return poll(hub, flow, transport, land)
    settings = hub.transport_settings(flow)
    landings: list[Landing] = []
    failed: HubError | None = None
    for delivered, where, finding in _waiting(hub, flow, transport, settings):
        try:
            landings += _landed(hub, flow, transport, where, delivered, finding)
            if finding is None:
                transport.settle(where, delivered)
        except FatalError:
            raise
        except HubError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return landings


def _waiting(
    hub: Hub, flow: Flow, transport: Transport, settings: dict[str, Any]
) -> Iterator[tuple[Delivered, Settings[str, Any], Finding | None]]:
    """What waits at a source, and what was taken from it before it was whole, with where it lies and what is to be told of it."""
    for delivered in transport.fetch(settings):
        yield delivered, settings, None
    if isinstance(transport, Keeping):
        for one in transport.written_on(settings, taken_lately(hub, flow)):
            told = Finding("FIL-01", expected=str(one.taken), got=str(one.delivered.size), params={"name": readable(one.delivered.name)})
            yield one.delivered, one.settings, told


def _landed(
    hub: Hub, flow: Flow, transport: Transport, settings: Settings[str, Any], delivered: Delivered, finding: Finding | None
) -> Iterator[Landing]:
    """Land what one file brings, with what is to be told of it."""
    agreement = hub.site.agreements[flow.agreement]
    with transport.open(settings, delivered) as stream:
        for arrival in arrivals(hub.settings.home, settings, delivered, stream):
            delivery = Delivery(
                organisation_id=hub.organisation_id(agreement.organisation),
                partner_id=hub.partner_id(agreement.partner),
                channel=flow.transport["use"],
                delivery_key=f"{flow.flow}/{arrival.delivery_key}",
                stream=arrival.stream,
                name=arrival.name,
                media_type=arrival.media_type,
                flow=flow.flow,
                received_by=f"flow:{flow.flow}",
            )
            findings = [one for one in (finding, arrival.finding, misnamed(delivered)) if one is not None]
            yield land(hub, delivery, partial(_told, delivery, findings) if findings else None)


def _told(delivery: Delivery, findings: Sequence[Finding], uow: UnitOfWork, landing: Landing) -> None:
    """What is wrong with a file, with the document that it is kept as."""
    if landing.outcome == "new":
        whose = delivery.partner_id, delivery.organisation_id
        evidence.add_findings(uow, [evidence.Found(finding, landing.document_id, None, None, *whose) for finding in findings])


def land(hub: Hub, delivery: Delivery, also: Callable[[UnitOfWork, Landing], None] | None = None) -> Landing:
    """Hop 2: blob, inbox row and audit in one transaction, with what else belongs to it. When this returns, the bytes are durable."""
    if not isinstance(delivery.stream, blobs.Staged):
        delivery = replace(delivery, stream=blobs.stage(hub.settings.home, delivery.stream))
    with hub.database.begin(delivery.received_by or delivery.channel) as uow:
        landing = land_in_store(uow, delivery)
        if also is not None:
            also(uow, landing)
        return landing


def read(stream: BinaryIO, syntax: Format, profile: Profile, grammar: str | None) -> Iterator[ReadEvent]:
    """Hop 3: bytes → events of source records with places. Memory does not grow with the document."""
    stream.seek(0)
    return syntax.read(stream, profile, grammar)


def check(message: Message, group: Group | None, agreement: Agreement) -> tuple[AgreedMessage | None, list[Finding]]:
    """Hop 4: what grammar and agreement say. Returns the agreed message, or None with the finding that refuses it."""
    agreed = agreement.message(message.type, message.version or (group.version if group else None))
    findings = with_overrides(message.findings, agreement)
    if agreed is None and message.root is not None:
        answering = answering_of(agreement.format)
        place, code = (answering.refusals if answering is not None else NO_REFUSALS).message
        findings.append(
            Finding(
                "AGR-01",
                place=place,
                expected=", ".join(f"{known.type} {known.version or ''}".strip() for known in agreement.messages),
                got=f"{message.type} {message.version or ''}".strip(),
                code=code,
                params={"agreement": agreement.agreement},
            )
        )
    return agreed, findings


def map(message: Message, mapping: Mapping, profile: Profile, currency: str | None, came: datetime | None = None) -> Mapped:  # noqa: A001 - the hop's name
    """Hop 5: source record → canonical entity as a plain dictionary."""
    assert message.root is not None
    return mapping.read(message.root, context_of(message, profile, currency, came))


def validate(entity: dict[str, Any], agreement: Agreement, today: date) -> list[Finding]:
    """Hop 6: the rules on the entity, with the agreement's own severities. Places are canonical paths (`lines[2].gtin`)."""
    return with_overrides(rules_validate(entity, None, today), agreement)


def apply(uow: UnitOfWork, items: Sequence[Applicable], eventful: bool = True) -> list[Applied]:
    """Hop 7, first half: facts, balances, edges and what stands, in the caller's transaction; `eventful`: events are derived of them."""
    return apply_facts(uow, items, eventful)


def reconcile(hub: Hub, limit: int = 10_000) -> int:
    """Hop 7, second half: renew the discrepancies of everything that changed. Returns how many keys were looked at.

    When a day begins in an organisation's time zone, also of what falls due or expires there by the mere passing of time.
    """
    now = hub.clock.now()
    days = {hub.organisation_id(key): now.astimezone(ZoneInfo(known.time_zone)).date() for key, known in hub.site.organisations.items()}
    begun = {number: day for number, day in days.items() if hub.due_marked_on.get(number) != day}
    if begun:
        with hub.database.begin("reconcile") as uow:
            mark_due(uow, begun, hub.site.masterdata.rules)
        hub.due_marked_on.update(begun)
    total = 0
    derive = project if hub.site.events.documents else None
    while True:
        with hub.database.begin("reconcile") as uow:
            seen = renew(uow, limit, hub.tolerances, derive, hub.site.masterdata.rules)
        total += seen
        if seen < limit:
            break
    cases(hub)
    return total


def cases(hub: Hub) -> None:
    """What a person must decide follows from all that: cases open, close and open again."""
    while True:
        with hub.database.begin("reconcile") as uow:
            if not renew_cases(uow, hub.site.cases):
                return


serve = views
"""Hop 8: the reconciled views, read-only."""


def context_of(message: Message, profile: Profile, currency: str | None = None, came: datetime | None = None) -> Context:
    """What a mapping must know beside the tree."""
    return Context(
        time_zone=profile.time_zone,
        components=message.components,
        repetition=message.repetition,
        currency=currency,
        sent=message.sent,
        came=came,
        message_version=message.version,
    )


def syntax_of(agreement: Agreement) -> Format:
    """The format that an agreement names. Raises ConfigError when it is not installed."""
    return format_named(agreement.format)


def mapping_of(folders: tuple[Path, ...], agreed: AgreedMessage) -> Mapping:
    """The agreed mapping, the site's own first (`hub/compiled.py`). Raises ConfigError when there is none."""
    return compiled(agreed.mapping, folders)


def with_overrides(findings: Iterable[Finding], agreement: Agreement) -> list[Finding]:
    """The findings with the severities and actions that this agreement gives to their rules."""
    if not agreement.rules:
        return list(findings)
    return [
        replace(finding, severity=override.severity or _weight(finding, override.action), action=override.action or finding.action)
        if (override := agreement.rules.get(finding.rule)) is not None
        else finding
        for finding in findings
    ]


def _weight(finding: Finding, action: str | None) -> Severity:
    """What has a consequence by agreement is an error, whatever the catalogue thinks of it."""
    return "error" if action in ("row", "message", "flow") else finding.severity


def placed(findings: Iterable[Finding], mapping: Mapping, message: Message, profile: Profile) -> list[Finding]:
    """Findings about canonical fields with the place in the source that the field came from (segment, element, line)."""
    listed = list(findings)
    if not listed or message.root is None:
        return listed
    origins = mapping.trace(message.root, context_of(message, profile))
    out = []
    for finding in listed:
        origin = origins.get(finding.place.path or "")
        if origin is not None and finding.place.segment is None:
            place = origin.place if message.columns is None else message.columns.placed(origin.place)
            finding = replace(finding, place=replace(place, path=finding.place.path))
        out.append(finding)
    return out


def in_columns(findings: Sequence[Finding], message: Message) -> Sequence[Finding]:
    """Findings of mapping with the column, and in a workbook the sheet, of the value that they speak of."""
    columns = message.columns
    return findings if columns is None else [replace(finding, place=columns.placed(finding.place)) for finding in findings]


def blocks(findings: Iterable[Finding]) -> bool:
    """Whether the message must be held for a steward."""
    return any(finding.severity == "error" and finding.action in ("message", "flow") for finding in findings)


__all__ = [
    "apply",
    "blocks",
    "check",
    "fetch",
    "has_error",
    "in_columns",
    "land",
    "map",
    "placed",
    "read",
    "reconcile",
    "serve",
    "validate",
]

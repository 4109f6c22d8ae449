"""Claimed documents through the walk, in batches: examine without a lock, then everything that follows in one transaction.

A batch is one commit: exchanges, findings, facts, balances, edges, acknowledgements, outbox, audit. Should one document of it
collide (a fence, a race for the same envelope), each is tried alone, so that it stops nothing else. A document too large to hold is
looked over once for its envelopes and then taken in slices; a slice that is done stays done, and a restart goes on behind it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import sqlalchemy as sa
import structlog

from data_contracts.errors import ConflictError, FatalError
from data_contracts.findings import Finding
from hub import acknowledge, grammars, pipeline
from hub.apply import Applicable
from hub.examine import (
    Claimant,
    ExaminedInterchange,
    ExaminedMessage,
    Opened,
    settle_fates,
    walk,
)
from hub.record import ExchangeRow, insert_exchanges, insert_findings, settle_applied
from hub.runtime import Hub
from hub.store import blobs, claims, configurations, envelopes, tables
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork

BATCH = 500
"""Documents, or messages of a large document, in one transaction: one commit a document would cost 7 to 12 times as much."""
LARGE = 8 * 1024 * 1024
"""Documents above this many bytes are taken in slices."""
HELD = 16 * 1024 * 1024
"""Bytes of documents that are examined together."""
LEASE_SECONDS = 300
AGAIN_SECONDS = 60
ATTEMPTS = 5
"""Claims after which a document that is never finished is put aside."""

_log = structlog.get_logger(__name__)
_STATES = {"ready": "applied", "rejected": "rejected", "quarantined": "quarantined", "test": "checked", "answer": "acknowledged"}


@dataclass(slots=True)
class Job:
    """A claimed document with what its inbox row says."""

    claim: claims.Claim
    row: Any
    format: str | None = None
    interchanges: list[ExaminedInterchange] = field(default_factory=list)
    unreadable: list[Finding] = field(default_factory=list)
    state: str = "processed"


def work(hub: Hub, limit: int = BATCH) -> int:
    """Claim and process up to `limit` documents; returns how many were claimed. 0 means that nothing waits."""
    claimed = claims.claim_documents(hub.database, limit, LEASE_SECONDS)
    if claimed:
        process(hub, claimed)
    return len(claimed)


def drain(hub: Hub) -> int:
    """Work until nothing waits; returns how many documents were processed."""
    total = 0
    while done := work(hub):
        total += done
    return total


def process(hub: Hub, claimed: Sequence[claims.Claim]) -> dict[int, Exception]:
    """Hops 3 to 7 on claimed documents. Returns those that the machinery could not finish, by id, with the reason.

    Such a document stops nothing else; it is given back and taken up again in a minute (`claims.set_aside` ends that).
    Raises FatalError alone: then nothing more may be written.
    """
    jobs = _load(hub, claimed)
    failed: dict[int, Exception] = {}
    for chunk in _chunks([job for job in jobs if job.row.size <= LARGE]):
        ready = [job for job in chunk if _tried(hub, job, failed, _examine)]
        if ready:
            _commit(hub, ready, failed)
    for job in jobs:
        if job.row.size > LARGE:
            _tried(hub, job, failed, _process_large)
    return failed


def _chunks(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """Jobs in order, so many at a time that what is read of them stays within bounds: trees take ten times their bytes."""
    chunk: list[Job] = []
    size = 0
    for job in jobs:
        if chunk and size + job.row.size > HELD:
            yield chunk
            chunk, size = [], 0
        chunk.append(job)
        size += job.row.size
    if chunk:
        yield chunk


def _tried(hub: Hub, job: Job, failed: dict[int, Exception], step: Callable[[Hub, Job], None]) -> bool:
    """Whether a step on one document went well; if not, the document is given back."""
    try:
        step(hub, job)
    except FatalError:
        raise
    except ConflictError as error:
        _log.info("document was taken over by another worker", document=job.row.id, reason=str(error))
        return False
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the documents behind it
        _log.error("document could not be processed", document=job.row.id, reason=f"{type(error).__name__}: {error}")
        failed[job.row.id] = error
        with hub.database.begin("worker") as uow:
            claims.release(uow, [job.claim], AGAIN_SECONDS)
        return False
    return True


def _load(hub: Hub, claimed: Sequence[claims.Claim]) -> list[Job]:
    fences = {claim.document_id: claim for claim in claimed}
    with hub.database.read() as connection:
        rows = connection.execute(
            sa.select(tables.document, tables.blob.c.size, tables.blob.c.body)
            .join(tables.blob, tables.blob.c.sha256 == tables.document.c.sha256)
            .where(tables.document.c.id.in_(fences))
            .order_by(tables.document.c.id)
        ).all()
    return [Job(fences[row.id], row) for row in rows]


def claimant_of(hub: Hub, row: Any) -> Claimant:
    """Who a landed document is from, where its credential may send to, and to which agreement its flow narrows it."""
    flow = hub.site.flows.get(row.flow) if row.flow else None
    agreement = flow.agreement if flow is not None else row.flow if row.flow in hub.site.agreements else None
    allowed = None if row.organisations is None else frozenset(row.organisations)
    return Claimant(hub.registry.partner_key(row.partner_id), allowed, agreement)


def _examine(hub: Hub, job: Job) -> None:
    with blobs.opened(job.row.body, hub.settings.home, job.row.sha256) as stream:
        for step in walk(stream, hub.site, claimant_of(hub, job.row), moment(job.row.received_at).date()):
            if isinstance(step, Opened):
                job.format = step.format
            elif isinstance(step, Finding):
                job.unreadable.append(step)
            elif isinstance(step, ExaminedMessage):
                _let_go(step)
                job.interchanges[-1].messages.append(step)
            elif not job.interchanges or job.interchanges[-1] is not step:
                job.interchanges.append(step)


def _let_go(examined: ExaminedMessage) -> None:
    """A message that is mapped needs its tree no more; an answer (997) is read when it is applied."""
    root = examined.message.root
    if root is not None and examined.fate != "answer":
        root.release()
        examined.message.root = None


def tune() -> None:
    """For processes that do nothing but work: what is loaded by now stays, and the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _commit(hub: Hub, jobs: list[Job], failed: dict[int, Exception]) -> None:
    """All jobs in one transaction; where one collides or breaks, each alone."""
    try:
        with hub.database.begin("worker") as uow:
            _record(hub, uow, jobs)
    except FatalError:
        raise
    except Exception as error:  # noqa: BLE001 - each is tried alone below, where its own failure is told
        _log.info(
            "batch did not commit, its documents are tried one by one", documents=len(jobs), reason=f"{type(error).__name__}: {error}"
        )
        for job in jobs:
            _tried(hub, job, failed, _alone)


def _alone(hub: Hub, job: Job) -> None:
    fresh = Job(job.claim, job.row)
    _examine(hub, fresh)
    with hub.database.begin("worker") as uow:
        _record(hub, uow, [fresh])


def _record(hub: Hub, uow: UnitOfWork, jobs: list[Job]) -> None:
    """Everything that follows from a batch, in the caller's transaction."""
    registered = envelopes.register_many(
        uow, [_registration(job, interchange, hub.site.environment == "production") for job, interchange in _envelopes(jobs)]
    )
    for (job, interchange), envelope in zip(_envelopes(jobs), registered, strict=True):
        _admit(interchange, envelope)
        settle_fates(interchange, interchange.messages, hub.site)
        for examined in interchange.messages:
            acknowledge.remember(interchange, examined)
        if interchange.refused:
            job.state = "rejected"
    rows: list[ExchangeRow] = []
    origin: list[tuple[Job, ExaminedInterchange, ExaminedMessage, int]] = []
    findings: list[Any] = []
    for (job, interchange), envelope in zip(_envelopes(jobs), registered, strict=True):
        if envelope.outcome == "repeat":
            continue
        for examined in interchange.messages:
            rows.append(_exchange_row(hub, job, interchange, examined, envelope.interchange_id))
            origin.append((job, interchange, examined, envelope.interchange_id))
    ids = insert_exchanges(uow, rows)
    _apply(hub, uow, origin, ids)
    for (job, interchange), envelope in zip(_envelopes(jobs), registered, strict=True):
        _hear(hub, uow, job, interchange, envelope)
    for (job, _interchange, examined, interchange_id), exchange_id in zip(origin, ids, strict=True):
        if examined.findings:
            findings.append(
                (exchange_id, job.row.id, interchange_id, job.row.partner_id, _organisation(hub, job, examined), examined.findings)
            )
    for (job, interchange), envelope in zip(_envelopes(jobs), registered, strict=True):
        outer = [*interchange.findings, *(f for group in interchange.groups for f in group.findings), *envelope.findings]
        if outer:
            findings.append((None, job.row.id, envelope.interchange_id, job.row.partner_id, job.row.organisation_id, outer))
    for job in jobs:
        if job.unreadable:
            job.state = "rejected"
            findings.append((None, job.row.id, None, job.row.partner_id, job.row.organisation_id, job.unreadable))
    insert_findings(uow, findings)
    acknowledge.answer_many(
        uow, [(job.row, interchange, envelope) for (job, interchange), envelope in zip(_envelopes(jobs), registered, strict=True)]
    )
    states: dict[int, dict[str, int]] = {job.row.id: {} for job in jobs}
    for job, _, examined, _ in origin:
        counts = states[job.row.id]
        counts[_STATES[examined.fate]] = counts.get(_STATES[examined.fate], 0) + 1
    _finish(uow, jobs, states)


def _envelopes(jobs: Sequence[Job]) -> Iterator[tuple[Job, ExaminedInterchange]]:
    for job in jobs:
        for interchange in job.interchanges:
            yield job, interchange


def _registration(job: Job, examined: ExaminedInterchange, production: bool) -> envelopes.Registration:
    """What the store must know of an envelope. One that is refused anyway does not use up its control number."""
    interchange = examined.interchange
    counts = interchange.control is not None and examined.agreement is not None and not examined.refused
    return envelopes.Registration(
        document_id=job.row.id,
        ordinal=interchange.ordinal,
        sender=interchange.sender,
        receiver=interchange.receiver,
        control=interchange.control,
        sha256=examined.sha256,
        counts=counts,
        refused=examined.refused,
        test=interchange.test and production,
        detail={
            "groups": [{"type": g.type, "control": g.control, "version": g.version, "messages": g.message_count} for g in examined.groups],
            "header": list(interchange.header),
        },
    )


def _admit(interchange: ExaminedInterchange, envelope: envelopes.Registered) -> None:
    """A duplicate envelope is refused whole; a repeat of the same bytes is answered as the first was."""
    control = interchange.interchange.control
    if envelope.outcome == "conflict":
        interchange.admission.append(Finding("DUP-03", got=control, code="025"))
    elif envelope.outcome == "repeat":
        envelope.findings.append(Finding("DUP-02", got=control, code="025"))


def _organisation(hub: Hub, job: Job, examined: ExaminedMessage) -> int:
    return hub.organisation_id(examined.agreement.organisation) if examined.agreement is not None else int(job.row.organisation_id)


def _exchange_row(hub: Hub, job: Job, interchange: ExaminedInterchange, examined: ExaminedMessage, interchange_id: int) -> ExchangeRow:
    message, agreement = examined.message, examined.agreement
    grammar = grammars.used(agreement, message, interchange.profile) if agreement is not None and examined.agreed is not None else None
    return ExchangeRow(
        document_id=job.row.id,
        interchange_id=interchange_id,
        group_ordinal=examined.group.ordinal if examined.group else None,
        group_control=examined.group.control if examined.group else None,
        ordinal=message.ordinal,
        organisation_id=_organisation(hub, job, examined),
        partner_id=job.row.partner_id,
        agreement=agreement.agreement if agreement else None,
        flow=job.row.flow,
        format=interchange.format,
        type=message.type,
        version=message.version,
        control=message.control,
        state=_STATES[examined.fate],
        entity=examined.entity,
        keys={"rows_left_out": examined.rows_left_out} if examined.rows_left_out else {},
        offset=message.offset,
        length=message.length,
        mapping_hash=examined.mapping.hash if examined.mapping else None,
        agreement_hash=agreement.hash if agreement else None,
        grammar_hash=grammar.hash if grammar else None,
        acknowledgement=acknowledge.word_for(interchange, examined),
    )


def _apply(hub: Hub, uow: UnitOfWork, origin: Sequence[tuple[Job, ExaminedInterchange, ExaminedMessage, int]], ids: Sequence[int]) -> None:
    items: list[Applicable] = []
    for (job, interchange, examined, _), exchange_id in zip(origin, ids, strict=True):
        if examined.fate == "ready" and examined.entity is not None:
            assert examined.mapping is not None
            _keep_configuration(uow, interchange, examined)
            items.append(
                Applicable(
                    exchange_id=exchange_id,
                    organisation_id=_organisation(hub, job, examined),
                    partner_id=job.row.partner_id,
                    partner_key=hub.registry.partner_key(job.row.partner_id),
                    entity=examined.entity,
                )
            )
        elif examined.fate == "answer":
            acknowledge.receive_functional(hub, uow, job.row, interchange, exchange_id, examined.message)
    if items:
        settle_applied(uow, pipeline.apply(uow, items))


def _hear(hub: Hub, uow: UnitOfWork, job: Job, interchange: ExaminedInterchange, envelope: envelopes.Registered) -> None:
    """TA1 segments, which travel alone as a rule; those of a refused, repeated or test interchange say nothing."""
    if envelope.outcome == "accepted" and not interchange.refused:
        for note in interchange.answers:
            acknowledge.receive_interchange(hub, uow, job.row, interchange, note)


def _keep_configuration(uow: UnitOfWork, interchange: ExaminedInterchange, examined: ExaminedMessage) -> None:
    mapping, agreement = examined.mapping, examined.agreement
    if mapping is None or agreement is None:
        return
    configurations.keep(uow, "mapping", mapping.name, mapping)
    configurations.keep(uow, "agreement", agreement.agreement, agreement)
    grammar = grammars.used(agreement, examined.message, interchange.profile)
    if grammar is not None:
        configurations.keep(uow, "grammar", grammar.name, grammar)


def _states_of(uow: UnitOfWork, document_id: int) -> dict[str, int]:
    """How many exchanges of a document ended how, as the store has them."""
    rows = uow.connection.execute(
        sa.select(tables.exchange.c.state, sa.func.count())
        .where(tables.exchange.c.document_id == document_id)
        .group_by(tables.exchange.c.state)
    )
    return {state: count for state, count in rows}  # noqa: C416 - a row is a tuple to SQLAlchemy, not to mypy


def _finish(uow: UnitOfWork, jobs: Sequence[Job], states: dict[int, dict[str, int]]) -> None:
    for job in jobs:
        if job.state == "processed" and "quarantined" in states[job.row.id]:
            job.state = "quarantined"
        uow.audit(
            job.row.organisation_id,
            "document.processed",
            f"document/{job.row.id}",
            before={"state": "received"},
            after={"state": job.state, "format": job.format, "exchanges": states[job.row.id]},
        )
    claims.finish_many(uow, [(job.claim, job.state, job.format) for job in jobs])


def _process_large(hub: Hub, job: Job) -> None:
    """Two passes: the first decides over envelopes, the second applies message by message, a slice a transaction."""
    claimant, day = claimant_of(hub, job.row), moment(job.row.received_at).date()
    with blobs.opened(job.row.body, hub.settings.home, job.row.sha256) as stream:
        for step in walk(stream, hub.site, claimant, day, messages=False):
            if isinstance(step, Opened):
                job.format = step.format
            elif isinstance(step, Finding):
                job.unreadable.append(step)
            elif isinstance(step, ExaminedInterchange) and (not job.interchanges or job.interchanges[-1] is not step):
                job.interchanges.append(step)
        surveyed = {interchange.interchange.ordinal: interchange for interchange in job.interchanges}
        registered: dict[int, envelopes.Registered] = {}
        done = 0
        with hub.database.begin("worker") as uow:
            for interchange, envelope in zip(
                job.interchanges,
                envelopes.register_many(uow, [_registration(job, i, hub.site.environment == "production") for i in job.interchanges]),
                strict=True,
            ):
                _admit(interchange, envelope)
                registered[interchange.interchange.ordinal] = envelope
            done = uow.connection.execute(
                sa.select(sa.func.coalesce(sa.func.max(tables.exchange.c.ordinal), 0)).where(
                    tables.exchange.c.document_id == job.row.id, tables.exchange.c.origin_id.is_(None)
                )
            ).scalar_one()
        messages = _behind(walk(stream, hub.site, claimant, day), done, surveyed)
        while slice_ := list(islice(messages, BATCH)):
            with hub.database.begin("worker") as uow:
                claims.extend(uow, job.claim, LEASE_SECONDS)
                _record_slice(hub, uow, job, slice_, surveyed, registered)
    with hub.database.begin("worker") as uow:
        findings: list[Any] = []
        for interchange in job.interchanges:
            envelope = registered[interchange.interchange.ordinal]
            outer = [*interchange.findings, *(f for group in interchange.groups for f in group.findings), *envelope.findings]
            findings.append((None, job.row.id, envelope.interchange_id, job.row.partner_id, job.row.organisation_id, outer))
            if interchange.refused:
                job.state = "rejected"
        if job.unreadable:
            job.state = "rejected"
            findings.append((None, job.row.id, None, job.row.partner_id, job.row.organisation_id, job.unreadable))
        insert_findings(uow, findings)
        for interchange in job.interchanges:
            _hear(hub, uow, job, interchange, registered[interchange.interchange.ordinal])
        acknowledge.answer_many(uow, [(job.row, one, registered[one.interchange.ordinal]) for one in job.interchanges])
        _finish(uow, [job], {job.row.id: _states_of(uow, job.row.id)})


def _behind(steps: Iterator[Any], done: int, surveyed: dict[int, ExaminedInterchange]) -> Iterator[tuple[int, ExaminedMessage]]:
    """The messages of a walk that were not recorded before a restart, each with the ordinal of its interchange.

    Of those that were, the acknowledgement must still speak.
    """
    current = 0
    for step in steps:
        if isinstance(step, ExaminedInterchange):
            current = step.interchange.ordinal
        elif isinstance(step, ExaminedMessage):
            acknowledge.remember(surveyed[current], step)
            if step.message.ordinal > done:
                yield current, step


def _record_slice(
    hub: Hub,
    uow: UnitOfWork,
    job: Job,
    slice_: Sequence[tuple[int, ExaminedMessage]],
    surveyed: dict[int, ExaminedInterchange],
    registered: dict[int, envelopes.Registered],
) -> None:
    origin = []
    for ordinal, examined in slice_:
        interchange, envelope = surveyed[ordinal], registered[ordinal]
        if envelope.outcome == "repeat":
            continue
        groups = {group.ordinal: group for group in interchange.groups}
        if examined.group is not None:
            examined.group = groups.get(examined.group.ordinal, examined.group)
        settle_fates(interchange, [examined], hub.site)
        origin.append((job, interchange, examined, envelope.interchange_id))
    ids = insert_exchanges(uow, [_exchange_row(hub, job, i, e, number) for _, i, e, number in origin])
    _apply(hub, uow, origin, ids)
    insert_findings(
        uow,
        [
            (exchange_id, job.row.id, number, job.row.partner_id, _organisation(hub, job, e), e.findings)
            for (_, _, e, number), exchange_id in zip(origin, ids, strict=True)
            if e.findings
        ],
    )

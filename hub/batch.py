"""What follows from examined documents, in one transaction: envelopes, exchanges, facts, findings, answers, audit, the end of the claim.

The caller begins the transaction; either all of it is true afterwards or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from connectors.registry import answering_of
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding
from hub import acknowledge, grammars, pipeline, promises, stopping
from hub.apply import Applicable, Applied
from hub.examine import Claimant, ExaminedInterchange, ExaminedMessage, settle_fates
from hub.record import ExchangeRow, FindingsOf, insert_exchanges, insert_findings, settle_applied
from hub.runtime import Hub
from hub.store import claims, configurations, envelopes, tables
from hub.store.types import DAY
from hub.store.unit_of_work import UnitOfWork
from hub.visibility import admission

STATES = {"ready": "applied", "rejected": "rejected", "quarantined": "quarantined", "test": "checked", "answer": "acknowledged"}


class HeldError(ConfigError):
    """A document that only a mended site can be told what it is: it is put aside as it came, and nobody is answered."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = findings
        super().__init__("; ".join(finding.text() for finding in findings))


@dataclass(slots=True)
class Job:
    """A claimed document with what its inbox row says."""

    claim: claims.Claim
    row: Any
    body: bytes | None = None
    """Its bytes until they are examined; null also where they lie in the blob folder."""
    format: str | None = None
    interchanges: list[ExaminedInterchange] = field(default_factory=list)
    unreadable: list[Finding] = field(default_factory=list)
    state: str = "processed"
    known: frozenset[int] = frozenset()
    """Ordinals of records that a flow took in before in the same version: they change nothing (hub/polling.py)."""


def claimant_of(hub: Hub, row: Any) -> Claimant:
    """Who a landed document is from, where its credential may send to, and to which agreement its flow narrows it."""
    flow = hub.site.flows.get(row.flow) if row.flow else None
    agreement = flow.agreement if flow is not None else row.flow if row.flow in hub.site.agreements else None
    allowed = None if row.organisations is None else frozenset(row.organisations)
    return Claimant(hub.registry.partner_key(row.partner_id), allowed, agreement)


def record(hub: Hub, uow: UnitOfWork, jobs: list[Job]) -> None:
    """Everything that follows from a batch, in the caller's transaction."""
    jobs = stopping.part(hub, uow, jobs)
    if not jobs:
        return
    admission.admit(hub, uow.connection, jobs)
    registered = envelopes.register_many(
        uow, [registration(job, interchange, hub.site.environment == "production") for job, interchange in envelopes_of(jobs)]
    )
    for (job, interchange), envelope in zip(envelopes_of(jobs), registered, strict=True):
        admit(interchange, envelope)
        settle_fates(interchange, interchange.messages, hub.site)
        for examined in interchange.messages:
            acknowledge.remember(interchange, examined)
        if interchange.refused:
            job.state = "rejected"
    rows: list[ExchangeRow] = []
    origin: list[tuple[Job, ExaminedInterchange, ExaminedMessage, int]] = []
    findings: list[Any] = []
    for (job, interchange), envelope in zip(envelopes_of(jobs), registered, strict=True):
        if envelope.outcome == "repeat":
            continue
        for examined in interchange.messages:
            rows.append(exchange_row(hub, job, interchange, examined, envelope.interchange_id))
            origin.append((job, interchange, examined, envelope.interchange_id))
    ids = insert_exchanges(uow, rows)
    findings += judge(hub, uow, origin, ids, apply(hub, uow, origin, ids))
    stopping.note(hub, uow, origin, ids)
    for (job, interchange), envelope in zip(envelopes_of(jobs), registered, strict=True):
        hear(hub, uow, job, interchange, envelope)
    for (job, _interchange, examined, interchange_id), exchange_id in zip(origin, ids, strict=True):
        if examined.findings:
            findings.append(
                (exchange_id, job.row.id, interchange_id, job.row.partner_id, organisation_of(hub, job, examined), examined.findings)
            )
    for (job, interchange), envelope in zip(envelopes_of(jobs), registered, strict=True):
        outer = [*interchange.findings, *(f for group in interchange.groups for f in group.findings), *envelope.findings]
        if outer:
            findings.append((None, job.row.id, envelope.interchange_id, job.row.partner_id, job.row.organisation_id, outer))
    for job in jobs:
        if job.unreadable:
            job.state = "rejected"
            findings.append((None, job.row.id, None, job.row.partner_id, job.row.organisation_id, job.unreadable))
    insert_findings(uow, findings)
    acknowledge.answer_many(
        uow, [(job.row, interchange, envelope) for (job, interchange), envelope in zip(envelopes_of(jobs), registered, strict=True)]
    )
    states: dict[int, dict[str, int]] = {job.row.id: {} for job in jobs}
    for job, _, examined, _ in origin:
        counts = states[job.row.id]
        counts[STATES[examined.fate]] = counts.get(STATES[examined.fate], 0) + 1
    finish(uow, jobs, states)


def hold(job: Job) -> None:
    """Raises HeldError where the site is at fault with an interchange of this document, as only the site's own files can be (AGR-05)."""
    found = [finding for interchange in job.interchanges for finding in interchange.admission if finding.rule == "AGR-05"]
    if found:
        raise HeldError(found)


def envelopes_of(jobs: Sequence[Job]) -> Iterator[tuple[Job, ExaminedInterchange]]:
    """Every interchange of the jobs with its job, in order."""
    for job in jobs:
        for interchange in job.interchanges:
            yield job, interchange


def registration(job: Job, examined: ExaminedInterchange, production: bool) -> envelopes.Registration:
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
        since=job.row.received_at - examined.agreement.duplicate_window_days * DAY if examined.agreement is not None else None,
        detail={
            "groups": [{"type": g.type, "control": g.control, "version": g.version, "messages": g.message_count} for g in examined.groups],
            "header": list(interchange.header),
        },
    )


def admit(interchange: ExaminedInterchange, envelope: envelopes.Registered) -> None:
    """A duplicate envelope is refused whole; a repeat of the same bytes is answered as the first was."""
    control = interchange.interchange.control
    answering = answering_of(interchange.format)
    duplicate = answering.refusals.duplicate if answering is not None else None
    if envelope.outcome == "conflict":
        interchange.admission.append(Finding("DUP-03", got=control, code=duplicate))
    elif envelope.outcome == "repeat":
        envelope.findings.append(Finding("DUP-02", got=control, code=duplicate))


def organisation_of(hub: Hub, job: Job, examined: ExaminedMessage) -> int:
    """Whose message it is: the agreement's organisation, else the document's."""
    return hub.organisation_id(examined.agreement.organisation) if examined.agreement is not None else int(job.row.organisation_id)


def exchange_row(hub: Hub, job: Job, interchange: ExaminedInterchange, examined: ExaminedMessage, interchange_id: int) -> ExchangeRow:
    """The row of one message: where it stands in the document, how it ended, and by what it was read."""
    message, agreement = examined.message, examined.agreement
    grammar = grammars.used(agreement, message, interchange.profile) if agreement is not None and examined.agreed is not None else None
    return ExchangeRow(
        document_id=job.row.id,
        interchange_id=interchange_id,
        group_ordinal=examined.group.ordinal if examined.group else None,
        group_control=examined.group.control if examined.group else None,
        ordinal=message.ordinal,
        organisation_id=organisation_of(hub, job, examined),
        partner_id=job.row.partner_id,
        agreement=agreement.agreement if agreement else None,
        flow=job.row.flow,
        format=interchange.format,
        type=message.type,
        version=message.version,
        control=message.control,
        state=STATES[examined.fate],
        entity=examined.entity or examined.called,
        whole=examined.mapped,
        keys={"rows_left_out": examined.rows_left_out} if examined.rows_left_out else {},
        offset=message.offset,
        length=message.length,
        mapping_hash=examined.mapping.hash if examined.mapping else None,
        agreement_hash=agreement.hash if agreement else None,
        grammar_hash=grammar.hash if grammar else None,
        acknowledgement=acknowledge.word_for(interchange, examined),
    )


def apply(
    hub: Hub, uow: UnitOfWork, origin: Sequence[tuple[Job, ExaminedInterchange, ExaminedMessage, int]], ids: Sequence[int]
) -> dict[int, Applied]:
    """Apply what is ready, and let acknowledgements close what they answer. Returns what became of each exchange that was applied."""
    items: list[Applicable] = []
    for (job, interchange, examined, _), exchange_id in zip(origin, ids, strict=True):
        if examined.fate == "ready" and examined.entity is not None:
            assert examined.mapping is not None
            _keep_configuration(hub, uow, interchange, examined)
            items.append(
                Applicable(
                    exchange_id=exchange_id,
                    organisation_id=organisation_of(hub, job, examined),
                    partner_id=job.row.partner_id,
                    partner_key=hub.registry.partner_key(job.row.partner_id),
                    entity=examined.entity,
                    fresh=True,
                )
            )
        elif examined.fate == "answer":
            acknowledge.receive(hub, uow, job.row, interchange, exchange_id, examined.message)
    if not items:
        return {}
    applied = pipeline.apply(uow, items, hub.site.events.documents)
    settle_applied(uow, applied)
    return {outcome.exchange_id: outcome for outcome in applied}


def judge(
    hub: Hub,
    uow: UnitOfWork,
    origin: Sequence[tuple[Job, ExaminedInterchange, ExaminedMessage, int]],
    ids: Sequence[int],
    applied: Mapping[int, Applied],
) -> list[FindingsOf]:
    """Let agreements that want business answers have theirs; returns what was found on the way."""
    asked = [(one, number) for one, number in zip(origin, ids, strict=True) if acknowledge.judged(one[2])]
    outcomes = [
        acknowledge.Outcome(interchange, examined, organisation_of(hub, job, examined), applied.get(number))
        for (job, interchange, examined, _), number in asked
    ]
    return [
        (number, job.row.id, interchange_id, job.row.partner_id, outcome.organisation_id, found)
        for ((job, _, _, interchange_id), number), outcome, found in zip(
            asked, outcomes, acknowledge.judge(uow.connection, outcomes), strict=True
        )
        if found
    ]


def hear(hub: Hub, uow: UnitOfWork, job: Job, interchange: ExaminedInterchange, envelope: envelopes.Registered) -> None:
    """Acknowledgements beside the messages (TA1); those of a refused, repeated or test interchange say nothing."""
    if envelope.outcome == "accepted" and not interchange.refused:
        acknowledge.receive_notes(hub, uow, job.row, interchange)


def _keep_configuration(hub: Hub, uow: UnitOfWork, interchange: ExaminedInterchange, examined: ExaminedMessage) -> None:
    mapping, agreement = examined.mapping, examined.agreement
    if mapping is None or agreement is None:
        return
    configurations.keep(uow, "mapping", mapping.name, mapping)
    configurations.keep(uow, "agreement", agreement.agreement, agreement)
    promise = promises.promise_of(hub.site, agreement)
    if promise is not None:
        configurations.keep(uow, "contract", promise.contract.name, promise.contract)
    grammar = grammars.used(agreement, examined.message, interchange.profile)
    if grammar is not None:
        configurations.keep(uow, "grammar", grammar.name, grammar)


def states_of(uow: UnitOfWork, document_id: int) -> dict[str, int]:
    """How many exchanges of a document ended how, as the store has them."""
    rows = uow.connection.execute(
        sa.select(tables.exchange.c.state, sa.func.count())
        .where(tables.exchange.c.document_id == document_id)
        .group_by(tables.exchange.c.state)
    )
    return {state: count for state, count in rows}  # noqa: C416 - a row is a tuple to SQLAlchemy, not to mypy


def finish(uow: UnitOfWork, jobs: Sequence[Job], states: dict[int, dict[str, int]]) -> None:
    """End the claims, with one audit entry a document."""
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

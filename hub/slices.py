"""A document too large to hold: looked over once for its envelopes, then taken in slices, each a transaction.

A slice that is done stays done; after a crash the next worker goes on behind it. Memory does not grow with the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from data_contracts.findings import Finding
from hub import acknowledge, batch, stopping
from hub.batch import Job, claimant_of
from hub.examine import ExaminedInterchange, ExaminedMessage, Opened, settle_fates, walk
from hub.record import insert_exchanges, insert_findings
from hub.runtime import Hub
from hub.store import blobs, claims, envelopes, tables
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork
from hub.visibility import admission

MESSAGES = 500
"""Messages in one transaction."""
LEASE_SECONDS = 300


def process_large(hub: Hub, job: Job) -> None:
    """Two passes: the first decides over envelopes, the second applies message by message, a slice a transaction."""
    claimant, day = claimant_of(hub, job.row), moment(job.row.received_at)
    with blobs.opened(job.body, hub.settings.home, job.row.sha256) as stream:
        for step in walk(stream, hub.site, claimant, day, messages=False):
            if isinstance(step, Opened):
                job.format = step.format
            elif isinstance(step, Finding):
                job.unreadable.append(step)
            elif isinstance(step, ExaminedInterchange) and (not job.interchanges or job.interchanges[-1] is not step):
                job.interchanges.append(step)
        batch.hold(job)
        if _waits(hub, job):
            return
        surveyed = {interchange.interchange.ordinal: interchange for interchange in job.interchanges}
        if job.format == admission.FORMAT:
            with hub.database.read() as connection:
                admission.survey(hub, job, walk(stream, hub.site, claimant, day), surveyed, connection)
        registered: dict[int, envelopes.Registered] = {}
        done = 0
        with hub.database.begin("worker") as uow:
            for interchange, envelope in zip(
                job.interchanges,
                envelopes.register_many(uow, [batch.registration(job, i, hub.site.environment == "production") for i in job.interchanges]),
                strict=True,
            ):
                batch.admit(interchange, envelope)
                registered[interchange.interchange.ordinal] = envelope
            done = uow.connection.execute(
                sa.select(sa.func.coalesce(sa.func.max(tables.exchange.c.ordinal), 0)).where(
                    tables.exchange.c.document_id == job.row.id, tables.exchange.c.origin_id.is_(None)
                )
            ).scalar_one()
        messages = _behind(hub, job, walk(stream, hub.site, claimant, day), done, surveyed)
        while slice_ := list(islice(messages, MESSAGES)):
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
            batch.hear(hub, uow, job, interchange, registered[interchange.interchange.ordinal])
        acknowledge.answer_many(uow, [(job.row, one, registered[one.interchange.ordinal]) for one in job.interchanges])
        batch.finish(uow, [job], {job.row.id: batch.states_of(uow, job.row.id)})


def _waits(hub: Hub, job: Job) -> bool:
    """Whether the document was kept waiting for a flow that is stopped. One that stops its own goes on to its end, as small ones do."""
    with hub.database.begin("worker") as uow:
        begun = sa.select(tables.interchange.c.id).where(tables.interchange.c.document_id == job.row.id)
        return uow.connection.execute(begun).first() is None and not stopping.part(hub, uow, [job])


def _behind(
    hub: Hub, job: Job, steps: Iterator[Any], done: int, surveyed: dict[int, ExaminedInterchange]
) -> Iterator[tuple[int, ExaminedMessage]]:
    """The messages of a walk that were not recorded before a restart, each with the ordinal of its interchange.

    Of those that were, the acknowledgements must still speak.
    """
    current = 0
    again: list[acknowledge.Outcome] = []
    for step in steps:
        if isinstance(step, ExaminedInterchange):
            current = step.interchange.ordinal
        elif isinstance(step, ExaminedMessage):
            if step.message.ordinal in job.known:
                continue
            acknowledge.remember(surveyed[current], step)
            if step.message.ordinal > done:
                yield current, step
            elif acknowledge.judged(step):
                again.append(acknowledge.Outcome(surveyed[current], step, batch.organisation_of(hub, job, step)))
        if len(again) >= MESSAGES:
            _judge_again(hub, again)
    _judge_again(hub, again)


def _judge_again(hub: Hub, outcomes: list[acknowledge.Outcome]) -> None:
    """What was found of these is recorded; only what is to be said of them is not."""
    with hub.database.read() as connection:
        acknowledge.judge(connection, outcomes)
    outcomes.clear()


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
    ids = insert_exchanges(uow, [batch.exchange_row(hub, job, i, e, number) for _, i, e, number in origin])
    judged = batch.judge(hub, uow, origin, ids, batch.apply(hub, uow, origin, ids))
    stopping.note(hub, uow, origin, ids)
    insert_findings(
        uow,
        [
            (exchange_id, job.row.id, number, job.row.partner_id, batch.organisation_of(hub, job, e), e.findings)
            for (_, _, e, number), exchange_id in zip(origin, ids, strict=True)
            if e.findings
        ]
        + judged,
    )

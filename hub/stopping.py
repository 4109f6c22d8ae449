"""Flows that stop: a rule whose action an agreement or a contract has made `flow` was broken, or a person stopped it.

The document that broke it is answered as ever and its message is held. What comes behind it under the same agreement is landed and kept
waiting, without an answer, until a person has looked and resumes the flow with a reason. Acknowledgements of what we sent are heard
meanwhile: they ask nothing of us. The catalogue's own `flow` (a wrong envelope) refuses that document and stops nothing, or any
stranger's file could stop a partner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from data_contracts.errors import NotFoundError
from hub.examine import ExaminedInterchange, ExaminedMessage
from hub.runtime import Hub
from hub.store import stops
from hub.store.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from hub.batch import Job

Origin = Sequence[tuple["Job", ExaminedInterchange, ExaminedMessage, int]]


def runs(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """Documents in order, cut behind each that may stop its flow: what comes behind it must see that."""
    run: list[Job] = []
    for job in jobs:
        run.append(job)
        if any(examined.stops for interchange in job.interchanges for examined in interchange.messages):
            yield run
            run = []
    if run:
        yield run


def part(hub: Hub, uow: UnitOfWork, jobs: Sequence[Job]) -> list[Job]:
    """The documents that go on; those of a stopped flow are kept waiting. What was resumed since it was looked at is turned back."""
    stopped = stops.open_stops(uow.connection)
    if not stopped:
        return list(jobs)
    numbers = [waits_for(job, stopped) for job in jobs]
    held = stops.hold(uow.connection, {number for number in numbers if number is not None})
    on = []
    for job, number in zip(jobs, numbers, strict=True):
        if number is None:
            on.append(job)
        elif number in held:
            stops.keep_waiting(uow, job.claim, number, job.row.organisation_id)
        else:
            stops.turn_back(uow, job.claim)
    return on


def waits_for(job: Job, stopped: dict[str, int]) -> int | None:
    """Number of the stop that a document must wait for."""
    for interchange in job.interchanges:
        agreement = interchange.agreement
        heard = bool(interchange.messages) and all(examined.fate == "answer" for examined in interchange.messages)
        if agreement is not None and agreement.agreement in stopped and not heard:
            return stopped[agreement.agreement]
    return None


def note(hub: Hub, uow: UnitOfWork, origin: Origin, ids: Sequence[int]) -> None:
    """Stop the flows of messages that ask for it. What is refused with its envelope, or flagged as test, stops nothing."""
    for (job, interchange, examined, _), exchange_id in zip(origin, ids, strict=True):
        test = interchange.interchange.test and hub.site.environment == "production"
        if examined.stops and examined.agreement is not None and not interchange.refused and not test:
            first = examined.stops[0]
            stops.stop(
                uow,
                hub.organisation_id(examined.agreement.organisation),
                job.row.partner_id,
                examined.agreement.agreement,
                f"{first.rule}: {first.text()}",
                rule=first.rule,
                document_id=job.row.id,
                exchange_id=exchange_id,
            )


def stop(hub: Hub, agreement: str, by: str, reason: str) -> int | None:
    """A person stops a flow; null where it is stopped already. Raises NotFoundError for an agreement by which nothing comes in."""
    known = hub.site.agreements.get(agreement)
    if known is None or known.direction != "in":
        raise NotFoundError(f"there is no flow {agreement}")
    with hub.database.begin(by) as uow:
        return stops.stop(uow, hub.organisation_id(known.organisation), hub.partner_id(known.partner), agreement, reason)


def resume(hub: Hub, agreement: str, by: str, reason: str) -> int:
    """A person resumes a flow; returns how many documents go on. Raises ConflictError when it is not stopped."""
    with hub.database.begin(by) as uow:
        return stops.resume(uow, agreement, reason)

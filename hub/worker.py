"""Claimed documents through the walk, in batches: examine without a lock, then everything that follows in one transaction.

A batch is one commit: exchanges, findings, facts, balances, edges, acknowledgements, outbox, audit. Should one document of it
collide (a fence, a race for the same envelope), each is tried alone, so that it stops nothing else. However much is claimed, no more of
it is read and held than one batch. A document too large to hold is looked over once for its envelopes and then taken in slices; a
slice that is done stays done, and a restart goes on behind it.
"""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa
import structlog

from connectors import registry
from data_contracts.errors import ConflictError, FatalError
from data_contracts.findings import Finding
from hub import acknowledge, batch, grammars, stopping
from hub.batch import Job, claimant_of
from hub.examine import ExaminedMessage, Opened, walk
from hub.runtime import Hub
from hub.slices import LEASE_SECONDS, process_large
from hub.store import blobs, claims, tables, watermarks
from hub.store.lists import among
from hub.store.types import moment

BATCH = 500
"""Documents in one transaction: one commit a document would cost 7 to 12 times as much."""
LARGE = 8 * 1024 * 1024
"""Documents above this many bytes are taken in slices."""
HELD = 2 * 1024 * 1024
"""Bytes of documents that are read into memory together."""
MESSAGES = 5_000
"""Messages that are recorded together, but for those of one document: with all that is known of each, small ones take fifty times
their bytes."""
AGAIN_SECONDS = 60
ATTEMPTS = 5
"""Claims after which a document that is never finished is put aside."""

_log = structlog.get_logger(__name__)


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
    grammars.look_again(hub.site)
    failed: dict[int, Exception] = {}
    sized = _sized(hub, claimed)
    for chunk in _chunks([(claim, size) for claim, size in sized if size <= LARGE]):
        _process_chunk(hub, _load(hub, chunk), failed)
    for claim, size in sized:
        if size > LARGE:
            _tried(hub, _load(hub, [claim])[0], failed, process_large)
    return failed


def _sized(hub: Hub, claimed: Sequence[claims.Claim]) -> list[tuple[claims.Claim, int]]:
    """The claims in the order of their documents, each with its document's bytes."""
    fences = {claim.document_id: claim for claim in claimed}
    with hub.database.read() as connection:
        rows = connection.execute(
            sa.select(tables.document.c.id, tables.blob.c.size)
            .join(tables.blob, tables.blob.c.sha256 == tables.document.c.sha256)
            .where(among(connection, tables.document.c.id, fences))
            .order_by(tables.document.c.id)
        )
        return [(fences[row.id], row.size) for row in rows]


def _chunks(sized: Sequence[tuple[claims.Claim, int]]) -> Iterator[list[claims.Claim]]:
    """Claims in order, so many at a time that what is read of them stays within bounds."""
    chunk: list[claims.Claim] = []
    held = 0
    for claim, size in sized:
        if chunk and held + size > HELD:
            yield chunk
            chunk, held = [], 0
        chunk.append(claim)
        held += size
    if chunk:
        yield chunk


def _process_chunk(hub: Hub, jobs: list[Job], failed: dict[int, Exception]) -> None:
    """Examine documents in order and commit as many together as may be held; what is done is let go at once."""
    jobs.reverse()
    ready: list[Job] = []
    messages = 0
    while jobs:
        job = jobs.pop()
        if _tried(hub, job, failed, _examine):
            ready.append(job)
            messages += sum(len(interchange.messages) for interchange in job.interchanges)
        if ready and (messages >= MESSAGES or not jobs):
            _commit(hub, ready, failed)
            ready, messages = [], 0


def _tried(hub: Hub, job: Job, failed: dict[int, Exception], step: Callable[[Hub, Job], None]) -> bool:
    """Whether a step on one document went well; if not, the document is given back."""
    try:
        step(hub, job)
    except FatalError:
        raise
    except ConflictError as error:
        _log.info("document was taken over by another worker", document=job.row.id, reason=str(error))
        return False
    except batch.HeldError as error:
        _log.error("document is put aside until the site is mended", document=job.row.id, reason=str(error))
        failed[job.row.id] = error
        _let_go_of(job, error)
        with hub.database.begin("worker") as uow:
            claims.put_aside(uow, job.claim, error.findings)
        return False
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the documents behind it
        _log.error("document could not be processed", document=job.row.id, reason=f"{type(error).__name__}: {error}")
        failed[job.row.id] = error
        _let_go_of(job, error)
        with hub.database.begin("worker") as uow:
            claims.release(uow, [job.claim], AGAIN_SECONDS)
        return False
    return True


def _let_go_of(job: Job, error: BaseException) -> None:
    """A failure is told later, and until then what it failed on need not be held by it; where it happened stays known."""
    job.body = None
    job.interchanges.clear()
    behind: BaseException | None = error
    while behind is not None:
        traceback.clear_frames(behind.__traceback__)
        behind = behind.__cause__ or behind.__context__


def _load(hub: Hub, claimed: Sequence[claims.Claim]) -> list[Job]:
    fences = {claim.document_id: claim for claim in claimed}
    with hub.database.read() as connection:
        rows = connection.execute(
            sa.select(tables.document, tables.blob.c.size)
            .join(tables.blob, tables.blob.c.sha256 == tables.document.c.sha256)
            .where(among(connection, tables.document.c.id, fences))
            .order_by(tables.document.c.id)
        ).all()
        bodies = dict(
            connection.execute(
                sa.select(tables.document.c.id, tables.blob.c.body)
                .join(tables.blob, tables.blob.c.sha256 == tables.document.c.sha256)
                .where(among(connection, tables.document.c.id, fences))
            ).all()
        )
        known = watermarks.passed_over(connection, [row.id for row in rows if row.flow is not None])
    return [Job(fences[row.id], row, bodies[row.id], known=known.get(row.id, frozenset())) for row in rows]


def _examine(hub: Hub, job: Job) -> None:
    with blobs.opened(job.body, hub.settings.home, job.row.sha256) as stream:
        known = (job.row.size, job.row.sha256)
        for step in walk(stream, hub.site, claimant_of(hub, job.row), moment(job.row.received_at), whole=known):
            if isinstance(step, Opened):
                job.format = step.format
            elif isinstance(step, Finding):
                job.unreadable.append(step)
            elif isinstance(step, ExaminedMessage):
                if step.message.ordinal in job.known:
                    continue
                _let_go(step)
                job.interchanges[-1].messages.append(step)
            elif not job.interchanges or job.interchanges[-1] is not step:
                job.interchanges.append(step)
    job.body = None
    batch.hold(job)


def _let_go(examined: ExaminedMessage) -> None:
    """A message that is mapped needs its tree no more; an answer (997) is read when it is applied, and of some more is to be said."""
    root = examined.message.root
    if root is not None and examined.fate != "answer" and not acknowledge.needs_tree(examined):
        root.release()
        examined.message.root = None
        examined.message.let_go = True


def tune() -> None:
    """For processes that do nothing but work: all formats are loaded before the first document comes, what is loaded by now stays, and
    the collector need not look at it again and again."""
    registry.format_names()
    gc.collect()
    gc.freeze()
    gc.set_threshold(300_000, 20, 50)  # trees are released by hand; what is left for the collector is little


def _commit(hub: Hub, jobs: list[Job], failed: dict[int, Exception]) -> None:
    """All jobs in one transaction, or in some where a flow may stop between them; where one collides or breaks, each alone."""
    for run in stopping.runs(jobs):
        _commit_run(hub, run, failed)


def _commit_run(hub: Hub, jobs: list[Job], failed: dict[int, Exception]) -> None:
    try:
        with hub.database.begin("worker") as uow:
            batch.record(hub, uow, jobs)
    except FatalError:
        raise
    except Exception as error:  # noqa: BLE001 - each is tried alone below, where its own failure is told
        _log.info(
            "batch did not commit, its documents are tried one by one", documents=len(jobs), reason=f"{type(error).__name__}: {error}"
        )
        for job in jobs:
            _tried(hub, job, failed, _alone)


def _alone(hub: Hub, job: Job) -> None:
    (fresh,) = _load(hub, [job.claim])
    _examine(hub, fresh)
    with hub.database.begin("worker") as uow:
        batch.record(hub, uow, [fresh])


__all__ = ["AGAIN_SECONDS", "ATTEMPTS", "BATCH", "LARGE", "LEASE_SECONDS", "claimant_of", "drain", "process", "tune", "work"]

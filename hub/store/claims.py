"""Work is claimed: any number of workers, threads and machines share the inbox, and no document is processed twice.

A claim is a lease with a fence. A worker that dies lets its lease run out and another takes the document; should the first come back to
life, its fence is old and it is refused. A document that kills every worker is put away by `set_aside`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from data_contracts.errors import ConflictError
from data_contracts.findings import Finding
from hub.store import evidence
from hub.store.database import Database
from hub.store.lists import among
from hub.store.tables import document, exchange
from hub.store.unit_of_work import UnitOfWork

STATES = ("processed", "rejected", "quarantined")
"""How the processing of a document can end."""
_SECOND = 1_000_000


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class Claim:
    """The right to process one document until the lease ends. `fence` grows with every claim of the document."""

    document_id: int
    fence: int


def claim_documents(database: Database, limit: int, lease_seconds: int, flow: str | None = None) -> list[Claim]:
    """Up to `limit` received documents, oldest first, optionally of one flow; nobody else gets them while the lease lasts.

    One that was claimed before and never finished may have killed its worker: such are claimed one at a time, so that they can take
    nothing else along.
    """
    with database.begin("worker") as uow:
        waiting = sa.select(document.c.id).where(document.c.state == "received", _free(uow.now))
        if flow is not None:
            waiting = waiting.where(document.c.flow == flow)
        waiting = waiting.order_by(document.c.id).with_for_update(skip_locked=True)
        ids = uow.connection.execute(waiting.where(document.c.attempts > 0).limit(1)).scalars().all()
        ids = ids or uow.connection.execute(waiting.where(document.c.attempts == 0).limit(limit)).scalars().all()
        return _take(uow, ids, lease_seconds)


def claim_document(database: Database, document_id: int, lease_seconds: int) -> Claim | None:
    """This one document, if it still waits and nobody else has it."""
    return next(iter(claim_these(database, [document_id], lease_seconds)), None)


def claim_these(database: Database, document_ids: Collection[int], lease_seconds: int) -> list[Claim]:
    """Those of the named documents that still wait and that nobody else has: all that are new, else one that was tried before."""
    with database.begin("worker") as uow:
        waiting = (
            sa.select(document.c.id)
            .where(among(uow.connection, document.c.id, document_ids), document.c.state == "received", _free(uow.now))
            .order_by(document.c.id)
            .with_for_update(skip_locked=True)
        )
        ids = uow.connection.execute(waiting.where(document.c.attempts == 0)).scalars().all()
        ids = ids or uow.connection.execute(waiting.where(document.c.attempts > 0).limit(1)).scalars().all()
        return _take(uow, ids, lease_seconds)


def _take(uow: UnitOfWork, ids: Sequence[int], lease_seconds: int) -> list[Claim]:
    if not ids:
        return []
    taken = uow.connection.execute(
        sa.update(document)
        .where(among(uow.connection, document.c.id, ids))
        .values(lease_until=uow.now + lease_seconds * _SECOND, fence=document.c.fence + 1, attempts=document.c.attempts + 1)
        .returning(document.c.id, document.c.fence)
    )
    return [Claim(row.id, row.fence) for row in sorted(taken)]


def retry(uow: UnitOfWork, document_id: int, reason: str) -> None:
    """Let a document that was put aside be claimed again. Raises ConflictError for one that is not quarantined or has exchanges."""
    spoken = sa.select(exchange.c.id).where(exchange.c.document_id == document_id)
    row = uow.connection.execute(
        sa.update(document)
        .where(document.c.id == document_id, document.c.state == "quarantined", ~spoken.exists())
        .values(state="received", attempts=0, lease_until=None, fence=document.c.fence + 1)
        .returning(document.c.organisation_id)
    ).one_or_none()
    if row is None:
        raise ConflictError(f"document {document_id} was not put aside: replay its exchanges instead")
    uow.audit(row.organisation_id, "document.retried", f"document/{document_id}", reason=reason)


def finish(uow: UnitOfWork, claim: Claim, state: str, syntax: str | None = None) -> None:
    """End a claim in the transaction that holds its effects. `syntax` is the format found. The caller audits what it did.

    Raises ConflictError when the lease ran out and another worker has the document: leave the transaction, nothing of it may stay.
    """
    finish_many(uow, [(claim, state, syntax)])


def finish_many(uow: UnitOfWork, ends: Iterable[tuple[Claim, str, str | None]]) -> None:
    """`finish` for a batch: (claim, state, syntax). One that is fenced out refuses the whole batch."""
    groups: dict[tuple[str, str | None], dict[int, int]] = {}
    for claim, state, syntax in ends:
        if state not in STATES:
            raise ValueError(f"a document ends as one of {', '.join(STATES)}, not as {state}")
        groups.setdefault((state, syntax), {})[claim.document_id] = claim.fence
    for (state, syntax), fences in groups.items():
        found = uow.connection.execute(
            sa.update(document)
            .where(among(uow.connection, document.c.id, list(fences)), document.c.state == "received")
            .values(state=state, lease_until=None, format=sa.func.coalesce(sa.literal(syntax, sa.Text), document.c.format))
            .returning(document.c.id, document.c.fence)
        )
        _require(fences, {row.id: row.fence for row in found})


def extend(uow: UnitOfWork, claim: Claim, lease_seconds: int) -> None:
    """Renew the lease of long work. Raises ConflictError when another worker has the document by now."""
    found = uow.connection.execute(
        sa.update(document)
        .where(document.c.id == claim.document_id, document.c.fence == claim.fence, document.c.state == "received")
        .values(lease_until=uow.now + lease_seconds * _SECOND)
        .returning(document.c.id, document.c.fence)
    )
    _require({claim.document_id: claim.fence}, {row.id: row.fence for row in found})


def release(uow: UnitOfWork, claims: Sequence[Claim], after_seconds: int = 0) -> None:
    """Give documents back, to be claimed again after some time: the work failed for a reason that may pass."""
    for claim in sorted(claims, key=lambda one: one.document_id):
        uow.connection.execute(
            sa.update(document)
            .where(document.c.id == claim.document_id, document.c.fence == claim.fence, document.c.state == "received")
            .values(lease_until=uow.now + after_seconds * _SECOND)
        )


def set_aside(uow: UnitOfWork, attempts: int) -> list[int]:
    """Quarantine documents that were claimed so many times and never finished. Returns their ids."""
    rows = uow.connection.execute(
        sa.update(document)
        .where(document.c.state == "received", document.c.attempts >= attempts, _free(uow.now))
        .values(state="quarantined", lease_until=None, fence=document.c.fence + 1)
        .returning(document.c.id, document.c.organisation_id, document.c.partner_id, document.c.attempts)
    ).all()
    for row in sorted(rows):
        uow.audit(row.organisation_id, "document.quarantined", f"document/{row.id}", reason=f"{row.attempts} attempts did not finish")
    evidence.add_findings(
        uow,
        [
            evidence.Found(
                Finding("DOC-95", got=str(row.attempts)),
                document_id=row.id,
                partner_id=row.partner_id,
                organisation_id=row.organisation_id,
            )
            for row in sorted(rows)
        ],
    )
    return sorted(row.id for row in rows)


def put_aside(uow: UnitOfWork, claim: Claim, findings: Sequence[Finding]) -> None:
    """Quarantine one claimed document at once, as it came, with the reason. Nothing when another worker has it by now."""
    row = uow.connection.execute(
        sa.update(document)
        .where(document.c.id == claim.document_id, document.c.fence == claim.fence, document.c.state == "received")
        .values(state="quarantined", lease_until=None, fence=document.c.fence + 1)
        .returning(document.c.organisation_id, document.c.partner_id)
    ).one_or_none()
    if row is None:
        return
    uow.audit(
        row.organisation_id, "document.quarantined", f"document/{claim.document_id}", reason="; ".join(one.text() for one in findings)
    )
    found = [evidence.Found(one, claim.document_id, partner_id=row.partner_id, organisation_id=row.organisation_id) for one in findings]
    evidence.add_findings(uow, found)


def _free(now: int) -> sa.ColumnElement[bool]:
    return sa.or_(document.c.lease_until.is_(None), document.c.lease_until <= now)


def _require(fences: dict[int, int], found: dict[int, int]) -> None:
    lost = sorted(number for number, fence in fences.items() if found.get(number) != fence)
    if lost:
        raise ConflictError(f"another worker has {', '.join(f'document/{number}' for number in lost)}: the lease ran out")

"""Capture jobs: documents that came by EPCIS's capture interface, and what became of them (EPCIS 2.0 clause 12.6.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from data_contracts.findings import Finding
from hub.store.event_tables import capture_job
from hub.store.evidence import as_finding
from hub.store.identity import allocate
from hub.store.lots import Sight
from hub.store.tables import document, exchange, finding
from hub.store.unit_of_work import UnitOfWork

HELD = ("rejected", "quarantined")
_ERRORS = 100
"""Errors of one job that are told."""


@dataclass(frozen=True, slots=True)
class CaptureJob:
    """One job. Times are microseconds since 1970; `finished_at` is null while it runs."""

    id: int
    key: str
    document_id: int
    behaviour: str
    created_at: int
    finished_at: int | None
    success: bool
    errors: tuple[tuple[Finding, str | None], ...]
    """Findings that refused events, with the eventID."""


def add(uow: UnitOfWork, key: str, document_id: int, behaviour: str) -> None:
    """Note that a document is a job, in the transaction in which it lands."""
    (number,) = allocate(uow.connection, "capture_job", 1)
    uow.connection.execute(
        capture_job.insert().values(id=number, key=key, document_id=document_id, behaviour=behaviour, created_at=uow.now)
    )


def key_of(connection: sa.Connection, document_id: int) -> str:
    """The captureID of a document. Raises NotFoundError where it came in another way."""
    key = connection.execute(sa.select(capture_job.c.key).where(capture_job.c.document_id == document_id)).scalar_one_or_none()
    if key is None:
        raise NotFoundError(f"document {document_id} is no capture job")
    return str(key)


def one(connection: sa.Connection, sight: Sight, key: str) -> CaptureJob:
    """A job. Raises NotFoundError for one that is unknown or not to be seen."""
    row = connection.execute(_jobs(sight).where(capture_job.c.key == key)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no capture job {key}")
    return _told(connection, row)


def listed(connection: sa.Connection, sight: Sight, before: int | None, limit: int) -> list[CaptureJob]:
    """The newest jobs first."""
    statement = _jobs(sight).order_by(capture_job.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(capture_job.c.id < before)
    return [_told(connection, row) for row in connection.execute(statement).all()]


def _jobs(sight: Sight) -> sa.Select[Any]:
    statement = sa.select(capture_job, document.c.state, document.c.organisation_id, document.c.partner_id).join(
        document, document.c.id == capture_job.c.document_id
    )
    if sight.organisations is not None:
        statement = statement.where(document.c.organisation_id.in_(sorted(sight.organisations)))
    return statement if sight.partner_id is None else statement.where(document.c.partner_id == sight.partner_id)


def _told(connection: sa.Connection, row: sa.Row[Any]) -> CaptureJob:
    running = row.state in ("received", "waiting")
    first = sa.and_(exchange.c.document_id == row.document_id, exchange.c.origin_id.is_(None))
    held, ended = connection.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(sa.case((exchange.c.state.in_(HELD), 1), else_=0)), 0), sa.func.max(exchange.c.recorded_at)
        ).where(first)
    ).one()
    success = not held and row.state not in HELD
    errors: tuple[tuple[Finding, str | None], ...] = ()
    if not success:
        rows = connection.execute(
            sa.select(finding, exchange.c.control)
            .outerjoin(exchange, exchange.c.id == finding.c.exchange_id)
            .where(finding.c.document_id == row.document_id, finding.c.severity == "error")
            .order_by(finding.c.id)
            .limit(_ERRORS)
        )
        errors = tuple((as_finding(found), found.control) for found in rows)
    return CaptureJob(
        row.id, row.key, row.document_id, row.behaviour, row.created_at, None if running else ended or row.created_at, success, errors
    )


def first_exchange(connection: sa.Connection, document_id: int) -> tuple[str, str | None] | None:
    """State and eventID of the first message of a document."""
    row = connection.execute(
        sa.select(exchange.c.state, exchange.c.control).where(exchange.c.document_id == document_id).order_by(exchange.c.id).limit(1)
    ).one_or_none()
    return None if row is None else (row.state, row.control)

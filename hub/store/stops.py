"""Stopped flows in the store: which there are, what waits for them, and the end of a stop.

A flow is what comes in under one agreement. While it is stopped its documents are landed and kept waiting, untouched; once a person
resumes it they are taken up in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError
from hub.store.claims import Claim
from hub.store.identity import allocate
from hub.store.stop_tables import flow_stop, flow_waiting
from hub.store.tables import document, organisation, partner
from hub.store.types import moment, storable
from hub.store.unit_of_work import UnitOfWork

_OPEN = flow_stop.c.resumed_at.is_(None)


def open_stops(connection: sa.Connection) -> dict[str, int]:
    """Number of the stop by agreement."""
    return {row.agreement: row.id for row in connection.execute(sa.select(flow_stop.c.agreement, flow_stop.c.id).where(_OPEN))}


def stop(
    uow: UnitOfWork,
    organisation_id: int,
    partner_id: int,
    agreement: str,
    reason: str,
    *,
    rule: str | None = None,
    document_id: int | None = None,
    exchange_id: int | None = None,
) -> int | None:
    """Stop a flow; null where it is stopped already."""
    if agreement in open_stops(uow.connection):
        return None
    (number,) = allocate(uow.connection, "flow_stop", 1)
    uow.connection.execute(
        sa.insert(flow_stop).values(
            id=number, organisation_id=organisation_id, partner_id=partner_id, agreement=agreement, rule=rule, reason=storable(reason),
            document_id=document_id, exchange_id=exchange_id, stopped_at=uow.now, stopped_by=uow.actor,
        )
    )  # fmt: skip
    after = {"state": "stopped", "rule": rule, "document": document_id, "exchange": exchange_id}
    uow.audit(organisation_id, "flow.stopped", f"flow/{agreement}", reason=reason, before={"state": "running"}, after=after)
    return number


def hold(connection: sa.Connection, numbers: Collection[int]) -> frozenset[int]:
    """Those of these stops that are still open, and stay so until the transaction ends.

    A person who resumes one of them meanwhile waits for the end of the transaction and so finds all that it has put there. SQLite, which
    has one writer, needs no lock.
    """
    if not numbers:
        return frozenset()
    query = sa.select(flow_stop.c.id).where(flow_stop.c.id.in_(sorted(numbers)), _OPEN).order_by(flow_stop.c.id)
    return frozenset(connection.execute(query.with_for_update(read=True)).scalars())


def turn_back(uow: UnitOfWork, claim: Claim) -> None:
    """Give a claimed document back as if nobody had taken it: its flow was resumed meanwhile, and what waited goes first."""
    uow.connection.execute(
        sa.update(document)
        .where(document.c.id == claim.document_id, document.c.fence == claim.fence, document.c.state == "received")
        .values(lease_until=None, attempts=0, fence=document.c.fence + 1)
    )


def keep_waiting(uow: UnitOfWork, claim: Claim, stop_id: int, organisation_id: int) -> None:
    """Let a claimed document wait for its flow, by a stop that is held (`hold`). Raises ConflictError when another worker has it by now."""
    found = uow.connection.execute(
        sa.update(document)
        .where(document.c.id == claim.document_id, document.c.fence == claim.fence, document.c.state == "received")
        .values(state="waiting", lease_until=None, attempts=0)
    )
    if found.rowcount != 1:
        raise ConflictError(f"another worker has document/{claim.document_id}: the lease ran out")
    uow.connection.execute(sa.insert(flow_waiting).values(document_id=claim.document_id, stop_id=stop_id, since=uow.now))
    uow.audit(
        organisation_id,
        "document.kept_waiting",
        f"document/{claim.document_id}",
        reason=f"flow_stop/{stop_id}",
        before={"state": "received"},
        after={"state": "waiting"},
    )


def resume(uow: UnitOfWork, agreement: str, reason: str) -> int:
    """End the stop of a flow and give back what waits for it; returns how many documents. Raises ConflictError when it is not stopped."""
    row = uow.connection.execute(
        sa.update(flow_stop)
        .where(flow_stop.c.agreement == agreement, _OPEN)
        .values(resumed_at=uow.now, resumed_by=uow.actor, resumed_reason=storable(reason))
        .returning(flow_stop.c.id, flow_stop.c.organisation_id)
    ).one_or_none()
    if row is None:
        raise ConflictError(f"flow {agreement} is not stopped")
    waiting = sa.select(flow_waiting.c.document_id).where(flow_waiting.c.stop_id == row.id)
    freed = uow.connection.execute(
        sa.update(document)
        .where(document.c.id.in_(waiting), document.c.state == "waiting")
        .values(state="received", lease_until=None, attempts=0, fence=document.c.fence + 1)
    ).rowcount
    uow.audit(
        row.organisation_id,
        "flow.resumed",
        f"flow/{agreement}",
        reason=reason,
        before={"state": "stopped", "stop": row.id},
        after={"state": "running", "documents": freed},
    )
    return int(freed)


def listed(connection: sa.Connection, organisations: Collection[int] | None = None, *, all_of_them: bool = False) -> list[dict[str, Any]]:
    """Stops, the newest first, with how many documents wait: open ones, or the last hundred of all."""
    count = (
        sa.select(sa.func.count())
        .select_from(flow_waiting.join(document, document.c.id == flow_waiting.c.document_id))
        .where(flow_waiting.c.stop_id == flow_stop.c.id, document.c.state == "waiting")
        .scalar_subquery()
    )
    query = (
        sa.select(flow_stop, count.label("waiting"), organisation.c.key.label("organisation"), partner.c.key.label("partner"))
        .join(organisation, organisation.c.id == flow_stop.c.organisation_id)
        .join(partner, partner.c.id == flow_stop.c.partner_id)
        .order_by(flow_stop.c.id.desc())
        .limit(100)
    )
    if not all_of_them:
        query = query.where(_OPEN)
    if organisations is not None:
        query = query.where(flow_stop.c.organisation_id.in_(organisations))
    return [_shown(row) for row in connection.execute(query).mappings()]


def _shown(row: Any) -> dict[str, Any]:
    names = ("id", "agreement", "organisation", "partner", "rule", "reason", "document_id", "exchange_id", "stopped_by", "waiting")
    return {
        **{name: row[name] for name in names},
        "stopped_at": moment(row["stopped_at"]).isoformat(),
        "resumed_at": None if row["resumed_at"] is None else moment(row["resumed_at"]).isoformat(),
        "resumed_by": row["resumed_by"],
        "resumed_reason": row["resumed_reason"],
    }

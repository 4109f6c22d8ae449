"""What flows tell only once a steward has approved it, in the store: facts that were asked for, and what was decided.

A fact is the exchange that brought it. Each is asked once a flow: a later version of the same document is another exchange and asked anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub.store import bulk
from hub.store.identity import allocate
from hub.store.stop_tables import flow_approval, flow_approval_fact
from hub.store.tables import exchange, organisation, partner
from hub.store.types import moment, storable
from hub.store.unit_of_work import UnitOfWork

Decision = Literal["approved", "refused"]
SHOWN = 20
"""Business keys that are named of each; all are counted."""


def asked(flow: str, fact: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether anybody was asked whether this flow may tell a fact."""
    return sa.exists().where(flow_approval_fact.c.flow == flow, flow_approval_fact.c.exchange_id == fact)


def approved(flow: str, fact: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether this flow may tell a fact."""
    return sa.exists().where(
        flow_approval_fact.c.flow == flow,
        flow_approval_fact.c.exchange_id == fact,
        flow_approval.c.id == flow_approval_fact.c.approval_id,
        flow_approval.c.state == "approved",
    )


def ask(uow: UnitOfWork, flow: str, organisation_id: int, partner_id: int, facts: Sequence[int]) -> int:
    """Ask for approval of facts that nobody was asked about yet; returns the number of what was asked."""
    (number,) = allocate(uow.connection, "flow_approval", 1)
    uow.connection.execute(
        sa.insert(flow_approval).values(
            id=number, organisation_id=organisation_id, partner_id=partner_id, flow=flow, state="waiting", asked_at=uow.now,
            asked_by=uow.actor,
        )
    )  # fmt: skip
    rows = [(flow, fact, number) for fact in sorted(set(facts))]
    bulk.insert(uow.connection, flow_approval_fact, ("flow", "exchange_id", "approval_id"), rows)
    after = {"state": "waiting", "approval": number, "exchanges": [fact for _, fact, _ in rows]}
    uow.audit(organisation_id, "flow.asked", f"flow/{flow}", after=after)
    return number


def decide(uow: UnitOfWork, number: int, decision: Decision, reason: str) -> str:
    """Approve or refuse; returns the flow. Raises ConflictError for what was decided before."""
    row = uow.connection.execute(
        sa.update(flow_approval)
        .where(flow_approval.c.id == number, flow_approval.c.state == "waiting")
        .values(state=decision, decided_at=uow.now, decided_by=uow.actor, decided_reason=storable(reason))
        .returning(flow_approval.c.organisation_id, flow_approval.c.flow)
    ).one_or_none()
    if row is None:
        raise ConflictError(f"approval {number} was decided before")
    facts = sa.select(flow_approval_fact.c.exchange_id).where(flow_approval_fact.c.approval_id == number)
    uow.audit(
        row.organisation_id,
        f"flow.{decision}",
        f"flow/{row.flow}",
        reason=reason,
        before={"state": "waiting", "approval": number},
        after={"state": decision, "exchanges": sorted(uow.connection.execute(facts).scalars())},
    )
    return str(row.flow)


def one(connection: sa.Connection, number: int, organisations: Collection[int] | None = None) -> dict[str, Any]:
    """One by its number; `organisations` are those whose flows may be seen (null: all). Raises NotFoundError."""
    found = _shown(connection, _query(organisations).where(flow_approval.c.id == number))
    if not found:
        raise NotFoundError(f"there is no approval {number}")
    return found[0]


def listed(
    connection: sa.Connection, organisations: Collection[int] | None = None, *, flow: str | None = None, all_of_them: bool = False
) -> list[dict[str, Any]]:
    """What waits, the newest first, or the last hundred of all; of one flow, or of every one."""
    query = _query(organisations).limit(100)
    if not all_of_them:
        query = query.where(flow_approval.c.state == "waiting")
    return _shown(connection, query if flow is None else query.where(flow_approval.c.flow == flow))


def _query(organisations: Collection[int] | None) -> sa.Select[Any]:
    query = (
        sa.select(flow_approval, organisation.c.key.label("organisation"), partner.c.key.label("partner"))
        .join(organisation, organisation.c.id == flow_approval.c.organisation_id)
        .join(partner, partner.c.id == flow_approval.c.partner_id)
        .order_by(flow_approval.c.id.desc())
    )
    return query if organisations is None else query.where(flow_approval.c.organisation_id.in_(organisations))


def _shown(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    rows = list(connection.execute(query).mappings())
    facts: dict[int, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    said = connection.execute(
        sa.select(flow_approval_fact.c.approval_id, exchange.c.id, exchange.c.business_key)
        .join(exchange, exchange.c.id == flow_approval_fact.c.exchange_id)
        .where(flow_approval_fact.c.approval_id.in_(sorted(facts)))
        .order_by(exchange.c.id)
    )
    for number, exchange_id, key in said:
        facts[number].append({"exchange_id": exchange_id, "subject": key})
    names = ("id", "flow", "organisation", "partner", "state", "asked_by", "decided_by", "decided_reason")
    return [
        {
            **{name: row[name] for name in names},
            "asked_at": moment(row["asked_at"]).isoformat(),
            "decided_at": None if row["decided_at"] is None else moment(row["decided_at"]).isoformat(),
            "count": len(facts[row["id"]]),
            "first": facts[row["id"]][:SHOWN],
        }
        for row in rows
    ]

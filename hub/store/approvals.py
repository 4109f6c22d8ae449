"""What flows tell only once a steward has approved it, in the store: facts that were asked for, and what was decided.

A fact is the exchange that brought it. Each is asked once a flow: a later version of the same document is another exchange and asked anew.
An order that was changed leaves as all of its documents together: those beside the fact are its parts, and approved with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub.store import bulk
from hub.store.identity import allocate
from hub.store.lists import among
from hub.store.stop_tables import flow_approval, flow_approval_fact, flow_approval_part
from hub.store.tables import document, exchange, organisation, partner
from hub.store.types import moment, storable
from hub.store.unit_of_work import UnitOfWork

Flow = str | sa.ColumnElement[Any]
"""A flow's name, or the column that has it."""
Decision = Literal["approved", "refused"]
SHOWN = 20
"""Business keys that are named of each; all are counted."""
UNHEARD = ("failed", "refused")
"""States of what went out and never came to count with the partner."""
_SAID = ("refused", "waiting", "unasked", "approved", "told")
"""What was said of what leaves beside a fact, in the order in which it is shown."""


def asked(flow: str, fact: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether anybody was asked whether this flow may tell a fact."""
    return sa.exists().where(flow_approval_fact.c.flow == flow, flow_approval_fact.c.exchange_id == fact)


def approved(flow: Flow, fact: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether this flow may tell a fact."""
    return sa.exists().where(
        flow_approval_fact.c.flow == flow,
        flow_approval_fact.c.exchange_id == fact,
        flow_approval.c.id == flow_approval_fact.c.approval_id,
        flow_approval.c.state == "approved",
    )


def put(flow: str, fact: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a steward was shown a fact: asked about it, or about something that it leaves with."""
    with_others = sa.exists().where(
        flow_approval_part.c.exchange_id == fact, flow_approval.c.id == flow_approval_part.c.approval_id, flow_approval.c.flow == flow
    )
    return sa.or_(asked(flow, fact), with_others)


def may_leave(flow: Flow, fact: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a fact may leave as a part of what is told: it is approved, or was approved as a part and is not still being asked about;
    what a steward refuses after that stays refused.
    """
    of, own = flow_approval.alias("of"), flow_approval.alias("own")
    later = sa.or_(own.c.decided_at > of.c.decided_at, sa.and_(own.c.decided_at == of.c.decided_at, own.c.id > of.c.id))
    # what is correlated is said: by itself only the query around is, and not the one around that
    stopped = (
        sa.exists()
        .where(
            flow_approval_fact.c.flow == flow,
            flow_approval_fact.c.exchange_id == fact,
            own.c.id == flow_approval_fact.c.approval_id,
            sa.or_(own.c.state == "waiting", sa.and_(own.c.state == "refused", later)),
        )
        .correlate_except(flow_approval_fact, own)
    )
    as_part = (
        sa.exists()
        .where(
            flow_approval_part.c.exchange_id == fact,
            of.c.id == flow_approval_part.c.approval_id,
            of.c.flow == flow,
            of.c.state == "approved",
            ~stopped,
        )
        .correlate_except(flow_approval_part, of)
    )
    return sa.or_(approved(flow, fact), as_part)


def ask(
    uow: UnitOfWork, flow: str, organisation_id: int, partner_id: int, facts: Collection[int], parts: Collection[int] = ()
) -> int:  # fmt: skip
    """Ask for approval of facts that nobody was asked about yet, with the `parts` that leave beside them; returns the number of it."""
    (number,) = allocate(uow.connection, "flow_approval", 1)
    uow.connection.execute(
        sa.insert(flow_approval).values(
            id=number, organisation_id=organisation_id, partner_id=partner_id, flow=flow, state="waiting", asked_at=uow.now,
            asked_by=uow.actor,
        )
    )  # fmt: skip
    rows = [(flow, fact, number) for fact in sorted(set(facts))]
    bulk.insert(uow.connection, flow_approval_fact, ("flow", "exchange_id", "approval_id"), rows)
    beside = sorted(set(parts) - set(facts))
    if beside:
        bulk.insert(uow.connection, flow_approval_part, ("approval_id", "exchange_id"), [(number, part) for part in beside])
    after = {"state": "waiting", "approval": number, "exchanges": [fact for _, fact, _ in rows], "beside": beside}
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
    leaves = leaving(uow.connection, number)
    uow.audit(
        row.organisation_id,
        f"flow.{decision}",
        f"flow/{row.flow}",
        reason=reason,
        before={"state": "waiting", "approval": number},
        after={"state": decision, "exchanges": leaves.facts, "beside": leaves.parts},
    )
    return str(row.flow)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What an approval lets go: exchanges that it is about, and those that leave beside them."""

    facts: Sequence[int]
    parts: Sequence[int]


def leaving(connection: sa.Connection, number: int) -> Leaving:
    """What an approval is about, by its number."""
    facts, parts = (
        sa.select(table.c.exchange_id).where(table.c.approval_id == number).order_by(table.c.exchange_id)
        for table in (flow_approval_fact, flow_approval_part)
    )
    return Leaving(list(connection.execute(facts).scalars()), list(connection.execute(parts).scalars()))


def told_of(connection: sa.Connection, number: int) -> dict[str, Any]:
    """What a case says of an approval, for its story and what is signed: the flow, and of each exchange that leaves its bytes.

    Members: flow, approval, leaves (exchange id, business key, SHA-256 of the document, place of the message in it).
    """
    leaves = leaving(connection, number)
    query = (
        sa.select(exchange.c.id, exchange.c.business_key, document.c.sha256, exchange.c.ordinal)
        .outerjoin(document, document.c.id == exchange.c.document_id)
        .where(among(connection, exchange.c.id, [*leaves.facts, *leaves.parts]))
        .order_by(exchange.c.id)
    )
    rows = connection.execute(query)
    told = [[row.id, row.business_key, None if row.sha256 is None else bytes(row.sha256).hex(), row.ordinal] for row in rows]
    flow = connection.execute(sa.select(flow_approval.c.flow).where(flow_approval.c.id == number)).scalar_one()
    return {"flow": flow, "approval": number, "leaves": told}


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
    beside = _beside(connection, rows)
    names = ("id", "flow", "organisation", "partner", "state", "asked_by", "decided_by", "decided_reason")
    return [
        {
            **{name: row[name] for name in names},
            "asked_at": moment(row["asked_at"]).isoformat(),
            "decided_at": None if row["decided_at"] is None else moment(row["decided_at"]).isoformat(),
            "count": len(facts[row["id"]]),
            "first": facts[row["id"]][:SHOWN],
            "beside": beside[row["id"]][:SHOWN],
        }
        for row in rows
    ]


def _beside(connection: sa.Connection, rows: Sequence[Any]) -> dict[int, list[dict[str, Any]]]:
    """What leaves beside the facts of approvals, by their numbers, and what was said of each: what was refused first."""
    out: dict[int, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    of, by_itself, sent = flow_approval.alias("shown"), flow_approval.alias("by_itself"), exchange.alias("sent")
    beside, fact = flow_approval_part.alias("beside"), flow_approval_fact.alias("fact")
    told = sa.exists().where(
        sent.c.origin_id == exchange.c.id, sent.c.flow == of.c.flow, sent.c.direction == "out", sent.c.state.not_in(UNHEARD)
    )
    said = sa.case((told, "told"), (may_leave(of.c.flow, exchange.c.id), "approved"), else_=sa.func.coalesce(by_itself.c.state, "unasked"))
    query = (
        sa.select(of.c.id, exchange.c.id.label("exchange_id"), exchange.c.business_key, said.label("said"))
        .select_from(beside)
        .join(of, of.c.id == beside.c.approval_id)
        .join(exchange, exchange.c.id == beside.c.exchange_id)
        .outerjoin(fact, sa.and_(fact.c.flow == of.c.flow, fact.c.exchange_id == exchange.c.id))
        .outerjoin(by_itself, by_itself.c.id == fact.c.approval_id)
        .where(of.c.id.in_(sorted(out)))
        .order_by(exchange.c.id)
    )
    for row in connection.execute(query):
        out[row.id].append({"exchange_id": row.exchange_id, "subject": row.business_key, "state": row.said})
    for parts in out.values():
        parts.sort(key=lambda part: _SAID.index(part["state"]))
    return out

"""Flows that tell nothing before a steward has approved it (`approval: required` of an outbound flow).

What is due is put before a steward, a batch at a time: a case of the kind `release`. What is approved is told by the next push, whoever
runs it, a worker or Airflow; what is refused is never told. A later version of a document is asked for anew. An order that was changed
leaves whole, so it waits while anything that it is made of waits or is refused; a later change is asked for with all that would leave, and
who approves it approves that, what was refused before among it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError
from hub import pipeline
from hub.runtime import Hub
from hub.site import Agreement, Flow
from hub.store import approvals, cases, tables
from hub.store.approvals import Decision
from hub.untold import to_ask, untold


def ask(hub: Hub, flow: Flow, agreement: Agreement) -> list[int]:
    """Put before a steward what this flow wants to tell and nobody was asked about yet; returns the numbers of what was asked."""
    receiver = sa.select(tables.partner.c.id).where(tables.partner.c.id == hub.partner_id(agreement.partner))
    numbers: list[int] = []
    while True:
        with hub.database.read() as connection:
            if not untold(hub, connection, flow, agreement, unasked=True):
                break
        with hub.database.begin(f"flow:{flow.flow}") as uow:
            uow.connection.execute(receiver.with_for_update(key_share=True))  # one at a time: two pushes at once would ask twice
            facts, parts = to_ask(uow.connection, flow, untold(hub, uow.connection, flow, agreement, unasked=True))
            if facts:
                organisation, partner = hub.organisation_id(agreement.organisation), hub.partner_id(agreement.partner)
                numbers.append(approvals.ask(uow, flow.flow, organisation, partner, facts, parts))
    if numbers:
        pipeline.cases(hub)
    return numbers


def decide(hub: Hub, number: int, decision: Decision, by: str, reason: str) -> dict[str, Any]:
    """A steward approves or refuses; returns what was decided. Raises ConflictError where it was decided before, no reason is given, or the
    site wants a signature for what goes out: then it is accepted at its case. Who refuses lets nothing out and signs nothing."""
    if not reason.strip():
        raise ConflictError("a reason is needed: it is kept in the audit trail")
    if decision == "approved" and hub.site.cases.must_sign("accept", "release", {""}):
        raise ConflictError(f"approval {number}: this needs your electronic signature; do it at its case")
    with hub.database.begin(by) as uow:
        approvals.decide(uow, number, decision, reason)
        case_id = cases.of_cause(uow.connection, "release", number)
        if case_id is not None:  # the case tells who said so, when and why; it ends by itself
            row = cases.taken(uow, case_id)
            after = {"state": decision, **approvals.told_of(uow.connection, number)}
            action = "accepted" if decision == "approved" else "refused"
            cases.step(uow, case_id, action, reason, {"state": row.state}, after)
            cases.audited(uow, row, action, reason, {"state": row.state}, after)
    pipeline.cases(hub)
    with hub.database.read() as connection:
        return approvals.one(connection, number)

"""Incidents of agreements: what lasts (silence, an odd volume, a certificate that ends) is told once, by one finding, until it is over."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from data_contracts.findings import Finding
from hub.store import evidence
from hub.store.identity import allocate
from hub.store.stop_tables import flow_incident
from hub.store.tables import finding
from hub.store.unit_of_work import UnitOfWork


def lasting(connection: sa.Connection, rules: str) -> list[sa.Row[Any]]:
    """The incidents that are not over, of rules whose name begins so."""
    query = sa.select(flow_incident).where(flow_incident.c.closed_at.is_(None), flow_incident.c.rule.startswith(rules))
    return list(connection.execute(query))


def begin(uow: UnitOfWork, organisation_id: int, partner_id: int, agreement: str, said: Finding) -> None:
    """An incident of an agreement, with its finding."""
    number = tell(uow, organisation_id, partner_id, said)
    uow.connection.execute(
        sa.insert(flow_incident).values(
            id=allocate(uow.connection, "flow_incident", 1)[0], organisation_id=organisation_id, partner_id=partner_id,
            agreement=agreement, rule=said.rule, finding_id=number, opened_at=uow.now,
        )
    )  # fmt: skip


def tell(uow: UnitOfWork, organisation_id: int, partner_id: int, said: Finding) -> int:
    """The finding about what lasts; returns its id, by which its keeper ends it."""
    number: int = uow.connection.execute(
        sa.insert(finding)
        .values(
            partner_id=partner_id, organisation_id=organisation_id, rule=said.rule, severity=said.severity, action=said.action,
            place=said.place.as_json(), expected=said.expected, got=said.got, params=dict(said.params), recorded_at=uow.now,
        )
        .returning(finding.c.id)
    ).scalar_one()  # fmt: skip
    uow.audit(organisation_id, "finding.opened", f"finding/{number}", reason=said.text(), after={"rule": said.rule, **said.params})
    return number


def end(uow: UnitOfWork, incident: sa.Row[Any], reason: str) -> None:
    """It is over: its finding closes with the reason."""
    evidence.close_findings(uow, [incident.finding_id], reason)
    uow.connection.execute(sa.update(flow_incident).where(flow_incident.c.id == incident.id).values(closed_at=uow.now))

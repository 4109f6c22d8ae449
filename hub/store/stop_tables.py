"""Flows that take nothing in: stopped by a rule or a person, what waits meanwhile, and incidents: what lasts (hub/store/incidents.py);
and flows that tell nothing before a steward has approved it (hub/store/approvals.py).

Rows are evidence: a stop ends by being resumed, an incident by being closed, an approval by being given or refused; none is removed.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.store.tables import Big, Key, metadata


def _id() -> sa.Column[int]:
    return sa.Column("id", Big, primary_key=True, autoincrement=False)


flow_stop = sa.Table(
    "flow_stop", metadata, _id(),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("partner_id", sa.ForeignKey("partner.id"), nullable=False),
    sa.Column("agreement", sa.Text, nullable=False),
    sa.Column("rule", sa.Text),  # null: a person stopped it
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("document_id", Big), sa.Column("exchange_id", Big),  # what made it stop
    sa.Column("stopped_at", Big, nullable=False), sa.Column("stopped_by", sa.Text, nullable=False),
    sa.Column("resumed_at", Big), sa.Column("resumed_by", sa.Text), sa.Column("resumed_reason", sa.Text),
)  # fmt: skip
sa.Index(
    "uq_flow_stop_open", flow_stop.c.agreement, unique=True,
    sqlite_where=flow_stop.c.resumed_at.is_(None), postgresql_where=flow_stop.c.resumed_at.is_(None),
)  # fmt: skip
flow_waiting = sa.Table(
    "flow_waiting", metadata,  # documents that came while their flow was stopped, landed and not looked into further
    sa.Column("document_id", sa.ForeignKey("document.id"), primary_key=True, autoincrement=False),
    sa.Column("stop_id", sa.ForeignKey("flow_stop.id"), primary_key=True, index=True),
    sa.Column("since", Big, nullable=False),
)  # fmt: skip
flow_incident = sa.Table(
    "flow_incident", metadata, _id(),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("partner_id", sa.ForeignKey("partner.id"), nullable=False),
    sa.Column("agreement", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),  # FLW-01 silent | FLW-02 too little | FLW-03 too much | AS2-10 a certificate ends
    sa.Column("finding_id", Big, nullable=False),
    sa.Column("opened_at", Big, nullable=False),
    sa.Column("closed_at", Big),
)  # fmt: skip
sa.Index(
    "uq_flow_incident_open", flow_incident.c.agreement, flow_incident.c.rule, unique=True,
    sqlite_where=flow_incident.c.closed_at.is_(None), postgresql_where=flow_incident.c.closed_at.is_(None),
)  # fmt: skip
flow_approval = sa.Table(
    "flow_approval", metadata, _id(),  # what a flow may tell once a steward says so
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("partner_id", sa.ForeignKey("partner.id"), nullable=False),
    sa.Column("flow", Key, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # waiting | approved | refused
    sa.Column("asked_at", Big, nullable=False), sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("decided_at", Big), sa.Column("decided_by", sa.Text), sa.Column("decided_reason", sa.Text),
    sa.Index("ix_flow_approval_state", "state", "id"),
)  # fmt: skip
flow_approval_fact = sa.Table(
    "flow_approval_fact", metadata,  # which facts it is about: each is asked once a flow
    sa.Column("flow", Key, primary_key=True),
    sa.Column("exchange_id", sa.ForeignKey("exchange.id"), primary_key=True, autoincrement=False),
    sa.Column("approval_id", sa.ForeignKey("flow_approval.id"), nullable=False, index=True),
)  # fmt: skip
flow_approval_part = sa.Table(
    "flow_approval_part", metadata,  # what leaves beside them: an order that was changed is told as all of its documents together
    sa.Column("approval_id", sa.ForeignKey("flow_approval.id"), primary_key=True, autoincrement=False),
    sa.Column("exchange_id", sa.ForeignKey("exchange.id"), primary_key=True, autoincrement=False, index=True),
)  # fmt: skip

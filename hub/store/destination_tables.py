"""Destinations: where parcels of a partner go by one route, and how it fares there. A row is made by the first failure."""

from __future__ import annotations

import sqlalchemy as sa

from hub.store.tables import Big, metadata

destination = sa.Table(
    "destination", metadata,
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), primary_key=True),
    sa.Column("partner_id", sa.ForeignKey("partner.id"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),  # hub/store/destinations.py: name_of
    sa.Column("failures", sa.Integer, nullable=False),  # in a row; what the peer says itself begins anew
    sa.Column("error", sa.Text), sa.Column("failed_at", Big),  # the last one
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),  # in a row, of one reason
    sa.Column("refusal", sa.Text),  # that reason, without what is a document's own
    sa.Column("opened_at", Big),  # null: the circuit is closed, all is well
    sa.Column("probe_at", Big),  # while it is open: when one parcel may try it
    sa.Column("not_before", Big),  # the peer asked for a pause, or the agreed pace is used up
    sa.Column("finding_id", Big),  # OUT-06, while it is open
)  # fmt: skip

"""Recalls in the store: the recall itself, who was told, what they said, where stock was held, and whether it worked.

A recall is never deleted or overwritten: its state moves forward, each step stands in the audit chain, and what was located at a moment is
kept as it was found (`recall_finding`), so that a report can be made again.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.store.tables import Big, Json, metadata
from hub.store.types import Exact

recall = sa.Table(
    "recall", metadata,
    sa.Column("id", Big, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),  # recall | drill
    sa.Column("title", sa.Text, nullable=False), sa.Column("reason", sa.Text, nullable=False),
    sa.Column("regimes", Json, nullable=False),  # {regime: class}, see hub.recall.clocks
    sa.Column("scope", Json, nullable=False),  # what was named
    sa.Column("state", sa.Text, nullable=False),  # open | closed
    sa.Column("aware_at", Big, nullable=False),  # when the maker learnt of the fault: some clocks start here
    sa.Column("decided_at", Big),  # when it decided to recall: the other clocks start here; null: when it was opened
    sa.Column("opened_at", Big, nullable=False), sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("closed_at", Big), sa.Column("closed_by", sa.Text), sa.Column("closed_reason", sa.Text),
)  # fmt: skip
recall_finding = sa.Table(
    "recall_finding", metadata,  # one row a lot, unit and position of each time that the units were located
    sa.Column("recall_id", sa.ForeignKey("recall.id"), primary_key=True), sa.Column("at", Big, primary_key=True), sa.Column("ordinal", sa.Integer, primary_key=True),
    sa.Column("lot_key", sa.Text, nullable=False), sa.Column("item", sa.Text, nullable=False), sa.Column("gtin", sa.Text), sa.Column("lot", sa.Text, nullable=False),
    sa.Column("named", sa.Boolean, nullable=False), sa.Column("unit", sa.Text, nullable=False),
    sa.Column("position", sa.Text, nullable=False),  # hub.recall.whereabouts.WHERE; total, opening: of the lot
    sa.Column("holder", sa.Text, nullable=False), sa.Column("partner_id", Big), sa.Column("status", sa.Text, nullable=False), sa.Column("why", sa.Text, nullable=False),
    sa.Column("quantity", Exact, nullable=False), sa.Column("evidence", Json, nullable=False),  # exchanges
    sa.Column("party", Json),  # of a consignee: how documents call it, with its address
)  # fmt: skip
recall_notice = sa.Table(
    "recall_notice", metadata,
    sa.Column("id", Big, primary_key=True, autoincrement=False),
    sa.Column("recall_id", sa.ForeignKey("recall.id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),  # notice (to a consignee) | hold (to a system that keeps stock or quality)
    sa.Column("partner_id", sa.ForeignKey("partner.id"), index=True),  # null: a consignee that is no partner; a person tells it
    sa.Column("place", sa.Text, nullable=False),  # the consignee's place; empty: a system
    sa.Column("lots", Json, nullable=False),  # what it says, for this receiver alone: [{lot_key, item, gtin, lot, quantity, unit, serials}]
    sa.Column("sha256", sa.LargeBinary(32), nullable=False), sa.Column("outbox_id", Big),
    sa.Column("sent_at", Big, nullable=False), sa.Column("due_at", Big, nullable=False),
    sa.Column("reminders", sa.Integer, nullable=False), sa.Column("reminded_at", Big),
    sa.Column("acknowledged_at", Big), sa.Column("acknowledged_by", sa.Text),
    sa.Column("answered_at", Big), sa.Column("answered_by", sa.Text), sa.Column("answer", Json),  # {lot key: {on_hand, used, destroyed, returned}}
    sa.Column("party", Json),  # how documents call the consignee, with its address
    sa.Column("told_at", Big), sa.Column("told_by", sa.Text), sa.Column("told_how", sa.Text),  # by a person: when, who says so, how and whom
)  # fmt: skip
recall_check = sa.Table(
    "recall_check", metadata,  # effectiveness checks: whether a consignee was reached and did what the notice asks
    sa.Column("id", Big, primary_key=True, autoincrement=False),
    sa.Column("notice_id", sa.ForeignKey("recall_notice.id"), nullable=False, index=True),
    sa.Column("at", Big, nullable=False), sa.Column("by", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),  # visit | call | letter | message
    sa.Column("outcome", sa.Text, nullable=False),  # effective | not_effective | not_reached
    sa.Column("note", sa.Text),
)  # fmt: skip
recall_met = sa.Table(
    "recall_met", metadata,  # things that were due and are done (hub.recall.clocks); marked again, the newest counts and the others stay
    sa.Column("recall_id", sa.ForeignKey("recall.id"), primary_key=True), sa.Column("regime", sa.Text, primary_key=True),
    sa.Column("act", sa.Text, primary_key=True), sa.Column("marked_at", Big, primary_key=True), sa.Column("marked_by", sa.Text, nullable=False),
    sa.Column("met_at", Big, nullable=False),  # when it was done
    sa.Column("evidence", sa.Text, nullable=False),  # what shows it: the authority's number, a letter
    sa.Column("exchange_id", Big),  # the message that shows it, where the hub has it
)  # fmt: skip

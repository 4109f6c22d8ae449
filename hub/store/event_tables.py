"""Visibility events (EPCIS) in the store: what they say, what they speak of, how they came by EPCIS's interface, who asks for them.

An event is never changed: what was replayed, corrected or captured twice is shown no longer. What events do to the trace is edges of
their applications, in the tables of all documents.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.store.tables import Big, Json, metadata
from hub.store.types import Exact

event = sa.Table(
    "event", metadata, sa.Column("id", Big, primary_key=True, autoincrement=False),  # captured events, and those derived from business documents; their effects are edges of their application
    sa.Column("application_id", Big, nullable=False, index=True),
    sa.Column("organisation_id", Big, nullable=False), sa.Column("partner_id", Big, nullable=False),
    sa.Column("number", sa.Text, nullable=False),  # eventID
    sa.Column("number_hash", Big, nullable=False, index=True),  # visibility.mark(number)
    sa.Column("hash", sa.LargeBinary(32), nullable=False),  # CBV event hash
    sa.Column("type", sa.SmallInteger, nullable=False), sa.Column("action", sa.SmallInteger),  # visibility.TYPES, ACTIONS
    sa.Column("occurred_at", Big, nullable=False), sa.Column("recorded_at", Big, nullable=False), sa.Column("declared_at", Big),  # an error declaration's
    sa.Column("step", Big), sa.Column("disposition", Big), sa.Column("read_point", Big), sa.Column("location", Big),  # event_word
    sa.Column("derived", sa.Boolean, nullable=False),  # from a business document
    sa.Column("shown", sa.Boolean, nullable=False),  # false: replayed, corrected or withdrawn
    sa.Column("body", sa.Text, nullable=False),  # JSON-LD, with the prefixes that it needs
)  # fmt: skip
sa.Index("ix_event_partner", event.c.partner_id, event.c.id)
sa.Index("ix_event_recorded", event.c.recorded_at)
sa.Index("ix_event_occurred", event.c.occurred_at)
sa.Index("ix_event_step", event.c.step, event.c.occurred_at)
sa.Index("ix_event_location", event.c.location, event.c.occurred_at)
sa.Index("ix_event_read_point", event.c.read_point, event.c.occurred_at)
event_thing = sa.Table(
    "event_thing", metadata,  # which things events speak of, and in which part
    sa.Column("node_id", Big, primary_key=True), sa.Column("event_id", Big, primary_key=True), sa.Column("role", sa.SmallInteger, primary_key=True),
    sa.Column("quantity", Exact),
    sqlite_with_rowid=False,
)  # fmt: skip
event_thing_use = sa.Table(
    "event_thing_use", metadata,  # in whose events a thing stands, as itself and not as one of a class
    sa.Column("partner_id", Big, primary_key=True), sa.Column("node_id", Big, primary_key=True), sa.Column("organisation_id", Big, primary_key=True),
    sqlite_with_rowid=False,
)  # fmt: skip
event_mark = sa.Table(
    "event_mark", metadata,  # business transactions, sources, destinations and the like, by a hash of what they are and say
    sa.Column("mark", Big, primary_key=True), sa.Column("event_id", Big, primary_key=True),
    sqlite_with_rowid=False,
)  # fmt: skip
event_word = sa.Table(
    "event_word", metadata, sa.Column("id", Big, primary_key=True, autoincrement=False),  # business steps, dispositions, read points, business locations
    sa.Column("kind", sa.SmallInteger, nullable=False), sa.Column("value", sa.Text, nullable=False),
    sa.UniqueConstraint("kind", "value"),
)  # fmt: skip
event_word_use = sa.Table(
    "event_word_use", metadata,  # in whose events a word stands
    sa.Column("word_id", Big, primary_key=True), sa.Column("organisation_id", Big, primary_key=True), sa.Column("partner_id", Big, primary_key=True),
    sqlite_with_rowid=False,
)  # fmt: skip
sa.Index("ix_event_word_use_partner", event_word_use.c.partner_id, event_word_use.c.word_id)
capture_job = sa.Table(
    "capture_job", metadata, sa.Column("id", Big, primary_key=True, autoincrement=False),  # a document that came by EPCIS's capture interface; what became of it, its exchanges tell
    sa.Column("key", sa.Text, nullable=False, unique=True),  # captureID
    sa.Column("document_id", sa.ForeignKey("document.id"), nullable=False, unique=True),
    sa.Column("behaviour", sa.Text, nullable=False),  # rollback | proceed
    sa.Column("created_at", Big, nullable=False),
)  # fmt: skip
event_query = sa.Table(
    "event_query", metadata, sa.Column("id", Big, primary_key=True, autoincrement=False),  # named queries
    sa.Column("partner_id", Big, nullable=False),  # whose; 0: own people's
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("query", Json, nullable=False),
    sa.Column("created_at", Big, nullable=False), sa.Column("created_by", sa.Text, nullable=False),
    sa.UniqueConstraint("partner_id", "name"),
)  # fmt: skip
event_subscription = sa.Table(
    "event_subscription", metadata, sa.Column("id", Big, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),  # subscriptionID
    sa.Column("query_id", sa.ForeignKey("event_query.id"), nullable=False, index=True),
    sa.Column("organisations", Json, nullable=False),  # ids: what the subscriber may see
    sa.Column("destination", sa.Text, nullable=False), sa.Column("token", sa.Text),  # signs what is sent
    sa.Column("schedule", Json), sa.Column("report_if_empty", sa.Boolean, nullable=False),  # null: whenever an event comes
    sa.Column("epc_format", sa.Text, nullable=False, server_default="Always_GS1_Digital_Link"),  # how things are named: answers.TURNS
    sa.Column("created_at", Big, nullable=False),
    sa.Column("position", Big, nullable=False),  # id of the last event that was looked at
    sa.Column("next_at", Big, nullable=False), sa.Column("lease_until", Big), sa.Column("fence", Big, nullable=False), sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("sent_at", Big), sa.Column("failure", sa.Text),
)  # fmt: skip
sa.Index("ix_event_subscription_due", event_subscription.c.next_at)

"""How far each flow has asked a system for what changed, and which records it has taken in, each in its newest version.

A watermark moves in the transaction that lands the page it covers: after a crash both are there or neither.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.store.tables import Big, Json, Key, metadata

watermark = sa.Table(
    "watermark", metadata,
    sa.Column("flow", Key, primary_key=True),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("partner_id", sa.ForeignKey("partner.id"), nullable=False),
    sa.Column("value", sa.Text),  # as the flow's transport wrote it; null: nothing yet, or nothing to keep
    sa.Column("turn", Big, nullable=False),  # grows with each page that was taken: a second fetch of the same flow finds that it is late
    sa.Column("begun", Big, nullable=False),  # how often a person let it take everything again
    sa.Column("pages", Big, nullable=False), sa.Column("records", Big, nullable=False),  # taken in, ever
    sa.Column("document_id", Big),  # the last page
    sa.Column("moved_at", Big), sa.Column("asked_at", Big),  # last change of the value, last pull that came to its end
    sa.Column("failure", sa.Text), sa.Column("failed_at", Big),  # of the last pull, where it did not
)  # fmt: skip
pulled_record = sa.Table(
    "pulled_record", metadata,
    sa.Column("flow", Key, primary_key=True), sa.Column("key", Key, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("document_id", Big, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip
pulled_page = sa.Table(
    "pulled_page", metadata,  # pages that hold records which were known before: their ordinals in the document, passed over
    sa.Column("document_id", sa.ForeignKey("document.id"), primary_key=True, autoincrement=False),
    sa.Column("known", Json, nullable=False),
)  # fmt: skip

"""AS2 messages as evidence: what was posted and received, byte for byte, and the receipt that each got.

Rows are made when a message is taken (`in`) or posted (`out`), and never removed. What is refused has no row: it is a rejected document.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.store.tables import Big, metadata

as2_message = sa.Table(
    "as2_message", metadata,
    sa.Column("direction", sa.Text, primary_key=True),  # in | out
    sa.Column("theirs", sa.Text, primary_key=True), sa.Column("ours", sa.Text, primary_key=True),  # AS2 names
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("partner_id", sa.ForeignKey("partner.id"), nullable=False),
    sa.Column("document_id", sa.ForeignKey("document.id")),  # direction in
    sa.Column("outbox_id", Big),  # direction out
    sa.Column("sha256", sa.LargeBinary(32), nullable=False),  # headers and body as they went over the wire, the last attempt's
    sa.Column("mic", sa.Text, nullable=False), sa.Column("digest", sa.Text, nullable=False),
    sa.Column("disposition", sa.Text),
    sa.Column("receipt_sha256", sa.LargeBinary(32)),  # headers and body of the receipt; null: none was asked for, or none came yet
    sa.Column("recorded_at", Big, nullable=False), sa.Column("receipt_at", Big),
)  # fmt: skip

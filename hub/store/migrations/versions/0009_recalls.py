"""recalls: what is recalled, where its units were found, who was told and what they said

Revision: 0009, after 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big
from hub.store.types import Exact

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAMES = ("recall", "recall_notice", "recall_check")


def upgrade() -> None:
    op.create_table(
        "recall",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("organisation_id", Big, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("regimes", sa.JSON(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("aware_at", Big, nullable=False),
        sa.Column("opened_at", Big, nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("closed_at", Big, nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall")),
        sa.UniqueConstraint("number", name=op.f("uq_recall_number")),
    )
    op.create_table(
        "recall_finding",
        sa.Column("recall_id", Big, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("lot_key", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("gtin", sa.Text(), nullable=True),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("partner_id", Big, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("quantity", Exact(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"]),
        sa.PrimaryKeyConstraint("recall_id", "at", "ordinal", name=op.f("pk_recall_finding")),
    )
    op.create_table(
        "recall_notice",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("recall_id", Big, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("partner_id", Big, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("lots", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("outbox_id", Big, nullable=True),
        sa.Column("sent_at", Big, nullable=False),
        sa.Column("due_at", Big, nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("reminded_at", Big, nullable=True),
        sa.Column("acknowledged_at", Big, nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("answered_at", Big, nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"]),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"]),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_notice")),
    )
    op.create_index(op.f("ix_recall_notice_recall_id"), "recall_notice", ["recall_id"], unique=False)
    op.create_index(op.f("ix_recall_notice_partner_id"), "recall_notice", ["partner_id"], unique=False)
    op.create_table(
        "recall_check",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("notice_id", Big, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["recall_notice.id"]),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_check")),
    )
    op.create_index(op.f("ix_recall_check_notice_id"), "recall_check", ["notice_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"CREATE SEQUENCE {name}_key")


def downgrade() -> None:
    for name in ("recall_check", "recall_notice", "recall_finding", "recall"):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"DROP SEQUENCE {name}_key")

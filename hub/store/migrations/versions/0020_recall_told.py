"""recalls: consignees that are no partner of ours, how they were told, and why a recall ended

SQLite changes a column only by making the table anew; checks that lead to its rows stand aside meanwhile.

Revision: 0020, after 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_OLD = (
    "id", "recall_id", "kind", "partner_id", "place", "lots", "sha256", "outbox_id", "sent_at", "due_at", "reminders", "reminded_at",
    "acknowledged_at", "acknowledged_by", "answered_at", "answered_by", "answer",
)  # fmt: skip


def upgrade() -> None:
    op.add_column("recall", sa.Column("closed_reason", sa.Text(), nullable=True))
    op.add_column("recall_finding", sa.Column("party", sa.JSON(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        _anew(_notice(nullable=True))
        return
    op.alter_column("recall_notice", "partner_id", existing_type=Big, nullable=True)
    for column in _added():
        op.add_column("recall_notice", column)


def downgrade() -> None:
    op.execute("DELETE FROM recall_check WHERE notice_id IN (SELECT id FROM recall_notice WHERE partner_id IS NULL)")
    op.execute("DELETE FROM recall_notice WHERE partner_id IS NULL")
    if op.get_bind().dialect.name == "sqlite":
        _anew(_notice(nullable=False))
    else:
        for column in _added():
            op.drop_column("recall_notice", column.name)
        op.alter_column("recall_notice", "partner_id", existing_type=Big, nullable=False)
    op.drop_column("recall_finding", "party")
    op.drop_column("recall", "closed_reason")


def _added() -> list[sa.Column[object]]:
    return [
        sa.Column("party", sa.JSON(), nullable=True),
        sa.Column("told_at", Big, nullable=True),
        sa.Column("told_by", sa.Text(), nullable=True),
        sa.Column("told_how", sa.Text(), nullable=True),
    ]


def _notice(nullable: bool) -> list[sa.schema.SchemaItem]:
    """The table with (`nullable`) or without what this revision adds."""
    return [
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("recall_id", Big, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("partner_id", Big, nullable=nullable),
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
        *(_added() if nullable else ()),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"]),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"]),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_notice")),
    ]


def _anew(table: list[sa.schema.SchemaItem]) -> None:
    names = ", ".join(_OLD)
    op.execute("CREATE TEMPORARY TABLE kept_check AS SELECT * FROM recall_check")
    op.execute(f"CREATE TEMPORARY TABLE kept_notice AS SELECT {names} FROM recall_notice")
    op.execute("DELETE FROM recall_check")
    op.drop_table("recall_notice")
    op.create_table("recall_notice", *table)
    op.create_index(op.f("ix_recall_notice_recall_id"), "recall_notice", ["recall_id"], unique=False)
    op.create_index(op.f("ix_recall_notice_partner_id"), "recall_notice", ["partner_id"], unique=False)
    op.execute(f"INSERT INTO recall_notice ({names}) SELECT {names} FROM kept_notice")
    op.execute("INSERT INTO recall_check SELECT * FROM kept_check")
    op.execute("DROP TABLE kept_notice")
    op.execute("DROP TABLE kept_check")

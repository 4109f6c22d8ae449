"""recalls: which of the things that are due have been done, when, and by what it is shown

Revision: 0014, after 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recall_met",
        sa.Column("recall_id", Big, nullable=False),
        sa.Column("regime", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("marked_at", Big, nullable=False),
        sa.Column("marked_by", sa.Text(), nullable=False),
        sa.Column("met_at", Big, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("exchange_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"]),
        sa.PrimaryKeyConstraint("recall_id", "regime", "act", "marked_at", name=op.f("pk_recall_met")),
    )


def downgrade() -> None:
    op.drop_table("recall_met")

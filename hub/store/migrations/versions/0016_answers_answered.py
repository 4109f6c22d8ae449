"""answers of ours that are answered: by which numbers a partner names them, and what it said

Answers that left before keep no numbers: what a partner still says of one is told as before (ACK-03).

Revision: 0016, after 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big, Json

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_INDEXED = ("reference", "group_control")


def upgrade() -> None:
    for name in (*_INDEXED, "answered"):
        op.add_column("acknowledgement", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("acknowledgement", sa.Column("answered_at", Big, nullable=True))
    op.add_column("acknowledgement", sa.Column("answered_by", Json, nullable=True))
    for name in _INDEXED:
        known = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_acknowledgement_{name}", "acknowledgement", [name], unique=False, sqlite_where=known, postgresql_where=known
        )


def downgrade() -> None:
    for name in _INDEXED:
        op.drop_index(f"ix_acknowledgement_{name}", table_name="acknowledgement")
    for name in ("answered_by", "answered_at", "answered", *_INDEXED):
        op.drop_column("acknowledgement", name)

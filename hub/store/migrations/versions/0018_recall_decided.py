"""recalls: when it was decided to recall, which is seldom the moment at which somebody told the hub

Revision: 0018, after 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recall", sa.Column("decided_at", Big, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("recall") as recall:
        recall.drop_column("decided_at")

"""partner party: the store knows by what codes our systems call a partner

Revision: 0005, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("partner", sa.Column("party", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("partner", "party")

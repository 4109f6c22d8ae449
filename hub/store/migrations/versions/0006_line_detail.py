"""line detail: what a line says beyond the columns that views read (a commitment, a validity, a stop)

Revision: 0006, after 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("line", sa.Column("detail", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("line", "detail")

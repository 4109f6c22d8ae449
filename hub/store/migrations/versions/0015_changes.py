"""orders as of all documents: which changes stand beside the one that they change

Revision: 0015, after 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subject", sa.Column("changes", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("subject", "changes")

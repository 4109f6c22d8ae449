"""Refusals in a row, of one reason, at each destination

Revision: 0033, after 0032
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('destination', sa.Column('refusals', sa.Integer(), server_default='0', nullable=False))
    op.add_column('destination', sa.Column('refusal', sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column('destination', 'refusal')
    op.drop_column('destination', 'refusals')

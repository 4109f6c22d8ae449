"""Leases of streams

Revision: 0028, after 0027
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('stream_lease',
    sa.Column('flow', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('holder', sa.Text(), nullable=False),
    sa.Column('since', Big, nullable=False),
    sa.Column('until', Big, nullable=False),
    sa.PrimaryKeyConstraint('flow', name=op.f('pk_stream_lease'))
    )


def downgrade() -> None:
    op.drop_table('stream_lease')

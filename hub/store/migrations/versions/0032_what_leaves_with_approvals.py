"""What leaves beside the facts that an approval is about: the other documents that their orders are made of

Revision: 0032, after 0031
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('flow_approval_part',
    sa.Column('approval_id', Big, autoincrement=False, nullable=False),
    sa.Column('exchange_id', Big, autoincrement=False, nullable=False),
    sa.ForeignKeyConstraint(['approval_id'], ['flow_approval.id'], ),
    sa.ForeignKeyConstraint(['exchange_id'], ['exchange.id'], ),
    sa.PrimaryKeyConstraint('approval_id', 'exchange_id', name=op.f('pk_flow_approval_part'))
    )
    op.create_index(op.f('ix_flow_approval_part_exchange_id'), 'flow_approval_part', ['exchange_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_flow_approval_part_exchange_id'), table_name='flow_approval_part')
    op.drop_table('flow_approval_part')

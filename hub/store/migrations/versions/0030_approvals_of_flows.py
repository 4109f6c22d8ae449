"""Approvals of flows

Revision: 0030, after 0029
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('flow_approval',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('organisation_id', Big, nullable=False),
    sa.Column('partner_id', Big, nullable=False),
    sa.Column('flow', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('asked_at', Big, nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('decided_at', Big, nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('decided_reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], ),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.id'], ),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flow_approval'))
    )
    op.create_index('ix_flow_approval_state', 'flow_approval', ['state', 'id'], unique=False)
    op.create_table('flow_approval_fact',
    sa.Column('flow', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('exchange_id', Big, autoincrement=False, nullable=False),
    sa.Column('approval_id', Big, nullable=False),
    sa.ForeignKeyConstraint(['approval_id'], ['flow_approval.id'], ),
    sa.ForeignKeyConstraint(['exchange_id'], ['exchange.id'], ),
    sa.PrimaryKeyConstraint('flow', 'exchange_id', name=op.f('pk_flow_approval_fact'))
    )
    op.create_index(op.f('ix_flow_approval_fact_approval_id'), 'flow_approval_fact', ['approval_id'], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE flow_approval_key")


def downgrade() -> None:
    op.drop_index(op.f('ix_flow_approval_fact_approval_id'), table_name='flow_approval_fact')
    op.drop_table('flow_approval_fact')
    op.drop_index('ix_flow_approval_state', table_name='flow_approval')
    op.drop_table('flow_approval')
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE flow_approval_key")

"""flows that are stopped, what waits for them, and incidents of silence and volume

Revision: 0022, after 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None

NAMES = ("flow_stop", "flow_incident")


def upgrade() -> None:
    op.create_table('flow_incident',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('organisation_id', Big, nullable=False),
    sa.Column('partner_id', Big, nullable=False),
    sa.Column('agreement', sa.Text(), nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('finding_id', Big, nullable=False),
    sa.Column('opened_at', Big, nullable=False),
    sa.Column('closed_at', Big, nullable=True),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], ),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.id'], ),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flow_incident'))
    )
    op.create_index('uq_flow_incident_open', 'flow_incident', ['agreement', 'rule'], unique=True, sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))
    op.create_table('flow_stop',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('organisation_id', Big, nullable=False),
    sa.Column('partner_id', Big, nullable=False),
    sa.Column('agreement', sa.Text(), nullable=False),
    sa.Column('rule', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('document_id', Big, nullable=True),
    sa.Column('exchange_id', Big, nullable=True),
    sa.Column('stopped_at', Big, nullable=False),
    sa.Column('stopped_by', sa.Text(), nullable=False),
    sa.Column('resumed_at', Big, nullable=True),
    sa.Column('resumed_by', sa.Text(), nullable=True),
    sa.Column('resumed_reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], ),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.id'], ),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flow_stop'))
    )
    op.create_index('uq_flow_stop_open', 'flow_stop', ['agreement'], unique=True, sqlite_where=sa.text('resumed_at IS NULL'), postgresql_where=sa.text('resumed_at IS NULL'))
    op.create_table('flow_waiting',
    sa.Column('document_id', Big, autoincrement=False, nullable=False),
    sa.Column('stop_id', Big, nullable=False),
    sa.Column('since', Big, nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], ),
    sa.ForeignKeyConstraint(['stop_id'], ['flow_stop.id'], ),
    sa.PrimaryKeyConstraint('document_id', 'stop_id', name=op.f('pk_flow_waiting'))
    )
    op.create_index(op.f('ix_flow_waiting_stop_id'), 'flow_waiting', ['stop_id'], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"CREATE SEQUENCE {name}_key")


def downgrade() -> None:
    op.drop_index(op.f('ix_flow_waiting_stop_id'), table_name='flow_waiting')
    op.drop_table('flow_waiting')
    op.drop_index('uq_flow_stop_open', table_name='flow_stop', sqlite_where=sa.text('resumed_at IS NULL'), postgresql_where=sa.text('resumed_at IS NULL'))
    op.drop_table('flow_stop')
    op.drop_index('uq_flow_incident_open', table_name='flow_incident', sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))
    op.drop_table('flow_incident')
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"DROP SEQUENCE {name}_key")

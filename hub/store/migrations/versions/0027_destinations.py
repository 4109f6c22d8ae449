"""Destinations of parcels: order, pace and circuit for each

Revision: 0027, after 0026
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op
from hub.store.destinations import name_of
from hub.store.tables import Big

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('destination',
    sa.Column('organisation_id', Big, nullable=False),
    sa.Column('partner_id', Big, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('failed_at', Big, nullable=True),
    sa.Column('opened_at', Big, nullable=True),
    sa.Column('probe_at', Big, nullable=True),
    sa.Column('not_before', Big, nullable=True),
    sa.Column('finding_id', Big, nullable=True),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], ),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.id'], ),
    sa.PrimaryKeyConstraint('organisation_id', 'partner_id', 'name', name=op.f('pk_destination'))
    )
    op.add_column('outbox', sa.Column('destination', sa.Text(), server_default='-', nullable=False))
    op.add_column('outbox', sa.Column('lane', sa.Text(), server_default='-', nullable=False))
    op.add_column('outbox', sa.Column('pace', sa.Integer(), nullable=True))
    op.create_index('ix_outbox_lane', 'outbox', ['partner_id', 'lane', 'id'], unique=False,
                    sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
    # What is done keeps none: when it is sent again it gets its own (hub/store/outbox.py: again).
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, route FROM outbox WHERE state IN ('waiting', 'dead')")).all()
    for number, route in rows:
        name = name_of(json.loads(route) if isinstance(route, str) else route)
        connection.execute(sa.text('UPDATE outbox SET destination = :name, lane = :name WHERE id = :number'), {'name': name, 'number': number})


def downgrade() -> None:
    op.drop_index('ix_outbox_lane', table_name='outbox')
    op.drop_column('outbox', 'pace')
    op.drop_column('outbox', 'lane')
    op.drop_column('outbox', 'destination')
    op.drop_table('destination')

"""Parcels that wait for their turn and those that go alone, each in an index of their own: whose turn it is need not be looked for

Revision: 0031, after 0030
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None

_WAITS = "state = 'waiting'"


def upgrade() -> None:
    order, alone = sa.text(f"{_WAITS} AND lane != stable_id"), sa.text(f"{_WAITS} AND lane = stable_id")
    op.create_index('ix_outbox_order', 'outbox', ['partner_id', 'lane', 'id'], unique=False, sqlite_where=order, postgresql_where=order)
    op.create_index('ix_outbox_alone', 'outbox', ['next_at', 'id'], unique=False, sqlite_where=alone, postgresql_where=alone)
    op.drop_index('ix_outbox_waiting', table_name='outbox')


def downgrade() -> None:
    waits = sa.text(_WAITS)
    op.create_index('ix_outbox_waiting', 'outbox', ['next_at'], unique=False, sqlite_where=waits, postgresql_where=waits)
    op.drop_index('ix_outbox_alone', table_name='outbox')
    op.drop_index('ix_outbox_order', table_name='outbox')

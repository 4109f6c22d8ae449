"""in whose events a thing stands, and the words of a partner, so that its pages cost what is in them

Recall lists are made anew by the next reconcile where events tell of packings: several packings of one lot are summed now.

Revision: 0023, after 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('event_thing_use',
    sa.Column('partner_id', Big, nullable=False),
    sa.Column('node_id', Big, nullable=False),
    sa.Column('organisation_id', Big, nullable=False),
    sa.PrimaryKeyConstraint('partner_id', 'node_id', 'organisation_id', name=op.f('pk_event_thing_use')),
    sqlite_with_rowid=False
    )
    op.create_index('ix_event_word_use_partner', 'event_word_use', ['partner_id', 'word_id'], unique=False)
    op.execute(
        "INSERT INTO event_thing_use (partner_id, node_id, organisation_id) "
        "SELECT DISTINCT event.partner_id, event_thing.node_id, event.organisation_id "
        "FROM event_thing JOIN event ON event.id = event_thing.event_id WHERE event_thing.role < 10"
    )
    op.execute(
        "INSERT INTO stale (kind, key, organisation_id, marked) SELECT 'closure', 'all', 0, 0 "
        "WHERE EXISTS (SELECT 1 FROM event) AND NOT EXISTS (SELECT 1 FROM stale WHERE kind = 'closure')"
    )


def downgrade() -> None:
    op.drop_index('ix_event_word_use_partner', table_name='event_word_use')
    op.drop_table('event_thing_use')

"""AS2 messages and their receipts as evidence

Revision: 0025, after 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('as2_message',
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('theirs', sa.Text(), nullable=False),
    sa.Column('ours', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('organisation_id', Big, nullable=False),
    sa.Column('partner_id', Big, nullable=False),
    sa.Column('document_id', Big, nullable=True),
    sa.Column('outbox_id', Big, nullable=True),
    sa.Column('sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('mic', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('disposition', sa.Text(), nullable=True),
    sa.Column('receipt_sha256', sa.LargeBinary(length=32), nullable=True),
    sa.Column('recorded_at', Big, nullable=False),
    sa.Column('receipt_at', Big, nullable=True),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], ),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], ),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.id'], ),
    sa.PrimaryKeyConstraint('direction', 'theirs', 'ours', 'message_id', name=op.f('pk_as2_message'))
    )


def downgrade() -> None:
    op.drop_table('as2_message')

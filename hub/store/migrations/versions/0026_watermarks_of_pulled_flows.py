"""Watermarks of flows that ask a system what changed

Revision: 0026, after 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('pulled_record',
    sa.Column('flow', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('key', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('document_id', Big, nullable=False),
    sa.PrimaryKeyConstraint('flow', 'key', name=op.f('pk_pulled_record')),
    sqlite_with_rowid=False
    )
    op.create_table('watermark',
    sa.Column('flow', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('organisation_id', Big, nullable=False),
    sa.Column('partner_id', Big, nullable=False),
    sa.Column('value', sa.Text(), nullable=True),
    sa.Column('turn', Big, nullable=False),
    sa.Column('begun', Big, nullable=False),
    sa.Column('pages', Big, nullable=False),
    sa.Column('records', Big, nullable=False),
    sa.Column('document_id', Big, nullable=True),
    sa.Column('moved_at', Big, nullable=True),
    sa.Column('asked_at', Big, nullable=True),
    sa.Column('failure', sa.Text(), nullable=True),
    sa.Column('failed_at', Big, nullable=True),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], ),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.id'], ),
    sa.PrimaryKeyConstraint('flow', name=op.f('pk_watermark'))
    )
    op.create_table('pulled_page',
    sa.Column('document_id', Big, autoincrement=False, nullable=False),
    sa.Column('known', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], ),
    sa.PrimaryKeyConstraint('document_id', name=op.f('pk_pulled_page'))
    )


def downgrade() -> None:
    op.drop_table('pulled_page')
    op.drop_table('watermark')
    op.drop_table('pulled_record')

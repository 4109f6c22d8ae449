"""what registers publish of devices, and how it differs

Revision: 0013, after 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

NAMES = ("device_extract", "device_difference")


def upgrade() -> None:
    op.create_table('device_extract',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('register', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('as_of', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('whole', sa.Boolean(), nullable=True),
    sa.Column('records', Big, nullable=True),
    sa.Column('matched', Big, nullable=True),
    sa.Column('compared_at', Big, nullable=False),
    sa.Column('compared_by', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_device_extract')),
    sa.UniqueConstraint('register', 'sha256', name=op.f('uq_device_extract_register_sha256'))
    )
    op.create_table('device_difference',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('key', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('register', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('di', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('member', sa.Text(), nullable=False),
    sa.Column('severity', sa.Text(), nullable=False),
    sa.Column('ours', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('theirs', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('stated', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('since', sa.Text(), nullable=True),
    sa.Column('opened_at', Big, nullable=False),
    sa.Column('changed_at', Big, nullable=False),
    sa.Column('changed_by', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('extract_id', Big, nullable=False),
    sa.Column('exchange_id', Big, nullable=True),
    sa.Column('shown', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['extract_id'], ['device_extract.id'], ),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_device_difference')),
    sa.UniqueConstraint('key', name=op.f('uq_device_difference_key'))
    )
    op.create_index('ix_device_difference_di', 'device_difference', ['register', 'di'], unique=False)
    op.create_index('ix_device_difference_state', 'device_difference', ['state', 'id'], unique=False)
    op.create_table('device_difference_history',
    sa.Column('difference_id', Big, nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('at', Big, nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('ours', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('theirs', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('extract_id', Big, nullable=True),
    sa.Column('exchange_id', Big, nullable=True),
    sa.ForeignKeyConstraint(['difference_id'], ['device_difference.id'], ),
    sa.PrimaryKeyConstraint('difference_id', 'ordinal', name=op.f('pk_device_difference_history'))
    )
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"CREATE SEQUENCE {name}_key")


def downgrade() -> None:
    op.drop_table('device_difference_history')
    op.drop_index('ix_device_difference_state', table_name='device_difference')
    op.drop_index('ix_device_difference_di', table_name='device_difference')
    op.drop_table('device_difference')
    op.drop_table('device_extract')
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"DROP SEQUENCE {name}_key")

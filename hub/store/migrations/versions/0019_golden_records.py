"""golden records: what people decide of master records, what seems to be one, and the record that follows

Revision: 0019, after 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big
from hub.store.types import Exact

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAMES = ("master_request", "master_verdict", "master_word", "master_suspect", "master_place")


def upgrade() -> None:
    op.create_table('golden_record',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('golden_id', Big, autoincrement=False, nullable=False),
    sa.Column('body', sa.JSON(), nullable=False),
    sa.Column('won', sa.JSON(), nullable=False),
    sa.Column('rules', sa.Text(), nullable=False),
    sa.Column('renewed_at', Big, nullable=False),
    sa.PrimaryKeyConstraint('kind', 'golden_id', name=op.f('pk_golden_record'))
    )
    op.create_table('master_request',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('said', sa.JSON(), nullable=False),
    sa.Column('impact', sa.JSON(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('asked_at', Big, nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('asked_key', Big, nullable=True),
    sa.Column('decided_at', Big, nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('decided_key', Big, nullable=True),
    sa.Column('decided_reason', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_master_request'))
    )
    op.create_index('ix_master_request_state', 'master_request', ['state', 'id'], unique=False)
    op.create_table('master_suspect',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('left_system', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('left_code', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('right_system', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('right_code', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('score', Exact(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('left_print', sa.LargeBinary(length=32), nullable=False),
    sa.Column('right_print', sa.LargeBinary(length=32), nullable=False),
    sa.Column('opened_at', Big, nullable=False),
    sa.Column('changed_at', Big, nullable=False),
    sa.Column('changed_by', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_master_suspect')),
    sa.UniqueConstraint('kind', 'left_system', 'left_code', 'right_system', 'right_code', name='uq_master_suspect_pair')
    )
    op.create_index('ix_master_suspect_right', 'master_suspect', ['kind', 'right_code'], unique=False)
    op.create_index('ix_master_suspect_state', 'master_suspect', ['state', 'score'], unique=False)
    op.create_table('master_place',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('request_id', Big, nullable=False),
    sa.Column('key', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('name_zh', sa.Text(), nullable=True),
    sa.Column('parent', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=True),
    sa.Column('from_on', sa.Text(), nullable=True),
    sa.Column('gone', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['request_id'], ['master_request.id'], ),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_master_place'))
    )
    op.create_index(op.f('ix_master_place_key'), 'master_place', ['key'], unique=False)
    op.create_table('master_verdict',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('request_id', Big, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('left_system', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('left_code', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('right_system', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('right_code', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['request_id'], ['master_request.id'], ),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_master_verdict'))
    )
    op.create_index('ix_master_verdict_left', 'master_verdict', ['kind', 'left_code'], unique=False)
    op.create_index('ix_master_verdict_right', 'master_verdict', ['kind', 'right_code'], unique=False)
    op.create_table('master_word',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('request_id', Big, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('system', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('code', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('value', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('from_on', sa.Text(), nullable=True),
    sa.Column('at', Big, nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['request_id'], ['master_request.id'], ),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_master_word'))
    )
    op.create_index('ix_master_word_code', 'master_word', ['kind', 'code'], unique=False)
    op.execute(  # what stands already gets its golden record at the next reconcile
        "INSERT INTO stale (kind, key, organisation_id, marked) SELECT kind, CAST(id AS TEXT), organisation_id, 0 FROM subject "
        "WHERE kind IN ('item', 'party', 'device') AND standing_id IS NOT NULL ON CONFLICT DO NOTHING"
    )
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"CREATE SEQUENCE {name}_key")


def downgrade() -> None:
    op.drop_index('ix_master_word_code', table_name='master_word')
    op.drop_table('master_word')
    op.drop_index('ix_master_verdict_right', table_name='master_verdict')
    op.drop_index('ix_master_verdict_left', table_name='master_verdict')
    op.drop_table('master_verdict')
    op.drop_index(op.f('ix_master_place_key'), table_name='master_place')
    op.drop_table('master_place')
    op.drop_index('ix_master_suspect_state', table_name='master_suspect')
    op.drop_index('ix_master_suspect_right', table_name='master_suspect')
    op.drop_table('master_suspect')
    op.drop_index('ix_master_request_state', table_name='master_request')
    op.drop_table('master_request')
    op.drop_table('golden_record')
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"DROP SEQUENCE {name}_key")

"""visibility events: events, what they speak of, capture jobs, named queries and subscriptions

Revision: 0010, after 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big
from hub.store.types import Exact

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

NAMES = ("event", "event_word", "capture_job", "event_query", "event_subscription")


def upgrade() -> None:
    op.create_table('event',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('application_id', Big, nullable=False),
    sa.Column('organisation_id', Big, nullable=False),
    sa.Column('partner_id', Big, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('number_hash', Big, nullable=False),
    sa.Column('hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('type', sa.SmallInteger(), nullable=False),
    sa.Column('action', sa.SmallInteger(), nullable=True),
    sa.Column('occurred_at', Big, nullable=False),
    sa.Column('recorded_at', Big, nullable=False),
    sa.Column('declared_at', Big, nullable=True),
    sa.Column('step', Big, nullable=True),
    sa.Column('disposition', Big, nullable=True),
    sa.Column('read_point', Big, nullable=True),
    sa.Column('location', Big, nullable=True),
    sa.Column('derived', sa.Boolean(), nullable=False),
    sa.Column('shown', sa.Boolean(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event'))
    )
    op.create_index(op.f('ix_event_application_id'), 'event', ['application_id'], unique=False)
    op.create_index('ix_event_location', 'event', ['location', 'occurred_at'], unique=False)
    op.create_index(op.f('ix_event_number_hash'), 'event', ['number_hash'], unique=False)
    op.create_index('ix_event_occurred', 'event', ['occurred_at'], unique=False)
    op.create_index('ix_event_read_point', 'event', ['read_point', 'occurred_at'], unique=False)
    op.create_index('ix_event_step', 'event', ['step', 'occurred_at'], unique=False)
    op.create_table('event_mark',
    sa.Column('mark', Big, nullable=False),
    sa.Column('event_id', Big, nullable=False),
    sa.PrimaryKeyConstraint('mark', 'event_id', name=op.f('pk_event_mark')),
    sqlite_with_rowid=False
    )
    op.create_table('event_query',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('partner_id', Big, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('query', sa.JSON(), nullable=False),
    sa.Column('created_at', Big, nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_query')),
    sa.UniqueConstraint('partner_id', 'name', name=op.f('uq_event_query_partner_id_name'))
    )
    op.create_table('event_thing',
    sa.Column('node_id', Big, nullable=False),
    sa.Column('event_id', Big, nullable=False),
    sa.Column('role', sa.SmallInteger(), nullable=False),
    sa.Column('quantity', Exact(), nullable=True),
    sa.PrimaryKeyConstraint('node_id', 'event_id', 'role', name=op.f('pk_event_thing')),
    sqlite_with_rowid=False
    )
    op.create_table('event_word',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('kind', sa.SmallInteger(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_word')),
    sa.UniqueConstraint('kind', 'value', name=op.f('uq_event_word_kind_value'))
    )
    op.create_table('event_word_use',
    sa.Column('word_id', Big, nullable=False),
    sa.Column('organisation_id', Big, nullable=False),
    sa.Column('partner_id', Big, nullable=False),
    sa.PrimaryKeyConstraint('word_id', 'organisation_id', 'partner_id', name=op.f('pk_event_word_use')),
    sqlite_with_rowid=False
    )
    op.create_table('event_subscription',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('query_id', Big, nullable=False),
    sa.Column('organisations', sa.JSON(), nullable=False),
    sa.Column('destination', sa.Text(), nullable=False),
    sa.Column('token', sa.Text(), nullable=True),
    sa.Column('schedule', sa.JSON(), nullable=True),
    sa.Column('report_if_empty', sa.Boolean(), nullable=False),
    sa.Column('created_at', Big, nullable=False),
    sa.Column('position', Big, nullable=False),
    sa.Column('next_at', Big, nullable=False),
    sa.Column('lease_until', Big, nullable=True),
    sa.Column('fence', Big, nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('sent_at', Big, nullable=True),
    sa.Column('failure', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['query_id'], ['event_query.id'], ),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_subscription')),
    sa.UniqueConstraint('key', name=op.f('uq_event_subscription_key'))
    )
    op.create_index('ix_event_subscription_due', 'event_subscription', ['next_at'], unique=False)
    op.create_index(op.f('ix_event_subscription_query_id'), 'event_subscription', ['query_id'], unique=False)
    op.create_table('capture_job',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('document_id', Big, nullable=False),
    sa.Column('behaviour', sa.Text(), nullable=False),
    sa.Column('created_at', Big, nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], ),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_capture_job')),
    sa.UniqueConstraint('document_id', name=op.f('uq_capture_job_document_id')),
    sa.UniqueConstraint('key', name=op.f('uq_capture_job_key'))
    )

    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"CREATE SEQUENCE {name}_key")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"DROP SEQUENCE {name}_key")
    op.drop_table('capture_job')
    op.drop_index(op.f('ix_event_subscription_query_id'), table_name='event_subscription')
    op.drop_index('ix_event_subscription_due', table_name='event_subscription')
    op.drop_table('event_subscription')
    op.drop_table('event_word_use')
    op.drop_table('event_word')
    op.drop_table('event_thing')
    op.drop_table('event_query')
    op.drop_table('event_mark')
    op.drop_index('ix_event_step', table_name='event')
    op.drop_index('ix_event_read_point', table_name='event')
    op.drop_index('ix_event_occurred', table_name='event')
    op.drop_index(op.f('ix_event_number_hash'), table_name='event')
    op.drop_index('ix_event_location', table_name='event')
    op.drop_index(op.f('ix_event_application_id'), table_name='event')
    op.drop_table('event')

"""cases: what a person must decide, the story of each, and what was signed

Revision: 0021, after 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('signing_secret',
    sa.Column('signer', sa.Text().with_variant(sa.TEXT(collation='C'), 'postgresql'), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('set_at', Big, nullable=False),
    sa.Column('set_by', sa.Text(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('locked_until', Big, nullable=True),
    sa.PrimaryKeyConstraint('signer', name=op.f('pk_signing_secret'))
    )
    op.create_table('steward_case',
    sa.Column('id', Big, autoincrement=False, nullable=False),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('cause_id', Big, nullable=False),
    sa.Column('cause_key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('organisation_id', Big, nullable=True),
    sa.Column('partner_id', Big, nullable=True),
    sa.Column('severity', sa.Text(), nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('exchange_id', Big, nullable=True),
    sa.Column('document_id', Big, nullable=True),
    sa.Column('finding_id', Big, nullable=True),
    sa.Column('lots', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('print', sa.Text(), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('owner', sa.Text(), nullable=True),
    sa.Column('escalated', sa.Integer(), nullable=False),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('due_at', Big, nullable=False),
    sa.Column('opened_at', Big, nullable=False),
    sa.Column('closed_at', Big, nullable=True),
    sa.Column('changed_at', Big, nullable=False),
    sa.Column('changed_by', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_steward_case')),
    sa.UniqueConstraint('cause', 'cause_id', 'cause_key', name='uq_steward_case_cause')
    )
    op.create_index(op.f('ix_steward_case_exchange_id'), 'steward_case', ['exchange_id'], unique=False)
    op.create_index('ix_steward_case_standing', 'steward_case', ['cause'], unique=False, sqlite_where=sa.text("state <> 'closed'"), postgresql_where=sa.text("state <> 'closed'"))
    op.create_index('ix_steward_case_work', 'steward_case', ['rank', 'due_at', 'id'], unique=False, sqlite_where=sa.text("state IN ('open', 'asked')"), postgresql_where=sa.text("state IN ('open', 'asked')"))
    op.create_table('case_signature',
    sa.Column('case_id', Big, nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('signer', sa.Text(), nullable=False),
    sa.Column('meaning', sa.Text(), nullable=False),
    sa.Column('at', Big, nullable=False),
    sa.Column('record_hash', sa.LargeBinary(length=32), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['steward_case.id'], ),
    sa.PrimaryKeyConstraint('case_id', 'ordinal', name=op.f('pk_case_signature'))
    )
    op.create_table('case_step',
    sa.Column('case_id', Big, nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('at', Big, nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('before', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('after', sa.JSON(none_as_null=True), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['steward_case.id'], ),
    sa.PrimaryKeyConstraint('case_id', 'ordinal', name=op.f('pk_case_step'))
    )
    op.create_index('ix_discrepancy_open', 'discrepancy', ['severity'], unique=False, sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))
    op.create_index('ix_finding_open', 'finding', ['exchange_id'], unique=False, sqlite_where=sa.text("closed_at IS NULL AND severity = 'error'"), postgresql_where=sa.text("closed_at IS NULL AND severity = 'error'"))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE steward_case_key")


def downgrade() -> None:
    op.drop_index('ix_finding_open', table_name='finding', sqlite_where=sa.text("closed_at IS NULL AND severity = 'error'"), postgresql_where=sa.text("closed_at IS NULL AND severity = 'error'"))
    op.drop_index('ix_discrepancy_open', table_name='discrepancy', sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))
    op.drop_table('case_step')
    op.drop_table('case_signature')
    op.drop_index('ix_steward_case_standing', table_name='steward_case')
    op.drop_index('ix_steward_case_work', table_name='steward_case', sqlite_where=sa.text("state IN ('open', 'asked')"), postgresql_where=sa.text("state IN ('open', 'asked')"))
    op.drop_index(op.f('ix_steward_case_exchange_id'), table_name='steward_case')
    op.drop_table('steward_case')
    op.drop_table('signing_secret')
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE steward_case_key")

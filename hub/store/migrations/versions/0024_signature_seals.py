"""where a signature stands in the audit chain, and the seal over both

Revision: 0024, after 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('case_signature', sa.Column('audit_organisation_id', Big, nullable=True))
    op.add_column('case_signature', sa.Column('audit_sequence', Big, nullable=True))
    op.add_column('case_signature', sa.Column('seal', sa.LargeBinary(32), nullable=True))


def downgrade() -> None:
    for name in ('seal', 'audit_sequence', 'audit_organisation_id'):
        op.drop_column('case_signature', name)

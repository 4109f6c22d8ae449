"""what every document writes is lighter: indexes that no look-up needs, and room beside a document for its claim

Revision: 0017, after 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_acknowledgement_document_id", table_name="acknowledgement")
    op.drop_index("ix_exchange_origin_id", table_name="exchange")
    known = sa.text("origin_id IS NOT NULL")
    op.create_index("ix_exchange_origin_id", "exchange", ["origin_id"], unique=False, sqlite_where=known, postgresql_where=known)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE document SET (fillfactor = 50)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE document RESET (fillfactor)")
    op.drop_index("ix_exchange_origin_id", table_name="exchange")
    op.create_index("ix_exchange_origin_id", "exchange", ["origin_id"], unique=False)
    op.create_index("ix_acknowledgement_document_id", "acknowledgement", ["document_id"], unique=False)

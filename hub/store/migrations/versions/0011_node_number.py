"""node number: a bare lot or serial number is found by an index

Revision: 0011, after 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Key

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("node", sa.Column("number", Key, nullable=True))
    place = "strpos(key, '|')" if op.get_bind().dialect.name == "postgresql" else "instr(key, '|')"
    op.execute(f"UPDATE node SET number = nullif(substr(key, {place} + 1), '') WHERE kind IN ('lot', 'serial') AND {place} > 0")
    known = sa.text("number IS NOT NULL")
    op.create_index("ix_node_number", "node", ["number"], unique=False, sqlite_where=known, postgresql_where=known)


def downgrade() -> None:
    op.drop_index("ix_node_number", table_name="node")
    op.drop_column("node", "number")

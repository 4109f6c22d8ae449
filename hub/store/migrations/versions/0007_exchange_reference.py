"""exchange reference: answers find what they speak of by its number, however much went out

Revision: 0007, after 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEXES = (("ix_exchange_reference", "reference"), ("ix_exchange_group_control", "group_control"))


def upgrade() -> None:
    op.add_column("exchange", sa.Column("reference", sa.Text(), nullable=True))
    interchange = "keys ->> 'interchange'" if op.get_bind().dialect.name == "postgresql" else "json_extract(keys, '$.interchange')"
    op.execute(f"UPDATE exchange SET reference = ltrim({interchange}, '0') WHERE direction = 'out' AND keys IS NOT NULL")
    for name, column in _INDEXES:
        out = sa.text("direction = 'out'")
        op.create_index(name, "exchange", ["partner_id", column], unique=False, sqlite_where=out, postgresql_where=out)


def downgrade() -> None:
    for name, _column in reversed(_INDEXES):
        op.drop_index(name, table_name="exchange")
    op.drop_column("exchange", "reference")

"""events in the order of their partner and of their recording; how a subscriber has things named

Revision: 0012, after 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_event_partner", "event", ["partner_id", "id"])
    op.create_index("ix_event_recorded", "event", ["recorded_at"])
    op.add_column("event_subscription", sa.Column("epc_format", sa.Text(), nullable=False, server_default="Always_GS1_Digital_Link"))


def downgrade() -> None:
    op.drop_column("event_subscription", "epc_format")
    op.drop_index("ix_event_recorded", table_name="event")
    op.drop_index("ix_event_partner", table_name="event")

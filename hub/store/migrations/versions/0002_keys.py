"""keys: PostgreSQL's sequences for what `hub.store.identity` gives

Revision: 0002, after 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAMES = (
    "organisation", "partner", "credential", "document", "interchange", "exchange", "subject", "application", "golden",
    "node", "acknowledgement", "outbox", "quality_run",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"CREATE SEQUENCE {name}_key")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"DROP SEQUENCE {name}_key")

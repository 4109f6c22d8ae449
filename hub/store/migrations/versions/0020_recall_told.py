"""recalls: consignees that are no partner of ours, how they were told, and why a recall ended

Revision: 0020, after 0019
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Big

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recall", sa.Column("closed_reason", sa.Text(), nullable=True))
    op.add_column("recall_finding", sa.Column("party", sa.JSON(), nullable=True))
    with _without_checks(), op.batch_alter_table("recall_notice") as notice:
        notice.alter_column("partner_id", existing_type=Big, nullable=True)
        notice.add_column(sa.Column("party", sa.JSON(), nullable=True))
        notice.add_column(sa.Column("told_at", Big, nullable=True))
        notice.add_column(sa.Column("told_by", sa.Text(), nullable=True))
        notice.add_column(sa.Column("told_how", sa.Text(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM recall_check WHERE notice_id IN (SELECT id FROM recall_notice WHERE partner_id IS NULL)")
    op.execute("DELETE FROM recall_notice WHERE partner_id IS NULL")
    with _without_checks(), op.batch_alter_table("recall_notice") as notice:
        for name in ("party", "told_at", "told_by", "told_how"):
            notice.drop_column(name)
        notice.alter_column("partner_id", existing_type=Big, nullable=False)
    with op.batch_alter_table("recall_finding") as finding:
        finding.drop_column("party")
    with op.batch_alter_table("recall") as recall:
        recall.drop_column("closed_reason")


@contextmanager
def _without_checks() -> Iterator[None]:
    """SQLite changes a column by making the table anew: the checks that lead to its rows stand aside meanwhile."""
    if op.get_bind().dialect.name != "sqlite":
        yield
        return
    op.execute("CREATE TEMPORARY TABLE kept_check AS SELECT * FROM recall_check")
    op.execute("DELETE FROM recall_check")
    yield
    op.execute("INSERT INTO recall_check SELECT * FROM kept_check")
    op.execute("DROP TABLE kept_check")

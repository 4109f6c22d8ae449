"""closure: which lots are in which, which shipments carried them; edges that stand no longer; when units were opened

Keys of nodes are compared byte by byte on PostgreSQL too, so that "begins with" uses their index. What the closure says of edges that
are there already is made by the next reconcile.

Revision: 0008, after 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big
from hub.store.types import Exact

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UNPACKING = sa.text("kind = 12")


def upgrade() -> None:
    op.create_table(
        "lot_closure",
        sa.Column("anc", Big, nullable=False),
        sa.Column("des", Big, nullable=False),
        sa.PrimaryKeyConstraint("anc", "des", name=op.f("pk_lot_closure")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_lot_closure_up", "lot_closure", ["des", "anc"], unique=False)
    op.create_table(
        "lot_ship",
        sa.Column("lot", Big, nullable=False),
        sa.Column("shipment", Big, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("quantity", Exact(), nullable=True),
        sa.PrimaryKeyConstraint("lot", "shipment", "unit", name=op.f("pk_lot_ship")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "edge_withdrawn",
        sa.Column("src", Big, nullable=False),
        sa.Column("dst", Big, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("application_id", Big, nullable=False),
        sa.Column("stood_at", Big, nullable=False),
        sa.Column("fell_at", Big, nullable=False),
        sa.Column("quantity", Exact(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("src", "dst", "kind", "application_id", "stood_at", name=op.f("pk_edge_withdrawn")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_edge_withdrawn_up", "edge_withdrawn", ["dst", "src", "kind"], unique=False)
    op.add_column("edge", sa.Column("since", Big, nullable=True))
    op.add_column("edge", sa.Column("until", Big, nullable=True))
    op.create_index("ix_edge_unpacking", "edge", ["dst"], unique=False, sqlite_where=_UNPACKING, postgresql_where=_UNPACKING)
    op.add_column("application", sa.Column("stood_at", Big, nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE node ALTER COLUMN key TYPE text COLLATE "C"')
    op.execute("INSERT INTO stale (kind, key, organisation_id, marked) SELECT 'closure', 'all', 0, 0 WHERE EXISTS (SELECT 1 FROM edge)")


def downgrade() -> None:
    op.execute("DELETE FROM stale WHERE kind = 'closure'")
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE node ALTER COLUMN key TYPE text COLLATE "default"')
    op.drop_column("application", "stood_at")
    op.drop_index("ix_edge_unpacking", table_name="edge")
    op.drop_column("edge", "until")
    op.drop_column("edge", "since")
    op.drop_table("edge_withdrawn")
    op.drop_table("lot_ship")
    op.drop_table("lot_closure")

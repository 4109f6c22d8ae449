"""Who listens to which stream: one process at a time, by a lease that it renews while the connection stands."""

from __future__ import annotations

import sqlalchemy as sa

from hub.store.tables import Big, Key, metadata

stream_lease = sa.Table(
    "stream_lease", metadata,
    sa.Column("flow", Key, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("since", Big, nullable=False), sa.Column("until", Big, nullable=False),
)  # fmt: skip

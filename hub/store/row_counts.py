"""How many rows each table holds: the plainest evidence that a repeated run changed nothing."""

from __future__ import annotations

import sqlalchemy as sa

from hub.store.tables import metadata


def row_counts(connection: sa.Connection) -> dict[str, int]:
    """Table to number of rows, by name; tables that are empty are left out."""
    counts = {
        name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for name, table in sorted(metadata.tables.items())
    }
    return {name: count for name, count in counts.items() if count}

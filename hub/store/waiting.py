"""What waits to be processed, as batches of document ids: for schedulers that hand work out before they do it.

Ids travel, never content. Workers that claim for themselves need none of this (`hub/store/claims.py`).
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from hub.store.lists import among
from hub.store.tables import blob, document


def batches(connection: sa.Connection, now: int, *, flow: str | None, size: int, large: int, most: int) -> list[list[int]]:
    """Received documents that nobody has claimed, oldest first, in at most `most` lists of at most `size` ids.

    `flow` null: of every source, posts by HTTP as well. Documents above `large` bytes come alone, since each takes its time.
    `now` are microseconds since 1970: a lease that has run out holds nothing.
    """
    query = (
        sa.select(document.c.id, blob.c.size)
        .join(blob, blob.c.sha256 == document.c.sha256)
        .where(document.c.state == "received", sa.or_(document.c.lease_until.is_(None), document.c.lease_until <= now))
        .order_by(document.c.id)
        .limit(size * most)
    )
    if flow is not None:
        query = query.where(document.c.flow == flow)
    alone: list[list[int]] = []
    small: list[int] = []
    for row in connection.execute(query):
        if row.size > large:
            alone.append([row.id])
        else:
            small.append(row.id)
    together = [small[start : start + size] for start in range(0, len(small), size)]
    return sorted(together + alone)[:most]


def still_waiting(connection: sa.Connection, document_ids: Collection[int]) -> list[int]:
    """Those of the documents that are not processed yet, claimed or not."""
    query = sa.select(document.c.id).where(among(connection, document.c.id, document_ids), document.c.state == "received")
    return list(connection.execute(query.order_by(document.c.id)).scalars())

"""Trains: parcels for one destination that one sender takes in hand together and tries one by one.

To find whose turn it is costs far more than to note that a parcel was taken, so a sender looks once for as many as go one behind the
other. The promises are those of a parcel that is claimed alone: each is sent when what went before it is noted as taken, and what does not
get its turn is given back.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import sqlalchemy as sa

from hub.store import destinations
from hub.store.database import Database
from hub.store.outbox import OTHERS, WAITING, Parcel, chosen, free, taken
from hub.store.tables import outbox
from hub.store.unit_of_work import UnitOfWork

LONGEST = 20
"""Parcels of a train at most."""

_RELEASE = (
    sa.update(outbox)
    .where(outbox.c.id == sa.bindparam("number"), outbox.c.fence == sa.bindparam("holder"), outbox.c.state == WAITING)
    .values(lease_until=None, fence=outbox.c.fence - 1)
)
"""As if it had never been claimed: by its fence the next sender knows whether it may have left (`again`)."""
_LANE = (
    sa.select(outbox.c.id, outbox.c.organisation_id, outbox.c.next_at, outbox.c.lease_until, outbox.c.pace)
    .where(outbox.c.state == WAITING, outbox.c.partner_id == sa.bindparam("partner"), outbox.c.lane == sa.bindparam("lane"))
    .where(outbox.c.id > sa.bindparam("head"))
    .order_by(outbox.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
"""What waits behind the head of a lane; nobody else claims of it while that is in hand."""
_ALONE = (
    sa.select(outbox.c.id, outbox.c.organisation_id, outbox.c.partner_id, outbox.c.destination, outbox.c.pace)
    .where(outbox.c.lane == outbox.c.stable_id, *free(outbox, sa.bindparam("now", type_=sa.BigInteger)))
    .where(outbox.c.id != sa.bindparam("head"))
    .order_by(outbox.c.next_at, outbox.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)


def claim(database: Database, most: int, lease_seconds: int) -> list[Parcel]:
    """The parcel whose turn it is, and behind it, up to `most` in all, those that are to go after it: to be tried one by one, each when
    the one before was taken, else given back (`release`).

    Behind an ordered parcel those of its lane, behind one that goes alone others for its destination. Where a pace is agreed, or the last
    attempt at the destination failed, the parcel travels without any.
    """
    with database.begin("sender") as uow:
        heads = chosen(uow, 1, lease_seconds)
        if not heads:
            return []
        return taken(uow, [heads[0].id, *_behind(uow, heads[0], min(most, LONGEST) - 1)], lease_seconds)


def release(database: Database, parcels: Sequence[Parcel]) -> None:
    """Give back parcels that were claimed and not tried."""
    with database.begin("sender") as uow:
        uow.connection.execute(_RELEASE, [{"number": one.id, "holder": one.fence} for one in parcels])


def _behind(uow: UnitOfWork, head: sa.Row[Any], most: int) -> list[int]:
    """Ids of those that may travel behind a parcel, in their order."""
    if most <= 0 or head.pace is not None or not destinations.calm(uow, head):
        return []
    if head.lane == head.stable_id:
        rows = uow.connection.execute(_ALONE, {"now": uow.now, "most": most + OTHERS, "head": head.id}).all()
        place = (head.organisation_id, head.partner_id, head.destination, None)
        return [row.id for row in rows if (row.organisation_id, row.partner_id, row.destination, row.pace) == place][:most]
    rows = uow.connection.execute(_LANE, {"partner": head.partner_id, "lane": head.lane, "head": head.id, "most": most}).all()
    fits = takewhile(lambda row: (row.organisation_id, row.pace) == (head.organisation_id, None) and _is_free(row, uow.now), rows)
    return [row.id for row in fits]


def _is_free(row: Any, now: int) -> bool:
    return bool(row.next_at <= now and (row.lease_until or 0) <= now)

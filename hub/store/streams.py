"""Leases of streams: whoever holds one listens, others wait; and how long a stream's messages are known again."""

from __future__ import annotations

import sqlalchemy as sa

from data_contracts.errors import RetriableError
from hub.store.stream_tables import stream_lease
from hub.store.tables import document
from hub.store.types import DAY
from hub.store.unit_of_work import UnitOfWork
from hub.store.watermark_tables import pulled_record

_SECOND = 1_000_000


def hold(uow: UnitOfWork, flow: str, holder: str, seconds: int) -> bool:
    """Take or renew the lease of a flow's stream. False: somebody else holds it. Raises RetriableError where two begin at once."""
    until = uow.now + seconds * _SECOND
    lease = stream_lease.c
    renewed = sa.update(stream_lease).where(lease.flow == flow, lease.holder == holder).values(until=until)
    if uow.connection.execute(renewed).rowcount:
        return True
    expired = sa.update(stream_lease).where(lease.flow == flow, lease.until < uow.now).values(holder=holder, since=uow.now, until=until)
    if uow.connection.execute(expired).rowcount:
        return True
    if uow.connection.execute(sa.select(lease.flow).where(lease.flow == flow)).first() is not None:
        return False
    try:
        uow.connection.execute(sa.insert(stream_lease).values(flow=flow, holder=holder, since=uow.now, until=until))
    except sa.exc.IntegrityError as error:
        raise RetriableError(f"{flow}: somebody else has just begun to listen") from error
    return True


def release(uow: UnitOfWork, flow: str, holder: str) -> None:
    """Give a lease back, where it is still ours."""
    uow.connection.execute(sa.delete(stream_lease).where(stream_lease.c.flow == flow, stream_lease.c.holder == holder))


def holder(connection: sa.Connection, flow: str) -> str | None:
    """Who holds the lease of a flow's stream, whether it has run out or not."""
    found: str | None = connection.scalar(sa.select(stream_lease.c.holder).where(stream_lease.c.flow == flow))
    return found


def forget(uow: UnitOfWork, flow: str, days: int) -> int:
    """Let go of messages that came longer ago than this; one of them that came once more would be new. Returns how many."""
    first = sa.select(sa.func.min(document.c.id)).where(document.c.received_at >= uow.now - days * DAY).scalar_subquery()
    gone = sa.delete(pulled_record).where(pulled_record.c.flow == flow, pulled_record.c.document_id < first)
    return int(uow.connection.execute(gone).rowcount)

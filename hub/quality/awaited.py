"""Who promised to send and never did: a promise counts from when the hub first knew it, since nothing came from which to count.

A promise is an agreement's word on how often something comes (`slaProperties: frequency` of its contract). It is kept like any
configuration, once, by its hash: one that changes is another promise and counts anew, one whose contract got new words only does not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hub.promises import promise_of
from hub.quality.volume import Odd, overdue
from hub.runtime import Hub
from hub.site import Agreement
from hub.store import configurations
from hub.store.tables import configuration
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Awaited:
    """A promise of which nothing was seen yet, in the shape in which configurations are kept."""

    agreement: str
    contract: str
    version: str
    interval: int
    """Seconds within which something is to come."""

    @property
    def body(self) -> str:
        """What is promised."""
        return f"agreement: {self.agreement}\ncontract: {self.contract}\nfrequency_seconds: {self.interval}\n"

    @property
    def hash(self) -> str:
        """SHA-256 of `body`, hexadecimal."""
        return hashlib.sha256(self.body.encode()).hexdigest()


def awaited(hub: Hub, agreement: Agreement) -> Awaited | None:
    """What the agreement's contract promises; null where it promises nothing."""
    promise = promise_of(hub.site, agreement)
    interval = promise.contract.interval if promise is not None else None
    if promise is None or interval is None:
        return None
    return Awaited(agreement.agreement, promise.contract.name, promise.contract.version, interval)


def judge(connection: sa.Connection, promise: Awaited, agreement: Agreement, zone: ZoneInfo, now: datetime) -> Odd | None:
    """Whether it should have come by now: counted from when the promise was first known, and not before the agreement holds."""
    kept = sa.select(configuration.c.first_used_at).where(configuration.c.hash == promise.hash)
    first = connection.execute(kept).scalar()
    if first is None:
        return None
    since = moment(first)
    if agreement.valid.since is not None:
        since = max(since, datetime.combine(agreement.valid.since, time(), zone))
    return overdue(promise.interval, (now - since).total_seconds())


def note(uow: UnitOfWork, promises: list[Awaited]) -> None:
    """Remember since when these are known; what is known already stays as it is."""
    for promise in promises:
        configurations.keep(uow, "promise", promise.agreement, promise)

"""The audit trail as an auditor reads it: who did what to what, when and why, with what was there before and after, newest first.

Each organisation has a chain of its own, in the order of its entries; a page takes the newest of all chains that the reader may see, and
its cursor says how far each of them was read. Every entry comes with its hash and the one before it, so that what is read can be held
against an export (`hub.store.chain` says how the hash is made).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any

import sqlalchemy as sa

from hub.store.tables import audit
from hub.store.types import moment

Read = Mapping[int, int]
"""By organisation: the entry up to which its chain was read, downwards."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the trail is asked for; null: any."""

    actor: str | None = None
    action: str | None = None
    """`case.accepted`, or all that is done to cases by `case`."""
    subject: str | None = None
    """`exchange/12`, or all exchanges by `exchange`."""
    since: int | None = None
    """Microseconds since 1970 UTC, this moment too."""
    until: int | None = None
    """The same, this moment no more."""


def listed(
    connection: sa.Connection, organisations: Mapping[int, str | None], asked: Asked, limit: int, read: Read | None = None
) -> tuple[list[dict[str, Any]], Read | None]:
    """So many entries of these organisations, by id and key, newest first; and how far they are read then, null when all are."""
    chains = [_chain(connection, number, asked, limit + 1, (read or {}).get(number)) for number in sorted(organisations)]
    found = list(islice(merge(*chains, key=lambda row: (-row.at, row.organisation_id, -row.sequence)), limit + 1))
    shown = found[:limit]
    lowest = {number: before for number, before in (read or {}).items() if number in organisations}
    for row in shown:
        lowest[row.organisation_id] = row.sequence
    return [_told(row, organisations[row.organisation_id]) for row in shown], lowest if len(found) > limit else None


def _chain(connection: sa.Connection, organisation_id: int, asked: Asked, limit: int, before: int | None) -> list[Any]:
    query = sa.select(audit).where(audit.c.organisation_id == organisation_id).order_by(audit.c.sequence.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.sequence < before)
    if asked.actor is not None:
        query = query.where(audit.c.actor == asked.actor)
    for column, wanted, mark in ((audit.c.action, asked.action, "."), (audit.c.subject, asked.subject, "/")):
        if wanted is not None:
            query = query.where(sa.or_(column == wanted, column.startswith(f"{wanted}{mark}", autoescape=True)))
    if asked.since is not None:
        query = query.where(audit.c.at >= asked.since)
    if asked.until is not None:
        query = query.where(audit.c.at < asked.until)
    return list(connection.execute(query))


def _told(row: Any, organisation: str | None) -> dict[str, Any]:
    return {
        "organisation": organisation,
        "sequence": row.sequence,
        "at": moment(row.at).isoformat(),
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "reason": row.reason,
        "before": None if row.before is None else json.loads(row.before),
        "after": None if row.after is None else json.loads(row.after),
        "previous": bytes(row.previous).hex(),
        "hash": bytes(row.hash).hex(),
    }

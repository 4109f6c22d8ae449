"""The audit chain as it is written: each row carries the hash of the row before it.

One chain for each organisation. A row's hash is SHA-256 over the canonical JSON (UTF-8, no spaces) of the array

    [organisation, sequence, at, actor, action, subject, reason, before, after, previous]

where `at` is microseconds since 1970 UTC, `before` and `after` are JSON texts or null, and `previous` is the hex of the hash
of the row before, 64 zeros for the first. A few lines in any language can so check an export.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from hub.store import bulk
from hub.store.tables import audit, audit_head
from hub.store.types import storable

START = bytes(32)
"""What the first row of a chain calls the hash before it."""

COLUMNS = ("organisation_id", "sequence", "at", "actor", "action", "subject", "reason", "before", "after", "previous", "hash")

_HERE = audit_head.c.organisation_id == sa.bindparam("organisation")
_HEAD = sa.select(audit_head.c.sequence, audit_head.c.hash).where(_HERE).with_for_update()
_NEW_HEAD = sa.update(audit_head).where(_HERE).values(sequence=sa.bindparam("end"), hash=sa.bindparam("last"))
_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


class Entry(NamedTuple):
    """An audit entry before it has its place in the chain."""

    organisation_id: int
    at: int
    actor: str
    action: str
    subject: str
    reason: str | None
    before: str | None
    after: str | None


class Link(NamedTuple):
    """Where an entry stands in its chain, and its hash."""

    organisation_id: int
    sequence: int
    hash: bytes


def canonical(value: Any) -> str | None:
    """JSON text with sorted keys and no spaces; Decimals and times as strings; null stays null."""
    if value is None:
        return None
    try:
        return _encode_sorted(value).decode()
    except UnicodeEncodeError:  # a lone surrogate somewhere in a text from outside
        return _encode_sorted(cleaned(value)).decode()


def cleaned(value: Any) -> Any:
    """The same value with storable texts."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): cleaned(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [cleaned(member) for member in value]
    return value


def link(fields: tuple[Any, ...], previous: bytes) -> bytes:
    """The hash of one row; `fields` are its columns from organisation_id to after, in the order of `COLUMNS`."""
    return hashlib.sha256(_encode((*fields, previous.hex()))).digest()


def append(connection: sa.Connection, entries: Iterable[Entry]) -> list[Link]:
    """Write entries at the ends of their chains, organisation by organisation in ascending order; returns their places in that order.

    Holds the chain's head until the transaction ends, hence call it last.
    """
    ordered = sorted(entries, key=itemgetter(0))  # stable: within an organisation the order of the work
    placed: list[Link] = []
    for organisation_id, group in groupby(ordered, key=itemgetter(0)):
        sequence, previous = _locked_head(connection, organisation_id)
        rows: list[Sequence[Any]] = []
        for entry in group:
            sequence += 1
            actor, action, subject = storable(entry.actor), entry.action, storable(entry.subject)
            reason = None if entry.reason is None else storable(entry.reason)
            fields = (organisation_id, sequence, entry.at, actor, action, subject, reason, entry.before, entry.after)
            now = link(fields, previous)
            rows.append((*fields, previous, now))
            placed.append(Link(organisation_id, sequence, now))
            previous = now
        bulk.insert(connection, audit, COLUMNS, rows)
        connection.execute(_NEW_HEAD, {"organisation": organisation_id, "end": sequence, "last": previous})
    return placed


def stands(row: Any) -> bool:
    """Whether an entry (a row of `audit`) is as it was written: its own hash says so. That none is missing only the whole chain tells."""
    return link(tuple(getattr(row, name) for name in COLUMNS[:9]), bytes(row.previous)) == bytes(row.hash)


def _locked_head(connection: sa.Connection, organisation_id: int) -> tuple[int, bytes]:
    """Sequence and hash of the chain's end, locked until the transaction ends; starts the chain if there is none."""
    place = {"organisation": organisation_id}
    head = connection.execute(_HEAD, place).one_or_none()
    if head is None:
        bulk.insert_new(connection, audit_head, ("organisation_id", "sequence", "hash"), [(organisation_id, 0, START)])
        head = connection.execute(_HEAD, place).one()
    return head.sequence, bytes(head.hash)

"""Checking the audit: has any row been edited, cut out, swapped or put in, or has the end been cut off?

Each row carries the hash of the one before it, so a change inside shows by itself. A chain whose last rows were removed is still a
good chain; that shows only against a head that was exported to where the database's owner can't write (`export_head`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from data_contracts.errors import ConfigError
from hub.store.chain import COLUMNS, START, link
from hub.store.tables import audit, audit_head

_BATCH = 10_000


class Head(msgspec.Struct, frozen=True):
    """The end of a chain at some time: how many rows, and the hash of the last in hex."""

    sequence: int
    hash: str


class _Export(msgspec.Struct, forbid_unknown_fields=True):
    udihub_audit_heads: int
    heads: dict[str, Head]


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row at which a chain does not hold."""

    organisation_id: int
    sequence: int
    why: str


def verify(connection: sa.Connection, organisation_id: int, head: Head | None = None) -> Broken | None:
    """Walk a chain from its start; null when it holds. With an exported `head`, its row must still be there, unchanged."""
    expected, previous = 1, START
    columns = [audit.c[name] for name in COLUMNS]
    rows = connection.execution_options(yield_per=_BATCH).execute(
        sa.select(*columns).where(audit.c.organisation_id == organisation_id).order_by(audit.c.sequence)
    )
    with rows:
        for row in rows:
            *fields, stated_previous, stated = row
            sequence = row.sequence
            if sequence != expected:
                return Broken(organisation_id, expected, "is missing" if sequence > expected else "is out of order")
            if bytes(stated_previous) != previous:
                return Broken(organisation_id, sequence, "does not follow the row before it")
            if link(tuple(fields), previous) != bytes(stated):
                return Broken(organisation_id, sequence, "was altered")
            if head is not None and sequence == head.sequence and bytes(stated).hex() != head.hash:
                return Broken(organisation_id, sequence, "is not the row that was exported as head")
            expected, previous = sequence + 1, bytes(stated)
    last = expected - 1
    if head is not None and last < head.sequence:
        return Broken(organisation_id, expected, f"is missing: the exported head is row {head.sequence}")
    stored = connection.execute(sa.select(audit_head).where(audit_head.c.organisation_id == organisation_id)).one_or_none()
    if (0 if stored is None else stored.sequence) != last or (START if stored is None else bytes(stored.hash)) != previous:
        return Broken(organisation_id, last + 1, "is missing, or the stored head was altered: it does not name the last row")
    return None


def verify_all(connection: sa.Connection, exported: Mapping[int, Head] | None = None) -> list[Broken]:
    """Every chain of the store, and every chain that the exported heads name; empty when all hold."""
    known = set(connection.execute(sa.select(audit.c.organisation_id).distinct()).scalars())
    known |= set(connection.execute(sa.select(audit_head.c.organisation_id)).scalars()) | set(exported or {})
    broken = (verify(connection, number, (exported or {}).get(number)) for number in sorted(known))
    return [one for one in broken if one is not None]


def heads(connection: sa.Connection) -> dict[int, Head]:
    """The end of every chain now, by organisation id; 0 is the hub's own chain."""
    rows = connection.execute(sa.select(audit_head).order_by(audit_head.c.organisation_id))
    return {row.organisation_id: Head(row.sequence, bytes(row.hash).hex()) for row in rows}


def export_head(connection: sa.Connection, path: Path) -> dict[int, Head]:
    """Write the ends of all chains to a JSON file, atomically and durably; returns them.

    Keep the file where the database's owner can't write, or it proves nothing.
    """
    found = heads(connection)
    content = {"udihub_audit_heads": 1, "heads": {str(number): head for number, head in found.items()}}
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return found


def read_heads(path: Path) -> dict[int, Head]:
    """The heads that `export_head` wrote. Raises ConfigError for a file that is none of its."""
    try:
        content: Any = msgspec.json.decode(path.read_bytes(), type=_Export)
        return {int(number): head for number, head in content.heads.items()}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is no export of audit heads: {error}") from error

"""What the audit chain keeps of applied facts: which applications stand or fall by a transaction, and a digest of what they say.

The facts themselves are too many for the chain. Its entry names the applications and exchanges in spans and holds one SHA-256 over all
facts; who changes a line in the store afterwards can't make `stored_digest` give it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hub.apply.facts import APPLICATION_COLUMNS, LINE_COLUMNS, body_header
from hub.store import facts as store
from hub.store import visibility
from hub.store.chain import canonical, cleaned
from hub.store.lists import among
from hub.store.tables import master_record
from hub.store.types import scaled

MASTER_COLUMNS = ("code", "name", "name_zh", "gtin", "gln", "tax_number", "body")
"""Columns of a master record that come from the entity, in the order of `Facts.master`."""

Said = tuple[int, int, int, str, Sequence[Any], Sequence[Sequence[Any]], Sequence[Any] | None]
"""Application, exchange, subject, kind, its own columns, its lines, its master record."""


def spans(ids: Iterable[int]) -> str:
    """Ids in short: `1-40,42`."""
    found: list[list[int]] = []
    for number in sorted(set(ids)):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def numbers(text: str) -> list[int]:
    """The ids of spans."""
    pairs = (span.partition("-") for span in text.split(",") if span)
    return [number for first, _, last in pairs for number in range(int(first), int(last or first) + 1)]


def digest(everything: Iterable[Said]) -> str:
    """SHA-256, hex, over what applications say, by application. Equal for a message's own facts and for what the store gives back."""
    running = hashlib.sha256()
    for number, exchange, subject, kind, columns, lines, master in sorted(everything, key=lambda said: said[0]):
        said = [number, exchange, subject, kind, _plain(columns), [_plain(line) for line in lines], master and _plain(master)]
        text = canonical(said) or ""
        if "\\u0000" in text:  # no database column holds it, so it was not kept
            text = canonical(cleaned(said)) or ""
        running.update(text.encode())
        running.update(b"\n")
    return running.hexdigest()


def stored_digest(connection: sa.Connection, application_ids: Collection[int]) -> str:
    """The same over what the store holds of these applications."""
    rows = store.applications(connection, application_ids)
    lines = store.lines_of(connection, [row.id for row in rows], LINE_COLUMNS)
    columns = [master_record.c[name] for name in MASTER_COLUMNS]
    statement = sa.select(master_record.c.application_id, *columns).where(
        among(connection, master_record.c.application_id, sorted(application_ids))
    )
    bodies = visibility.bodies(connection, [row.id for row in rows if row.kind == "event"])
    masters = {number: tuple(values) for number, *values in connection.execute(statement)}
    return digest(
        (
            row.id,
            row.exchange_id,
            row.subject_id,
            row.kind,
            [*(getattr(row, name) for name in APPLICATION_COLUMNS[:-1]), body_header(bodies[row.id]) if row.id in bodies else row.header],
            lines[row.id],
            masters.get(row.id),
        )
        for row in rows
    )


def _plain(values: Sequence[Any]) -> list[Any]:
    """Exact numbers as the store counts them, so that `12.50` and `12.5` are one."""
    return [scaled(value) if type(value) is Decimal else value for value in values]

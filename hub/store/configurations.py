"""Every configuration that was used is kept by its hash, so that any fact can be explained years later with the map of its day."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from hub.store import bulk, tables
from hub.store.unit_of_work import UnitOfWork

_known: WeakKeyDictionary[sa.Engine, set[str]] = WeakKeyDictionary()
"""Store → hashes that this process has seen stored; bounded by the number of configurations of a site."""


class Used(Protocol):
    """A mapping or agreement as it was used."""

    @property
    def hash(self) -> str:
        """SHA-256 of `body`, hexadecimal."""
        ...

    @property
    def version(self) -> int | str:
        """As its author counts."""
        ...

    @property
    def body(self) -> str:
        """The complete text."""
        ...


def keep(uow: UnitOfWork, kind: str, name: str, used: Used) -> None:
    """Store a configuration (`mapping`, `agreement`, `grammar`) by its hash, once."""
    known = _known.setdefault(uow.connection.engine, set())
    if used.hash in known:
        return
    stored = uow.connection.execute(sa.select(tables.configuration.c.hash).where(tables.configuration.c.hash == used.hash)).first()
    if stored is not None:
        known.add(used.hash)  # only what another transaction has committed; our own may still be rolled back
        return
    uow.connection.execute(
        bulk.insert_or_ignore(uow.connection, tables.configuration).values(
            hash=used.hash, kind=kind, name=name, version=str(used.version), body=used.body, first_used_at=uow.now
        )
    )

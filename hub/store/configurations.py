"""Every configuration that was used is kept by its hash, so that any fact can be explained years later with the map of its day."""

from __future__ import annotations

from typing import Protocol

import sqlalchemy as sa

from hub.store import bulk, tables
from hub.store.unit_of_work import UnitOfWork

_known: set[tuple[str, str]] = set()
"""(store, hash) that this process has seen stored; bounded by the number of configurations of a site."""


class MappingLike(Protocol):
    """A mapping as it was used."""

    @property
    def hash(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int | str: ...
    @property
    def body(self) -> str: ...


class AgreementLike(Protocol):
    """An agreement as it was used."""

    @property
    def hash(self) -> str: ...
    @property
    def agreement(self) -> str: ...
    @property
    def version(self) -> int | str: ...
    @property
    def body(self) -> str: ...


def keep(uow: UnitOfWork, mapping: MappingLike, agreement: AgreementLike | None) -> None:
    """Store mapping and agreement by their hashes, once."""
    _keep(uow, mapping.hash, "mapping", mapping.name, str(mapping.version), mapping)
    if agreement is not None:
        _keep(uow, agreement.hash, "agreement", agreement.agreement, str(agreement.version), agreement)


def _keep(uow: UnitOfWork, digest: str, kind: str, name: str, version: str, configuration: MappingLike | AgreementLike) -> None:
    mark = (str(uow.connection.engine.url), digest)
    if mark in _known:
        return
    stored = uow.connection.execute(sa.select(tables.configuration.c.hash).where(tables.configuration.c.hash == digest)).first()
    if stored is not None:
        _known.add(mark)  # only what another transaction has committed; our own may still be rolled back
        return
    uow.connection.execute(
        bulk.insert_or_ignore(uow.connection, tables.configuration).values(
            hash=digest, kind=kind, name=name, version=version, body=configuration.body, first_used_at=uow.now
        )
    )

"""The site's organisations and partners as the store knows them: key to id, written when the hub opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import sqlalchemy as sa

from data_contracts.errors import ConfigError
from hub.store import tables
from hub.store.identity import allocate
from hub.store.unit_of_work import UnitOfWork


class _Organisation(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def gln(self) -> str | None: ...
    @property
    def time_zone(self) -> str: ...


class _Partner(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def gln(self) -> str | None: ...


class SiteLike(Protocol):
    """What of a site the store must know."""

    @property
    def organisations(self) -> Mapping[str, _Organisation]:
        """By key."""
        ...

    @property
    def partners(self) -> Mapping[str, _Partner]:
        """By key."""
        ...

    def party_codes(self, partner: str) -> Mapping[str, str]:
        """A partner's codes in our systems' master data, by system."""
        ...


@dataclass(frozen=True, slots=True)
class Registry:
    """Keys and ids of organisations and partners, both ways."""

    organisations: Mapping[str, int] = field(default_factory=dict)
    partners: Mapping[str, int] = field(default_factory=dict)
    _organisation_keys: Mapping[int, str] = field(init=False, repr=False, compare=False)
    _partner_keys: Mapping[int, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Keys are asked for with every document."""
        object.__setattr__(self, "_organisation_keys", {number: key for key, number in self.organisations.items()})
        object.__setattr__(self, "_partner_keys", {number: key for key, number in self.partners.items()})

    def organisation_id(self, key: str) -> int:
        """Raises ConfigError when the site has no such organisation."""
        try:
            return self.organisations[key]
        except KeyError:
            raise ConfigError(f"the site has no organisation {key!r}") from None

    def partner_id(self, key: str) -> int:
        """Raises ConfigError when the site has no such partner."""
        try:
            return self.partners[key]
        except KeyError:
            raise ConfigError(f"the site has no partner {key!r}") from None

    def partner_key(self, partner_id: int) -> str:
        """Key of a partner id; the id came from the store, so it is known."""
        return self._partner_keys[partner_id]

    def organisation_key(self, organisation_id: int) -> str:
        """Key of an organisation id; the id came from the store, so it is known."""
        return self._organisation_keys[organisation_id]


def synchronise(uow: UnitOfWork, site: SiteLike) -> Registry:
    """Write new organisations and partners, renew changed names; those gone from the site stay, since facts name them."""
    return Registry(
        organisations=_synchronise(
            uow,
            tables.organisation,
            {o.key: {"name": o.name, "gln": o.gln, "time_zone": o.time_zone} for o in site.organisations.values()},
        ),
        partners=_synchronise(
            uow,
            tables.partner,
            {key: {"name": p.name, "kind": p.kind, "gln": p.gln, "party": dict(site.party_codes(key))} for key, p in site.partners.items()},
        ),
    )


def _synchronise(uow: UnitOfWork, table: sa.Table, wanted: Mapping[str, Mapping[str, object]]) -> dict[str, int]:
    known = {row.key: row for row in uow.connection.execute(sa.select(table))}
    missing = sorted(set(wanted) - set(known))
    ids = dict(zip(missing, allocate(uow.connection, table.name, len(missing)), strict=True)) if missing else {}
    for key, number in ids.items():
        uow.connection.execute(table.insert().values(id=number, key=key, **wanted[key]))
    for key, row in known.items():
        values = wanted.get(key)
        if values is not None and any(getattr(row, name) != value for name, value in values.items()):
            uow.connection.execute(table.update().where(table.c.id == row.id).values(**values))
    return {key: row.id for key, row in known.items()} | ids

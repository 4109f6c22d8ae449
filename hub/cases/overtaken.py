"""Messages that were applied with a meaning of a code list that is to change: what they would say then, for a person to replay them or not.

They are not waiting for anything and nothing of them was wrong, so that nobody would look at them again; but what they said rests on the
old meaning. They are read again twice in memory, by the site as it is and as it is to be; told are those of which the two differ. Only the
newest are read (`MOST`): older ones are past their use, and reading all that ever came would take hours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConfigError, ConflictError, NotFoundError
from hub.content import Version, corrections, version_of
from hub.examine import Claimant, ExaminedMessage, examine
from hub.runtime import Hub
from hub.site import Site
from hub.store import blobs
from hub.store.lists import among
from hub.store.tables import document, exchange
from hub.store.types import moment
from mappings.resolve import resolve

MOST = 2_000
"""Messages that are looked at, the newest."""
TOLD = 3
"""Changes that are told of one message."""


@dataclass(frozen=True, slots=True)
class Change:
    """A member that would say something else: its path, what it says, and what it would say; null where it says nothing."""

    path: str
    now: Any
    then: Any


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A message that was applied and would say something else."""

    row: Any
    """Of the exchange that speaks now."""
    document: int
    then: Version
    changes: tuple[Change, ...]


def agreements(hub: Hub, site: Site) -> list[str]:
    """Agreements by which messages are read otherwise on a changed site."""
    found = []
    for name, agreement in hub.site.agreements.items():
        if agreement.direction == "in" and any(_differs(hub, site, agreed.mapping) for agreed in agreement.messages):
            found.append(name)
    return found


def look(
    hub: Hub, site: Site, connection: sa.Connection, organisations: Collection[int] | None, apart: Collection[int]
) -> Iterator[Overtaken]:  # fmt: skip
    """Applied messages that would say something else on the changed site; those of `apart` (which wait, too) are left out."""
    names = agreements(hub, site)
    if not names:
        return
    origin = exchange.alias("origin")
    query = (
        sa.select(exchange, origin.c.document_id.label("came_in"), origin.c.ordinal.label("came_as"))
        .join(origin, origin.c.id == sa.func.coalesce(exchange.c.origin_id, exchange.c.id))
        .where(exchange.c.direction == "in", exchange.c.state == "applied", among(connection, exchange.c.agreement, names))
        .order_by(exchange.c.id.desc())
        .limit(MOST)
    )
    if organisations is not None:
        query = query.where(among(connection, exchange.c.organisation_id, sorted(organisations)))
    rows = [row for row in connection.execute(query) if row.id not in apart]
    by_document: dict[int, list[Any]] = {}
    for row in rows:
        by_document.setdefault(row.came_in, []).append(row)
    for number, messages in sorted(by_document.items()):
        now = read_again(hub, hub.site, connection, number, messages[0])
        then = read_again(hub, site, connection, number, messages[0])
        for row in sorted(messages, key=lambda one: one.id):
            said = _version(hub, connection, row, now.get(row.came_as)), _version(hub, connection, row, then.get(row.came_as))
            if said[0] is None or said[1] is None:
                continue
            changes = tuple(_changes(said[0].entity, said[1].entity, ""))
            if changes:
                yield Overtaken(row, number, said[1], changes)


def read_again(hub: Hub, site: Site, connection: sa.Connection, document_id: int, row: Any) -> dict[int, ExaminedMessage]:
    """The messages of a document as a site reads them, by their place in it. Nothing is stored."""
    kept = connection.execute(sa.select(document).where(document.c.id == document_id)).one()
    claimant = Claimant(hub.registry.partner_key(row.partner_id), agreement=row.agreement)
    with blobs.open_blob(connection, hub.settings.home, kept.sha256) as stream:
        examination = examine(stream, site, claimant, moment(kept.received_at))
    return {one.message.ordinal: one for one in examination.messages}


def _differs(hub: Hub, site: Site, mapping: str) -> bool:
    try:
        return resolve(mapping, site.mapping_folders).hash != resolve(mapping, hub.site.mapping_folders).hash
    except ConfigError:
        return False  # it was at fault before, and reads nothing


def _version(hub: Hub, connection: sa.Connection, row: Any, examined: ExaminedMessage | None) -> Version | None:
    if examined is None:
        return None
    try:
        return version_of(hub, examined, corrections(hub, connection, row), hub.clock.now().date())
    except (ConflictError, NotFoundError):
        return None


def _changes(now: Any, then: Any, path: str) -> Iterator[Change]:
    if isinstance(now, Mapping) and isinstance(then, Mapping):
        for name in [*now, *(name for name in then if name not in now)]:
            yield from _changes(now.get(name), then.get(name), f"{path}.{name}" if path else str(name))
    elif isinstance(now, list) and isinstance(then, list):
        for index in range(max(len(now), len(then))):
            one, other = (rows[index] if index < len(rows) else None for rows in (now, then))
            yield from _changes(one, other, f"{path}[{index}]")
    elif now != then:
        yield Change(path, now, then)

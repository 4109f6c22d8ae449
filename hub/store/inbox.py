"""The inbox: each delivery has one effect, however often it is delivered.

A delivery is known by (organisation, partner, channel, delivery key). The hash addresses the bytes only: equal bytes under a new key are
a new assertion (stock A, then B, then A again).

    same key, same bytes    repeat: the first document again, nothing new
    same key, other bytes   conflict: both originals are kept, the second as a rejected document with a finding
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal, NamedTuple

import sqlalchemy as sa

from data_contracts.findings import Finding
from hub.store import blobs, bulk, evidence, identity
from hub.store.lists import among
from hub.store.tables import document
from hub.store.types import storable
from hub.store.unit_of_work import UnitOfWork

Outcome = Literal["new", "repeat", "conflict"]
CONFLICT = "\x1fconflict:"
"""Stands between the delivery key and the hash in the key of a conflicting delivery; no delivery key from outside can hold it."""
_COLUMNS = (
    "id", "organisation_id", "partner_id", "channel", "delivery_key", "sha256", "name", "media_type", "flow",
    "received_at", "received_by", "state", "organisations",
)  # fmt: skip
_LONGEST_KEY = 400
"""Characters of a delivery key that are kept as they are; what is longer is cut and told apart by its hash."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file or body from a partner. `channel` is http, folder, sftp or cli.

    A stream is read when the delivery is landed; give large content as `blobs.stage` made it, before the transaction begins.
    """

    organisation_id: int
    partner_id: int
    channel: str
    delivery_key: str
    stream: bytes | BinaryIO | blobs.Staged
    name: str | None = None
    media_type: str | None = None
    flow: str | None = None
    received_by: str | None = None
    """Credential label or person; null: the actor of the transaction."""
    organisations: Sequence[str] | None = None
    """Keys of the organisations that the credential may send to; null: all."""


@dataclass(frozen=True, slots=True)
class Landing:
    """What became of a delivery. Tell the partner only after the transaction has ended."""

    document_id: int
    outcome: Outcome
    first_document_id: int
    """The document that holds the delivery key; equal to `document_id` unless the outcome is conflict."""
    sha256: bytes
    size: int


class _Key(NamedTuple):
    organisation_id: int
    partner_id: int
    channel: str
    delivery_key: str


class _Wanted(NamedTuple):
    key: _Key
    delivery: Delivery
    content: blobs.Staged


def land(uow: UnitOfWork, delivery: Delivery) -> Landing:
    """Take one delivery in: bytes, document, audit. See the module for the three outcomes."""
    return land_many(uow, [delivery])[0]


def land_many(uow: UnitOfWork, deliveries: Sequence[Delivery]) -> list[Landing]:
    """Take deliveries in, in their order of arrival; a key may come twice in one call. Cheaper than one by one."""
    wanted = [_Wanted(_key(delivery), delivery, _staged(uow, delivery.stream)) for delivery in deliveries]
    firsts = _known(uow, [one.key for one in wanted])
    # The bytes of a repeat are there already: its first document names them.
    blobs.record(uow.connection, [one.content for one in wanted if one.key not in firsts or firsts[one.key][1] != one.content.sha256])
    fresh: dict[_Key, _Wanted] = {}
    for one in wanted:
        if one.key not in firsts:
            fresh.setdefault(one.key, one)
    made = _insert(uow, fresh, "received")
    raced = [key for key in fresh if key not in made]
    if raced:  # another poster was faster by a moment; it has committed, or our insert would still wait for it
        firsts.update(_known(uow, raced))
    firsts.update({key: (made[key], one.content.sha256) for key, one in fresh.items() if key in made})
    clashing = {_conflict_key(one): one for one in wanted if firsts[one.key][1] != one.content.sha256}
    conflicts = _keep_conflicts(uow, clashing, firsts)
    landings: list[Landing] = []
    for one in wanted:
        first, sha256 = firsts[one.key]
        if sha256 != one.content.sha256:
            landings.append(_landing(one, conflicts[_conflict_key(one)], "conflict", first))
        elif fresh.get(one.key) is one and one.key in made:
            landings.append(_landing(one, first, "new", first))
        else:
            landings.append(_landing(one, first, "repeat", first))
    return landings


def _landing(one: _Wanted, document_id: int, outcome: Outcome, first: int) -> Landing:
    return Landing(document_id, outcome, first, one.content.sha256, one.content.size)


def _key(delivery: Delivery) -> _Key:
    text = "".join(character if character >= " " else "\ufffd" for character in storable(delivery.delivery_key))
    if len(text) > _LONGEST_KEY:
        text = f"{text[:_LONGEST_KEY]}…sha256:{hashlib.sha256(delivery.delivery_key.encode(errors='surrogatepass')).hexdigest()}"
    return _Key(delivery.organisation_id, delivery.partner_id, delivery.channel, text)


def _conflict_key(one: _Wanted) -> _Key:
    return one.key._replace(delivery_key=f"{one.key.delivery_key}{CONFLICT}{one.content.sha256.hex()}")


def _staged(uow: UnitOfWork, stream: bytes | BinaryIO | blobs.Staged) -> blobs.Staged:
    return stream if isinstance(stream, blobs.Staged) else blobs.stage(uow.home, stream)


def _known(uow: UnitOfWork, keys: Sequence[_Key]) -> dict[_Key, tuple[int, bytes]]:
    """Document and hash by key, as far as the keys are taken."""
    columns = (document.c.organisation_id, document.c.partner_id, document.c.channel, document.c.delivery_key)
    found: dict[_Key, tuple[int, bytes]] = {}
    groups: dict[tuple[int, int, str], list[str]] = {}
    for key in dict.fromkeys(keys):
        groups.setdefault(key[:3], []).append(key.delivery_key)
    for (organisation_id, partner_id, channel), names in groups.items():
        query = sa.select(document.c.id, document.c.sha256, *columns).where(
            columns[0] == organisation_id, columns[1] == partner_id, columns[2] == channel, among(uow.connection, columns[3], names)
        )
        for row in uow.connection.execute(query):
            found[_Key(*row[2:])] = (row.id, bytes(row.sha256))
    return found


def _insert(uow: UnitOfWork, fresh: dict[_Key, _Wanted], state: str) -> dict[_Key, int]:
    """Document rows for keys that nobody holds; ids in order of arrival, rows in order of keys. Returns what was made."""
    if not fresh:
        return {}
    ids = dict(zip(fresh, identity.allocate(uow.connection, "document", len(fresh)), strict=True))
    rows = [
        (
            ids[key], *key, one.content.sha256, one.delivery.name, one.delivery.media_type, one.delivery.flow,
            uow.now, one.delivery.received_by or uow.actor, state,
            None if one.delivery.organisations is None else list(one.delivery.organisations),
        )
        for key, one in sorted(fresh.items())
    ]  # fmt: skip
    kept = bulk.insert_new(uow.connection, document, _COLUMNS, rows)
    made = {key: number for key, number in ids.items() if number in kept}
    for key, number in made.items():
        content = fresh[key].content
        uow.audit(
            key.organisation_id,
            "document.landed" if state == "received" else "document.rejected",
            f"document/{number}",
            reason=None if state == "received" else "same delivery key, other bytes",
            after={
                "partner_id": key.partner_id,
                "channel": key.channel,
                "delivery_key": key.delivery_key,
                "sha256": content.sha256.hex(),
                "size": content.size,
            },
        )
    return made


def _keep_conflicts(uow: UnitOfWork, clashing: dict[_Key, _Wanted], firsts: dict[_Key, tuple[int, bytes]]) -> dict[_Key, int]:
    """The rejected documents of conflicting deliveries; the same bytes in conflict again are the same document."""
    if not clashing:
        return {}
    known = _known(uow, list(clashing))
    fresh = {key: one for key, one in clashing.items() if key not in known}
    made = _insert(uow, fresh, "rejected")
    evidence.add_findings(
        uow,
        [
            evidence.Found(
                Finding(
                    "DUP-01",
                    expected=firsts[one.key][1].hex(),
                    got=one.content.sha256.hex(),
                    params={"key": one.key.delivery_key, "document": str(firsts[one.key][0])},
                ),
                document_id=made[key],
                partner_id=key.partner_id,
                organisation_id=key.organisation_id,
            )
            for key, one in fresh.items()
            if key in made
        ],
    )
    raced = [key for key in clashing if key not in known and key not in made]
    return {
        **{key: number for key, (number, _) in known.items()},
        **made,
        **{key: number for key, (number, _) in (_known(uow, raced) if raced else {}).items()},
    }

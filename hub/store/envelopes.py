"""Envelopes: each interchange counts once, by sender, receiver and control number.

    same numbers, same bytes    repeat: the first interchange is named, so that its answer can be given again
    same numbers, other bytes   conflict: both stay as evidence, the second is refused (X12 TA1 note 025, UN/EDIFACT CONTRL 4/26)

An envelope that is refused for another reason, or is a test, does not use its number up: the sender mends it and sends it again.
Numbers begin anew after some years of counting: one that came before the agreement's window (`Registration.since`) is free again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from data_contracts.findings import Finding
from hub.store import bulk, identity
from hub.store.lists import among
from hub.store.tables import document, interchange
from hub.store.types import storable
from hub.store.unit_of_work import UnitOfWork

Outcome = Literal["accepted", "rejected", "repeat", "conflict", "test"]


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class Registration:
    """One envelope of a document. `sender` and `receiver` as `qualifier:id`; null parts: the syntax has no envelope."""

    document_id: int
    ordinal: int
    sender: str | None
    receiver: str | None
    control: str | None
    sha256: bytes | None
    """Of the interchange's own bytes."""
    counts: bool = True
    """False: the control number is not looked at."""
    refused: bool = False
    """The envelope is refused whatever its number."""
    test: bool = False
    since: int | None = None
    """Microseconds since 1970: a number is free again if it last counted in a document received before; null: never."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Groups with their counts, and whatever else must be kept."""


@dataclass(slots=True)
class Registered:
    """What became of an envelope. `findings` are for the caller to add to."""

    interchange_id: int
    outcome: Outcome
    first_interchange_id: int
    """The interchange that holds the control number; equal to `interchange_id` unless it is a repeat or a conflict."""
    findings: list[Finding] = field(default_factory=list)


def envelope_key(registration: Registration) -> str | None:
    """The unique key of an envelope that counts: `sender|receiver|control`, with `%` and `|` inside a part escaped."""
    parts = (registration.sender, registration.receiver, registration.control)
    if not registration.counts or registration.refused or registration.test or None in parts:
        return None
    return "|".join(storable(part or "").replace("%", "%25").replace("|", "%7C") for part in parts)


def register(uow: UnitOfWork, registration: Registration) -> Registered:
    """Record one envelope; see the module for the outcomes."""
    return register_many(uow, [registration])[0]


def register_many(uow: UnitOfWork, registrations: Sequence[Registration]) -> list[Registered]:
    """Record envelopes in their order of arrival; a number may come twice in one call.

    An envelope of a document that was registered before (a large document taken up again after a crash) keeps its row and outcome.
    """
    known = _known(uow, registrations)
    new = [one for one in registrations if (one.document_id, one.ordinal) not in known]
    places = [(one.document_id, one.ordinal) for one in new]
    ids = dict(zip(places, identity.allocate(uow.connection, "interchange", len(new)), strict=True))
    claimants: dict[str, Registration] = {}
    for one in new:
        key = envelope_key(one)
        if key is not None:
            claimants.setdefault(key, one)
    holders = _hold(uow, claimants, ids)
    made: list[Registered] = []
    rest: list[tuple[Any, ...]] = []
    for one in registrations:
        place = (one.document_id, one.ordinal)
        if place in known:
            made.append(known[place])
            continue
        key = envelope_key(one)
        first, first_hash = holders[key] if key is not None else (ids[place], one.sha256)
        outcome: Outcome
        if first != ids[place]:
            outcome = "repeat" if first_hash == one.sha256 else "conflict"
        else:
            outcome = "rejected" if one.refused else "test" if one.test else "accepted"
        if key is None or first != ids[place]:
            rest.append(_row(one, ids[place], None, outcome, first if first != ids[place] else None))
        made.append(Registered(ids[place], outcome, first))
    bulk.insert(uow.connection, interchange, _COLUMNS, rest)
    return made


_COLUMNS = (
    "id", "document_id", "ordinal", "sender", "receiver", "control", "envelope_key", "sha256", "outcome", "repeat_of", "test", "detail",
)  # fmt: skip


def _row(one: Registration, number: int, key: str | None, outcome: Outcome, first: int | None) -> tuple[Any, ...]:
    return (
        number, one.document_id, one.ordinal, one.sender, one.receiver, one.control, key, one.sha256, outcome, first, one.test, one.detail,
    )  # fmt: skip


def _hold(
    uow: UnitOfWork, claimants: Mapping[str, Registration], ids: Mapping[tuple[int, int], int]
) -> dict[str, tuple[int, bytes | None]]:
    """Take the keys that are free, in their order, and say who holds each: interchange and hash.

    Behind a holder from before the window its successor is looked for, and so on, by a key that names it (`…|17`): nothing that is
    written changes, and of two who come at once only one can follow.
    """
    holders: dict[str, tuple[int, bytes | None]] = {}
    wanted = {key: key for key in claimants}
    while wanted:
        found = _take(uow, {tried: claimants[key] for key, tried in wanted.items()}, ids)
        late: dict[str, str] = {}
        for key, tried in wanted.items():
            holder, sha256, received_at = found[tried]
            since = claimants[key].since
            if since is not None and received_at is not None and received_at < since:
                late[key] = f"{key}|{holder}"
            else:
                holders[key] = holder, sha256
        wanted = late
    return holders


def _take(
    uow: UnitOfWork, claimants: Mapping[str, Registration], ids: Mapping[tuple[int, int], int]
) -> dict[str, tuple[int, bytes | None, int | None]]:
    """Holder of each key, its hash, and when its document came; null: it has just been given the key."""
    ordered = [(key, claimants[key]) for key in sorted(claimants)]
    rows = [_row(one, ids[one.document_id, one.ordinal], key, "accepted", None) for key, one in ordered]
    # Waits for a rival that has not committed yet, and then yields to it.
    made = bulk.insert_new(uow.connection, interchange, _COLUMNS, rows)
    holders: dict[str, tuple[int, bytes | None, int | None]] = {
        row[6]: (row[0], one.sha256, None) for row, (_, one) in zip(rows, ordered, strict=True) if row[0] in made
    }
    held = [key for key in claimants if key not in holders]
    if not held:
        return holders
    found = uow.connection.execute(
        sa.select(interchange.c.envelope_key, interchange.c.id, interchange.c.sha256, document.c.received_at)
        .join(document, document.c.id == interchange.c.document_id)
        .where(among(uow.connection, interchange.c.envelope_key, held))
    )
    for row in found:
        holders[row.envelope_key] = row.id, None if row.sha256 is None else bytes(row.sha256), row.received_at
    return holders


def _known(uow: UnitOfWork, registrations: Sequence[Registration]) -> dict[tuple[int, int], Registered]:
    rows = uow.connection.execute(
        sa.select(interchange.c.id, interchange.c.document_id, interchange.c.ordinal, interchange.c.outcome, interchange.c.repeat_of).where(
            among(uow.connection, interchange.c.document_id, list({one.document_id for one in registrations}))
        )
    )
    return {(row.document_id, row.ordinal): Registered(row.id, row.outcome, row.repeat_of or row.id) for row in rows}

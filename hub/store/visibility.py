"""Statements of visibility events: their rows, and the index by the things that they speak of.

Things are nodes of the trace, so that a look-up by EPC is a look-up by an integer. What is asked more rarely (business transactions,
sources, destinations) is found by a hash of 64 bits and compared in the body.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from data_contracts.events.members import EVENT_TYPES
from hub.store import bulk
from hub.store.event_tables import event, event_mark, event_thing, event_thing_use, event_word, event_word_use
from hub.store.identity import allocate
from hub.store.lists import among
from hub.store.tables import application, subject
from hub.store.unit_of_work import UnitOfWork

TYPES = {name: number for number, name in enumerate(EVENT_TYPES, 1)}
"""Event type → number in the store; never renumber."""
ACTIONS = {"ADD": 1, "OBSERVE": 2, "DELETE": 3}
WORDS = {"step": 1, "disposition": 2, "read_point": 3, "location": 4}
"""Column of an event → kind of word."""
EPC, PARENT, CHILD, INPUT, OUTPUT = 1, 2, 3, 4, 5
CLASS, ITEM = 10, 20
"""Added to a part: a quantity of a class; the item (GTIN) of things or classes that stand in it, for patterns."""

_EVENT = (
    "id", "application_id", "organisation_id", "partner_id", "number", "number_hash", "hash", "type", "action", "occurred_at",
    "recorded_at", "declared_at", "step", "disposition", "read_point", "location", "derived", "shown", "body",
)  # fmt: skip


@dataclass(slots=True)
class EventSaid:
    """What one event says, ready for the store."""

    number: str
    hash: bytes
    type: int
    action: int | None
    occurred_at: int
    declared_at: int | None
    words: Mapping[str, str]
    """Column → business step, disposition, read point, business location."""
    body: str
    things: list[tuple[str, int, Decimal | None]] = field(default_factory=list)
    """Node key, role, quantity."""
    marks: set[int] = field(default_factory=set)
    edges: Any = None
    """Edges of the trace that follow when it stands (`hub.apply.event_facts.edges_of`), where they are known already."""


@dataclass(frozen=True, slots=True)
class Captured:
    """An event and whose it is."""

    application_id: int
    organisation_id: int
    partner_id: int
    said: EventSaid
    derived: bool = False


@lru_cache(maxsize=32_768)  # of one event its number is asked for by each step of a batch
def mark(text: str) -> int:
    """64 bits of a text's hash, as a signed integer."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big", signed=True)


def insert(uow: UnitOfWork, events: Sequence[Captured]) -> list[int]:
    """Write events and their marks; returns their ids in order. Their things are indexed when the nodes are known (`index`)."""
    if not events:
        return []
    connection = uow.connection
    if uow.is_postgresql:  # a transaction must have begun to count before it takes ids: `horizon` relies on it
        connection.exec_driver_sql("SELECT pg_current_xact_id()")
    words = _words(uow, events)
    ids = allocate(connection, "event", len(events))
    rows = []
    for number, captured in zip(ids, events, strict=True):
        said = captured.said
        own = [words[WORDS[column], said.words[column]] if column in said.words else None for column in WORDS]
        rows.append(
            (
                number, captured.application_id, captured.organisation_id, captured.partner_id, said.number, mark(said.number), said.hash,
                said.type, said.action, said.occurred_at, uow.now, said.declared_at, *own, captured.derived, True, said.body,
            )
        )  # fmt: skip
    bulk.insert(connection, event, _EVENT, rows)
    marks = sorted((one, number) for number, captured in zip(ids, events, strict=True) for one in captured.said.marks)
    bulk.insert(connection, event_mark, ("mark", "event_id"), marks)
    return ids


def index(connection: sa.Connection, rows: Iterable[tuple[int, int, int, Decimal | None]], owners: Mapping[int, tuple[int, int]]) -> None:
    """Enter (node, event, role, quantity), each node once in a role of an event. `owners`: organisation and partner of these events."""
    ordered = sorted(rows, key=_by_node)
    bulk.insert(connection, event_thing, ("node_id", "event_id", "role", "quantity"), ordered)
    uses = {(owners[number][1], node, owners[number][0]) for node, number, role, _ in ordered if role < CLASS}
    bulk.insert_missing(connection, event_thing_use, ("partner_id", "node_id", "organisation_id"), sorted(uses))


def _by_node(row: Sequence[Any]) -> tuple[int, int]:
    return row[0], row[1]


def known(connection: sa.Connection, numbers: Collection[str]) -> dict[tuple[int, int, str, bool], Any]:
    """Shown, captured events by (organisation, partner, eventID, whether it declares an error): hash, and the exchange that brought it."""
    found: dict[tuple[int, int, str, bool], Any] = {}
    if not numbers:
        return found
    hashes = sorted({mark(number) for number in numbers})
    rows = connection.execute(
        sa.select(event.c.organisation_id, event.c.partner_id, event.c.number, event.c.declared_at, event.c.hash, application.c.exchange_id)
        .join(application, application.c.id == event.c.application_id)
        .where(among(connection, event.c.number_hash, hashes), event.c.shown, sa.not_(event.c.derived))
    )
    for row in rows:
        found.setdefault((row.organisation_id, row.partner_id, row.number, row.declared_at is not None), row)
    return found


def hide(connection: sa.Connection, application_ids: Collection[int]) -> None:
    """Events of these applications are shown no longer."""
    if application_ids:
        connection.execute(event.update().where(among(connection, event.c.application_id, application_ids)).values(shown=False))


def derived(connection: sa.Connection, subject_ids: Collection[int]) -> set[int]:
    """Applications of these subjects from which events were derived."""
    found = (
        sa.select(event.c.application_id)
        .join(application, application.c.id == event.c.application_id)
        .where(among(connection, application.c.subject_id, subject_ids), event.c.derived)
    )
    return set(connection.execute(found.distinct()).scalars())


def told_of(connection: sa.Connection, application_ids: Collection[int]) -> set[int]:
    """Those of these applications of which events are kept."""
    found = sa.select(event.c.application_id).where(among(connection, event.c.application_id, application_ids))
    return set(connection.execute(found.distinct()).scalars())


def standing(connection: sa.Connection, subject_ids: Collection[int]) -> set[int]:
    """Applications that decide these subjects."""
    found = sa.select(subject.c.standing_id).where(among(connection, subject.c.id, subject_ids), subject.c.standing_id.is_not(None))
    return set(connection.execute(found).scalars())


def show_derived(connection: sa.Connection, application_ids: Collection[int], *, shown: bool) -> None:
    """Events that were derived from these applications are shown, or no longer."""
    if application_ids:
        of_these = among(connection, event.c.application_id, application_ids)
        connection.execute(event.update().where(of_these, event.c.derived, event.c.shown != shown).values(shown=shown))


def bodies(connection: sa.Connection, application_ids: Collection[int]) -> dict[int, str]:
    """Bodies of captured events by application."""
    rows = connection.execute(
        sa.select(event.c.application_id, event.c.body).where(
            among(connection, event.c.application_id, application_ids), sa.not_(event.c.derived)
        )
    )
    return dict(rows.all())


_words_known: dict[str, dict[tuple[int, str], int]] = {}
_uses_known: dict[str, set[tuple[int, int, int]]] = {}
_MOST = 100_000
"""Words kept by a process for each store: read points are many, terms are few."""


def _words(uow: UnitOfWork, events: Sequence[Captured]) -> dict[tuple[int, str], int]:
    """Ids of the words of events; what is new is made. Only what another transaction has committed is remembered."""
    connection = uow.connection
    store = str(connection.engine.url)
    remembered = _words_known.setdefault(store, {})
    wanted = sorted({(WORDS[column], value) for captured in events for column, value in captured.said.words.items()})
    found = {word: remembered[word] for word in wanted if word in remembered}
    missing = [word for word in wanted if word not in found]
    if missing:
        stored = _stored_words(connection, missing)
        if len(remembered) < _MOST:
            remembered |= stored
        new = [word for word in missing if word not in stored]
        if new:
            ids = allocate(connection, "event_word", len(new))
            bulk.insert_new(
                connection, event_word, ("id", "kind", "value"), [(number, *word) for number, word in zip(ids, new, strict=True)]
            )
            stored |= _stored_words(connection, new)
        found |= stored
    _use(uow, store, events, found)
    return found


def _stored_words(connection: sa.Connection, words: Sequence[tuple[int, str]]) -> dict[tuple[int, str], int]:
    values = sorted({value for _, value in words})
    rows = connection.execute(
        sa.select(event_word.c.kind, event_word.c.value, event_word.c.id).where(among(connection, event_word.c.value, values))
    )
    asked = set(words)
    return {(row.kind, row.value): row.id for row in rows if (row.kind, row.value) in asked}


def _use(uow: UnitOfWork, store: str, events: Sequence[Captured], words: Mapping[tuple[int, str], int]) -> None:
    remembered = _uses_known.setdefault(store, set())
    uses = {
        (words[WORDS[column], value], captured.organisation_id, captured.partner_id)
        for captured in events
        for column, value in captured.said.words.items()
    }
    new = sorted(uses - remembered)
    if not new:
        return
    connection = uow.connection
    columns = event_word_use.c
    rows = connection.execute(
        sa.select(columns.word_id, columns.organisation_id, columns.partner_id).where(
            among(connection, columns.word_id, sorted({word for word, _, _ in new}))
        )
    )
    stored = {(row.word_id, row.organisation_id, row.partner_id) for row in rows}
    if len(remembered) < _MOST:
        remembered |= stored
    for word, organisation_id, partner_id in new:
        if (word, organisation_id, partner_id) not in stored:
            connection.execute(
                bulk.insert_or_ignore(connection, event_word_use).values(
                    word_id=word, organisation_id=organisation_id, partner_id=partner_id
                )
            )

"""Statements of decisions on master data: requests, verdicts on pairs of source records, and what people say of fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub.store import bulk
from hub.store.golden_tables import master_request, master_verdict, master_word
from hub.store.identity import allocate
from hub.store.lists import among
from hub.store.types import moment
from hub.store.unit_of_work import HUB, UnitOfWork

Source = tuple[str, str]
Pair = tuple[Source, Source]
_PAIR = ("left_system", "left_code", "right_system", "right_code")


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says of a field of a source record."""

    id: int
    source: Source
    field: str
    value: Any
    from_on: str | None
    at: int
    by: str
    reason: str


# --- verdicts ----------------------------------------------------------------------------------------------------------
def verdicts(connection: sa.Connection, kind: str, sources: Collection[Source]) -> dict[Pair, str]:
    """The last verdict of every pair that one of these sources belongs to."""
    codes = sorted({code for _, code in sources})
    named = set(sources)
    said: dict[Pair, tuple[int, str]] = {}
    for column in (master_verdict.c.left_code, master_verdict.c.right_code):
        for row in connection.execute(sa.select(master_verdict).where(master_verdict.c.kind == kind, among(connection, column, codes))):
            pair = ((row.left_system, row.left_code), (row.right_system, row.right_code))
            if named.isdisjoint(pair):
                continue
            if pair not in said or said[pair][0] < row.id:
                said[pair] = (row.id, row.verdict)
    return {pair: verdict for pair, (_, verdict) in said.items()}


def add_verdicts(uow: UnitOfWork, request_id: int, kind: str, said: Mapping[Pair, str]) -> None:
    """Note verdicts."""
    ids = allocate(uow.connection, "master_verdict", len(said))
    rows = [(number, request_id, kind, *one, *other, said[one, other]) for number, (one, other) in zip(ids, sorted(said), strict=True)]
    bulk.insert(uow.connection, master_verdict, ("id", "request_id", "kind", *_PAIR, "verdict"), rows)


# --- words -------------------------------------------------------------------------------------------------------------
def words(connection: sa.Connection, kind: str, sources: Collection[Source]) -> list[Word]:
    """What people said of fields of these sources, in the order in which they said it, what was taken back included."""
    named = set(sources)
    rows = connection.execute(
        sa.select(master_word)
        .where(master_word.c.kind == kind, among(connection, master_word.c.code, sorted({code for _, code in named})))
        .order_by(master_word.c.id)
    )
    return [
        Word(row.id, (row.system, row.code), row.field, row.value, row.from_on, row.at, row.by, row.reason)
        for row in rows
        if (row.system, row.code) in named
    ]


def add_word(
    uow: UnitOfWork, request_id: int, kind: str, source: Source, field: str, value: Any, from_on: str | None, by: str, reason: str
) -> None:
    """Note what a person says of a field; null takes the word back."""
    (number,) = allocate(uow.connection, "master_word", 1)
    columns = ("id", "request_id", "kind", "system", "code", "field", "value", "from_on", "at", "by", "reason")
    bulk.insert(uow.connection, master_word, columns, [(number, request_id, kind, *source, field, value, from_on, uow.now, by, reason)])


# --- requests ----------------------------------------------------------------------------------------------------------
def add_request(
    uow: UnitOfWork, kind: str, action: str, said: Mapping[str, Any], impact: Mapping[str, Any], reason: str, key: int | None
) -> int:
    """Note what the actor asks for; returns its id."""
    (number,) = allocate(uow.connection, "master_request", 1)
    columns = ("id", "kind", "action", "said", "impact", "reason", "state", "asked_at", "asked_by", "asked_key")
    row = (number, kind, action, dict(said), dict(impact), reason, "waiting", uow.now, uow.actor, key)
    bulk.insert(uow.connection, master_request, columns, [row])
    uow.audit(HUB, "request.asked", f"request/{number}", reason, after={"kind": kind, "action": action, "said": dict(said)})
    return number


def end_request(uow: UnitOfWork, request_id: int, state: str, reason: str | None, key: int | None, after: Any = None) -> None:
    """Note that it was done or refused, by whom and why."""
    uow.connection.execute(
        sa.update(master_request)
        .where(master_request.c.id == request_id)
        .values(state=state, decided_at=uow.now, decided_by=uow.actor, decided_key=key, decided_reason=reason)
    )
    uow.audit(HUB, f"request.{state}", f"request/{request_id}", reason, {"state": "waiting"}, {"state": state, "verdicts": after})


def waiting_request(uow: UnitOfWork, request_id: int) -> sa.Row[Any]:
    """A request to be decided, held until the transaction ends. Raises NotFoundError, or ConflictError when it was decided already."""
    row = uow.connection.execute(sa.select(master_request).where(master_request.c.id == request_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no request {request_id}")
    if row.state != "waiting":
        raise ConflictError(f"request {request_id} is {row.state} already")
    return row


def requests(
    connection: sa.Connection,
    *,
    kind: str | None = None,
    states: Collection[str] | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Requests, the newest first. `before` is the id of the last one of the page before."""
    query = sa.select(master_request)
    if kind is not None:
        query = query.where(master_request.c.kind == kind)
    if states is not None:
        query = query.where(among(connection, master_request.c.state, sorted(states)))
    if before is not None:
        query = query.where(master_request.c.id < before)
    return [_plain(row) for row in connection.execute(query.order_by(master_request.c.id.desc()).limit(limit))]


def request(connection: sa.Connection, request_id: int) -> dict[str, Any]:
    """One request. Raises NotFoundError."""
    row = connection.execute(sa.select(master_request).where(master_request.c.id == request_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no request {request_id}")
    return _plain(row)


def requests_of(connection: sa.Connection, kind: str, sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Everything that was asked for of these sources, the oldest first."""
    ids: set[int] = set()
    codes = sorted({code for _, code in sources})
    named = set(sources)
    for column in (master_verdict.c.left_code, master_verdict.c.right_code):
        for row in connection.execute(sa.select(master_verdict).where(master_verdict.c.kind == kind, among(connection, column, codes))):
            if {(row.left_system, row.left_code), (row.right_system, row.right_code)} & named:
                ids.add(row.request_id)
    for row in connection.execute(sa.select(master_word).where(master_word.c.kind == kind, among(connection, master_word.c.code, codes))):
        if (row.system, row.code) in named:
            ids.add(row.request_id)
    rows = connection.execute(
        sa.select(master_request).where(among(connection, master_request.c.id, sorted(ids))).order_by(master_request.c.id)
    )
    return [_plain(row) for row in rows]


def _plain(row: sa.Row[Any]) -> dict[str, Any]:
    at = row.decided_at
    names = ("id", "kind", "action", "said", "impact", "reason", "state", "asked_by", "decided_by", "decided_reason")
    return {
        **{name: getattr(row, name) for name in names},
        "asked_at": moment(row.asked_at),
        "decided_at": None if at is None else moment(at),
    }

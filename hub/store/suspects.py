"""Statements of suspected duplicates: what a matcher says, and what a steward decided of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from hub.store import bulk
from hub.store.golden_tables import master_suspect
from hub.store.identity import allocate
from hub.store.lists import among
from hub.store.types import moment
from hub.store.unit_of_work import HUB, UnitOfWork

Source = tuple[str, str]
Pair = tuple[Source, Source]
STATES = ("open", "later", "same", "different", "gone")
_PAIR = ("left_system", "left_code", "right_system", "right_code")
_COLUMNS = (
    "id", "kind", *_PAIR, "score", "reasons", "state", "left_print", "right_print", "opened_at", "changed_at", "changed_by", "reason",
)  # fmt: skip


def of_pair(connection: sa.Connection, kind: str, pair: Pair) -> sa.Row[Any] | None:
    """What is known of a pair."""
    values = dict(zip(_PAIR, (*pair[0], *pair[1]), strict=True))
    return connection.execute(
        sa.select(master_suspect).where(master_suspect.c.kind == kind, *(master_suspect.c[name] == value for name, value in values.items()))
    ).one_or_none()


def of_sources(connection: sa.Connection, kind: str, sources: Collection[Source]) -> list[sa.Row[Any]]:
    """Suspects of which one of these sources is a part."""
    codes, named = sorted({code for _, code in sources}), set(sources)
    found: dict[int, sa.Row[Any]] = {}
    for column in (master_suspect.c.left_code, master_suspect.c.right_code):
        for row in connection.execute(sa.select(master_suspect).where(master_suspect.c.kind == kind, among(connection, column, codes))):
            if not named.isdisjoint(pair(row)):
                found[row.id] = row
    return [found[number] for number in sorted(found)]


def pair(row: sa.Row[Any]) -> Pair:
    """The sources of a suspect."""
    return ((row.left_system, row.left_code), (row.right_system, row.right_code))


def add(uow: UnitOfWork, kind: str, of: Pair, score: Decimal, reasons: Sequence[Any], state: str, prints: tuple[bytes, bytes]) -> int:
    """Note a suspect; returns its id."""
    (number,) = allocate(uow.connection, "master_suspect", 1)
    row = (number, kind, *of[0], *of[1], score, list(reasons), state, *prints, uow.now, uow.now, uow.actor, None)
    bulk.insert(uow.connection, master_suspect, _COLUMNS, [row])
    after = {"kind": kind, "left": list(of[0]), "right": list(of[1]), "score": score, "reasons": list(reasons), "state": state}
    uow.audit(HUB, "suspect.opened", f"suspect/{number}", after=after)
    return number


def change(uow: UnitOfWork, row: sa.Row[Any], reason: str | None = None, **values: Any) -> None:
    """Give a suspect other values; a new state, or a reason, is noted with who gave it."""
    state = values.get("state", row.state)
    if state != row.state or reason is not None:
        values |= {"changed_at": uow.now, "changed_by": uow.actor, "reason": reason}
        action = "suspect.reopened" if state == "open" else f"suspect.{state}"
        uow.audit(HUB, action, f"suspect/{row.id}", reason, {"state": row.state}, {"state": state})
    uow.connection.execute(sa.update(master_suspect).where(master_suspect.c.id == row.id).values(**values))


def taken(uow: UnitOfWork, suspect_id: int) -> sa.Row[Any]:
    """A suspect to be decided, held until the transaction ends. Raises NotFoundError."""
    row = uow.connection.execute(sa.select(master_suspect).where(master_suspect.c.id == suspect_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no suspect {suspect_id}")
    return row


def suspect(connection: sa.Connection, suspect_id: int) -> dict[str, Any]:
    """One suspect. Raises NotFoundError."""
    row = connection.execute(sa.select(master_suspect).where(master_suspect.c.id == suspect_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no suspect {suspect_id}")
    return plain(row)


def listed(
    connection: sa.Connection, *, kind: str | None = None, states: Collection[str] | None = None, after: tuple[str, int] | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:  # fmt: skip
    """Suspects, the likeliest first. `after` are score and id of the last one of the page before."""
    query = sa.select(master_suspect)
    if kind is not None:
        query = query.where(master_suspect.c.kind == kind)
    if states is not None:
        query = query.where(among(connection, master_suspect.c.state, sorted(states)))
    if after is not None:
        score, number = Decimal(after[0]), after[1]
        query = query.where(sa.or_(master_suspect.c.score < score, sa.and_(master_suspect.c.score == score, master_suspect.c.id > number)))
    return [plain(row) for row in connection.execute(query.order_by(master_suspect.c.score.desc(), master_suspect.c.id).limit(limit))]


def tally(connection: sa.Connection) -> Mapping[tuple[str, str], int]:
    """How many there are of each kind and state."""
    rows = connection.execute(
        sa.select(master_suspect.c.kind, master_suspect.c.state, sa.func.count()).group_by(master_suspect.c.kind, master_suspect.c.state)
    )
    return {(kind, state): count for kind, state, count in rows}


def plain(row: sa.Row[Any]) -> dict[str, Any]:
    """A row as a plain value."""
    return {
        "id": row.id,
        "kind": row.kind,
        "left": {"system": row.left_system, "code": row.left_code},
        "right": {"system": row.right_system, "code": row.right_code},
        "score": row.score,
        "reasons": row.reasons,
        "state": row.state,
        "opened_at": moment(row.opened_at),
        "changed_at": moment(row.changed_at),
        "changed_by": row.changed_by,
        "reason": row.reason,
    }

"""What goes out: at least once, under one stable id, in order at each destination of a partner.

A parcel is written in the transaction that caused it. A sender claims it with lease and fence, delivers it, and says so; a crash between
the two delivers it again under the same stable id, by which the peer can tell. While the oldest parcel for a destination waits to be
tried again, the later ones wait behind it; a flow that promises no order (`ordered: false`) has its parcels go alone. How it fares at a
destination, and what then waits, is `hub/store/destinations.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub.store import bulk, destinations, identity
from hub.store.database import Database
from hub.store.lists import among
from hub.store.tables import acknowledgement, interchange, outbox, partner
from hub.store.types import moment, storable
from hub.store.unit_of_work import UnitOfWork

FIRST_WAIT = 10
"""Seconds to the second attempt; doubled each time."""
LONGEST_WAIT = 3600
"""Seconds between attempts at most."""
ATTEMPTS = 12
"""Attempts before a parcel is dead: about five hours."""
OTHERS = 50
"""Parcels beside those of one claim that are looked at, since other senders may be about to take the first ones."""
WAITING: sa.ColumnElement[str] = sa.literal_column("'waiting'")
"""The state, spelled out, so that the indexes of what waits are known to fit."""
_SECOND = 1_000_000
_NOT_IN_A_NAME = re.compile(r"""[/\\:*?"<>|\x00-\x1f]+""")


@dataclass(frozen=True, slots=True)
class Parcel:
    """Bytes on their way to a partner. The last four members are the store's."""

    stable_id: str
    organisation_id: int
    partner_id: int
    kind: str
    """document | acknowledgement | event"""
    route: Mapping[str, Any]
    """Transport settings: `use` and what it needs. `{"use": "response"}`: the partner fetches it."""
    name: str
    media_type: str
    sha256: bytes
    exchange_id: int | None = None
    ordered: bool = True
    """Whether it waits behind what went before it to the same destination, and what comes behind waits for it."""
    pace: int | None = None
    """Parcels a minute that the destination takes at most; None: any number."""
    destination: str = ""
    id: int = 0
    fence: int = 0
    attempts: int = 0


def file_name(name: str) -> str:
    """A parcel's name as any file system takes it: numbers of partners hold all sorts of marks.

    >>> file_name("850_PO/17_000000001.edi")
    '850_PO_17_000000001.edi'
    """
    return _NOT_IN_A_NAME.sub("_", name)


def put(uow: UnitOfWork, parcel: Parcel) -> int:
    """Queue a parcel whose bytes are recorded (`blobs.keep`); returns its id. The same stable id and bytes again: the first id.

    Raises ConflictError for a stable id that stands for other bytes.
    """
    (number,) = identity.allocate(uow.connection, "outbox", 1)
    held = parcel.route.get("use") == "response"
    row = {
        "id": number,
        "stable_id": parcel.stable_id,
        "organisation_id": parcel.organisation_id,
        "partner_id": parcel.partner_id,
        "exchange_id": parcel.exchange_id,
        "kind": parcel.kind,
        "route": dict(parcel.route),
        "name": parcel.name,
        "media_type": parcel.media_type,
        "sha256": parcel.sha256,
        "state": "held" if held else "waiting",
        "attempts": 0,
        "next_at": uow.now,
        "fence": 0,
        "recorded_at": uow.now,
        **_lane(parcel),
        "pace": parcel.pace,
    }
    if bulk.insert_new(uow.connection, outbox, list(row), [list(row.values())]):
        return number
    first = uow.connection.execute(sa.select(outbox.c.id, outbox.c.sha256).where(outbox.c.stable_id == parcel.stable_id)).one()
    if bytes(first.sha256) != parcel.sha256:
        raise ConflictError(f"{parcel.stable_id} is on its way already, with other bytes")
    return int(first.id)


def put_many(uow: UnitOfWork, parcels: Sequence[Parcel]) -> list[int]:
    """`put` for many parcels whose stable ids are new; returns their ids in order.

    Raises sqlalchemy's IntegrityError when a stable id exists: nothing of this call is then kept.
    """
    ids = identity.allocate(uow.connection, "outbox", len(parcels))
    rows = [
        (
            number, one.stable_id, one.organisation_id, one.partner_id, one.exchange_id, one.kind, dict(one.route), one.name,
            one.media_type, one.sha256, "held" if one.route.get("use") == "response" else "waiting", 0, uow.now, 0, uow.now,
            *_lane(one).values(), one.pace,
        )
        for number, one in zip(ids, parcels, strict=True)
    ]  # fmt: skip
    bulk.insert(uow.connection, outbox, _COLUMNS, rows)
    return ids


_COLUMNS = (
    "id", "stable_id", "organisation_id", "partner_id", "exchange_id", "kind", "route", "name", "media_type",
    "sha256", "state", "attempts", "next_at", "fence", "recorded_at", "destination", "lane", "pace",
)  # fmt: skip


def _lane(parcel: Parcel) -> dict[str, str]:
    name = destinations.name_of(parcel.route)
    return {"destination": name, "lane": name if parcel.ordered else parcel.stable_id}


def claim(database: Database, limit: int, lease_seconds: int) -> list[Parcel]:
    """The oldest waiting parcel for each destination whose turn has come, up to `limit` of them, longest due first.

    Nobody else gets a parcel of these lanes while the lease lasts; none is handed out for a destination that takes nothing now. It costs
    what the lanes are, whatever waits in each.
    """
    with database.begin("sender") as uow:
        return taken(uow, [row.id for row in chosen(uow, limit, lease_seconds)], lease_seconds)


def chosen(uow: UnitOfWork, limit: int, lease_seconds: int) -> list[sa.Row[Any]]:
    """Rows of the parcels that may be claimed now, longest due first, locked."""
    turn = uow.connection.execute(_turn(), {"now": uow.now, "most": limit + OTHERS}).scalars().all()
    due = (
        sa.select(outbox)
        .where(among(uow.connection, outbox.c.id, turn), *_due(outbox, uow.now))
        .order_by(outbox.c.next_at, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=outbox)
    )
    rows = uow.connection.execute(due).all()
    may = destinations.taken_in_hand(uow, rows, lease_seconds)
    return [row for row in rows if row.id in may]


def taken(uow: UnitOfWork, ids: Sequence[int], lease_seconds: int) -> list[Parcel]:
    """Claim these parcels; those that wait no more are left out."""
    if not ids:
        return []
    rows = uow.connection.execute(
        sa.update(outbox)
        .where(among(uow.connection, outbox.c.id, ids), outbox.c.state == WAITING)
        .values(lease_until=uow.now + lease_seconds * _SECOND, fence=outbox.c.fence + 1)
        .returning(outbox)
    ).all()
    found = {row.id: row for row in rows}
    return [_parcel(found[number]) for number in ids if number in found]


@cache  # making it costs more than asking it, and it is asked for each parcel
def _turn() -> sa.CompoundSelect[tuple[int]]:
    """Ids whose turn may have come: the head of each lane, and of the parcels that go alone the first `most` that are due `now`."""
    alone = outbox.alias("alone")
    free = (
        sa.select(alone.c.id)
        .where(alone.c.lane == alone.c.stable_id, *_due(alone, sa.bindparam("now", type_=sa.BigInteger)))
        .order_by(alone.c.next_at, alone.c.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )
    return sa.union_all(_heads(), sa.select(free.subquery("free").c.id))


def _heads() -> sa.Select[tuple[int]]:
    """Ids of the oldest waiting parcel of each lane that keeps an order: by the index from one lane to the next, past all between."""
    none = sa.select(sa.literal_column("0")).scalar_subquery()  # a number as it is tempts SQLite to read and sort all instead
    head = sa.select(_first(lambda lane: lane.c.partner_id > none).label("id")).cte("head", recursive=True)
    here = outbox.alias("here")
    following = sa.func.coalesce(  # two questions, for SQLite does not go by the index where rows of two values are compared
        _first(lambda lane: sa.and_(lane.c.partner_id == here.c.partner_id, lane.c.lane > here.c.lane)),
        _first(lambda lane: lane.c.partner_id > here.c.partner_id),
    )
    head = head.union_all(sa.select(following).select_from(head.join(here, here.c.id == head.c.id)))
    return sa.select(head.c.id).where(head.c.id.is_not(None))


def _first(where: Callable[[Any], sa.ColumnElement[bool]]) -> sa.ScalarSelect[int]:
    """Id of the oldest parcel of the first lane of which this is true."""
    lane = outbox.alias()
    query = sa.select(lane.c.id).where(lane.c.state == WAITING, lane.c.lane != lane.c.stable_id, where(lane))
    return query.order_by(lane.c.partner_id, lane.c.lane, lane.c.id).limit(1).correlate_except(lane).scalar_subquery()


def _due(table: Any, now: Any) -> tuple[sa.ColumnElement[bool], ...]:
    return (*free(table, now), ~destinations.shut(table, now))


def free(table: Any, now: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """Whether a row of the outbox (`table`, by whatever name) is due and nobody has it."""
    return (table.c.state == WAITING, table.c.next_at <= now, sa.or_(table.c.lease_until.is_(None), table.c.lease_until <= now))


def hold(uow: UnitOfWork, parcel: Parcel, seconds: float) -> None:
    """Keep a parcel that is in hand for so long from now on. Raises ConflictError when another sender took over."""
    mine = (outbox.c.id == parcel.id, outbox.c.fence == parcel.fence, outbox.c.state == WAITING)
    if uow.connection.execute(sa.update(outbox).where(*mine).values(lease_until=uow.now + int(seconds * _SECOND))).rowcount != 1:
        raise ConflictError(f"{parcel.stable_id}: another sender took over")


def sent(uow: UnitOfWork, parcel: Parcel, answer: str | None = None) -> bool:
    """The peer has it. Returns whether the next one may go there at once. The caller audits.

    Raises ConflictError when the lease ran out and another sender took over.
    """
    _settle(uow, parcel, state="sent", sent_at=uow.now, attempts=parcel.attempts + 1, answer=_short(answer))
    return destinations.took(uow, parcel)


def failed(uow: UnitOfWork, parcel: Parcel, error: str, attempts: int = ATTEMPTS, at_least: float = 0) -> str:
    """The attempt failed; try again later, or give up after `attempts` (0: at once). Returns the state, `waiting` or `dead`.

    `at_least`: seconds for which the peer asked to be left alone.

    Raises ConflictError when another sender took over.
    """
    tried = parcel.attempts + 1
    state = "dead" if tried >= attempts else "waiting"
    seconds = max(wait(parcel.stable_id, tried), min(at_least, destinations.LONGEST_PAUSE))
    _settle(uow, parcel, state=state, attempts=tried, answer=_short(error), next_at=uow.now + int(seconds * _SECOND))
    uow.audit(
        parcel.organisation_id,
        "outbox.died" if state == "dead" else "outbox.failed",
        f"outbox/{parcel.id}",
        reason=_short(error),
        after={"stable_id": parcel.stable_id, "attempts": tried},
    )
    return state


def awaited(uow: UnitOfWork, parcel: Parcel, told: str, seconds: float) -> None:
    """The peer has it and says later whether it takes it; ask again after `seconds`. It counts as an attempt. The caller audits."""
    _settle(uow, parcel, attempts=parcel.attempts + 1, answer=_short(told), next_at=uow.now + int(seconds * _SECOND))
    destinations.took(uow, parcel)


def parcel(uow: UnitOfWork, outbox_id: int) -> Parcel | None:
    """A parcel that is not delivered yet, as whoever may say what became of it holds it; None where that was said already."""
    row = uow.connection.execute(sa.select(outbox).where(outbox.c.id == outbox_id).with_for_update()).one_or_none()
    if row is None or row.state not in ("waiting", "dead"):
        return None
    if row.state == "dead":  # the answer comes after all, when nobody waited for it any more
        again(uow, outbox_id)
        row = uow.connection.execute(sa.select(outbox).where(outbox.c.id == outbox_id)).one()
    return _parcel(row)


def fetched(uow: UnitOfWork, outbox_id: int) -> bool:
    """The partner has fetched a held parcel. Whether this was the first time, which counts. The caller audits."""
    done = uow.connection.execute(
        sa.update(outbox).where(outbox.c.id == outbox_id, outbox.c.state == "held").values(state="sent", sent_at=uow.now)
    )
    return done.rowcount == 1


def held_for(connection: sa.Connection, document_id: int) -> list[sa.Row[Any]]:
    """Answers to a document that the partner has not fetched yet: id, organisation_id, stable_id. A repeat has those of the first."""
    mine = interchange.alias("mine")
    answered = sa.select(sa.case((mine.c.outcome == "conflict", mine.c.id), else_=sa.func.coalesce(mine.c.repeat_of, mine.c.id))).where(
        mine.c.document_id == document_id
    )
    return list(
        connection.execute(
            sa.select(outbox.c.id, outbox.c.organisation_id, outbox.c.stable_id)
            .join(acknowledgement, acknowledgement.c.outbox_id == outbox.c.id)
            .where(outbox.c.state == "held", acknowledgement.c.interchange_id.in_(answered))
            .order_by(outbox.c.id)
        )
    )


def answered_by(connection: sa.Connection, outbox_id: int) -> tuple[int, int] | None:
    """Document and interchange that an entry answers; None when it is no acknowledgement."""
    row = connection.execute(
        sa.select(acknowledgement.c.document_id, acknowledgement.c.interchange_id).where(acknowledgement.c.outbox_id == outbox_id)
    ).first()
    return None if row is None else (row.document_id, row.interchange_id)


def listed(
    connection: sa.Connection,
    state: str | None = None,
    limit: int = 50,
    organisations: Collection[int] | None = None,
    before: int | None = None,
) -> list[dict[str, Any]]:
    """The newest entries, of one state or of all, without their bytes: the rows of `udihub outbox list`. `before`: an id, for paging."""
    query = sa.select(outbox, partner.c.key.label("partner")).join(partner, partner.c.id == outbox.c.partner_id)
    if state is not None:
        query = query.where(outbox.c.state == state)
    if organisations is not None:
        query = query.where(outbox.c.organisation_id.in_(organisations))
    if before is not None:
        query = query.where(outbox.c.id < before)
    return [
        {
            "id": row.id,
            "partner": row.partner,
            "kind": row.kind,
            "name": row.name,
            "exchange": row.exchange_id,
            "route": row.route.get("use"),
            "destination": row.destination,
            "state": row.state,
            "attempts": row.attempts,
            "recorded_at": moment(row.recorded_at).isoformat(),
            "next_at": moment(row.next_at).isoformat() if row.state == "waiting" else None,
            "sent_at": moment(row.sent_at).isoformat() if row.sent_at is not None else None,
            "answer": row.answer,
        }
        for row in connection.execute(query.order_by(outbox.c.id.desc()).limit(limit))
    ]


def dead(
    connection: sa.Connection,
    destination: str,
    behind: int = 0,
    of: str | None = None,
    organisations: Collection[int] | None = None,
    limit: int = 500,
) -> Sequence[sa.Row[Any]]:
    """Rows that were given up for a destination (of the partner `of`), oldest first, with ids above `behind`; locked."""
    query = sa.select(outbox).where(outbox.c.state == "dead", outbox.c.destination == destination, outbox.c.id > behind)
    if of is not None:
        query = query.where(outbox.c.partner_id.in_(sa.select(partner.c.id).where(partner.c.key == of)))
    if organisations is not None:
        query = query.where(outbox.c.organisation_id.in_(organisations))
    return connection.execute(query.order_by(outbox.c.id).limit(limit).with_for_update()).all()


def again(uow: UnitOfWork, outbox_id: int) -> None:
    """Send a parcel once more under its stable id, from the first attempt on. The caller audits who wants it and why.

    Raises NotFoundError for an unknown id, ConflictError for one that the partner fetches by itself, or that a sender has in hand.
    """
    columns = (outbox.c.route, outbox.c.lane, outbox.c.stable_id, outbox.c.state, outbox.c.lease_until)
    row = uow.connection.execute(sa.select(*columns).where(outbox.c.id == outbox_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no outbox entry {outbox_id}")
    if row.state == "waiting" and (row.lease_until or 0) > uow.now:
        raise ConflictError(f"outbox entry {outbox_id} is on its way just now: see first what becomes of it")
    if row.route.get("use") == "response":
        raise ConflictError(f"outbox entry {outbox_id} is not sent: the partner fetches it")
    name = destinations.name_of(row.route)
    uow.connection.execute(
        sa.update(outbox)
        .where(outbox.c.id == outbox_id)
        .values(
            state="waiting",
            attempts=0,
            next_at=uow.now,
            lease_until=None,
            fence=outbox.c.fence + 1,
            sent_at=None,
            destination=name,
            lane=row.lane if row.lane == row.stable_id else name,
        )
    )


def wait(stable_id: str, attempt: int) -> float:
    """Seconds from a failed attempt (from 1) to the next: doubling, with a spread of a quarter that is the parcel's own.

    The spread keeps many parcels from returning at once; taken from the stable id, it is the same in every run.
    """
    digest = hashlib.sha256(f"{stable_id}#{attempt}".encode(errors="replace")).digest()
    spread = int.from_bytes(digest[:4]) / 2**32
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt - 1, 30)) * (0.75 + 0.25 * spread))


def _settle(uow: UnitOfWork, parcel: Parcel, **values: Any) -> None:
    said = {f"to_{name}": value for name, value in values.items()}
    done = uow.connection.execute(_settling(tuple(values)), {"number": parcel.id, "holder": parcel.fence, **said})
    if done.rowcount != 1:
        raise ConflictError(f"another sender has outbox/{parcel.id}: the lease ran out")


@cache
def _settling(names: tuple[str, ...]) -> sa.Update:
    return (
        sa.update(outbox)
        .where(outbox.c.id == sa.bindparam("number"), outbox.c.fence == sa.bindparam("holder"), outbox.c.state == "waiting")
        .values(lease_until=None, **{name: sa.bindparam(f"to_{name}", type_=outbox.c[name].type) for name in names})
    )


def _parcel(row: sa.Row[Any]) -> Parcel:
    return Parcel(
        stable_id=row.stable_id,
        organisation_id=row.organisation_id,
        partner_id=row.partner_id,
        kind=row.kind,
        route=row.route,
        name=row.name,
        media_type=row.media_type,
        sha256=bytes(row.sha256),
        exchange_id=row.exchange_id,
        ordered=row.lane != row.stable_id,
        pace=row.pace,
        destination=row.destination,
        id=row.id,
        fence=row.fence,
        attempts=row.attempts,
    )


def _short(text: str | None) -> str | None:
    return None if text is None else storable(text[:2000])

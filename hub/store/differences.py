"""Statements of device differences: extracts that were compared, differences renewed by their keys, and what people decide of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub.store import bulk
from hub.store.identity import allocate
from hub.store.lists import among
from hub.store.register_tables import device_difference, device_difference_history, device_extract
from hub.store.types import moment
from hub.store.unit_of_work import HUB, UnitOfWork

STATES = ("open", "accepted", "sent", "dismissed", "closed")
KINDS = ("value", "missing_there", "missing_here")
_HISTORY = ("difference_id", "ordinal", "at", "actor", "state", "reason", "ours", "theirs", "extract_id", "exchange_id")
_COLUMNS = (
    "id", "key", "register", "kind", "di", "member", "severity", "ours", "theirs", "stated", "state", "since", "opened_at", "changed_at",
    "changed_by", "reason", "extract_id", "exchange_id", "shown",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """What a register says otherwise than we do of one member of one device."""

    register: str
    kind: str
    di: str
    member: str = ""
    severity: str = "warning"
    ours: Any = None
    theirs: Any = None
    stated: Any = None
    """What the register states, in plain values, as our device would take it."""
    since: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Stable over extracts."""
        return "|".join((self.register, self.kind, self.di, self.member))


def take_extract(uow: UnitOfWork, register: str, name: str, sha256: bytes, as_of: str, scope: str) -> int:
    """Note that an extract is compared; the id that it has, or had. Raises ConflictError where a later one was compared already."""
    later = uow.connection.execute(
        sa.select(device_extract.c.name, device_extract.c.as_of)
        .where(device_extract.c.register == register, device_extract.c.as_of > as_of, device_extract.c.sha256 != sha256)
        .order_by(device_extract.c.as_of.desc())
    ).first()
    if later is not None:
        raise ConflictError(f"{name} is of {as_of}, and {later.name} of {later.as_of} was compared already; nothing was changed")
    known = uow.connection.execute(
        sa.select(device_extract.c.id).where(device_extract.c.register == register, device_extract.c.sha256 == sha256)
    ).scalar_one_or_none()
    if known is not None:
        return int(known)
    (number,) = allocate(uow.connection, "device_extract", 1)
    row = {"id": number, "register": register, "name": name, "sha256": sha256, "as_of": as_of, "scope": scope}
    uow.connection.execute(sa.insert(device_extract).values(**row, compared_at=uow.now, compared_by=uow.actor))
    after = {"register": register, "name": name, "sha256": sha256.hex(), "as_of": as_of, "scope": scope}
    uow.audit(HUB, "extract.compared", f"extract/{number}", after=after)
    return number


def end_extract(uow: UnitOfWork, extract_id: int, *, whole: bool, records: int, matched: int) -> None:
    """Note how much an extract held."""
    uow.connection.execute(
        sa.update(device_extract).where(device_extract.c.id == extract_id).values(whole=whole, records=records, matched=matched)
    )


def renew(uow: UnitOfWork, extract_id: int, register: str, dis: Collection[str], found: Sequence[Difference]) -> dict[str, int]:
    """Make the differences of these devices what an extract shows: new ones open, others close, changed ones open again.

    Values that are as they were change nothing where a person sent or dismissed them; what was accepted and still differs opens again,
    since our own system said otherwise afterwards. Returns how many were opened, reopened and closed.
    """
    wanted = {one.key: one for one in found}
    rows = uow.connection.execute(
        sa.select(device_difference).where(
            device_difference.c.register == register, among(uow.connection, device_difference.c.di, sorted(dis))
        )
    )
    known = {row.key: row for row in rows}
    done = {"opened": 0, "reopened": 0, "closed": 0}
    new = [wanted[key] for key in sorted(wanted) if key not in known]
    _open(uow, extract_id, new)
    done["opened"] = len(new)
    for key in sorted(known):
        row, one = known[key], wanted.get(key)
        if one is None:
            if row.state != "closed":
                _move(uow, row, "closed", None, extract_id=extract_id)
                done["closed"] += 1
        elif row.state in ("closed", "accepted") or (row.ours, row.theirs) != (one.ours, one.theirs):
            again = {name: getattr(one, name) for name in ("ours", "theirs", "stated", "severity", "since")} | {"shown": dict(one.shown)}
            _move(uow, row, "open", None, extract_id=extract_id, exchange_id=None, **again)
            done["reopened"] += 1
    return done


def close_missing(uow: UnitOfWork, extract_id: int, register: str, kind: str, seen: Collection[str]) -> int:
    """Close what was missing and, as a whole extract of all devices shows, is so no more. `seen`: DIs that still are."""
    rows = uow.connection.execute(
        sa.select(device_difference).where(
            device_difference.c.register == register, device_difference.c.kind == kind, device_difference.c.state != "closed"
        )
    ).all()
    gone = [row for row in rows if row.di not in seen]
    for row in gone:
        _move(uow, row, "closed", None, extract_id=extract_id)
    return len(gone)


def settle(uow: UnitOfWork, row: sa.Row[Any], state: str, reason: str | None, exchange_id: int | None = None) -> None:
    """Note what a person decided."""
    _move(uow, row, state, reason, exchange_id=exchange_id)


def stored(connection: sa.Connection, difference_id: int) -> sa.Row[Any]:
    """A difference as its table has it. Raises NotFoundError."""
    row = connection.execute(sa.select(device_difference).where(device_difference.c.id == difference_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no difference {difference_id}")
    return row


def taken(uow: UnitOfWork, difference_id: int, states: Collection[str]) -> sa.Row[Any]:
    """A difference to be decided, held until the transaction ends. Raises NotFoundError, or ConflictError in another state."""
    row = uow.connection.execute(
        sa.select(device_difference).where(device_difference.c.id == difference_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no difference {difference_id}")
    if row.state not in states:
        raise ConflictError(f"difference {difference_id} is {row.state} already")
    return row


def _open(uow: UnitOfWork, extract_id: int, new: Sequence[Difference]) -> None:
    ids = allocate(uow.connection, "device_difference", len(new))
    rows = [
        (
            number, one.key, one.register, one.kind, one.di, one.member, one.severity, one.ours, one.theirs, one.stated, "open", one.since,
            uow.now, uow.now, uow.actor, None, extract_id, None, dict(one.shown),
        )
        for number, one in zip(ids, new, strict=True)
    ]  # fmt: skip
    bulk.insert(uow.connection, device_difference, _COLUMNS, rows)
    steps = [(row[0], 1, uow.now, uow.actor, "open", None, row[7], row[8], extract_id, None) for row in rows]
    bulk.insert(uow.connection, device_difference_history, _HISTORY, steps)
    for number, one in zip(ids, new, strict=True):
        after = {"key": one.key, "ours": one.ours, "theirs": one.theirs, "extract": extract_id}
        uow.audit(HUB, "difference.opened", f"difference/{number}", after=after)


def _move(uow: UnitOfWork, row: sa.Row[Any], state: str, reason: str | None, **values: Any) -> None:
    """Give a difference another state and values, and note the step."""
    changed = {"state": state, "reason": reason, "changed_at": uow.now, "changed_by": uow.actor, **values}
    uow.connection.execute(sa.update(device_difference).where(device_difference.c.id == row.id).values(**changed))
    now = {**row._mapping, **changed}
    last = uow.connection.execute(
        sa.select(sa.func.max(device_difference_history.c.ordinal)).where(device_difference_history.c.difference_id == row.id)
    ).scalar_one()
    step = (row.id, int(last) + 1, uow.now, uow.actor, state, reason, now["ours"], now["theirs"], now["extract_id"], now["exchange_id"])
    bulk.insert(uow.connection, device_difference_history, _HISTORY, [step])
    before = {"state": row.state, "ours": row.ours, "theirs": row.theirs}
    after = {"state": state, "ours": now["ours"], "theirs": now["theirs"], "extract": now["extract_id"], "exchange": now["exchange_id"]}
    uow.audit(HUB, f"difference.{'reopened' if state == 'open' else state}", f"difference/{row.id}", reason, before, after)


def listed(
    connection: sa.Connection,
    *,
    register: str | None = None,
    states: Collection[str] | None = None,
    kind: str | None = None,
    severity: str | None = None,
    di: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Differences, the newest first. `before` is the id of the last one of the page before."""
    query = sa.select(device_difference, device_extract.c.name.label("extract"), device_extract.c.as_of).join(
        device_extract, device_extract.c.id == device_difference.c.extract_id
    )
    for column, value in (("register", register), ("kind", kind), ("severity", severity)):
        if value is not None:
            query = query.where(device_difference.c[column] == value)
    if di is not None:
        query = query.where(device_difference.c.di == di)
    if states is not None:
        query = query.where(among(connection, device_difference.c.state, sorted(states)))
    if before is not None:
        query = query.where(device_difference.c.id < before)
    return [plain(row) for row in connection.execute(query.order_by(device_difference.c.id.desc()).limit(limit))]


def last_full(connection: sa.Connection, register: str, but: int) -> int:
    """Records of the extract of all devices that was read last before this one; 0 where there is none."""
    return int(
        connection.execute(
            sa.select(device_extract.c.records)
            .where(
                device_extract.c.register == register,
                device_extract.c.scope == "full",
                device_extract.c.whole.is_(True),
                device_extract.c.id < but,
            )
            .order_by(device_extract.c.id.desc())
            .limit(1)
        ).scalar_one_or_none()
        or 0
    )


def tally(connection: sa.Connection) -> list[dict[str, Any]]:
    """How many differences there are of each register, state and severity."""
    columns = (device_difference.c.register, device_difference.c.state, device_difference.c.severity)
    rows = connection.execute(sa.select(*columns, sa.func.count().label("count")).group_by(*columns).order_by(*columns))
    return [dict(row._mapping) for row in rows]


def extracts(connection: sa.Connection, limit: int = 20) -> list[dict[str, Any]]:
    """The extracts that were compared, the newest first."""
    rows = connection.execute(sa.select(device_extract).order_by(device_extract.c.id.desc()).limit(limit))
    return [
        {**row._mapping, "sha256": bytes(row.sha256).hex(), "compared_at": moment(row.compared_at)} for row in rows
    ]  # fmt: skip


def difference(connection: sa.Connection, difference_id: int) -> dict[str, Any]:
    """One difference with its history. Raises NotFoundError."""
    row = connection.execute(
        sa.select(device_difference, device_extract.c.name.label("extract"), device_extract.c.as_of)
        .join(device_extract, device_extract.c.id == device_difference.c.extract_id)
        .where(device_difference.c.id == difference_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no difference {difference_id}")
    steps = connection.execute(
        sa.select(device_difference_history, device_extract.c.name.label("extract"), device_extract.c.as_of)
        .outerjoin(device_extract, device_extract.c.id == device_difference_history.c.extract_id)
        .where(device_difference_history.c.difference_id == difference_id)
        .order_by(device_difference_history.c.ordinal)
    )
    names = ("state", "actor", "reason", "ours", "theirs", "extract", "as_of", "exchange_id")
    history = [{"at": moment(step.at), **{name: getattr(step, name) for name in names}} for step in steps]
    return {**plain(row), "history": history}


def plain(row: Any) -> dict[str, Any]:
    """A row as a plain value."""
    names = (
        "id", "register", "kind", "di", "member", "severity", "ours", "theirs", "state", "since", "reason", "exchange_id", "extract",
        "as_of",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in names},
        **dict(row.shown),
        "opened_at": moment(row.opened_at),
        "changed_at": moment(row.changed_at),
        "changed_by": row.changed_by,
    }

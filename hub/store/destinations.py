"""How it fares at each destination: a circuit that opens when nothing arrives any more, pauses that the peer asks for, an agreed pace.

A **destination** is the place to which parcels of one partner go by one route, for one organisation. After five failures in a row its
circuit is open: one parcel at a time tries it, at growing distances of a quarter of an hour at most, and the others wait untried, so
that they do not die one after the other. That is told once (OUT-06), and is over with the first delivery, which lets all of them go.
A refusal is an answer: the peer is there. Five in a row of one reason, though, are no judgement of five documents (an interface that was
changed, a right that was taken away): where more waits behind them, they open the circuit too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

import sqlalchemy as sa

from data_contracts.findings import Finding
from hub.store import evidence, incidents
from hub.store.bulk import insert_or_ignore
from hub.store.destination_tables import destination
from hub.store.tables import organisation, outbox, partner
from hub.store.types import moment, storable
from hub.store.unit_of_work import UnitOfWork

RULE = "OUT-06"
OPENS_AFTER = 5
"""Failures in a row."""
FIRST_PROBE = 30
"""Seconds to the first try of an open circuit; doubled each time."""
LONGEST_PROBE = 900
LONGEST_PAUSE = 86_400
"""Seconds for which a peer may ask us to wait."""
REFUSED_AT_MOST = 3
"""Tries of a parcel that an open circuit refuses for the same reason; then it is dead, and the next one tries."""
_SECOND = 1_000_000
_SHOWN = 500
_NUMBERED = re.compile(r"[\w./-]*\d[\w./-]*")
_STATUS = re.compile(r"\d{3}")
Concern = Literal["parcel", "destination"]
"""What a refusal is about."""


def name_of(route: Mapping[str, Any]) -> str:
    """Where a route leads, as people may read it: no path, no query, which may hold secrets.

    >>> name_of({"use": "webhook", "url": "https://hooks.partner.example/in?token=1"})
    'webhook hooks.partner.example'
    """
    use, url = str(route.get("use", "")), route.get("url")
    if isinstance(url, str):
        try:
            parts = urlsplit(url)
            place = f"{parts.hostname or ''}:{parts.port}" if parts.port is not None else parts.hostname or ""
        except ValueError:  # a port that is none: the transport says so
            place = ""
    else:
        place = ":".join(str(route[key]) for key in ("host", "port") if route.get(key)) or str(
            route.get("folder") or route.get("box") or ""
        )
    return storable(f"{use} {place}".strip())


def shut(table: Any, now: Any) -> sa.ColumnElement[bool]:
    """Whether the destination of a row of the outbox (`table`, by whatever name) takes nothing now."""
    return sa.exists().where(
        _of(table),
        sa.or_(destination.c.not_before > now, sa.and_(destination.c.opened_at.is_not(None), destination.c.probe_at > now)),
    )


def taken_in_hand(uow: UnitOfWork, rows: Sequence[sa.Row[Any]], lease_seconds: int) -> set[int]:
    """Ids of the claimed rows that may be tried: one for an open circuit, one at a time where a pace is agreed."""
    may: set[int] = set()
    for row in rows:
        if row.pace is not None and not _pace(uow, row):
            continue
        done = uow.connection.execute(
            sa.update(destination)
            .where(*_is(row), destination.c.opened_at.is_not(None), destination.c.probe_at <= uow.now)
            .values(probe_at=uow.now + lease_seconds * _SECOND)
        )
        if done.rowcount == 1 or not _is_open(uow, row):
            may.add(row.id)
    return may


def took(uow: UnitOfWork, parcel: Any) -> bool:
    """The peer answered, by taking a parcel or by refusing it. What waits behind an open circuit goes at once.

    Returns whether the next parcel may go there now: no, where the peer has asked another sender for a pause.
    """
    fares = uow.connection.execute(_FARES, _named(parcel)).one_or_none()
    if fares is None:
        return True
    if fares.failures > 0 or fares.refusals > 0 or fares.opened_at is not None:
        _mended(uow, parcel)
    return fares.not_before is None or bool(fares.not_before <= uow.now)


def calm(uow: UnitOfWork, parcel: Any) -> bool:
    """Whether the last attempt there was answered."""
    fares = uow.connection.execute(_FARES, _named(parcel)).one_or_none()
    return fares is None or (fares.failures == 0 and fares.opened_at is None)


def _mended(uow: UnitOfWork, parcel: Any) -> None:
    known = uow.connection.execute(
        sa.select(destination)
        .where(*_is(parcel), sa.or_(destination.c.failures > 0, destination.c.refusals > 0, destination.c.opened_at.is_not(None)))
        .with_for_update()
    ).one_or_none()
    if known is None:
        return
    _closed(uow, parcel, known, "it takes what we send again")
    if known.opened_at is not None:
        uow.connection.execute(
            sa.update(outbox)
            .where(outbox.c.partner_id == parcel.partner_id, outbox.c.destination == parcel.destination, outbox.c.state == "waiting")
            .where(outbox.c.organisation_id == parcel.organisation_id, outbox.c.next_at > uow.now, outbox.c.lease_until.is_(None))
            .where(outbox.c.id != parcel.id)  # its own time was just set
            .values(next_at=uow.now)
        )


def failed(uow: UnitOfWork, parcel: Any, error: str) -> None:
    """Nothing came of an attempt, for a reason that is the peer's or the way's. The fifth in a row opens the circuit, and is told."""
    row = _row(uow, parcel)
    _counted(uow, parcel, row, row.failures + 1, error, opens=row.failures + 1 >= OPENS_AFTER)


def refused(uow: UnitOfWork, parcel: Any, reason: str) -> Concern:
    """The peer refuses a parcel. The fifth refusal in a row of one reason opens the circuit where more waits, and is told.

    Returns what the refusal is about: where the parcel tried an open circuit and met that same reason, not the parcel.
    """
    row, key = _row(uow, parcel), _kind_of(reason)
    if row.refusal != key:
        took(uow, parcel)
        uow.connection.execute(sa.update(destination).where(*_is(parcel)).values(refusals=1, refusal=key))
        return "parcel"
    refusals, by_refusals = row.refusals + 1, row.opened_at is not None and row.refusals >= OPENS_AFTER
    if by_refusals or (refusals >= OPENS_AFTER and _others_wait(uow, parcel)):
        _counted(uow, parcel, row, max(refusals, row.failures + 1), reason, opens=True)
    else:
        took(uow, parcel)
    uow.connection.execute(sa.update(destination).where(*_is(parcel)).values(refusals=refusals, refusal=key))
    return "destination" if by_refusals else "parcel"


def _kind_of(reason: str) -> str:
    """A reason without what may be a document's own: all that has a digit in it, but a status.

    >>> _kind_of("erp answered 422 order PO-4711: no field Plant")
    'erp answered 422 order #: no field Plant'
    """
    return storable(_NUMBERED.sub(lambda found: found[0] if _STATUS.fullmatch(found[0]) else "#", reason)[:_SHOWN])


def _counted(uow: UnitOfWork, parcel: Any, row: sa.Row[Any], failures: int, error: str, *, opens: bool) -> None:
    values: dict[str, Any] = {"failures": failures, "error": storable(error[:_SHOWN]), "failed_at": uow.now}
    if opens:
        wait = min(LONGEST_PROBE, FIRST_PROBE * 2 ** min(failures - OPENS_AFTER, 30))
        values["probe_at"] = uow.now + wait * _SECOND
        if row.opened_at is None:
            said = Finding(RULE, expected=parcel.destination, got=error[:_SHOWN], params={"failures": str(failures)})
            values |= {
                "opened_at": uow.now,
                "finding_id": incidents.tell(uow, parcel.organisation_id, parcel.partner_id, said),
            }
    uow.connection.execute(sa.update(destination).where(*_is(parcel)).values(**values))


def paused(uow: UnitOfWork, parcel: Any, seconds: float) -> None:
    """The peer is there and wants nothing for so long."""
    took(uow, parcel)
    _row(uow, parcel)
    until = uow.now + int(min(max(seconds, 0), LONGEST_PAUSE) * _SECOND)
    uow.connection.execute(sa.update(destination).where(*_is(parcel)).values(not_before=until))


def given_up(uow: UnitOfWork, parcel: Any) -> None:
    """A parcel is dead; when it was the last one, nothing waits for its destination any more and there is nothing left to tell."""
    waits = sa.exists().where(*_waiting(parcel))
    known = uow.connection.execute(sa.select(destination).where(*_is(parcel), destination.c.opened_at.is_not(None), ~waits)).one_or_none()
    if known is not None:
        _closed(uow, parcel, known, "nothing waits for it any more")


def _others_wait(uow: UnitOfWork, parcel: Any) -> bool:
    return uow.connection.execute(sa.select(outbox.c.id).where(*_waiting(parcel), outbox.c.id != parcel.id).limit(1)).first() is not None


def _waiting(parcel: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """What waits for the destination of a parcel."""
    return (
        outbox.c.partner_id == parcel.partner_id,
        outbox.c.destination == parcel.destination,
        outbox.c.organisation_id == parcel.organisation_id,
        outbox.c.state == "waiting",
    )


def listed(connection: sa.Connection, organisations: Collection[int] | None = None) -> list[dict[str, Any]]:
    """Destinations to which something waits or was given up, or that fail: those in trouble first."""
    counts = (
        sa.select(
            outbox.c.organisation_id, outbox.c.partner_id, outbox.c.destination,
            sa.func.sum(sa.case((outbox.c.state == "waiting", 1), else_=0)).label("waiting"),
            sa.func.sum(sa.case((outbox.c.state == "dead", 1), else_=0)).label("dead"),
            sa.func.min(sa.case((outbox.c.state == "waiting", outbox.c.recorded_at))).label("oldest"),
        )
        .where(outbox.c.state.in_(("waiting", "dead")))
        .group_by(outbox.c.organisation_id, outbox.c.partner_id, outbox.c.destination)
    )  # fmt: skip
    found: dict[tuple[int, int, str], dict[str, Any]] = {}
    for row in connection.execute(counts):
        found[row.organisation_id, row.partner_id, row.destination] = {
            "waiting": int(row.waiting),
            "dead": int(row.dead),
            "oldest_at": None if row.oldest is None else moment(row.oldest).isoformat(),
        }
    for row in connection.execute(sa.select(destination)):
        told = found.get((row.organisation_id, row.partner_id, row.name))
        if told is None and row.failures == 0:
            continue
        found.setdefault((row.organisation_id, row.partner_id, row.name), {"waiting": 0, "dead": 0, "oldest_at": None}).update(
            state="closed" if row.opened_at is None else "open",
            failures=row.failures,
            error=row.error if row.failures else None,
            since=None if row.opened_at is None else moment(row.opened_at).isoformat(),
            next_at=_next(row),
        )
    partners = {row.id: row.key for row in connection.execute(sa.select(partner.c.id, partner.c.key))}
    own = {row.id: row.key for row in connection.execute(sa.select(organisation.c.id, organisation.c.key))}
    calm = {"state": "closed", "failures": 0, "error": None, "since": None, "next_at": None}
    rows = [
        {"organisation": own[number], "partner": partners[partner_id], "destination": name, **calm, **told}
        for (number, partner_id, name), told in found.items()
        if organisations is None or number in organisations
    ]
    return sorted(rows, key=lambda one: (one["state"] != "open", -one["failures"], one["partner"], one["destination"]))


def _next(row: Any) -> str | None:
    times = [at for at in (row.not_before, row.probe_at if row.opened_at is not None else None) if at is not None]
    return moment(max(times)).isoformat() if times else None


def _closed(uow: UnitOfWork, parcel: Any, known: sa.Row[Any], reason: str) -> None:
    calm = {"failures": 0, "refusals": 0, "refusal": None, "opened_at": None, "probe_at": None, "finding_id": None}
    uow.connection.execute(sa.update(destination).where(*_is(parcel)).values(**calm))
    if known.finding_id is not None:
        evidence.close_findings(uow, [known.finding_id], reason)


def _pace(uow: UnitOfWork, row: sa.Row[Any]) -> bool:
    """Book the next moment of a destination whose pace is agreed; False where another sender was faster."""
    _row(uow, row)
    free = sa.or_(destination.c.not_before.is_(None), destination.c.not_before <= uow.now)
    booked = sa.update(destination).where(*_is(row), free).values(not_before=uow.now + 60 * _SECOND // row.pace)
    return uow.connection.execute(booked).rowcount == 1


def _row(uow: UnitOfWork, parcel: Any) -> sa.Row[Any]:
    """The destination's row, made where there is none yet, and locked."""
    uow.connection.execute(insert_or_ignore(uow.connection, destination).values(**_named(parcel), failures=0))
    return uow.connection.execute(sa.select(destination).where(*_is(parcel)).with_for_update()).one()


def _is_open(uow: UnitOfWork, row: sa.Row[Any]) -> bool:
    return uow.connection.execute(sa.select(destination.c.name).where(*_is(row), destination.c.opened_at.is_not(None))).first() is not None


def _named(parcel: Any) -> dict[str, Any]:
    return {"organisation_id": parcel.organisation_id, "partner_id": parcel.partner_id, "name": parcel.destination}


_FARES = sa.select(destination.c.failures, destination.c.refusals, destination.c.opened_at, destination.c.not_before).where(
    *(destination.c[name] == sa.bindparam(name) for name in ("organisation_id", "partner_id", "name"))
)


def _is(parcel: Any) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        destination.c.organisation_id == parcel.organisation_id,
        destination.c.partner_id == parcel.partner_id,
        destination.c.name == parcel.destination,
    )


def _of(table: Any) -> sa.ColumnElement[bool]:
    return sa.and_(
        destination.c.organisation_id == table.c.organisation_id,
        destination.c.partner_id == table.c.partner_id,
        destination.c.name == table.c.destination,
    )

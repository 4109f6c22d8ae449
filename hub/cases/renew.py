"""Cases made to follow facts: new causes open a case, a cause that is gone closes it, one that is back opens it again.

What it does depends on the facts as they are and on the cases as they stand, not on the order in which facts came: running it again
changes nothing. A cause has one case for ever, so nobody decides the same thing twice; a replay that is held again is the same case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.cases.kinds import LISTED, named, number_of, rank_of
from hub.cases.settings import CaseSettings
from hub.store import cases as store
from hub.store import discrepancies
from hub.store.called_back import CalledBack, Naming, called_back, concerned, lots_in
from hub.store.causes import CAUSES
from hub.store.resent import settled_by
from hub.store.unit_of_work import UnitOfWork

AT_ONCE = 2000
"""Cases of one cause that are opened, or closed, in one transaction."""
_HOUR = 3_600_000_000
_SAFETY = number_of("safety")


def renew(uow: UnitOfWork, settings: CaseSettings) -> bool:
    """Open, close and reopen up to `AT_ONCE` cases of each cause. Whether there may be more to do.

    What somebody acts on at this moment stays as it is until the next time.
    """
    discrepancies.take_turn(uow)
    more = False
    recalled = called_back(uow.connection)
    for cause in CAUSES:
        new = [dict(row._mapping) for row in store.fresh(uow.connection, cause, AT_ONCE)]
        if new:
            lifted = concerned(uow.connection, recalled, [_naming(cause, one) for one in new])
            store.add(uow, [_opened(uow, settings, cause, one, lift) for one, lift in zip(new, lifted, strict=True)])
        other = store.changed(uow.connection, cause, AT_ONCE)
        if other:
            lifted = concerned(uow.connection, recalled, [_naming(cause, said) for said, _ in other])
            free = store.free(uow, [of["id"] for _, of in other])
            for (said, of), lift in zip(other, lifted, strict=True):
                if of["id"] in free:
                    _follow(uow, settings, said, free[of["id"]], lift)
        gone = store.gone(uow.connection, cause, AT_ONCE)
        if gone:
            still = [row for row in store.free(uow, [row.id for row in gone]).values() if row.state != "closed"]
            if still:
                store.close(uow, still, settled_by(uow.connection, still))
        more = more or max(len(new), len(other), len(gone)) == AT_ONCE
    _lift(uow, settings, recalled)
    return more


def _naming(cause: str, said: Mapping[str, Any]) -> Naming:
    return Naming(cause, said["cause_key"], said["partner_id"], said["exchange_id"], lots_in(said["keys"]))


def _opened(uow: UnitOfWork, settings: CaseSettings, cause: str, said: Mapping[str, Any], lift: bool) -> dict[str, Any]:
    values = _said(uow, settings, said, lift)
    return {
        **{name: said[name] for name in ("cause_id", "cause_key", "organisation_id", "partner_id")},
        **values,
        "cause": cause,
        "state": "open",
        "owner": settings.owner_of(said["kind"]),
        "escalated": 0,
        "times": 1,
        "opened_at": uow.now,
        "closed_at": None,
        "changed_at": uow.now,
        "changed_by": uow.actor,
        "reason": None,
    }


def _said(uow: UnitOfWork, settings: CaseSettings, said: Mapping[str, Any], lift: bool) -> dict[str, Any]:
    """What a case takes over from its cause."""
    rank = rank_of(said["kind"], said["rule"], said["subject"], lift)
    return {
        **{name: said[name] for name in ("kind", "severity", "rule", "subject", "exchange_id", "document_id", "finding_id", "print")},
        "lots": lots_in(said["keys"]) or None,
        "rank": number_of(rank),
        "due_at": uow.now + settings.hours_of(rank, said["severity"]) * _HOUR,
    }


def _follow(uow: UnitOfWork, settings: CaseSettings, now: Mapping[str, Any], was: Any, lift: bool) -> None:
    """A cause that is back, or says something else. What waits keeps its due time; what was accepted or closed is due anew."""
    if was.state != "closed" and was.print == now["print"]:
        return  # somebody else has followed it meanwhile
    values = _said(uow, settings, now, lift)
    if was.state in LISTED:
        values["due_at"] = min(was.due_at, values["due_at"])
        values["rank"] = min(was.rank, values["rank"]) if was.escalated else values["rank"]
        action, state = "changed", was.state
    else:
        action, state = "reopened", "open"
        values |= {"opened_at": uow.now, "closed_at": None, "times": was.times + 1, "reason": None}
    store.change(uow, was.id, {**values, "state": state, "changed_at": uow.now, "changed_by": uow.actor})
    before = {"state": was.state, "print": was.print, "exchange": was.exchange_id}
    store.step(uow, was.id, action, None, before, {"state": state, "print": now["print"], "exchange": now["exchange_id"]})


def _lift(uow: UnitOfWork, settings: CaseSettings, recalled: CalledBack) -> None:
    """A recall that opens lifts what names its lots; one that ends lets it down again."""
    rows = store.with_lots(uow.connection, _SAFETY, bool(recalled))
    namings = [Naming(row.cause, row.cause_key, row.partner_id, row.exchange_id, row.lots) for row in rows]
    lifted = concerned(uow.connection, recalled, namings)
    ranks = {row.id: rank_of(row.kind, row.rule, row.subject, lift) for row, lift in zip(rows, lifted, strict=True)}
    other = [row.id for row in rows if number_of(ranks[row.id]) != row.rank]
    for row in store.free(uow, other).values() if other else ():
        rank = ranks[row.id]
        number = number_of(rank)
        if row.state not in LISTED or number == row.rank or (row.escalated and number > row.rank and row.rank != _SAFETY):
            continue
        due = uow.now + settings.hours_of(rank, row.severity) * _HOUR
        values = {"rank": number, "due_at": min(row.due_at, due) if number < row.rank else row.due_at}
        store.change(uow, row.id, values)
        store.step(uow, row.id, "changed", None, {"rank": named(row.rank)}, {"rank": rank})

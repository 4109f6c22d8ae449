"""Cases made to follow facts: new causes open a case, a cause that is gone closes it, one that is back opens it again.

What it does depends on the facts as they are and on the cases as they stand, not on the order in which facts came: running it again
changes nothing. A cause has one case for ever, so nobody decides the same thing twice; a replay that is held again is the same case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from hub.cases.kinds import LISTED, named, number_of, rank_of
from hub.cases.settings import CaseSettings
from hub.store import cases as store
from hub.store import discrepancies
from hub.store.causes import CAUSES
from hub.store.unit_of_work import UnitOfWork

AT_ONCE = 2000
"""Cases of one cause that are opened, or closed, in one transaction."""
_HOUR = 3_600_000_000
_SAFETY = number_of("safety")


def renew(uow: UnitOfWork, settings: CaseSettings) -> bool:
    """Open, close and reopen up to `AT_ONCE` cases of each cause. Whether there may be more to do."""
    discrepancies.take_turn(uow)
    more = False
    recalled = store.recalled_lots(uow.connection)
    for cause in CAUSES:
        new = store.fresh(uow.connection, cause, AT_ONCE)
        if new:
            store.add(uow, [_opened(uow, settings, cause, dict(row._mapping), recalled) for row in new])
        other = store.changed(uow.connection, cause, AT_ONCE)
        for said, of in other:
            _follow(uow, settings, said, of, recalled)
        gone = store.gone(uow.connection, cause, AT_ONCE)
        if gone:
            store.close(uow, gone)
        more = more or max(len(new), len(other), len(gone)) == AT_ONCE
    _lift(uow, settings, recalled)
    return more


def _opened(uow: UnitOfWork, settings: CaseSettings, cause: str, said: Mapping[str, Any], recalled: Collection[str]) -> dict[str, Any]:
    values = _said(uow, settings, said, recalled)
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


def _said(uow: UnitOfWork, settings: CaseSettings, said: Mapping[str, Any], recalled: Collection[str]) -> dict[str, Any]:
    """What a case takes over from its cause."""
    lots = lots_of(said["keys"])
    rank = rank_of(said["kind"], said["rule"], said["subject"], not set(lots).isdisjoint(recalled))
    return {
        **{name: said[name] for name in ("kind", "severity", "rule", "subject", "exchange_id", "document_id", "finding_id", "print")},
        "lots": lots or None,
        "rank": number_of(rank),
        "due_at": uow.now + settings.hours_of(rank, said["severity"]) * _HOUR,
    }


def _follow(uow: UnitOfWork, settings: CaseSettings, now: Mapping[str, Any], was: Mapping[str, Any], recalled: Collection[str]) -> None:
    """A cause that is back, or says something else. What waits keeps its due time; what was accepted or closed is due anew."""
    values = _said(uow, settings, now, recalled)
    if was["state"] in LISTED:
        values["due_at"] = min(was["due_at"], values["due_at"])
        values["rank"] = min(was["rank"], values["rank"]) if was["escalated"] else values["rank"]
        action, state = "changed", was["state"]
    else:
        action, state = "reopened", "open"
        values |= {"opened_at": uow.now, "closed_at": None, "times": was["times"] + 1, "reason": None}
    store.change(uow, was["id"], {**values, "state": state, "changed_at": uow.now, "changed_by": uow.actor})
    before = {"state": was["state"], "print": was["print"], "exchange": was["exchange_id"]}
    store.step(uow, was["id"], action, None, before, {"state": state, "print": now["print"], "exchange": now["exchange_id"]})


def _lift(uow: UnitOfWork, settings: CaseSettings, recalled: Collection[str]) -> None:
    """A recall that opens lifts what names its lots; one that ends lets it down again."""
    for row in store.with_lots(uow.connection, _SAFETY, bool(recalled)):
        rank = rank_of(row.kind, row.rule, row.subject, not set(row.lots).isdisjoint(recalled))
        number = number_of(rank)
        if number == row.rank or (row.escalated and number > row.rank and row.rank != _SAFETY):
            continue
        due = uow.now + settings.hours_of(rank, row.severity) * _HOUR
        values = {"rank": number, "due_at": min(row.due_at, due) if number < row.rank else row.due_at}
        store.change(uow, row.id, values)
        store.step(uow, row.id, "changed", None, {"rank": named(row.rank)}, {"rank": rank})


def lots_of(keys: Any) -> list[str]:
    """Lots that a message mentions, or the one of a discrepancy."""
    if isinstance(keys, str):
        return [keys] if keys else []
    return [str(lot) for lot in keys.get("lots", ())] if isinstance(keys, Mapping) else []

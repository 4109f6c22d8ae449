"""A recall from its opening to its end: locate, hold, notify, hear, remind, check, close. Each step is a transaction with its audit entry.

A **notice** tells one consignee about its own lots and quantities and nothing else; a **hold** asks a system that keeps stock or quality
records (WMS, QMS) to block the lots. Both leave by the route that the partner's file names (`notices:`), or wait there to be fetched. A
**drill** is a recall that sends nothing outside: notices are written and kept, so that it can be measured.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from data_contracts.errors import ConflictError, InvalidError, NotFoundError
from hub.recall.accounts import Accounts, kept_accounts, summary
from hub.recall.clocks import checked, clocks
from hub.recall.consignees import ANSWER, UNTOLD, answer_key, partner_of_places, superseded, to_hold, told, untold
from hub.recall.locate import Located
from hub.recall.scope import Scope, affected
from hub.recall.sending import named, parcel, send, zone_of
from hub.runtime import Hub
from hub.store import blobs, recalls
from hub.store.types import DAY, micros, moment
from hub.store.unit_of_work import UnitOfWork
from hub.store.views.called import item_names

Kind = Literal["recall", "drill"]
HOLDERS = ("wms", "qms")
"""Kinds of system that block stock."""
AMOUNT = r"[0-9]{1,12}(\.[0-9]{1,6})?"
"""An amount of units as an answer may state it: what the store keeps exactly."""
_AMOUNT = re.compile(AMOUNT)
_METHODS, _OUTCOMES = ("visit", "call", "letter", "message"), ("effective", "not_effective", "not_reached")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a recall needs to begin."""

    organisation: str
    title: str
    reason: str
    scope: Scope
    kind: Kind = "recall"
    regimes: Mapping[str, str] | None = None
    aware_at: datetime | None = None
    """When the maker learnt of the fault; null: now."""
    decided_at: datetime | None = None
    """When it decided to recall, from which most laws count; null: now."""


def open_recall(hub: Hub, uow: UnitOfWork, opening: Opening, organisations: Collection[int] | None = None) -> str:
    """Open a recall and locate its units; returns its number. `organisations`: ids of those that whoever opens it may see; null: all.

    Raises NotFoundError and ConflictError as `affected`, InvalidError for an unknown regime, a text that is missing and a fault that lies
    in the future, RefusedError for lots of which documents of other organisations speak.
    """
    if not opening.title.strip() or not opening.reason.strip():
        raise InvalidError("a recall has a title and a reason")
    regimes = checked(opening.regimes or {})
    aware = micros(opening.aware_at) if opening.aware_at is not None else uow.now
    if aware > uow.now:
        raise InvalidError("the maker cannot have learnt of the fault later than now")
    decided = micros(opening.decided_at) if opening.decided_at is not None else uow.now
    if not aware <= decided <= uow.now:
        raise InvalidError("the recall was decided neither before the fault was known nor later than now")
    organisation = hub.organisation_id(opening.organisation)
    reached = affected(uow.connection, opening.scope, organisations)
    row = recalls.add(
        uow,
        {
            "organisation_id": organisation,
            "kind": opening.kind,
            "title": opening.title.strip(),
            "reason": opening.reason.strip(),
            "regimes": regimes,
            "scope": opening.scope.as_json() | {"unknown": reached.unknown},
            "aware_at": aware,
            "decided_at": decided,
        },
        "DRILL" if opening.kind == "drill" else "RECALL",
    )
    located = kept_accounts(hub, uow, row, organisations).located
    uow.audit(
        organisation,
        "recall.opened",
        f"recall/{row.number}",
        reason=opening.reason,
        after={"kind": opening.kind, "title": opening.title, "scope": opening.scope.as_json(), "regimes": regimes, **summary(located)},
    )
    return str(row.number)


def relocate(hub: Hub, uow: UnitOfWork, number: str, why: str | None = None, organisations: Collection[int] | None = None) -> list[Located]:
    """Locate the units again with all that has become known; returns their accounts. Raises RefusedError as `open_recall`."""
    row = recalls.locked(uow, number)
    located = kept_accounts(hub, uow, row, organisations).located
    uow.audit(row.organisation_id, "recall.located", f"recall/{number}", reason=why, after=summary(located))
    return located


def hold(hub: Hub, uow: UnitOfWork, number: str, why: str | None = None, organisations: Collection[int] | None = None) -> list[int]:
    """Ask every system that blocks stock to block the affected lots; of lots that are found later it is asked then, and of none twice.

    Returns ids of holds. Raises RefusedError as `open_recall`.
    """
    row = _open(uow, number)
    found = kept_accounts(hub, uow, row, organisations).affected
    holds = [one for one in recalls.notices(uow.connection, row.id) if one.kind == "hold"]
    called = item_names(uow.connection, {name for lot in found.lots for name in (lot.gtin, lot.code) if name})
    made = []
    for key, partner in sorted(hub.site.partners.items()):
        if partner.kind not in HOLDERS:
            continue
        partner_id = hub.partner_id(key)
        lots = [named(lot, lot.serials, called) for lot in to_hold(found, [one for one in holds if one.partner_id == partner_id])]
        if lots:
            made.append(send(hub, uow, row, "hold", key, "", lots, why))
    return made


def notify(
    hub: Hub, uow: UnitOfWork, number: str, why: str | None = None, organisations: Collection[int] | None = None
) -> tuple[list[int], list[str]]:
    """Tell every consignee of the affected units that it got and has not been told of; one who has got more since is told anew, of all.

    Returns ids of notices, and the places that belong to no partner and wait to be told by a person (`tell`): the notice of such a place
    says what to tell, and goes nowhere. Raises RefusedError as `open_recall`.
    """
    row = _open(uow, number)
    partners = partner_of_places(hub)
    found = kept_accounts(hub, uow, row, organisations)
    known = told(recalls.notices(uow.connection, row.id), found.affected)
    called = item_names(uow.connection, {name for lot in found.affected.lots for name in (lot.gtin, lot.code) if name})
    lots: dict[str, list[dict[str, Any]]] = {}
    news: set[str] = set()
    for one in found.located:
        for place, quantity in one.account.consignees.items():
            said = format(quantity, "f") if quantity else None  # null: nobody states how many it got
            serials = one.serials.get(place, frozenset())
            lots.setdefault(place, []).append(named(one.lot, serials, called) | {"quantity": said, "unit": one.unit})
            if quantity > known.get((place, one.lot.key, one.unit), UNTOLD):
                news.add(place)
    parties = {place: party for one in found.located for place, party in one.parties.items()}
    made = []
    for place in sorted(news):
        said_to = [lot | {"answer_as": answer_key(lots[place], lot)} for lot in lots[place]]
        made.append(send(hub, uow, row, "notice", partners.get(place), place, said_to, why, parties.get(place)))
    return made, untold(recalls.notices(uow.connection, row.id))


def tell(uow: UnitOfWork, number: str, notice_id: int, how: str, told_at: datetime | None = None, why: str | None = None) -> None:
    """Note that a person told a consignee: how, whom, and when (null: now). The newest note counts; the audit keeps all.

    Raises ConflictError for a hold and for a notice that was confirmed, InvalidError without words on how, and for a time before the
    decision or later than now.
    """
    row = _open(uow, number)
    notice = recalls.notice(uow.connection, notice_id, row.id, None)
    if notice.kind != "notice":
        raise ConflictError("a hold is sent to a system, and told to nobody")
    if notice.acknowledged_at is not None:
        raise ConflictError(f"notice {notice_id} is confirmed already: who was told says so itself")
    if not how.strip():
        raise InvalidError("say how it was told, and whom")
    at = uow.now if told_at is None else micros(told_at)
    if not recalls.decided_at(row) <= at <= uow.now:
        raise InvalidError("it was told neither before the recall was decided nor later than now")
    before = None if notice.told_at is None else {"told_at": notice.told_at, "how": notice.told_how}
    recalls.change_notice(uow, notice_id, told_at=at, told_by=uow.actor, told_how=how.strip())
    after = {"notice": notice_id, "place": notice.place, "told_at": at, "how": how.strip()}
    uow.audit(row.organisation_id, "recall.told", f"recall/{number}", reason=why, before=before, after=after)


def acknowledge(uow: UnitOfWork, number: str, notice_id: int, partner_id: int | None, why: str | None = None) -> None:
    """The receiver has read it. Said again, it changes nothing. `partner_id` null: one of our people says so for it."""
    row = _for_partner(recalls.locked(uow, number), partner_id)
    notice = recalls.notice(uow.connection, notice_id, row.id, partner_id)
    if notice.acknowledged_at is None:
        recalls.change_notice(uow, notice_id, acknowledged_at=uow.now, acknowledged_by=uow.actor)
        after = {"notice": notice_id, "partner": notice.partner_key}
        uow.audit(row.organisation_id, "recall.acknowledged", f"recall/{number}", reason=why, after=after)


def answer(uow: UnitOfWork, number: str, notice_id: int, said: Mapping[str, Mapping[str, Any]], partner_id: int | None) -> None:
    """What a consignee says of its units, by `answer_as` of the notice's lots (the lot's key; with its unit where a lot is named in
    several): `on_hand`, `used`, `destroyed`, `returned`; what is missing is unknown. A later answer replaces an earlier one, which the
    audit keeps. Raises InvalidError for lots that it was not asked about, for amounts that are none, and for more units than it got;
    ConflictError for a hold, and where a later notice stands in the place of this one.
    """
    row = _for_partner(_open(uow, number), partner_id)
    notice = recalls.notice(uow.connection, notice_id, row.id, partner_id)
    if notice.kind != "notice":
        raise ConflictError("a hold is acknowledged, not answered")
    newer = superseded(recalls.notices(uow.connection, row.id)).get(notice_id)
    if newer is not None:
        raise ConflictError(f"notice {newer} stands in the place of {notice_id}: it names what came since, answer that")
    known = {answer_key(notice.lots, lot): None if lot["quantity"] is None else Decimal(lot["quantity"]) for lot in notice.lots}
    kept = {key: _amounts(key, said[key], known) for key in sorted(said)}
    recalls.change_notice(
        uow,
        notice_id,
        answer=kept,
        answered_at=uow.now,
        answered_by=uow.actor,
        acknowledged_at=notice.acknowledged_at or uow.now,
        acknowledged_by=notice.acknowledged_by or uow.actor,
    )
    uow.audit(
        row.organisation_id,
        "recall.answered",
        f"recall/{number}",
        before={"answer": notice.answer},
        after={"notice": notice_id, "partner": notice.partner_key, "place": notice.place, "answer": kept},
    )


def remind(hub: Hub, uow: UnitOfWork, number: str, why: str | None = None) -> list[int]:
    """Send again what is due and has not been acknowledged, at most once a day each; returns the ids."""
    row = _open(uow, number)
    again = []
    notices = recalls.notices(uow.connection, row.id)
    old = superseded(notices)
    for one in notices:
        last = one.reminded_at or one.sent_at
        if one.id in old or one.partner_id is None:  # a person reminds whom a person told
            continue
        if one.acknowledged_at is None and one.due_at <= uow.now and uow.now - last >= DAY:
            content = blobs.read_blob(uow.connection, uow.home, bytes(one.sha256))
            parcel(hub, uow, row, one.kind, one.partner_key, one.id, content, one.reminders + 1)
            recalls.change_notice(uow, one.id, reminders=one.reminders + 1, reminded_at=uow.now)
            after = {"notice": one.id, "partner": one.partner_key}
            uow.audit(row.organisation_id, "recall.reminded", f"recall/{number}", reason=why, after=after)
            again.append(int(one.id))
    return again


def check(uow: UnitOfWork, number: str, notice_id: int, method: str, outcome: str, note: str | None) -> int:
    """Note whether a consignee was reached and did as the notice asks (21 CFR 7.42(b)(3)); returns the id of the check."""
    if method not in _METHODS or outcome not in _OUTCOMES:
        raise InvalidError(f"method is one of {', '.join(_METHODS)}; outcome one of {', '.join(_OUTCOMES)}")
    row = recalls.by_number(uow.connection, number, None)
    notice = recalls.notice(uow.connection, notice_id, row.id, None)
    made = recalls.add_check(uow, {"notice_id": notice_id, "method": method, "outcome": outcome, "note": note})
    uow.audit(
        row.organisation_id,
        "recall.checked",
        f"recall/{number}",
        after={"notice": notice_id, "partner": notice.partner_key, "method": method, "outcome": outcome, "note": note},
    )
    return made


@dataclass(frozen=True, slots=True)
class Met:
    """Something that was due is done: an authority was reported to, the consignees were told."""

    regime: str
    act: str
    evidence: str
    """What shows it: the number that the authority gave, a letter."""
    met_at: datetime | None = None
    """When it was done; null: now."""
    exchange_id: int | None = None
    """The message that shows it; its original then stands in the report."""


def meet(hub: Hub, uow: UnitOfWork, number: str, done: Met, why: str | None = None) -> None:
    """Mark a clock as met, also of a closed recall; marked again, the newest mark counts and the audit keeps all.

    Raises InvalidError for what is not due in this recall, without evidence, and for a time before the fault was known or yet to come;
    NotFoundError for an exchange that the organisation does not have.
    """
    row = recalls.by_number(uow.connection, number, None)
    zone = zone_of(hub, row)
    closed = None if row.closed_at is None else moment(row.closed_at)
    due = {
        (one.regime, one.act)
        for one in clocks(row.regimes, moment(row.aware_at), moment(recalls.decided_at(row)), closed, zone, hub.site.calendars)
    }
    if (done.regime, done.act) not in due:
        known = ", ".join(f"{regime} {act}" for regime, act in sorted(due))
        raise InvalidError(f"{done.regime} {done.act} is not due in {number}: {known or 'nothing is'}")
    if not done.evidence.strip():
        raise InvalidError("say what shows that it is done")
    met_at = micros(done.met_at) if done.met_at is not None else uow.now
    if not row.aware_at <= met_at <= uow.now:
        raise InvalidError(f"it was done neither before the fault was known ({moment(row.aware_at):%Y-%m-%d %H:%M} UTC) nor later than now")
    if done.exchange_id is not None and not recalls.has_exchange(uow.connection, done.exchange_id, row.organisation_id):
        raise NotFoundError(f"there is no exchange {done.exchange_id}")
    before = recalls.met(uow.connection, row.id).get((done.regime, done.act))
    values = {"regime": done.regime, "act": done.act, "met_at": met_at, "evidence": done.evidence.strip(), "exchange_id": done.exchange_id}
    recalls.mark_met(uow, row.id, values)
    uow.audit(
        row.organisation_id,
        "recall.met",
        f"recall/{number}",
        reason=why,
        before=None if before is None else {name: getattr(before, name) for name in values},
        after=values,
    )


def close(hub: Hub, uow: UnitOfWork, number: str, reason: str) -> None:
    """End a recall. Raises ConflictError when it is closed already; InvalidError without a reason, which tells what is left open: notices
    that nobody answered, consignees who were not told of all that they got.
    """
    row = _open(uow, number)
    found = kept_accounts(hub, uow, row, None)
    if not reason.strip():
        left = _left_open(uow, row, found)
        raise InvalidError(f"say why {number} may end{': ' if left else ''}{'; '.join(left)}")
    recalls.close(uow, row.id, reason.strip())
    uow.audit(row.organisation_id, "recall.closed", f"recall/{number}", reason=reason.strip(), after=summary(found.located))


def _left_open(uow: UnitOfWork, row: Any, found: Accounts) -> list[str]:
    """What is not done yet, in words."""
    notices = recalls.notices(uow.connection, row.id)
    old = superseded(notices)
    known = told(notices, found.affected)
    got = {
        place
        for one in found.located
        for place, quantity in one.account.consignees.items()
        if quantity > known.get((place, one.lot.key, one.unit), UNTOLD)
    }
    silent = {one.place for one in notices if one.kind == "notice" and one.answered_at is None and one.id not in old}
    left = (("not answered by", silent), ("not told", got | set(untold(notices))))
    return [f"{what} {', '.join(sorted(places))}" for what, places in left if places]


def reopen(uow: UnitOfWork, number: str, reason: str) -> None:
    """Open a closed recall again. Raises ConflictError when it is open, InvalidError without a reason."""
    row = recalls.locked(uow, number)
    if row.state == "open":
        raise ConflictError(f"{number} is open")
    if not reason.strip():
        raise InvalidError("say why the recall goes on")
    recalls.reopen(uow, row.id)
    before = {"state": row.state, "closed_at": row.closed_at, "closed_by": row.closed_by}
    uow.audit(row.organisation_id, "recall.reopened", f"recall/{number}", reason=reason.strip(), before=before, after={"state": "open"})


def _for_partner(row: Any, partner_id: int | None) -> Any:
    """The recall, unless it is a drill and a partner asks: nobody outside hears of one."""
    if partner_id is not None and row.kind == "drill":
        raise NotFoundError(f"there is no recall {row.number}")
    return row


def _open(uow: UnitOfWork, number: str) -> Any:
    row = recalls.locked(uow, number)
    if row.state != "open":
        raise ConflictError(f"{number} is closed")
    return row


def _amounts(key: str, said: Mapping[str, Any], known: Mapping[str, Decimal | None]) -> dict[str, str]:
    if key not in known:
        raise InvalidError(f"{key} is none of the lots that the notice names")
    if unknown := sorted(set(said) - set(ANSWER)):
        raise InvalidError(f"{key}: {', '.join(unknown)}: known are {', '.join(ANSWER)}")
    amounts = {}
    for name, value in said.items():
        if not _AMOUNT.fullmatch(str(value)):
            raise InvalidError(f"{key}: {name} {value!r} is no number of units")
        amounts[name] = str(value)
    total = sum(map(Decimal, amounts.values()), Decimal(0))
    delivered = known[key]
    if delivered is not None and total > delivered:
        raise InvalidError(f"{key}: {total} units are said, {delivered} were delivered")
    return amounts

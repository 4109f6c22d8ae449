"""A recall from its opening to its end: locate, hold, notify, hear, remind, check, close. Each step is a transaction with its audit entry.

A **notice** tells one consignee about its own lots and quantities and nothing else; a **hold** asks a system that keeps stock or quality
records (WMS, QMS) to block the lots. Both leave by the route that the partner's file names (`notices:`), or wait there to be fetched. A
**drill** is a recall that sends nothing outside: notices are written and kept, so that it can be measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from data_contracts.errors import ConflictError, NotFoundError, RefusedError
from hub.recall.clocks import checked, clocks, notice_due
from hub.recall.locate import Answers, Located, locate
from hub.recall.scope import AffectedLot, Scope, affected
from hub.recall.whereabouts import Answer
from hub.runtime import Hub
from hub.store import blobs, outbox, recalls
from hub.store.types import micros, moment
from hub.store.unit_of_work import UnitOfWork

Kind = Literal["recall", "drill"]
HOLDERS = ("wms", "qms")
"""Kinds of system that block stock."""
_ANSWER = ("on_hand", "used", "destroyed", "returned")
_METHODS, _OUTCOMES = ("visit", "call", "letter", "message"), ("effective", "not_effective", "not_reached")
_json = msgspec.json.Encoder(order="deterministic").encode


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


def open_recall(hub: Hub, uow: UnitOfWork, opening: Opening) -> str:
    """Open a recall and locate its units; returns its number.

    Raises NotFoundError and ConflictError as `affected`, RefusedError for an unknown regime, a text that is missing, or a fault that lies
    in the future.
    """
    if not opening.title.strip() or not opening.reason.strip():
        raise RefusedError("a recall has a title and a reason")
    regimes = checked(opening.regimes or {})
    aware = micros(opening.aware_at) if opening.aware_at is not None else uow.now
    if aware > uow.now:
        raise RefusedError("the maker cannot have learnt of the fault later than now")
    organisation = hub.organisation_id(opening.organisation)
    row = recalls.add(
        uow,
        {
            "organisation_id": organisation,
            "kind": opening.kind,
            "title": opening.title.strip(),
            "reason": opening.reason.strip(),
            "regimes": regimes,
            "scope": opening.scope.as_json(),
            "aware_at": aware,
        },
        "DRILL" if opening.kind == "drill" else "RECALL",
    )
    located = _locate(hub, uow, row)
    uow.audit(
        organisation,
        "recall.opened",
        f"recall/{row.number}",
        reason=opening.reason,
        after={"kind": opening.kind, "title": opening.title, "scope": opening.scope.as_json(), "regimes": regimes, **_summary(located)},
    )
    return str(row.number)


def relocate(hub: Hub, uow: UnitOfWork, number: str, why: str | None = None) -> list[Located]:
    """Locate the units again with all that has become known; returns their accounts."""
    row = recalls.by_number(uow.connection, number, None)
    located = _locate(hub, uow, row)
    uow.audit(row.organisation_id, "recall.located", f"recall/{number}", reason=why, after=_summary(located))
    return located


def hold(hub: Hub, uow: UnitOfWork, number: str, why: str | None = None) -> list[int]:
    """Ask every system that blocks stock to block the affected lots; those that were asked are not asked again. Returns ids of holds."""
    row = _open(uow, number)
    lots = [_named(one.lot) for one in _accounts(hub, uow, row)]
    asked = {(one.partner_id, one.place) for one in recalls.notices(uow.connection, row.id) if one.kind == "hold"}
    made = []
    for key, partner in sorted(hub.site.partners.items()):
        partner_id = hub.partner_id(key)
        if partner.kind in HOLDERS and (partner_id, "") not in asked:
            made.append(_send(hub, uow, row, "hold", key, "", lots, why))
    return made


def notify(hub: Hub, uow: UnitOfWork, number: str, why: str | None = None) -> tuple[list[int], list[str]]:
    """Tell every consignee of the affected units that it got and has not been told of; one who has got more since is told anew, of all.

    Returns ids of notices, and places that belong to no partner: those must be told by other means.
    """
    row = _open(uow, number)
    partners = partner_of_places(hub)
    told = {
        (one.place, lot["lot_key"]): Decimal(lot["quantity"] or 0)
        for one in recalls.notices(uow.connection, row.id)
        if one.kind == "notice"
        for lot in one.lots
    }
    lots: dict[str, list[dict[str, Any]]] = {}
    for one in _locate(hub, uow, row):
        for place, quantity in one.account.consignees.items():
            said = format(quantity, "f") if quantity else None  # null: nobody states how many it got
            lots.setdefault(place, []).append(_named(one.lot) | {"quantity": said, "unit": one.unit})
    made, unreachable = [], []
    for place in sorted(lots):
        key = partners.get(place)
        if key is None:
            unreachable.append(place)
        elif any(Decimal(lot["quantity"] or 0) > told.get((place, lot["lot_key"]), Decimal(-1)) for lot in lots[place]):
            made.append(_send(hub, uow, row, "notice", key, place, lots[place], why))
    return made, unreachable


def acknowledge(uow: UnitOfWork, number: str, notice_id: int, partner_id: int | None, why: str | None = None) -> None:
    """The receiver has read it. Said again, it changes nothing. `partner_id` null: one of our people says so for it."""
    row = recalls.by_number(uow.connection, number, None)
    notice = recalls.notice(uow.connection, notice_id, row.id, partner_id)
    if notice.acknowledged_at is None:
        recalls.change_notice(uow, notice_id, acknowledged_at=uow.now, acknowledged_by=uow.actor)
        after = {"notice": notice_id, "partner": notice.partner_key}
        uow.audit(row.organisation_id, "recall.acknowledged", f"recall/{number}", reason=why, after=after)


def answer(hub: Hub, uow: UnitOfWork, number: str, notice_id: int, said: Mapping[str, Mapping[str, Any]], partner_id: int | None) -> None:
    """What a consignee says of its units, by lot key: `on_hand`, `used`, `destroyed`, `returned`; what is missing is unknown. A later
    answer replaces an earlier one, which the audit keeps. Raises RefusedError for lots that it was not asked about, for amounts that
    are none, and for more units than it got.
    """
    row = _open(uow, number)
    notice = recalls.notice(uow.connection, notice_id, row.id, partner_id)
    if notice.kind != "notice":
        raise RefusedError("a hold is acknowledged, not answered")
    known = {lot["lot_key"]: None if lot["quantity"] is None else Decimal(lot["quantity"]) for lot in notice.lots}
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
    located = _locate(hub, uow, row)
    uow.audit(
        row.organisation_id,
        "recall.answered",
        f"recall/{number}",
        before={"answer": notice.answer},
        after={"notice": notice_id, "partner": notice.partner_key, "place": notice.place, "answer": kept, **_summary(located)},
    )


def remind(hub: Hub, uow: UnitOfWork, number: str, why: str | None = None) -> list[int]:
    """Send again what is due and has not been acknowledged, at most once a day each; returns the ids."""
    row = _open(uow, number)
    again = []
    for one in recalls.notices(uow.connection, row.id):
        last = one.reminded_at or one.sent_at
        if one.acknowledged_at is None and one.due_at <= uow.now and uow.now - last >= 86_400_000_000:
            content = blobs.read_blob(uow.connection, uow.home, bytes(one.sha256))
            _parcel(hub, uow, row, one.kind, one.partner_key, one.id, content, one.reminders + 1)
            recalls.change_notice(uow, one.id, reminders=one.reminders + 1, reminded_at=uow.now)
            after = {"notice": one.id, "partner": one.partner_key}
            uow.audit(row.organisation_id, "recall.reminded", f"recall/{number}", reason=why, after=after)
            again.append(int(one.id))
    return again


def check(uow: UnitOfWork, number: str, notice_id: int, method: str, outcome: str, note: str | None) -> int:
    """Note whether a consignee was reached and did as the notice asks (21 CFR 7.42(b)(3)); returns the id of the check."""
    if method not in _METHODS or outcome not in _OUTCOMES:
        raise RefusedError(f"method is one of {', '.join(_METHODS)}; outcome one of {', '.join(_OUTCOMES)}")
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

    Raises RefusedError for what is not due in this recall, without evidence, and for a time before the fault was known or yet to come;
    NotFoundError for an exchange that the organisation does not have.
    """
    row = recalls.by_number(uow.connection, number, None)
    zone = _zone(hub, row)
    closed = None if row.closed_at is None else moment(row.closed_at)
    due = {(one.regime, one.act) for one in clocks(row.regimes, moment(row.aware_at), moment(row.opened_at), closed, zone)}
    if (done.regime, done.act) not in due:
        known = ", ".join(f"{regime} {act}" for regime, act in sorted(due))
        raise RefusedError(f"{done.regime} {done.act} is not due in {number}: {known or 'nothing is'}")
    if not done.evidence.strip():
        raise RefusedError("say what shows that it is done")
    met_at = micros(done.met_at) if done.met_at is not None else uow.now
    if not row.aware_at <= met_at <= uow.now:
        raise RefusedError(f"it was done neither before the fault was known ({moment(row.aware_at):%Y-%m-%d %H:%M} UTC) nor later than now")
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
    """End a recall. Raises ConflictError when it is closed already, RefusedError while a notice is unanswered and no reason is given."""
    row = recalls.by_number(uow.connection, number, None)
    unanswered = [
        one.place
        for one in recalls.notices(uow.connection, row.id)
        if one.kind == "notice" and one.answered_at is None and row.kind == "recall"
    ]
    if unanswered and not reason.strip():
        raise RefusedError(f"not answered by {', '.join(unanswered)}: say why the recall may end all the same")
    located = _locate(hub, uow, row)
    if not recalls.close(uow, row.id):
        raise ConflictError(f"{number} is closed")
    uow.audit(row.organisation_id, "recall.closed", f"recall/{number}", reason=reason or None, after=_summary(located))


def partner_of_places(hub: Hub) -> dict[str, str]:
    """Which partner receives at a place: its GLN, the places in its file, and its codes in our master data."""
    found: dict[str, str] = {}
    for key, partner in sorted(hub.site.partners.items()):
        for place in (partner.gln, *partner.places, *hub.site.party_codes(key).values()):
            if place:
                found.setdefault(place, key)
    return found


def _open(uow: UnitOfWork, number: str) -> Any:
    row = recalls.by_number(uow.connection, number, None)
    if row.state != "open":
        raise ConflictError(f"{number} is closed")
    return row


def _zone(hub: Hub, row: Any) -> ZoneInfo:
    return ZoneInfo(hub.site.organisations[hub.registry.organisation_key(row.organisation_id)].time_zone)


def _locate(hub: Hub, uow: UnitOfWork, row: Any) -> list[Located]:
    located = _accounts(hub, uow, row)
    partners = {place: hub.partner_id(key) for place, key in partner_of_places(hub).items()}
    rows: list[Sequence[Any]] = []
    for one in located:
        lot = (one.lot.key, one.lot.code, one.lot.gtin, one.lot.lot, one.lot.named, one.unit)
        rows.append((*lot, "total", "", None, "", "", one.account.total, []))
        for place, got in one.account.consignees.items():
            rows.append((*lot, "consignee", place, partners.get(place), "", "", got, []))
        for fault in one.account.contradictions:
            rows.append((*lot, "contradiction", fault.place, None, "", fault.rule, fault.quantity, list(fault.evidence)))
        if one.account.opening:
            rows.append((*lot, "opening", "", None, "", "", one.account.opening, []))
        for at in one.account.positions:
            partner_id = partners.get(at.holder) if at.holder in one.account.consignees else None
            rows.append((*lot, at.where, at.holder, partner_id, at.status, at.why, at.quantity, list(at.evidence)))
    recalls.keep_findings(uow, row.id, rows)
    return located


def _accounts(hub: Hub, uow: UnitOfWork, row: Any) -> list[Located]:
    """The accounts of the affected lots; what a consignee was told and answered stands beside what documents say of it now."""
    customers = {place for place, key in partner_of_places(hub).items() if hub.site.partners[key].kind == "customer"}
    answers = _answers(uow, row.id)
    located = locate(uow.connection, affected(uow.connection, Scope.from_json(row.scope)), answers, customers)
    for notice in recalls.notices(uow.connection, row.id):
        for lot in notice.lots if notice.kind == "notice" else ():
            for one in located:
                if one.lot.key == lot["lot_key"] and one.unit == lot["unit"]:
                    one.account.told(notice.place, Decimal(lot["quantity"] or 0), (notice.place, lot["lot_key"]) in answers)
    return located


def _answers(uow: UnitOfWork, recall_id: int) -> Answers:
    """What consignees say of each lot in answer to the newest notice that names it."""
    newest = {
        (one.place, lot["lot_key"]): one.answer
        for one in recalls.notices(uow.connection, recall_id)
        if one.kind == "notice"
        for lot in one.lots
    }
    return {
        place_and_lot: Answer(**{name: Decimal(said.get(place_and_lot[1], {}).get(name, "0")) for name in _ANSWER})
        for place_and_lot, said in newest.items()
        if said is not None
    }


def _named(lot: AffectedLot) -> dict[str, Any]:
    return {"lot_key": lot.key, "item": lot.code, "gtin": lot.gtin, "lot": lot.lot, "serials": sorted(lot.serials)}


def _amounts(key: str, said: Mapping[str, Any], known: Mapping[str, Decimal | None]) -> dict[str, str]:
    if key not in known:
        raise RefusedError(f"{key} is none of the lots that the notice names")
    if unknown := sorted(set(said) - set(_ANSWER)):
        raise RefusedError(f"{key}: {', '.join(unknown)}: known are {', '.join(_ANSWER)}")
    amounts = {}
    for name, value in said.items():
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            raise RefusedError(f"{key}: {name} {value!r} is no number of units")
        amounts[name] = format(amount, "f")
    total = sum(map(Decimal, amounts.values()), Decimal(0))
    delivered = known[key]
    if delivered is not None and total > delivered:
        raise RefusedError(f"{key}: {total} units are said, {delivered} were delivered")
    return amounts


def _send(hub: Hub, uow: UnitOfWork, row: Any, kind: str, key: str, place: str, lots: Sequence[Mapping[str, Any]], why: str | None) -> int:
    due = notice_due(row.regimes, moment(uow.now), _zone(hub, row))
    content = _json(
        {
            "message": kind,
            "recall": row.number,
            "drill": row.kind == "drill",
            "title": row.title,
            "reason": row.reason,
            "from": hub.registry.organisation_key(row.organisation_id),
            "to": {"partner": key, "place": place or None},
            "lots": list(lots),
            "answer_by": due.isoformat(),
        }
    )
    number = recalls.add_notice(
        uow,
        row.id,
        {
            "kind": kind,
            "partner_id": hub.partner_id(key),
            "place": place,
            "lots": list(lots),
            "sha256": hashlib.sha256(content).digest(),
            "due_at": micros(due),
        },
    )
    recalls.change_notice(uow, number, outbox_id=_parcel(hub, uow, row, kind, key, number, content, 0))
    after = {"notice": number, "kind": kind, "partner": key, "place": place}
    uow.audit(row.organisation_id, "recall.sent", f"recall/{row.number}", reason=why, after=after)
    return number


def _parcel(hub: Hub, uow: UnitOfWork, row: Any, kind: str, key: str, notice_id: int, content: bytes, reminder: int) -> int | None:
    sha256, _ = blobs.keep(uow.connection, uow.home, content)
    if row.kind == "drill":
        return None
    return outbox.put(
        uow,
        outbox.Parcel(
            stable_id=f"recall-notice/{notice_id}/{reminder}",
            organisation_id=row.organisation_id,
            partner_id=hub.partner_id(key),
            kind="event",
            route=dict(hub.site.partners[key].notices),
            name=outbox.file_name(f"{kind}_{row.number}_{notice_id}{f'_reminder{reminder}' if reminder else ''}.json"),
            media_type="application/json",
            sha256=sha256,
        ),
    )


def _summary(located: Sequence[Located]) -> dict[str, Any]:
    """For the audit: what was found, in numbers."""
    return {
        "lots": len(located),
        "consignees": len({place for one in located for place in one.account.consignees}),
        "contradictions": sum(len(one.account.contradictions) for one in located),
        "coverage": {
            f"{one.lot.key} {one.unit}": None if (share := one.account.coverage) is None else format(share, ".4f") for one in located
        },
    }

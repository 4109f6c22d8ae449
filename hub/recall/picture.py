"""A recall as people read it: where the units are, what is due, who was told and what they said, and the score of a drill.

A partner's picture holds its own notices and nothing of anybody else: no other consignee, no stock, no evidence, no law's clock, and of a
drill nothing at all. Whoever of our own people may see some organisations only is told that the rest is with another one, and no more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from hub.recall.accounts import findings
from hub.recall.clocks import clocks
from hub.recall.consignees import partner_of_places, site_places, superseded, untold
from hub.recall.sending import zone_of
from hub.recall.whereabouts import SURE, WHERE
from hub.runtime import Hub
from hub.store import recalls
from hub.store.types import micros, moment
from hub.store.views.called import Called, item_names, place_names

ZERO = Decimal(0)


def picture(hub: Hub, connection: sa.Connection, number: str, organisations: Collection[int] | None = None) -> dict[str, Any]:
    """Everything of one recall for our own people.

    `{number, kind, title, reason, state, organisation, regimes, scope, aware_at, opened_at, opened_by, closed_at, closed_by, closed_reason,
    located_at, totals: [{item, gtin, name, name_zh, named, lots: number, unit, total, known, unknown, coverage, contradictions: number,
    positions: {position: quantity}, at_consignees: quantity of what is on hand}],
    lots: [{key, item, gtin, name, name_zh, lot, named, unit, total, opening, coverage, positions: [{position, holder, partner, status, why,
    quantity, evidence}], consignees: [{place, partner, quantity, party}], contradictions: [{rule, place, quantity, evidence,
    despatches: [number]}]}],
    names: {place: {name, name_zh}}, elsewhere,
    clocks: [{regime, act, due_at, clause, statutory, confirmed, unknown_years, overdue,
    met: null | {at, late, evidence, exchange, marked_at, marked_by}}],
    notices, holds, checks, unreachable: [place], score}`. Quantities and shares are Decimals; coverage is null where there are no units,
    and never all where something does not add up; a consignee's quantity is null where nobody states it.
    `unreachable` are the places that belong to no partner and that nobody has told yet; totals are of one item in one unit, never of raw
    material and what was made of it together.
    `elsewhere`: there is more, with an organisation that is not among `organisations` (null: all may be seen); it is in no number here.
    """
    row = recalls.by_number(connection, number, organisations)
    found = findings(hub, connection, row)
    told = recalls.notices(connection, row.id)
    now = hub.clock.now()
    lots = _lots(hub, found.rows)
    elsewhere = organisations is not None and _leave_out(connection, lots, organisations)
    places = {place["holder"] for lot in lots for place in lot["positions"] if place["consignee"]}
    places |= {one["place"] for lot in lots for one in lot["consignees"]}
    keys = {lot["key"] for lot in lots}
    old = superseded(told)
    if elsewhere:
        told = [one for one in told if one.kind == "hold" or one.place in places]
    notices = [_notice(one, now, old) for one in told if one.kind == "notice"]
    holds = [_notice(one, now, old) for one in told if one.kind == "hold"]
    if elsewhere:
        for one in (*notices, *holds):
            one["lots"] = [lot for lot in one["lots"] if lot["lot_key"] in keys]
    checks = [
        {"notice": one.notice_id, "partner": one.partner_key, "place": one.place, "at": moment(one.at), "by": one.by}
        | {"method": one.method, "outcome": one.outcome, "note": one.note}
        for one in recalls.checks(connection, row.id)
        if not elsewhere or one.place in places
    ]
    _name_items(connection, lots)
    _name_despatches(connection, lots)
    heard = {one["place"] for one in notices if one["partner"] is None} - set(untold(told))
    unreachable = sorted(places - partner_of_places(hub).keys() - heard)
    mentioned = {one["holder"] for lot in lots for one in lot["positions"]} | {
        one["place"] for lot in lots for one in lot["contradictions"]
    }
    mentioned |= places | {one["place"] for one in notices}
    totals = _totals(lots)
    return {
        **_head(hub, row),
        "time_zone": zone_of(hub, row).key,
        "opened_by": row.opened_by,
        "closed_by": row.closed_by,
        "closed_reason": row.closed_reason,
        "scope": row.scope,
        "located_at": None if found.at is None else moment(found.at),
        "totals": totals,
        "lots": lots,
        "elsewhere": elsewhere,
        "clocks": _clocks(hub, row, now, recalls.met(connection, row.id)),
        "notices": notices,
        "holds": holds,
        "checks": checks,
        "unreachable": unreachable,
        "names": _names(hub, connection, mentioned - {""}, lots, notices),
        "score": _score(row, totals, notices, found.kept_at),
    }


def _names(
    hub: Hub,
    connection: sa.Connection,
    places: Collection[str],
    lots: Collection[Mapping[str, Any]],
    notices: Collection[Mapping[str, Any]],
) -> dict[str, dict[str, str | None]]:
    """What places are called: by the site's files, else our master data, else the documents that name them."""
    found: dict[str, dict[str, str | None]] = {}
    for party in [one for lot in lots for one in lot["consignees"]] + list(notices):
        if party["party"] and party["party"].get("name"):
            found[party["place"]] = {"name": party["party"]["name"], "name_zh": None}
    for place, called in {**place_names(connection, places), **site_places(hub)}.items():
        found[place] = {"name": called.name, "name_zh": called.name_zh}
    return {place: found[place] for place in sorted(places) if place in found}


def _name_items(connection: sa.Connection, lots: Collection[dict[str, Any]]) -> None:
    """Put the names of our master data beside the numbers of items."""
    called = item_names(connection, {name for lot in lots for name in (lot["gtin"], lot["item"]) if name})
    for lot in lots:
        one = called.get(lot["gtin"] or "") or called.get(lot["item"]) or Called()
        lot["name"], lot["name_zh"] = one.name, one.name_zh


def _name_despatches(connection: sa.Connection, lots: Collection[dict[str, Any]]) -> None:
    """Put the numbers of despatches beside what does not add up, in the order of its documents."""
    faults = [one for lot in lots for one in lot["contradictions"]]
    numbers = recalls.despatches_of(connection, {exchange for one in faults for exchange in one["evidence"]})
    for one in faults:
        one["despatches"] = list(dict.fromkeys(number for exchange in one["evidence"] for number in numbers.get(exchange, ())))


def partners_picture(hub: Hub, connection: sa.Connection, number: str, partner_id: int) -> dict[str, Any]:
    """What a partner may see. Raises NotFoundError where it has no notice of this recall: the same as for none."""
    row = recalls.by_number(connection, number, None)
    mine = recalls.notices(connection, row.id, partner_id)
    if not mine or row.kind == "drill":
        raise NotFoundError(f"there is no recall {number}")
    now = hub.clock.now()
    old = superseded(mine)
    return {**head(hub, row, own=False), "notices": [_notice(one, now, old, own=False) for one in mine]}


_OURS = ("aware_at", "decided_at", "regimes")
"""What of a recall's head is between us and the authorities."""


def head(hub: Hub, row: Any, own: bool = True) -> dict[str, Any]:
    """A recall in a list, for our own people or a partner."""
    shown = _head(hub, row)
    return shown if own else {name: value for name, value in shown.items() if name not in _OURS}


def overdue(hub: Hub, connection: sa.Connection, row: Any) -> int:
    """How many of a recall's clocks have run out and are not marked as met."""
    return sum(1 for one in _clocks(hub, row, hub.clock.now(), recalls.met(connection, row.id)) if one["overdue"])


def _head(hub: Hub, row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "title": row.title,
        "reason": row.reason,
        "state": row.state,
        "organisation": hub.registry.organisation_key(row.organisation_id),
        "regimes": row.regimes,
        "aware_at": moment(row.aware_at),
        "decided_at": moment(recalls.decided_at(row)),
        "opened_at": moment(row.opened_at),
        "closed_at": None if row.closed_at is None else moment(row.closed_at),
    }


def _lots(hub: Hub, found: Collection[Any]) -> list[dict[str, Any]]:
    partners = partner_of_places(hub)
    lots: dict[tuple[str, str], dict[str, Any]] = {}
    for row in found:
        lot = lots.setdefault(
            (row.lot_key, row.unit),
            {"key": row.lot_key, "item": row.item, "gtin": row.gtin, "lot": row.lot, "named": row.named, "unit": row.unit}
            | {"total": ZERO, "opening": ZERO, "coverage": None, "positions": [], "consignees": [], "contradictions": []},
        )
        if row.position in ("total", "opening"):
            lot[row.position] = row.quantity
            continue
        if row.position == "consignee":
            known = row.quantity or None
            lot["consignees"].append({"place": row.holder, "partner": partners.get(row.holder), "quantity": known, "party": row.party})
            continue
        if row.position == "contradiction":
            fault = {"rule": row.why, "place": row.holder, "quantity": row.quantity, "evidence": row.evidence}
            lot["contradictions"].append(fault)
            continue
        lot["positions"].append(
            {
                "position": row.position,
                "holder": row.holder,
                "partner": partners.get(row.holder),
                "consignee": row.position == "shipped" or row.why in ("answered", "not_accounted_for"),
                "status": row.status,
                "why": row.why,
                "quantity": row.quantity,
                "evidence": row.evidence,
            }
        )
    for lot in lots.values():
        holders = {one["place"] for one in lot["consignees"]}
        for one in lot["positions"]:
            one["consignee"] |= one["holder"] in holders
        unknown = sum((one["quantity"] for one in lot["positions"] if one["position"] == "unknown"), ZERO)
        lot["coverage"] = _located(lot["total"] - unknown, lot["total"], lot["contradictions"])
    return list(lots.values())


def _leave_out(connection: sa.Connection, lots: list[dict[str, Any]], organisations: Collection[int]) -> bool:
    """Take out of the lots what rests on documents of other organisations; whether there was any. What is left is balanced anew."""
    said = [one for lot in lots for one in (*lot["positions"], *lot["contradictions"])]
    exchanges = {number for one in said for number in one["evidence"]}
    of = recalls.organisations_of(connection, exchanges)
    others = {number for number in exchanges if of.get(number) not in organisations}
    if not others:
        return False
    for lot in lots:
        if not any(number in others for one in (*lot["positions"], *lot["contradictions"]) for number in one["evidence"]):
            continue
        # What is unknown, and what was answered otherwise, rests on no document but on all of them.
        for name in ("positions", "contradictions"):
            lot[name] = [one for one in lot[name] if one["evidence"] and others.isdisjoint(one["evidence"])]
        left = {one["holder"] for one in lot["positions"]} | {one["place"] for one in lot["contradictions"]}
        lot["consignees"] = [
            one | {"quantity": sum((at["quantity"] for at in lot["positions"] if at["holder"] == one["place"]), ZERO) or None}
            for one in lot["consignees"]
            if one["place"] in left
        ]
        lot["total"], lot["opening"] = sum((one["quantity"] for one in lot["positions"]), ZERO), ZERO
        unknown = sum((one["quantity"] for one in lot["positions"] if one["position"] == "unknown"), ZERO)
        lot["coverage"] = _located(lot["total"] - unknown, lot["total"], lot["contradictions"])
    lots[:] = [lot for lot in lots if lot["positions"] or lot["contradictions"]]
    return True


def _totals(lots: Collection[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row an item and unit: what was used to make other lots of the recall is found again in those, and is never added to them."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for lot in lots:
        total = found.setdefault(
            (lot["item"], lot["unit"]),
            {name: lot[name] for name in ("item", "gtin", "name", "name_zh", "named")}
            | {"lots": 0, "unit": lot["unit"], "total": ZERO, "positions": dict.fromkeys(WHERE, ZERO), "contradictions": 0}
            | {"at_consignees": ZERO},
        )
        total["lots"] += 1
        total["named"] = total["named"] or lot["named"]
        total["total"] += lot["total"]
        total["contradictions"] += len(lot["contradictions"])
        for one in lot["positions"]:
            total["positions"][one["position"]] += one["quantity"]
            if one["position"] == "on_hand" and one["consignee"]:
                total["at_consignees"] += one["quantity"]
    for total in found.values():
        total["unknown"] = total["positions"]["unknown"]
        total["known"] = total["total"] - total["unknown"]
        total["coverage"] = _located(total["known"], total["total"], total["contradictions"])
    return list(found.values())


def _clocks(hub: Hub, row: Any, now: datetime, met: Mapping[tuple[str, str], Any]) -> list[dict[str, Any]]:
    zone = zone_of(hub, row)
    closed = None if row.closed_at is None else moment(row.closed_at)
    return [
        # What must come before the action is a condition and no date: only a person knows whether it was kept, and marks it.
        {"regime": one.regime, "act": one.act, "due_at": one.due_at, "clause": one.clause}
        | {"statutory": one.statutory, "confirmed": one.confirmed, "unknown_years": list(one.unknown_years)}
        | {"overdue": done is None and one.due_at < now and one.act != "authority_report_before_action"}
        | {"met": None if done is None else _met(done, one.due_at)}
        for one in clocks(row.regimes, moment(row.aware_at), moment(recalls.decided_at(row)), closed, zone, hub.site.calendars)
        for done in (met.get((one.regime, one.act)),)
    ]


def _met(done: Any, due_at: datetime) -> dict[str, Any]:
    at = moment(done.met_at)
    said = {"at": at, "late": at > due_at, "evidence": done.evidence, "exchange": done.exchange_id}
    return said | {"marked_at": moment(done.marked_at), "marked_by": done.marked_by}


_PARCELS = {"sent": "sent", "waiting": "waiting", "held": "to_fetch", "dead": "not_sent", None: "kept"}
"""State of the parcel → of the notice: only what left was sent, and what a partner fetches is there for it; a drill's is kept."""


def _state(one: Any, now: datetime, old: Collection[int]) -> str:
    if one.id in old:
        return "superseded"
    if one.answered_at is not None:
        return "answered"
    if one.acknowledged_at is not None:
        return "acknowledged"
    if one.told_at is not None:
        return "told"
    if one.parcel == "dead":
        return _PARCELS["dead"]
    if one.partner_id is None and one.due_at >= micros(now):
        return "to_tell"
    return "overdue" if one.due_at < micros(now) else _PARCELS[one.parcel]


def _notice(one: Any, now: datetime, old: Mapping[int, int], own: bool = True) -> dict[str, Any]:
    said = {
        "id": one.id,
        "kind": one.kind,
        "partner": one.partner_key,
        "place": one.place or None,
        "party": one.party,
        "lots": one.lots,
        "made_at": moment(one.sent_at),
        "sent_at": None if one.left_at is None else moment(one.left_at),
        "due_at": moment(one.due_at),
        "state": _state(one, now, old),
        "superseded_by": old.get(one.id),
        "acknowledged_at": None if one.acknowledged_at is None else moment(one.acknowledged_at),
        "answered_at": None if one.answered_at is None else moment(one.answered_at),
        "answer": one.answer,
    }
    if own:
        said |= {
            "reminders": one.reminders,
            "acknowledged_by": one.acknowledged_by,
            "answered_by": one.answered_by,
            "sha256": one.sha256.hex(),
            "told_at": None if one.told_at is None else moment(one.told_at),
            "told_by": one.told_by,
            "told_how": one.told_how,
        }
    return said


def _score(
    row: Any, totals: Collection[Mapping[str, Any]], notices: Collection[Mapping[str, Any]], located_at: int | None
) -> dict[str, Any]:
    """How well it went: share of units found, of consignees reached and heard, and the hours that it took.

    Units of one item count alike; of several items the one counts of which the least is found (docs/decisions/0020).
    """
    notices = [one for one in notices if one["superseded_by"] is None]
    heard = sum(1 for one in notices if one["acknowledged_at"] is not None)
    answered = [one["answered_at"] for one in notices if one["answered_at"] is not None]
    opened = moment(row.opened_at)
    last = max(answered, default=None)
    return {
        "coverage": min((one["coverage"] for one in totals if one["coverage"] is not None), default=None),
        "acknowledged": _share(Decimal(heard), Decimal(len(notices))),
        "answered": _share(Decimal(len(answered)), Decimal(len(notices))),
        "hours_to_last_answer": None if last is None else _hours(last - opened),
        "hours_to_locate": None if located_at is None else _hours(moment(located_at) - opened),
    }


def _hours(span: Any) -> Decimal:
    return Decimal(str(round(span.total_seconds() / 3600, 3)))


def _located(part: Decimal, whole: Decimal, contradictions: object) -> Decimal | None:
    """The share that is located: never all while something does not add up."""
    share = _share(part, whole)
    if not contradictions:
        return share
    return ZERO if share is None else min(share, SURE)


_PARTS = Decimal("0.0001")
"""A share is rounded down: all is said only where it is all."""


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return (part / whole).quantize(_PARTS, ROUND_DOWN) if whole else None

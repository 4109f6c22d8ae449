"""Consignees of a recall: who receives where, what each was told of which lots, and what each says of them. Reads only.

A lot may gain names while a recall runs, and be called by another of them tomorrow. What was told and answered is therefore found again by
any name that the lot has, and by its unit: a lot that is delivered in cartons and in pieces is told and answered for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from hub.recall.answered import Answer
from hub.recall.scope import Affected, AffectedLot
from hub.runtime import Hub
from hub.store.views.called import Called

ANSWER = ("on_hand", "used", "destroyed", "returned")
Share = tuple[str, str, str]
"""Place, lot (by the key of today) and unit."""
UNTOLD = Decimal(-1)
"""Less than of any number: who got units in a number that nobody states is told of 0."""


def partner_of_places(hub: Hub) -> dict[str, str]:
    """Which partner receives at a place: its GLN, the places in its file, and its codes in our master data."""
    found: dict[str, str] = {}
    for key, partner in sorted(hub.site.partners.items()):
        for place in (partner.gln, *partner.places, *hub.site.party_codes(key).values()):
            if place:
                found.setdefault(place, key)
    return found


def site_places(hub: Hub) -> dict[str, Called]:
    """What the site's files call places: our organisations, and where partners receive."""
    found = {one.gln: Called(one.name, one.name_zh) for one in hub.site.organisations.values() if one.gln}
    for place, key in partner_of_places(hub).items():
        found[place] = Called(hub.site.partners[key].name, hub.site.partners[key].name_zh)
    return found


def superseded(notices: Iterable[Any]) -> dict[int, int]:
    """Notices in whose place a later one to the same consignee stands, with the newest: it names everything that the others named."""
    newest: dict[str, int] = {}
    told = [one for one in notices if one.kind == "notice"]
    for one in told:
        newest[one.place] = max(one.id, newest.get(one.place, 0))
    return {one.id: newest[one.place] for one in told if newest[one.place] != one.id}


def untold(notices: Iterable[Any]) -> list[str]:
    """Places that belong to no partner, and that nobody has told by other means yet."""
    notices = list(notices)
    old = superseded(notices)
    return sorted(
        {one.place for one in notices if one.kind == "notice" and one.partner_id is None and not _heard(one) and one.id not in old}
    )


def _heard(notice: Any) -> bool:
    return any(at is not None for at in (notice.told_at, notice.acknowledged_at, notice.answered_at))


def answer_key(lots: Sequence[Mapping[str, Any]], lot: Mapping[str, Any]) -> str:
    """By what a consignee answers for a lot of its notice: the lot's key, with the unit where the notice names the lot in several."""
    same = [one for one in lots if one["lot_key"] == lot["lot_key"]]
    return str(lot["lot_key"]) if len(same) == 1 else f"{lot['lot_key']} {lot.get('unit') or ''}"


def told(notices: Iterable[Any], found: Affected) -> dict[Share, Decimal]:
    """Of how many units each consignee was told last; 0: of some, and nobody states how many."""
    names = names_of(found)
    return {
        (one.place, names.get(lot["lot_key"], lot["lot_key"]), lot.get("unit") or ""): Decimal(lot["quantity"] or 0)
        for one in notices
        if one.kind == "notice"
        for lot in one.lots
    }


def answers(notices: Iterable[Any], found: Affected) -> dict[Share, Answer]:
    """What each consignee says. Who was told anew and has not answered that has still said what it answered before."""
    names = names_of(found)
    said: dict[Share, Answer] = {}
    for one in notices:
        if one.kind != "notice" or one.answer is None:
            continue
        for lot in one.lots:
            amounts = one.answer.get(answer_key(one.lots, lot), {})
            share = (one.place, names.get(lot["lot_key"], lot["lot_key"]), lot.get("unit") or "")
            stated = {name: Decimal(amounts.get(name, "0")) for name in ANSWER}
            said[share] = Answer(**stated, at=one.answered_at or 0, asked=Decimal(lot["quantity"] or 0))
    return said


def names_of(found: Affected) -> dict[str, str]:
    """Every node key of the affected lots → the key by which the lot is called today."""
    return {key: lot.key for lot in found.lots for key in lot.nodes.values()}


def to_hold(found: Affected, held: Iterable[Any]) -> list[AffectedLot]:
    """The lots that a system was not asked to block yet by these holds, or of which only some units."""
    names = names_of(found)
    asked: dict[str, list[frozenset[str]]] = {}
    for one in held:
        for lot in one.lots:
            asked.setdefault(names.get(lot["lot_key"], lot["lot_key"]), []).append(frozenset(lot["serials"]))

    def covered(lot: AffectedLot) -> bool:
        before = asked.get(lot.key, [])
        return any(not units for units in before) or bool(lot.serials and lot.serials <= frozenset().union(*before))

    return [lot for lot in found.lots if not covered(lot)]

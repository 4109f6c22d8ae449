"""From the store to accounts: for every affected lot, what documents and counts say, in base units, and where its units are.

Places are what documents call them: a GLN, else a code. A place is ours where one of our systems counts, receives or makes there, or
where it is an organisation's own GLN; anywhere else, what we despatched to it is with a consignee.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from hub.recall.scope import Affected, AffectedLot
from hub.recall.whereabouts import Answer, Counted, LotAccount, Stated, account
from hub.store import lot_history
from hub.store.crosswalk import OWN_SYSTEMS, GoldenItem, ItemName, Names
from hub.store.lot_history import LotLine
from hub.store.views.stock import PlacePicture, counts_of, places

WRITTEN_OFF = frozenset({"destroyed", "scrapped", "scrap", "disposed", "报废", "销毁", "551", "553", "555"})
"""Reasons of a movement that say that units are no more; the numbers are SAP movement types."""
_DAY = 86_400_000_000

Answers = Mapping[tuple[str, str], Answer]
"""By consignee's place and lot key."""


@dataclass(slots=True)
class Located:
    """One lot with its account, in `unit`."""

    lot: AffectedLot
    account: LotAccount
    unit: str


def locate(connection: sa.Connection, found: Affected, answers: Answers) -> list[Located]:
    """Accounts of the affected lots, in their order. A lot whose units do not convert has an account for each unit."""
    nodes = [number for lot in found.lots for number in lot.nodes]
    numbers = {lot.lot for lot in found.lots}
    lines = lot_history.lines_of_lots(connection, nodes, numbers)
    first = min((line.effective_at for line in lines if line.effective_at is not None), default=None)
    lines += lot_history.movements_of_lots(connection, nodes, numbers, None if first is None else first - _DAY)
    pictures = places(connection, _places(connection, lines, nodes))
    ours = _own_places(connection, lines, pictures)
    located: list[Located] = []
    for lot in found.lots:
        item = found.names.items.get(lot.item_id) if lot.item_id is not None else None
        mine = [line for line in lines if line.lot == lot.lot and _is_of(line, lot, found.names)]
        books: dict[str, list[Stated]] = {}
        for line in mine:
            unit, stated = _stated(line, item, lot.serials)
            books.setdefault(unit, []).extend(stated)
        counts = {} if lot.serials else _counts(pictures.values(), lot)  # counts are of lots, not of single units
        for unit in sorted({*books, *counts}) or [item.base_unit or "" if item is not None else ""]:
            mine_said = {place: answer for (place, key), answer in answers.items() if key == lot.key}
            counted = frozenset() if lot.serials else frozenset(place for (place, _), one in pictures.items() if one.counts)
            located.append(Located(lot, account(books.get(unit, ()), counts.get(unit, ()), counted, ours, mine_said), unit))
    return located


def _places(connection: sa.Connection, lines: Iterable[LotLine], nodes: Sequence[int]) -> set[tuple[str, int]]:
    wanted = lot_history.places_of_lots(connection, nodes)
    for line in lines:
        wanted |= {(place, line.organisation_id) for place in (line.location, _ship_from(line)) if place}
    return wanted


def _own_places(connection: sa.Connection, lines: Iterable[LotLine], pictures: Mapping[tuple[str, int], PlacePicture]) -> frozenset[str]:
    ours = {gln for _, gln in lot_history.organisation_keys(connection).values() if gln}
    ours |= {
        line.location
        for line in lines
        if line.location
        and line.partner_kind in OWN_SYSTEMS
        and line.kind in ("receiving_advice", "production_event", "inventory_movement")
    }
    ours |= {ship_from for line in lines if line.partner_kind in OWN_SYSTEMS and (ship_from := _ship_from(line))}
    mentioned = {line.location for line in lines if line.location} | {place for place, _ in pictures}
    ours |= {count.location for count in counts_of(connection, None, mentioned) if count.kind in OWN_SYSTEMS}
    return frozenset(ours)


def _ship_from(line: LotLine) -> str | None:
    party = line.header.get("ship_from") or {}
    return party.get("gln") or party.get("code") or party.get("name") or None


def _name(line: LotLine) -> ItemName:
    return ItemName(line.partner_id, line.gtin, line.item_code, line.supplier_item, line.buyer_item)


def _is_of(line: LotLine, lot: AffectedLot, names: Names) -> bool:
    """Whether a line of this lot number is of this item: two items may have lots of one number."""
    golden = names.golden_id(_name(line))
    if golden is not None or lot.item_id is not None:
        return golden == lot.item_id
    stated = {line.gtin, line.item_code, line.supplier_item, line.buyer_item} - {None}
    return lot.code in stated or lot.gtin in stated


def _stated(line: LotLine, item: GoldenItem | None, serials: frozenset[str]) -> tuple[str, list[Stated]]:
    """What the line says, in the lot's unit."""
    factor = item.factor(line.unit, line.gtin) if item is not None else None
    unit = (item.base_unit or line.unit or "") if item is not None and factor is not None else (line.unit or "")
    quantity = (line.quantity or Decimal(0)) * (factor or 1)
    if serials:
        unit, quantity = (item.base_unit if item is not None and item.base_unit else "EA"), Decimal(len(serials & set(line.serials)))
    place, exchange = line.location or "", line.exchange_id
    own = line.partner_kind in OWN_SYSTEMS
    if not quantity:
        return unit, []
    if line.kind == "production_event":
        return unit, [Stated("consumed" if line.role == "input" else "made", quantity, place, exchange_id=exchange)]
    if line.kind == "despatch_advice":
        kind = "despatched" if own else "sent_by_supplier"
        return unit, [Stated(kind, quantity, place, _ship_from(line) or "", line.number, line.partner_key, exchange)]  # type: ignore[arg-type]
    if line.kind == "receiving_advice":
        number = line.reference or ""
        return unit, [Stated("received" if own else "received_by_consignee", quantity, place, "", number, line.partner_key, exchange)]
    reason = str(line.detail.get("reason") or "").strip().casefold()
    if quantity < 0 and reason in WRITTEN_OFF:
        return unit, [Stated("written_off", -quantity, place, exchange_id=exchange)]
    return unit, [Stated("moved", quantity, place, exchange_id=exchange)]


def _counts(pictures: Iterable[PlacePicture], lot: AffectedLot) -> dict[str, list[Counted]]:
    """What is on hand of a lot by the counts of places and what moved since, by unit."""
    found: dict[str, list[Counted]] = {}
    for picture in pictures:
        base = picture.base
        if base is None:
            continue
        for (item, number, status, unit), row in picture.rows.items():
            same = (
                item == f"#{lot.item_id}"
                if lot.item_id is not None
                else row.part in {key[4:].partition("|")[0] for key in lot.nodes.values()}
            )
            if number == lot.lot and same and status != "in_transit" and row.computed:
                found.setdefault(unit, []).append(Counted(picture.location, status, row.computed, base.partner_key, base.exchange_id))
    return found

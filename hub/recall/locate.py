"""From the store to accounts: for every affected lot, what documents, events and counts say, in base units, and where its units are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import sqlalchemy as sa

from hub.recall.answered import Answer
from hub.recall.entries import entries_of, in_base
from hub.recall.flows import Stated
from hub.recall.places import Places
from hub.recall.places import load as load_places
from hub.recall.scope import Affected, AffectedLot
from hub.recall.telling import Telling, party, telling
from hub.recall.whereabouts import Counted, LotAccount, account
from hub.store import lot_history
from hub.store.crosswalk import GoldenItem
from hub.store.views.stock import PlacePicture, places

ZERO = Decimal(0)
Answers = Mapping[tuple[str, str, str], Answer]
"""By consignee's place, lot key and unit."""


@dataclass(slots=True)
class Located:
    """One lot with its account, in `unit`."""

    lot: AffectedLot
    account: LotAccount
    unit: str
    serials: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Place → the units that were sent there, of a lot of which only some units are affected."""
    parties: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Place → the receiver as a despatch to it says: name, address, codes; of all lots together."""


def locate(
    connection: sa.Connection, found: Affected, answers: Answers, theirs: Mapping[str, str] | None = None, everything: Telling | None = None
) -> list[Located]:
    """Accounts of the affected lots, in their order. A lot whose units do not convert has an account for each unit.

    `theirs` are places that are known to be customers', beside the GLNs that their files name, with the customer's key; `everything`, what
    is said of the lots where it was read already.
    """
    said = telling(connection, found.lots) if everything is None else everything
    nodes = [number for lot in found.lots for number in lot.nodes]
    wanted = lot_history.places_of_lots(connection, nodes)
    for line in said.lines:
        wanted |= {(place, line.organisation_id) for place in (line.location, party(line.header.get("ship_from"))) if place}
    for one in said.shipments:
        wanted |= {(place, one.told.organisation_id) for place in (one.to, one.origin) if place}
    pictures = places(connection, wanted)
    book = load_places(connection, said, pictures, theirs or {})
    parties: dict[str, Mapping[str, str]] = {}
    for shipment in said.shipments:
        place = book.said(shipment.to, shipment.told.partner_key, shipment.told.partner_kind)
        if len(shipment.party) > len(parties.get(place, {})):
            parties[place] = shipment.party
    located: list[Located] = []
    for lot in found.lots:
        item = found.names.items.get(lot.item_id) if lot.item_id is not None else None
        books, noted = entries_of(said, lot, item, found.names, book)
        counts = {} if lot.serials else _counts(pictures.values(), lot, book)  # counts are of lots, not of single units
        counted = frozenset() if lot.serials else frozenset(_counted(one, book) for one in pictures.values() if one.counts)
        answered = _answers(answers, lot, item, book)
        for unit in sorted({*books, *counts, *answered, *noted}) or [item.base_unit or "" if item is not None else ""]:
            told = books.get(unit, ())
            made = account(told, counts.get(unit, ()), counted, book.ours, answered.get(unit, {}), noted.get(unit, ()), book.house)
            located.append(Located(lot, made, unit, _serials_sent(lot, books.get(unit, ())), parties))
    return located


def _answers(answers: Answers, lot: AffectedLot, item: GoldenItem | None, book: Places) -> dict[str, dict[str, Answer]]:
    """What consignees say of a lot, by unit and place."""
    found: dict[str, dict[str, Answer]] = {}
    for (place, key, unit), said in answers.items():
        if key == lot.key:
            base, factor = in_base(item, unit, None, Decimal(1))
            before = found.setdefault(base, {}).get(book.name(place), Answer())
            found[base][book.name(place)] = before.and_of(said, factor)
    return found


def _serials_sent(lot: AffectedLot, books: Iterable[Stated]) -> dict[str, frozenset[str]]:
    """Where to the affected units of a lot were sent, of which the others are not affected."""
    sent: dict[str, frozenset[str]] = {}
    for one in books if lot.serials else ():
        if one.kind in ("despatched", "sent_by_supplier"):
            sent[one.place] = sent.get(one.place, frozenset()) | one.serials
    return sent


def _counted(picture: PlacePicture, book: Places) -> str:
    """What the place is called that somebody counts."""
    base = picture.base
    return book.name(picture.location) if base is None else book.said(picture.location, base.partner_key, base.kind)


def _counts(pictures: Iterable[PlacePicture], lot: AffectedLot, book: Places) -> dict[str, list[Counted]]:
    """What is on hand of a lot by the counts of places and what moved since, by unit."""
    found: dict[str, list[Counted]] = {}
    parts = {key[4:].partition("|")[0] for key in lot.nodes.values()}
    for picture in pictures:
        base = picture.base
        if base is None:
            continue
        place = _counted(picture, book)
        for (item, number, status, unit), row in picture.rows.items():
            same = item == f"#{lot.item_id}" if lot.item_id is not None else row.part in parts
            if number == lot.lot and same and status != "in_transit" and row.computed:
                one = Counted(place, status, row.computed, base.partner_key, base.exchange_id, picture.organisation_id)
                found.setdefault(unit, []).append(one)
    return found

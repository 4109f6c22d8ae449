"""From the store to accounts: for every affected lot, what documents, events and counts say, in base units, and where its units are.

Places are what documents call them: a GLN, else a code; a code to which our master data, or a document of ours, give a GLN is that GLN.
A place is ours where one of our systems counts, receives, makes or despatches, or where it is an organisation's own GLN. A customer's
place never is, nor a supplier's or carrier's that is only counted: stock that we count there (consignment) is with a consignee.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import sqlalchemy as sa

from hub.recall.flows import Kind, Stated
from hub.recall.scope import Affected, AffectedLot
from hub.recall.telling import Shipment, Telling, party, telling
from hub.recall.whereabouts import Answer, Counted, LotAccount, account
from hub.store import lot_history
from hub.store.crosswalk import OWN_SYSTEMS, GoldenItem, ItemName, Names
from hub.store.lot_history import LotLine
from hub.store.views.stock import Count, PlacePicture, counts_of, places

WRITTEN_OFF = frozenset({"destroyed", "scrapped", "scrap", "disposed", "报废", "销毁", "551", "553", "555"})
"""Reasons of a movement that say that units are no more; the numbers are SAP movement types."""
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
    connection: sa.Connection, found: Affected, answers: Answers, theirs: Collection[str] = (), everything: Telling | None = None
) -> list[Located]:
    """Accounts of the affected lots, in their order. A lot whose units do not convert has an account for each unit.

    `theirs` are places that are known to be customers', beside the GLNs that their files name; `everything`, what is said of the lots where
    it was read already.
    """
    said = telling(connection, found.lots) if everything is None else everything
    nodes = [number for lot in found.lots for number in lot.nodes]
    wanted = lot_history.places_of_lots(connection, nodes)
    for line in said.lines:
        wanted |= {(place, line.organisation_id) for place in (line.location, party(line.header.get("ship_from"))) if place}
    for one in said.shipments:
        wanted |= {(place, one.told.organisation_id) for place in (one.to, one.origin) if place}
    pictures = places(connection, wanted)
    book = _Places.load(connection, said, pictures, theirs)
    parties: dict[str, Mapping[str, str]] = {}
    for shipment in said.shipments:
        place = book.name(shipment.to)
        if len(shipment.party) > len(parties.get(place, {})):
            parties[place] = shipment.party
    located: list[Located] = []
    for lot in found.lots:
        item = found.names.items.get(lot.item_id) if lot.item_id is not None else None
        books = _said(said, lot, item, found.names, book)
        counts = {} if lot.serials else _counts(pictures.values(), lot, book)  # counts are of lots, not of single units
        counted = frozenset() if lot.serials else frozenset(book.name(place) for (place, _), one in pictures.items() if one.counts)
        answered = _answers(answers, lot, item, book)
        for unit in sorted({*books, *counts, *answered}) or [item.base_unit or "" if item is not None else ""]:
            made = account(books.get(unit, ()), counts.get(unit, ()), counted, book.ours, answered.get(unit, {}))
            located.append(Located(lot, made, unit, _serials_sent(lot, books.get(unit, ())), parties))
    return located


@dataclass(frozen=True, slots=True)
class _Places:
    """What places are called, and which are ours."""

    names: Mapping[str, str]
    ours: frozenset[str]
    senders: Mapping[str, str]
    """Partner key → its GLN."""

    def name(self, place: str | None) -> str:
        return self.names.get(place or "", place or "")

    @classmethod
    def load(
        cls, connection: sa.Connection, said: Telling, pictures: Mapping[tuple[str, int], PlacePicture], theirs: Collection[str]
    ) -> _Places:
        own_lines = [line for line in said.lines if line.partner_kind in OWN_SYSTEMS]
        own_shipments = [one for one in said.shipments if one.told.partner_kind in OWN_SYSTEMS]
        mentioned = {line.location for line in said.lines if line.location} | {place for place, _ in pictures}
        mentioned |= {place for one in said.shipments for place in (one.to, one.origin) if place}
        names = dict(lot_history.names_of_places(connection, mentioned))
        for header in [line.header for line in own_lines] + [one.told.header for one in own_shipments]:
            for member in ("ship_from", "ship_to", "location"):
                stated = header.get(member) or {}
                if stated.get("gln") and stated.get("code"):
                    names.setdefault(str(stated["code"]), str(stated["gln"]))
        ours = {gln for _, gln in lot_history.organisation_keys(connection).values() if gln}
        ours |= lot_history.places_worked_at(connection, mentioned, OWN_SYSTEMS)
        ours |= {place for place in (party(line.header.get("ship_from")) for line in own_lines if line.kind != "receiving_advice") if place}
        ours |= {one.origin for one in own_shipments if one.origin}
        ours |= {place for told, what, place, *_ in said.events if told.partner_kind in OWN_SYSTEMS and what != "consumed" and place}
        customers = {*theirs, *lot_history.partner_places(connection, ("customer",))}
        others = {*customers, *lot_history.partner_places(connection, ("supplier", "carrier"))}
        counts: list[Count] = counts_of(connection, None, mentioned)
        counted = {count.location for count in counts if count.kind in OWN_SYSTEMS}
        named = {names.get(place, place) for place in ours} | {name for place in counted if (name := names.get(place, place)) not in others}
        answered = {
            line.reference: line.location for line in own_lines if line.kind == "receiving_advice" and line.reference and line.location
        }
        named |= {  # we received it there under another name of the place; back where it came from, it would be a return
            names.get(one.to, one.to)
            for one in own_shipments
            if one.to not in others and answered.get(one.number, one.origin) not in ("", one.origin, one.to)
        }
        senders = {key: gln for gln, key in lot_history.partner_places(connection, ("customer", "supplier", "carrier")).items()}
        return cls(names, frozenset(named - {names.get(place, place) for place in customers}), senders)


def _said(said: Telling, lot: AffectedLot, item: GoldenItem | None, names: Names, book: _Places) -> dict[str, list[Stated]]:
    """What is said of a lot, by the unit that it is said in."""
    books: dict[str, list[Stated]] = {}
    silent: list[Stated] = []
    for shipment in said.shipments:
        for unit, one in _shipped(shipment, said, lot, item, names, book):
            (silent if one.silent else books.setdefault(unit, [])).append(one)
    inside = _inside(said, lot)
    for line in said.lines:
        if _is_of(line, lot, names) if line.lot is None or line.lot == lot.lot else False:
            unit, stated = _stated(line, item, lot.serials, inside, book)
            if stated is not None:
                (silent if stated.silent else books.setdefault(unit, [])).append(stated)
    kinds = {one.kind for each in books.values() for one in each}
    for told, what, place, nodes, quantity, unit in said.events:
        if lot.serials or what in kinds or (what == "received" and "received_by_consignee" in kinds):
            continue  # documents tell of it
        cartons = said.bare(nodes) if not nodes & lot.nodes.keys() else frozenset()
        if cartons and not (_serials_of(said, lot) & cartons or cartons & inside.keys()):
            continue
        if not cartons and not nodes & lot.nodes.keys():
            continue
        if quantity is None and cartons:
            quantity, unit = next((inside[one] for one in cartons if one in inside), (Decimal(1), "EA"))
        kind: Kind = "made" if what == "made" else "consumed" if what == "consumed" else "received"
        at_home = book.name(place) in book.ours
        if kind == "received" and not at_home:
            kind = "received_by_consignee"
        base, amount = _in_base(item, unit, None, quantity or ZERO)
        if amount:
            one = Stated(kind, amount, book.name(place), "", "", f"{told.partner_key}/events", told.exchange_id, told.effective_at or 0)
            books.setdefault(base, []).append(one)
    for one in silent:
        books.setdefault(min(books) if books else (item.base_unit or "" if item is not None else ""), []).append(one)
    return books


def _answers(answers: Answers, lot: AffectedLot, item: GoldenItem | None, book: _Places) -> dict[str, dict[str, Answer]]:
    """What consignees say of a lot, by unit and place."""
    found: dict[str, dict[str, Answer]] = {}
    for (place, key, unit), said in answers.items():
        if key == lot.key:
            base, factor = _in_base(item, unit, None, Decimal(1))
            one = Answer(*(amount * factor for amount in (said.on_hand, said.used, said.destroyed, said.returned)))
            before = found.setdefault(base, {}).get(book.name(place), Answer())
            found[base][book.name(place)] = Answer(
                before.on_hand + one.on_hand, before.used + one.used, before.destroyed + one.destroyed, before.returned + one.returned
            )
    return found


def _serials_sent(lot: AffectedLot, books: Iterable[Stated]) -> dict[str, frozenset[str]]:
    """Where to the affected units of a lot were sent, of which the others are not affected."""
    sent: dict[str, frozenset[str]] = {}
    for one in books if lot.serials else ():
        if one.kind in ("despatched", "sent_by_supplier"):
            sent[one.place] = sent.get(one.place, frozenset()) | one.serials
    return sent


def _serials_of(said: Telling, lot: AffectedLot) -> frozenset[str]:
    return said.bare({one for shipment in said.shipments for node in lot.nodes for one in shipment.carried.serials.get(node, ())})


def _inside(said: Telling, lot: AffectedLot) -> dict[str, tuple[Decimal, str]]:
    """SSCC → how much of the lot is in it."""
    found: dict[str, tuple[Decimal, str]] = {}
    for shipment in said.shipments:
        for (node, carton), amount in shipment.carried.inside.items():
            if node in lot.nodes:
                found |= dict.fromkeys(said.bare({carton}), amount)
    return found


def _in_base(item: GoldenItem | None, unit: str | None, gtin: str | None, quantity: Decimal) -> tuple[str, Decimal]:
    factor = item.factor(unit, gtin) if item is not None else None
    base = (item.base_unit or unit or "") if item is not None and factor is not None else (unit or "")
    return base, quantity * (factor or 1)


def _shipped(
    shipment: Shipment, said: Telling, lot: AffectedLot, item: GoldenItem | None, names: Names, book: _Places
) -> Iterable[tuple[str, Stated]]:
    """What a shipment carried of a lot; an amount that is not stated is silent."""
    told, carried = shipment.told, shipment.carried
    serials = said.bare({one for node in lot.nodes for one in carried.serials.get(node, ())})
    amounts: dict[str, list[Decimal]] = {}
    known: set[int] = set()
    for (node, unit), quantity in carried.lots.items():
        if node in lot.nodes:
            known.add(node)
            if quantity is not None:
                base, amount = _in_base(item, unit, None, quantity)
                amounts.setdefault(base, []).append(amount)
    if not known:
        return
    sums = {unit: sum(each, ZERO) for unit, each in amounts.items()}
    for unit, amount in _advised(said.advised.get(told.id, ()), lot, item, names).items():
        sums[unit] = max(amount, sums.get(unit, ZERO))
    if lot.serials:
        serials &= lot.serials
        if not serials:
            return
        sums = {item.base_unit if item is not None and item.base_unit else "EA": Decimal(len(serials))}
    own = told.partner_kind in OWN_SYSTEMS
    kind: Kind = "despatched" if own else "sent_by_supplier"
    origin = book.name(shipment.origin) or ("" if own else book.senders.get(told.partner_key, ""))
    if not own and origin not in book.ours and told.partner_key in book.senders and told.partner_kind == "customer":
        origin = origin or book.senders[told.partner_key]
    partner = f"{told.partner_key}/events" if shipment.by_event else told.partner_key
    units = said.bare(carried.units)
    for unit, amount in sums.items() or (("", ZERO),):
        yield (
            unit,
            Stated(
                kind, amount, book.name(shipment.to), origin, shipment.number, partner, shipment.evidence[0], told.effective_at or 0,
                serials, units, not sums, shipment.evidence[1:],
            ),
        )  # fmt: skip


def _advised(lines: Iterable[LotLine], lot: AffectedLot, item: GoldenItem | None, names: Names) -> dict[str, Decimal]:
    """How many of a lot the lines of one despatch tell, by unit: an edge holds one quantity, and none where they tell several units."""
    found: dict[str, Decimal] = {}
    for line in lines:
        if line.lot == lot.lot and _is_of(line, lot, names):
            if line.quantity is None:
                return {}
            unit, amount = _in_base(item, line.unit, line.gtin, line.quantity)
            found[unit] = found.get(unit, ZERO) + amount
    return found


def _is_of(line: LotLine, lot: AffectedLot, names: Names) -> bool:
    """Whether a line is of this item: two items may have lots of one number. A carton's line names no item: the carton tells."""
    stated = {line.gtin, line.item_code, line.supplier_item, line.buyer_item} - {None}
    if line.lot is None and not stated:
        return True
    golden = names.golden_id(ItemName(line.partner_id, line.gtin, line.item_code, line.supplier_item, line.buyer_item))
    if golden is not None or lot.item_id is not None:
        return golden == lot.item_id
    return lot.code in stated or lot.gtin in stated


def _stated(
    line: LotLine, item: GoldenItem | None, wanted: frozenset[str], inside: Mapping[str, tuple[Decimal, str]], book: _Places
) -> tuple[str, Stated | None]:
    """What the line says, in the lot's unit."""
    serials = frozenset(line.serials)
    unit, quantity = _in_base(item, line.unit, line.gtin, line.quantity or ZERO)
    piece = item.base_unit if item is not None and item.base_unit else "EA"
    cartons = frozenset({line.sscc} if line.sscc else ())
    if wanted:
        unit, quantity, serials = piece, Decimal(len(serials & wanted)), serials & wanted
    elif serials and (line.quantity is None or line.lot is None):
        unit, quantity = piece, Decimal(len(serials))
    elif line.lot is None:
        amount = inside.get(line.sscc or "")
        if amount is None:
            return "", None
        unit, quantity = _in_base(item, amount[1], None, amount[0])
    silent = line.quantity is None and not quantity and not wanted and line.lot is not None
    if not quantity and not silent:
        return unit, None
    place, own = book.name(line.location), line.partner_kind in OWN_SYSTEMS
    number, origin = line.number, ""
    kind: Kind = "moved"
    if line.kind == "production_event":
        kind = "consumed" if line.role == "input" else "made"
    elif line.kind == "receiving_advice":
        kind = "received" if own and (place in book.ours or not place) else "received_by_consignee"
        number, origin = line.reference or "", book.name(party(line.header.get("ship_from")))
    else:
        reason = str(line.detail.get("reason") or "").strip().casefold()
        if quantity < 0 and reason in WRITTEN_OFF:
            kind, quantity = "written_off", -quantity
    if silent and kind != "received":
        return unit, None
    stated = Stated(
        kind, quantity, place, origin, number, line.partner_key, line.exchange_id, line.effective_at or 0, serials, cartons, silent
    )
    return unit, stated


def _counts(pictures: Iterable[PlacePicture], lot: AffectedLot, book: _Places) -> dict[str, list[Counted]]:
    """What is on hand of a lot by the counts of places and what moved since, by unit."""
    found: dict[str, list[Counted]] = {}
    parts = {key[4:].partition("|")[0] for key in lot.nodes.values()}
    for picture in pictures:
        base = picture.base
        if base is None:
            continue
        for (item, number, status, unit), row in picture.rows.items():
            same = item == f"#{lot.item_id}" if lot.item_id is not None else row.part in parts
            if number == lot.lot and same and status != "in_transit" and row.computed:
                place = book.name(picture.location)
                one = Counted(place, status, row.computed, base.partner_key, base.exchange_id, picture.organisation_id)
                found.setdefault(unit, []).append(one)
    return found

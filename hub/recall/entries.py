"""What is said of one lot, entry by entry: by shipments, by lines of documents, by events; each in the lot's base unit, with its holders.

What was in a carton is known from whoever packed or despatched it, and when: a line or event that names the carton only, or one that it
is in, says that. Of a lot of which only some units are affected nothing counts but what names these units, or cartons in which they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hub.recall.cargo import Hold, Load, Lot, Packed
from hub.recall.flows import ZERO, Contradiction, Kind, Stated
from hub.recall.happenings import Happening, Series, weighed, without_voided
from hub.recall.places import Places
from hub.recall.scope import AffectedLot
from hub.recall.telling import Shipment, Telling, party
from hub.store.crosswalk import OWN_SYSTEMS, GoldenItem, ItemName, Names
from hub.store.keys import lot_of, number_of, stated_name
from hub.store.lot_history import LotLine, Told

WRITTEN_OFF = frozenset({"destroyed", "scrapped", "scrap", "disposed", "报废", "销毁", "551", "553", "555"})
"""Reasons of a movement that say that units are no more; the numbers are SAP movement types."""


@dataclass(frozen=True, slots=True)
class Book:
    """One lot as it is told: what it is counted in, and what was in its cartons when."""

    lot: AffectedLot
    item: GoldenItem | None
    cargo: Lot
    packed: Packed
    places: Places
    keys: Mapping[str, str]
    """Its serial numbers by their node keys."""
    unclear: list[tuple[str, Decimal, int]] = field(default_factory=list)
    """GTIN, quantity and exchange of what is counted in a level of packaging of which nobody says how many units it holds."""

    @classmethod
    def open(cls, said: Telling, lot: AffectedLot, item: GoldenItem | None, places: Places) -> Book:
        """With nothing entered yet."""
        piece = item.base_unit if item is not None and item.base_unit else "EA"
        unclear: list[tuple[str, Decimal, int]] = []

        def convert(node: int, application: int, quantity: Decimal, unit: str) -> tuple[str, Decimal]:
            if said.kinds.get(application) == "event" and unit == "EA":  # pieces of the GTIN that the event names
                gtin = stated_name(lot_of(lot.nodes[node])[0])
                return _pieces(item, None if gtin[0] else gtin[1], quantity, 0, unclear)
            return in_base(item, unit, None, quantity)

        if lot.serials:
            serials = {number: number_of(key) or "" for number, key in lot.units.items()}
        else:
            serials = {number: name for node in lot.nodes for number, name in said.serials.get(node, {}).items()}
        cargo = Lot(lot.nodes, serials, convert, piece, bool(lot.serials))
        return cls(lot, item, cargo, _packed(said, cargo), places, {said.names[number]: name for number, name in serials.items()}, unclear)


def _packed(said: Telling, cargo: Lot) -> Packed:
    """What cartons held of the lot, despatch by despatch; where one of them held some of it, also in which it held none."""
    found = Packed()
    shipments = [(one.hold, one.told.effective_at or 0, one.number, one.hold.carried.said_by) for one in (*said.shipments, *said.others)]
    holds = [*shipments, *((hold, 0, "", frozenset[int]()) for hold in said.lone.values())]
    mine: set[int] = set()
    for nested in (False, True):  # first those that held some of it, then the same ones wherever else they went
        for hold, at, number, tellers in holds:
            units = {hold.root} if not number and hold.root in said.lone else hold.carried.units
            if not nested and not _concerns(hold, cargo):
                continue
            for unit in sorted(units if not nested else units & mine):
                load = hold.load(cargo, unit, tellers)
                if load.present == nested:
                    continue
                if load.present:
                    mine.add(unit)
                for sscc in said.bare({unit}):
                    found.add(sscc, at, number, load)
    return found


def _concerns(hold: Hold, cargo: Lot) -> bool:
    """Whether any of the lot is in it at all."""
    return any(lot in cargo.nodes for lot, _ in hold.carried.stated) or not hold.carried.holders.keys().isdisjoint(cargo.serials)


def entries_of(
    said: Telling, lot: AffectedLot, item: GoldenItem | None, names: Names, places: Places
) -> tuple[dict[str, list[Stated]], dict[str, list[Contradiction]]]:
    """What is said of a lot, by the unit that it is said in, and what contradicts itself in that."""
    book = Book.open(said, lot, item, places)
    books: dict[str, list[Stated]] = {}
    silent: list[Stated] = []

    def enter(unit: str, one: Stated) -> None:
        (silent if one.silent else books.setdefault(unit, [])).append(one)

    shipped = [entry for shipment in said.shipments for entry in _shipped(shipment, said, book, names)]
    shipped, doubts = _without_carriers(said, shipped)
    for unit, one in shipped:
        enter(unit, one)
    for line in said.lines:
        if _is_of(line, lot, names) and line.lot in (None, lot.lot or line.lot):
            for unit, one in _stated(line, book):
                enter(unit, one)
    told: dict[str, list[tuple[Series, Stated]]] = {}
    voided: dict[str, list[tuple[str, Stated]]] = {}
    for happening in said.happenings:
        for unit, series, one in _happened(happening, book):
            if happening.what == "not_sent":
                voided.setdefault(unit, []).append((happening.told.partner_key, one))
            else:
                told.setdefault(unit, []).append((series, one))
    noted: dict[str, list[Contradiction]] = {}
    for unit, entries in told.items():
        more, faults = weighed(entries, [*books.get(unit, ()), *silent])
        books.setdefault(unit, []).extend(more)
        noted[unit] = faults
    usual = min(books) if books else (item.base_unit or "" if item is not None else "")
    for unit, fault in doubts:
        noted.setdefault(unit or usual, []).append(fault)
    for unit, voids in voided.items():
        books[unit], faults = without_voided(books.get(unit, ()), voids)
        noted.setdefault(unit, []).extend(faults)
    for one in silent:
        books.setdefault(usual, []).append(one)
    for gtin, quantity, exchange in sorted(set(book.unclear)):
        noted.setdefault(usual, []).append(Contradiction("unit_not_known", gtin, quantity, (exchange,) if exchange else ()))
    return books, noted


def _without_carriers(
    said: Telling, shipped: Sequence[tuple[str, Stated]]
) -> tuple[list[tuple[str, Stated]], list[tuple[str, Contradiction]]]:
    """Despatches, without what carriers tell of the same ones: what they carry is on the way already. And what only they tell, by unit."""
    carriers = {one.told.partner_key for one in said.shipments if one.told.partner_kind == "carrier"}
    theirs = [entry for entry in shipped if entry[1].partner.partition("/")[0] in carriers]
    found = [entry for entry in shipped if entry[1].partner.partition("/")[0] not in carriers]
    others = [one for _, one in found]
    noted: list[tuple[str, Contradiction]] = []
    for unit, one in theirs if others else ():
        same = [known for known in others if (one.number and one.number == known.number) or _shares(one, known)]
        if any(known.place == one.place for known in others) or (same and not one.place):
            continue
        noted.append((unit, Contradiction("told_by_carrier", one.place, one.quantity, tuple(sorted(one.evidence)))))
        if not any(known.number == one.number or known.origin == one.origin for known in same):  # a despatch of its own
            found.append((unit, one))
    return (found, noted) if others else (list(shipped), [])


def _shares(one: Stated, other: Stated) -> bool:
    """Whether both name a carton or a serial number."""
    return not (one.units.isdisjoint(other.units) and one.serials.isdisjoint(other.serials))


def in_base(item: GoldenItem | None, unit: str | None, gtin: str | None, quantity: Decimal) -> tuple[str, Decimal]:
    """Unit and quantity in base units, where the item master tells how the unit converts; else as stated."""
    factor = item.factor(unit, gtin) if item is not None else None
    base = (item.base_unit or unit or "") if item is not None and factor is not None else (unit or "")
    return base, quantity * (factor or 1)


def _pieces(
    item: GoldenItem | None, gtin: str | None, quantity: Decimal, exchange: int, unclear: list[tuple[str, Decimal, int]]
) -> tuple[str, Decimal]:
    """Base units in so many of a GTIN, which may be that of a case."""
    if gtin is None or (item is None and gtin[:1] in ("", "0", "9")):
        return in_base(item, "EA", None, quantity)
    inside = item.levels.get(gtin) if item is not None else None
    if item is None or inside is None:
        unclear.append((gtin, quantity, exchange))
        return in_base(item, "EA", None, quantity)
    return item.base_unit or "EA", quantity * inside


def _shipped(shipment: Shipment, said: Telling, book: Book, names: Names) -> Iterable[tuple[str, Stated]]:
    """What each system says that a shipment carried of a lot; an amount that is not stated is silent."""
    lot, carried = book.lot, shipment.hold.carried
    tellers: dict[str, list[Told]] = {}
    for one in shipment.tellers:
        label = one.partner_key
        if one.kind == "event":
            label += "/events/departing" if said.steps.get(one.id) == "departing" else "/events"
        tellers.setdefault(label, []).append(one)
    loads: dict[str, Load] = {}
    for label, mine in tellers.items():
        whole = Load()
        for one in mine:
            load = shipment.hold.shipped(book.cargo, one.id, whole)
            for unit, amount in {} if lot.serials else _advised(said.advised.get(one.id, ()), lot, book.item, names).items():
                load.amounts[unit] = max(amount, load.amounts.get(unit, ZERO))
            if load.present:
                whole.add(load)
        if whole.present:
            loads[label] = whole
    if not loads:
        if lot.serials or not any(node in lot.nodes for node, _ in carried.lots):
            return
        loads[next(iter(tellers))] = Load(present=True)  # in what was made of it, and has no lot itself
    for label, load in loads.items():
        mine = tellers[label]
        told, own = mine[0], mine[0].partner_kind in OWN_SYSTEMS
        origin = book.places.said(shipment.origin, shipment.told.partner_key, shipment.told.partner_kind)
        kind: Kind = "despatched" if own or told.partner_kind == "carrier" else "sent_by_supplier"
        if kind == "sent_by_supplier":
            origin = origin or book.places.senders.get(told.partner_key, "")
        exchanges = tuple(one.exchange_id for one in mine)
        to = book.places.said(shipment.to, shipment.told.partner_key, shipment.told.partner_kind)
        for unit, amount in load.amounts.items() or (("", ZERO),):
            yield (
                unit,
                Stated(
                    kind, amount, to, origin, shipment.number, label, exchanges[0], told.effective_at or 0,
                    frozenset(load.serials), said.bare(load.units), not load.amounts, exchanges[1:],
                ),
            )  # fmt: skip


def _advised(lines: Iterable[LotLine], lot: AffectedLot, item: GoldenItem | None, names: Names) -> dict[str, Decimal]:
    """How many of a lot the lines of one despatch tell, by unit: an edge holds one quantity, and none where they tell several units."""
    found: dict[str, Decimal] = {}
    for line in lines:
        if line.lot == lot.lot and _is_of(line, lot, names):
            if line.quantity is None:
                return {}
            unit, amount = in_base(item, line.unit, line.gtin, line.quantity)
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


def _stated(line: LotLine, book: Book) -> Iterable[tuple[str, Stated]]:
    """What the line says of the lot, in its unit; a line that names a carton only says what was in it."""
    cargo, item = book.cargo, book.item
    serials = frozenset(line.serials)
    if line.lot is None or cargo.narrowed:
        serials &= frozenset(cargo.serials.values())
    reference = line.reference or "" if line.kind == "receiving_advice" else ""
    load = None if line.serials else book.packed.at(line.sscc, line.effective_at or 0, reference)
    if load is not None and cargo.narrowed:
        serials = frozenset(load.serials)
    unit, quantity = in_base(item, line.unit, line.gtin, line.quantity or ZERO)
    amounts = {unit: quantity}
    if cargo.narrowed or (line.serials and (line.quantity is None or line.lot is None)):
        amounts = {cargo.piece: Decimal(len(serials))}
    elif line.lot is None:
        amounts = dict(load.amounts) if load is not None else {}
        serials = frozenset(load.serials) if load is not None else serials
    silent = line.quantity is None and not any(amounts.values()) and not cargo.narrowed and line.lot is not None
    place = book.places.said(line.location, line.partner_key, line.partner_kind)
    own = line.partner_kind in OWN_SYSTEMS
    number, origin = line.number, ""
    kind: Kind = "moved"
    if line.kind == "production_event":
        kind = "consumed" if line.role == "input" else "made"
    elif line.kind == "receiving_advice":
        kind = "received" if own and (place in book.places.ours or not place) else "received_by_consignee"
        number = reference
        origin = book.places.said(party(line.header.get("ship_from")), line.partner_key, line.partner_kind)
    reason = str(line.detail.get("reason") or "").strip().casefold()
    for unit, quantity in amounts.items():
        if not quantity and not (silent and kind == "received"):
            continue
        if kind == "moved" and quantity < 0 and reason in WRITTEN_OFF:
            what: Kind = "written_off"
        else:
            what = kind
        units = frozenset({line.sscc} if line.sscc else ())
        at, house = _ended(what, place, line.partner_key, line.partner_kind, book.places)
        yield (
            unit,
            Stated(
                what, -quantity if what == "written_off" else quantity, at, origin, number, line.partner_key, line.exchange_id,
                line.effective_at or 0, serials, units, silent, house=house,
            ),
        )  # fmt: skip


def _ended(what: Kind, place: str, partner_key: str, partner_kind: str, places: Places) -> tuple[str, str]:
    """The place, and of what ends the partner in whose house it is."""
    return places.ended(place, partner_key, partner_kind) if what in ("consumed", "written_off") else (place, "")


def _happened(happening: Happening, book: Book) -> Iterable[tuple[str, Series, Stated]]:
    """What an event says of the lot: as a lot, by serial numbers, or by what is in its cartons."""
    told, cargo = happening.told, book.cargo
    at = told.effective_at or 0
    lots, units = set(book.lot.nodes.values()), set[str]()
    named, inside, counted, stated, packed = set[str](), set[str](), set[str](), dict[str, Decimal](), dict[str, Decimal]()
    for thing in happening.things:
        if thing.key in book.keys:
            named.add(book.keys[thing.key])
        elif thing.key in lots and not cargo.narrowed:
            if thing.quantity is None:
                continue
            if thing.unit is None:
                unit, amount = _pieces(book.item, thing.gtin, thing.quantity, told.exchange_id, book.unclear)
            else:
                unit, amount = in_base(book.item, thing.unit, None, thing.quantity)
            stated[unit] = stated.get(unit, ZERO) + amount
        elif thing.key.startswith("sscc:"):
            load = book.packed.at(thing.key[5:], at, happening.number)
            if load is None:
                continue
            units.add(thing.key[5:])
            if load.amounts == {cargo.piece: Decimal(len(load.serials))}:
                packed[cargo.piece] = packed.get(cargo.piece, ZERO) + len(load.serials - inside)
                counted |= load.serials
                inside |= load.serials
            else:
                inside |= load.serials
                for unit, amount in load.amounts.items():
                    packed[unit] = packed.get(unit, ZERO) + amount
    if named - inside:
        stated[cargo.piece] = max(stated.get(cargo.piece, ZERO), Decimal(len(named - inside)))
    for unit in sorted({*stated, *packed}):
        place = book.places.said(happening.place, told.partner_key, told.partner_kind)
        what: Kind = "despatched" if happening.what == "not_sent" else happening.what
        if what == "received" and place not in book.places.ours:
            what = "received_by_consignee"
        origin = book.places.said(happening.origin, told.partner_key, told.partner_kind)
        place, house = _ended(what, place, told.partner_key, told.partner_kind, book.places)
        amount = stated.get(unit, ZERO) + packed.get(unit, ZERO)
        step = (
            happening.step
            if happening.what in ("received", "written_off")
            else "serials"
            if named | counted and happening.what == "made"
            else ""
        )
        yield (
            unit,
            (told.partner_key, step),
            Stated(
                what, amount, place, origin, happening.number, f"{told.partner_key}/events", told.exchange_id, at,
                frozenset(named | inside), frozenset(units), house=house,
            ),
        )  # fmt: skip

"""Stock of both sites, followed through opening balance, receipts, production, transfer and despatch, so that all counts agree."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random

from hub.demonstration.catalogue import Catalogue, Item
from hub.demonstration.company import HOSPITALS, NOVAMED, ORGANISATIONS, ROTTERDAM, SUZHOU, Organisation
from hub.demonstration.documents import (
    Calendar,
    Despatch,
    Lot,
    Numbers,
    ProductionRun,
    Receipt,
    ReceiptLine,
    StockRow,
    Use,
)
from hub.demonstration.feeds import despatches_json, production_json, receipts_xml
from hub.demonstration.identifiers import sscc
from hub.demonstration.mail import Mail

MIDDLE = (-2, 7)
"""Day and hour of the count whose report arrives last."""


class Balance:
    """What lies where, by lot and status."""

    def __init__(self) -> None:
        self._on_hand: dict[tuple[str, Lot, str], Decimal] = {}

    def move(self, site_gln: str, lot: Lot, quantity: Decimal, status: str = "available") -> None:
        """Add, or take when negative. Raises ValueError when there is not enough."""
        key = (site_gln, lot, status)
        left = self._on_hand.get(key, Decimal(0)) + quantity
        if left < 0:
            raise ValueError(f"{lot.code} at {site_gln}: {quantity} leaves {left}")
        self._on_hand[key] = left

    def lots(self, site_gln: str, item: Item, usable_on: date) -> list[tuple[Lot, Decimal]]:
        """Available lots of an item that will not expire within two months, in order of code."""
        good_until = usable_on + timedelta(days=60)
        found = [
            (lot, quantity)
            for (gln, lot, status), quantity in self._on_hand.items()
            if gln == site_gln and lot.item is item and status == "available" and quantity > 0 and lot.expires_on > good_until
        ]
        return sorted(found, key=lambda entry: entry[0].code)

    def rows(self, site_gln: str) -> list[StockRow]:
        """Everything at a site, sorted; what is used up is not reported."""
        held = [(lot, status, quantity) for (gln, lot, status), quantity in self._on_hand.items() if gln == site_gln and quantity > 0]
        rows = [StockRow(*entry) for entry in held]
        return sorted(rows, key=lambda row: (row.lot.item.code, row.lot.code, row.status))


@dataclass(slots=True)
class Warehouse:
    """Runs the physical side of the story in order of time."""

    rnd: Random
    calendar: Calendar
    catalogue: Catalogue
    numbers: Numbers
    mail: Mail
    balance: Balance = field(default_factory=Balance)
    snapshots: dict[tuple[str, str], tuple[datetime, list[StockRow]]] = field(default_factory=dict)
    """(organisation, `opening` | `middle` | `final`) to when it was counted and what lay there."""
    expired: list[tuple[Organisation, Lot, Decimal]] = field(default_factory=list)
    _due: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _serials: dict[tuple[str, Lot], list[str]] = field(default_factory=dict)
    _fresh: set[Lot] = field(default_factory=set)

    def run(self, receipts: Iterable[Receipt], expired: int) -> None:
        """Everything from the opening count to the final one."""
        for organisation in ORGANISATIONS:
            self._open(organisation)
            self._count(organisation, "opening", self.calendar.at(organisation.zone, -35, 7))
            self._count(organisation, "middle", self.calendar.at(organisation.zone, *MIDDLE))
        self._forget_some(expired)
        for receipt in receipts:
            self._plan(receipt.received_at, partial(self._book, receipt))
        self._plan_production()
        self._plan(self.calendar.at(SUZHOU.zone, -4, 10), self._transfer)
        self._plan_deliveries()
        for organisation in ORGANISATIONS:
            self._count(organisation, "final", self.calendar.now - timedelta(hours=3))
        while self._due:
            _, _, action = heapq.heappop(self._due)
            action()

    def _plan(self, at: datetime, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at, self.numbers.next("event"), action))

    def _count(self, organisation: Organisation, name: str, at: datetime) -> None:
        moment = at.astimezone(organisation.zone).replace(microsecond=0)
        self._plan(moment, partial(self._write_down, organisation, name, moment))

    def _write_down(self, organisation: Organisation, name: str, at: datetime) -> None:
        self.snapshots[(organisation.key, name)] = (at, self.balance.rows(organisation.site_gln))

    def _open(self, organisation: Organisation) -> None:
        """What lay there before the story: one or two lots an item, some of them in quarantine."""
        for item in self.catalogue.items:
            made_here = item.supplier is None
            if organisation is SUZHOU and item.kind == "finished" and not made_here:
                continue
            if organisation is ROTTERDAM and item.kind != "finished":
                continue
            if item.serial_controlled:
                continue  # its serials would have to be known; they are for what the story itself makes
            for place in range(self.rnd.randint(1, 2)):
                quantity = Decimal(_usual_stock(item) + self.rnd.randint(0, 40))
                status = "quarantine" if place == 1 and self.rnd.random() < 0.3 else "available"
                self.balance.move(organisation.site_gln, self._lot(item, organisation, self.rnd.randint(70, 200)), quantity, status)

    def _lot(self, item: Item, organisation: Organisation, age: int) -> Lot:
        return self._lot_made(item, self.calendar.day(organisation.zone, -age))

    def _lot_made(self, item: Item, made_on: date) -> Lot:
        prefix = item.supplier.lot_prefix if item.supplier else "N" + item.code[3:5]
        code = f"{prefix}{made_on:%y%m%d}{self.numbers.next('lot', 101)}"
        return Lot(item, code, made_on, made_on + timedelta(days=item.shelf_life_days))

    def _forget_some(self, count: int) -> None:
        """Lots that have expired and that nobody has taken out of the available stock."""
        for _ in range(count):
            organisation = self.rnd.choice(ORGANISATIONS)
            kinds = ("raw", "component") if organisation is SUZHOU else ("finished",)
            item = self.rnd.choice([item for item in self.catalogue.items if item.kind in kinds and not item.serial_controlled])
            lot = self._lot(item, organisation, item.shelf_life_days + self.rnd.randint(3, 25))
            quantity = Decimal(self.rnd.randint(4, 30))
            self.balance.move(organisation.site_gln, lot, quantity)
            self.expired.append((organisation, lot, quantity))

    def _book(self, receipt: Receipt) -> None:
        for line in receipt.lines:
            self.balance.move(receipt.site_gln, line.lot, line.quantity)
            self._fresh.add(line.lot)

    def _plan_production(self) -> None:
        """Every finished device once, some twice, on the two days after the last receipt."""
        runs = [*self.catalogue.made, *self.rnd.sample(self.catalogue.made, 2)]
        for place, (item, bill) in enumerate(runs):
            at = self.calendar.at(SUZHOU.zone, -6 + place % 2, 8 + place, self.rnd.randrange(60))
            self._plan(at, partial(self._produce, item, bill, at))

    def _produce(self, item: Item, bill: tuple[tuple[Item, Decimal], ...], at: datetime) -> None:
        units = Decimal(20 if item.serial_controlled else self.rnd.choice((40, 60, 80)))
        consumed = [use for part, each in bill for use in self._take(SUZHOU.site_gln, part, units * each)]
        lot = self._lot_made(item, at.date())
        serials = tuple(f"{lot.code}{number:03d}" for number in range(1, int(units) + 1)) if item.serial_controlled else ()
        self._serials[(SUZHOU.site_gln, lot)] = list(serials)
        self._fresh.add(lot)
        self.balance.move(SUZHOU.site_gln, lot, units)
        number = self.numbers.next("production order", 100311)
        run = ProductionRun(f"MES-{number}-1", f"MO{number}", at, SUZHOU.site_gln, tuple(consumed), (Use(lot, units, serials),))
        self.mail.file(at + timedelta(minutes=20), "mes_production", production_json([run]))

    def _take(self, site_gln: str, item: Item, quantity: Decimal) -> list[Use]:
        """Take from stock, freshly received lots first, and as few lots as it needs."""
        lots = self.balance.lots(site_gln, item, self.calendar.now.date())
        lots.sort(key=lambda entry: (entry[0] not in self._fresh, entry[0].code))
        taken = []
        for lot, on_hand in lots:
            part = min(on_hand, quantity)
            if part > 0:
                known = self._serials.get((site_gln, lot), [])
                serials = tuple(known[: int(part)])
                del known[: int(part)]
                self.balance.move(site_gln, lot, -part)
                taken.append(Use(lot, part, serials))
                quantity -= part
        if quantity > 0:
            raise ValueError(f"{item.code} at {site_gln}: {quantity} missing")
        return taken

    def _transfer(self) -> None:
        """Part of each new finished lot goes by air to Rotterdam, where the dock receives exactly that two days later."""
        at = self.calendar.at(SUZHOU.zone, -4, 10)
        lines = [
            self._in_carton(use)
            for item, _ in self.catalogue.made
            for use in self._take(SUZHOU.site_gln, item, Decimal(self.rnd.randint(6, 12)))
        ]
        despatch = self._despatch(SUZHOU, ROTTERDAM.site_gln, ROTTERDAM.site_name, at, lines)
        arrives = self.calendar.at(ROTTERDAM.zone, -3, 9, 30)
        receipt = Receipt(
            f"GR-RO-{self.numbers.next('receipt rotterdam', 88001)}",
            None,
            despatch.number,
            arrives,
            ROTTERDAM.site_gln,
            tuple(ReceiptLine(None, use.lot.item, use.lot, use.quantity, use.sscc) for use in lines),
        )
        for use in lines:
            self._serials[(ROTTERDAM.site_gln, use.lot)] = list(use.serials)
        self._plan(arrives, partial(self._book, receipt))
        self.mail.file(arrives + timedelta(minutes=45), "wms_receipts_rotterdam", receipts_xml([receipt]))

    def _plan_deliveries(self) -> None:
        """Both sites deliver to their hospitals on the last days."""
        for place, hospital in enumerate((*HOSPITALS, *HOSPITALS)):
            organisation = next(o for o in ORGANISATIONS if o.key == hospital.organisation)
            at = self.calendar.at(organisation.zone, -1 - place // len(HOSPITALS), 11 + place % 4, self.rnd.randrange(60))
            self._plan(at, partial(self._deliver, organisation, hospital.gln, hospital.name, at))

    def _deliver(self, organisation: Organisation, to_gln: str, to_name: str, at: datetime) -> None:
        finished = [
            item
            for item in self.catalogue.items
            if item.kind == "finished" and sum(quantity for _, quantity in self.balance.lots(organisation.site_gln, item, at.date())) >= 4
        ]
        lines = [
            self._in_carton(use)
            for item in self.rnd.sample(finished, min(3, len(finished)))
            for use in self._take(organisation.site_gln, item, Decimal(self.rnd.randint(1, 4)))
        ]
        self._despatch(organisation, to_gln, to_name, at, lines)

    def _despatch(self, organisation: Organisation, to_gln: str, to_name: str, at: datetime, lines: list[Use]) -> Despatch:
        number = f"DN-{organisation.key[:2].upper()}-{self.numbers.next('delivery ' + organisation.key, 61001)}"
        tracking = f"HLOG{self.rnd.randrange(10**9, 10**10)}"
        despatch = Despatch(number, at, organisation.site_gln, to_gln, to_name, "Hansa Air and Road", tracking, tuple(lines))
        self.mail.file(at + timedelta(minutes=15), f"wms_despatches_{organisation.key}", despatches_json([despatch]))
        return despatch

    def _in_carton(self, use: Use) -> Use:
        return replace(use, sscc=sscc(NOVAMED, self.numbers.next("own sscc", 900001)))


def _usual_stock(item: Item) -> int:
    """Enough of everything for a week of production."""
    if item.kind == "finished":
        return 10
    return 60 if item.unit == "KG" or (item.case_quantity or 0) <= 20 else 900

"""From order to invoice: the supplier's papers and the dock's receipts, with the faults that live in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from hub.demonstration.documents import (
    Calendar,
    Carton,
    Invoice,
    InvoiceLine,
    Lot,
    Numbers,
    OrderLine,
    Packed,
    Receipt,
    ReceiptLine,
    Shipment,
    plain,
)
from hub.demonstration.faults import PlantedFault
from hub.demonstration.feeds import receipts_xml
from hub.demonstration.identifiers import check_digit, sscc, with_wrong_check_digit
from hub.demonstration.mail import Mail, Posting
from hub.demonstration.orders import DELIVERED, RESPONDED, SHIPPED_ONLY, SILENT, Deal
from hub.demonstration.x12_files import despatch_advice, invoice, order_response

CASE = "CA"
"""X12 355: case. The hub's own code for it is CS, which X12 gives to a cassette."""
CANONICAL_CASE = "CS"


@dataclass(slots=True)
class Ledgers:
    """What the deliveries leave behind: goods received, and faults whose document has no path yet."""

    receipts: list[Receipt] = field(default_factory=list)
    faults: list[PlantedFault] = field(default_factory=list)
    late: list[tuple[Posting, PlantedFault]] = field(default_factory=list)
    """Faults to which path and control number of a posting are added once the post is numbered."""


@dataclass(slots=True)
class Trade:
    """Carries out deals, one after the other."""

    rnd: Random
    calendar: Calendar
    numbers: Numbers
    mail: Mail
    books: Ledgers = field(default_factory=Ledgers)

    def carry_out(self, deal: Deal) -> None:
        """Send every paper of a deal."""
        channel = deal.order.channel
        if deal.ending == SILENT:
            self._plant(deal, {"order_number": deal.order.number}, {"supplier": channel.supplier.code, "set": "850"}, whole_order=True)
            return
        at = self.calendar.at(channel.supplier.zone, deal.day + 1, self.rnd.randint(9, 12), self.rnd.randrange(60))
        number = f"SO{self.numbers.next('sales order', 70211)}"
        deal.response = self.mail.x12(at, channel, [order_response(deal.order, at, number)])
        if deal.ending == SHIPPED_ONLY:
            self._ship_with_wrong_gtin(deal)
        elif deal.ending == DELIVERED:
            self._deliver(deal)
        else:
            assert deal.ending == RESPONDED

    def sample(self, deal: Deal) -> Shipment:
        """A shipment of a whole open order that leaves now; nothing is posted."""
        return self._shipment(deal, {line.line: line.quantity for line in deal.order.lines}, self.calendar.now)

    def _deliver(self, deal: Deal) -> None:
        leaves = deal.day + self.rnd.randint(4, 5)
        shipped = {line.line: line.quantity for line in deal.order.lines}
        if deal.fault == "short_shipment":
            missing = Decimal(self.rnd.randint(1, int(deal.marked.quantity) // 4))
            shipped[deal.marked.line] -= missing
            self._plant(deal, {}, {"ordered": plain(deal.marked.quantity), "despatched": plain(shipped[deal.marked.line])})
        shipments = self._shipments(deal, shipped, leaves)
        received: dict[str, Decimal] = {}
        days = 2 if len(shipments) > 1 else self.rnd.randint(2, 3)
        zone = deal.order.channel.organisation.zone
        for place, shipment in enumerate(shipments):
            receipt = self._receive(deal, shipment, self.calendar.at(zone, leaves + days + 2 * place, 9 + place, 30))
            for line in receipt.lines:
                assert line.line is not None
                received[line.line.line] = received.get(line.line.line, Decimal(0)) + line.quantity
        self._invoice(deal, received, leaves + days + 2 * (len(shipments) - 1) + 1)

    def _shipments(self, deal: Deal, shipped: dict[str, Decimal], leaves: int) -> list[Shipment]:
        """Send the despatch advices; returns those that stand in the end."""
        zone = deal.order.channel.supplier.zone
        at = self.calendar.at(zone, leaves, self.rnd.randint(13, 16), self.rnd.randrange(60))
        if deal.fault == "despatch_replaced":
            right = self._shipment(deal, shipped, at)
            wrong = self._shipment(deal, {**shipped, deal.marked.line: deal.marked.quantity // 2}, at)
            wrong = replace(wrong, number=right.number, tracking=right.tracking)
            first = self._send(deal, wrong)
            again = replace(right, purpose="05", issued_at=at + timedelta(hours=1))
            self._send(deal, again)
            self._late(deal, first, {"despatch_number": right.number}, {"order_number": deal.order.number})
            return [again]
        if deal.fault == "despatch_cancelled":
            gone = self._shipment(deal, shipped, at)
            first = self._send(deal, gone)
            self._send(deal, replace(gone, purpose="01", issued_at=at + timedelta(hours=1)))
            self._late(deal, first, {"despatch_number": gone.number}, {"order_number": deal.order.number})
            at += timedelta(hours=20)
        elif deal.fault is None and len(deal.order.lines) > 1 and self.rnd.random() < 0.4:
            half = len(deal.order.lines) // 2
            parts = (deal.order.lines[:half], deal.order.lines[half:])
            shipments = [
                self._shipment(deal, {line.line: shipped[line.line] for line in lines}, at + timedelta(days=2 * place))
                for place, lines in enumerate(parts)
            ]
            for shipment in shipments:
                self._send(deal, shipment)
            return shipments
        shipment = self._shipment(deal, shipped, at)
        self._send(deal, shipment)
        if deal.fault == "unit_convertible":
            self._plant(deal, {}, _units(CANONICAL_CASE, "despatch_advice", str(deal.marked.item.case_quantity)))
        return [shipment]

    def _ship_with_wrong_gtin(self, deal: Deal) -> None:
        """A shipment of yesterday, still on the road, whose advice carries a GTIN that can't be right."""
        wrong = with_wrong_check_digit(deal.marked.item.gtin)
        at = self.calendar.at(deal.order.channel.supplier.zone, -1, self.rnd.randint(9, 12), self.rnd.randrange(60))
        shipment = self._shipment(deal, {line.line: line.quantity for line in deal.order.lines}, at, marked_gtin=wrong)
        posting = self._send(deal, shipment)
        body = posting.sets[0].segments
        position = next(place for place, text in enumerate(body, start=2) if text.startswith("LIN*") and wrong in text)
        place = {"segment": "LIN", "position": position, "element": 7}
        values = {"gtin": wrong.zfill(14), "expected": check_digit(wrong[:-1]), "got": wrong[-1], "place": place}
        self._late(deal, posting, {"despatch_number": shipment.number}, values, "997 A")

    def _shipment(self, deal: Deal, quantities: dict[str, Decimal], at: datetime, marked_gtin: str | None = None) -> Shipment:
        supplier = deal.order.channel.supplier
        cartons: list[Carton] = []
        pallet = sscc(supplier.prefix, self.numbers.next(supplier.key, 4100001)) if supplier.version >= "005010" else None
        for line in deal.order.lines:
            if line.line in quantities:
                alone = line is deal.marked and deal.fault in ("unit_convertible", "wrong_check_digit")
                gtin = marked_gtin if marked_gtin is not None and line is deal.marked else None
                for packed in self._packed(deal, line, quantities[line.line], at, alone, gtin):
                    if cartons and self.rnd.random() < 0.3:
                        cartons[-1] = replace(cartons[-1], contents=(*cartons[-1].contents, packed))
                    else:
                        cartons.append(Carton(sscc(supplier.prefix, self.numbers.next(supplier.key, 4100001)), (packed,), pallet))
        organisation = deal.order.channel.organisation
        return Shipment(
            number=f"{supplier.lot_prefix}-D{self.numbers.next('despatch ' + supplier.key, 30571)}",
            order=deal.order,
            issued_at=at,
            despatched_at=at - timedelta(minutes=25),
            expected_on=at.astimezone(organisation.zone).date() + timedelta(days=3),
            tracking=f"{supplier.carrier[0]}{self.rnd.randrange(10**9, 10**10)}",
            cartons=tuple(cartons),
        )

    def _packed(self, deal: Deal, line: OrderLine, quantity: Decimal, at: datetime, alone: bool, gtin: str | None) -> list[Packed]:
        """The line's quantity in one lot, or in two; `alone` keeps it in one, so that a fault is seen once."""
        shares = [quantity]
        if not alone and quantity >= 20 and self.rnd.random() < 0.4:
            part = Decimal(self.rnd.randint(int(quantity) // 4, int(quantity) // 2))
            shares = [quantity - part, part]
        packed = []
        for share in shares:
            stated: tuple[str, Decimal, str] = (gtin or line.item.gtin, share, line.item.unit)
            if deal.fault == "unit_convertible" and line is deal.marked:
                assert line.item.case_quantity is not None and line.item.gtin_case is not None
                stated = (line.item.gtin_case, share / line.item.case_quantity, CASE)
            packed.append(Packed(line, self.lot(deal, line, at), share, *stated))
        return packed

    def lot(self, deal: Deal, line: OrderLine, at: datetime) -> Lot:
        """A fresh lot of the supplier's item, made some weeks before it leaves."""
        made_on = at.date() - timedelta(days=self.rnd.randint(15, 60))
        code = f"{deal.order.channel.supplier.lot_prefix}{made_on:%y%m%d}{self.numbers.next('lot', 101)}"
        return Lot(line.item, code, made_on, made_on + timedelta(days=line.item.shelf_life_days))

    def _send(self, deal: Deal, shipment: Shipment) -> Posting:
        posting = self.mail.x12(shipment.issued_at, deal.order.channel, [despatch_advice(shipment)])
        deal.others.append(posting)
        return posting

    def _receive(self, deal: Deal, shipment: Shipment, at: datetime) -> Receipt:
        organisation = deal.order.channel.organisation
        lines = [
            ReceiptLine(packed.line, packed.line.item, packed.lot, packed.quantity, carton.sscc)
            for carton in shipment.cartons
            for packed in carton.contents
        ]
        mine = next((place for place, line in enumerate(lines) if line.line is deal.marked), None)
        if mine is not None and deal.fault == "lot_never_shipped":
            strange = self.lot(deal, deal.marked, shipment.issued_at)
            shipped = lines[mine].lot.code
            lines[mine] = replace(lines[mine], lot=strange)
            self._plant(deal, {"lot": strange.code}, {"received": plain(lines[mine].quantity), "instead_of": shipped})
        if mine is not None and deal.fault == "receipt_difference":
            despatched = sum((line.quantity for line in lines if line.line is deal.marked), Decimal(0))
            missing = Decimal(self.rnd.randint(1, max(1, int(lines[mine].quantity) // 4)))
            lines[mine] = replace(lines[mine], quantity=lines[mine].quantity - missing)
            self._plant(deal, {}, {"despatched": plain(despatched), "received": plain(despatched - missing)})
        number = f"GR-{organisation.key[:2].upper()}-{self.numbers.next('receipt ' + organisation.key, 88001)}"
        receipt = Receipt(number, deal.order.number, shipment.number, at, organisation.site_gln, tuple(lines))
        self.mail.file(at + timedelta(minutes=45), f"wms_receipts_{organisation.key}", receipts_xml([receipt]))
        self.books.receipts.append(receipt)
        return receipt

    def _invoice(self, deal: Deal, received: dict[str, Decimal], day: int) -> None:
        supplier = deal.order.channel.supplier
        at = self.calendar.at(supplier.zone, day, 15, self.rnd.randrange(60))
        lines = []
        for line in deal.order.lines:
            stated = InvoiceLine(line, received[line.line], line.item.unit, line.price)
            if line is deal.marked and deal.fault == "price_difference":
                stated = replace(stated, price=line.price + Decimal(self.rnd.randint(1, max(2, int(line.price * 8)))) / 100)
                self._plant(deal, {}, {"ordered": plain(line.price), "invoiced": plain(stated.price), "currency": supplier.currency})
            elif line is deal.marked and deal.fault == "invoiced_too_much":
                stated = replace(stated, quantity=stated.quantity + self.rnd.randint(1, int(line.quantity) // 4))
                self._plant(deal, {}, {"received": plain(received[line.line]), "invoiced": plain(stated.quantity)})
            elif line is deal.marked and deal.fault == "unit_not_convertible":
                stated = InvoiceLine(line, stated.quantity / 10, "KG", line.price * 10)
                self._plant(deal, {}, _units("KG", "invoice", None))
            lines.append(stated)
        number = f"{supplier.lot_prefix}{at:%y}-{self.numbers.next('invoice ' + supplier.key, 5201)}"
        deal.others.append(self.mail.x12(at, deal.order.channel, [invoice(Invoice(number, deal.order, at, tuple(lines)))]))

    def _plant(self, deal: Deal, subject: Mapping[str, object], values: Mapping[str, object], *, whole_order: bool = False) -> None:
        assert deal.fault is not None
        line = {} if whole_order else {"order_line": deal.marked.line}
        self.books.faults.append(PlantedFault(deal.fault, {"order_number": deal.order.number, **line, **subject}, values))

    def _late(
        self, deal: Deal, posting: Posting, subject: Mapping[str, object], values: Mapping[str, object], answer: str | None = None
    ) -> None:
        assert deal.fault is not None
        self.books.late.append((posting, PlantedFault(deal.fault, subject, values, answer)))


def _units(stated: str, by: str, each: str | None) -> dict[str, object]:
    """What both sides say about the unit; `each` is what the stated unit holds, null where nothing tells."""
    return {"ordered_unit": "EA", "stated_unit": stated, "stated_by": by, "convertible": each is not None, "each": each}

"""What the cast says to each other: orders, shipments, receipts, invoices, counts and production, before any syntax."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.demonstration.catalogue import Item
from hub.demonstration.company import Channel


@dataclass(frozen=True, slots=True)
class Calendar:
    """Every moment of the story, counted in local days from the injected now."""

    now: datetime

    def today(self, zone: ZoneInfo) -> date:
        """The local date of now."""
        return self.now.astimezone(zone).date()

    def day(self, zone: ZoneInfo, offset: int) -> date:
        """The local date so many days after (negative: before) today."""
        return self.today(zone) + timedelta(days=offset)

    def at(self, zone: ZoneInfo, offset: int, hour: int, minute: int = 0) -> datetime:
        """A local time on that day. All that has happened lies on days before today, at 18:00 or earlier."""
        return datetime.combine(self.day(zone, offset), time(hour, minute), tzinfo=zone)


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot of an item; its dates are the same wherever it is named."""

    item: Item
    code: str
    made_on: date
    expires_on: date


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order, in base units."""

    line: str
    item: Item
    quantity: Decimal
    price: Decimal
    requested_on: date


@dataclass(frozen=True, slots=True)
class Order:
    """A purchase order as the ERP says it; the newest revision is what everybody else keeps to."""

    number: str
    channel: Channel
    issued_at: datetime
    requested_on: date
    lines: tuple[OrderLine, ...]
    revision: int = 1
    purpose: str = "new"


@dataclass(frozen=True, slots=True)
class Packed:
    """Part of an order line in one carton, as the despatch advice states it."""

    line: OrderLine
    lot: Lot
    quantity: Decimal
    """Base units."""
    gtin: str
    stated_quantity: Decimal
    stated_unit: str
    """What the advice says; differs from base units only where a fault is planted."""


@dataclass(frozen=True, slots=True)
class Carton:
    """A logistic unit, on a pallet or alone."""

    sscc: str
    contents: tuple[Packed, ...]
    pallet: str | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """One despatch advice of a supplier."""

    number: str
    order: Order
    issued_at: datetime
    despatched_at: datetime
    expected_on: date
    tracking: str
    cartons: tuple[Carton, ...]
    purpose: str = "00"
    """BSN01: 00 original, 01 cancellation, 05 replace."""


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """What the dock found of one carton."""

    line: OrderLine | None
    item: Item
    lot: Lot
    quantity: Decimal
    sscc: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A goods receipt of the warehouse."""

    number: str
    order_number: str | None
    despatch_number: str
    received_at: datetime
    site_gln: str
    lines: tuple[ReceiptLine, ...]


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line of an invoice, in the unit that it states."""

    line: OrderLine
    quantity: Decimal
    unit: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice of a supplier."""

    number: str
    order: Order
    issued_at: datetime
    lines: tuple[InvoiceLine, ...]


@dataclass(frozen=True, slots=True)
class StockRow:
    """What a system says lies there, of one item, lot and status."""

    lot: Lot
    status: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Use:
    """Material that went into or came out of a production run, or onto a lorry."""

    lot: Lot
    quantity: Decimal
    serials: tuple[str, ...] = ()
    sscc: str = ""


@dataclass(frozen=True, slots=True)
class ProductionRun:
    """One production order's completion."""

    event_id: str
    number: str
    occurred_at: datetime
    site_gln: str
    consumed: tuple[Use, ...]
    produced: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Despatch:
    """A delivery note of our own warehouse, to a hospital or to the other organisation."""

    number: str
    despatched_at: datetime
    from_gln: str
    to_gln: str
    to_name: str
    carrier: str
    tracking: str
    lines: tuple[Use, ...]


@dataclass(slots=True)
class Numbers:
    """Running numbers of the whole story, by name."""

    last: dict[str, int] = field(default_factory=dict)

    def next(self, name: str, first: int = 1) -> int:
        """The next number of this name."""
        self.last[name] = self.last.get(name, first - 1) + 1
        return self.last[name]


def plain(number: Decimal) -> str:
    """A number without exponent and trailing zeros: `12.50` is `12.5`, as the store gives it back."""
    return format(number.normalize(), "f")

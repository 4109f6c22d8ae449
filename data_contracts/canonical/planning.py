"""Planning and trade terms: what will be needed and when, what was sold, what things cost, what was paid."""

from __future__ import annotations

from typing import Literal

from data_contracts.canonical.base import Amount, BusinessDocument, Entity, ItemReference, LotReference, PartialDate, PartyReference


class DeliveryScheduleLine(ItemReference):
    """How much of an item is wanted by a day or within a span. Several days of one item are several lines."""

    line: str
    order_number: str | None = None
    order_line: str | None = None
    quantity: Amount
    unit: str
    due_on: PartialDate | None = None
    """The day, or the first day of the span."""
    due_until_on: PartialDate | None = None
    """Last day of the span; null where the quantity is due on one day."""
    commitment: Literal["firm", "planned", "forecast"] = "forecast"
    ship_to: PartyReference | None = None


class DeliverySchedule(BusinessDocument):
    """What a buyer will call off (X12 830 and 862, DELFOR)."""

    order_number: str | None = None
    horizon_from_on: PartialDate | None = None
    horizon_until_on: PartialDate | None = None
    buyer: PartyReference | None = None
    supplier: PartyReference | None = None
    ship_to: PartyReference | None = None
    lines: list[DeliveryScheduleLine] = []


class SalesReportLine(LotReference):
    """How much of an item moved at a place within the period of the report."""

    line: str
    activity: Literal["sold", "returned", "on_hand", "ordered", "received", "out_of_stock", "adjusted"] = "sold"
    quantity: Amount
    unit: str
    unit_price: Amount | None = None
    order_number: str | None = None
    occurred_on: PartialDate | None = None
    location: PartyReference | None = None


class SalesReport(BusinessDocument):
    """What a distributor passed on (X12 852 and 867, SLSRPT)."""

    period_from_on: PartialDate | None = None
    period_until_on: PartialDate | None = None
    currency: str | None = None
    supplier: PartyReference | None = None
    reporter: PartyReference | None = None
    ship_to: PartyReference | None = None
    lines: list[SalesReportLine] = []


class PriceCatalogueLine(ItemReference):
    """One price of one item in one packaging unit."""

    line: str
    action: Literal["add", "change", "delete"] = "add"
    unit: str
    unit_price: Amount | None = None
    price_quantity: Amount | None = None
    """Units that the price is for; null means one."""
    minimum_quantity: Amount | None = None
    valid_from_on: PartialDate | None = None
    valid_until_on: PartialDate | None = None


class PriceCatalogue(BusinessDocument):
    """What a supplier offers at which price (X12 832, PRICAT, UBL Catalogue)."""

    currency: str | None = None
    supplier: PartyReference | None = None
    buyer: PartyReference | None = None
    valid_from_on: PartialDate | None = None
    valid_until_on: PartialDate | None = None
    lines: list[PriceCatalogueLine] = []


class RemittanceLine(Entity):
    """One document that is paid. `amount` is what is paid on it."""

    line: str
    invoice_number: str | None = None
    order_number: str | None = None
    reference: str | None = None
    """The number of what is paid where it is no invoice or order: a debit memo, a delivery, a contract."""
    reference_kind: str | None = None
    """X12 128 as stated: what kind of number `reference` is."""
    amount: Amount | None = None


class RemittanceAdvice(BusinessDocument):
    """What was paid, and for what (X12 820, REMADV)."""

    currency: str | None = None
    total: Amount | None = None
    paid_on: PartialDate | None = None
    payer: PartyReference | None = None
    payee: PartyReference | None = None
    lines: list[RemittanceLine] = []

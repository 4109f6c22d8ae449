"""Orders, responses, despatches, receipts, invoices: what trading partners say to each other about supply."""

from __future__ import annotations

from typing import Literal

from data_contracts.canonical.base import (
    Amount,
    BusinessDocument,
    Entity,
    Instant,
    ItemReference,
    LotReference,
    PartialDate,
    PartyReference,
)


class PurchaseOrderLine(ItemReference):
    """One line of an order. `line` is the buyer's line number, kept as text."""

    line: str
    quantity: Amount
    unit: str
    """UN/ECE Recommendation 20 code after the unit table (`EA`, `CS`, `BX`...)."""
    unit_price: Amount | None = None
    requested_on: PartialDate | None = None
    ship_to: PartyReference | None = None
    """Where this line goes, where the order tells it by line."""


class PurchaseOrder(BusinessDocument):
    """What a buyer asks for (X12 850, ORDERS)."""

    currency: str | None = None
    buyer: PartyReference | None = None
    supplier: PartyReference | None = None
    ship_to: PartyReference | None = None
    requested_on: PartialDate | None = None
    lines: list[PurchaseOrderLine] = []


class OrderChangeLine(ItemReference):
    """What becomes of one line of an order. What a changed line does not state keeps its value."""

    line: str
    action: Literal["add", "change", "delete", "keep"] | None = None
    """What is done to the line (UN/CEFACT 1229, X12 670). `delete`: ordered no more, and whatever else is stated only names the line.
    `keep`: nothing is changed by what is stated. Null where the document does not say: the line is changed, or added where the order lacks
    it."""
    quantity: Amount | None = None
    """Ordered from now on in all, not by how much more or less."""
    unit: str | None = None
    unit_price: Amount | None = None
    requested_on: PartialDate | None = None
    ship_to: PartyReference | None = None


class OrderChange(BusinessDocument):
    """What a buyer changes of an order (X12 860, ORDCHG). `number` is the order's; lines and members that are not stated stay as they are.

    With the purpose `replace` it states the whole order anew, with `cancel` it takes it back.
    """

    currency: str | None = None
    buyer: PartyReference | None = None
    supplier: PartyReference | None = None
    ship_to: PartyReference | None = None
    requested_on: PartialDate | None = None
    lines: list[OrderChangeLine] = []


class OrderResponseLine(ItemReference):
    """What the supplier says to one order line."""

    line: str
    order_line: str | None = None
    status: Literal["accepted", "changed", "backordered", "rejected"] = "accepted"
    quantity: Amount
    unit: str
    unit_price: Amount | None = None
    promised_on: PartialDate | None = None


class OrderResponse(BusinessDocument):
    """What a supplier promises (X12 855, ORDRSP). `number` is the order's where the supplier gives no own."""

    order_number: str
    status: Literal["accepted", "changed", "backordered", "rejected", "received"] | None = None
    """What the supplier says of the order as a whole (X12 BAK02, UN/CEFACT 1225 and 4343). It holds for every line of the order where
    `lines` names none; where lines are named they say it. `received`: it has the order and has not decided."""
    currency: str | None = None
    buyer: PartyReference | None = None
    supplier: PartyReference | None = None
    ship_to: PartyReference | None = None
    lines: list[OrderResponseLine] = []


class DespatchLine(LotReference):
    """One item, lot and logistic unit within a shipment. Several lots of one order line are several lines."""

    line: str
    order_number: str | None = None
    order_line: str | None = None
    quantity: Amount
    unit: str
    sscc: str | None = None
    """The carton or pallet that holds the goods directly (AI 00, 18 digits)."""
    parent_sscc: str | None = None
    """The unit that holds `sscc`, if the sender tells (tare above pack)."""


class DespatchAdvice(BusinessDocument):
    """What was sent (X12 856, 943, 945, DESADV)."""

    instruction_number: str | None = None
    """The despatch instruction that a warehouse fulfils (X12 940), where it names one."""
    despatched_at: Instant | None = None
    expected_on: PartialDate | None = None
    buyer: PartyReference | None = None
    """Who ordered the goods, or whose they are."""
    ship_from: PartyReference | None = None
    ship_to: PartyReference | None = None
    carrier: str | None = None
    tracking: str | None = None
    lines: list[DespatchLine] = []


class ReceivingLine(LotReference):
    """What was found on arrival. `quantity` is what was received; `rejected_quantity` the part of it not accepted."""

    line: str
    order_number: str | None = None
    order_line: str | None = None
    quantity: Amount
    rejected_quantity: Amount | None = None
    unit: str
    sscc: str | None = None
    location: PartyReference | None = None
    """Where the goods of this line were put, where the document tells it by line."""


class ReceivingAdvice(BusinessDocument):
    """What arrived (X12 861/944, RECADV)."""

    despatch_number: str | None = None
    order_number: str | None = None
    received_at: Instant | None = None
    ship_from: PartyReference | None = None
    location: PartyReference | None = None
    lines: list[ReceivingLine] = []


class Tax(Entity):
    """One tax of an invoice or of one of its lines: a category at a rate, on an amount (EN 16931 BG-23, BG-30; X12 TXI; EDIFACT TAX)."""

    kind: str | None = None
    """UN/CEFACT 5153: `VAT`, `GST`, `STT` a state's sales tax, `LOC` a local one, `OTH` another."""
    category: str | None = None
    """UN/CEFACT 5305: `S` standard rate, `Z` zero rate, `E` exempt, `AE` reverse charge, `G` export, `O` out of scope."""
    code: str | None = None
    """The sending system's own code of the tax (SAP MWSKZ)."""
    rate: Amount | None = None
    """Per cent."""
    taxable_amount: Amount | None = None
    amount: Amount | None = None
    exemption_code: str | None = None
    exemption_reason: str | None = None


class InvoiceLine(ItemReference):
    """One line to be paid. `amount` is as stated, without tax, null if the sender leaves it to quantity times price."""

    line: str
    order_number: str | None = None
    order_line: str | None = None
    quantity: Amount
    unit: str
    unit_price: Amount | None = None
    amount: Amount | None = None
    taxes: list[Tax] = []


class Invoice(BusinessDocument):
    """What is asked to be paid, or given back (X12 810, INVOIC, UBL CreditNote). A credit note states what is credited in numbers above
    zero: its `kind` says that they lower what is owed."""

    kind: Literal["invoice", "credit_note", "price_credit"] = "invoice"
    """`credit_note`: goods are credited, so much less of them is invoiced. `price_credit`: money only (UN/CEFACT 1001: 83), the quantity
    says for how many. Numbers of credit notes are apart from those of invoices."""
    invoice_number: str | None = None
    """The earlier invoice that this one credits or mends."""
    order_number: str | None = None
    ordered_on: PartialDate | None = None
    currency: str | None = None
    buyer: PartyReference | None = None
    supplier: PartyReference | None = None
    ship_to: PartyReference | None = None
    total: Amount | None = None
    """The grand total, with taxes; what was paid before is not taken off (UN/CEFACT GrandTotalAmount)."""
    taxes: list[Tax] = []
    """Of the whole invoice, one for each category and rate."""
    lines: list[InvoiceLine] = []

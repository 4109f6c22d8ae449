"""Warehouse and transport: what a 3PL is told to ship, what it corrects, what a carrier is asked and says."""

from __future__ import annotations

from typing import Literal

from data_contracts.canonical.base import Amount, BusinessDocument, Entity, Instant, LotReference, PartialDate, PartyReference
from data_contracts.canonical.operations import StockStatus


class DespatchInstructionLine(LotReference):
    """What to ship. Lot and serials stand where the owner allots them."""

    line: str
    order_number: str | None = None
    order_line: str | None = None
    quantity: Amount
    unit: str


class DespatchInstruction(BusinessDocument):
    """What a warehouse is told to ship (X12 940, INSDES)."""

    order_number: str | None = None
    requested_on: PartialDate | None = None
    ship_from: PartyReference | None = None
    ship_to: PartyReference | None = None
    carrier: str | None = None
    lines: list[DespatchInstructionLine] = []


class InventoryMovementLine(LotReference):
    """What came or went within a warehouse. `quantity` is signed: less than zero took stock away."""

    line: str
    quantity: Amount
    unit: str
    reason: str | None = None
    """The sender's reason or movement type, e.g. `551`."""
    status: StockStatus = "available"
    """Status that the quantity is booked to or from."""
    order_number: str | None = None
    order_line: str | None = None


class InventoryMovement(BusinessDocument):
    """A correction, scrapping or transfer of stock at one place (X12 947, IDoc MBGMCR without an order)."""

    occurred_at: Instant | None = None
    location: PartyReference | None = None
    lines: list[InventoryMovementLine] = []


class TransportStop(Entity):
    """A place where goods are loaded or unloaded."""

    line: str
    kind: Literal["load", "unload", "other"] = "other"
    place: PartyReference | None = None
    planned_on: PartialDate | None = None


class TransportInstruction(BusinessDocument):
    """What a carrier is asked to move (X12 204, IFTMIN)."""

    carrier: str | None = None
    shipper: PartyReference | None = None
    consignee: PartyReference | None = None
    reference: str | None = None
    """The shipper's own number of the load, where `number` is the shipment's."""
    lines: list[TransportStop] = []


class TransportResponse(BusinessDocument):
    """Whether the carrier takes the load (X12 990)."""

    instruction_number: str
    carrier: str | None = None
    status: Literal["accepted", "declined", "cancelled"]
    reason: str | None = None


class TransportEvent(Entity):
    """One thing that happened to a shipment."""

    line: str
    status: str
    """Word of UN/ECE Recommendation 24, e.g. `picked_up`, `in_transit`, `delivered`, `delayed`, or of X12 where that has none
    (`delivery_estimated`, `pickup_appointment`): `mappings/codes/edifact_transport_status.csv` has all, and their codes."""
    occurred_at: Instant | None = None
    city: str | None = None
    country: str | None = None
    reason: str | None = None
    sscc: str | None = None


class TransportStatus(BusinessDocument):
    """Where a shipment is (X12 214, IFTSTA)."""

    shipment_number: str | None = None
    carrier: str | None = None
    ship_from: PartyReference | None = None
    ship_to: PartyReference | None = None
    lines: list[TransportEvent] = []

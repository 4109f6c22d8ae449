"""Stock and production: what warehouses count and factories make."""

from __future__ import annotations

from typing import Literal

from data_contracts.canonical.base import Amount, BusinessDocument, Instant, LotReference, PartyReference

StockStatus = Literal["available", "quarantine", "blocked", "reserved", "in_transit"]


class InventoryLine(LotReference):
    """What one system says is there, of one item, lot and status."""

    line: str
    status: StockStatus = "available"
    quantity: Amount
    unit: str


class InventoryReport(BusinessDocument):
    """A snapshot of one location by one system (X12 846, INVRPT). `issued_at` is the moment counted; the newest stands."""

    location: PartyReference
    lines: list[InventoryLine] = []


class MaterialUse(LotReference):
    """Material that went in or came out (ISA-95 MaterialActual)."""

    line: str
    quantity: Amount
    unit: str


class ProductionEvent(BusinessDocument):
    """A transformation: input lots were consumed, output lots made (EPCIS TransformationEvent, B2MML ProductionPerformance)."""

    occurred_at: Instant
    production_order: str | None = None
    location: PartyReference | None = None
    inputs: list[MaterialUse] = []
    outputs: list[MaterialUse] = []

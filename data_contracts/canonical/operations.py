"""Stock, production and conditions: what warehouses count, factories make and sensors measure."""

from __future__ import annotations

from typing import Literal

from data_contracts.canonical.base import Amount, BusinessDocument, Entity, Instant, LotReference, PartyReference

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


class Measurement(Entity):
    """One value that a sensor, a logger or a machine stated. What is not good is told as such: it is data, and no error of a document."""

    line: str
    measure: str
    """What was measured, by GS1's word: `Temperature`, `RelativeHumidity`, `Count` (`data_contracts/codes/cbv.yaml`)."""
    value: Amount | None = None
    text: str | None = None
    """Of what is no number."""
    unit: str | None = None
    """Code of Recommendation 20: CEL, P1."""
    quality: Literal["good", "uncertain", "bad"] = "good"
    quality_code: str | None = None
    """As the device states it: an OPC UA status code, a logger's fault."""
    alarm: bool | None = None
    """Whether the device says that a limit was passed."""


class SensorReading(BusinessDocument):
    """What a sensor measured at one moment (EPCIS sensor event; a cold-chain logger, a LoRaWAN uplink, a node of an OPC UA server)."""

    sensor: str
    """Its name at the sender: a device's EUI, a logger's serial number, a node."""
    occurred_at: Instant
    location: PartyReference | None = None
    sscc: str | None = None
    """The logistic unit that it travels with."""
    gtin: str | None = None
    lot: str | None = None
    lines: list[Measurement] = []

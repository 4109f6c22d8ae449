"""The canonical words. A mapping names its target entity by one of these; a test pins the list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from data_contracts.canonical.base import BusinessDocument, Entity, PartyReference, Purpose
from data_contracts.canonical.device import Device
from data_contracts.canonical.event import (
    AggregationEvent,
    AssociationEvent,
    Event,
    ObjectEvent,
    TransactionEvent,
    TransformationEvent,
)
from data_contracts.canonical.logistics import (
    DespatchInstruction,
    InventoryMovement,
    TransportInstruction,
    TransportResponse,
    TransportStatus,
)
from data_contracts.canonical.master import Item, Location, Lot, Party
from data_contracts.canonical.operations import InventoryReport, ProductionEvent, SensorReading
from data_contracts.canonical.planning import DeliverySchedule, PriceCatalogue, RemittanceAdvice, SalesReport
from data_contracts.canonical.trade import DespatchAdvice, Invoice, OrderChange, OrderResponse, PurchaseOrder, ReceivingAdvice

ENTITIES: dict[str, type[BusinessDocument]] = {
    entity.__name__: entity
    for entity in (
        DeliverySchedule,
        DespatchAdvice,
        DespatchInstruction,
        Device,
        InventoryMovement,
        InventoryReport,
        Invoice,
        Item,
        Location,
        Lot,
        OrderChange,
        OrderResponse,
        Party,
        PriceCatalogue,
        ProductionEvent,
        PurchaseOrder,
        ReceivingAdvice,
        RemittanceAdvice,
        SalesReport,
        SensorReading,
        TransportInstruction,
        TransportResponse,
        TransportStatus,
    )
}

EVENTS: dict[str, type[Event]] = {
    event.__name__: event for event in (AggregationEvent, AssociationEvent, ObjectEvent, TransactionEvent, TransformationEvent)
}
"""The visibility events of EPCIS. They are read and mapped by the standard itself, and judged by rules of their own."""

CANONICAL: dict[str, type[BusinessDocument]] = {**ENTITIES, **EVENTS}

KINDS = {name: "_".join(re.findall("[A-Z][a-z]+", name)).lower() for name in ENTITIES} | dict.fromkeys(EVENTS, "event")
KINDS["OrderChange"] = KINDS["PurchaseOrder"]
"""Canonical entity → kind of subject and application in the store: `PurchaseOrder` → `purchase_order`, of which a change speaks too; every
event → `event`."""
CREDITS = frozenset({"credit_note", "price_credit"})
"""Kinds of an Invoice that lower what is owed. Their numbers are a row of their own: subjects of the kind `credit_note`."""
STORED = frozenset({*KINDS.values(), "credit_note"})
"""All kinds of subjects."""


def kind_of(entity: Mapping[str, Any]) -> str:
    """The kind of subject that an entity speaks of."""
    return "credit_note" if entity.get("kind") in CREDITS and entity["entity"] == "Invoice" else KINDS[entity["entity"]]


def kinds_of(entity: str) -> tuple[str, ...]:
    """The kinds of subjects of which entities of this name speak: an Invoice may be a credit note."""
    return (KINDS[entity], "credit_note") if entity == "Invoice" else (KINDS[entity],)


__all__ = [
    "CANONICAL",
    "CREDITS",
    "ENTITIES",
    "EVENTS",
    "KINDS",
    "STORED",
    "BusinessDocument",
    "Entity",
    "Event",
    "PartyReference",
    "Purpose",
    "kind_of",
    "kinds_of",
    *sorted(CANONICAL),
]

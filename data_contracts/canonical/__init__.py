"""The canonical words. A mapping names its target entity by one of these; a test pins the list."""

from __future__ import annotations

import re

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
from data_contracts.canonical.master import Item, Party
from data_contracts.canonical.operations import InventoryReport, ProductionEvent
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
        OrderChange,
        OrderResponse,
        Party,
        PriceCatalogue,
        ProductionEvent,
        PurchaseOrder,
        ReceivingAdvice,
        RemittanceAdvice,
        SalesReport,
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

__all__ = [
    "CANONICAL",
    "ENTITIES",
    "EVENTS",
    "KINDS",
    "BusinessDocument",
    "Entity",
    "Event",
    "PartyReference",
    "Purpose",
    *sorted(CANONICAL),
]

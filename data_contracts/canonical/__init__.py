"""The canonical words. A mapping names its target entity by one of these; a test pins the list."""

from __future__ import annotations

from data_contracts.canonical.base import BusinessDocument, Entity, PartyReference, Purpose
from data_contracts.canonical.master import Item, Party
from data_contracts.canonical.operations import InventoryReport, ProductionEvent
from data_contracts.canonical.trade import DespatchAdvice, Invoice, OrderResponse, PurchaseOrder, ReceivingAdvice

ENTITIES: dict[str, type[BusinessDocument]] = {
    entity.__name__: entity
    for entity in (
        DespatchAdvice,
        InventoryReport,
        Invoice,
        Item,
        OrderResponse,
        Party,
        ProductionEvent,
        PurchaseOrder,
        ReceivingAdvice,
    )
}

__all__ = ["ENTITIES", "BusinessDocument", "Entity", "PartyReference", "Purpose", *sorted(ENTITIES)]

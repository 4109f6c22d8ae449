"""Items, parties, locations and lots as own systems describe them: source records, out of which golden records are made."""

from __future__ import annotations

from typing import Literal

from data_contracts.canonical.base import Amount, BusinessDocument, Entity, PartialDate


class TradeItem(Entity):
    """One packaging level of an item, with its own GTIN."""

    gtin: str
    unit: str
    quantity: Amount
    """Base units inside."""


class SupplierItem(Entity):
    """What a supplier calls the item."""

    supplier: str
    """Party code in the same system."""
    code: str


class Item(BusinessDocument):
    """An item master record. `number` is the system's own code; a device when it has a UDI-DI."""

    name: str
    name_zh: str | None = None
    kind: Literal["raw", "component", "finished"] = "finished"
    base_unit: str
    gtin: str | None = None
    """GTIN of one base unit."""
    udi_di: str | None = None
    lot_controlled: bool = True
    serial_controlled: bool = False
    shelf_life_days: int | None = None
    status: Literal["active", "blocked", "retired"] = "active"
    trade_items: list[TradeItem] = []
    supplier_items: list[SupplierItem] = []
    manufacturer: str | None = None
    """Name of the maker, whoever sells it."""
    manufacturer_item: str | None = None
    """The maker's own number (catalogue number, reference)."""
    model: str | None = None
    """Model or specification, 规格型号."""
    registration_number: str | None = None
    """Of the authority that admits it to a market, 注册证编号."""


class Party(BusinessDocument):
    """A party master record. `number` is the system's own code."""

    name: str
    name_zh: str | None = None
    role: Literal["supplier", "customer", "carrier", "own", "warehouse"]
    gln: str | None = None
    tax_number: str | None = None
    address: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    status: Literal["active", "blocked", "retired"] = "active"
    phone: str | None = None
    licence: str | None = None
    """Number of its licence to make or sell devices, 医疗器械生产/经营许可证编号."""


class Location(BusinessDocument):
    """A location master record: where goods are made, kept or found. `number` is the system's own code."""

    name: str
    name_zh: str | None = None
    level: Literal["plant", "warehouse", "storage_place"]
    parent: str | None = None
    """Code, in the same system, or GLN of the location that it is a part of; none: it belongs to the organisation itself."""
    gln: str | None = None
    address: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    status: Literal["active", "blocked", "retired"] = "active"


class Lot(BusinessDocument):
    """A lot (batch) master record. `number` is the number of the lot; with its item it is the system's own key of it."""

    gtin: str | None = None
    item_code: str | None = None
    """The system's own code of the item."""
    expires_on: PartialDate | None = None
    manufactured_on: PartialDate | None = None
    supplier: str | None = None
    """Party code, in the same system, of who made it."""
    supplier_lot: str | None = None
    """What its maker calls the lot."""
    status: Literal["available", "quarantine", "blocked"] = "available"

"""The reconciled views: orders, stock, master data, discrepancies, and which facts every number is made of. Read-only.

All take `organisations` (ids; null: all) and `partner_id` (null: an own user; else what that partner may see). Values are plain
dictionaries; numbers are Decimals, `_at` aware UTC times. Lists come in pages with a cursor for the next one.
"""

from __future__ import annotations

from hub.store.views.contributions import Contributions, Part, contributions
from hub.store.views.devices import device, devices, devices_by_id
from hub.store.views.discrepancies import discrepancies, tally
from hub.store.views.inventory import inventory
from hub.store.views.master import item, items, parties, party
from hub.store.views.orders import order, orders

__all__ = [
    "Contributions",
    "Part",
    "contributions",
    "device",
    "devices",
    "devices_by_id",
    "discrepancies",
    "inventory",
    "item",
    "items",
    "order",
    "orders",
    "parties",
    "party",
    "tally",
]

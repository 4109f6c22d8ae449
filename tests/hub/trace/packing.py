"""Packing and unpacking for tests: what AggregationEvents of EPCIS say, as edges, before any document of the hub's own says so.

Under `packing_events` an inventory movement is read as such an event: status `packed` or `unpacked`, the content a lot, serials or an
SSCC, `parent_sscc` the unit; no content at all means everything in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from hub.apply import effects
from hub.apply.effects import Effects
from hub.apply.facts import Facts
from hub.store.keys import item_part, lot_key, serial_key, sscc_key
from hub.trace.edges import EdgeKind


def _events(facts: Facts, _partner_id: int, partner: str, own: bool, made: Effects) -> None:
    for row in facts.lines:
        unit, packed = sscc_key(row[19]), row[20] == "packed"
        part = item_part(partner, own, row[4], row[7], row[6], row[5])
        kind = int(EdgeKind.PACKING if packed else EdgeKind.UNPACKING)
        inside: list[tuple[str, int]] = []
        if row[18] is not None:
            inside.append((sscc_key(row[18]), int(EdgeKind.NESTING) if packed else kind))
        if part is not None and row[14] is not None:
            inside.append((lot_key(part, row[14]), kind))
        if part is not None:
            inside += [(serial_key(part, serial), kind) for serial in row[15] or ()]
        if not inside and not packed:
            inside.append((unit, kind))
        for content, how in inside:
            made.edges[content, unit, how] = (row[9], row[10]) if content.startswith("lot:") else (None, None)


@contextmanager
def packing_events() -> Iterator[None]:
    """Read inventory movements as packing events."""
    with patch.dict(effects._MAKERS, {"inventory_movement": _events}):
        yield


def packing(number: str, status: str, at: datetime, unit: str, quantity: Decimal | None = None, **content: Any) -> dict[str, Any]:
    """An event: `content` is lot, serials or sscc (none: everything), with gtin."""
    line = {"line": "1", "status": status, "parent_sscc": unit, "quantity": quantity, "unit": "EA" if quantity else None, "@": 2, **content}
    return {
        "entity": "InventoryMovement",
        "number": number,
        "issued_at": at,
        "occurred_at": at,
        "location": {"gln": "6901234000012"},
        "@": 1,
        "lines": [line],
    }

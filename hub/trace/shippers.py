"""Who brought the lots that an upward trace ends at: suppliers, by the despatch advices in which these lots, or cartons of them, went out.

A despatch lies downstream of a raw lot, so that a walk towards the sources passes it by; asked is who shipped each lot that was reached.
Our own systems' and customers' despatches are of what went on, not of where it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from hub.store.genealogy import documents_of, nodes_by_id, partners_of_kind
from hub.store.keys import kind_of
from hub.store.types import moment
from hub.store.walk import Filter, exact, level
from hub.trace.edges import EdgeKind

_SHIPPING, _PACKING, _NESTING = (int(kind) for kind in (EdgeKind.SHIPPING, EdgeKind.PACKING, EdgeKind.NESTING))
_DEEPEST = 4
"""Logistic units in logistic units that are opened: cartons on pallets in containers have three."""


def find(connection: sa.Connection, keys: Mapping[int, str], chosen: Filter | None = None) -> list[dict[str, Any]]:
    """Shippers of the lots among some nodes, a row for each lot in each shipment: `{"partner", "name", "gln", "lot", "shipment",
    "quantity", "unit", "exchange", "number", "at"}`, by lot and time. `chosen` as for the walk.
    """
    inside: dict[int, dict[int, tuple[Any, Any]]] = {node: {node: (None, None)} for node, key in keys.items() if kind_of(key) == "lot"}
    rows = level(connection, inside, "down", chosen, (_SHIPPING, _PACKING)) if inside else []
    for _ in range(_DEEPEST):
        packed = [row for row in rows if row[2] != _SHIPPING]
        if not packed:
            break
        opened = {row[0] for row in packed} - inside.keys()
        for row in packed:
            stated = (row[4], row[5]) if row[2] == _PACKING else (None, None)
            for lot, before in inside.get(row[1], {}).items():
                inside.setdefault(row[0], {}).setdefault(lot, stated if row[2] == _PACKING else before)
        if not opened:
            break
        rows = [row for row in rows if row[2] == _SHIPPING] + level(connection, opened, "down", chosen, (_SHIPPING, _NESTING))
    shipped = [row for row in rows if row[2] == _SHIPPING]
    documents = documents_of(connection, {row[3] for row in shipped})
    suppliers = partners_of_kind(connection, "supplier")
    told: dict[tuple[int, int, int], dict[str, Any]] = {}
    shipments = nodes_by_id(connection, {row[0] for row in shipped})
    for row in shipped:
        document = documents.get(row[3])
        if document is None or document.partner not in suppliers:
            continue
        name, gln = suppliers[document.partner]
        for lot, (packed_quantity, packed_unit) in inside[row[1]].items():
            quantity, unit = (row[4], row[5]) if row[1] == lot else (packed_quantity, packed_unit)
            shown = {"partner": document.partner, "name": name, "gln": gln, "lot": keys[lot], "shipment": shipments[row[0]][0]}
            shown |= {"quantity": None if quantity is None else exact(quantity), "unit": unit}
            shown |= {"exchange": document.exchange_id, "number": document.number}
            shown["at"] = None if document.effective_at is None else moment(document.effective_at)
            told.setdefault((lot, row[0], row[3]), shown)
    return sorted(told.values(), key=lambda one: (one["lot"], str(one["at"] or ""), one["shipment"]))

"""What a change of master data touches, told before it is made: maps, open orders, lots and partners."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from hub.masterdata.clusters import Source
from hub.masterdata.golden import names_of
from hub.masterdata.renew import around
from hub.store import golden as store
from hub.store import impact as said
from hub.store.views.lines import order_pictures
from hub.store.views.picture import OrderPicture

SHOWN = 50
"""How many of each are named; all are counted."""


def impact(connection: sa.Connection, kind: str, sources: Collection[Source]) -> dict[str, Any]:
    """Counts, and the first names, of what speaks of the golden records of these sources."""
    near = around(connection, kind, sources)
    whole = {other for source in sources for other in near.cluster(source)}
    records = near.of(whole)
    names = {name for record in records for name, _, _ in names_of(kind, record)}
    values = {value for _, value in names}
    if kind == "party":
        glns = {value for scheme, value in names if scheme == "gln"}
        ids = store.partners_named(connection, glns, whole)
        orders = store.orders_of_partners(connection, ids) | said.orders_to(connection, values)
        lots, partners = said.lots_of_partners(connection, ids), said.partner_keys_of(connection, ids)
    elif kind == "location":
        there = said.at(connection, values)
        orders, lots = store.orders_where(connection, there), said.lots_where(connection, there)
        partners = said.partners_where(connection, there)
    elif kind == "lot":
        items = {str(one) for record in records for one in (record.body.get("gtin"), record.body.get("item_code")) if one}
        named = said.of_lots(connection, items, {str(record.body["number"]) for record in records})
        orders, lots = store.orders_where(connection, named), said.lots_where(connection, named)
        partners = said.partners_where(connection, named)
    else:
        orders = store.orders_that_mention(connection, values)
        lots, partners = said.lots_of_items(connection, values), said.partners_that_name(connection, values)
    pictures = order_pictures(connection, orders)
    listed = {
        "maps": sorted(said.maps_of(connection, {record.exchange_id for record in records})),
        "orders": sorted({picture.number for picture in pictures.values() if _is_open(picture)}),
        "lots": sorted({f"{item}|{lot}" if item else lot for item, lot in lots}),
        "partners": sorted(partners | {record.system for record in records}),
    }
    return {name: {"count": len(found), "first": found[:SHOWN]} for name, found in listed.items()}


def _is_open(picture: OrderPicture) -> bool:
    """Whether anything of an order is still to be received."""
    for line in picture.lines:
        if line.ordered.deleted_by is not None or line.ordered.quantity is None:
            continue
        if (line.total("received") or 0) < line.ordered.quantity:
            return True
    return False

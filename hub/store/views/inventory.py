"""Stock by organisation, place, item, lot and status: what each system says, what the hub computes, and the difference."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hub.store.lists import among
from hub.store.tables import balance, organisation
from hub.store.types import moment
from hub.store.views.discrepancies import of_scopes
from hub.store.views.stock import PlacePicture, StockRow, places

ZERO = Decimal(0)


def inventory(
    connection: sa.Connection,
    organisations: Collection[int] | None = None,
    partner_id: int | None = None,
    *,
    location: str | None = None,
    item: str | None = None,
    lot: str | None = None,
    only_disagreeing: bool = False,
    cursor: str | None = None,
    limit: int = 100,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of stock rows, and the cursor of the next page (null: this is the last).

    A row: `{organisation, location, item: {code, gtin}, lot, expires_on, status, unit, systems: [{partner, quantity, counted_at,
    exchange_id}], computed, difference, in_transit, discrepancies}`. Quantities are Decimals in base units. `difference` is the
    largest less the smallest of what systems say, null where fewer than two say anything. `computed` is null where no count gives a base.
    `item` is a code or GTIN. A partner sees its own counts only, nothing computed.
    """
    keys = _places(connection, organisations, location)
    owners = {row.id: row.key for row in connection.execute(sa.select(organisation.c.id, organisation.c.key))}
    pictures = places(connection, keys)
    found = of_scopes(connection, "stock", keys, partner_id)
    rows: list[tuple[str, dict[str, Any]]] = []
    for key, picture in pictures.items():
        for row in picture.rows.values():
            if _fits(row, item, lot):
                shown = _shown(picture, row, owners[picture.organisation_id], found.get(key, []), partner_id)
                if shown is not None and (not only_disagreeing or shown["discrepancies"]):
                    rows.append(("|".join((shown["organisation"], picture.location, row.code, row.lot, row.status, row.unit)), shown))
    rows.sort(key=lambda entry: entry[0])
    page = [entry for entry in rows if cursor is None or entry[0] > cursor][: limit + 1]
    return [shown for _, shown in page[:limit]], page[limit - 1][0] if len(page) > limit else None


def _places(connection: sa.Connection, organisations: Collection[int] | None, location: str | None) -> list[tuple[str, int]]:
    query = sa.select(balance.c.location, balance.c.organisation_id).distinct()
    if organisations is not None:
        query = query.where(among(connection, balance.c.organisation_id, sorted(organisations)))
    if location is not None:
        query = query.where(balance.c.location == location)
    return [(place, owner) for place, owner in connection.execute(query)]


def _fits(row: StockRow, item: str | None, lot: str | None) -> bool:
    if lot is not None and row.lot != lot:
        return False
    if item is None:
        return True
    wanted = item.zfill(14) if item.isdigit() and 8 <= len(item) < 14 else item
    names = {row.code, row.gtin, *(value for _, value in row.item.names)} if row.item is not None else {row.code, row.gtin}
    return bool(names & {item, wanted})


def _shown(
    picture: PlacePicture, row: StockRow, owner: str, discrepancies: list[dict[str, Any]], partner_id: int | None
) -> dict[str, Any] | None:
    """The row as the caller sees it; null when there is nothing in it for the caller."""
    transit = row.status == "in_transit"
    systems: list[dict[str, Any]] = [
        {
            "partner": count.partner_key,
            "quantity": row.systems[count.partner_id],
            "counted_at": moment(count.counted_at),
            "exchange_id": count.exchange_id,
        }
        for count in picture.counts
        if count.partner_id in row.systems and partner_id in (None, count.partner_id)
    ]
    computed = row.computed if partner_id is None else None
    if transit and computed is not None and computed < 0:
        computed = ZERO  # received without a despatch advice: nothing is on the way
    said = [system["quantity"] for system in systems]
    if not computed and not any(said):
        return None
    return {
        "organisation": owner,
        "organisation_id": picture.organisation_id,
        "location": picture.location,
        "item": {"code": row.code, "gtin": row.gtin},
        "lot": row.lot or None,
        "expires_on": row.expires_on,
        "status": row.status,
        "unit": row.unit,
        "systems": systems,
        "computed": None if transit else computed,
        "in_transit": computed if transit else None,
        "difference": max(said) - min(said) if len(said) > 1 else None,
        "discrepancies": [
            d for d in discrepancies if (d["item"], d["lot"] or "", d["params"].get("status")) == (row.code, row.lot, row.status)
        ],
    }

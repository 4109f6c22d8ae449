"""Stock judged: where two systems disagree about a place (STK-01), and what has expired but is still available (STK-02). Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hub.reconcile.dates import passed
from hub.reconcile.orders import plain
from hub.store.discrepancies import Discrepancy
from hub.store.views.stock import Count, PlacePicture, StockKey, StockRow

ZERO = Decimal(0)


def judge(place: PlacePicture, today: date) -> list[Discrepancy]:
    """All discrepancies of a place. `today` is the date there."""
    found: list[Discrepancy] = []
    # Books first, the shelf last: the text then reads "the ERP says, the warehouse says".
    counts = sorted(place.counts, key=lambda count: (count.kind == "wms", count.partner_key))
    for key, row in sorted(place.rows.items(), key=lambda entry: (entry[1].code, entry[1].lot, entry[1].status, entry[1].unit)):
        if row.status == "in_transit":
            continue
        for left in counts[:-1]:
            right = counts[-1]
            if _disagree(place, key, row, left, right):
                found.append(_difference(place, row, left, right))
        expired = _expired(place, row, counts, today)
        if expired is not None:
            found.append(expired)
    return found


def _disagree(place: PlacePicture, key: StockKey, row: StockRow, left: Count, right: Count) -> bool:
    """Whether two counts differ by more than what moved between them."""
    said = row.systems.get(left.partner_id, ZERO), row.systems.get(right.partner_id, ZERO)
    if said[0] == said[1]:
        return False
    moved = place.between.get(key, ZERO)
    return (said[1] - said[0] if left.counted_at <= right.counted_at else said[0] - said[1]) != moved


def _difference(place: PlacePicture, row: StockRow, left: Count, right: Count) -> Discrepancy:
    values = row.systems.get(left.partner_id, ZERO), row.systems.get(right.partner_id, ZERO)
    return Discrepancy(
        rule="STK-01",
        severity="warning",
        organisation_id=place.organisation_id,
        scope_kind="stock",
        scope_key=place.location,
        detail="|".join((row.code, row.lot, row.status, row.unit, left.partner_key, right.partner_key)),
        left_source=left.partner_key,
        left_value=plain(values[0]),
        right_source=right.partner_key,
        right_value=plain(values[1]),
        item=row.code,
        lot=row.lot or None,
        location=place.location,
        evidence=(left.exchange_id, right.exchange_id),
        params=_words(row, place)
        | {"left": left.partner_key, "right": right.partner_key, "expected": plain(values[0]), "got": plain(values[1])},
    )


def _expired(place: PlacePicture, row: StockRow, counts: list[Count], today: date) -> Discrepancy | None:
    saying = [count for count in counts if row.systems.get(count.partner_id, ZERO) > 0]
    if row.status != "available" or not saying or not passed(row.expires_on, today):
        return None
    amounts = {count.partner_key: plain(row.systems[count.partner_id]) for count in saying}
    same = len(set(amounts.values())) == 1
    quantity = next(iter(amounts.values())) if same else ", ".join(f"{key} {amount}" for key, amount in amounts.items())
    return Discrepancy(
        rule="STK-02",
        severity="error",
        organisation_id=place.organisation_id,
        scope_kind="stock",
        scope_key=place.location,
        detail="|".join((row.code, row.lot, row.unit)),
        left_source="expiry date",
        left_value=row.expires_on,
        right_source=", ".join(amounts),
        right_value=quantity,
        item=row.code,
        lot=row.lot or None,
        location=place.location,
        evidence=tuple(count.exchange_id for count in saying),
        params=_words(row, place) | {"expected": row.expires_on or "", "got": quantity, "source": ", ".join(amounts)},
    )


def _words(row: StockRow, place: PlacePicture) -> dict[str, str]:
    return {
        "item": row.code,
        "gtin": row.gtin or "",
        "lot": row.lot,
        "status": row.status,
        "unit": row.unit,
        "location": place.location,
    }

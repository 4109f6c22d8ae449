"""Stock of places as every system says it, folded to golden items and base units, beside what the hub works out from movements.

For a place that a system has counted, that system says zero of what its count does not name. What the hub **computes** starts from the
newest count of the place by a warehouse (else by any system) and adds the movements that took effect after it; a place that nobody
counted has no base, hence nothing computed. In transit is what was despatched to the place less what it received, never below zero.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hub.store.crosswalk import OWN_SYSTEMS, GoldenItem, ItemName, Names, names_for
from hub.store.keys import item_part, lot_of, stated_name
from hub.store.lists import among
from hub.store.tables import application, balance, line, movement, node, partner, subject

ZERO = Decimal(0)
StockKey = tuple[str, str, str, str]
"""Item (golden id or the part of the key that names it), lot ('' none), status, unit."""


@dataclass(frozen=True, slots=True)
class Count:
    """A system's standing count of a place."""

    application_id: int
    exchange_id: int
    organisation_id: int
    partner_id: int
    partner_key: str
    kind: str
    location: str
    counted_at: int


@dataclass(slots=True)
class StockRow:
    """One item, lot and status at a place."""

    item: GoldenItem | None
    part: str
    lot: str
    status: str
    unit: str
    systems: dict[int, Decimal] = field(default_factory=dict)
    """Partner id → what it says."""
    computed: Decimal | None = None
    expires_on: str | None = None

    @property
    def code(self) -> str:
        """What a person knows the item by."""
        if self.item is not None:
            return self.item.code or self.item.gtin or self.part
        return stated_name(self.part)[1]

    @property
    def gtin(self) -> str | None:
        """GTIN of one base unit, if any is known."""
        if self.item is not None:
            return self.item.gtin
        giver, code = stated_name(self.part)
        return code if giver is None else None


@dataclass(slots=True)
class PlacePicture:
    """A place in one organisation."""

    organisation_id: int
    location: str
    counts: list[Count] = field(default_factory=list)
    rows: dict[StockKey, StockRow] = field(default_factory=dict)
    between: dict[StockKey, Decimal] = field(default_factory=dict)
    """What moved between the oldest and the newest of the counts."""

    @property
    def base(self) -> Count | None:
        """The count from which the hub computes."""
        return max(self.counts, key=lambda count: (count.kind == "wms", count.counted_at, count.partner_key), default=None)


def counts_of(connection: sa.Connection, organisations: Collection[int] | None, locations: Collection[str] | None) -> list[Count]:
    """Standing counts."""
    statement = (
        sa.select(
            application.c.id,
            application.c.exchange_id,
            application.c.organisation_id,
            application.c.partner_id,
            partner.c.key,
            partner.c.kind,
            subject.c.key,
            application.c.issued_at,
        )
        .select_from(subject)
        .join(application, application.c.id == subject.c.standing_id)
        .join(partner, partner.c.id == application.c.partner_id)
        .where(subject.c.kind == "inventory_report")
    )
    if organisations is not None:
        statement = statement.where(among(connection, subject.c.organisation_id, sorted(organisations)))
    if locations is not None:
        statement = statement.where(among(connection, subject.c.key, sorted(locations)))
    return [Count(*row) for row in connection.execute(statement)]


def places(connection: sa.Connection, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], PlacePicture]:
    """Pictures of places by (location, organisation)."""
    wanted = set(keys)
    organisations, locations = {owner for _, owner in wanted}, {place for place, _ in wanted}
    found = {key: PlacePicture(key[1], key[0]) for key in sorted(wanted)}
    if not wanted:
        return found
    for count in sorted(counts_of(connection, organisations, locations), key=lambda count: (count.partner_key, count.application_id)):
        if (count.location, count.organisation_id) in found:
            found[count.location, count.organisation_id].counts.append(count)
    item, lot = node.alias(), node.alias()
    rows = connection.execute(
        sa.select(balance, item.c.key.label("item"), lot.c.key.label("lot"))
        .select_from(balance)
        .join(item, item.c.id == balance.c.item_id)
        .outerjoin(lot, lot.c.id == balance.c.lot_id)
        .where(
            among(connection, balance.c.organisation_id, sorted(organisations)),
            among(connection, balance.c.location, sorted(locations)),
            balance.c.quantity != ZERO,
        )
    ).all()
    moved = {key: _movements(connection, picture) for key, picture in found.items() if picture.counts}
    parts = {row.item[5:] for row in rows} | {row.item[5:] for group in moved.values() for row in group}
    names = names_for(connection, {stated_name(part)[1] for part in parts})
    for row in rows:
        picture = found.get((row.location, row.organisation_id))
        if picture is not None:
            _fold(picture, row, names)
    for key, group in moved.items():
        _compute(found[key], group, names)
    _expiries(connection, list(found.values()), names)
    return found


def _movements(connection: sa.Connection, picture: PlacePicture) -> Sequence[Any]:
    """Hub movements at a place since its oldest count."""
    item, lot = node.alias(), node.alias()
    since = min(count.counted_at for count in picture.counts)
    return connection.execute(
        sa.select(
            application.c.effective_at,
            item.c.key.label("item"),
            lot.c.key.label("lot"),
            movement.c.status,
            movement.c.unit,
            movement.c.quantity,
        )
        .select_from(application)
        .join(movement, movement.c.application_id == application.c.id)
        .join(item, item.c.id == movement.c.item_id)
        .outerjoin(lot, lot.c.id == movement.c.lot_id)
        .where(
            application.c.effective_at > since,
            application.c.organisation_id == picture.organisation_id,
            application.c.standing,
            movement.c.source_id == 0,
            movement.c.location == picture.location,
            movement.c.status != "in_transit",
        )
    ).all()


def _row(picture: PlacePicture, entry: Any, names: Names) -> tuple[StockKey, StockRow, Decimal]:
    """The row that a balance or movement belongs to, with its key, and base units in one of its units."""
    part = entry.item[5:]
    name: ItemName = names.stated(part)
    item = names.item(name)
    factor = item.factor(entry.unit, name.gtin) if item is not None else None
    unit = (item.base_unit or entry.unit) if item is not None and factor is not None else entry.unit
    lot = lot_of(entry.lot)[1] if entry.lot is not None else ""
    key = (f"#{item.id}" if item is not None else part, lot, entry.status, unit)
    row = picture.rows.get(key)
    if row is None:
        row = picture.rows[key] = StockRow(item, part, lot, entry.status, unit)
    return key, row, factor or Decimal(1)


def _fold(picture: PlacePicture, entry: Any, names: Names) -> None:
    if entry.source_id == 0 and entry.status != "in_transit":
        return  # the hub's own books have no beginning: they count from a base only
    _, row, factor = _row(picture, entry, names)
    if entry.source_id == 0:
        row.computed = (row.computed or ZERO) + entry.quantity * factor
    else:
        row.systems[entry.source_id] = row.systems.get(entry.source_id, ZERO) + entry.quantity * factor


def _compute(picture: PlacePicture, moved: Sequence[Any], names: Names) -> None:
    base = picture.base
    assert base is not None
    newest = max(count.counted_at for count in picture.counts)
    after: dict[StockKey, Decimal] = {}
    for entry in moved:
        key, _, factor = _row(picture, entry, names)
        if entry.effective_at > base.counted_at:
            after[key] = after.get(key, ZERO) + entry.quantity * factor
        if entry.effective_at <= newest:
            picture.between[key] = picture.between.get(key, ZERO) + entry.quantity * factor
    for key, row in picture.rows.items():
        if row.status != "in_transit":
            row.computed = row.systems.get(base.partner_id, ZERO) + after.get(key, ZERO)
            for count in picture.counts:
                row.systems.setdefault(count.partner_id, ZERO)


def _expiries(connection: sa.Connection, pictures: Sequence[PlacePicture], names: Names) -> None:
    """Expiry dates as the counts state them; the earliest where they differ."""
    counts: Mapping[int, PlacePicture] = {count.application_id: picture for picture in pictures for count in picture.counts}
    if not counts:
        return
    rows = connection.execute(
        sa.select(
            line.c.application_id, line.c.lot, line.c.expires_on, line.c.gtin, line.c.item_code, line.c.supplier_item, line.c.buyer_item
        ).where(among(connection, line.c.application_id, sorted(counts)), line.c.expires_on.is_not(None))
    ).all()
    givers = {count.application_id: count for picture in pictures for count in picture.counts}
    stated: dict[tuple[int, str, str], str] = {}
    for row in rows:
        giver = givers[row.application_id]
        name = ItemName(giver.partner_id, row.gtin, row.item_code, row.supplier_item, row.buyer_item)
        golden = names.golden_id(name)
        own = giver.kind in OWN_SYSTEMS
        part = item_part(giver.partner_key, own, row.gtin, row.item_code, row.supplier_item, row.buyer_item) or ""
        key = (id(counts[row.application_id]), f"#{golden}" if golden is not None else part, row.lot or "")
        stated[key] = min(stated.get(key, row.expires_on), row.expires_on)
    for picture in pictures:
        for (item, lot, _, _), known in picture.rows.items():
            known.expires_on = stated.get((id(picture), item, lot))

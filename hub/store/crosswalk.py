"""Every name a thing is known by: which golden item a code, GTIN or supplier's number means, and how its units convert.

A `Names` is loaded for a batch of values and then answers without the store. What can't be told for certain is not told: a code that two
items bear resolves to nothing. Our own numbers of digits, where partners quote them, are compared without the zeros before them too: SAP
sends 000000000000004711 and shows 4711. What was said is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hub.store.keys import stated_name
from hub.store.lists import among
from hub.store.tables import crosswalk, partner

OWN_SYSTEMS = frozenset({"erp", "wms", "mes", "scm", "qms"})
"""Kinds of partner that speak for us and by our codes."""


def bare(code: str) -> str:
    """A code as it is compared: digits without the zeros before them."""
    return code.lstrip("0") if code.isdecimal() else code


@dataclass(frozen=True, slots=True)
class ItemName:
    """What a line says about its item, and who says it."""

    partner_id: int
    gtin: str | None = None
    item_code: str | None = None
    supplier_item: str | None = None
    buyer_item: str | None = None

    @property
    def shown(self) -> str:
        """What a person reads when nothing better is known."""
        return self.item_code or self.buyer_item or self.gtin or self.supplier_item or "?"


@dataclass(frozen=True, slots=True)
class GoldenItem:
    """An item with all its names. `levels` are base units by GTIN, `units` base units by unit."""

    id: int
    code: str | None = None
    base_unit: str | None = None
    gtin: str | None = None
    levels: Mapping[str, Decimal] = field(default_factory=dict)
    units: Mapping[str, Decimal] = field(default_factory=dict)
    names: frozenset[tuple[str, str]] = frozenset()

    def factor(self, unit: str | None, gtin: str | None = None) -> Decimal | None:
        """Base units in one `unit`; by the GTIN's packaging level where the unit is not known; null if it can't be told."""
        known = self.units.get(unit or "")
        if known is not None:
            return known
        level = self.levels.get(gtin or "")
        return level if level is not None and level != 1 else None


@dataclass(slots=True)
class Names:
    """Crosswalk rows of some values, ready to resolve."""

    partners: Mapping[int, tuple[str, str]]
    """Partner id → key and kind."""
    supplier_codes: Mapping[int, frozenset[str]]
    """Partner id → its party codes in our systems, as `<system>/<code>`."""
    rows: Mapping[str, Sequence[tuple[str, int]]]
    """Value → (scheme, golden id)."""
    items: Mapping[int, GoldenItem] = field(default_factory=dict)

    def golden_id(self, name: ItemName) -> int | None:
        """The golden item that is meant, null if none or more than one could be."""
        key, kind = self.partners.get(name.partner_id, ("", ""))
        found = self._by(name.gtin, "gtin", None)
        if found is None and name.item_code is not None:
            found = self._by(name.item_code, f"code:{key}", "code:")
        if found is None and name.buyer_item is not None:
            found = self._by(name.buyer_item, None, "code:") or self._by(bare(name.buyer_item), None, "code:")
        if found is None and name.supplier_item is not None:
            if kind not in OWN_SYSTEMS:
                for code in sorted(self.supplier_codes.get(name.partner_id, ())):
                    found = found or self._by(name.supplier_item, f"supplier:{code}", None)
            found = found or self._by(name.supplier_item, None, "supplier:")
        return found

    def item(self, name: ItemName) -> GoldenItem | None:
        """The golden item with its units, if its id can be told."""
        number = self.golden_id(name)
        return None if number is None else self.items.get(number)

    def stated(self, part: str) -> ItemName:
        """The item part of a node's key as a name."""
        giver, code = stated_name(part)
        if giver is None:
            return ItemName(0, gtin=code)
        if giver == "~":
            return ItemName(0, buyer_item=code)
        partner_id, kind = next(((number, kind) for number, (key, kind) in self.partners.items() if key == giver), (0, ""))
        if giver == "~supplier" or (kind and kind not in OWN_SYSTEMS):
            return ItemName(partner_id, supplier_item=code)
        return ItemName(partner_id, item_code=code)

    def _by(self, value: str | None, scheme: str | None, prefix: str | None) -> int | None:
        if value is None:
            return None
        rows = self.rows.get(value, ())
        if scheme is not None:
            for known, golden in rows:
                if known == scheme:
                    return golden
        if prefix is None:
            return None
        several = {golden for known, golden in rows if known.startswith(prefix)}
        return several.pop() if len(several) == 1 else None


def names_of(connection: sa.Connection, names: Iterable[ItemName]) -> Names:
    """Load what is needed to resolve these."""
    wanted = list(names)
    values = {v for name in wanted for v in (name.gtin, name.item_code, name.supplier_item, name.buyer_item) if v is not None}
    return names_for(connection, values)


def names_for(connection: sa.Connection, values: Collection[str]) -> Names:
    """Load what is needed to resolve items by these values."""
    values = {*values, *[bare(value) for value in values if value[:1] == "0"]}
    partners = {row.id: (row.key, row.kind) for row in connection.execute(sa.select(partner.c.id, partner.c.key, partner.c.kind))}
    rows: dict[str, list[tuple[str, int]]] = {}
    goldens: set[int] = set()
    if values:
        statement = sa.select(crosswalk.c.value, crosswalk.c.scheme, crosswalk.c.golden_id).where(
            crosswalk.c.kind == "item", among(connection, crosswalk.c.value, sorted(values))
        )
        for value, scheme, golden in connection.execute(statement):
            rows.setdefault(value, []).append((scheme, golden))
            goldens.add(golden)
    return Names(partners, supplier_codes(connection), rows, golden_items(connection, goldens))


def supplier_codes(connection: sa.Connection) -> dict[int, frozenset[str]]:
    """Party codes of partners, found by their GLN: partner id → {`<system>/<code>`}."""
    known = crosswalk.alias()
    statement = (
        sa.select(partner.c.id, known.c.scheme, known.c.value)
        .select_from(partner)
        .join(crosswalk, sa.and_(crosswalk.c.kind == "party", crosswalk.c.scheme == "gln", crosswalk.c.value == partner.c.gln))
        .join(known, sa.and_(known.c.golden_id == crosswalk.c.golden_id, known.c.kind == "party"))
        .where(known.c.scheme.startswith("code:", autoescape=True))
    )
    found: dict[int, set[str]] = {}
    for number, scheme, value in connection.execute(statement):
        found.setdefault(number, set()).add(f"{scheme[5:]}/{value}")
    return {number: frozenset(codes) for number, codes in found.items()}


def golden_items(connection: sa.Connection, ids: Collection[int]) -> dict[int, GoldenItem]:
    """Golden items by id, with all names and units."""
    if not ids:
        return {}
    rows: dict[int, list[Any]] = {}
    statement = sa.select(crosswalk).where(crosswalk.c.kind == "item", among(connection, crosswalk.c.golden_id, sorted(ids)))
    for row in connection.execute(statement):
        rows.setdefault(row.golden_id, []).append(row)
    return {number: _golden(number, group) for number, group in rows.items()}


def _golden(number: int, rows: Sequence[Any]) -> GoldenItem:
    codes = sorted((row.scheme, row.value, row.unit) for row in rows if row.scheme.startswith("code:"))
    levels = {row.value: row.base_quantity for row in rows if row.scheme == "gtin"}
    units: dict[str, Decimal] = {}
    for row in sorted(rows, key=lambda row: (row.scheme, row.value)):
        if row.scheme == "gtin" and row.unit:
            units.setdefault(row.unit, row.base_quantity)
    base_unit = codes[0][2] if codes else None
    if base_unit:
        units[base_unit] = Decimal(1)
    return GoldenItem(
        id=number,
        code=codes[0][1] if codes else None,
        base_unit=base_unit,
        gtin=min((gtin for gtin, inside in levels.items() if inside == 1), default=None),
        levels=levels,
        units=units,
        names=frozenset((row.scheme, row.value) for row in rows),
    )

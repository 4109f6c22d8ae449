"""What open recalls call back, and which cases name it: the lot of the item that is recalled, not any lot of that number.

Two makers, and two items of one maker, may give the same lot number. Where a case says which item it is about, and that is another one than
the recall's, it is not concerned. Where it does not say so, or in a way that nobody understands, its lot number is enough: a case too many
under safety costs a look, one too few may cost more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data_contracts.identifiers.check_digit import has_right_check_digit
from hub.store.crosswalk import ItemName, Names, names_for
from hub.store.keys import lot_of, stated_name
from hub.store.lists import among
from hub.store.recall_tables import recall, recall_finding
from hub.store.tables import application, discrepancy, exchange, line

LOT_ITEMS = "lot_items"
"""What an exchange keeps in its `keys` of a message that was not applied, or not whole: lot, GTIN, our code, supplier's, buyer's code."""
MOST = 2000
"""Pairs that an exchange keeps; of a message with more none are kept, so that lot numbers alone speak."""
_ITEM = ("gtin", "item_code", "supplier_item", "buyer_item")


@dataclass(frozen=True, slots=True)
class CalledBack:
    """Lots of open recalls: number → node keys of the lot, and GTIN of its item (null where it has none)."""

    lots: Mapping[str, frozenset[tuple[str, str | None]]]

    def __bool__(self) -> bool:
        return bool(self.lots)


@dataclass(frozen=True, slots=True)
class Naming:
    """What may name a lot: a case, or the cause of one."""

    cause: str
    cause_key: str
    partner_id: int | None
    exchange_id: int | None
    lots: Collection[str]


def called_back(connection: sa.Connection) -> CalledBack:
    """Lots of recalls that are open; drills call nothing back."""
    query = sa.select(recall_finding.c.lot, recall_finding.c.lot_key, recall_finding.c.gtin).distinct()
    query = query.join(recall, recall.c.id == recall_finding.c.recall_id).where(recall.c.state == "open", recall.c.kind == "recall")
    lots: dict[str, set[tuple[str, str | None]]] = {}
    for row in connection.execute(query):
        lots.setdefault(row.lot, set()).add((row.lot_key, row.gtin))
    return CalledBack({lot: frozenset(found) for lot, found in lots.items()})


def lot_items(lines: Iterable[Mapping[str, Any]]) -> list[list[str | None]]:
    """What an exchange keeps of the rows of its message (`LOT_ITEMS`); empty where there are more than `MOST`."""
    found = {(row["lot"], _padded(row.get("gtin")), *(row.get(name) for name in _ITEM[1:])) for row in lines if row.get("lot")}
    return [] if len(found) > MOST else sorted((list(one) for one in found), key=lambda one: [part or "" for part in one])


def _padded(gtin: str | None) -> str | None:
    return gtin.zfill(14) if gtin and gtin.isdigit() else gtin


def lots_in(keys: Any) -> list[str]:
    """Lots that a message mentions by what its exchange keeps, or the one of a discrepancy."""
    if isinstance(keys, str):
        return [keys] if keys else []
    if not isinstance(keys, Mapping):
        return []
    return sorted({*map(str, keys.get("lots", ())), *(str(one[0]) for one in keys.get(LOT_ITEMS, ()))})


def concerned(connection: sa.Connection, recalled: CalledBack, rows: Sequence[Naming]) -> list[bool]:
    """Of each, whether it names what is called back."""
    maybe = {place: one for place, one in enumerate(rows) if any(lot in recalled.lots for lot in one.lots)}
    if not maybe:
        return [False] * len(rows)
    said = _said(connection, recalled, list(maybe.values()))
    names = _names(connection, recalled, [name for pairs in said.values() for _, name in pairs])
    return [place in maybe and _names_it(recalled, names, maybe[place], said) for place in range(len(rows))]


def _names_it(recalled: CalledBack, names: Names, one: Naming, said: Mapping[Any, Collection[tuple[str, ItemName]]]) -> bool:
    pairs = said.get(_key(one), ())
    for lot in set(one.lots) & set(recalled.lots):
        items = [name for of, name in pairs if of == lot]
        if not items or any(_same(names, name, key, gtin) for name in items for key, gtin in recalled.lots[lot]):
            return True
    return False


def _same(names: Names, name: ItemName, key: str, gtin: str | None) -> bool:
    """Whether an item may be the one that is recalled."""
    mine = names.golden_id(name)
    its = names.golden_id(names.stated(lot_of(key)[0])) or names.golden_id(ItemName(0, gtin=gtin))
    if mine is not None and its is not None:
        return mine == its
    said, of = (value if value and has_right_check_digit(value) else None for value in (name.gtin, gtin))
    return said is None or of is None or said == of


def _names(connection: sa.Connection, recalled: CalledBack, said: Iterable[ItemName]) -> Names:
    values = {value for name in said for value in (getattr(name, member) for member in _ITEM) if value is not None}
    for found in recalled.lots.values():
        for key, gtin in found:
            values |= {stated_name(lot_of(key)[0])[1], *([gtin] if gtin else [])}
    return names_for(connection, values)


def _key(one: Naming) -> Any:
    return one.cause_key if one.cause == "discrepancy" else one.exchange_id


def _said(connection: sa.Connection, recalled: CalledBack, rows: Sequence[Naming]) -> dict[Any, set[tuple[str, ItemName]]]:
    """Lots with their items as the exchange says, or the disagreement, by its id or key."""
    out: dict[Any, set[tuple[str, ItemName]]] = {}
    partner = {one.exchange_id: one.partner_id or 0 for one in rows if one.exchange_id is not None}
    query = sa.select(exchange.c.id, exchange.c["keys"].label("keys")).where(among(connection, exchange.c.id, sorted(partner)))
    for row in connection.execute(query):
        for lot, *item in (row.keys or {}).get(LOT_ITEMS, ()):
            out.setdefault(row.id, set()).add((lot, ItemName(partner[row.id], **dict(zip(_ITEM, item, strict=True)))))
    lines = sa.select(application.c.exchange_id, line.c.lot, *(line.c[name] for name in _ITEM)).join(
        line, line.c.application_id == application.c.id
    )
    lines = lines.where(among(connection, application.c.exchange_id, sorted(partner)), among(connection, line.c.lot, sorted(recalled.lots)))
    for row in connection.execute(lines.distinct()):
        name = ItemName(partner[row.exchange_id], **{member: getattr(row, member) for member in _ITEM})
        out.setdefault(row.exchange_id, set()).add((row.lot, name))
    keys = [one.cause_key for one in rows if one.cause == "discrepancy"]
    sides = sa.select(discrepancy.c.key, discrepancy.c.item, discrepancy.c.lot).where(among(connection, discrepancy.c.key, keys))
    for key, item, lot in connection.execute(sides):
        if item and lot:
            name = ItemName(0, gtin=item) if item.isdigit() and len(item) == 14 else ItemName(0, buyer_item=item)
            out.setdefault(key, set()).add((lot, name))
    return out

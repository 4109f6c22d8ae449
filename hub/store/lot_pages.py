"""Recall lists ready to be told: which shipments carried a lot, and how much of it, a few lines to a page, as the text that is read out.

A raw material's list has thousands of lines. A row for each costs the store and its driver more than the whole list may take, and so does
a look-up of each shipment's name. So a page holds up to LINES lines of one lot, with the keys of lot and shipment, as JSON that needs
only be put together and decoded once.

Every shipment of a lot is in one page of it, told by the first and last shipment that the page holds. Whoever tells of new shipments adds
pages and touches no others, so that none waits for another (`add`); short ones are put together later (`pack`). Whoever takes lines out,
or puts others beside them, does so alone (`hub.store.closure.take_turn`) and writes the pages that hold them anew (`Pages.replace`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.store import bulk, walk
from hub.store.lists import among
from hub.store.region import EACH
from hub.store.tables import lot_page, node
from hub.store.types import scaled

LINES = 20
"""Lines of a page: with keys of usual length it stays below what PostgreSQL would compress."""
FULL = LINES - 2
"""Lines from which on a page has no room left: three of one shipment, in three units, stay together and may not fit. A page that could
never be filled up would be written anew with every shipment."""
FEW = 4
"""Pages of a lot with room left, from which on they are put together."""
RANGES = 16
"""Runs of shipments by which pages are asked for."""
ShipmentKey = tuple[int, int, str]
"""Lot, shipment, unit (empty: none stated)."""
ShippedRow = tuple[int, int, str, Decimal | None]
"""The same with its quantity, null where none is stated."""
_Said = tuple[str, str, Decimal | None, str | None]
"""A line as it is told: key of the lot, key of the shipment, quantity, unit; null: not stated."""
_COLUMNS = ("lot", "first", "last", "held", "shipments", "lines")
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(list[_Said]).decode
_LOTS = {
    "postgresql": """
        SELECT {waiting}, string_agg(lines, ',') FROM lot_page WHERE lot = ANY(ARRAY(
            SELECT id FROM ({each}) AS roots UNION ALL SELECT c.des FROM ({each}) AS roots
            CROSS JOIN LATERAL (SELECT des FROM lot_closure WHERE anc = roots.id OFFSET 0) AS c))""",
    "sqlite": """
        WITH lots(id) AS (SELECT id FROM ({each}) AS roots
            UNION SELECT c.des FROM ({each}) AS roots CROSS JOIN lot_closure AS c ON c.anc = roots.id)
        SELECT {waiting}, group_concat(p.lines) FROM lots CROSS JOIN lot_page AS p ON p.lot = lots.id""",
}
_WAITING = "EXISTS (SELECT 1 FROM stale WHERE kind = 'closure')"
"""Whether the closure is still to be made anew (`hub.store.closure.is_waiting`): asked with the list, for each statement costs a trip."""
LISTS = {dialect: text.format(each=EACH[dialect], waiting=_WAITING) for dialect, text in _LOTS.items()}
LISTS["postgresql"] = LISTS["postgresql"].replace(":roots", "%(roots)s")


def told(connection: sa.Connection, lots: Collection[int]) -> tuple[str, bool]:
    """The lines of these lots and of lots made of them, in no order: a JSON array of [lot, shipment, quantity, unit]. A look-up.

    And whether the closure is still to be made anew: until then only the walk tells the truth.
    """
    if not lots:
        return "[]", False
    ((waiting, lines),) = walk._fetch(connection, LISTS[connection.dialect.name], {"roots": ",".join(map(str, sorted(lots)))})
    return f"[{lines or ''}]", bool(waiting)


def add(connection: sa.Connection, rows: Iterable[ShippedRow], keys: Mapping[int, str]) -> None:
    """Add lines of shipments that these lots were not in. `keys` names the lots and shipments."""
    lines = {
        (lot, shipment, unit): (keys[lot], keys[shipment], None if quantity is None else walk.exact(quantity), unit or None)
        for lot, shipment, unit, quantity in rows
    }
    _insert(connection, lines)


@dataclass(slots=True)
class Pages:
    """Pages of some lots that may hold some shipments, as they are kept."""

    pages: dict[tuple[int, int, int], dict[ShipmentKey, _Said]]
    """(lot, first shipment, last shipment) → lines."""

    @classmethod
    def load(cls, connection: sa.Connection, lots: Collection[int], shipments: Collection[int]) -> Pages:
        """Pages of these lots in whose range one of these shipments lies; those of far-apart shipments leave out what lies between."""
        if not lots or not shipments:
            return cls({})
        within = sa.or_(*(sa.and_(lot_page.c.first <= last, lot_page.c.last >= first) for first, last in _ranges(shipments)))
        return cls(_read(connection, among(connection, lot_page.c.lot, sorted(lots)) & within))

    def quantities(self, shipments: Collection[int]) -> dict[ShipmentKey, Decimal | None]:
        """What is kept of the lots in these shipments."""
        return {key: said[2] for lines in self.pages.values() for key, said in lines.items() if key[1] in shipments}

    def replace(self, connection: sa.Connection, gone: Collection[ShipmentKey], new: Collection[ShippedRow]) -> None:
        """Take lines out by their keys, and add others. Both speak of shipments for which the pages were loaded."""
        ids = {number for lot, shipment, _, _ in new for number in (lot, shipment)}
        chosen = sa.select(node.c.id, node.c.key).where(among(connection, node.c.id, sorted(ids)))
        keys: dict[int, str] = {row.id: row.key for row in connection.execute(chosen)} if ids else {}
        changed: dict[int, set[int]] = {}
        for lot, shipment in [*((key[0], key[1]) for key in gone), *((row[0], row[1]) for row in new)]:
            changed.setdefault(lot, set()).add(shipment)
        touched = [place for place in self.pages if any(place[1] <= shipment <= place[2] for shipment in changed.get(place[0], ()))]
        lines = {key: said for place in touched for key, said in self.pages[place].items()}
        for key in gone:
            del lines[key]
        for lot, shipment, unit, quantity in new:
            exact = None if quantity is None else walk.exact(quantity)
            lines[lot, shipment, unit] = (keys[lot], keys[shipment], exact, unit or None)
        _delete(connection, touched)
        _insert(connection, lines)


def pack(connection: sa.Connection, lots: Collection[int]) -> None:
    """Put pages of these lots that have room left together, where they are several. Only for whoever has the turn."""
    if not lots:
        return
    short = _read(connection, among(connection, lot_page.c.lot, sorted(lots)) & (lot_page.c.held < FULL))
    several = [group for _, pages in groupby(sorted(short), key=itemgetter(0)) if len(group := list(pages)) >= FEW]
    places = [place for group in several for place in group]
    _delete(connection, places)
    _insert(connection, {key: said for place in places for key, said in short[place].items()})


def scattered(connection: sa.Connection, first: int, last: int) -> list[int]:
    """Lots in a range of node ids that have several pages with room left."""
    chosen = (
        sa.select(lot_page.c.lot)
        .where(lot_page.c.lot.between(first, last), lot_page.c.held < FULL)
        .group_by(lot_page.c.lot)
        .having(sa.func.count() >= FEW)
    )
    return list(connection.execute(chosen).scalars())


def rows(connection: sa.Connection) -> list[ShippedRow]:
    """Every line that is kept, by lot, shipment and unit: for whoever checks them."""
    kept = _read(connection, sa.true())
    return sorted(((*key, said[2]) for lines in kept.values() for key, said in lines.items()), key=_by_key)


def _ranges(shipments: Collection[int]) -> list[tuple[int, int]]:
    """First and last of at most `RANGES` runs of these shipments, parted where they lie farthest apart."""
    numbers = sorted(set(shipments))
    wide = sorted(range(1, len(numbers)), key=lambda place: numbers[place - 1] - numbers[place])[: RANGES - 1]
    return [(numbers[begin], numbers[end - 1]) for begin, end in pairwise([0, *sorted(wide), len(numbers)])]


def _by_key(row: ShippedRow) -> ShipmentKey:
    return row[:3]


def _read(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> dict[tuple[int, int, int], dict[ShipmentKey, _Said]]:
    chosen = sa.select(lot_page.c.lot, lot_page.c.first, lot_page.c.last, lot_page.c.shipments, lot_page.c.lines).where(condition)
    found: dict[tuple[int, int, int], dict[ShipmentKey, _Said]] = {}
    for lot, first, last, shipments, lines in connection.execute(chosen):
        said = _decode(f"[{lines}]")
        found[lot, first, last] = {
            (lot, int(shipment), one[3] or ""): one for shipment, one in zip(shipments.split(","), said, strict=True)
        }
    return found


def _delete(connection: sa.Connection, places: Collection[tuple[int, int, int]]) -> None:
    if places:
        key = (lot_page.c.lot == sa.bindparam("l"), lot_page.c.first == sa.bindparam("f"), lot_page.c.last == sa.bindparam("t"))
        connection.execute(lot_page.delete().where(*key), [{"l": lot, "f": first, "t": last} for lot, first, last in sorted(places)])


def _insert(connection: sa.Connection, lines: Mapping[ShipmentKey, _Said]) -> None:
    bulk.insert(
        connection, lot_page, _COLUMNS, [page for _, own in groupby(sorted(lines), key=itemgetter(0)) for page in _paged(own, lines)]
    )


def _paged(keys: Iterable[ShipmentKey], lines: Mapping[ShipmentKey, _Said]) -> Iterator[Sequence[Any]]:
    """Rows of pages with these lines of one lot, which are in order. The lines of one shipment stay together."""
    page: list[ShipmentKey] = []
    for _, group in groupby(keys, key=itemgetter(1)):
        own = list(group)
        if page and len(page) + len(own) > LINES:
            yield _page(page, lines)
            page = []
        page += own
    if page:
        yield _page(page, lines)


def _page(keys: Sequence[ShipmentKey], lines: Mapping[ShipmentKey, _Said]) -> Sequence[Any]:
    for key in keys:
        if (quantity := lines[key][2]) is not None:
            scaled(quantity)  # both databases take the same numbers
    text = b",".join([_encode(lines[key]) for key in keys]).decode()
    return keys[0][0], keys[0][1], keys[-1][1], len(keys), ",".join([str(shipment) for _, shipment, _ in keys]), text

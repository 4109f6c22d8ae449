"""Pages of recall lists hold every line once, however they are added, taken out and put together; what an older store has is kept."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa
from alembic import command

from hub.store import bulk, lot_pages, migrations, tables
from hub.store.database import Database
from hub.store.lot_pages import FEW, LINES, Pages, ShipmentKey, ShippedRow

LOTS, SHIPMENTS = range(1, 4), range(10, 130)
KEYS = {**{lot: f"lot:~:Ä\x1f\\|{lot}" for lot in LOTS}, **{shipment: f'shipment:p:"{shipment},' for shipment in SHIPMENTS}}
AMOUNTS = (None, Decimal(1), Decimal("0.000001"), Decimal("999999999999.999999"), Decimal("2.5"))


def named(database: Database) -> None:
    with database.begin("test") as uow:
        rows = [(number, key.partition(":")[0], key, None) for number, key in KEYS.items()]
        bulk.insert(uow.connection, tables.node, ("id", "kind", "key", "number"), rows)


def pages(connection: sa.Connection) -> dict[int, list[tuple[int, int, int]]]:
    """(first, last, held) of each lot's pages."""
    kept = connection.execute(sa.select(tables.lot_page).order_by(*tables.lot_page.primary_key)).all()
    return {lot: [(page.first, page.last, page.held) for page in own] for lot, own in groupby(kept, key=itemgetter(0))}


def test_every_line_once_whatever_comes_and_goes(database: Database) -> None:
    named(database)
    chance = random.Random(7)
    true: dict[ShipmentKey, Decimal | None] = {}
    for turn in range(40):
        with database.begin("test") as uow:
            if turn % 3 == 0:
                lot = chance.choice(LOTS)
                free = [shipment for shipment in SHIPMENTS if all((lot, shipment) != key[:2] for key in true)]
                new: list[ShippedRow] = [
                    (lot, shipment, unit, chance.choice(AMOUNTS))
                    for shipment in chance.sample(free, min(len(free), 7))
                    for unit in chance.sample(["", "EA", '"\n'], 2)
                ]
                lot_pages.add(uow.connection, new, KEYS)
            else:
                shipments = set(chance.sample(SHIPMENTS, 9))
                kept = Pages.load(uow.connection, LOTS, shipments)
                known = kept.quantities(shipments)
                assert known == {key: amount for key, amount in true.items() if key[1] in shipments}
                gone = [key for key in known if chance.random() < 0.5]
                free_keys = {(lot, shipment, "CS") for lot in LOTS for shipment in sorted(shipments)[:4]} - (known.keys() - gone)
                new = [(*key, chance.choice(AMOUNTS)) for key in sorted(free_keys)]
                kept.replace(uow.connection, gone, new)
                for key in gone:
                    del true[key]
            true |= {row[:3]: row[3] for row in new}
            if turn % 8 == 7:
                lot_pages.pack(uow.connection, lot_pages.scattered(uow.connection, 1, 2))
                assert lot_pages.scattered(uow.connection, 1, 2) == []
            assert lot_pages.rows(uow.connection) == [(*key, true[key]) for key in sorted(true)]
    with database.begin("test") as uow:
        lot_pages.pack(uow.connection, LOTS)
        for own in pages(uow.connection).values():
            assert sum(held <= LINES - 3 for _, _, held in own) < FEW
        everything = set(SHIPMENTS)
        kept = Pages.load(uow.connection, LOTS, everything)
        kept.replace(uow.connection, list(kept.quantities(everything)), [])
        assert pages(uow.connection) == {} and true


def test_many_short_pages_become_few(database: Database) -> None:
    named(database)
    for shipment in SHIPMENTS:
        with database.begin("test") as uow:
            lot_pages.add(uow.connection, [(1, shipment, "EA", Decimal(2))], KEYS)
            lot_pages.add(uow.connection, [(2, shipment, "EA", None)] if shipment == 50 else [], KEYS)
    with database.begin("test") as uow:
        assert len(pages(uow.connection)[1]) == len(SHIPMENTS) and lot_pages.scattered(uow.connection, 1, 2) == [1]
        before = lot_pages.rows(uow.connection)
        lot_pages.pack(uow.connection, [1, 2])
        assert lot_pages.rows(uow.connection) == before
        assert pages(uow.connection) == {1: [(first, first + LINES - 1, LINES) for first in SHIPMENTS[::LINES]], 2: [(50, 50, 1)]}
        lot_pages.add(uow.connection, [(3, shipment, unit, None) for shipment in SHIPMENTS for unit in ("CS", "EA", "PL")], KEYS)
        assert lot_pages.scattered(uow.connection, 3, 3) == [], "three lines of a shipment never fill a page, which is not written anew"


def test_lines_of_a_store_from_before(database: Database) -> None:
    named(database)
    with database.begin("test") as uow:
        amounts = random.Random(3).choices(AMOUNTS, k=3 * len(SHIPMENTS))
        true = sorted((lot, shipment, "EA" if lot == 1 else "", amounts.pop()) for lot in LOTS for shipment in SHIPMENTS)
        lot_pages.add(uow.connection, true, KEYS)
    with database._writer.begin() as connection:
        told = connection.execute(sa.select(tables.lot_page).order_by(*tables.lot_page.primary_key)).all()
        command.downgrade(migrations.config(connection), "0028")
        before = connection.exec_driver_sql("SELECT lot, shipment, unit FROM lot_ship ORDER BY lot, shipment").all()
        assert [tuple(row) for row in before] == [row[:3] for row in true]
        command.upgrade(migrations.config(connection), "0029")
        assert lot_pages.rows(connection) == true
        assert connection.execute(sa.select(tables.lot_page).order_by(*tables.lot_page.primary_key)).all() == told

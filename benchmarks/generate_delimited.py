"""Load files for the benchmarks of delimited feeds: an ERP's orders, several rows each, and its item master, a row each."""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.generate_x12 import GOODS, gtin

_ORDER_COLUMNS = (
    "order_no;revision;purpose;issued;currency;supplier_code;ship_to_gln;line;item_code;gtin;supplier_item;description;quantity;unit;"
    "unit_price;requested"
)
_ITEM_COLUMNS = (
    "item_code,revision,updated_at,name_en,name_zh,kind,base_unit,gtin_each,gtin_case,case_quantity,lot_controlled,serial_controlled,"
    "shelf_life_days,supplier_code,supplier_item,status"
)


def orders(count: int, seed: int = 1) -> Iterator[bytes]:
    """The pieces of a document of this many orders of two to eight rows."""
    draw = random.Random(seed)
    yield f"{_ORDER_COLUMNS}\r\n".encode()
    for number in range(1, count + 1):
        head = f"45{number:08d};0;new;20.11.2026 09:30;EUR;V{1000 + number % 40};7640123000017"
        rows = []
        for line in range(1, draw.randint(2, 8) + 1):
            price = f"{draw.randint(200, 95000) / 100:.2f}".replace(".", ",")
            code = f"RM-{draw.randrange(10**5):05d}"
            goods = draw.choice(GOODS)
            rows.append(f"{head};{line}0;{code};{gtin(draw)};S-{code};{goods};{draw.randint(1, 400)},5;KG;{price};15.12.2026\r\n")
        yield "".join(rows).encode()


def items(count: int, seed: int = 1) -> Iterator[bytes]:
    """The pieces of an item master of this many rows."""
    draw = random.Random(seed)
    yield f"\ufeff{_ITEM_COLUMNS}\r\n".encode()
    for number in range(1, count + 1):
        names = f'"{draw.choice(GOODS)}, STERILE",钛合金接骨螺钉'
        packed = f"{gtin(draw)},{gtin(draw)},50,Y,N,{draw.randint(300, 2000)}"
        row = f"FG-{number:06d},{number % 4},2026-11-02T09:15:00+08:00,{names},finished,EA,{packed},V1001,S-{number},active"
        yield f"{row}\r\n".encode()

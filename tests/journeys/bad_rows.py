"""A new partner's despatch advices as CSV: ten shipments, each with ten good rows and three bad ones of each of ten classes."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

GTIN = "06901234000023"
WRONG_GTIN = "06901234000029"
SHIPMENTS, GOOD, EACH = 10, 10, 3
COLUMNS = (
    "Shipment", "Shipped", "ShipTo", "Order", "Line", "GTIN", "EAN", "Lot", "Made", "Expires", "Qty", "Pieces", "Unit",
)  # fmt: skip
CLASSES: Mapping[str, Mapping[str, str]] = {
    "unit in German": {"Unit": "Stk"},
    "unit in Chinese": {"Unit": "个"},
    "unit abbreviated": {"Unit": "PCE."},
    "GTIN in another column": {"GTIN": "", "EAN": GTIN},
    "quantity in another column": {"Qty": "", "Pieces": "24"},
    "thousands marked": {"Qty": "1,200"},
    "check digit": {"GTIN": WRONG_GTIN},
    "expires before it is made": {"Made": "2026-10-01", "Expires": "2026-09-01"},
    "quantity zero": {"Qty": "0"},
    "half a piece": {"Qty": "2.5"},
}
"""What is wrong with a row of each class. The first three are mended by a code list, the next three by the map, the others by hand."""
FILES = {
    "partners/hafen.yaml": "version: 1\npartner: hafen\nname: Hafen Medical\nkind: supplier\n",
    "agreements/hafen_despatches.yaml": """\
version: 1
agreement: hafen_despatches
partner: hafen
organisation: north
direction: in
format: delimited
grammar: hafen_despatches
messages: [{type: hafen_despatches, mapping: delimited/hafen_despatches}]
profile: {time_zone: Europe/Berlin}
rules:
  MAP-02: {action: row}
  MAP-03: {action: row}
  MAP-04: {action: row}
""",
    "grammars/delimited/hafen_despatches.yaml": """\
version: 1
grammar: hafen_despatches
format: delimited
message: hafen_despatches
title: {en: Despatches of Hafen, zh-CN: Hafen 发货}
separator: ","
group: {by: [Shipment, Shipped, ShipTo], rows: row}
fields:
  Shipment: {type: text, required: true}
  Shipped: {type: date, required: true}
  ShipTo: {type: text, required: true}
  Order: {type: text}
  Line: {type: text, required: true}
  GTIN: {type: text}
  EAN: {type: text}
  Lot: {type: text}
  Made: {type: text}
  Expires: {type: text}
  Qty: {type: text}
  Pieces: {type: text}
  Unit: {type: text, required: true}
""",
    "mappings/delimited/hafen_despatches.yaml": """\
mapping: delimited/hafen_despatches
version: 1
format: delimited
message: hafen_despatches
entity: DespatchAdvice
direction: in
fields:
  - {to: number, from: Shipment}
  - {to: issued_at, from: Shipped, as: iso_day}
  - {to: despatched_at, from: Shipped, as: iso_day}
  - {to: ship_to.gln, from: ShipTo}
each:
  - to: lines
    at: row
    fields:
      - {to: line, from: Line}
      - {to: order_number, from: Order}
      - {to: gtin, from: GTIN}
      - {to: lot, from: Lot}
      - {to: manufactured_on, from: Made, as: iso_date}
      - {to: expires_on, from: Expires, as: iso_date}
      - {to: quantity, from: Qty, as: decimal}
      - {to: unit, from: Unit, codes: hafen_units}
ignore:
  - {path: row/EAN, reason: told to be empty}
  - {path: row/Pieces, reason: told to be empty}
""",
    "codes/hafen_units.csv": "source,canonical,outward\nEA,EA,yes\n",
}
UNITS = {"Stk": "EA", "个": "EA", "PCE.": "EA"}
MENDED_MAP = (
    FILES["mappings/delimited/hafen_despatches.yaml"]
    .replace("version: 1", "version: 2", 1)
    .replace("from: GTIN}", "from: [GTIN, EAN]}")
    .replace("from: Qty, as: decimal}", "from: [Qty, Pieces], as: decimal_grouped}")
    .partition("ignore:")[0]
)
BY_HAND: Mapping[str, Mapping[str, str]] = {
    "GS1-01": {"lines[*].gtin": GTIN},
    "LOT-03": {"lines[*].expires_on": "2029-09-30"},
    "QTY-01": {"lines[*].quantity": "24"},
    "QTY-02": {"lines[*].quantity": "3"},
}
"""By rule, what the supplier says on the telephone."""


@dataclass(frozen=True)
class Paper:
    """One file."""

    name: str
    content: bytes


def site(base: Path, to: Path) -> Path:
    """The small site of the tests with the new partner."""
    shutil.copytree(base, to)
    for name, text in FILES.items():
        path = to / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return to


def papers() -> list[Paper]:
    """Ten files of forty rows."""
    return [Paper(f"despatch_{number:02}.csv", _file(number)) for number in range(1, SHIPMENTS + 1)]


def _file(shipment: int) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    wrongs: list[Mapping[str, str]] = [{}] * GOOD + [wrong for wrong in CLASSES.values() for _ in range(EACH)]
    for line, wrong in enumerate(wrongs, 1):
        said = {
            "Shipment": f"HF{shipment:03}", "Shipped": "2026-11-20", "ShipTo": "8799999010009", "Order": "",
            "Line": str(line), "GTIN": GTIN, "EAN": "", "Lot": f"H{shipment:02}{line:02}", "Made": "2026-10-01", "Expires": "2028-12-31",
            "Qty": "24", "Pieces": "", "Unit": "EA",
        }  # fmt: skip
        writer.writerow(said | dict(wrong))
    return stream.getvalue().encode()

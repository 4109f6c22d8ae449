"""One finished lot on paper: made by the MES, despatched and received by the WMS, as the mappings yield it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.hub.world import PLANT, at, delivery, production, receipt

D = Decimal
GTIN = "06901234000029"
F1 = f"lot:{GTIN}|F1"
CL, CLINIC = "4012345000023", "4012345000047"
SSCC = "069012340000000025"


def row(quantity: int | None = None, **members: Any) -> dict[str, Any]:
    said = {"line": "1", "gtin": GTIN, "lot": "F1", "quantity": None if quantity is None else D(quantity), "unit": "EA", "@": 2, **members}
    return {name: value for name, value in said.items() if value is not None}


def made(number: str = "PE1", quantity: int = 10, **members: Any) -> dict[str, Any]:
    return production(number, inputs=[], outputs=[row(quantity, **members)])


def sent(number: str = "D1", quantity: int | None = 4, to: Any = CL, day: int = 18, lines: Any = None, **header: Any) -> dict[str, Any]:
    place = {"gln": to} if isinstance(to, str) else to
    return delivery(number, ship_to=place, despatched_at=at(day), issued_at=at(day), lines=lines or [row(quantity)], **header)


def came(number: str, quantity: int, place: Any = PLANT, despatch: str | None = None, day: int = 22, **header: Any) -> dict[str, Any]:
    where = {"gln": place} if isinstance(place, str) else place
    said = receipt(number, location=where, received_at=at(day), issued_at=at(day), lines=[row(quantity)], **header)
    del said["order_number"]
    said["despatch_number"] = despatch
    return {name: value for name, value in said.items() if value is not None}

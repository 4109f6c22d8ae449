"""A small world for tests of facts: two organisations, five partners, and messages as the mappings yield them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hub.apply import Applicable, Applied, apply
from hub.store import bulk, tables
from hub.store.database import Database
from hub.store.identity import allocate

PARTNERS = {
    1: ("erp", "ERP", "erp", None),
    2: ("wms", "Hansa Cold Logistics", "wms", None),
    3: ("mes", "Plant MES", "mes", None),
    4: ("jiangnan_polymer", "江南高分子材料", "supplier", "6901234500017"),
    5: ("rheintal_titan", "Rheintal Titan GmbH", "supplier", "4012345000016"),
    6: ("stadtspital", "Stadtspital-Gruppe Rhein-Maas", "customer", "4012345000023"),
    7: ("erp_south", "A second ERP", "erp", None),
    8: ("spedition", "Spedition Rheintal", "carrier", None),
}
KEYS = {key: number for number, (key, *_) in PARTNERS.items()}
SUZHOU, ROTTERDAM = 1, 2
SHANGHAI = timezone(timedelta(hours=8))
PLANT = "6901234000012"
WAREHOUSE = "8712345000010"


def at(day: int, hour: int = 8, month: int = 11) -> datetime:
    """A time in 2026, as a Chinese sender states it."""
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


@dataclass
class World:
    """Sends messages into a store and remembers their exchanges."""

    database: Database
    exchanges: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.database.begin("test") as uow:
            for kind, count in (("organisation", 2), ("partner", len(PARTNERS))):
                allocate(uow.connection, kind, count)  # a site that is opened on this store must not give these ids again
            bulk.insert(
                uow.connection,
                tables.organisation,
                ("id", "key", "name", "gln", "time_zone"),
                [
                    (1, "suzhou", "诺康医疗器械（苏州）有限公司", "6901234000005", "Asia/Shanghai"),
                    (2, "rotterdam", "NovaCare", "8712345000003", "Europe/Amsterdam"),
                ],
            )
            bulk.insert(
                uow.connection,
                tables.partner,
                ("id", "key", "name", "kind", "gln"),
                [(number, *values) for number, values in PARTNERS.items()],
            )

    def send(
        self, *messages: tuple[str, Mapping[str, Any]], organisation: int = SUZHOU, origins: Sequence[int | None] = ()
    ) -> list[Applied]:
        """Apply messages (partner key, entity) in one transaction and one batch."""
        with self.database.begin("test") as uow:
            ids = allocate(uow.connection, "exchange", len(messages))
            roots = list(origins) or [None] * len(messages)
            bulk.insert(
                uow.connection,
                tables.exchange,
                ("id", "ordinal", "direction", "organisation_id", "partner_id", "state", "origin_id", "recorded_at", "changed_at"),
                [
                    (number, 1, "in", organisation, KEYS[partner], "applied", root, uow.now, uow.now)
                    for number, (partner, _), root in zip(ids, messages, roots, strict=True)
                ],
            )
            self.exchanges.extend(ids)
            outcomes = apply(
                uow,
                [
                    Applicable(number, organisation, KEYS[partner], partner, entity, root)
                    for number, (partner, entity), root in zip(ids, messages, roots, strict=True)
                ],
            )
            for outcome in outcomes:
                if outcome.state != "applied":
                    uow.connection.execute(
                        tables.exchange.update().where(tables.exchange.c.id == outcome.exchange_id).values(state=outcome.state)
                    )
            return outcomes


def order(number: str = "4500000123", *, lines: Sequence[Mapping[str, Any]] | None = None, **header: Any) -> dict[str, Any]:
    """A purchase order as the ERP's mapping yields it."""
    return {
        "entity": "PurchaseOrder",
        "number": number,
        "issued_at": at(1),
        "currency": "CNY",
        "supplier": {"code": "V1001", "gln": "6901234500017", "name": "江南高分子材料"},
        "ship_to": {"gln": PLANT},
        "requested_on": "2026-11-15",
        "@": 1,
        "lines": list(lines)
        if lines is not None
        else [
            {
                "line": "10",
                "item_code": "RM-100",
                "supplier_item": "JN-22",
                "quantity": Decimal(100),
                "unit": "EA",
                "unit_price": Decimal("12.5"),
                "@": 2,
            }
        ],
        **header,
    }


def response(number: str = "4500000123", *, lines: Sequence[Mapping[str, Any]] | None = None, **header: Any) -> dict[str, Any]:
    """A supplier's answer to an order."""
    return {
        "entity": "OrderResponse",
        "number": number,
        "order_number": number,
        "issued_at": at(2),
        "@": 1,
        "lines": list(lines)
        if lines is not None
        else [
            {
                "line": "10",
                "order_line": "10",
                "status": "accepted",
                "supplier_item": "JN-22",
                "buyer_item": "RM-100",
                "quantity": Decimal(100),
                "unit": "EA",
                "unit_price": Decimal("12.5"),
                "promised_on": "2026-11-10",
                "@": 4,
            }
        ],
        **header,
    }


def despatch(number: str = "SHP1", *, lines: Sequence[Mapping[str, Any]] | None = None, **header: Any) -> dict[str, Any]:
    """A supplier's despatch advice."""
    return {
        "entity": "DespatchAdvice",
        "number": number,
        "issued_at": at(10),
        "despatched_at": at(10),
        "ship_to": {"gln": PLANT},
        "@": 1,
        "lines": list(lines) if lines is not None else [despatch_line()],
        **header,
    }


def despatch_line(lot: str = "L1", quantity: int = 100, **members: Any) -> dict[str, Any]:
    """A line of it: one lot in one carton."""
    return {
        "line": "1",
        "order_number": "4500000123",
        "order_line": "10",
        "supplier_item": "JN-22",
        "buyer_item": "RM-100",
        "lot": lot,
        "expires_on": "2028-01-31",
        "quantity": Decimal(quantity),
        "unit": "EA",
        "sscc": "069012345000000017",
        "@": 9,
        **members,
    }


def receipt(number: str = "R1", *, lines: Sequence[Mapping[str, Any]] | None = None, **header: Any) -> dict[str, Any]:
    """The warehouse's receipt."""
    return {
        "entity": "ReceivingAdvice",
        "number": number,
        "issued_at": at(12),
        "received_at": at(12),
        "despatch_number": "SHP1",
        "order_number": "4500000123",
        "location": {"gln": PLANT},
        "@": 1,
        "lines": list(lines) if lines is not None else [receipt_line()],
        **header,
    }


def receipt_line(lot: str = "L1", quantity: int = 100, **members: Any) -> dict[str, Any]:
    """A line of it."""
    return {
        "line": "1",
        "order_line": "10",
        "item_code": "RM-100",
        "lot": lot,
        "quantity": Decimal(quantity),
        "unit": "EA",
        "@": 5,
        **members,
    }


def invoice(number: str = "INV1", *, quantity: int = 100, price: str = "12.5", **header: Any) -> dict[str, Any]:
    """The supplier's invoice."""
    return {
        "entity": "Invoice",
        "number": number,
        "issued_at": at(13),
        "order_number": "4500000123",
        "currency": "CNY",
        "@": 1,
        "lines": [
            {
                "line": "1",
                "order_line": "10",
                "supplier_item": "JN-22",
                "buyer_item": "RM-100",
                "quantity": Decimal(quantity),
                "unit": "EA",
                "unit_price": Decimal(price),
                "@": 6,
            }
        ],
        **header,
    }


def stock(place: str = PLANT, moment: datetime | None = None, *rows: Mapping[str, Any]) -> dict[str, Any]:
    """A count of one place."""
    counted = moment or at(20)
    return {
        "entity": "InventoryReport",
        "number": f"{place}/{counted.isoformat()}",
        "issued_at": counted,
        "location": {"gln": place},
        "@": 1,
        "lines": [
            {
                "line": str(index + 1),
                "item_code": "RM-100",
                "lot": "L1",
                "expires_on": "2028-01-31",
                "status": "available",
                "quantity": Decimal(100),
                "unit": "EA",
                "@": index + 2,
                **row,
            }
            for index, row in enumerate(rows or ({},))
        ],
    }


def production(number: str = "PE1", **header: Any) -> dict[str, Any]:
    """Raw lot L1 becomes finished lot F1."""
    return {
        "entity": "ProductionEvent",
        "number": number,
        "issued_at": at(14),
        "occurred_at": at(14),
        "location": {"gln": PLANT},
        "@": 1,
        "inputs": [{"line": "1", "item_code": "RM-100", "lot": "L1", "quantity": Decimal(40), "unit": "EA", "@": 2}],
        "outputs": [
            {
                "line": "1",
                "gtin": "06901234000029",
                "lot": "F1",
                "serials": ["S1", "S2"],
                "quantity": Decimal(2),
                "unit": "EA",
                "expires_on": "2029-10-31",
                "@": 3,
            }
        ],
        **header,
    }


def delivery(number: str = "D1", **header: Any) -> dict[str, Any]:
    """The warehouse's despatch to a hospital."""
    return {
        "entity": "DespatchAdvice",
        "number": number,
        "issued_at": at(18),
        "despatched_at": at(18),
        "ship_from": {"gln": PLANT},
        "ship_to": {"gln": "4012345000023", "name": "Stadtspital"},
        "@": 1,
        "lines": [
            {
                "line": "1",
                "gtin": "06901234000029",
                "lot": "F1",
                "serials": ["S1"],
                "quantity": Decimal(1),
                "unit": "EA",
                "sscc": "069012340000000025",
                "@": 2,
            }
        ],
        **header,
    }


def item(code: str = "RM-100", **header: Any) -> dict[str, Any]:
    """An item master record."""
    return {
        "entity": "Item",
        "number": code,
        "revision": 1,
        "issued_at": datetime(2026, 10, 1, tzinfo=UTC),
        "name": "Polymer granulate",
        "name_zh": "高分子颗粒",
        "kind": "raw",
        "base_unit": "EA",
        "@": 2,
        "supplier_items": [{"supplier": "V1001", "code": "JN-22"}],
        **header,
    }


def party(code: str = "V1001", **header: Any) -> dict[str, Any]:
    """A party master record."""
    return {
        "entity": "Party",
        "number": code,
        "revision": 1,
        "issued_at": datetime(2026, 10, 1, tzinfo=UTC),
        "name": "江南高分子材料有限公司",
        "role": "supplier",
        "gln": "6901234500017",
        "tax_number": "91320594MA1TEST0X1",
        "@": 2,
        **header,
    }

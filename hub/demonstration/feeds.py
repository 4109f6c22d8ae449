"""The files that NovaMed's own systems write: ERP, 3PL warehouse and plant, each in its own dialect."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hub.demonstration.catalogue import Item
from hub.demonstration.company import PartyEntry
from hub.demonstration.documents import Despatch, Order, ProductionRun, Receipt, StockRow, Use, plain

ITEM_COLUMNS = (
    "item_code", "revision", "updated_at", "name_en", "name_zh", "kind", "base_unit", "gtin_each", "gtin_case", "case_quantity",
    "lot_controlled", "serial_controlled", "shelf_life_days", "supplier_code", "supplier_item", "status",
)  # fmt: skip
ORDER_COLUMNS = (
    "order_no", "revision", "purpose", "issued", "currency", "supplier_code", "ship_to_gln", "line", "item_code", "gtin", "supplier_item",
    "description", "quantity", "unit", "unit_price", "requested",
)  # fmt: skip
STOCK_COLUMNS = ("location_gln", "counted_at", "item_code", "gtin", "lot", "expires_on", "status", "quantity", "unit")
RECEIPTS_NAMESPACE = "urn:hansa:wms:receipts:1"


def items_csv(
    items: Iterable[Item], updated_at: datetime, *, without: str | None = None, charset: str = "utf-8-sig", revision: int = 1
) -> bytes:
    """Item master, comma separated, UTF-8 with BOM. `without` leaves a column out, as a broken export does."""
    rows = [
        {
            "item_code": item.code,
            "revision": str(revision),
            "updated_at": updated_at.isoformat(),
            "name_en": item.name_en,
            "name_zh": item.name_zh,
            "kind": item.kind,
            "base_unit": item.unit,
            "gtin_each": item.gtin,
            "gtin_case": item.gtin_case or "",
            "case_quantity": str(item.case_quantity or ""),
            "lot_controlled": "Y",
            "serial_controlled": "Y" if item.serial_controlled else "N",
            "shelf_life_days": str(item.shelf_life_days),
            "supplier_code": item.supplier.code if item.supplier else "",
            "supplier_item": item.supplier_item or "",
            "status": "active",
        }
        for item in items
    ]
    return _csv([column for column in ITEM_COLUMNS if column != without], rows, ",").encode(charset)


def parties_json(entries: Sequence[PartyEntry], exported_at: datetime) -> bytes:
    """Party master: suppliers, customers, carriers, warehouses, ourselves."""
    parties = [
        {
            "code": entry.code,
            "revision": 1,
            "updated_at": exported_at.isoformat(),
            "role": entry.role,
            "name": entry.name,
            "name_zh": entry.name_zh,
            "gln": entry.gln,
            "tax_number": entry.tax_number,
            "address": entry.address,
            "city": entry.city,
            "postal_code": entry.postal_code,
            "country": entry.country,
            "status": "active",
        }
        for entry in entries
    ]
    return _json({"exported_at": exported_at.isoformat(), "parties": [_present(party) for party in parties]})


def orders_json(orders: Sequence[Order], exported_at: datetime) -> bytes:
    """Suzhou's purchase orders. Prices are strings with two places, quantities JSON numbers."""
    return _json({"exported_at": exported_at.isoformat(), "orders": [_order(order) for order in orders]})


def _order(order: Order) -> dict[str, Any]:
    supplier, organisation = order.channel.supplier, order.channel.organisation
    return {
        "number": order.number,
        "revision": order.revision,
        "purpose": order.purpose,
        "issued_at": order.issued_at.isoformat(),
        "currency": supplier.currency,
        "supplier": {"code": supplier.code, "gln": supplier.gln, "name": supplier.name},
        "ship_to": {"gln": organisation.site_gln, "name": organisation.site_name},
        "requested_on": order.requested_on.isoformat(),
        "lines": [
            {
                "line": line.line,
                "item_code": line.item.code,
                "gtin": line.item.gtin,
                "supplier_item": line.item.supplier_item,
                "description": line.item.name_zh if supplier.country == "CN" else line.item.name_en,
                "quantity": int(line.quantity),
                "unit": line.item.unit,
                "unit_price": f"{line.price:.2f}",
                "requested_on": line.requested_on.isoformat(),
            }
            for line in order.lines
        ],
    }


def orders_csv(orders: Sequence[Order], charset: str = "gb18030") -> bytes:
    """Rotterdam's purchase orders: semicolons, decimal comma, local dates and times, charset of the group's Chinese ERP."""
    rows = [
        {
            "order_no": order.number,
            "revision": str(order.revision),
            "purpose": order.purpose,
            "issued": f"{order.issued_at:%d.%m.%Y %H:%M}",
            "currency": order.channel.supplier.currency,
            "supplier_code": order.channel.supplier.code,
            "ship_to_gln": order.channel.organisation.site_gln,
            "line": line.line,
            "item_code": line.item.code,
            "gtin": line.item.gtin,
            "supplier_item": line.item.supplier_item or "",
            "description": f"{line.item.name_en} / {line.item.name_zh}",
            "quantity": plain(line.quantity),
            "unit": line.item.unit,
            "unit_price": f"{line.price:.2f}".replace(".", ","),
            "requested": f"{line.requested_on:%d.%m.%Y}",
        }
        for order in orders
        for line in order.lines
    ]
    return _csv(ORDER_COLUMNS, rows, ";").encode(charset)


def stock_csv(site_gln: str, counted_at: datetime, rows: Sequence[StockRow]) -> bytes:
    """The ERP's book stock of one site, UTF-8."""
    return _csv(
        STOCK_COLUMNS,
        [
            {
                "location_gln": site_gln,
                "counted_at": counted_at.isoformat(),
                "item_code": row.lot.item.code,
                "gtin": row.lot.item.gtin,
                "lot": row.lot.code,
                "expires_on": row.lot.expires_on.isoformat(),
                "status": row.status,
                "quantity": plain(row.quantity),
                "unit": row.lot.item.unit,
            }
            for row in rows
        ],
        ",",
    ).encode()


def stock_json(site_gln: str, counted_at: datetime, rows: Sequence[StockRow]) -> bytes:
    """The warehouse's count of one site."""
    stock = [
        {
            "gtin": row.lot.item.gtin,
            "lot": row.lot.code,
            "expires_on": row.lot.expires_on.isoformat(),
            "status": row.status,
            "quantity": plain(row.quantity),
            "unit": row.lot.item.unit,
        }
        for row in rows
    ]
    return _json({"warehouse_gln": site_gln, "counted_at": counted_at.isoformat(), "stock": stock})


def receipts_xml(receipts: Sequence[Receipt], *, doctype: str = "") -> bytes:
    """The warehouse's goods receipts. `doctype` stands before the root, where an attacker puts it."""
    out = ['<?xml version="1.0" encoding="UTF-8"?>', *([doctype] if doctype else []), f'<Receipts xmlns="{RECEIPTS_NAMESPACE}">']
    for receipt in receipts:
        out.append(f'  <Receipt number={quoteattr(receipt.number)} purpose="new">')
        if receipt.order_number is not None:
            out.append(f"    <OrderNumber>{escape(receipt.order_number)}</OrderNumber>")
        out += [
            f"    <DespatchNumber>{escape(receipt.despatch_number)}</DespatchNumber>",
            f"    <ReceivedAt>{receipt.received_at.isoformat()}</ReceivedAt>",
            f'    <Warehouse gln="{receipt.site_gln}"/>',
        ]
        for number, line in enumerate(receipt.lines, start=1):
            out.append(f'    <Line no="{number}">')
            if line.line is not None:
                out.append(f"      <OrderLine>{escape(line.line.line)}</OrderLine>")
            out += [
                f"      <GTIN>{line.item.gtin}</GTIN>",
                f"      <ItemCode>{escape(line.item.code)}</ItemCode>",
                f"      <Lot>{escape(line.lot.code)}</Lot>",
                f"      <Expiry>{line.lot.expires_on.isoformat()}</Expiry>",
                f'      <Quantity unit="{line.item.unit}">{plain(line.quantity)}</Quantity>',
                "      <Rejected>0</Rejected>",
                f"      <SSCC>{line.sscc}</SSCC>",
                "    </Line>",
            ]
        out.append("  </Receipt>")
    return "\n".join([*out, "</Receipts>", ""]).encode()


def despatches_json(despatches: Sequence[Despatch]) -> bytes:
    """The warehouse's deliveries to hospitals and to the other organisation."""
    return _json(
        {
            "despatches": [
                {
                    "number": despatch.number,
                    "purpose": "new",
                    "issued_at": despatch.despatched_at.isoformat(),
                    "despatched_at": despatch.despatched_at.isoformat(),
                    "ship_from_gln": despatch.from_gln,
                    "ship_to_gln": despatch.to_gln,
                    "ship_to_name": despatch.to_name,
                    "carrier": despatch.carrier,
                    "tracking": despatch.tracking,
                    "lines": [{"line": str(number), **_used(use), "sscc": use.sscc} for number, use in enumerate(despatch.lines, start=1)],
                }
                for despatch in despatches
            ]
        }
    )


def production_json(runs: Sequence[ProductionRun]) -> bytes:
    """The plant's completed production orders: lots consumed, lots and serials made."""
    return _json(
        {
            "events": [
                {
                    "event_id": run.event_id,
                    "occurred_at": run.occurred_at.isoformat(),
                    "production_order": run.number,
                    "plant_gln": run.site_gln,
                    "consumed": [
                        {
                            "item_code": use.lot.item.code,
                            "gtin": use.lot.item.gtin,
                            "lot": use.lot.code,
                            "quantity": plain(use.quantity),
                            "unit": use.lot.item.unit,
                        }
                        for use in run.consumed
                    ],
                    "produced": [{**_used(use), "manufactured_on": use.lot.made_on.isoformat()} for use in run.produced],
                }
                for run in runs
            ]
        }
    )


def _used(use: Use) -> dict[str, Any]:
    return {
        "gtin": use.lot.item.gtin,
        "lot": use.lot.code,
        "expires_on": use.lot.expires_on.isoformat(),
        "serials": list(use.serials),
        "quantity": plain(use.quantity),
        "unit": use.lot.item.unit,
    }


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, default=_no_floats) + "\n").encode()


def _no_floats(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"{value!r} has no place in a feed")


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator="\r\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()

"""What a draft of a mapping knows of each entity: the fields that speak for it, what documents are known by, names of its members."""

from __future__ import annotations

from collections.abc import Mapping

SIGNS: Mapping[str, Mapping[str, int]] = {
    "PurchaseOrder": {"order_number": 4, "unit_price": 2, "requested_on": 2, "supplier": 2, "quantity": 1, "item_code": 1, "currency": 1}
    | {"despatch_number": -5, "receipt_number": -5, "invoice_number": -5, "promised_on": -4, "received_at": -3, "payment_number": -6}
    | {"forecast_quantity": -6, "sold_quantity": -6, "moved_quantity": -6, "instruction_number": -5},
    "OrderResponse": {
        "response_number": 6,
        "promised_on": 5,
        "order_number": 3,
        "quantity": 1,
        "despatch_number": -4,
        "invoice_number": -4,
    },
    "InventoryReport": {"status": 2, "location": 3, "lot": 2, "expires_on": 1, "quantity": 2, "item_code": 1, "gtin": 1}
    | {"order_number": -4, "unit_price": -2, "despatch_number": -3, "receipt_number": -3, "received_at": -3}
    | {"moved_quantity": -6, "sold_quantity": -6, "instruction_number": -5, "forecast_quantity": -6},
    "DespatchAdvice": {
        "despatch_number": 8,
        "receipt_number": -5,
        "invoice_number": -4,
        "instruction_number": -5,
        "sscc": 2,
        "tracking": 2,
        "carrier": 2,
        "despatched_at": 4,
        "ship_to": 1,
        "lot": 1,
    },
    "ReceivingAdvice": {"receipt_number": 8, "received_at": 4, "rejected_quantity": 3, "order_number": 1, "lot": 1},
    "Invoice": {
        "invoice_number": 6,
        "amount": 3,
        "payment_number": -8,
        "paid_on": -5,
        "paid_amount": -5,
        "unit_price": 1,
        "currency": 1,
        "order_number": 1,
    },
    "PriceCatalogue": {"valid_from_on": 5, "valid_until_on": 3, "minimum_quantity": 4, "unit_price": 2, "item_code": 1, "currency": 1}
    | {"quantity": -4, "order_number": -4, "invoice_number": -4, "despatch_number": -4, "requested_on": -3},
    "ProductionEvent": {"production_order": 7, "occurred_at": 4, "lot": 1, "serial": 1, "despatch_number": -4, "invoice_number": -4},
    "Item": {"item_code": 3, "description": 2, "gtin": 1, "unit": 1, "shelf_life": 5, "quantity": -4, "order_number": -3}
    | {"forecast_quantity": -4, "sold_quantity": -4, "moved_quantity": -4},
    "Party": {"supplier": 2, "customer": 2, "supplier_name": 2, "tax_number": 6, "phone": 3, "licence": 3, "city": 2, "address": 2}
    | {"quantity": -6, "item_code": -6, "order_number": -6, "amount": -4},
    "DeliverySchedule": {"forecast_quantity": 8, "due_on": 5, "due_until_on": 3, "item_code": 1, "supplier": 1},
    "SalesReport": {"sold_quantity": 8, "occurred_on": 4, "period_from_on": 4, "period_until_on": 3, "item_code": 1, "lot": 1},
    "InventoryMovement": {"moved_quantity": 8, "reason": 4, "location": 1, "lot": 1, "item_code": 1},
    "DespatchInstruction": {"instruction_number": 8, "ship_to": 2, "requested_on": 1, "quantity": 1, "location": 1},
    "RemittanceAdvice": {"payment_number": 7, "paid_on": 5, "paid_amount": 5, "invoice_number": 1, "amount": 1},
    "Device": {"gtin": 1, "brand_name": 3, "generic_name": 2, "device_class": 5, "gmdn": 6, "emdn": 6, "single_use": 4, "sterile": 3}
    | {"registration": 4, "issuing_agency": 4, "catalogue_number": 2, "model": 2, "quantity": -6, "order_number": -6, "lot": -3, "unit": -3}
    | {"location": -4, "unit_price": -4},
    "TransportStatus": {"event_status": 6, "occurred_at": 4, "tracking": 4, "carrier": 3, "despatch_number": 2, "city": 1, "status": 1}
    | {"quantity": -6, "item_code": -5, "lot": -4, "production_order": -6, "gtin": -4},
}
"""What fields speak for an entity, and against it."""
NAMES: Mapping[str, tuple[str, ...]] = {
    "PurchaseOrder": ("order", "po", "订单", "采购"),
    "OrderResponse": ("confirm", "response", "确认"),
    "InventoryReport": ("stock", "inventory", "库存", "盘点"),
    "DespatchAdvice": ("despatch", "dispatch", "ship", "deliver", "asn", "发货", "送货", "出库"),
    "ReceivingAdvice": ("receipt", "receiving", "grn", "收货", "入库"),
    "Invoice": ("invoice", "发票"),
    "PriceCatalogue": ("price", "catalog", "价格", "目录", "报价"),
    "ProductionEvent": ("mes", "production", "transformation", "生产", "工单"),
    "Item": ("item", "material", "product", "物料"),
    "Party": ("supplier", "vendor", "customer", "partner", "供应商", "客户"),
    "DeliverySchedule": ("forecast", "schedule", "预测", "排程"),
    "SalesReport": ("sales", "sellout", "sell-out", "销售", "流向"),
    "InventoryMovement": ("movement", "adjust", "transfer", "移库", "调整", "调拨"),
    "DespatchInstruction": ("pick", "instruction", "指令", "出库通知"),
    "RemittanceAdvice": ("payment", "remit", "付款", "汇款"),
    "Device": ("device", "udi", "器械"),
    "TransportStatus": ("transport", "tracking", "carrier", "milestone", "运输", "物流"),
}
LISTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ProductionEvent": {
        "inputs": ("input", "consum", "component", "used", "投入", "消耗", "领用"),
        "outputs": ("output", "produced", "made", "finished", "产出", "产成"),
    }
}
"""Entities whose rows stand in lists of other names than `lines`, and what the records are called that hold them."""
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "PurchaseOrder": ("order_number", "number"),
    "OrderResponse": ("response_number", "number"),
    "InventoryReport": ("number",),
    "DespatchAdvice": ("despatch_number", "number"),
    "ReceivingAdvice": ("receipt_number", "number"),
    "Invoice": ("invoice_number", "number"),
    "PriceCatalogue": ("number",),
    "ProductionEvent": ("number",),
    "Item": ("item_code", "number"),
    "Party": ("supplier", "customer", "number"),
    "DespatchInstruction": ("instruction_number", "number"),
    "RemittanceAdvice": ("payment_number", "number"),
    "Device": ("gtin", "number"),
    "TransportStatus": ("number", "tracking", "despatch_number"),
}
"""Concepts that are the document's own number, the nearest first; of other entities it is `number`."""
NUMBER = ("number",)
PARTIES: Mapping[str, tuple[str, str]] = {
    "supplier": ("supplier", "code"),
    "supplier_name": ("supplier", "name"),
    "customer": ("buyer", "code"),
    "ship_to": ("ship_to", "code"),
    "location": ("location", "code"),
}
TO: Mapping[str, str] = {"serial": "serials[]"}
OF_ENTITY: Mapping[str, Mapping[str, str]] = {
    "Party": {"supplier_name": "name", "description": "name"},
    "DeliverySchedule": {"forecast_quantity": "quantity"},
    "SalesReport": {"sold_quantity": "quantity", "customer": "reporter.code"},
    "InventoryMovement": {"moved_quantity": "quantity"},
    "RemittanceAdvice": {"paid_amount": "amount"},
    "PurchaseOrder": {"ordered_on": "issued_at"},
    "Device": {"brand_name": "name", "sterile": "sterility.sterile", "emdn": "emdn_codes[]", "device_class": "eu.risk_class"}
    | {"registration": "cn.registration", "issuing_agency": "issuer"},
    "TransportStatus": {"event_status": "status"},
}
"""Concepts that fill a member of another name in one entity."""
NUMBERED_BY: Mapping[str, str] = {"OrderResponse": "order_number"}
"""Documents that often have no number of their own, and what they are then known by, beside what it says itself."""
WHEN: Mapping[str, str] = {
    "ProductionEvent": "occurred_at",
    "ReceivingAdvice": "received_at",
    "DespatchAdvice": "despatched_at",
    "TransportStatus": "occurred_at",
}
"""When a document was issued, for want of another date: when what it tells happened."""
BOOLEANS: Mapping[frozenset[str], str] = {
    frozenset({"true", "false"}): "boolean",
    frozenset({"Y", "N"}): "boolean_yn",
    frozenset({"1", "0"}): "boolean_10",
    frozenset({"是", "否"}): "boolean_zh",
}
ITEM: Mapping[str, str] = {"unit": "base_unit", "description": "name", "shelf_life": "shelf_life_days"}
SPELLED = (
    *("date_dashed_dmy", "date_dashed_mdy", "date_month_name", "date_month_name_short"),
    *("date_dotted_short", "date_slashed_dmy_short", "date_slashed_mdy_short"),
)
DAYS: Mapping[str, str] = {
    "date": "iso_date",
    "partial_date": "iso_date",
    "date_compact": "x12_date",
    "day_or_time": "day_stated",
    "instant": "day_of_instant",
    "instant_local": "day_of_instant",
    "instant_dotted": "day_of_dotted",
    "instant_slashed_ymd": "day_of_slashed_ymd",
    "instant_compact": "day_of_compact",
    **{kind: kind for kind in ("date_dotted", "date_slashed_ymd", "date_slashed_dmy", "date_slashed_mdy", "date_chinese")},
    **{kind: kind for kind in ("date_of_midnight", "odata_date")},
    **{kind: kind for kind in SPELLED},
}
MOMENTS: Mapping[str, str] = {
    "date": "iso_day",
    "date_compact": "x12_day_start",
    "date_dotted": "day_start_dotted",
    "date_slashed_ymd": "day_start_slashed_ymd",
    "date_slashed_dmy": "day_start_slashed_dmy",
    "date_slashed_mdy": "day_start_slashed_mdy",
    "date_chinese": "day_start_chinese",
    "instant": "iso_instant",
    "instant_local": "iso_instant",
    "instant_dotted": "date_time_dotted",
    "instant_slashed_ymd": "date_time_slashed_ymd",
    "instant_compact": "date_time_compact",
    "day_or_time": "iso_day_or_time",
    "date_of_midnight": "iso_day_or_time",
    "odata_date": "odata_instant",
    **{kind: kind.replace("date_", "day_start_", 1) for kind in SPELLED},
}
SHOWN = 8
"""Values that a table lacks which are named."""
NUMBERS_AS: Mapping[tuple[str, str], str] = {
    (",", ""): "decimal_comma",
    (".", ","): "decimal_grouped",
    (",", "."): "decimal_comma_grouped",
}

"""Samples of feed mappings that stand as files: the first message of the file in tests/samples that the grammar reads."""

from __future__ import annotations

from pathlib import Path

from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.source import SourceRecord

FROM_FILES = (
    "delimited/erp_devices",
    "delimited/salesforce_accounts",
    "delimited/wms_receipts",
    "delimited/wms_stock",
    "esign/purchase_order",
    "json/bapi_order_to_create",
    "json/bc_items",
    "json/bc_lots",
    "json/bc_purchase_orders",
    "json/bc_receipts",
    "json/bc_stock",
    "json/bc_vendors",
    "json/chirpstack_uplinks",
    "json/coupa_purchase_orders",
    "json/coupa_receipts",
    "json/coupa_suppliers",
    "json/d365_batches",
    "json/d365_products",
    "json/d365_purchase_orders",
    "json/d365_receipts",
    "json/d365_vendors",
    "json/erp_devices",
    "json/erpnext_answers",
    "json/erpnext_batches",
    "json/erpnext_items",
    "json/erpnext_purchase_orders",
    "json/erpnext_receipts",
    "json/erpnext_stock",
    "json/erpnext_suppliers",
    "json/eudamed",
    "json/eudamed_device",
    "json/flux_asn",
    "json/gudid",
    "json/k3cloud_order_model",
    "json/k3cloud_purchase_order_query",
    "json/k3cloud_purchase_order_save",
    "json/ln_business_partners",
    "json/ln_items",
    "json/manhattan_asn",
    "json/manhattan_receipts",
    "json/mqtt_readings",
    "json/nccloud_materials",
    "json/nccloud_suppliers",
    "json/netsuite_items",
    "json/netsuite_purchase_orders",
    "json/netsuite_receipts",
    "json/netsuite_stock",
    "json/netsuite_vendors",
    "json/nmpa_filing",
    "json/odata_v2_material_document",
    "json/odata_v2_products",
    "json/odata_v2_purchase_orders",
    "json/odata_v4_purchase_orders",
    "json/odoo_lots",
    "json/odoo_products",
    "json/odoo_purchase_orders",
    "json/odoo_receipts",
    "json/odoo_rpc_products",
    "json/odoo_rpc_suppliers",
    "json/odoo_stock",
    "json/odoo_suppliers",
    "json/opcua_readings",
    "json/s4_batches",
    "json/s4_business_partners",
    "json/opcenter_lots",
    "json/opcenter_materials",
    "json/s4_inspection_lots",
    "json/s4_material_documents",
    "json/s4_material_stock",
    "json/s4_order_to_post",
    "json/s4_production_orders",
    "json/s4_receipt_to_post",
    "json/salesforce_accounts",
    "json/salesforce_products",
    "json/senaite_clients",
    "json/tryton_answers",
    "json/tryton_items",
    "json/tryton_lots",
    "json/tryton_orders",
    "json/tryton_parties",
    "json/tryton_productions",
    "json/tryton_receipts",
    "json/u8_inventories",
    "json/u8_purchase_order",
    "json/u8_sale_out",
    "json/u8_vendors",
    "json/u9_items",
    "json/veeva_lots",
    "json/windchill_parts",
    "json/yonbip_products",
    "json/yonbip_vendors",
    "spreadsheet/nmpa_filing",
    "xml/bapi_purchase_orders",
    "xml/gudid",
    "xml/nmpa",
    "xml/qimen_entry_order",
)


def first_message(name: str) -> SourceRecord:
    """The first message of a feed's own sample file."""
    format_name, _, grammar = name.partition("/")
    (path,) = (Path(__file__).parents[1] / "samples" / format_name).glob(f"{grammar}.*")
    with path.open("rb") as stream:
        for event in format_named(format_name).read(stream, STRICT, grammar):
            if event.message is not None and event.message.root is not None:
                return event.message.root
    raise AssertionError(f"{path} holds no message")


def feed_samples() -> dict[str, SourceRecord]:
    """By mapping."""
    return {name: first_message(name) for name in FROM_FILES}

"""Samples of feed mappings that stand as files: the first message of the file in tests/samples that the grammar reads."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import yaml

from connectors.preset import Presets
from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.source import SourceRecord

PRESETS = Presets()
FROM_FILES = (
    "delimited/erp_devices",
    "json/eudamed",
    "json/eudamed_device",
    "json/gudid",
    "xml/gudid",
    "json/erp_devices",
    "json/k3cloud_purchase_order_query",
    "json/k3cloud_purchase_order_save",
    "json/nmpa_filing",
    "json/odata_v2_material_document",
    "json/odata_v2_products",
    "json/odata_v2_purchase_orders",
    "json/odata_v4_purchase_orders",
    "json/odoo_rpc_products",
    "json/odoo_rpc_suppliers",
    "json/tryton_answers",
    "json/tryton_items",
    "json/tryton_orders",
    "json/tryton_receipts",
    "json/u8_purchase_order",
    "json/u8_sale_out",
    "spreadsheet/nmpa_filing",
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


def exchanged() -> dict[str, str]:
    """Feeds that presets brought (tests/conformance/test_presets.py), by mapping: the exchange that holds a message of theirs."""
    found: dict[str, str] = {}
    for preset in (PRESETS.named(name) for name in PRESETS.names()):
        for name, resource in preset.resources.items():
            for message in resource.agreement.get("messages", ()) if "grammar" in resource.agreement else ():
                found.setdefault(message["mapping"], f"{preset.preset}/{name}")
    return {name: file for name, file in found.items() if name not in FROM_FILES}


def first_exchanged(name: str, file: str) -> SourceRecord:
    """The first message of a preset's exchange, as the system says it or is told it."""
    format_name, _, grammar = name.partition("/")
    text = (Path(__file__).parents[1] / "samples" / "presets" / f"{file}.yaml").read_bytes()
    said: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    for part in (*said.get("runs", ()), *said.get("sends", ())):
        for one in part["exchange"]:
            for content in (body for side in (one["answer"], one["ask"]) for body in _bodies(side)):
                for event in format_named(format_name).read(io.BytesIO(content), STRICT, grammar):
                    if event.message is not None and event.message.root is not None and not event.message.findings:
                        return event.message.root
    raise AssertionError(f"{file} holds no message of {name}")


def _bodies(side: dict[str, Any]) -> list[bytes]:
    """A body as it stands, and what is wrapped in it."""
    if "json" not in side:
        return [str(side.get("text", "")).encode()]
    said = side["json"]
    inner = [value for value in said.values() if isinstance(value, dict)] if isinstance(said, dict) else []
    return [json.dumps(one).encode() for one in (said, *inner)]


def feed_samples() -> dict[str, SourceRecord]:
    """By mapping."""
    return {name: first_message(name) for name in FROM_FILES} | {name: first_exchanged(name, file) for name, file in exchanged().items()}

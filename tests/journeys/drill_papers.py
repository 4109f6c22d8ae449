"""What a drill on the demonstration must find, read from its papers alone, and the papers of a second plant.

In the demonstration one plant makes things. `second_plant` says what the group's own systems would write if Rotterdam's used the raw lot
too: the warehouse's delivery note and receipt, the production order, and a count of both sites after it. `account` reads the papers of
plants and warehouses with the standard library, without the hub, and says where every unit of the affected lots is.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

SUZHOU, ROTTERDAM = "6999999010012", "8799999010016"
SENT, USED, MADE = Decimal(500), Decimal(120), Decimal(40)
"""Units of the raw lot that go to the second plant, that it uses, and devices that it makes of them."""
NEW_LOT = "R41261124001"
EXPIRY = "2029-05-01"
CARTON = "369999990109990018"

Account = dict[tuple[str, str, str], Decimal]
"""(lot, position, GLN) to units; what is nought is left out."""


def second_plant(folder: Path, raw: str) -> list[tuple[str, str, bytes]]:
    """Partner, agreement and bytes of what was written after the story in `folder`; `raw` is `lot:GTIN|LOT`."""
    gtin, _, lot = raw.removeprefix("lot:").partition("|")
    thing = {"gtin": gtin, "lot": lot, "unit": "EA"}
    device = {"gtin": _made_of(folder, lot), "lot": NEW_LOT, "unit": "EA"}
    note = {
        "number": "DN-SU-69001",
        "purpose": "new",
        "issued_at": "2026-11-22T15:00:00+08:00",
        "despatched_at": "2026-11-22T15:00:00+08:00",
        "ship_from_gln": SUZHOU,
        "ship_to_gln": ROTTERDAM,
        "ship_to_name": "NovaCare Rotterdam, Hansa hall 4",
        "carrier": "Hansa Air and Road",
        "tracking": "HLOG6900000001",
        "lines": [{"line": "1", **thing, "expires_on": EXPIRY, "serials": [], "quantity": str(SENT), "sscc": CARTON}],
    }
    line = f'<GTIN>{gtin}</GTIN><Lot>{lot}</Lot><Expiry>{EXPIRY}</Expiry><Quantity unit="EA">{SENT}</Quantity><Rejected>0</Rejected>'
    receipt = (
        '<Receipts xmlns="urn:hansa:wms:receipts:1"><Receipt number="GR-RO-69001" purpose="new">'
        f"<DespatchNumber>DN-SU-69001</DespatchNumber><ReceivedAt>2026-11-24T09:30:00+01:00</ReceivedAt>"
        f'<Warehouse gln="{ROTTERDAM}"/><Line no="1">{line}<SSCC>{CARTON}</SSCC></Line></Receipt></Receipts>'
    )
    run = {
        "event_id": "MES-690001-1",
        "occurred_at": "2026-11-24T14:00:00+01:00",
        "production_order": "MO690001",
        "plant_gln": ROTTERDAM,
        "consumed": [{**thing, "quantity": str(USED)}],
        "produced": [{**device, "expires_on": EXPIRY, "serials": [], "quantity": str(MADE), "manufactured_on": "2026-11-24"}],
    }
    counts = {site: json.loads(_last_count(folder, site).read_bytes()) for site in (SUZHOU, ROTTERDAM)}
    here = next(row for row in counts[SUZHOU]["stock"] if row["lot"] == lot)
    there = {**here, "quantity": str(SENT - USED)}
    here["quantity"] = str(Decimal(here["quantity"]) - SENT)
    counts[ROTTERDAM]["stock"] += [there, {**device, "expires_on": EXPIRY, "status": "available", "quantity": str(MADE)}]
    for site, offset in ((SUZHOU, "+08:00"), (ROTTERDAM, "+01:00")):
        counts[site]["counted_at"] = f"2026-11-25T06:00:00{offset}"
    return [
        ("wms", "wms_despatches_suzhou", _json({"despatches": [note]})),
        ("wms", "wms_receipts_rotterdam", receipt.encode()),
        ("mes", "mes_production", _json({"events": [run]})),
        ("wms", "wms_stock_suzhou", _json(counts[SUZHOU])),
        ("wms", "wms_stock_rotterdam", _json(counts[ROTTERDAM])),
    ]


def account(papers: Iterable[tuple[str, bytes]], raw: str, consignees: dict[str, str]) -> Account:
    """Where the raw lot is, and every lot that was made of it: by name and bytes of all papers of plants and warehouses, in any order.

    A site's newest count tells what is on hand; production tells what was used; delivery notes to a place of `consignees` what was shipped.
    """
    read = [(name, json.loads(content)) for name, content in papers if content.lstrip().startswith(b"{")]
    runs = [run for name, paper in read if "production" in name for run in paper["events"]]
    affected = _made(runs, raw.rpartition("|")[2])
    found: Account = defaultdict(Decimal)
    for run in runs:
        for use in run["consumed"]:
            if use["lot"] in affected:
                found[use["lot"], "used", run["plant_gln"]] += Decimal(use["quantity"])
    for note in (note for name, paper in read if "despatches" in name for note in paper["despatches"]):
        for line in note["lines"]:
            if line["lot"] in affected and note["ship_to_gln"] in consignees:
                found[line["lot"], "shipped", note["ship_to_gln"]] += Decimal(line["quantity"])
    for site in (SUZHOU, ROTTERDAM):
        counts = [paper for name, paper in read if "stock" in name and paper["warehouse_gln"] == site]
        newest = max(counts, key=lambda paper: str(paper["counted_at"]))
        for row in newest["stock"]:
            if row["lot"] in affected:
                found[row["lot"], "on_hand", site] += Decimal(row["quantity"])
    return {place: units for place, units in found.items() if units}


def _made(runs: list[dict[str, Any]], lot: str) -> set[str]:
    """The lot, and all lots that were made of it or of what was made of it."""
    found, before = {lot}, 0
    while len(found) > before:
        before = len(found)
        found |= {made["lot"] for run in runs if any(use["lot"] in found for use in run["consumed"]) for made in run["produced"]}
    return found


def _made_of(folder: Path, lot: str) -> str:
    """GTIN of a device that was made of a lot and is known by its lot alone."""
    for path in sorted((folder / "mes").glob("production_*.json")):
        for run in json.loads(path.read_bytes())["events"]:
            if any(use["lot"] == lot for use in run["consumed"]) and not run["produced"][0]["serials"]:
                return str(run["produced"][0]["gtin"])
    raise ValueError(f"nothing was made of {lot}")


def _last_count(folder: Path, site: str) -> Path:
    counts = [path for path in (folder / "wms").glob("stock_*.json") if json.loads(path.read_bytes())["warehouse_gln"] == site]
    return max(counts, key=lambda path: str(json.loads(path.read_bytes())["counted_at"]))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()

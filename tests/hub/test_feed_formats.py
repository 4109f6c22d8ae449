"""Feeds in fixed width, XLSX and a vendor's JSON take the whole way: landed, applied, explained back to line and cell."""

from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from hub.cli import application

SAMPLES = Path(__file__).parents[1] / "samples"
SITE = {
    "site.yaml": "version: 1\nname: T\norganisations:\n"
    "  - {key: north, name: North, gln: '6999999010005', time_zone: Asia/Shanghai, currency: CNY}\n",
    "partners/jn.yaml": "version: 1\npartner: jn\nname: Jiangnan\nkind: supplier\nparty: VEN00031\n",
    "partners/wms.yaml": "version: 1\npartner: wms\nname: WMS\nkind: wms\n",
    "partners/erp.yaml": "version: 1\npartner: erp\nname: ERP\nkind: erp\n",
}
AGREEMENTS = {
    "confirmations": ("jn", "spreadsheet", "supplier_confirmations"),
    "shipments": ("wms", "fixed", "wms_shipments"),
    "orders": ("erp", "json", "k3cloud_purchase_order_save"),
}


@pytest.fixture
def udihub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    files = dict(SITE)
    for key, (partner, format_name, grammar) in AGREEMENTS.items():
        files[f"agreements/{key}.yaml"] = (
            f"version: 1\nagreement: {key}\npartner: {partner}\norganisation: north\ndirection: in\nformat: {format_name}\n"
            f"grammar: {grammar}\nmessages: [{{type: {grammar}, mapping: {format_name}/{grammar}}}]\n"
        )
    for name, text in files.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(tmp_path / "site"))
    monkeypatch.setenv("UDIHUB_LANG", "en")
    monkeypatch.setenv("UDIHUB_CLOCK", "2026-11-29T08:00:00+08:00")
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(application(), arguments)

    return run


def test_three_feeds_take_the_whole_way(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    order = (SAMPLES / "json" / "k3cloud_purchase_order_save.json").read_text().replace("CGDD000912", "4500000123")
    (tmp_path / "order.json").write_text(order)
    assert udihub("ingest", str(tmp_path / "order.json"), "--partner", "erp").exit_code == 0
    done = udihub("ingest", str(SAMPLES / "spreadsheet" / "supplier_confirmations.xlsx"), "--partner", "jn", "--json")
    answer = json.loads(done.stdout)
    assert done.exit_code == 0 and answer["format"] == "spreadsheet"
    assert [exchange["state"] for exchange in answer["exchanges"]] == ["applied", "applied"]
    done = udihub("ingest", str(SAMPLES / "fixed" / "wms_shipments.txt"), "--partner", "wms", "--json")
    assert done.exit_code == 0 and [exchange["state"] for exchange in json.loads(done.stdout)["exchanges"]] == ["applied", "applied"]
    explained = json.loads(udihub("explain", "order/4500000123/1", "ordered", "--json").stdout)
    assert explained["value"] == "12.5"
    assert (explained["steps"][0]["raw"], explained["steps"][0]["mapping"]) == ("12.5", "json/k3cloud_purchase_order_save version 2")


def test_a_fault_in_a_workbook_is_told_by_its_cell(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    book = openpyxl.load_workbook(SAMPLES / "spreadsheet" / "supplier_confirmations.xlsx")
    book.active["J3"] = "viel"
    book.save(tmp_path / "bad.xlsx")
    said = udihub("check", str(tmp_path / "bad.xlsx"), "--partner", "jn")
    assert said.exit_code == 1
    (line,) = [line for line in said.stdout.splitlines() if "FED-06" in line]
    assert line.split()[:3] == ["error", "FED-06", "J3"]
    (tmp_path / "bad.xlsx").write_bytes((tmp_path / "bad.xlsx").read_bytes()[:3000])
    assert udihub("check", str(tmp_path / "bad.xlsx"), "--partner", "jn").exit_code == 2


def test_a_record_is_written_as_a_workbook(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    record = json.loads(
        udihub("map", str(SAMPLES / "spreadsheet" / "supplier_confirmations.xlsx"), "--partner", "jn").stdout.splitlines()[0]
    )
    (tmp_path / "record.json").write_text(json.dumps(record))
    written = udihub("write", str(tmp_path / "record.json"), "--to", "spreadsheet/supplier_confirmations")
    assert written.exit_code == 0
    sheet = openpyxl.load_workbook(io.BytesIO(written.stdout_bytes)).active
    assert (sheet["A2"].value, sheet["C2"].value, sheet["F2"].value, sheet["J2"].value) == ("4500000123", "CNY", "RM-0001", 1200)

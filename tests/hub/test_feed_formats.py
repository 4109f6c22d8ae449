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
    "csv_orders": ("erp", "delimited", "erp_orders"),
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
    assert (explained["steps"][0]["raw"], explained["steps"][0]["mapping"]) == ("12.5", "json/k3cloud_purchase_order_save version 3")


def test_a_fault_in_a_workbook_is_told_by_its_cell(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    book = openpyxl.load_workbook(SAMPLES / "spreadsheet" / "supplier_confirmations.xlsx")
    book.active["J3"] = "viel"
    book.save(tmp_path / "bad.xlsx")
    said = udihub("check", str(tmp_path / "bad.xlsx"), "--partner", "jn")
    assert said.exit_code == 1
    (line,) = [line for line in said.stdout.splitlines() if "FED-06" in line]
    assert line.split()[:3] == ["error", "FED-06", f"{book.active.title}!J3"]
    (tmp_path / "bad.xlsx").write_bytes((tmp_path / "bad.xlsx").read_bytes()[:3000])
    assert udihub("check", str(tmp_path / "bad.xlsx"), "--partner", "jn").exit_code == 2


def places(udihub, file: Path, partner: str) -> dict[str, tuple[object, ...]]:  # type: ignore[no-untyped-def]
    """By rule, the first finding's sheet or line code, row, column, line of the file and path."""
    answer = json.loads(udihub("check", str(file), "--partner", partner, "--json").stdout)
    found = [
        finding for around in answer["interchanges"] for group in around["groups"] for m in group["messages"] for finding in m["findings"]
    ]
    keys = ("segment", "position", "element", "line", "path")
    return {one["rule"]: tuple(one["place"][key] for key in keys) for one in reversed(found)}


def test_what_mapping_and_rules_find_in_a_csv_is_told_by_row_column_and_line(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    head, first, *_ = (SAMPLES / "delimited" / "erp_orders.csv").read_text(encoding="utf-8").splitlines()
    columns = head.split(";")
    first = first.replace("聚醚醚酮颗粒; 医用级", "two\nlines")
    second = dict(zip(columns, first.replace('"two\nlines"', "x").split(";"), strict=True))
    second |= {"line": "20", "gtin": "06970000002012", "unit": "Fass"}
    (tmp_path / "orders.csv").write_text("\n".join([head, first, ";".join(second.values()), ""]), encoding="utf-8")
    told = places(udihub, tmp_path / "orders.csv", "erp")
    assert told["GS1-01"] == (None, 3, columns.index("gtin") + 1, 4, "lines[1].gtin")
    assert told["MAP-03"] == (None, 3, columns.index("unit") + 1, 4, "row[2]/unit")
    said = udihub("check", str(tmp_path / "orders.csv"), "--partner", "erp").stdout
    assert f"row 3, column {columns.index('gtin') + 1}" in said


def test_what_stands_behind_a_line_break_within_a_row_is_told_by_its_own_line(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    head, first, *_ = (SAMPLES / "delimited" / "erp_orders.csv").read_text(encoding="utf-8").splitlines()
    columns = head.split(";")
    row = dict(zip(columns, first.replace('"聚醚醚酮颗粒; 医用级"', '"two\r\nmore\nlines"').split(";"), strict=True))
    rows = [";".join({**row, "line": line, "unit": unit}.values()) for line, unit in (("10", "KG"), ("20", "Fass"))]
    (tmp_path / "orders.csv").write_bytes("\n".join([head, *rows, ""]).encode())
    assert places(udihub, tmp_path / "orders.csv", "erp")["MAP-03"] == (None, 3, columns.index("unit") + 1, 7, "row[2]/unit")
    rows[1] = rows[1].replace(row["quantity"], "viel", 1)
    (tmp_path / "orders.csv").write_bytes("\n".join([head, *rows, ""]).encode())
    assert places(udihub, tmp_path / "orders.csv", "erp")["FED-06"] == (None, 3, columns.index("quantity") + 1, 7, "quantity")


def test_what_mapping_and_rules_find_in_a_workbook_is_told_by_sheet_and_cell(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    book = openpyxl.load_workbook(SAMPLES / "spreadsheet" / "supplier_confirmations.xlsx")
    book.active["G3"] = "06901234500012"
    book.active["K2"] = "Fass"
    book.save(tmp_path / "bad.xlsx")
    told = places(udihub, tmp_path / "bad.xlsx", "jn")
    assert told["GS1-01"] == ("确认", 3, 7, 3, "lines[1].gtin")
    assert told["MAP-03"][:3] == ("确认", 2, 11)
    said = udihub("check", str(tmp_path / "bad.xlsx"), "--partner", "jn").stdout.splitlines()
    assert [line.split()[2] for line in said if "GS1-01" in line or "MAP-03" in line] == ["确认!K2", "确认!G3"]


def test_what_rules_find_in_lines_of_fixed_width_is_told_by_line_and_character(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = (SAMPLES / "fixed" / "wms_shipments.txt").read_text(encoding="utf-8")
    (tmp_path / "bad.txt").write_text(text.replace("06901234500059", "06901234500050", 1), encoding="utf-8")
    line = next(at for at, one in enumerate(text.splitlines(), 1) if "06901234500059" in one)
    first = text.splitlines()[line - 1].index("06901234500059") + 1
    assert places(udihub, tmp_path / "bad.txt", "wms")["GS1-01"][1:4] == (line, first, line)


def test_a_record_is_written_as_a_workbook(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    record = json.loads(
        udihub("map", str(SAMPLES / "spreadsheet" / "supplier_confirmations.xlsx"), "--partner", "jn").stdout.splitlines()[0]
    )
    (tmp_path / "record.json").write_text(json.dumps(record))
    written = udihub("write", str(tmp_path / "record.json"), "--to", "spreadsheet/supplier_confirmations")
    assert written.exit_code == 0
    sheet = openpyxl.load_workbook(io.BytesIO(written.stdout_bytes)).active
    assert (sheet["A2"].value, sheet["C2"].value, sheet["F2"].value, sheet["J2"].value) == ("4500000123", "CNY", "RM-0001", 1200)

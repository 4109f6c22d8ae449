"""Names of mappings, and what is said to whoever writes another."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from hub.cli import application

ORDER = {
    "entity": "PurchaseOrder",
    "number": "45",
    "issued_at": "2026-11-22T08:00:00+01:00",
    "lines": [{"line": "1", "gtin": "06901234000023", "quantity": "5", "unit": "EA"}],
}


def udihub(tmp_path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(application(), list(arguments), env={"UDIHUB_HOME": str(tmp_path), "UDIHUB_SITE": str(tmp_path / "none")})


def test_mappings_are_listed_by_the_names_that_write_takes(tmp_path: Path) -> None:
    run = udihub(tmp_path, "mapping", "list", "ubl", "--json")
    found = {entry["mapping"]: entry for entry in map(json.loads, run.stdout.splitlines())}
    assert found["ubl/Order"]["entity"] == "PurchaseOrder"
    assert "ubl/party" not in found, "rows for others to use are no mapping"
    assert "there is no mapping of a format ubel" in str(udihub(tmp_path, "mapping", "list", "ubel").exception)
    assert "did you mean ubl" in str(udihub(tmp_path, "grammar", "list", "ubel").exception)


def test_what_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text(json.dumps(ORDER))
    assert "did you mean idoc/ORDERS" in str(udihub(tmp_path, "write", str(file), "--to", "idoc/ORDERS05").exception)
    assert "00501 is no version: X12 has six digits" in str(
        udihub(tmp_path, "write", str(file), "--to", "x12/850", "--version", "00501").exception
    )
    file.write_text(json.dumps({**ORDER, "lines": [{"gtn": "1"}]}))
    said = str(udihub(tmp_path, "write", str(file), "--to", "x12/850").exception)
    assert "lines[0].gtn: there is no such member; did you mean gtin" in said and "pydantic" not in said


def test_what_a_document_does_not_say_of_a_record_is_told_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    line = {"line": "10", "description": "导丝", "quantity": "5", "unit": "EA"}
    file.write_text(
        json.dumps({**ORDER, "supplier": {"name": "Jiangnan", "code": "S-17", "code_scheme": "assigned_by_buyer"}, "lines": [line]})
    )
    run = udihub(tmp_path, "write", str(file), "--to", "edifact/ORDERS")
    assert run.exit_code == 0 and "IMD+F++:::????'" in run.stdout
    assert "warning  OUT-05" in run.stderr and "导丝" in run.stderr and "OUT-05" not in run.stdout
    run = udihub(tmp_path, "write", str(file), "--to", "ubl/Order")
    assert run.exit_code == 0 and "supplier.code_scheme is not carried by this mapping" in run.stderr and "导丝" in run.stdout

"""`udihub map --compare`: a map held against what it should say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from data_contracts.errors import ConfigError
from hub.cli import application
from hub.compare import differences, expected_entities
from tests.hub_api.papers import orders

SITE = Path(__file__).parents[1] / "samples" / "site"
AT = datetime(2026, 11, 22, 8, 30, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("expected", "got", "paths"),
    [
        ({"number": "1", "lines": [{"quantity": "120"}]}, {"number": "1", "lines": [{"quantity": Decimal("120.0")}]}, []),
        ({"number": "1", "lines": [{"quantity": 120}]}, {"number": "1", "lines": [{"quantity": Decimal("120.5")}]}, ["lines[0].quantity"]),
        ({"number": "1", "lines": [{"quantity": "viel"}]}, {"number": "1", "lines": [{"quantity": Decimal(1)}]}, ["lines[0].quantity"]),
        ({"number": "1"}, {"number": "1", "entity": "PurchaseOrder", "issued_at_source": "profile", "lines": []}, []),
        ({"number": "1", "entity": "Invoice"}, {"number": "1", "entity": "PurchaseOrder"}, ["entity"]),
        ({"number": "1", "issued_at": "2026-11-22T00:30:00Z"}, {"number": "1", "issued_at": AT}, []),
        ({"number": "1", "issued_at": "2026-11-22T08:30:00"}, {"number": "1", "issued_at": AT}, ["issued_at"]),
        ({"number": "1", "ship_to": {"gln": "1"}}, {"number": "1", "ship_to": {"gln": "1", "name": "x"}}, ["ship_to.name"]),
        ({"number": "1", "lines": [{}, {"line": "2"}]}, {"number": "1", "lines": [{"line": "1", "@": 3}]}, ["lines[0].line", "lines[1]"]),
        ({"number": "1", "lot_controlled": "true"}, {"number": "1", "lot_controlled": True}, ["lot_controlled"]),
        ({"number": "1", "serials": ["a", "b"]}, {"number": "1", "serials": ["a", "c"]}, ["serials[1]"]),
        ({"number": "1"}, {"number": "2"}, ["[0] 1", "[1] 2"]),
    ],
)
def test_what_differs(expected: dict, got: dict, paths: list[str]) -> None:  # type: ignore[type-arg]
    found = differences([expected], [got])
    if paths and paths[0].startswith("["):
        assert len(found) == 2 and {difference.expected is None for difference in found} == {True, False}
        return
    assert [difference.path for difference in found] == paths


def test_documents_are_paired_by_number_else_in_order() -> None:
    one, two = {"number": "1", "a": "x"}, {"number": "2", "a": "y"}
    assert differences([one, two], [two, one]) == []
    assert [d.path for d in differences([one, two], [one])] == ["[1] 2"]
    assert [d.path for d in differences([one], [one, two])] == ["[1] 2"]
    assert [d.path for d in differences([one, one], [one, {**one, "a": "z"}])] == ["[1].a"]
    assert differences([], []) == []


def test_expected_is_an_object_an_array_or_lines(tmp_path: Path) -> None:
    path = tmp_path / "expected"
    for text, count in (('{"number": "1"}', 1), ('[{"number": "1"}, {}]', 2), ('{"a": 1.10}\n\n{"b": 2}\n', 2), ("[]", 0)):
        path.write_text(text)
        assert len(expected_entities(path)) == count
    path.write_text('{"a": 1.10}\n{"b": 2}\n')
    assert expected_entities(path)[0] == {"a": Decimal("1.10")}
    for text in ("[1]", '{"a": 1}\n{', "x"):
        path.write_text(text)
        with pytest.raises(ConfigError, match="expected"):
            expected_entities(path)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(SITE))
    monkeypatch.setenv("UDIHUB_LANG", "en")
    sample, expected = tmp_path / "orders.json", tmp_path / "expected.jsonl"
    sample.write_bytes(orders("4500000001"))

    def run(*more: str) -> Result:
        return CliRunner().invoke(application(), ["map", str(sample), "--partner", "erp", "--agreement", "orders_north", *more])

    mapped = [json.loads(line) for line in run().stdout.splitlines() if line.startswith("{")]
    expected.write_text("\n".join(json.dumps(entity) for entity in mapped))
    same = run("--compare", str(expected))
    assert same.exit_code == 0 and "equal" in same.output
    mapped[0]["lines"][0]["quantity"] = "7"
    mapped[0]["currency"] = None
    expected.write_text(json.dumps(mapped[0]))
    differs = run("--compare", str(expected))
    assert differs.exit_code == 1
    quantity = next(line for line in differs.stdout.splitlines() if "quantity" in line)
    assert quantity == (
        'lines[0].quantity: expected "7", found "24", from lines/quantity (line 1) "24"'
        " by {to: quantity, from: quantity, as: json_number} of json/erp_orders version 1"
    )
    assert any(line.startswith("currency: expected nothing, found ") for line in differs.stdout.splitlines())
    answer = json.loads(run("--compare", str(expected), "--json").stdout)
    assert list(answer) == ["file", "expected", "equal", "differences", "findings"] and answer["equal"] is False
    assert {difference["path"] for difference in answer["differences"]} == {"lines[0].quantity", "currency"}
    came = next(difference["from"] for difference in answer["differences"] if difference["path"] == "lines[0].quantity")
    assert (came["path"], came["raw"], came["mapping"]) == ("lines/quantity", "24", "json/erp_orders version 1")
    monkeypatch.setenv("UDIHUB_LANG", "zh-CN")
    assert 'lines[0].quantity：应为 "7"，实为 "24"，来自 ' in run("--compare", str(expected)).stdout
    monkeypatch.setenv("UDIHUB_LANG", "en")
    sample.write_bytes(b"")
    assert run("--compare", str(expected)).exit_code == 2
    assert not (tmp_path / "home").exists(), "nothing is stored"


def test_moments_are_equal_whatever_their_offset() -> None:
    assert (
        differences([{"number": "1", "issued_at": "2026-11-22T00:30:00+00:00"}], [{"number": "1", "issued_at": AT.astimezone(UTC)}]) == []
    )


def test_what_a_workbook_says_otherwise_is_told_by_its_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = SITE.parent
    site = tmp_path / "site"
    for name, text in {
        "site.yaml": "version: 1\nname: T\norganisations: [{key: north, name: North, time_zone: Asia/Shanghai, currency: CNY}]\n",
        "partners/jn.yaml": "version: 1\npartner: jn\nname: Jiangnan\nkind: supplier\n",
        "agreements/confirmations.yaml": "version: 1\nagreement: confirmations\npartner: jn\norganisation: north\ndirection: in\n"
        "format: spreadsheet\ngrammar: supplier_confirmations\n"
        "messages: [{type: supplier_confirmations, mapping: spreadsheet/supplier_confirmations}]\n",
    }.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(site))
    monkeypatch.setenv("UDIHUB_LANG", "en")
    workbook = str(samples / "spreadsheet" / "supplier_confirmations.xlsx")
    mapped = CliRunner().invoke(application(), ["map", workbook, "--partner", "jn"]).stdout
    entities = [json.loads(line) for line in mapped.splitlines() if line.startswith("{")]
    entities[0]["lines"][1]["quantity"] = "5"
    entities[0]["lines"][1]["gtin"] = "06901234500059"
    (tmp_path / "expected.json").write_text(json.dumps(entities))
    said = CliRunner().invoke(application(), ["map", workbook, "--partner", "jn", "--compare", str(tmp_path / "expected.json")]).stdout
    assert '[0].lines[1].quantity: expected "5", found "4.5", from 确认!J3 "4.5" by {to: quantity, from: quantity, as: decimal} of' in said
    assert '[0].lines[1].gtin: expected "06901234500059", found nothing, since nothing in the document gives it' in said

"""`udihub contract` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from data_contracts import contract
from hub.cli import application


@pytest.fixture
def udihub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(tmp_path / "site"))
    monkeypatch.setenv("UDIHUB_LANG", "en")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(application(), ["contract", *arguments])

    return run


def written(folder: Path, *edits: tuple[str, str]) -> Path:
    text = contract.path_of("items").read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "items.odcs.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_check_names_file_line_and_rule_and_its_exit_code_tells(udihub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    assert udihub("check").exit_code == 0
    path = written(tmp_path / "site" / "contracts", ("version: 1.0.0", "version: '1'"))
    done = udihub("check", "items")
    assert done.exit_code == 1 and f"{path}:6: error CON-06" in done.stdout
    monkeypatch.setenv("UDIHUB_LANG", "zh-CN")
    (told,) = json.loads(udihub("check", str(path), "--json").stdout)
    assert not told["valid"] and "版本号" in next(one for one in told["findings"] if one["rule"] == "CON-06")["message"]


def test_check_tells_drift_from_the_hubs_dataset(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = written(tmp_path / "new", ("- name: gtin_remainder", "- name: remainder"), ("gtin_remainder", "remainder"))
    text = path.read_text(encoding="utf-8").replace("gtin_remainder", "remainder")
    path.write_text(text, encoding="utf-8")
    done = udihub("check", str(path))
    assert done.exit_code == 1 and "CON-25" in done.stdout and "CON-26" in done.stdout


def test_all_faults_of_all_contracts_come_at_once(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "site" / "contracts"
    items = written(
        folder, ("version: 1.0.0", "version: '1'"), ("dimension: completeness", "dimension: beauty"), ("- name: status", "- name: state")
    )
    (folder / "broken.odcs.yaml").write_text("kind: [", encoding="utf-8")
    (folder / "Ill named.odcs.yaml").write_text("kind: DataContract\n", encoding="utf-8")
    done = udihub("check")
    assert done.exit_code == 1
    of_items = [line for line in done.stdout.splitlines() if line.startswith(f"{items}:") and "error" in line]
    assert {rule for rule in ("CON-02", "CON-06", "CON-25", "CON-26") if any(rule in line for line in of_items)} == {
        "CON-02", "CON-06", "CON-25", "CON-26",
    }, done.stdout  # fmt: skip
    assert any(line.startswith(f"{folder / 'broken.odcs.yaml'}:") and "error CON-01" in line for line in done.stdout.splitlines())
    assert f"{folder / 'Ill named.odcs.yaml'}:1: error CON-02" in done.stdout
    assert "order_lines.odcs.yaml: valid" in done.stdout
    some = udihub("check", "nothing", "items", "./absent.yaml")
    assert "CON-06" in some.stdout and "'nothing'" in str(some.exception) and "absent.yaml" in str(some.exception)


@pytest.mark.parametrize(
    ("edits", "side", "code", "said"),
    [
        ([], (), 0, "no change"),
        ([("version: 1.0.0", "version: 1.0.1"), ("name: Data stewards", "name: Ann")], (), 0, "compatible"),
        ([("version: 1.0.0", "version: 2.0.0"), ("- name: status", "- name: state")], (), 1, "BREAKING   CON-31"),
        ([("version: 1.0.0", "version: 1.1.0"), ("- name: status", "- name: state")], (), 2, "CON-50"),
        ([("name: Data stewards", "name: Ann")], (), 2, "CON-51"),
        ([("version: 1.0.0", "version: 1.1.0"), ("severity: error", "severity: warning")], ("--for", "writers"), 0, "compatible CON-43"),
    ],
)
def test_diff_names_changes_and_its_exit_code_tells(udihub, tmp_path: Path, edits, side, code: int, said: str) -> None:  # type: ignore[no-untyped-def]
    old, new = written(tmp_path / "old"), written(tmp_path / "new", *edits)
    done = udihub("diff", str(old), str(new), *side)
    assert (done.exit_code, said in done.stdout) == (code, True), done.stdout
    answer = json.loads(udihub("diff", str(old), str(new), *side, "--json").stdout)
    assert answer["breaking"] == (code == 1 or "CON-50" in said)


def test_docs_are_pages_schemas_and_suites(udihub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    assert udihub("docs", "items").stdout.startswith("# Data contract `items`: Items\n")
    monkeypatch.setenv("UDIHUB_LANG", "zh-CN")
    done = udihub("docs", "--as", "html", "--out", str(tmp_path / "pages"))
    assert done.exit_code == 0 and len(done.stdout.splitlines()) == len(contract.names())
    page = (tmp_path / "pages" / "items.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and "数据契约" in page and "<script" not in page and "http" not in page.split("</style>")[1]
    schema = json.loads(udihub("docs", "items", "--as", "json-schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    suite = json.loads(udihub("docs", "items", "--as", "expectations").stdout)
    assert {one["meta"]["rule"] for one in suite["expectations"]} == {rule.id for rule in contract.named("items").rules}


def test_an_unknown_name_is_told(udihub) -> None:  # type: ignore[no-untyped-def]
    assert "known are" in str(udihub("docs", "nothing").exception)
    assert "no such file" in str(udihub("check", "./nothing.yaml").exception)

"""`partner selftest`: a partner's file told in both languages, as lines, JSON and a page; no home is made, no store opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_contracts.errors import ConfigError
from hub.cli import application
from tests.hub_api.papers import ACME, WRONG_GTIN, despatch, interchange

SITE = Path(__file__).parents[2] / "samples" / "site"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UDIHUB_SITE", str(SITE))
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_LANG", "en")
    (tmp_path / "asn.edi").write_bytes(interchange(ACME, 1, despatch("SHPA1", quantity="20"), despatch("SHPA2", gtin=WRONG_GTIN)))
    (tmp_path / "good.edi").write_bytes(interchange(ACME, 1, despatch("SHPA1", quantity="20")))
    (tmp_path / "noise").write_bytes(b"\x00\x01" * 50)
    return tmp_path


def test_a_file_is_told_line_by_line_with_its_answer(folder: Path) -> None:
    told = CliRunner().invoke(application(), ["partner", "selftest", str(folder / "asn.edi"), "--partner", "acme"])
    assert told.exit_code == 1, told.output
    assert "asn.edi: would be held for a person" in told.output
    assert "Message 1: 856 004010 0001: would be taken in" in told.output and "GS1-01" in told.output
    assert "ST*997*" in told.output and "Not judged here" in told.output
    assert not (folder / "home").exists(), "nothing is stored"


def test_the_partner_reads_it_in_chinese_and_as_a_page(folder: Path) -> None:
    asked = ["partner", "selftest", str(folder / "asn.edi"), "--partner", "acme", "--lang", "zh", "--html", str(folder / "page.html")]
    told = CliRunner().invoke(application(), asked)
    assert told.exit_code == 1 and "将被搁置" in told.output
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert page.startswith('<!DOCTYPE html>\n<html lang="zh-CN">') and "自测报告：asn.edi" in page
    assert "<code>ST*997*0001~</code>" in page and "SHPA1" in page and "<script" not in page


def test_scripts_read_json_and_the_exit_code(folder: Path) -> None:
    good = CliRunner().invoke(application(), ["partner", "selftest", str(folder / "good.edi"), "--partner", "acme", "--json"])
    assert good.exit_code == 0 and json.loads(good.output)["verdict"] == "taken"
    noise = CliRunner().invoke(application(), ["partner", "selftest", str(folder / "noise"), "--partner", "acme", "--json"])
    assert noise.exit_code == 2 and json.loads(noise.output)["verdict"] == "unreadable"
    gone = CliRunner().invoke(application(), ["partner", "selftest", str(folder / "gone"), "--partner", "acme"])
    assert gone.exit_code == 2
    for wrong in (["--partner", "nobody"], ["--partner", "acme", "--agreement", "nothing"], ["--partner", "acme", "--lang", "fr"]):
        refused = CliRunner().invoke(application(), ["partner", "selftest", str(folder / "good.edi"), *wrong])
        assert isinstance(refused.exception, ConfigError)

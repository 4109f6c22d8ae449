"""`udihub grammar` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from data_contracts.errors import ConfigError
from hub.cli import application

SITE = Path(__file__).parents[2] / "samples" / "site"


@pytest.fixture
def udihub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(SITE))
    monkeypatch.setenv("UDIHUB_LANG", "en")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(application(), arguments)

    return run


def test_list_and_show(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    listed = udihub("grammar", "list").stdout
    assert "x12/850 " in listed and "delimited/erp_orders " in listed
    only = udihub("grammar", "list", "xml").stdout.splitlines()
    assert only and all(line.startswith("xml/") for line in only)
    shown = udihub("grammar", "show", "x12/850", "--version", "005010")
    assert shown.exit_code == 0 and shown.stdout.startswith("# 850 Purchase Order (005010)\n")
    done = udihub("grammar", "show", "x12/850", "--html", "--out", str(tmp_path / "850.html"))
    assert done.exit_code == 0 and done.stdout == ""
    assert (tmp_path / "850.html").read_text().startswith("<!DOCTYPE html>")


def test_the_page_speaks_the_language_of_the_setting(udihub, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("UDIHUB_LANG", "zh-CN")
    shown = udihub("grammar", "show", "json/erp_orders", "--html").stdout
    assert '<html lang="zh-CN">' in shown and "采购订单" in shown and "必填" in shown


def test_a_sites_own_grammar_is_listed_before_the_site_is_whole(udihub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "site" / "grammars" / "json").mkdir(parents=True)
    (tmp_path / "site" / "grammars" / "json" / "ours.yaml").write_text(
        "version: 1\ngrammar: ours\nformat: json\nmessage: ours\nmessages: .\nfields: {a: {type: text}}\n"
    )
    monkeypatch.setenv("UDIHUB_SITE", str(tmp_path / "site"))
    assert "json/ours " in udihub("grammar", "list").stdout
    assert "| `a` | text |" in udihub("grammar", "show", "json/ours").stdout


@pytest.mark.parametrize(("name", "words"), [("850", "format and message"), ("x12/859", "did you mean"), ("json/", "format and message")])
def test_a_mistake_is_answered_in_words(udihub, name: str, words: str) -> None:  # type: ignore[no-untyped-def]
    done = udihub("grammar", "show", name)
    assert isinstance(done.exception, ConfigError) and words in str(done.exception)

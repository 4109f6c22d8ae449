"""The report opens on a closed network, tells every failing row, and lets nothing from outside become markup or a formula."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from lxml import html

from data_contracts import contract
from data_contracts.contract import DIMENSIONS
from hub.quality import report, run, scorecard, words
from hub.store.database import Database
from tests.hub.world import World, order

HOSTILE = '<script>alert("x")</script>'


def written(database: Database, folder: Path) -> dict[str, str]:
    with database.read() as connection:
        return {path.name: path.read_text(encoding="utf-8-sig") for path in report.write(connection, folder)}


@pytest.fixture
def judged(database: Database) -> Database:
    world = World(database)
    rows = [{"line": str(n), "item_code": HOSTILE, "quantity": Decimal(1), "unit": "<i>", "@": n} for n in range(1, 603)]
    rows += [{"line": "900", "gtin": "06901234567892", "quantity": Decimal(-7), "unit": "EA", "@": 900}]
    world.send(("erp", order("=HYPERLINK(1)&\"'<b>", lines=rows)))
    run.run(database, database.clock, ["order_lines", "exchanges"])
    return database


@pytest.mark.slow
def test_pages_load_nothing_and_run_nothing(judged: Database, tmp_path: Path) -> None:
    pages = written(judged, tmp_path)
    assert set(pages) == {"report.en.html", "report.zh-CN.html", "failures.csv", "trends.csv"}
    for name in ("report.en.html", "report.zh-CN.html"):
        page = pages[name]
        assert not re.search(r"(?i)(https?:)?//[a-z0-9]|url\(|@import|<script|<link|<img|<iframe|javascript:|\son\w+=", page)
        tree = html.fromstring(page)
        assert "default-src 'none'" in tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
        other = "report.zh-CN.html" if "en" in name else "report.en.html"
        targets = set(tree.xpath("//@href"))
        assert other in targets
        assert {t for t in targets if not t.startswith("/console/exchanges/")} == {other, "failures.csv"}


def test_trends_tell_every_run_by_dataset_partner_and_dimension(judged: Database, tmp_path: Path) -> None:
    judged.clock.advance(3600)  # type: ignore[attr-defined]
    run.run(judged, judged.clock, ["order_lines"])
    rows = list(csv.DictReader(written(judged, tmp_path)["trends.csv"].splitlines()))
    assert len({row["at"] for row in rows if row["contract"] == "order_lines"}) == 2
    with judged.read() as connection:
        (card,) = [one for one in scorecard.cards(connection) if one.key == "erp"]
    newest = max(row["at"] for row in rows)
    told = {row["dimension"]: (int(row["checked"]), int(row["failed"])) for row in rows if (row["at"], row["partner"]) == (newest, "erp")}
    assert told["accuracy"] == (card.scores["accuracy"].checked, card.scores["accuracy"].failed)
    assert told["accuracy"][1] > 0 and told["uniqueness"][0] > 0
    with judged.read() as connection:
        page, book = report.write(connection, tmp_path, ["en"], ["html", "xlsx"])
    charts = html.fromstring(page.read_text(encoding="utf-8")).xpath("//section[@class='trend']//figure")
    assert charts and all(len(chart.xpath(".//*[name()='polyline']/@points")[0].split()) == 2 for chart in charts)
    sheets = openpyxl.load_workbook(book)
    assert sheets.sheetnames == ["Results", "Partners", "Over time by dimension", "Over time by dataset", "All runs", "Failing rows"]
    over_time = sheets["Over time by dimension"]
    assert over_time.max_row == 3 and len(over_time._charts) == len(sheets["Over time by dataset"]._charts) == 1
    assert {cell.value for cell in over_time[1]} >= {"Time (UTC)", "accuracy".title()}
    failing = list(sheets["Failing rows"].iter_rows(min_row=2))
    assert len(failing) > 603 and {cell.data_type for row in failing for cell in row[:7]} <= {
        "s",
        "n",
    }  # no formula
    assert any("=HYPERLINK(1)" in str(row[5].value) for row in failing)
    assert len(list(sheets["All runs"].iter_rows(min_row=2))) == len(rows)


def test_the_verdict_of_each_rule_stands_in_the_workbook(database: Database, tmp_path: Path) -> None:
    """One that holds, one that fails within what is tolerated and so holds, one that fails, and one that could not be judged."""
    lines = [{"line": str(n), "item_code": "RM-100", "quantity": Decimal(1), "unit": "EA", "@": n} for n in range(1, 40)]
    lines += [{"line": "40", "gtin": "06901234567892", "quantity": Decimal(-7), "unit": "EA", "@": 40}]
    World(database).send(("erp", order("A", lines=lines)))
    text = (contract.FOLDER / "order_lines.odcs.yaml").read_text(encoding="utf-8")
    tolerant = """          - id: OWN-01
            dimension: completeness
            severity: error
            description: "Hardly any line lacks its item's own number."
            type: library
            metric: nullValues
            unit: percent
            mustBeLessOrEqualTo: 5
"""
    assert "      - name: item_code\n" in text and "WHERE unit_price < 0" in text
    head, _, rest = text.partition("      - name: item_code\n")
    text = f"{head}      - name: item_code\n        quality:\n{tolerant}{rest}".replace("WHERE unit_price < 0", "WHERE absent < 0")
    (tmp_path / "order_lines.odcs.yaml").write_text(text, encoding="utf-8")
    (result,) = run.run(database, database.clock, ["order_lines"], [tmp_path])
    judged = {rule.rule: rule for rule in result.rules}
    broken = next(name for name, rule in judged.items() if rule.error is not None)
    for language, holds, fails, unjudged in (("en", "holds", "fails", "Could not be judged"), ("zh-CN", "成立", "不成立", "无法检查")):
        with database.read() as connection:
            (path,) = report.write(connection, tmp_path / language, [language], ["xlsx"])  # type: ignore[list-item]
        sheet = openpyxl.load_workbook(path).worksheets[0]
        heads = [cell.value for cell in sheet[1]]
        rows = {row[1].value: {head: cell.value for head, cell in zip(heads, row, strict=True)} for row in sheet.iter_rows(min_row=2)}
        verdict = words.word("verdict", language)  # type: ignore[arg-type]
        assert set(rows) == set(judged), "every rule has its row"
        expected = {name: unjudged if rule.error is not None else holds if rule.success else fails for name, rule in judged.items()}
        assert {name: row[verdict] for name, row in rows.items()} == expected
        failed = {name: row[words.word("failed", language)] for name, row in rows.items()}  # type: ignore[arg-type]
        assert (expected["OWN-01"], failed["OWN-01"], judged["OWN-01"].failed) == (holds, 1, 1), "within what is tolerated"
        assert (expected["QLT-50"], failed["QLT-50"]) == (fails, 40) and (expected["QLT-60"], failed["QLT-60"]) == (holds, 0)
        told = rows[broken]
        assert told[verdict] == unjudged and "absent" in told[words.word("not_judged", language)]  # type: ignore[arg-type]


def test_failing_rows_are_told_escaped_and_linked_to_their_message(judged: Database, tmp_path: Path) -> None:
    page = written(judged, tmp_path)["report.en.html"]
    tree = html.fromstring(page)
    shown = ["".join(cell.itertext()) for cell in tree.xpath("//table[@class='rows']//td")]
    assert any(HOSTILE in text for text in shown)
    assert "suzhou/erp/=HYPERLINK(1)&\"'<b>/603" in shown
    assert "quantity -7, unit EA" in shown
    assert "/console/exchanges/1" in tree.xpath("//table[@class='rows']//a/@href")
    assert "500 of 603 shown" in page, "a long list is cut on the page and says so"


def test_the_csv_has_every_row_and_no_formula(judged: Database, tmp_path: Path) -> None:
    rows = list(csv.DictReader(written(judged, tmp_path)["failures.csv"].splitlines()))
    assert len([row for row in rows if row["rule"] == "QLT-50"]) == 603
    assert {row["exchange"] for row in rows} == {"1"}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_a_rule_that_could_not_be_judged_is_shown_as_such(database: Database, tmp_path: Path) -> None:
    World(database).send(("erp", order("A")))
    text = (contract.FOLDER / "order_lines.odcs.yaml").read_text(encoding="utf-8")
    (tmp_path / "order_lines.odcs.yaml").write_text(text.replace("WHERE unit_price < 0", "WHERE absent < 0"), encoding="utf-8")
    run.run(database, database.clock, ["order_lines"], [tmp_path])
    pages = written(database, tmp_path / "out")
    assert "Could not be judged" in pages["report.en.html"]
    assert "无法检查" in pages["report.zh-CN.html"]


def test_without_a_run_the_page_says_what_to_do(database: Database, tmp_path: Path) -> None:
    assert "udihub quality run" in written(database, tmp_path)["report.en.html"]


def test_both_languages_have_every_word() -> None:
    assert all(len(pair) == 2 and all(pair) for pair in words._WORDS.values())
    assert set(DIMENSIONS) <= set(words._WORDS)

"""Guides of every format that has them, in both languages, as Markdown and as a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml
from lxml import etree, html

from connectors.feed import SHIPPED
from connectors.guide_page import as_html
from connectors.guides import guide_of, listed
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError
from data_contracts.findings import Language

NAMED = [*(f"edifact/{name}.yaml" for name in ("segments", "composites", "elements", "service")), "idoc/segments.yaml"]
LISTED = [(entry.format, entry.name) for entry in listed()]


def page(format_name: str, name: str, language: Language) -> etree._Element:
    root: etree._Element = html.document_fromstring(as_html(guide_of(format_name, name, None, STRICT, language), language))
    return root


def test_every_feed_and_x12_have_guides() -> None:
    assert {"x12", "json", "xml", "delimited"} <= {name for name, _ in LISTED}
    assert ("x12", "850") in LISTED and ("json", "erp_orders") in LISTED


@pytest.mark.parametrize(("format_name", "name"), LISTED)
def test_a_page_stands_alone_and_its_tables_are_whole(format_name: str, name: str) -> None:
    for language in ("en", "zh-CN"):
        root = page(format_name, name, language)
        assert root.get("lang") == language and name in (root.findtext(".//title") or "")
        assert root.xpath("//script | //link | //img | //@src | //@href") == []
        assert "url(" not in (root.findtext(".//style") or "")
        for table in root.iter("table"):
            (columns,) = {len(row) for row in table.iter("tr")}
            assert columns >= 2 and len(list(table.iter("tr"))) > 1
        assert "**" not in root.text_content() and "`" not in root.text_content()


def test_a_page_says_what_the_grammar_says() -> None:
    order = page("json", "erp_orders", "zh-CN")
    cells = {row[0].text_content(): [cell.text_content() for cell in row[1:]] for row in order.iter("tr")}
    assert cells["purpose"] == ["文本", "是", "cancelled, changed, new, replaced", ""]
    assert cells["lines/quantity"][:2] == ["小数，小数点为“.”", "是"]
    despatch = page("x12", "856", "en")
    assert any("HL levels nest" in (text.text or "") for text in despatch.iter("p"))
    assert ["\u2003\u2003N4", "Geographic Location", "O", "1"] in [[cell.text_content() for cell in row] for row in despatch.iter("tr")]


def test_every_name_of_edifact_and_idocs_has_a_chinese_one() -> None:
    named, messages = _all_names(NAMED), _messages("[ei]d*/[A-Z]*.yaml")
    chinese = _chinese("names_zh.yaml")
    assert set(chinese) == named | messages and not any(text.isascii() for text in chinese.values())
    assert "## LIN 行项目" in guide_of("edifact", "ORDERS", None, STRICT, "zh-CN")
    assert "## E1EDP01 项目，一般数据" in guide_of("idoc", "ORDERS05", None, STRICT, "zh-CN")


def test_every_name_of_x12_has_a_chinese_one() -> None:
    named, shared = _all_names(["x12/segments.yaml", "x12/elements.yaml"]) | _messages("x12/[0-9]*.yaml"), set(_chinese("names_zh.yaml"))
    chinese = _chinese("names_zh_x12.yaml")
    assert set(chinese) == named - shared and not any(text.isascii() for text in chinese.values())
    despatch = guide_of("x12", "856", None, STRICT, "zh-CN")
    assert "# 856 发货通知与装运清单 (004010)" in despatch and "| **循环 HL** | 层级 | M | 200000 |" in despatch
    assert "| SN102 | 382 | 发货单位数 | M |" in despatch


def _all_names(tables: Sequence[str]) -> set[str]:
    return {name for table in tables for name in _names(yaml.load((SHIPPED / table).read_bytes(), Loader=yaml.CSafeLoader))}


def _messages(pattern: str) -> set[str]:
    return {grammar["name"] for path in SHIPPED.glob(pattern) if "name" in (grammar := yaml.safe_load(path.read_bytes()))}


def _chinese(file: str) -> dict[str, str]:
    names: dict[str, str] = yaml.load((SHIPPED / file).read_bytes(), Loader=yaml.CSafeLoader)
    return names


def _names(table: object) -> Iterator[str]:
    """Every `name` of a table of segments, composites or elements."""
    if isinstance(table, dict):
        yield from (table["name"] for _ in range("name" in table and isinstance(table["name"], str)))
        for below in table.values():
            yield from _names(below)


def test_what_a_grammar_says_cannot_become_markup(tmp_path: Path) -> None:
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "odd.yaml").write_text(
        "version: 1\ngrammar: odd\nformat: json\nmessage: odd\nmessages: .\ntitle: {en: 'a <script>x</script> & b'}\n"
        "fields:\n  'a|b': {type: text, pattern: '[<|>]+', note: 'see <b>`x`</b> &amp; y'}\n"
    )
    profile = Profile(options={"grammar_folders": [str(tmp_path)]})
    text = as_html(guide_of("json", "odd", None, profile))
    root = html.document_fromstring(text)
    assert root.xpath("//script | //b") == []
    assert [cell.text_content() for cell in list(root.iter("tr"))[1]] == ["a|b", "text", "", "[<|>]+", "see <b>x</b> &amp; y"]
    assert re.search(r"<title>json/odd: a &lt;script&gt;", text)


@pytest.mark.parametrize(
    ("format_name", "name", "version", "says"),
    [
        ("x12", "859", None, "did you mean x12/8"),
        ("json", "erp_order", None, "did you mean json/erp_orders"),
        ("json", "erp_orders", "5", "not described in version 5"),
        ("x12", "999", "004010", "not described in version 004010"),
        ("morse", "sos", None, "no format 'morse'"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(format_name: str, name: str, version: str | None, says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        guide_of(format_name, name, version)

"""What findings expect is said in both languages: whoever checks says it once, in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import mappings
from connectors.feed_values import KINDS, Spelling
from data_contracts.findings import Finding
from data_contracts.rules.phrases import _reasons, in_chinese, reason_in_chinese

CHINESE = re.compile("[\u4e00-\u9fff]")
FUNCTIONS = sorted(Path(mappings.__file__).parent.glob("function*.py"))
FORMS = frozenset({"是 / 否"})


def english(text: str) -> bool:
    """Whether a text holds words of English, and not only forms such as YYYY-MM-DD."""
    return re.search(r"[a-z]{2,}", re.sub(r"hh:mm(?::ss)?|hhmmss|Thh:mm:ss|milliseconds|true|false", "", text)) is not None


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_type_of_a_feed_is_described_in_chinese(kind: str) -> None:
    for spelling in (Spelling(), Spelling(",", ".", ("J", "N"))):
        said = KINDS[kind].describe(spelling)
        assert not english(said) or CHINESE.search(in_chinese(said)), said


@pytest.mark.parametrize("path", FUNCTIONS, ids=lambda path: path.stem)
def test_what_every_function_of_mappings_expects_is_said_in_chinese(path: Path) -> None:
    said = re.findall(r'raise ValueError\(f?"([^"]*)"', path.read_text(encoding="utf-8"))
    phrases = [re.sub(r"\{[^}]*\}", "EA", text) for text in said if text not in FORMS]
    assert [text for text in phrases if english(text) and not CHINESE.search(in_chinese(text))] == []


def feed(expected: str) -> Finding:
    return Finding("FED-06", expected=expected, got="ten", params={"field": "qty"})


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (feed("decimal number with '.', thousands ','"), "qty 应为 小数，小数点为“.”，千位分隔符为“,”，实际为 ten。"),
        (feed("a date like 20261122"), "qty 应为 日期，如 20261122，实际为 ten。"),
        (Finding("FED-01", expected="content", got="0 bytes"), "文件为空（0 字节）。"),
        (Finding("XML-01", got="Opening and ending tag mismatch: A line 10 and B"), "XML 格式不正确：起止标签不一致：A（第 10 行）与 B。"),
    ],
)  # fmt: skip
def test_a_finding_in_chinese(finding: Finding, text: str) -> None:
    assert finding.text("zh-CN") == text
    assert finding.as_json("zh-CN")["expected"] == finding.expected, "scripts read the same in every language"


def test_what_a_document_says_is_never_translated() -> None:
    assert "list" in Finding("FED-06", expected="number", got="list", params={"field": "x"}).text("zh-CN")


def reasons(node: object) -> Iterator[str]:
    """Every reason that a mapping gives, wherever it stands."""
    if isinstance(node, dict):
        if isinstance(node.get("reason"), str):
            yield " ".join(node["reason"].split())
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from reasons(child)


def test_why_mappings_pass_something_over_is_said_in_chinese() -> None:
    files = Path(mappings.__file__).parent.rglob("*.yaml")
    said = {text for path in files for text in reasons(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader))}
    assert len(said) > 400
    assert sorted(text for text in said if not CHINESE.search(reason_in_chinese(text))) == []
    assert sorted(set(_reasons()) - said) == [], "what no mapping says any more"


def test_a_finding_says_in_chinese_why_something_was_passed_over() -> None:
    lost = Finding("MAP-12", got="2.5", params={"what": "BSN", "count": "1", "reason": "kind of the time"})
    assert lost.text("zh-CN") == "BSN 的值为 2.5，此映射无法采用（共 1 处）：时间类型。"
    own = Finding("MAP-12", got="2.5", params={"what": "BSN", "count": "1", "reason": "本站点不用"})
    assert own.text("zh-CN").endswith("本站点不用。")

"""Every rule that code can raise is documented, in both languages with the same parameters, and the page is up to date."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from data_contracts import rules
from data_contracts.rules.catalogue import Rule, all_rules
from data_contracts.rules.document import markdown

ROOT = Path(rules.__file__).parents[2]
_LANGUAGE_OF_ITS_OWN = re.compile(r"_zh$")

RAISED = re.compile(r'"((?:GS1|UDI|GLN|SSCC|LOT|SER|QTY|UOM|PRC|CUR|DOC|DTE|TXT|ITM|CTY|PTY)-\d\d)"')
DEFINED = re.compile(r"^([A-Z0-9]+-\d\d):", re.MULTILINE)


def parameters(text: str) -> set[str]:
    return {_LANGUAGE_OF_ITS_OWN.sub("", name) for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_both_languages_tell_the_same(rule: Rule) -> None:
    assert parameters(rule.texts["en"]) == parameters(rule.texts["zh-CN"])
    assert re.search(r"[\u4e00-\u9fff]", rule.texts["zh-CN"])
    assert rule.severity == "error" or rule.action == "none", "what is no error holds nothing up"


def test_every_rule_of_this_room_is_documented_and_used() -> None:
    data_contracts = ROOT / "data_contracts"
    sources = [path for folder in ("rules", "identifiers") for path in (data_contracts / folder).glob("*.py")]
    raised = {rule for path in sources for rule in RAISED.findall(path.read_text(encoding="utf-8"))}
    texts = [data_contracts / "rules" / "texts" / f"{name}.yaml" for name in ("gs1", "udi", "lots", "quantities", "documents")]
    ours = {rule for path in texts for rule in DEFINED.findall(path.read_text(encoding="utf-8"))}
    assert raised == ours


def test_the_page_of_rules_is_up_to_date() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert page == markdown(), "run: python -m data_contracts.rules.document > docs/rules.md"

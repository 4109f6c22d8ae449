"""Presets as files: strict, told in both languages, and documented by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.preset import SHIPPED, Presets, merged
from connectors.preset_document import markdown
from data_contracts.config_texts import told
from data_contracts.errors import ConfigError

PAGE = Path(__file__).parents[2] / "docs" / "presets.md"
LEAVES = st.sampled_from([None, 1, 2])
TREES = st.dictionaries(st.sampled_from("ab"), st.dictionaries(st.sampled_from("ab"), LEAVES) | LEAVES)


def test_the_page_is_what_the_presets_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run: python -m connectors.preset_document > docs/presets.md"


@settings(max_examples=40)
@given(TREES, TREES)
def test_the_nearer_file_always_wins_and_says_it_once(base: dict[str, Any], over: dict[str, Any]) -> None:
    once = merged(base, over)
    assert merged(once, over) == once
    for name, value in over.items():
        if isinstance(value, dict):
            assert all(once[name].get(inner) == said for inner, said in value.items())
        else:
            assert once.get(name) == value and (name in once) == (value is not None)
    assert all(once[name] == value for name, value in base.items() if name not in over)


def test_what_belongs_to_another_scheme_does_not_stay() -> None:
    base = {"auth": {"kind": "basic", "user": "A"}, "paging": {"style": "offset", "size": 5}, "page": [1, 2]}
    over = {"auth": {"kind": "header", "name": "X"}, "paging": {"size": 9}, "page": [3]}
    assert merged(base, over) == {"auth": {"kind": "header", "name": "X"}, "paging": {"style": "offset", "size": 9}, "page": [3]}


@pytest.mark.parametrize(
    ("change", "english", "chinese"),
    [
        ({"prest": 1}, "prest", "预设"),
        ({"preset": "other"}, "its file names it other", "其文件中的名称为 other"),
        ({"resources": {}}, "resources", "预设"),
        ({"transport": {"url": "<nowhere>/x"}}, "<nowhere> stands for nothing", "没有对应的给定值"),
        ({"sources": []}, "sources", "预设"),
        ({"product": {"en": "only English"}}, "zh-CN", "预设"),
    ],
)
def test_a_preset_at_fault_is_told(change: dict[str, object], english: str, chinese: str) -> None:
    """A site's own preset is read as strictly as a shipped one."""
    name = SHIPPED.glob("*.yaml").__next__().stem
    body = yaml.load((SHIPPED / f"{name}.yaml").read_bytes(), Loader=yaml.CSafeLoader) | change
    with pytest.raises(ConfigError) as told_in_english:
        Presets(((name, yaml.safe_dump(body)),)).named(name)
    assert english in str(told_in_english.value) and chinese in told(str(told_in_english.value), "zh-CN")


def test_what_is_no_yaml_and_what_is_not_there_are_told() -> None:
    with pytest.raises(ConfigError, match="is no YAML"):
        Presets((("x", "a: [b"),)).named("x")
    near = Presets().names()[0]
    with pytest.raises(ConfigError, match=near):
        Presets().named(near[:-1])

"""What a faulty file or setting is told, in Chinese too: every text that the code raises, and as people meet it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
import yaml

from data_contracts.config_texts import _FILE, told

ROOT = Path(__file__).parents[2]
TEXTS: dict[str, str] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
ROOMS = ("connectors", "mappings", "data_contracts")


def raised() -> Iterator[tuple[str, str]]:
    """The text of every ConfigError in the code, values as `{}`, and where it is raised. Those made elsewhere are theirs to say."""
    for path in (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "ConfigError" and node.args:
                text = _template(node.args[0])
                if text is not None:
                    yield text, f"{path.relative_to(ROOT)}:{node.lineno}"


def _template(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def test_every_text_of_a_faulty_file_or_setting_has_its_chinese() -> None:
    missing = {text: where for text, where in raised() if text not in TEXTS}
    assert missing == {}, f"write their Chinese into {_FILE.name}"


@pytest.mark.parametrize("english", sorted(TEXTS))
def test_a_translation_keeps_every_value(english: str) -> None:
    asked = english.count("{}")
    fields = [int(field) for _, field, _, _ in Formatter().parse(TEXTS[english]) if field is not None]
    assert sorted(fields) == list(range(asked))
    values = [f"value{number}" for number in range(asked)]
    text = told(english.replace("{}", "%s") % tuple(values) if asked else english, "zh-CN")
    assert all(value in text for value in values) and text != english


def test_a_text_is_told_in_the_readers_language_and_one_that_nobody_knows_as_it_is() -> None:
    said = "codes/x.csv line 3: source value ST stands twice"
    assert told(said, "en") == said
    assert told(said, "zh-CN") == "codes/x.csv 第 3 行：源值 ST 出现两次"
    assert told("nothing like it", "zh-CN") == "nothing like it"

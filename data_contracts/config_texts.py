"""What is wrong with a file or a setting, in the reader's language.

Loaders raise ConfigError with an English text, which logs and scripts keep. Where people read it (`udihub partner check`, `grammar show`,
`mapping check`, the command line's errors), it is told in theirs: `config_texts.yaml` has the Chinese of every text, found by its shape.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

from data_contracts.findings import Language

_FILE = Path(__file__).with_suffix(".yaml")
_DEEPEST = 3
"""Texts within texts: a mapping's error that quotes a path's."""


def told(text: str, language: Language, file: Path = _FILE) -> str:
    """A text in a language, by the shapes of a file: ConfigErrors' by default; one that has no translation stays English.

    >>> told("units.csv line 3: source value ST stands twice", "zh-CN")
    'units.csv 第 3 行：源值 ST 出现两次'
    """
    return text if language == "en" else _chinese(text, _DEEPEST, file)


def _chinese(text: str, depth: int, file: Path) -> str:
    for pattern, chinese in _shapes(file):
        found = pattern.fullmatch(text)
        if found is not None:
            values = [_chinese(value, depth - 1, file) if depth and " " in value else value for value in found.groups()]
            return chinese.format(*values)
    return text


@cache
def _shapes(file: Path) -> list[tuple[re.Pattern[str], str]]:
    """English shapes and their Chinese, those that say most first: `{}: {}` fits anything with a colon."""
    texts: dict[str, str] = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    known = sorted(texts.items(), key=lambda text: -len(text[0].replace("{}", "")))
    return [(re.compile("(.*?)".join(map(re.escape, english.split("{}"))), re.DOTALL), chinese) for english, chinese in known]

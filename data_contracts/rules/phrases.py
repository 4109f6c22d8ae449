"""What findings expect, in the reader's language.

A check says once what it expected, in English (`a date like 20261122`). `phrases.yaml` has the Chinese of every such phrase; what stands
in no phrase (a code, a form, a name of the standard) is the same in both languages. `reasons_zh.yaml` has that of the reasons for which
mappings pass something over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_suffix(".yaml")
_REASONS = Path(__file__).with_name("reasons_zh.yaml")


@cache
def _phrases() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns in order, with the Chinese that they become."""
    pairs: list[list[str]] = yaml.load(_FILE.read_bytes(), Loader=yaml.CSafeLoader)
    return tuple((re.compile("(.+?)".join(re.escape(part) for part in english.split("{}"))), chinese) for english, chinese in pairs)


@cache
def _reasons() -> Mapping[str, str]:
    reasons: dict[str, str] = yaml.load(_REASONS.read_bytes(), Loader=yaml.CSafeLoader)
    return reasons


def reason_in_chinese(reason: str) -> str:
    """Why a mapping passes something over, in Chinese; as the mapping says it where it is a site's own."""
    return _reasons().get(" ".join(reason.split()), reason)


@lru_cache(maxsize=4096)
def in_chinese(phrase: str) -> str:
    """The phrase in Chinese; itself where it is none that anybody wrote down."""
    for pattern, chinese in _phrases():
        match = pattern.fullmatch(phrase)
        if match is not None:
            return chinese.format(*match.groups())
    return phrase

"""What the console says, in English and Chinese: `texts.yaml` beside this module, and the words for states that `/v1` has too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import yaml

from data_contracts.findings import Language
from hub_api.languages import state_words

LANGUAGES: tuple[Language, ...] = ("en", "zh-CN")
OWN_NAMES: Mapping[Language, str] = {"en": "English", "zh-CN": "中文"}
"""How each language calls itself, for the switch."""

Say = Callable[..., str]


@cache
def all_texts() -> Mapping[str, Mapping[str, str]]:
    """Every text by its dotted key, then by language."""
    loaded = yaml.load((Path(__file__).parent / "texts.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    loaded["state"] = state_words()
    return {f"{section}.{name}": texts for section, entries in loaded.items() for name, texts in entries.items()}


def say(language: Language, key: str, **params: object) -> str:
    """The text of a key with its placeholders filled. Raises KeyError for an unknown key."""
    return all_texts()[key][language].format(**params)


def word(language: Language, section: str, value: str | None) -> str:
    """A value of the store (a state, a kind) as a word; as it is where no word is known; a dash for null."""
    if value is None:
        return "–"
    known = all_texts().get(f"{section}.{value}")
    return known[language] if known is not None else value

"""Why two records are taken for one, in words that a steward reads: `address the same +2.0`, `地址 相同 +2.0`.

A search keeps its reasons as plain values (what was compared, how it compares, the weight in bits); what was told as it came in, and what
a person noted, is one word. Words that are not known here are shown as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from data_contracts.findings import Language


def in_words(reason: Any, language: Language) -> str:
    """One reason: a word, or an object with `field` and, as far as they are known, `level`, `why` and `weight`."""
    if not isinstance(reason, Mapping):
        return _word("compared", str(reason), language)
    parts = [_word("compared", str(reason.get("field", "")), language)]
    if (level := reason.get("level")) is not None:
        parts.append(_word("how", str(level), language))
    if (why := reason.get("why")) is not None:
        parts.append(str(why))
    if (weight := reason.get("weight")) is not None:
        parts.append(f"{weight:+.1f}" if isinstance(weight, int | float) else str(weight))
    return " ".join(part for part in parts if part)


@cache
def words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """All words: `compared` and `how`, each by name, in both languages."""
    loaded: Mapping[str, Mapping[str, Mapping[str, str]]] = yaml.safe_load(Path(__file__).with_name("reasons.yaml").read_text("utf-8"))
    return loaded


def _word(part: str, name: str, language: Language) -> str:
    known = words()[part].get(name)
    return known[language] if known is not None else name

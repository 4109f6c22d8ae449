"""The lists of words that names are compared by (`words.yaml`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml


@cache
def _lists() -> dict[str, str]:
    return yaml.load(Path(__file__).with_name("words.yaml").read_bytes(), Loader=yaml.CSafeLoader)  # type: ignore[no-any-return]


@cache
def listed(name: str) -> tuple[str, ...]:
    """The words of a list."""
    return tuple(_lists()[name].split())

"""What segments, elements and messages of X12, EDIFACT and IDocs are called in the reader's language, for the guides that partners get.

The tables by which messages are read name them in English; their Chinese names are data beside the tables (`grammars/names_zh*.yaml`), by
the English one, so that a name which several tables use is written once. A site's own segments have no other name than their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from data_contracts.findings import Language


def named(name: str, language: Language) -> str:
    """The name in a language; as the table has it where there is none.

    >>> named("Line item", "zh-CN"), named("Line item", "en"), named("A site's own segment", "zh-CN")
    ('行项目', 'Line item', "A site's own segment")
    """
    return _chinese().get(name, name) if language == "zh-CN" else name


@cache
def _chinese() -> Mapping[str, str]:
    names: dict[str, str] = {}
    for path in sorted((Path(__file__).parent / "grammars").glob("names_zh*.yaml")):
        names.update(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader))
    return names

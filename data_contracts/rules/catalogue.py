"""The catalogue of rules: public ids, severities, consequences and texts in English and Chinese.

One YAML file per family in `texts/` beside this module. An entry:

    GS1-01:
      severity: error          # error | warning | info
      action: message          # none | row | message | flow: the consequence unless an agreement says otherwise
      dimension: conformity    # ODCS quality dimension: accuracy completeness conformity consistency coverage timeliness uniqueness
      en: "Check digit of {what} should be {expected}, is {got}."
      zh-CN: "{what} 的校验位应为 {expected}，实际为 {got}。"
      source: "GS1 General Specifications 7.9"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from data_contracts.rules.phrases import in_chinese, reason_in_chinese

_FOLDER = Path(__file__).parent / "texts"
_CHINESE: Mapping[str, Callable[[str], str]] = {"document": in_chinese, "reason": reason_in_chinese}


class _Blank(dict[str, str]):
    """Leaves a placeholder that has no parameter empty, so that a text never fails to render."""

    def __missing__(self, key: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of the catalogue."""

    id: str
    severity: Literal["error", "warning", "info"]
    action: Literal["none", "row", "message", "flow"]
    dimension: str
    texts: Mapping[str, str]
    source: str

    def text(self, language: str, params: Mapping[str, str]) -> str:
        """The rule's sentence in a language, English if it has no other."""
        template = self.texts.get(language) or self.texts["en"]
        if language == "zh-CN":
            params = {name: _CHINESE[name](said) if name in _CHINESE else said for name, said in params.items()}
        return " ".join(template.format_map(_Blank(params)).split())


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by id. Raises ValueError when two files define the same id."""
    rules: dict[str, Rule] = {}
    for path in sorted(_FOLDER.glob("*.yaml")):
        entries = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) or {}
        for rule_id, entry in entries.items():
            if rule_id in rules:
                raise ValueError(f"rule {rule_id} is defined twice, the second time in {path.name}")
            rules[rule_id] = Rule(
                id=rule_id,
                severity=entry["severity"],
                action=entry["action"],
                dimension=entry["dimension"],
                texts={"en": entry["en"], "zh-CN": entry["zh-CN"]},
                source=entry.get("source", ""),
            )
    return rules


def rule_named(rule_id: str) -> Rule:
    """The rule with this id. Raises KeyError when nobody has documented it."""
    return all_rules()[rule_id]

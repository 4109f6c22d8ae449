"""Why something about a case is refused, in the reader's language: `refusals.yaml` has the Chinese of every text, found by its shape."""

from __future__ import annotations

from pathlib import Path

from data_contracts.config_texts import told
from data_contracts.findings import Language
from hub.recall.refusals import refusal as of_recalls

FILE = Path(__file__).with_suffix(".yaml")


def refusal(text: str, language: Language) -> str:
    """The text of a RefusedError in a language, of cases and recalls, and of faulty maps and lists; any other stays as it is.

    >>> refusal("there is no case 7", "zh-CN")
    '没有待办事项 7'
    """
    said = told(text, language, FILE)
    said = of_recalls(text, language) if said == text else said
    return told(text, language) if said == text else said

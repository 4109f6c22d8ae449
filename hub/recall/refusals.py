"""Why a step of a recall is refused, in the reader's language: `refusals.yaml` has the Chinese of every text, found by its shape."""

from __future__ import annotations

from pathlib import Path

from data_contracts.config_texts import told
from data_contracts.findings import Language

FILE = Path(__file__).with_suffix(".yaml")


def refusal(text: str, language: Language) -> str:
    """The text of a RefusedError in a language; one that recalls do not raise stays as it is.

    >>> refusal("RECALL-0001 is closed", "zh-CN")
    'RECALL-0001 已结束'
    """
    return told(text, language, FILE)

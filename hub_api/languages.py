"""The reader's language: of findings, of words for states, and of problems."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from starlette.requests import HTTPConnection

from data_contracts.config_texts import told
from data_contracts.findings import Language
from hub.cases.refusals import refusal

if TYPE_CHECKING:
    from hub.runtime import Hub

FILE = Path(__file__).with_name("problem_texts.yaml")
"""What problems say, in Chinese; those of cases, recalls and of faulty files have theirs beside them."""


def language_of(request: HTTPConnection) -> Language:
    """The language to answer in: the best of Accept-Language that the hub speaks, else the hub's own (RFC 9110 section 12.5.4)."""
    best: tuple[float, Language] | None = None
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, parameters = part.partition(";")
        weight = weight_of(parameters)
        prefix = tag.strip().lower().partition("-")[0]
        spoken: Language | None = "zh-CN" if prefix == "zh" else "en" if prefix == "en" else None
        if spoken is not None and weight > 0 and (best is None or weight > best[0]):
            best = (weight, spoken)
    if best is not None:
        return best[1]
    hub: Hub = request.app.state.hub
    return hub.settings.language


def weight_of(parameters: str) -> float:
    """The quality of a member of an Accept header (RFC 9110 clause 12.4.2): 1 if not said, 0 if it makes no sense."""
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def said(text: str, language: Language) -> str:
    """A title or detail of a problem in a language; one that nobody translated stays English.

    >>> said("there is no exchange 7", "zh-CN")
    '没有交换记录 7'
    """
    if language == "en":
        return text
    own = told(text, language, FILE)
    return refusal(text, language) if own == text else own


@cache
def state_words() -> Mapping[str, Mapping[str, str]]:
    """States of documents and exchanges as words, by language."""
    words: dict[str, dict[str, str]] = yaml.load(FILE.with_name("states.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    return words


def titled(row: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """A document or exchange with the word for its state beside it."""
    known = state_words().get(row["state"])
    return {**row, "state_title": row["state"] if known is None else known[language]}

"""Shapes of plain values that both syntaxes of EPCIS share."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

TIME = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,30})?"
    r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
)
"""xsd:dateTimeStamp, as EPCIS narrows it."""
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_LONGEST = 80


def is_uri(text: str) -> bool:
    """Whether a text is an absolute URI (RFC 3986), or a compact one with its prefix."""
    return _URI.fullmatch(text) is not None


def shown(value: Any) -> str:
    """A value as a finding shows it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

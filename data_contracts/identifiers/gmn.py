"""Global Model Number: up to 25 characters that name a product model, in the EU the Basic UDI-DI (GS1 General Specifications 2.6, 7.9.5).

It begins with the company prefix, holds characters of set 82, and ends in a pair of check characters (`check_pair.py`).
"""

from __future__ import annotations

from data_contracts.findings import Finding
from data_contracts.identifiers.check_digit import is_digits
from data_contracts.identifiers.check_pair import check_pair
from data_contracts.identifiers.parsed import ParsedKey

LONGEST = 25
_PREFIX = 5
_WHAT = {"what": "GMN"}


def is_right(text: str) -> bool:
    """Whether this is a GMN with the right check pair."""
    return not parse(text).findings


def generate(model: str) -> str:
    """The GMN of a model reference (company prefix and reference, at most 23 characters). Raises ValueError for what can't be one."""
    pair = check_pair(model)
    if pair is None or not is_digits(model[:_PREFIX]) or len(model) <= _PREFIX:
        raise ValueError(f"{model!r} is no model reference: 5 digits and up to 18 more characters of GS1 set 82")
    return model + pair


def parse(text: str) -> ParsedKey:
    """Read a GMN. Findings GS1-02 (length, characters or prefix), GS1-01 (check pair)."""
    expected = check_pair(text[:-2])
    if not _PREFIX + 2 < len(text) <= LONGEST or expected is None or not is_digits(text[:_PREFIX]):
        return ParsedKey("gmn", text, None, (Finding("GS1-02", expected=f"{_PREFIX + 3}-{LONGEST}", got=text, params=_WHAT),))
    if expected != text[-2:]:
        return ParsedKey("gmn", text, text, (Finding("GS1-01", expected=expected, got=text[-2:], params={**_WHAT, "value": text}),))
    return ParsedKey("gmn", text, text)

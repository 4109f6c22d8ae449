"""Global Location Number: 13 digits that name a party or a place (GS1 General Specifications 2.4, 3.7, 7.9)."""

from __future__ import annotations

from data_contracts.findings import Finding
from data_contracts.identifiers.check_digit import check_digit, has_right_check_digit, is_digits
from data_contracts.identifiers.parsed import ParsedKey

LENGTH = 13


def is_right(text: str) -> bool:
    """Whether this is a GLN: 13 ASCII digits with the right check digit."""
    return len(text) == LENGTH and is_digits(text) and has_right_check_digit(text)


def parse(text: str) -> ParsedKey:
    """Read a GLN. Findings GS1-01 (check digit), GS1-02 (length or characters)."""
    if len(text) != LENGTH or not is_digits(text):
        return ParsedKey("gln", text, None, (Finding("GS1-02", expected=str(LENGTH), got=text, params={"what": "GLN"}),))
    if not has_right_check_digit(text):
        wrong = Finding("GS1-01", expected=check_digit(text[:-1]), got=text[-1], params={"what": "GLN", "value": text})
        return ParsedKey("gln", text, text, (wrong,))
    return ParsedKey("gln", text, text)

"""Serial Shipping Container Code: 18 digits that name one logistic unit, AI (00) (GS1 General Specifications 2.2, 3.3.1, 7.9).

A carton or pallet carries an SSCC for its whole life as that unit, and no number may be used again within a year.
"""

from __future__ import annotations

from data_contracts.findings import Finding
from data_contracts.identifiers.check_digit import check_digit, has_right_check_digit, is_digits
from data_contracts.identifiers.parsed import ParsedKey

LENGTH = 18


def is_right(text: str) -> bool:
    """Whether this is an SSCC: 18 ASCII digits with the right check digit, without its AI (00)."""
    return len(text) == LENGTH and is_digits(text) and has_right_check_digit(text)


def parse(text: str) -> ParsedKey:
    """Read an SSCC. Findings GS1-01 (check digit), GS1-02 (length or characters; 20 digits with the AI are no SSCC)."""
    if len(text) != LENGTH or not is_digits(text):
        return ParsedKey("sscc", text, None, (Finding("GS1-02", expected=str(LENGTH), got=text, params={"what": "SSCC"}),))
    if not has_right_check_digit(text):
        wrong = Finding("GS1-01", expected=check_digit(text[:-1]), got=text[-1], params={"what": "SSCC", "value": text})
        return ParsedKey("sscc", text, text, (wrong,))
    return ParsedKey("sscc", text, text)

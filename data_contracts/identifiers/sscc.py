"""Serial Shipping Container Code: 18 digits that name one logistic unit, AI (00) (GS1 General Specifications 2.2, 3.3.1, 7.9).

A carton or pallet carries an SSCC for its whole life as that unit, and no number may be used again within a year.
"""

from __future__ import annotations

from data_contracts.identifiers import keys
from data_contracts.identifiers.parsed import ParsedKey

LENGTH = 18


def is_right(text: str) -> bool:
    """Whether this is an SSCC: 18 ASCII digits with the right check digit, without its AI (00)."""
    return keys.is_right(LENGTH, text)


def parse(text: str) -> ParsedKey:
    """Read an SSCC. Findings GS1-01 (check digit), GS1-02 (length or characters; 20 digits with the AI are no SSCC)."""
    return keys.parse_key("sscc", LENGTH, text)

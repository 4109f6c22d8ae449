"""Global Location Number: 13 digits that name a party or a place (GS1 General Specifications 2.4, 3.7, 7.9)."""

from __future__ import annotations

from data_contracts.identifiers import keys
from data_contracts.identifiers.parsed import ParsedKey

LENGTH = 13


def is_right(text: str) -> bool:
    """Whether this is a GLN: 13 ASCII digits with the right check digit."""
    return keys.is_right(LENGTH, text)


def parse(text: str) -> ParsedKey:
    """Read a GLN. Findings GS1-01 (check digit), GS1-02 (length or characters)."""
    return keys.parse_key("gln", LENGTH, text)

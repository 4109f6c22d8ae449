"""Global Service Relation Number: 18 digits that name a person who is cared for, or who cares (GS1 General Specifications 2.5, 7.9)."""

from __future__ import annotations

from data_contracts.identifiers.keys import parse_key
from data_contracts.identifiers.parsed import ParsedKey

LENGTH = 18


def parse(text: str) -> ParsedKey:
    """Read a GSRN. Findings GS1-01 (check digit), GS1-02 (length or characters)."""
    return parse_key("gsrn", LENGTH, text)

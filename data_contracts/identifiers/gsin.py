"""Global Shipment Identification Number: 17 digits that name a shipment of a seller to a buyer (GS1 General Specifications 2.6, 7.9)."""

from __future__ import annotations

from data_contracts.identifiers.keys import parse_key
from data_contracts.identifiers.parsed import ParsedKey

LENGTH = 17


def parse(text: str) -> ParsedKey:
    """Read a GSIN. Findings GS1-01 (check digit), GS1-02 (length or characters)."""
    return parse_key("gsin", LENGTH, text)

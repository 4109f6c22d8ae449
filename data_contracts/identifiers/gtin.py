"""Global Trade Item Number: GTIN-8, -12, -13 and -14 (GS1 General Specifications 2.1, 3.3.2, 7.9).

The four lengths are one key: filled from the left with zeros to 14 digits they compare equal, and that is how the
store keeps them. Digits only: a GTIN with blanks or hyphens was typed, not scanned, and is refused here.
"""

from __future__ import annotations

from data_contracts.findings import Finding
from data_contracts.identifiers.check_digit import check_digit, has_right_check_digit, is_digits
from data_contracts.identifiers.parsed import ParsedKey

LENGTHS = frozenset((8, 12, 13, 14))


def normal(text: str) -> str | None:
    """The 14 digits of a right GTIN, null for anything else."""
    if len(text) in LENGTHS and is_digits(text) and has_right_check_digit(text):
        return text.zfill(14)
    return None


def parse(text: str) -> ParsedKey:
    """Read a GTIN as stated. Findings GS1-01 (check digit), GS1-02 (length or characters)."""
    if len(text) not in LENGTHS or not is_digits(text):
        return ParsedKey("gtin", text, None, (Finding("GS1-02", expected="8, 12, 13, 14", got=text, params={"what": "GTIN"}),))
    if not has_right_check_digit(text):
        wrong = Finding("GS1-01", expected=check_digit(text[:-1]), got=text[-1], params={"what": "GTIN", "value": text})
        return ParsedKey("gtin", text, text.zfill(14), (wrong,))
    return ParsedKey("gtin", text, text.zfill(14))


def indicator(gtin14: str) -> int:
    """Packaging indicator of a 14-digit GTIN: 0 for the item itself, 1-8 for its groupings, 9 for variable measure."""
    return int(gtin14[0])

"""Reading of a GS1 key of fixed length that is all digits and ends in the modulo 10 check digit (GS1 General Specifications 7.9)."""

from __future__ import annotations

from data_contracts.findings import Finding
from data_contracts.identifiers.check_digit import check_digit, has_right_check_digit, is_digits
from data_contracts.identifiers.parsed import ParsedKey


def is_right(length: int, text: str) -> bool:
    """Whether `text` is `length` ASCII digits with the right check digit."""
    return len(text) == length and is_digits(text) and has_right_check_digit(text)


def parse_key(kind: str, length: int, text: str) -> ParsedKey:
    """Read a key. Findings GS1-01 (check digit), GS1-02 (length or characters)."""
    what = kind.upper()
    if len(text) != length or not is_digits(text):
        return ParsedKey(kind, text, None, (Finding("GS1-02", expected=str(length), got=text, params={"what": what}),))
    if not has_right_check_digit(text):
        wrong = Finding("GS1-01", expected=check_digit(text[:-1]), got=text[-1], params={"what": what, "value": text})
        return ParsedKey(kind, text, text, (wrong,))
    return ParsedKey(kind, text, text)

"""How long a GS1 Company Prefix is: the digits at the front of a key that a GS1 office lent to one company.

Nothing in a key tells where its prefix ends, and an EPC URI has to write the prefix and the rest apart. GS1 publishes the lengths;
`company_prefixes.txt` states them as of the release that `company_prefix_list.py` read. A prefix that GS1 has lent out since then
has no length here: then it must be told.

    >>> length("6926365598003"), length("0069263655980")
    (8, None)
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from functools import cache
from pathlib import Path

SHORTEST, LONGEST = 6, 12
_TABLE = Path(__file__).with_name("company_prefixes.txt")


def length(key: str) -> int | None:
    """Digits of the company prefix with which `key` begins, 6 to 12; null where GS1 names none.

    `key` begins with the prefix itself: without AI, and without a GTIN's indicator digit or an SSCC's extension digit.
    """
    digits = key[:LONGEST]
    if len(digits) < SHORTEST or not (digits.isdigit() and digits.isascii()):
        return None
    starts, lengths = _table()
    found = lengths[bisect_right(starts, int(digits.ljust(LONGEST, "0"))) - 1]
    return found if 0 < found <= len(digits) else None


def gtin_length(gtin14: str) -> int | None:
    """The same for a GTIN of 14 digits. A GTIN-8 has its first three digits with the five zeros before them (EPC TDS 7.3.1)."""
    return 8 if gtin14.startswith("000000") else length(gtin14[1:])


@cache
def _table() -> tuple[array[int], bytes]:
    """Where each length begins, as numbers of twelve digits in order, and the lengths; 0 where GS1 names none."""
    starts, lengths = array("q"), bytearray()
    for line in _TABLE.read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        first, *marks = line.split(" ")
        for mark in marks:
            digits, _, told = mark.partition(":")
            starts.append(int((first + digits).ljust(LONGEST, "0")))
            lengths.append(int(told))
    return starts, bytes(lengths)

"""Text that was received, made fit to be stored and shown, whatever it holds."""

from __future__ import annotations

import re
import unicodedata

LAYOUT = " \t\r\n"
"""What may stand between segments without meaning."""

_SPELLED = str.maketrans(
    {
        **{"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'"},
        **{"…": "...", "–": "-", "—": "-", "‑": "-", "−": "-", "·": ".", "•": "-", "\u00a0": " ", "\u202f": " "},
        **{"≥": ">=", "≤": "<=", "≠": "<>", "×": "x", "÷": "/", "→": "->", "ß": "ss", "æ": "ae", "ø": "o", "Æ": "AE", "Ø": "O", "€": "EUR"},
    }
)
"""Letters and signs that have a plain spelling but are not made of a plain letter and an accent."""

_UNSTORABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def legible(value: str, limit: int = 80) -> str:
    """Text that can be stored and shown: control characters and undecodable bytes as `\\xNN`, no longer than `limit`.

    >>> legible("A" + chr(0) + "B")
    'A\\\\x00B'
    """
    if not value.isprintable():
        value = _UNSTORABLE.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", value)
    return value if len(value) <= limit else value[: limit - 1] + "…"


def storable(value: str) -> str:
    """The same text with U+FFFD for every control character and undecodable byte."""
    return value if value.isprintable() else _UNSTORABLE.sub("\ufffd", value)


def spelled(text: str, charset: str) -> str:
    """The same text in characters that `charset` (a name of Python's) has: what it lacks in a plain spelling, `?` where there is none.

    >>> spelled("Maß “-3” muss ≥ 0 sein … Müller 数", "ascii")
    'Mass "-3" muss >= 0 sein ... Muller ?'
    """
    return "".join(letter if _has(charset, letter) else _plainly(letter, charset) for letter in text)


def _plainly(letter: str, charset: str) -> str:
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter.translate(_SPELLED)) if not unicodedata.combining(part))
    return plain if plain and _has(charset, plain) else "?"


def _has(charset: str, text: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True

"""Text that was received, made fit to be stored and shown, whatever it holds."""

from __future__ import annotations

import re

LAYOUT = " \t\r\n"
"""What may stand between segments without meaning."""

_UNSTORABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def legible(value: str, limit: int = 80) -> str:
    """Text that can be stored and shown: control characters and undecodable bytes as `\\xNN`, no longer than `limit`.

    >>> legible("A" + chr(0) + "B")
    'A\\\\x00B'
    """
    value = _UNSTORABLE.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", value)
    return value if len(value) <= limit else value[: limit - 1] + "…"


def storable(value: str) -> str:
    """The same text with U+FFFD for every control character and undecodable byte."""
    return value if value.isprintable() else _UNSTORABLE.sub("\ufffd", value)

"""How a cell format shows a number otherwise than it is stored: 123 as `00123`, 0.19 as `19%`, 1.5 as `36:00`.

Who has the workbook open reads what is shown, and a file holds what is stored. A format of zeros alone is an identifier with its leading
zeros, and what it shows can be told; of the others a person is told that the two differ (ECMA-376 part 1, 18.8.31).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

_LITERAL = re.compile(r'"[^"]*"|\\.')
_SPACING = re.compile(r"_.|\*.")
_BRACKETS = re.compile(r"\[(?!(?:h+|m+|s+)\])[^\]]*\]", re.IGNORECASE)
_SCALED = re.compile(r"[0#?],+(?![0#?,])")
_PERCENT_IDS = frozenset({9, 10})


@dataclass(frozen=True, slots=True)
class Look:
    """What a cell format does with a number. `digits`: of `zeros`, how many are shown at least."""

    kind: Literal["zeros", "percent", "words", "other"]
    code: str
    digits: int = 0

    def padded(self, plain: str) -> str:
        """What zeros show of a whole number; any other as it is."""
        return plain.zfill(self.digits) if plain.isdigit() else plain

    def shown(self, plain: str) -> str:
        """What a person sees, as far as it is worked out here; else the format."""
        if self.kind == "zeros":
            return self.padded(plain)
        return f"{(Decimal(plain) * 100).normalize():f}%" if self.kind == "percent" else self.code


def look_of(number_format: int, code: str) -> Look | None:
    """By the number of a format, and its code where the workbook states one; None where a number is shown as the number that it is."""
    if not code:
        return Look("percent", "0%") if number_format in _PERCENT_IDS else None
    first = _SPACING.sub("", code.split(";")[0])
    marks = _BRACKETS.sub("", _LITERAL.sub("", first)).strip().lower()
    if "general" in marks or "@" in marks or "e+" in marks or "e-" in marks:
        return None
    if "%" in marks:
        return Look("percent", code)
    if not any(mark in marks for mark in "0#?") or "[" in marks or _SCALED.search(marks):
        return Look("other", code)
    if len(marks) > 1 and not marks.strip("0") and not _LITERAL.search(first):
        return Look("zeros", code, len(marks))
    worded = bool(_LITERAL.search(first)) or not re.fullmatch(r"[0#?,.$€£¥+\- ]*", marks) or re.search(r"[0#?][- ][0#?]", marks)
    return Look("words", code) if worded else None

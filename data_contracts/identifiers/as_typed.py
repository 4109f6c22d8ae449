"""What keyboards, spreadsheets and scanner settings make of an identifier, undone for the lenient reading.

    （０１）０６９２６３６５５９８００３     typed with a Chinese input method: full-width characters
    0 6926365 59800 3             blanks and hyphens inside a numeric key
    0106926365598003<GS>10A17     the name of a control character where a scanner could not send it
    +A99912345/$$52001510X3_      HIBC as printed: an underscore stands for a blank

Each change is told as a finding: strictly such a text is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from data_contracts.findings import Finding
from data_contracts.identifiers.check_digit import is_digits

_BLANKS = " \t\r\n\u00a0"
_ENDS = "\t\r\n"
"""What may stand around an HIBC symbol: a blank at its end may be its check character."""
_HIBC = ("+", "*+")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_CONTROLS = {"GS": "\x1d", "FNC1": "\x1d", "RS": "\x1e", "EOT": "\x04", "1D": "\x1d", "1E": "\x1e", "04": "\x04"}
_NAMED = re.compile(r"[<{\[](GS|FNC1|RS|EOT)[>}\]]|\\(?:x|u00)(1[dDeE]|04)|([\u241d\u241e\u2404])", re.ASCII)
_PICTURES = {"\u241d": "\x1d", "\u241e": "\x1e", "\u2404": "\x04"}


def clean(text: str, numeric: bool) -> tuple[str, list[Finding]]:
    """The text as it was meant, with findings UDI-03 (blanks, hyphens) and UDI-16 (characters that stand for others).

    `numeric` says that the text may be a numeric key, in which blanks and hyphens mean nothing.
    """
    findings: list[Finding] = []
    data = _NAMED.sub(_control, text.translate(_FULL_WIDTH))
    if data != text:
        findings.append(Finding("UDI-16", expected=shown(data), got=text))
    squeezed = data.translate(dict.fromkeys(map(ord, f"{_BLANKS}-")))
    tidy = squeezed if numeric and is_digits(squeezed) else data.strip(_ENDS if data.lstrip().startswith(_HIBC) else _BLANKS)
    if tidy != data:
        findings.append(Finding("UDI-03", expected=shown(tidy), got=data))
    if tidy.startswith(_HIBC) and (printed := tidy.upper().replace("_", " ")) != tidy:
        findings.append(Finding("UDI-16", expected=printed, got=tidy))
        tidy = printed
    return tidy, findings


def shown(text: str) -> str:
    """A text with its control characters as pictures."""
    return "".join(_picture(text))


def _picture(text: str) -> Iterator[str]:
    for character in text:
        yield chr(0x2400 + ord(character)) if character < " " else character


def _control(match: re.Match[str]) -> str:
    return _PICTURES[match[3]] if match[3] else _CONTROLS[(match[1] or match[2]).upper()]

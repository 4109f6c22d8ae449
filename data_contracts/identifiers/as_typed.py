"""What keyboards, spreadsheets and scanner settings make of an identifier, undone for the lenient reading.

    （０１）０６９２６３６５５９８００３     typed with a Chinese input method: full-width characters
    0 6926365 59800 3             blanks and hyphens inside a numeric key
    0106926365598003<GS>10A17     the name of a control character where a scanner could not send it
    +A99912345/$$52001510X3_      HIBC as printed: an underscore stands for a blank
    (01) 06926365598003 (10) A17  blanks between the parts of a bracketed text, in which they are never data
    Https://…, URN:EPC:ID:SGTIN:  a keyboard that begins with a capital, a scanner that sends capitals only
    UDI-DI: 06926365598003        what a document writes before it; marks without width that a page brings along

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
_UNSEEN = dict.fromkeys((0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF))
"""Marks without width, such as that of byte order."""
_NAMES = re.compile(r"^\s*(?:UDI-?DI|UDI|GTIN|PPN|DI)\s*[:=]\s*(?=\S)", re.ASCII | re.IGNORECASE)
_WEB = re.compile(r"[ \t\r\n\u00a0]*https?://", re.ASCII | re.IGNORECASE)
_EPC = re.compile(r"[ \t\r\n\u00a0]*urn:epc:[a-z]+:(?:[a-z0-9\-]+:)?", re.ASCII | re.IGNORECASE)
_MA = re.compile(r"[ \t\r\n\u00a0]*ma\.156\.m0\.", re.ASCII | re.IGNORECASE)
"""Beginnings that mean the same in either case; what stands behind them does not."""
_PICTURES = {"\u241d": "\x1d", "\u241e": "\x1e", "\u2404": "\x04"}


def clean(text: str, numeric: bool) -> tuple[str, list[Finding]]:
    """The text as it was meant, with findings UDI-03 (blanks, hyphens) and UDI-16 (characters that stand for others).

    `numeric` says that the text may be a numeric key, in which blanks and hyphens mean nothing.
    """
    findings: list[Finding] = []
    data = _begun(_NAMES.sub("", _NAMED.sub(_control, text.translate(_UNSEEN).translate(_FULL_WIDTH)), count=1))
    if data != text:
        findings.append(Finding("UDI-16", expected=shown(data), got=text))
    squeezed = data.translate(dict.fromkeys(map(ord, f"{_BLANKS}-")))
    tidy = squeezed if numeric and is_digits(squeezed) else data.strip(_ENDS if data.lstrip().startswith(_HIBC) else _BLANKS)
    if tidy.startswith("("):
        tidy = tidy.translate(dict.fromkeys(map(ord, _BLANKS)))
    if tidy != data:
        findings.append(Finding("UDI-03", expected=shown(tidy), got=data))
    if tidy.startswith(_HIBC) and (printed := tidy.upper().replace("_", " ")) != tidy:
        findings.append(Finding("UDI-16", expected=printed, got=tidy))
        tidy = printed
    return tidy, findings


def _begun(text: str) -> str:
    """The text with its beginning in the case in which it is written; a web address may be in capitals altogether."""
    if (found := _WEB.match(text)) is not None:
        return text if found[0].isupper() else found[0].lower() + text[found.end() :]
    if (found := _EPC.match(text)) is not None:
        return found[0].lower() + text[found.end() :]
    if (found := _MA.match(text)) is not None:
        return found[0].upper() + text[found.end() :]
    return text


def shown(text: str) -> str:
    """A text with its control characters as pictures."""
    return "".join(_picture(text))


def _picture(text: str) -> Iterator[str]:
    for character in text:
        yield chr(0x2400 + ord(character)) if character < " " else character


def _control(match: re.Match[str]) -> str:
    return _PICTURES[match[3]] if match[3] else _CONTROLS[(match[1] or match[2]).upper()]

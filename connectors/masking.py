"""Texts of ours without secrets: what a peer answers goes to the outbox, the audit trail and the log, and peers repeat what they were sent.

A secret is known in every spelling in which it comes back: plain, as in addresses (in either case, once or several times, in UTF-8 or
GB18030), as in JSON and as in HTML; and in part, as where the peer cut it. It is masked first, and the text is cut then. A short one is
masked only where it stands by itself, for "t" is a letter of most words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from html.entities import html5

_HIDDEN = "***"
_SHORT = 8
"""Characters below which a secret is masked only where it stands by itself."""
_SHARED, _LONG = 12, 16
"""So many characters in a row of a secret that is at least so long are no chance."""
_WIDEST = 24
"""Characters that one byte of a secret takes at most, in sensible spellings: `\\\\u0026#x0002b;`."""
_BEGINS = r"(?:(?<!\w)(?<!\w')|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
_ENDS = r"(?!\w)"
_AND = r"(?:&|\\+u0026)(?:amp;)*"
_NAMED: dict[str, list[str]] = {}
for _name, _character in html5.items():
    if _name.endswith(";"):
        _NAMED.setdefault(_character, []).append(_name)


def masked(text: str, values: Iterable[str]) -> str:
    """A text without these values, however they are spelled in it, and without long parts of them."""
    listed = sorted(filter(None, values), key=len, reverse=True)
    for value in listed:
        text = _pattern(value).sub(_HIDDEN, text)
    for value in listed:
        if len(value) >= _LONG:
            text = _without_parts(text, value)
    return text


def beginning(content: bytes, most: int, values: Iterable[str]) -> str:
    """The beginning of a text in bytes without these values, to be cut to `most` characters by the caller.

    It ends before a value that the end of what was looked at may have cut.
    """
    listed = list(values)
    edge = _WIDEST * max((len(value.encode("utf-8", "surrogatepass")) for value in listed), default=0)
    looked_at = content[: 4 * (most + edge)]
    text = masked(looked_at.decode("utf-8", "replace"), listed)
    return text if len(looked_at) == len(content) else text[: max(0, len(text) - edge)]


@lru_cache(maxsize=256)
def _pattern(value: str) -> re.Pattern[str]:
    text = "".join(map(_spellings, value))
    if len(value) < _SHORT:
        text = (_BEGINS if value[0].isalnum() else "") + text + (_ENDS if value[-1].isalnum() else "")
    return re.compile(text)


@lru_cache(maxsize=4096)
def _spellings(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    number = ord(character)
    forms = [re.escape(character), rf"{_AND}#0*{number};?", rf"{_AND}#[xX]0*(?i:{number:x});?"]
    forms += [_AND + re.escape(name) for name in _NAMED.get(character, ())]
    for charset in ("utf-8", "gb18030"):
        forms.append("".join(map(_percent, character.encode(charset, "replace"))))
    units = character.encode("utf-16-be", "surrogatepass")
    forms.append("".join(rf"\\+u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2)))
    short = {"\n": "n", "\r": "r", "\t": "t", "/": "/", '"': '"', "\\": r"\\"}.get(character)
    if short is not None:
        forms.append(rf"\\+{short}")
    if character == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(dict.fromkeys(forms))})"


def _percent(byte: int) -> str:
    coded = f"%(?:25)*(?i:{byte:02x})"
    return f"(?:{coded}|{chr(byte)})" if chr(byte).isascii() and chr(byte).isalnum() else coded  # within four bytes of GB18030


def _without_parts(text: str, value: str) -> str:
    """Without what is plainly a part of a value."""
    parts = {value[at : at + _SHARED] for at in range(len(value) - _SHARED + 1)}
    made, kept, at = [], 0, 0
    while at <= len(text) - _SHARED:
        if text[at : at + _SHARED] not in parts:
            at += 1
            continue
        end = at + _SHARED
        while text[end - _SHARED + 1 : end + 1] in parts and end < len(text):
            end += 1
        made += [text[kept:at], _HIDDEN]
        kept = at = end
    return "".join([*made, text[kept:]])

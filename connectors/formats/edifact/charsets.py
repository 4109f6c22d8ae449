"""What charset an interchange is in: what S001 of its UNB declares, and what its bytes turn out to be.

Real files lie: texts in UTF-8 under UNOA are everyday. Bytes that are no ASCII are tried as strict UTF-8 first, which text in
another charset is never by chance, and said to be so (`EDF-I111`); else they are decoded as declared. What was found UTF-8 once, or is
it but for some torn characters, stays UTF-8, so that each torn byte is found where it stands; where a piece was read as declared before,
it is said that the interchange is in two charsets (`EDF-I114`). Latin letters that would be Chinese characters if the bytes were GB18030
are read as declared and told (`EDF-I115`). An agreement's `charset` is taken at its word. What the declared
repertoire does not hold is taken too and told, with its place (`EDF-E101`).
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import BinaryIO

from connectors.charset_choice import chinese_share, nearly_utf8
from connectors.formats.edifact.patterns import LEVEL_A, LEVEL_B, TEXT
from connectors.formats.edifact.separators import Separators
from connectors.undecodable import errors_of
from data_contracts.errors import ConfigError

DECLARED = {
    "UNOA": "ascii",
    "UNOB": "ascii",
    "UNOC": "iso8859-1",
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
    "UNOW": "utf-8",
    "UNOY": "utf-8",
}
"""Character repertoires of data element 0001. UNOX (ISO 2022) and identifiers of other bodies (IATB) are read as ISO 8859-1."""

_OF_LATIN_LETTERS = frozenset({"ascii", "iso8859-1", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-9"})
"""Charsets whose letters beyond ASCII stand alone or in twos: in others every word looks like one in GB18030."""
_LEVELS = {"UNOA": LEVEL_A, "UNOB": LEVEL_B}
_LAYOUT = b"\r\n\t" + bytes(range(0x1C, 0x20)) + b"\x01\x02\x03\x04\x05"

_MARKS = ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8"))
_WIDE = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_MOST_SHOWN = 10
UNITS = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
"""Bytes of one ASCII character where it is not one."""


def wire_charset(stream: BinaryIO) -> tuple[str, bool]:
    """How the stream's bytes become characters that can be cut, and whether a byte order mark said so; the stream is left behind the mark.

    All but UTF-16 and UTF-32 are cut byte by byte (Latin-1) and decoded afterwards, since each interchange declares its own charset.
    """
    head = stream.read(4)
    found = next(((mark, name) for mark, name in (*_MARKS, *_WIDE) if head.startswith(mark)), None)
    stream.seek(len(found[0]) if found else 0)
    return ("iso8859-1" if found is None or found[1] == "utf-8" else found[1]), found is not None


def charset_of(wanted: str | None) -> str | None:
    """Python's name of the agreement's charset. Raises `ConfigError` for one that does not exist."""
    try:
        return codecs.lookup(wanted).name if wanted else None
    except LookupError as error:
        raise ConfigError(f"profile charset: {error}") from error


class Decoder:
    """Decodes the pieces of one interchange. `met` is the charset in which bytes beyond ASCII turned out to be."""

    __slots__ = ("_agreed", "_looked", "chinese", "declared", "met", "mixed")

    def __init__(self, identifier: str, agreed: str | None, marked: bool) -> None:
        self.declared = DECLARED.get(identifier, "iso8859-1")
        self._agreed = agreed or ("utf-8" if marked else None)
        self.met: str | None = None
        self.mixed = False
        """Whether some of its pieces were read as declared, and others as UTF-8."""
        self._looked = self.declared not in _OF_LATIN_LETTERS
        self.chinese: int | None = None
        """Per cent of the characters beyond ASCII that are Chinese, where the first of them are likely to be GB18030."""

    @property
    def lied(self) -> bool:
        """Whether the bytes are of another charset than UNB declares."""
        return self._agreed is None and self.met is not None and self.met != self.declared

    def __call__(self, text: str) -> str:
        """The characters of a piece that was read byte by byte."""
        content = text.encode("iso8859-1")
        if self._agreed is not None:
            self.met = self._agreed
            return content.decode(self._agreed, errors_of(self._agreed))
        if content.isascii():
            return text
        charset = "utf-8" if (self.met == "utf-8" and not self.mixed) or nearly_utf8(content) else self.declared
        self.mixed = self.mixed or self.met not in (None, charset)
        self.met = charset
        if charset == self.declared and not self._looked:
            self._looked, self.chinese = True, chinese_share(content)
        return content.decode(charset, errors_of(charset))


@lru_cache(maxsize=256)
def repertoire(identifier: str) -> str:
    """The class of characters that may stand under a syntax identifier, as part of an expression; any text where it is not limited."""
    if identifier in _LEVELS:
        return _LEVELS[identifier]
    charset = DECLARED.get(identifier, "utf-8")
    if charset == "utf-8":
        return TEXT
    letters = bytes(range(0xA0, 0x100)).decode(charset, "ignore")
    return "[ -~" + "".join(map(re.escape, letters)) + "]"


@lru_cache(maxsize=256)
def allowed_bytes(identifier: str, separators: Separators) -> bytes | None:
    """The bytes that UNOA and UNOB hold, separators and layout among them; null where bytes alone do not tell."""
    level = _LEVELS.get(identifier)
    if level is None:
        return None
    marks = "".join(str(mark) for mark in separators.as_mapping().values())
    held = "".join(map(chr, range(0x20, 0x7F)))
    return "".join(re.findall(level, held)).encode() + _LAYOUT + marks.encode("ascii", "ignore")


def outside(text: str, allowed: bytes) -> str:
    """ASCII characters of a text that are not `allowed`, some of them; empty where all are."""
    foreign = text.encode("ascii", "replace").translate(None, allowed)
    return "".join(dict.fromkeys(foreign.decode("ascii")))[:_MOST_SHOWN]


@lru_cache(maxsize=256)
def _foreign(identifier: str) -> re.Pattern[str]:
    return re.compile(f"(?!{repertoire(identifier)}){TEXT}")  # what no text may hold is told as such (EDF-E21)


def foreign(identifier: str, text: str) -> list[str]:
    """The characters of a text that its declared repertoire does not hold."""
    return _foreign(identifier).findall(text)

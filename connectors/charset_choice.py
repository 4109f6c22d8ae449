"""Which charset a text document is in, and a finding that says what was chosen and why, wherever the hub and not the sender chose.

In order: a byte order mark; the agreement (`profile.charset`); zero bytes of UTF-16 and UTF-32; the grammar's `charsets`, the first that
decodes the whole document. Where a grammar states none the bytes themselves are looked at: UTF-8 if all of it is valid, GB18030 if
nearly all pairs of high bytes are Chinese characters, Western European (Latin-1, or cp1252 where its marks occur) if high bytes stand
alone. What stays doubtful is read as UTF-8, so that each wrong byte is found where it stands.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from connectors.first_bytes import byte_order_mark, charset_named, declared_charset, wide_charset
from connectors.spec import Profile
from data_contracts.findings import Finding

_CHUNK = 256 * 1024
_CHINESE_ENOUGH = 80
"""Per cent of multi-byte characters that must be of GB 2312 (which all Chinese business text is made of) for GB18030."""
_WORDS = 4
"""Chinese characters in it from which on it is no accident: Latin letters with marks seldom stand in pairs."""
_LOOKED_AT = 4096
"""Bytes, from the first that is no ASCII on, by which a text is told that declares another charset."""
_TORN = 90
"""Per cent of high bytes that make valid UTF-8 in a document that is UTF-8 but for some torn characters."""
_UTF8_BYTES = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
# A single pair between two Latin letters is far more often two accented letters (`Größe`) than one Chinese character.
_GB = re.compile(
    rb"(?P<lone>(?<=[A-Za-z])[\xa1-\xf7][\xa1-\xfe](?=[A-Za-z]))"
    rb"|(?P<chinese>[\xb0-\xf7][\xa1-\xfe]|[\xa1-\xa9][\xa1-\xfe])"
    rb"|(?P<rare>[\x81-\xfe][\x30-\x39][\x81-\xfe][\x30-\x39]|[\x81-\xfe][\x40-\x7e\x80-\xfe])"
    rb"|(?P<none>[\x80-\xff])"
)
_SLICED = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp125\d|cp437|cp850|koi8-[ru]|gb2312|gbk|gb18030|big5(hkscs)?|shift_jis|cp932|cp949|euc_(jp|kr)"
)
_CONTROLS_OF_LATIN1 = re.compile(rb"[\x80-\x9f]")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A charset, the length of the byte order mark before the text, and what is to be said about the choice."""

    charset: str
    start: int
    finding: Finding | None = None


@dataclass(slots=True)
class _Counts:
    """High bytes of a document by what they could be."""

    high: int = 0
    in_utf8: int = 0
    chinese: int = 0
    others: int = 0
    """What would be rare or no characters in GB18030."""
    marks: int = 0
    """Bytes that are controls in Latin-1 and marks such as the euro sign in cp1252."""


def choose_charset(stream: BinaryIO, head: bytes, profile: Profile, stated: Sequence[str]) -> Chosen:
    """The charset of a document whose first bytes are `head`; the stream stands at its beginning again."""
    mark = byte_order_mark(head)
    if mark is not None:
        finding = None if mark[1] == "utf-8" else Finding("FED-16", got=mark[1], params={"reason": "byte order mark"})
        return Chosen(mark[1], mark[0], finding)
    agreed = declared_charset(profile)
    if agreed is not None:
        return Chosen("gb18030" if agreed in ("gb2312", "gbk") else agreed, 0)
    wide = wide_charset(head)
    if wide is not None:
        return Chosen(wide, 0, Finding("FED-16", got=wide, params={"reason": "zero bytes"}))
    if not stated:
        return _told_by_bytes(stream)
    candidates = [charset_named(name, "charsets") for name in stated]
    for charset in candidates:
        if decodes(stream, charset):
            return Chosen(
                charset,
                0,
                None if charset == candidates[0] else Finding("FED-16", got=charset, params={"reason": f"not {candidates[0]}"}),
            )
    return Chosen(candidates[0], 0)


def nearly_utf8(content: bytes) -> bool:
    """Whether what is no ASCII here is UTF-8, but for some torn characters."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return sum(map(len, _UTF8_BYTES.findall(content))) * 100 >= len(_HIGH.findall(content)) * _TORN
    return True


def chinese_share(content: bytes) -> int | None:
    """Per cent of the multi-byte characters near the first byte beyond ASCII that are Chinese, where the text is likely to be GB18030; else
    null."""
    first = _HIGH.search(content)
    counts = _Counts()
    if first is not None:
        _count(content[first.start() : first.start() + _LOOKED_AT], counts)
    share = _share(counts)
    return share if counts.chinese >= _WORDS and share >= _CHINESE_ENOUGH else None


def cut_in_bytes(charset: str) -> bool:
    """Whether lines can be cut before decoding: in these charsets a line feed is a part of no other character."""
    return _SLICED.fullmatch(charset) is not None


def decodes(stream: BinaryIO, charset: str) -> bool:
    """Whether the whole document is text of this charset."""
    decoder = codecs.getincrementaldecoder(charset)("strict")
    stream.seek(0)
    try:
        while chunk := stream.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        stream.seek(0)
    return True


def _told_by_bytes(stream: BinaryIO) -> Chosen:
    if decodes(stream, "utf-8"):
        return Chosen("utf-8", 0)
    counts = _counted(stream)
    if counts.in_utf8 * 100 >= counts.high * _TORN:  # each torn character is to be found where it stands
        return Chosen("utf-8", 0)
    share = _share(counts)
    if share >= _CHINESE_ENOUGH and decodes(stream, "gb18030"):
        return Chosen("gb18030", 0, Finding("FED-20", got="GB18030", expected="UTF-8", params={"share": str(share)}))
    latin = "cp1252" if counts.marks else "iso8859-1"
    if decodes(stream, latin):
        name = "cp1252" if counts.marks else "Latin-1"
        return Chosen(latin, 0, Finding("FED-21", got=name, expected="UTF-8", params={"count": str(counts.high)}))
    return Chosen("utf-8", 0)


def _share(counts: _Counts) -> int:
    return 100 * counts.chinese // max(counts.chinese + counts.others, 1)


def _counted(stream: BinaryIO) -> _Counts:
    counts = _Counts()
    rest = b""
    while chunk := stream.read(_CHUNK):
        window = rest + chunk
        cut = window.rfind(b"\n") + 1 or len(window)
        rest = window[cut:]
        _count(window[:cut], counts)
    _count(rest, counts)
    stream.seek(0)
    return counts


def _count(text: bytes, counts: _Counts) -> None:
    if text.isascii():
        return
    counts.high += len(_HIGH.findall(text))
    counts.in_utf8 += sum(len(match) for match in _UTF8_BYTES.findall(text))
    counts.marks += len(_CONTROLS_OF_LATIN1.findall(text))
    for match in _GB.finditer(text):
        if match.lastgroup == "chinese":
            counts.chinese += 1
        else:
            counts.others += 1

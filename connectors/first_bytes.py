"""What the first bytes of a document say: nothing at all, a picture, an archive, a byte order mark, UTF-16.

Every reader of feeds asks here first, so that an empty or binary file gets the same clear answer in all formats.
"""

from __future__ import annotations

import codecs
from typing import BinaryIO

from connectors.spec import Profile
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding

HEAD = 4096
"""Bytes that formats sniff."""

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "ZIP (XLSX, DOCX)"),
    (b"PK\x05\x06", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF-", "PDF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE (XLS, DOC)"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"\x7fELF", "ELF program"),
    (b"MZ\x90\x00", "Windows program"),
    (b"SQLite format 3\x00", "SQLite database"),
)
_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGICS = tuple(magic for magic, _ in _MAGIC)
_MARKS = tuple(mark for mark, _ in _BOMS)
# Ordinary text has tab, line feed, form feed, carriage return and, at the end of files from CP/M's heirs, SUB.
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 26, 27})


def look(stream: BinaryIO) -> bytes:
    """The first bytes; the stream stands at its beginning again."""
    head = stream.read(HEAD)
    stream.seek(0)
    return head


def size_of(stream: BinaryIO) -> int:
    """Bytes of a seekable stream; it stands at its beginning again."""
    size = stream.seek(0, 2)
    stream.seek(0)
    return size


def byte_order_mark(head: bytes) -> tuple[int, str] | None:
    """Length and charset of a byte order mark, if one stands there."""
    if not head.startswith(_MARKS):
        return None
    return next((len(mark), charset) for mark, charset in _BOMS if head.startswith(mark))


def wide_charset(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, told by where zero bytes stand among the first two characters (RFC 4627 section 3)."""
    if len(head) < 4 or 0 not in head[:4]:
        return None
    zeros = (head[0] == 0, head[1] == 0, head[2] == 0, head[3] == 0)
    return {
        (True, True, True, False): "utf-32-be",
        (False, True, True, True): "utf-32-le",
        (True, False, True, False): "utf-16-be",
        (False, True, False, True): "utf-16-le",
    }.get(zeros)


def binary_kind(head: bytes) -> str | None:
    """What a binary file seems to be, or None for text. UTF-16 and UTF-32 are text."""
    if head.startswith(_MAGICS):
        return next(kind for magic, kind in _MAGIC if head.startswith(magic))
    marked = byte_order_mark(head)
    if (marked is not None and marked[1] != "utf-8") or wide_charset(head) is not None:
        return None
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return "binary" if controls and (b"\0" in head[:64] or controls * 100 > len(head)) else None


def unreadable(head: bytes) -> Finding | None:
    """The finding for an empty or binary document; None for one that a format may try."""
    mark = byte_order_mark(head)
    if not head[mark[0] if mark is not None else 0 :].strip(b" \t\r\n\x1a"):
        return Finding("FED-01", expected="content", got=f"{len(head)} bytes")
    kind = binary_kind(head)
    return Finding("FED-02", got=kind) if kind else None


def glimpsed(content: bytes) -> str:
    """A few bytes as a finding shows them: as text, of Chinese systems too; bytes that are none by their numbers."""
    for charset in ("utf-8", "gb18030"):
        try:
            text = codecs.getincrementaldecoder(charset)().decode(content)  # the last character may be cut
        except UnicodeDecodeError:
            continue
        if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
            return text
    return content.decode("utf-8", "backslashreplace")


def unrecognised(head: bytes) -> Finding:
    """The finding for a document that no format knows."""
    return unreadable(head) or Finding("FED-02", got=glimpsed(head[:24]))


def charset_named(name: str, where: str = "profile.charset") -> str:
    """Python's name of a text charset. Raises ConfigError for one that does not exist or is no charset."""
    try:
        info = codecs.lookup(name)
    except LookupError as error:
        raise ConfigError(f"{where}: unknown charset {name!r}") from error
    if not getattr(info, "_is_text_encoding", True):
        raise ConfigError(f"{where}: {name!r} is no charset")
    return info.name


def declared_charset(profile: Profile) -> str | None:
    """The charset that the agreement states, normalised; None when it states none."""
    return None if profile.charset is None else charset_named(profile.charset)

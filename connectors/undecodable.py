"""Decoding that always goes on: bytes that are no text of their charset become lone surrogates, which no value may hold.

Python's own `surrogateescape` gives up on UTF-16, on UTF-32 and on bytes below 0x80. The handler here takes them too, so that a cut
or mixed-up document is read to its end and the place of the bad bytes can be told.
"""

from __future__ import annotations

import codecs
from functools import cache

from connectors.first_bytes import wide_charset
from data_contracts.findings import Finding, Place

UNDECODABLE = "udihub.undecodable"
"""Name of the error handler, for `decode` and, to measure what was decoded, `encode`."""

_UNITS = {"utf-16": 2, "utf-32": 4, "utf16": 2, "utf32": 4}


@cache
def _unit(charset: str) -> int:
    return _UNITS.get(charset.replace("_", "-")[:6], 0) or _UNITS.get(charset[:5], 1)


def _handle(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError):
        if _unit(error.encoding) > 1:
            return "\udcff", error.end
        return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end
    if isinstance(error, UnicodeEncodeError):
        size = _unit(error.encoding)
        low = error.object[error.start : error.end].encode("utf-32-le", "surrogatepass")[::4]
        return low if size == 1 else b"".join(bytes([byte]) * size for byte in low), error.end
    raise error


codecs.register_error(UNDECODABLE, _handle)


def not_text(error: UnicodeDecodeError, charset: str, place: Place) -> Finding:
    """FED-15 for bytes that are no text of a charset."""
    bad = error.object[error.start : error.start + 4].hex(" ")
    return Finding("FED-15", place=place, expected=charset, got=bad, params=rather(error.object, charset))


def rather(content: bytes, charset: str) -> dict[str, str]:
    """What FED-15 adds where bytes that are no text of a charset are UTF-8: then the charset alone is stated wrongly.

    >>> rather("数".encode(), "ascii")["rather"], rather("é".encode("latin-1"), "ascii")
    (' They are UTF-8.', {})
    """
    if codecs.lookup(charset).name == "utf-8":
        return {}
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(content)  # the last character may be cut
    except UnicodeDecodeError:
        return {}
    return {"rather": " They are UTF-8.", "rather_zh": "它们是 UTF-8。"}


def errors_of(charset: str) -> str:
    """Name of the error handler for a charset: Python's own, which is quick and says the same, for those whose bad bytes are above 0x7F.

    >>> errors_of("UTF-8"), errors_of("gb18030")
    ('surrogateescape', 'udihub.undecodable')
    """
    return "surrogateescape" if codecs.lookup(charset).name in ("ascii", "utf-8") else UNDECODABLE


def sizing(charset: str) -> str:
    """Name of the error handler by which `encode` tells how many bytes were decoded: a bad unit of UTF-16 or UTF-32 is one surrogate, of
    as many bytes as any.

    >>> sizing("utf-32-le"), sizing("gb18030")
    ('surrogatepass', 'udihub.undecodable')
    """
    return errors_of(charset) if _unit(charset) == 1 else "surrogatepass"


def torn_end(decoder: codecs.IncrementalDecoder, charset: str) -> bytes:
    """The bytes with which a document of UTF-16 or UTF-32 ends within a character, when all of it has been fed; empty for other charsets.

    They are no character, not even a bad one, and would be counted as whole units.
    """
    return bytes(decoder.getstate()[0]) if _unit(charset) > 1 else b""


def torn_told(rule: str, torn: bytes, charset: str) -> Finding:
    """The finding of this rule on the bytes within which a document ends."""
    return Finding(rule, expected=charset, got=torn.hex(" "), params={"bytes": str(len(torn))})


def byte_ordered(charset: str, head: bytes) -> str:
    """`utf-16` and `utf-32` with their byte order, which Python's decoders demand: of the mark, else of the zero bytes, else little-endian.

    >>> byte_ordered("utf-16", "ISA".encode("utf-16-be")), byte_ordered("utf-8", b"ISA")
    ('utf-16-be', 'utf-8')
    """
    name = codecs.lookup(charset).name
    if name not in ("utf-16", "utf-32") or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        return charset
    found = wide_charset(head) or ""
    return found if found.startswith(name) else f"{name}-le"

"""Names of files as servers hold them: bytes, which most call UTF-8 and servers in China often GBK.

Within a transport a name is a text that stands for its bytes, those that are no UTF-8 as Python escapes them (PEP 383), so that the same
bytes are asked for again. People are shown `readable`; keys hold `spelled`, from which `unspelled` gets the bytes back.
"""

from __future__ import annotations

import re
import unicodedata

from data_contracts.errors import RefusedError

UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".swp")
"""How the names of files end that somebody is still writing."""
_LONGEST = 200
_ESCAPED = re.compile("[\udc80-\udcff]")
_SPELLED = re.compile(r"\\x([0-9a-f]{2})")


def is_utf8(name: str) -> bool:
    """Whether a name's bytes are UTF-8."""
    return _ESCAPED.search(name) is None


def raw(name: str) -> bytes:
    """The bytes that a name stands for."""
    return name.encode("utf-8", "surrogateescape")


def of_raw(name: bytes) -> str:
    """The text that stands for these bytes."""
    return name.decode("utf-8", "surrogateescape")


def spelled(name: str) -> str:
    """The same in letters that can be kept and printed: a byte that is no UTF-8, and in such names a backslash, as `\\xc8`."""
    if is_utf8(name):
        return name
    return raw(name.replace("\\", "\\x5c")).decode("utf-8", "backslashreplace")


def unspelled(name: str) -> str:
    """The name again."""
    if _SPELLED.search(name) is None:
        return name
    pieces = _SPELLED.split(name)
    return of_raw(b"".join(raw(piece) if at % 2 == 0 else bytes.fromhex(piece) for at, piece in enumerate(pieces)))


def readable(name: str) -> str:
    """For people: what the bytes say as UTF-8, or as GB18030 where that is Chinese; else as `spelled`."""
    text = _text(name)
    return spelled(name) if text is None else text


def hostile(name: str) -> bool:
    """Whether a name could mean something else than a file in this folder, or deceive whoever reads it in a list."""
    try:
        size = len(raw(name))
    except UnicodeEncodeError:  # half a letter of UTF-16, which stands for no bytes
        return True
    if name in ("", ".", "..") or size > _LONGEST:
        return True
    text = _text(name)
    if text is None:
        text = _ESCAPED.sub("", name).replace("\\", "")  # a backslash may be the second byte of a letter
    return any(character in "/\\" or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for character in text)


def safe_name(name: str) -> str:
    """The name, if it is one for a file to be written. Raises RefusedError for any other."""
    if hostile(name) or not is_utf8(name) or name.startswith(".") or name.casefold().endswith(UNFINISHED):
        raise RefusedError(f"{name!r} is no name for a file")
    return name


def _text(name: str) -> str | None:
    """What the bytes say; None where they are neither UTF-8 nor Chinese, whose letters are mostly those of GB 2312."""
    if is_utf8(name):
        return name
    try:
        text = raw(name).decode("gb18030")
    except UnicodeError:
        return None
    foreign = [character for character in text if not character.isascii()]
    common = sum(len(character.encode("gb2312", "ignore")) == 2 for character in foreign)
    return text if 2 * common >= len(foreign) else None

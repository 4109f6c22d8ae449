"""Damage as the field does it, and worse: one broken document out of good ones, the same for the same seed.

Each mutation takes bytes and gives bytes. They know nothing of a syntax but the characters by which documents are cut, so that a new
format is fuzzed without a line of its own. A ZIP (XLSX) is opened, one of its members damaged, and packed again.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from random import Random

LARGEST = 1 << 20
"""Bytes of a mutated document."""
_MARKS = b"~'*+:^|>?\n\r,;\"<>{}[]=&/\\ \x1c\x1d\x1e\x1f"
_PIECES = (
    *(b"\x00", b"\xff", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"\x1a", b"\r", b"\r\n", b"\x85", b"\t"),
    *(b'"', b"'", b"''", b"?", b"??", b"?'", b"\\u", b"\\ud800", b"\\", b"<", b"<!", b"<![CDATA[", b"]]>", b"<!--", b"&", b"&#x0;", b"&a;"),
    *(b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"{", b"}", b"[", b"]]", b"[[", b"null", b"NaN", b"-", b"1e999", b"1E-400", b"-0", b"+1", b"0x1"),
    *(b"ISA*", b"IEA*1*1~", b"GS*", b"SE*", b"ST*850*0001~", b"HL*1*1*S~", b"UNA:+.? '", b"UNB+", b"UNZ+1+1'", b"UNH+1+ORDERS:D:96A:UN'"),
    *(b"EDI_DC40", b"99999999999999999999", b"00000000", b"20261332", b"\xe2\x80\xae", b"\xf0\x9f\x92\x89", "１２".encode(), b"=1+1"),
)
_OPENERS = (b"[", b'{"a":', b"<a>", b"<a b='c'>", b'{"lines":[', b"(", b"HL*2*1*I~", b"CPS+2+1'", b"UNS+D'", b"<E1EDP01 SEGMENT='1'>")
_CHARSETS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "utf-8-sig", "cp037", "utf-7")


def mutated(seeds: Sequence[bytes], draw: Random) -> bytes:
    """A damaged copy of one of these documents."""
    content = draw.choice(seeds)
    if content[:4] == b"PK\x03\x04" and draw.random() < 0.9:
        content = _repacked(content, seeds, draw)
    else:
        content = _several(content, seeds, draw)
    return content[:LARGEST]


def _several(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 5, 9))):
        change = draw.choice(_RARE) if draw.random() < 0.01 else draw.choice(_USUAL)
        content = change(content, seeds, draw)[:LARGEST]
    return content


def _repacked(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    members: list[tuple[str, bytes]] = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            members = [(info.filename, packed.read(info)) for info in packed.infolist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError):
        return _several(content, seeds, draw)
    at = draw.randrange(len(members)) if members else 0
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for number, (name, body) in enumerate(members):
            if number != at:
                packed.writestr(name, body)
            elif draw.random() < 0.95:
                packed.writestr(name, _several(body, [body], draw))
    return out.getvalue()


def _span(content: bytes, draw: Random, most: int = 200) -> tuple[int, int]:
    start = draw.randrange(len(content) + 1)
    return start, min(len(content), start + draw.randint(1, draw.choice((2, 8, 40, most))))


def _token(content: bytes, draw: Random) -> tuple[int, int]:
    """A piece between two cutting characters, the second one included."""
    start = draw.randrange(len(content) + 1)
    while start > 0 and content[start - 1] not in _MARKS:
        start -= 1
    end = start
    while end < len(content) and content[end] not in _MARKS:
        end += 1
    return start, min(end + 1, len(content))


def _times(piece: bytes, times: int) -> bytes:
    return piece * max(1, min(times, LARGEST // max(len(piece), 1)))


def _line(content: bytes, draw: Random) -> tuple[int, int]:
    """A segment or text line."""
    terminator = draw.choice((b"~", b"'", b"\n", b">", b"}", b","))
    at = draw.randrange(len(content) + 1)
    start = content.rfind(terminator, 0, at) + 1
    end = content.find(terminator, at)
    return start, (end + 1 if end >= 0 else len(content))


def flip_bits(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """Bits that turned over on the way."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 8)) if changed else 0):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def other_byte(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """One byte that became any other."""
    at = draw.randrange(len(content) + 1)
    return content[:at] + bytes([draw.randrange(256)]) + content[at + 1 :]


def truncate(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """A transfer that broke off, or began late."""
    at = draw.randrange(len(content) + 1)
    return content[:at] if draw.random() < 0.8 else content[at:]


def delete(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """Something got lost."""
    start, end = draw.choice((_span, _token, _line))(content, draw)
    return content[:start] + content[end:]


def duplicate(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """Something came twice, here or elsewhere."""
    start, end = draw.choice((_span, _token, _line))(content, draw)
    at = end if draw.random() < 0.5 else draw.randrange(len(content) + 1)
    return content[:at] + _times(content[start:end], draw.choice((1, 1, 1, 2, 10))) + content[at:]


def move(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """Segments in another order."""
    start, end = _line(content, draw)
    piece, rest = content[start:end], content[:start] + content[end:]
    at = draw.randrange(len(rest) + 1)
    return rest[:at] + piece + rest[at:]


def splice(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """The beginning of one document and the end of another."""
    other = draw.choice(seeds)
    return content[: draw.randrange(len(content) + 1)] + other[draw.randrange(len(other) + 1) :]


def insert(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """A piece that means something to some reader."""
    at = draw.randrange(len(content) + 1)
    return content[:at] + draw.choice(_PIECES) + content[at:]


def replace_token(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """A value that became another one, or nothing."""
    start, end = _token(content, draw)
    other = draw.choice(seeds)
    value = draw.choice((b"", draw.choice(_PIECES), other[slice(*_token(other, draw))][:-1]))
    return content[:start] + value + content[max(end - 1, start) :]


def swap_marks(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """Another separator, everywhere or at one place."""
    there = [mark for mark in _MARKS if mark in content] or [0]
    one, other = draw.choice(there), draw.choice((draw.choice(_MARKS), draw.randrange(256)))
    if draw.random() < 0.5:
        return content.replace(bytes([one]), bytes([other]))
    at = content.find(bytes([one]), draw.randrange(len(content) + 1))
    return content[:at] + bytes([other]) + content[at + 1 :] if at >= 0 else content


def other_number(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """A number that is too large, too small, too long or none."""
    at = next((at for at in range(draw.randrange(len(content) + 1), len(content)) if 48 <= content[at] <= 57), -1)
    if at < 0:
        return content
    end = at
    while end < len(content) and 48 <= content[end] <= 57:
        end += 1
    size = draw.choice((0, 1, 9, 10, 19, 40, 400, 5000))
    digits = draw.choice((b"9" * size, b"0" * size, b"-1", b"1." + b"3" * size, b"1e%d" % size, b"%d" % draw.randrange(10**9)))
    return content[:at] + digits + content[end:]


def nest(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """Levels below levels."""
    at = draw.randrange(len(content) + 1)
    return content[:at] + draw.choice(_OPENERS) * draw.choice((2, 70, 600)) + content[at:]


def many(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """One segment, row or element thousands of times."""
    start, end = _line(content, draw)
    return content[:end] + _times(content[start:end], draw.choice((300, 3000))) + content[end:]


def long(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """A value of a hundred thousand characters."""
    at = draw.randrange(len(content) + 1)
    return (
        content[:at]
        + draw.choice((b"A", b" ", b"?", b"\n", b"0", b"(", b"\xc3\xa9", b"&amp;")) * draw.choice((70_000, 200_000))
        + content[at:]
    )


def deep(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """A hundred thousand levels."""
    at = draw.randrange(len(content) + 1)
    return content[:at] + draw.choice(_OPENERS) * draw.choice((5000, 100_000)) + content[at:]


def recode(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """The same text in another charset."""
    return content.decode("utf-8", "replace").encode(draw.choice(_CHARSETS), "replace")


def whole_again(content: bytes, seeds: Sequence[bytes], draw: Random) -> bytes:
    """Several documents in one."""
    between = draw.choice((b"", b"\n", b"\r\n\r\n", b"garbage", b"\x00" * 50))
    return content + between + draw.choice(seeds)


Mutation = Callable[[bytes, Sequence[bytes], Random], bytes]
_USUAL: tuple[Mutation, ...] = (
    *(flip_bits, other_byte, truncate, delete, delete, duplicate, duplicate, move, splice, insert, insert),
    *(replace_token, replace_token, swap_marks, other_number, nest, recode, whole_again),
)
_RARE: tuple[Mutation, ...] = (many, long, deep)

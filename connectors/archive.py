"""A ZIP archive from outside, read part by part without trusting it: nothing is unpacked to disk, and what it may unpack to is bounded.

Refused whole (`ArchiveError`): what is no ZIP, holds too many parts, two parts of one name, names that lead out of a folder, or encrypted
parts. Refused while reading: a part that is damaged, larger than the bound, or packed like a bomb.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from connectors.file_names import is_utf8, of_raw, readable, spelled
from data_contracts.findings import Finding

FAULTS = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError, IndexError)
"""What zipfile raises for damaged, encrypted or strangely packed files."""
_END = b"PK\x05\x06"
_END_BYTES = 22
_LONGEST_COMMENT = 65_535
_UNTOLD = 0xFFFF_FFFF
_SAYS_UTF8 = 0x800


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an archive may hold. Directory bytes bound the memory that its list of parts takes."""

    parts: int = 20_000
    directory_bytes: int = 8 * 1024 * 1024
    part_bytes: int = 16 * 1024**3
    all_bytes: int = 256 * 1024**3
    ratio: int = 200
    free_bytes: int = 8 * 1024 * 1024
    """Unpacked bytes of a part up to which its ratio of packing does not matter."""


class ArchiveError(Exception):
    """The archive, or the part being read, cannot be followed further; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.rule)
        self.finding = finding


class Archive:
    """Parts of a ZIP file by name, in the order in which they stand."""

    def __init__(self, stream: BinaryIO, bounds: Bounds | None = None) -> None:
        """Raises ArchiveError; `stream` is seekable."""
        self.bounds = bounds or Bounds()
        self._unpacked = 0
        _directory_fits(stream, self.bounds)
        try:
            self._zip = zipfile.ZipFile(stream)
        except FAULTS as error:
            raise _broken(error) from None
        found = [info for info in self._zip.infolist() if not info.filename.endswith("/")]  # `is_dir` fails where there is no name
        if len(found) > self.bounds.parts:
            raise _too_large("parts", self.bounds.parts, str(len(found)))
        self._parts = {shown(info): info for info in found}
        # Names differ in case only where someone wants two readers to see two files.
        if len({name.casefold() for name in self._parts}) != len(found):
            raise ArchiveError(Finding("EXT-01", got="two parts of one name"))
        for name, info in self._parts.items():
            if hostile(name):
                raise ArchiveError(Finding("EXT-01", got=f"the name {name[:60]!r}"))
            if info.flag_bits & 1:
                raise ArchiveError(Finding("EXT-01", got=f"{name}: encrypted"))

    @property
    def names(self) -> list[str]:
        """Names of all parts."""
        return list(self._parts)

    def stored(self, name: str) -> str:
        """The name as the standard reads it where no charset is said (APPNOTE appendix D: code page 437): the same as ever, for keys."""
        return self._parts[name].filename

    @contextmanager
    def part(self, name: str) -> Iterator[io.BufferedReader]:
        """A part's bytes, to be read once from its beginning. Reading raises ArchiveError."""
        try:
            opened = self._zip.open(self._parts[name])
        except FAULTS as error:
            raise _broken(error, name) from None
        with opened:
            yield io.BufferedReader(_Part(self, name, self._parts[name].compress_size, cast("BinaryIO", opened)), 256 * 1024)

    def count(self, more: int) -> None:
        """Note unpacked bytes. Raises ArchiveError when all parts together are too large."""
        self._unpacked += more
        if self._unpacked > self.bounds.all_bytes:
            raise _too_large("bytes", self.bounds.all_bytes, "all parts")


class _Part(io.RawIOBase):
    """One part while it is read: forwards only, and no further than the bounds."""

    def __init__(self, archive: Archive, name: str, packed: int, opened: BinaryIO) -> None:
        super().__init__()
        self._archive, self._name, self._packed, self._opened = archive, name, packed, opened
        self._read = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._read

    def seek(self, offset: int, whence: int = 0) -> int:
        """To where it stands already: readers of documents go to the beginning before they begin."""
        if whence != 0 or offset != self._read:
            raise io.UnsupportedOperation("a part of an archive is read once, from its beginning")
        return offset

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer is what a reader gives
        try:
            piece = self._opened.read(len(buffer))
        except FAULTS as error:
            raise _broken(error, self._name) from None
        bounds, self._read = self._archive.bounds, self._read + len(piece)
        if self._read > bounds.part_bytes or (self._read > bounds.free_bytes and self._read > bounds.ratio * max(self._packed, 1)):
            cap = min(bounds.part_bytes, max(bounds.free_bytes, bounds.ratio * self._packed))
            raise _too_large("bytes", cap, self._name)
        self._archive.count(len(piece))
        buffer[: len(piece)] = piece
        return len(piece)


def damaged(stream: BinaryIO, head: bytes) -> Finding | None:
    """Why nobody reads a document that begins as a ZIP archive does, where the archive itself is at fault."""
    if not head.startswith(b"PK\x03\x04"):
        return None
    try:
        Archive(stream)
    except ArchiveError as error:
        return Finding("FED-23", expected="ZIP", got=error.finding.got)
    return None


def shown(info: zipfile.ZipInfo) -> str:
    """A part's name for people. Windows in China writes it in GBK and says so nowhere, others in UTF-8 without saying; the standard would
    have both read as the letters of DOS, which stay for what is neither."""
    if info.flag_bits & _SAYS_UTF8 or info.filename.isascii():
        return info.filename
    name = of_raw(info.filename.encode("cp437"))
    text = readable(name)
    return info.filename if not is_utf8(name) and text == spelled(name) else text


def hostile(name: str) -> bool:
    """Whether a part's name is absolute, leads out of its folder, or holds what no file is called."""
    steps = name.replace("\\", "/").split("/")
    return not name or len(name) > 500 or "\\" in name or name[0] == "/" or ".." in steps or ":" in steps[0] or not name.isprintable()


def _directory_fits(stream: BinaryIO, bounds: Bounds) -> None:
    """Refuse a list of parts that would fill the memory before anybody could count it: zipfile reads it whole."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT))
    tail = stream.read()
    stream.seek(0)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise ArchiveError(Finding("EXT-01", got="no ZIP file"))
    directory: int = struct.unpack_from("<I", tail, at + 12)[0]
    if directory == _UNTOLD:  # ZIP64 (APPNOTE 4.3.14): its end record stands before the locator, 20 bytes before this one
        before = tail[max(0, at - 20 - 56) : at]
        found = before.rfind(b"PK\x06\x06")
        if found < 0 or len(before) - found < 56:
            raise ArchiveError(Finding("EXT-01", got="ZIP64 without its end"))
        directory = struct.unpack_from("<Q", before, found + 40)[0]
    if directory > bounds.directory_bytes:
        raise _too_large("bytes", bounds.directory_bytes, "the list of its parts")


def _broken(error: Exception, name: str | None = None) -> ArchiveError:
    said = str(error)[:100] or type(error).__name__
    return ArchiveError(Finding("EXT-01", got=f"{name}: {said}" if name else said))


def _too_large(what: str, cap: int, got: str) -> ArchiveError:
    return ArchiveError(Finding("EXT-02", expected=str(cap), got=got, params={"what": what}))

"""Files that come packed (`unpack: zip`, `unpack: gzip` of a folder or SFTP server): each part is a document of its own.

What a file is packed with is told by its first bytes; what is not packed comes as it is, and so does a workbook, which is a ZIP too. A
packed file is read through once before anything of it counts: all of its parts come in, or none, within bounds whatever it claims.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple, cast

from connectors.archive import FAULTS, Archive, ArchiveError, Bounds
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding

RULE = "PCK-01"
BOUNDS = Bounds(parts=1000, directory_bytes=1024 * 1024, part_bytes=1024**3, all_bytes=4 * 1024**3)
_OPENINGS = {"zip": b"PK\x03\x04", "gzip": b"\x1f\x8b"}
_WORKBOOK = "[Content_Types].xml"
_PIECE = 1 << 20


def wanted(settings: Mapping[str, Any]) -> frozenset[str]:
    """Kinds that a flow unpacks. Raises ConfigError."""
    given = settings.get("unpack", ())
    kinds = frozenset([given] if isinstance(given, str) else given if isinstance(given, list | tuple) else [given])
    if not kinds <= _OPENINGS.keys():
        raise ConfigError(f"unpack is zip, gzip or both, not {given!r}")
    return kinds


def kind_of(stream: BinaryIO, kinds: frozenset[str]) -> str | None:
    """With which of these a seekable file is packed."""
    stream.seek(0)
    head = stream.read(4)
    stream.seek(0)
    return next((kind for kind in sorted(kinds) if head.startswith(_OPENINGS[kind])), None)


def fault(stream: BinaryIO, kind: str, name: str, bounds: Bounds = BOUNDS) -> Finding | None:
    """Why nothing of a packed file may come in; None: all of it may. Reads it through."""
    found = 0
    try:
        for part, opened, _ in parts(stream, kind, name, bounds):
            found += part != ""
            while opened.read(_PIECE):
                continue
    except ArchiveError as error:
        return Finding(RULE, expected=name, got=error.finding.text())
    return None if found else Finding(RULE, expected=name, got="nothing is in it")


class Part(NamedTuple):
    """One document of a packed file."""

    name: str
    """For people, in the letters that it is written in."""
    stream: BinaryIO
    key: str
    """The name as the archive holds it: what a repeat is known by."""


def parts(stream: BinaryIO, kind: str, name: str, bounds: Bounds = BOUNDS) -> Iterator[Part]:
    """Each part, to be read before the next one. A workbook is its only part. Raises ArchiveError."""
    stream.seek(0)
    if kind == "gzip":
        with _opened(stream, bounds) as opened:
            bare = name.removesuffix(".gz") or name
            yield Part(bare, opened, bare)
        return
    archive = Archive(stream, bounds)
    if _WORKBOOK in archive.names:
        stream.seek(0)
        yield Part(name, stream, name)
        return
    for part in archive.names:
        with archive.part(part) as opened_part:
            yield Part(part, cast("BinaryIO", opened_part), archive.stored(part))


@contextmanager
def _opened(stream: BinaryIO, bounds: Bounds) -> Iterator[BinaryIO]:
    size = stream.seek(0, 2)
    stream.seek(0)
    with gzip.GzipFile(fileobj=stream, mode="rb") as inner:
        yield cast("BinaryIO", io.BufferedReader(_Bounded(inner, size, bounds), 256 * 1024))


class _Bounded(io.RawIOBase):
    """What a gzip file unpacks to, no further than the bounds."""

    def __init__(self, inner: gzip.GzipFile, size: int, bounds: Bounds) -> None:
        super().__init__()
        self._inner, self._read = inner, 0
        self._most = min(bounds.part_bytes, max(bounds.free_bytes, bounds.ratio * size))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer is what a reader gives
        try:
            piece = self._inner.read(len(buffer))
        except FAULTS as error:
            raise ArchiveError(Finding("EXT-01", got=str(error)[:100])) from None
        self._read += len(piece)
        if self._read > self._most:
            raise ArchiveError(Finding("EXT-02", expected=str(self._most), got="gzip", params={"what": "bytes"}))
        buffer[: len(piece)] = piece
        return len(piece)

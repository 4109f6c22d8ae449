"""The bytes as they were received, addressed by their SHA-256 and never changed.

Up to 1 MiB lie in the database, so that bytes, row and audit are one write. Larger ones stream into the home's blob folder; file and folder
are synced before any row speaks of them, so a row never points to bytes that a power cut took.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from io import BufferedReader, BytesIO, FileIO, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from data_contracts.errors import FatalError, NotFoundError
from hub.store import bulk
from hub.store.tables import blob

IN_ROW = 1 << 20
"""Bytes up to which content lies in the row."""
_CHUNK = 1 << 20
_BUFFER = 128 * 1024
_CONTENT = sa.select(blob.c.size, blob.c.body).where(blob.c.sha256 == sa.bindparam("wanted"))


@dataclass(frozen=True, slots=True)
class Staged:
    """Content that is ready to be recorded: in memory, or durable in the blob folder."""

    sha256: bytes
    size: int
    body: bytes | None
    """Null: the bytes lie in the blob folder."""


def stage(home: Path, content: bytes | BinaryIO) -> Staged:
    """Take content in, from its present position to its end. Do this before a transaction: it can take long, and then holds nobody up.

    What is staged and never recorded stays in the folder until `sweep`; it harms nothing.
    """
    if isinstance(content, bytes):
        if len(content) <= IN_ROW:
            return Staged(hashlib.sha256(content).digest(), len(content), content)
        return _to_file(home, BytesIO(content), b"")
    head = content.read(IN_ROW + 1)
    while len(head) <= IN_ROW:  # a socket or pipe may give less than was asked for
        more = content.read(IN_ROW + 1 - len(head))
        if not more:
            return Staged(hashlib.sha256(head).digest(), len(head), head)
        head += more
    return _to_file(home, content, head)


def record(connection: sa.Connection, staged: Iterable[Staged]) -> None:
    """Make staged contents known to the store; those it has already cost nothing."""
    distinct = {content.sha256: content for content in staged}
    if not distinct:
        return
    # In the order of their hashes, so that two transactions with the same contents do not wait for each other crosswise.
    rows = [(key, distinct[key].size, distinct[key].body) for key in sorted(distinct)]
    bulk.insert_new(connection, blob, ("sha256", "size", "body"), rows)


def keep(connection: sa.Connection, home: Path, content: bytes | BinaryIO) -> tuple[bytes, int]:
    """Stage and record one content. Returns its SHA-256 and its size in bytes."""
    staged = stage(home, content)
    record(connection, [staged])
    return staged.sha256, staged.size


def open_blob(connection: sa.Connection, home: Path, sha256: bytes) -> BinaryIO:
    """The bytes as a seekable stream; close it.

    Raises NotFoundError for an unknown hash, FatalError when bytes are missing or are not those that were stored; of content that lies in
    the blob folder that is known, and raised, when it has been read to its end.
    """
    row = connection.execute(_CONTENT, {"wanted": sha256}).one_or_none()
    if row is None:
        raise NotFoundError(f"no content {sha256.hex()}")
    return opened(row.body, home, sha256, row.size)


def opened(body: bytes | None, home: Path, sha256: bytes, size: int | None = None) -> BinaryIO:
    """`open_blob` for a row that was read already, by a join with `blob`."""
    if body is not None:
        body = bytes(body)
        if hashlib.sha256(body).digest() != sha256:
            raise FatalError(f"content {sha256.hex()} is not what was stored: the database was altered or is damaged")
        return BytesIO(body)
    path = path_of(home, sha256)
    try:
        stream = path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise FatalError(f"content {sha256.hex()} is missing: {path} was removed") from error
    if size is not None and os.fstat(stream.fileno()).st_size != size:
        stream.close()
        raise FatalError(f"content {sha256.hex()} is damaged: {path} does not have {size} bytes")
    return BufferedReader(_Proved(stream, path, sha256), _BUFFER)


class _Proved(RawIOBase):
    """A file of the blob folder that is held against its hash while it is read: once it was read from its beginning to its end, in
    whatever pieces and however often some of it was read again, its bytes are those that were stored, or FatalError was raised.
    """

    def __init__(self, file: FileIO, path: Path, sha256: bytes) -> None:
        super().__init__()
        self._file, self._path, self._sha256 = file, path, sha256
        self._at, self._hashed, self._size = 0, 0, os.fstat(file.fileno()).st_size
        self._digest: Any = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = self._file.seek(offset, whence)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer is what a reader gives
        count = self._file.readinto(buffer) or 0
        if self._digest is not None and self._at <= self._hashed <= self._at + count:
            self._digest.update(memoryview(buffer)[self._hashed - self._at : count])
            self._hashed = self._at + count
            if self._hashed >= self._size:
                if self._digest.digest() != self._sha256:
                    raise FatalError(f"content {self._sha256.hex()} is not what was stored: {self._path} was altered or is damaged")
                self._digest = None
        self._at += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def read_blob(connection: sa.Connection, home: Path, sha256: bytes) -> bytes:
    """The bytes in memory, for content that is known to be small; else use `open_blob`."""
    with open_blob(connection, home, sha256) as stream:
        return stream.read()


def path_of(home: Path, sha256: bytes) -> Path:
    """Where large content lies."""
    name = sha256.hex()
    return home / "blobs" / name[:2] / name


def sweep(connection: sa.Connection, home: Path, older_than: float) -> int:
    """Remove files that no row speaks of and that were last written before `older_than` (seconds since 1970). Returns their number.

    They stay behind when a process dies between staging and commit. `older_than` must lie well before any transaction under way.
    """
    removed = 0
    for path in sorted((home / "blobs").glob("*/*")):
        if path.stat().st_mtime >= older_than:
            continue
        known = (
            path.parent.name != "arriving"
            and connection.execute(
                sa.select(blob.c.size).where(blob.c.sha256 == bytes.fromhex(path.name), blob.c.body.is_(None))
            ).one_or_none()
        )
        if not known:
            path.unlink()
            removed += 1
    return removed


def _to_file(home: Path, stream: BinaryIO, head: bytes) -> Staged:
    arriving = home / "blobs" / "arriving"
    _make(arriving)
    temporary = arriving / secrets.token_hex(16)
    digest = hashlib.sha256()
    size = 0
    try:
        with temporary.open("xb") as file:
            chunk = head or stream.read(_CHUNK)
            while chunk:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
                chunk = stream.read(_CHUNK)
            file.flush()
            _sync(file.fileno(), temporary)
        path = path_of(home, digest.digest())
        _make(path.parent)
        temporary.replace(path)  # equal bytes may lie there already; to put them again is safe and renews what a sweep looks at
        _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return Staged(digest.digest(), size, None)


def _make(folder: Path) -> None:
    """The folder, durable: each new one is synced into the one above."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True, mode=0o700)
        _sync_folder(new.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _sync(handle, folder)
    finally:
        os.close(handle)


def _sync(handle: int, path: Path) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        raise FatalError(f"{path} could not be synced to disk ({error}); stop, look after the disk, then start again") from error

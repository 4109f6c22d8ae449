from __future__ import annotations

import hashlib
import os
from io import BytesIO, RawIOBase
from pathlib import Path

import pytest
import sqlalchemy as sa

from data_contracts.errors import FatalError, NotFoundError
from hub.store import blobs
from hub.store.database import Database
from hub.store.tables import blob

LARGE = os.urandom(1 << 16) * 40


class Trickle(RawIOBase):
    """A source that gives little at a time, as a socket does."""

    def __init__(self, content: bytes) -> None:
        self._content = BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._content.read(min(size, 4096) if size > 0 else size)


def keep(database: Database, content: object) -> bytes:
    with database.begin("test") as uow:
        return blobs.keep(uow.connection, uow.home, content)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 1, blobs.IN_ROW - 1, blobs.IN_ROW, blobs.IN_ROW + 1, len(LARGE)])
@pytest.mark.parametrize("form", [bytes, BytesIO, Trickle])
def test_every_size_and_source_comes_back(database: Database, size: int, form: type) -> None:
    content = LARGE[:size]
    sha256 = keep(database, form(content))
    assert sha256 == hashlib.sha256(content).digest()
    with database.read() as connection:
        assert blobs.read_blob(connection, database.home, sha256) == content
        assert connection.execute(sa.select(blob.c.size)).scalar_one() == size
    assert blobs.path_of(database.home, sha256).exists() == (size > blobs.IN_ROW)
    assert list((database.home / "blobs").glob("arriving/*")) == []


def test_equal_content_is_kept_once(database: Database) -> None:
    for content in (b"small", LARGE, b"small", BytesIO(LARGE)):
        keep(database, content)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(blob)).scalar_one() == 2


def test_a_stream_is_taken_from_where_it_stands(database: Database) -> None:
    stream = BytesIO(b"head" + LARGE)
    stream.seek(4)
    assert keep(database, stream) == hashlib.sha256(LARGE).digest()


def test_missing_and_altered_bytes_are_never_served(database: Database) -> None:
    large, small = keep(database, LARGE), keep(database, b"small")
    path = blobs.path_of(database.home, large)
    with path.open("ab") as file:
        file.write(b"x")
    with database.begin("forger") as uow:
        uow.connection.execute(sa.update(blob).where(blob.c.sha256 == small).values(body=b"smell"))
    with database.read() as connection:
        for sha256 in (large, small):
            with pytest.raises(FatalError):
                blobs.open_blob(connection, database.home, sha256)
        path.unlink()
        with pytest.raises(FatalError, match="missing"):
            blobs.open_blob(connection, database.home, large)
        with pytest.raises(NotFoundError):
            blobs.open_blob(connection, database.home, bytes(32))


def test_large_bytes_that_were_exchanged_are_told_when_they_have_been_read(database: Database) -> None:
    """Of the same length, and however they are read: the file is held against its hash on the way."""
    large = keep(database, LARGE)
    with database.read() as connection:
        with blobs.open_blob(connection, database.home, large) as stream:
            assert stream.read(10) == LARGE[:10] and stream.seek(0) == 0
            assert b"".join(iter(lambda: stream.read(70_000), b"")) == LARGE
        path = blobs.path_of(database.home, large)
        path.write_bytes(LARGE[:-1] + bytes([LARGE[-1] ^ 1]))
        with blobs.open_blob(connection, database.home, large) as stream:
            assert stream.read(1000) == LARGE[:1000] and stream.seek(0) == 0
            with pytest.raises(FatalError, match="altered"):
                while stream.read(70_000):
                    continue


def test_a_source_that_breaks_leaves_nothing(database: Database) -> None:
    class Broken(Trickle):
        def read(self, size: int = -1) -> bytes:
            if self._content.tell() > 2_000_000:
                raise ConnectionResetError
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        blobs.stage(database.home, Broken(LARGE))  # type: ignore[arg-type]
    assert [path for path in (database.home / "blobs").rglob("*") if path.is_file()] == []


def test_a_failed_sync_is_fatal(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FatalError, match="synced"):
        blobs.stage(database.home, LARGE)


def test_sweep_removes_what_was_never_recorded(database: Database) -> None:
    kept = keep(database, LARGE)
    orphan = blobs.stage(database.home, LARGE + b"orphan").sha256
    stray = database.home / "blobs" / "arriving" / "0123"
    stray.write_bytes(b"half")
    with database.read() as connection:
        assert blobs.sweep(connection, database.home, older_than=0) == 0
        assert blobs.sweep(connection, database.home, older_than=4e9) == 2
    assert Path(blobs.path_of(database.home, kept)).exists()
    assert not Path(blobs.path_of(database.home, orphan)).exists()
    assert not stray.exists()

"""Files in a folder of this machine or a mounted share.

    {use: folder, folder: in/erp, pattern: "orders_*.json"}

In: `ready`, `look_seconds`, `age_seconds` and `mark` say when a file is whole (`connectors.waiting_files`); afterwards it moves to
`done_folder` within the folder, or is deleted with `settle: delete`. Links are not followed. Out: a file appears whole or not at all; it is
written under a hidden name, synced, renamed, and the folder synced, so that it survives a power cut once `send` returns.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from connectors.credentials import refuse_unknown, required
from connectors.file_names import hostile, safe_name, spelled
from connectors.spec import Delivered, WrittenOn
from connectors.waiting_files import SETTINGS, Entry, Looks, Waiting, counted, kept_as, written_on
from data_contracts.errors import ConfigError, ConflictError, RefusedError, RetriableError

_MISTAKEN = {errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EROFS, errno.ENAMETOOLONG}


@contextmanager
def _explained(what: Path) -> Iterator[None]:
    """Errors of the file system as the hub's: what a person must mend, and what may pass."""
    try:
        yield
    except OSError as error:
        text = f"{spelled(str(what))}: {error.strerror or error}"
        raise ConfigError(text) if error.errno in _MISTAKEN else RetriableError(text) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _entry(name: str, status: os.stat_result) -> Entry:
    return Entry(name, status.st_size, status.st_mtime_ns, stat.S_ISREG(status.st_mode))


def _among(folder: Path, names: Iterable[str]) -> dict[str, Entry]:
    found = {}
    for name in names:
        with suppress(FileNotFoundError):
            found[name] = _entry(name, (folder / name).lstat())
    return found


class Folder:
    """The transport `folder`."""

    name = "folder"
    settings = SETTINGS
    needs = frozenset({"folder"})

    def __init__(self) -> None:
        self._looks = Looks()

    def _folder(self, settings: Mapping[str, Any]) -> Path:
        refuse_unknown(settings, SETTINGS, self.name)
        return Path(required(settings, "folder", self.name))

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str:
        """Whether the folder is there and ours to use. Raises ConfigError where it is no folder, or its files are not ours to read, to
        settle or to write."""
        folder = self._folder(settings)
        with _explained(folder):
            if not folder.exists():
                above = next(one for one in folder.absolute().parents if one.exists())
                if not os.access(above, os.W_OK | os.X_OK):
                    raise ConfigError(f"{folder}: it is not there, and {above} is not ours to make it in")
                return f"{folder} is not there yet: who first writes makes it"
            if not folder.is_dir():
                raise ConfigError(f"{folder}: no folder")
            rights = os.W_OK | os.X_OK | (os.R_OK if asks else 0)  # what was taken is moved or deleted there
            if not os.access(folder, rights):
                raise (
                    ConfigError(f"{folder}: what is in it is not ours to read and settle")
                    if asks
                    else ConfigError(f"{folder}: not ours to write to")
                )
            if not asks:
                return f"{folder} is there"
            count, left = counted(self._look(folder))
            return f"{folder} is there, {count} files in it" + (f", {left} of them left alone for their names" if left else "")

    def fetch(self, settings: Mapping[str, Any]) -> Iterator[Delivered]:
        """Files that are whole, oldest first. A folder that does not exist holds nothing: its first writer makes it."""
        folder, waiting = self._folder(settings), Waiting.of(settings)
        if not folder.exists():
            return
        with _explained(folder):
            ready = self._looks.ready(str(folder.absolute()), waiting, lambda: self._look(folder))
        for entry in ready:
            yield entry.delivered()

    def _look(self, folder: Path) -> list[Entry]:
        entries = []
        with os.scandir(folder) as listing:
            for found in listing:
                with suppress(FileNotFoundError):  # taken away between two calls
                    entries.append(_entry(found.name, found.stat(follow_symlinks=False)))
        return entries

    def open(self, settings: Mapping[str, Any], delivered: Delivered) -> BinaryIO:
        """The file's bytes, read as they are asked for. Raises RetriableError when it changed since it was seen."""
        path = self._path(settings, delivered.name)
        with _explained(path):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError as error:
                if error.errno == errno.ELOOP:
                    raise RefusedError(f"{spelled(str(path))} is a link") from error
                raise
            stream = os.fdopen(descriptor, "rb")
            entry = _entry(delivered.name, os.fstat(stream.fileno()))
        if not entry.regular or entry.delivered().delivery_key != delivered.delivery_key:
            stream.close()
            raise RetriableError(f"{spelled(str(path))} changed since it was seen")
        return stream

    def settle(self, settings: Mapping[str, Any], delivered: Delivered) -> None:
        """Move or delete the file and its mark. A file that is gone, or new under the same name, is left as it is."""
        path, waiting = self._path(settings, delivered.name), Waiting.of(settings)
        with _explained(path):
            try:
                entry = _entry(delivered.name, path.lstat())
            except FileNotFoundError:
                return
            if entry.delivered().delivery_key != delivered.delivery_key:
                return
            if waiting.settle == "delete":
                path.unlink()
            else:
                self._move(path, path.parent / waiting.done_folder, entry)
            if waiting.ready == "mark":
                path.with_name(path.name + waiting.mark).unlink(missing_ok=True)
            _sync_folder(path.parent)

    def _move(self, path: Path, done: Path, entry: Entry) -> None:
        done.mkdir(exist_ok=True)
        target = done / path.name
        if target.exists():
            target = done / kept_as(entry)[0]
        path.rename(target)
        _sync_folder(done)

    def written_on(self, settings: Mapping[str, Any], delivery_keys: Iterable[str]) -> Iterator[WrittenOn]:
        """Of what was taken under these keys, what was written on where it was put, once it stands still there."""
        folder, waiting = self._folder(settings), Waiting.of(settings)
        done, there = folder / waiting.done_folder, {**settings, "folder": str(folder / waiting.done_folder), "pattern": "*"}
        if waiting.ready != "stable" or waiting.settle != "move" or not done.is_dir():
            return
        with _explained(done):
            changed = {now.name: (before, now) for before, now in written_on(delivery_keys, lambda names: _among(done, names))}
            still = self._looks.ready(
                str(done.absolute()), replace(waiting, pattern="*"), lambda: list(_among(done, changed).values()) if changed else []
            )
        for entry in still:
            yield WrittenOn(entry.delivered(), changed[entry.name][0].size, there)

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Write the file and return its name. The same bytes again change nothing.

        Raises ConflictError when other bytes wait under that name: nobody has taken them yet.
        """
        folder = self._folder(settings)
        target = folder / safe_name(name)
        with _explained(target):
            folder.mkdir(parents=True, exist_ok=True)
            if target.is_symlink():
                raise RefusedError(f"{target} is a link")
            if target.exists():
                if target.read_bytes() != content:
                    raise ConflictError(f"another {name} waits in {folder}")
                return f"{name}, {len(content)} bytes, was there"
            hidden = folder / f".{sha256(f'{stable_id}/{name}'.encode()).hexdigest()[:16]}.part"
            try:
                descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
                with os.fdopen(descriptor, "wb") as output:
                    output.write(content)
                    output.flush()
                    os.fsync(output.fileno())
                hidden.rename(target)
            except OSError:
                hidden.unlink(missing_ok=True)
                raise
            _sync_folder(folder)
        return f"{name}, {len(content)} bytes"

    def _path(self, settings: Mapping[str, Any], name: str) -> Path:
        if hostile(name):
            raise RefusedError(f"{name!r} is no name for a file")
        return self._folder(settings) / name


TRANSPORT = Folder()

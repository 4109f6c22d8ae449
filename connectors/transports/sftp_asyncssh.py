"""The SFTP session by asyncssh (`backend: asyncssh`): maintained, and on large downloads about 1.7 times as fast as paramiko's; for
many small files pysftp is quicker.

asyncssh is asynchronous; each session runs its own event loop in its own thread, so that workers, tasks and tests call it plainly.
"""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import TypeVar, cast

import asyncssh

from connectors.file_names import spelled
from connectors.transports.sftp_session import Peer
from connectors.waiting_files import Entry
from data_contracts.errors import ConfigError, RetriableError

_CHUNK = 4 * 1024 * 1024
_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


@contextmanager
def _explained(peer: Peer, what: str) -> Iterator[None]:
    """asyncssh's errors as the hub's."""
    what = spelled(what)
    try:
        yield
    except asyncssh.HostKeyNotVerifiable as error:
        raise ConfigError(f"{peer.address}: the host key is not the one in {peer.known_hosts}: {error.reason}") from error
    except (asyncssh.PermissionDenied, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise ConfigError(f"{peer.address}: {peer.user} is not let in: {error}") from error
    except asyncssh.SFTPNoSuchFile as error:
        raise FileNotFoundError(what) from error
    except asyncssh.SFTPPermissionDenied as error:
        raise ConfigError(f"{peer.address}: {what}: permission denied") from error
    except asyncssh.KeyExchangeFailed as error:
        raise ConfigError(f"{peer.address}: no common algorithm or kind of host key: {error.reason}") from error
    except (asyncssh.Error, OSError, TimeoutError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise RetriableError(f"{peer.address}: {what}: {error or type(error).__name__}") from error


def _entry(name: str, attributes: asyncssh.SFTPAttrs) -> Entry:
    permissions = attributes.permissions
    regular = attributes.type == asyncssh.FILEXFER_TYPE_REGULAR if permissions is None else stat.S_ISREG(permissions)
    return Entry(name, attributes.size or 0, int(attributes.mtime or 0) * 1_000_000_000, regular)


class AsyncsshSession:
    """A `Session` by asyncssh."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._loop = asyncio.new_event_loop()
        # When a connection breaks, each block under way fails too; the call that waits for them reports it once.
        self._loop.set_exception_handler(lambda _loop, context: _log.debug("%s", context.get("message")))
        self._thread = Thread(target=self._loop.run_forever, name=f"sftp {peer.address}", daemon=True)
        self._thread.start()
        self._connection: asyncssh.SSHClientConnection | None = None
        try:
            with _explained(peer, "connect"):
                self._sftp = self._wait(self._connect())
        except BaseException:
            self.close()
            raise

    async def _connect(self) -> asyncssh.SFTPClient:
        peer = self._peer
        keys = []
        if peer.private_key is not None:
            keys.append(asyncssh.read_private_key(str(peer.private_key), peer.passphrase))
        # No user's configuration, agent or default key: what is used is what the settings say.
        self._connection = await asyncssh.connect(
            peer.host,
            peer.port,
            username=peer.user,
            password=peer.password,
            client_keys=keys,
            known_hosts=str(peer.known_hosts),
            config=[],
            agent_path=None,
            connect_timeout=peer.timeout,
            login_timeout=peer.timeout,
            keepalive_interval=peer.timeout,
            keepalive_count_max=1,
        )
        return await self._connection.start_sftp_client(path_errors="surrogateescape")

    def _wait(self, work: Awaitable[_Result]) -> _Result:
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, self._peer.timeout), self._loop)
        return future.result()

    def entries(self, folder: str) -> list[Entry]:
        """Names in a folder."""
        with _explained(self._peer, folder):
            return [_entry(str(found.filename), found.attrs) for found in self._wait(self._sftp.readdir(folder))]

    def look(self, path: str) -> Entry | None:
        """One name, links not followed."""
        try:
            with _explained(self._peer, path):
                return _entry(path.rpartition("/")[2], self._wait(self._sftp.lstat(path)))
        except FileNotFoundError:
            return None

    def read(self, path: str, offset: int, size: int) -> Iterator[bytes]:
        """Bytes from `offset` to `size`; each piece is asked for in parallel blocks."""
        with _explained(self._peer, path):
            stream = self._wait(self._sftp.open(path, "rb"))
            try:
                while offset < size:
                    piece = cast("bytes", self._wait(stream.read(min(_CHUNK, size - offset), offset)))
                    if not piece:
                        return
                    yield piece
                    offset += len(piece)
            finally:
                with suppress(asyncssh.Error, OSError):
                    self._wait(stream.close())

    def write(self, path: str, offset: int, content: bytes) -> None:
        """Write from `offset`, and ask the server to bring it to disk where it can."""
        with _explained(self._peer, path):
            stream = self._wait(self._sftp.open(path, "r+b" if offset else "wb"))
            try:
                for start in range(0, len(content), _CHUNK):
                    self._wait(stream.write(content[start : start + _CHUNK], offset + start))
                with suppress(asyncssh.SFTPOpUnsupported):
                    self._wait(stream.fsync())
            finally:
                with suppress(asyncssh.Error, OSError):
                    self._wait(stream.close())

    def rename(self, source: str, target: str) -> None:
        """Atomically by posix-rename@openssh.com; a plain rename where the server does not know it."""
        with _explained(self._peer, target):
            try:
                self._wait(self._sftp.posix_rename(source, target))
            except asyncssh.SFTPOpUnsupported:
                self._wait(self._sftp.rename(source, target))

    def remove(self, path: str) -> None:
        """Take a file away."""
        with _explained(self._peer, path):
            self._wait(self._sftp.remove(path))

    def make_folder(self, path: str) -> None:
        """Make one folder."""
        with _explained(self._peer, path):
            if not self._wait(self._sftp.isdir(path)):
                self._wait(self._sftp.mkdir(path))

    def close(self) -> None:
        """Hang up and end the thread."""
        if self._loop.is_closed():
            return
        if self._connection is not None:
            with suppress(asyncssh.Error, OSError, TimeoutError):
                self._wait(self._hang_up(self._connection))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        if not self._thread.is_alive():
            self._loop.close()

    @staticmethod
    async def _hang_up(connection: asyncssh.SSHClientConnection) -> None:
        connection.abort()
        await connection.wait_closed()

"""Files on a partner's SFTP server, or in our own folder there.

    {use: sftp, host: sftp.partner.example, user: novamed, private_key_file: …, known_hosts_file: …, folder: out, pattern: "*.edi"}

Host keys are checked strictly, always. A file is taken when it is whole (`connectors.waiting_files`), a download that breaks goes
on where it stopped, and so does an upload: it goes to a hidden name, is compared in size and appears by an atomic rename.
`backend: asyncssh` selects the maintained client. pysftp, last released in 2016, lives in this file alone, behind a shim that
was proved on paramiko 5.1; `docs/decisions/0002-pysftp.md` states the risk and the way out.
"""

from __future__ import annotations

import posixpath
import socket
import stat
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from threading import local
from typing import Any, BinaryIO, cast

import paramiko
from paramiko.sftp import CMD_NAME

from connectors import open_lines
from connectors.credentials import required
from connectors.file_names import hostile, of_raw, raw, safe_name, spelled
from connectors.spec import Delivered, WrittenOn
from connectors.transports.sftp_session import PEER_SETTINGS, Peer, Session
from connectors.waiting_files import Entry, Looks, Waiting, counted, kept_as, written_on
from data_contracts.errors import ConfigError, ConflictError, RefusedError, RetriableError

if not hasattr(paramiko, "DSSKey"):  # paramiko 4 left DSA; pysftp still imports its name
    vars(paramiko)["DSSKey"] = type("DSSKey", (paramiko.PKey,), {})
import pysftp

_ATTEMPTS = 3
_CHUNK = 256 * 1024
_ONE_BY_ONE = 60
"""So many names are asked for one by one; for more the folder is listed, which brings a hundred names an answer."""


class _Options(pysftp.CnOpts):  # type: ignore[misc]  # pysftp has no types
    """Known hosts that are also found under `[host]:port`."""

    def __init__(self, peer: Peer) -> None:
        super().__init__(str(peer.known_hosts))
        self._address = peer.address

    def get_hostkey(self, host: str) -> paramiko.PKey:
        """The key to be expected; of several kinds the most modern."""
        known = self.hostkeys.lookup(self._address) or {}
        for kind in sorted(known, key=lambda name: ("ed25519" not in name, "ecdsa" not in name)):
            key: paramiko.PKey = known[kind]
            return key
        raise pysftp.SSHException(f"No hostkey for host {self._address} found.")


class _Said(paramiko.Message):
    """An answer whose names are bytes, which need not be UTF-8."""

    def get_text(self) -> str:
        """A name."""
        return of_raw(self.get_string())


class _Client(paramiko.SFTPClient):
    """paramiko's client, for names of any bytes; paths are given to it as bytes."""

    def _request(self, t: Any, *arg: Any) -> Any:
        kind, said = super()._request(t, *arg)  # type: ignore[misc]
        return kind, _Said(said.get_remainder()) if kind == CMD_NAME else said


class _Connection(pysftp.Connection):  # type: ignore[misc]  # pysftp has no types
    """pysftp's connection with timeouts, keys of today, and a close that never fails."""

    _sftp_live = False
    _transport: Any = None
    _cnopts: Any = None

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        options = _Options(peer)
        try:
            super().__init__(peer.host, username=peer.user, password=peer.password, port=peer.port, cnopts=options)
            self._transport.set_keepalive(int(peer.timeout) or 1)
            self._sftp_connect()
            self.timeout = peer.timeout
        except BaseException:
            self.close()
            raise

    def _sftp_connect(self) -> None:
        if not self._sftp_live:
            self._sftp = _Client.from_transport(self._transport)
            self._sftp_live = True

    def _start_transport(self, host: str, port: int) -> None:
        connected = socket.create_connection((host, port), timeout=self._peer.timeout)
        self._transport = paramiko.Transport(connected)
        for kind in ("banner", "handshake", "auth", "channel"):
            setattr(self._transport, f"{kind}_timeout", self._peer.timeout)

    def _set_authentication(self, password: str | None, private_key: object, private_key_pass: object) -> None:
        peer = self._peer
        if peer.private_key is not None:
            passphrase = peer.passphrase.encode() if peer.passphrase is not None else None
            self._tconnect["pkey"] = paramiko.PKey.from_path(str(peer.private_key), passphrase)  # type: ignore[arg-type]  # bytes it is

    def close(self) -> None:
        """Hang up; also when the connection never came to be."""
        if self._cnopts is not None:
            with suppress(OSError, EOFError, paramiko.SSHException):
                super().close()


@contextmanager
def _explained(peer: Peer, what: str) -> Iterator[None]:
    """paramiko's and pysftp's errors as the hub's."""
    what = spelled(what)
    try:
        yield
    except FileNotFoundError:
        raise
    except (paramiko.AuthenticationException, paramiko.PasswordRequiredException, pysftp.CredentialException) as error:
        raise ConfigError(f"{peer.address}: {peer.user} is not let in: {error}") from error
    except (pysftp.HostKeysException, paramiko.ssh_exception.IncompatiblePeer, paramiko.BadHostKeyException) as error:
        raise ConfigError(f"{peer.address}: no host key of a kind that {peer.known_hosts} has: {error}") from error
    except paramiko.SSHException as error:
        if "host key" in str(error).lower() or "hostkey" in str(error).lower():
            raise ConfigError(f"{peer.address}: the host key is not the one in {peer.known_hosts}: {error}") from error
        raise RetriableError(f"{peer.address}: {what}: {error}") from error
    except PermissionError as error:
        raise ConfigError(f"{peer.address}: {what}: permission denied") from error
    except (OSError, EOFError, pysftp.ConnectionException) as error:
        raise RetriableError(f"{peer.address}: {what}: {error or type(error).__name__}") from error
    except (ValueError, TypeError) as error:  # paramiko on a private key that it cannot read
        raise ConfigError(f"{peer.address}: {what}: {error}") from error


def _entry(name: str, attributes: paramiko.SFTPAttributes) -> Entry:
    return Entry(name, attributes.st_size or 0, (attributes.st_mtime or 0) * 1_000_000_000, stat.S_ISREG(attributes.st_mode or 0))


class PysftpSession:
    """A `Session` by pysftp on paramiko."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        with _explained(peer, "connect"):
            self._connection = _Connection(peer)
        self._client: paramiko.SFTPClient = self._connection.sftp_client

    def entries(self, folder: str) -> list[Entry]:
        """Names in a folder."""
        with _explained(self._peer, folder):
            return [_entry(found.filename, found) for found in self._client.listdir_attr(folder)]

    def look(self, path: str) -> Entry | None:
        """One name, links not followed."""
        try:
            with _explained(self._peer, path):
                return _entry(posixpath.basename(path), self._client.lstat(raw(path)))
        except FileNotFoundError:
            return None

    def read(self, path: str, offset: int, size: int) -> Iterator[bytes]:
        """Bytes from `offset` to `size`, asked for ahead: without it a read of 32 KiB waits for each answer."""
        with _explained(self._peer, path), self._client.open(raw(path), "rb") as stream:
            stream.seek(offset)
            stream.prefetch(size)
            while offset < size and (piece := stream.read(min(_CHUNK, size - offset))):
                yield piece
                offset += len(piece)

    def write(self, path: str, offset: int, content: bytes) -> None:
        """Write from `offset`, without waiting for the answer to each block."""
        with _explained(self._peer, path), self._client.open(raw(path), "r+b" if offset else "wb") as stream:
            stream.set_pipelined(True)
            stream.seek(offset)
            for start in range(0, len(content), _CHUNK):
                stream.write(content[start : start + _CHUNK])

    def rename(self, source: str, target: str) -> None:
        """Atomically by posix-rename@openssh.com; a plain rename where the server does not know it."""
        with _explained(self._peer, target):
            try:
                self._client.posix_rename(raw(source), raw(target))
            except OSError as error:
                if "unsupported" not in str(error).lower():
                    raise
                self._client.rename(raw(source), raw(target))

    def remove(self, path: str) -> None:
        """Take a file away."""
        with _explained(self._peer, path):
            self._client.remove(raw(path))

    def make_folder(self, path: str) -> None:
        """Make one folder."""
        with _explained(self._peer, path):
            if not self._connection.isdir(path):
                self._client.mkdir(path)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def _connected(peer: Peer) -> Session:
    if peer.backend == "pysftp":
        return PysftpSession(peer)
    try:
        from connectors.transports.sftp_asyncssh import AsyncsshSession
    except ImportError as error:
        raise ConfigError(f"backend asyncssh: {error.name} is not installed") from error
    return AsyncsshSession(peer)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A session that is open for what goes there next."""

    session: Session

    def hang_up(self) -> None:
        self.session.close()


def _among(session: Session, folder: str, names: Collection[str]) -> dict[str, Entry]:
    if len(names) <= _ONE_BY_ONE:
        return {name: entry for name in names if (entry := session.look(posixpath.join(folder, name))) is not None}
    try:
        return {entry.name: entry for entry in session.entries(folder) if entry.name in names}
    except FileNotFoundError:
        return {}


class Sftp:
    """The transport `sftp`. A fetch keeps one connection for all that is opened and settled while it goes on, a sender for all it sends."""

    name = "sftp"
    settings = PEER_SETTINGS
    needs = frozenset({"folder", "host", "known_hosts_file", "user"})

    def __init__(self) -> None:
        self._looks = Looks()
        self._held = local()

    @contextmanager
    def _session(self, peer: Peer) -> Iterator[Session]:
        """This thread's open connection to the peer, else a new one for the time being. A broken one is not used again."""
        held: dict[Peer, Session] = self._held.__dict__.setdefault("sessions", {})
        if peer in held:
            try:
                yield held[peer]
            except RetriableError:
                held.pop(peer).close()
                raise
            return
        lines = open_lines.lines()
        kept = lines.pop(("sftp", peer), None) if lines is not None else None
        session = kept.session if isinstance(kept, _Kept) else _connected(peer)
        held[peer] = session
        try:
            yield session
        except BaseException:
            session.close()
            raise
        else:
            if lines is not None and held.get(peer) is session:
                lines["sftp", peer] = _Kept(session)
            else:
                session.close()
        finally:
            if held.get(peer) is session:
                del held[peer]

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str:
        """Log in and list the folder. Raises ConfigError where the server is another, does not let us in, or has no such folder."""
        peer, folder = Peer.of(settings), required(settings, "folder", self.name)
        with self._session(peer) as session:
            try:
                count, left = counted(session.entries(folder))
            except FileNotFoundError as error:
                raise ConfigError(f"{peer.address}: there is no folder {folder}") from error
        return f"{peer.address} lets us in, {count} files in {folder}" + (f", {left} of them left alone for their names" if left else "")

    def fetch(self, settings: Mapping[str, Any]) -> Iterator[Delivered]:
        """Files that are whole, oldest first. Raises ConfigError when the folder does not exist there."""
        peer, folder, waiting = Peer.of(settings), required(settings, "folder", self.name), Waiting.of(settings)
        with self._session(peer) as session:
            try:
                ready = self._looks.ready(f"{peer.user}@{peer.address}/{folder}", waiting, lambda: session.entries(folder))
            except FileNotFoundError as error:
                raise ConfigError(f"{peer.address}: there is no folder {folder}") from error
            for entry in ready:
                yield entry.delivered()

    def open(self, settings: Mapping[str, Any], delivered: Delivered) -> BinaryIO:
        """The file's bytes from a temporary file here. A download that breaks is taken up where it stopped, twice."""
        peer, path = Peer.of(settings), self._path(settings, delivered.name)
        received = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  # the caller closes it
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    self._download(peer, path, delivered, received)
                    break
                except RetriableError:
                    if attempt == _ATTEMPTS:
                        raise
            received.seek(0)
        except BaseException:
            received.close()
            raise
        return received

    def _download(self, peer: Peer, path: str, delivered: Delivered, received: BinaryIO) -> None:
        changed = RetriableError(f"{peer.address}: {spelled(path)} changed since it was seen")
        with self._session(peer) as session:
            for moment in ("before", "after"):
                entry = session.look(path)
                if entry is None or not entry.regular or entry.delivered().delivery_key != delivered.delivery_key:
                    received.seek(0)
                    received.truncate()
                    raise changed
                if moment == "before":
                    for piece in session.read(path, received.tell(), delivered.size):
                        received.write(piece)
            if received.tell() != delivered.size:
                raise RetriableError(f"{peer.address}: {spelled(path)} ended after {received.tell()} of {delivered.size} bytes")

    def settle(self, settings: Mapping[str, Any], delivered: Delivered) -> None:
        """Move or delete the file and its mark. A file that is gone, or new under the same name, is left as it is."""
        peer, path, waiting = Peer.of(settings), self._path(settings, delivered.name), Waiting.of(settings)
        with self._session(peer) as session:
            entry = session.look(path)
            if entry is None or entry.delivered().delivery_key != delivered.delivery_key:
                return
            if waiting.settle == "delete":
                session.remove(path)
            else:
                done = posixpath.join(posixpath.dirname(path), waiting.done_folder)
                session.make_folder(done)
                target = posixpath.join(done, delivered.name)
                if session.look(target) is not None:
                    target = posixpath.join(done, kept_as(entry)[1])
                session.rename(path, target)
            if waiting.ready == "mark" and session.look(path + waiting.mark) is not None:
                session.remove(path + waiting.mark)

    def written_on(self, settings: Mapping[str, Any], delivery_keys: Iterable[str]) -> Iterator[WrittenOn]:
        """Of what was taken under these keys, what was written on where it was put, once it stands still there."""
        peer, folder, waiting = Peer.of(settings), required(settings, "folder", self.name), Waiting.of(settings)
        done = posixpath.join(folder, waiting.done_folder)
        if waiting.ready != "stable" or waiting.settle != "move":
            return
        with self._session(peer) as session:
            changed = {
                now.name: (before, now) for before, now in written_on(delivery_keys, lambda names: _among(session, done, set(names)))
            }
            still = self._looks.ready(
                f"{peer.user}@{peer.address}/{done}",
                replace(waiting, pattern="*"),
                lambda: list(_among(session, done, changed).values()) if changed else [],
            )
            for entry in still:
                yield WrittenOn(entry.delivered(), changed[entry.name][0].size, {**settings, "folder": done, "pattern": "*"})

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Upload the file and return its name. The same bytes again change nothing; a broken upload goes on where it stopped.

        Raises ConflictError when other bytes wait under that name, ConfigError when the folder does not exist there.
        """
        peer, folder = Peer.of(settings), required(settings, "folder", self.name)
        target = posixpath.join(folder, safe_name(name))
        hidden = posixpath.join(folder, f".{sha256(f'{stable_id}/{name}'.encode()).hexdigest()[:16]}.part")
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    with self._session(peer) as session:
                        return self._upload(session, hidden, target, content)
                except RetriableError:
                    if attempt == _ATTEMPTS:
                        raise
        except FileNotFoundError as error:
            raise ConfigError(f"{peer.address}: there is no folder {folder}") from error
        raise AssertionError("unreachable")

    def _upload(self, session: Session, hidden: str, target: str, content: bytes) -> str:
        name = posixpath.basename(target)
        there = session.look(target)
        if there is not None:
            if there.size != len(content) or b"".join(session.read(target, 0, there.size)) != content:
                raise ConflictError(f"another {name} waits there")
            return f"{name}, {len(content)} bytes, was there"
        part = session.look(hidden)
        offset = 0
        if part is not None and part.regular and 0 < part.size <= len(content):
            # What is there was sent by an earlier attempt; it is used as far as it is equal.
            sent = b"".join(session.read(hidden, 0, part.size))
            offset = part.size if sent == content[: part.size] else 0
        if offset < len(content) or part is None:
            session.write(hidden, offset, content[offset:])
        written = session.look(hidden)
        if written is None or written.size != len(content):
            raise RetriableError(f"{name}: {written.size if written else 0} of {len(content)} bytes arrived")
        session.rename(hidden, target)
        return f"{name}, {len(content)} bytes" + (f", resumed at {offset}" if offset else "")

    def _path(self, settings: Mapping[str, Any], name: str) -> str:
        if hostile(name):
            raise RefusedError(f"{name!r} is no name for a file")
        return posixpath.join(required(settings, "folder", self.name), name)


TRANSPORT = Sftp()

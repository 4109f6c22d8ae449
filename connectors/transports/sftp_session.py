"""What the two SFTP clients have in common: the settings of a connection, and the few operations that the transport needs.

The transport (`sftp.py`) is written on `Session`; `sftp.py` fulfils it with pysftp, `sftp_asyncssh.py` with asyncssh.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from connectors.credentials import refuse_unknown, required, seconds, secret
from connectors.waiting_files import SETTINGS, Entry
from data_contracts.errors import ConfigError

PEER_SETTINGS = SETTINGS | {
    "host", "port", "user", "password_env", "password_file", "private_key_file", "passphrase_env", "passphrase_file",
    "known_hosts_file", "timeout_seconds", "backend",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Peer:
    """An SFTP server and how to be let in. Only host keys in `known_hosts` are trusted, under `host` or `[host]:port`."""

    host: str
    port: int
    user: str
    known_hosts: Path
    password: str | None
    private_key: Path | None
    passphrase: str | None
    timeout: float
    backend: str

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Peer:
        """The settings of an SFTP source or target. Raises ConfigError for what is missing, unknown or unreadable."""
        refuse_unknown(settings, PEER_SETTINGS, "sftp")
        known_hosts = Path(required(settings, "known_hosts_file", "sftp"))
        if not known_hosts.is_file():
            raise ConfigError(f"known_hosts_file: {known_hosts} is no file; write the server's host key there (ssh-keyscan, then compare)")
        key_file = settings.get("private_key_file")
        if key_file is not None and not Path(str(key_file)).is_file():
            raise ConfigError(f"private_key_file: {key_file} is no file")
        port = settings.get("port", 22)
        if not isinstance(port, int) or not 0 < port < 65536:
            raise ConfigError(f"port is a number up to 65535, not {port!r}")
        backend = str(settings.get("backend", "pysftp"))
        if backend not in ("pysftp", "asyncssh"):
            raise ConfigError(f"backend is pysftp or asyncssh, not {backend!r}")
        peer = cls(
            host=required(settings, "host", "sftp"),
            port=port,
            user=required(settings, "user", "sftp"),
            known_hosts=known_hosts,
            password=secret(settings, "password"),
            private_key=Path(str(key_file)) if key_file is not None else None,
            passphrase=secret(settings, "passphrase"),
            timeout=seconds(settings, "timeout_seconds", 30.0),
            backend=backend,
        )
        if peer.password is None and peer.private_key is None:
            raise ConfigError("transport sftp: name a private_key_file, or a password by password_env or password_file")
        return peer

    @property
    def address(self) -> str:
        """As known_hosts files write it."""
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"


class Session(Protocol):
    """An open connection. Peers that are away raise RetriableError, wrong keys and rights ConfigError."""

    def entries(self, folder: str) -> list[Entry]:
        """Names in a folder. Raises FileNotFoundError when there is none."""
        ...

    def look(self, path: str) -> Entry | None:
        """One name, links not followed; None when it is not there."""
        ...

    def read(self, path: str, offset: int, size: int) -> Iterator[bytes]:
        """Bytes from `offset` to `size`, in pieces."""
        ...

    def write(self, path: str, offset: int, content: bytes) -> None:
        """Write `content` from `offset` of a file that is that long; 0 makes or empties it."""
        ...

    def rename(self, source: str, target: str) -> None:
        """Atomically, in place of what has the target's name."""
        ...

    def remove(self, path: str) -> None:
        """Take a file away."""
        ...

    def make_folder(self, path: str) -> None:
        """Make one folder; nothing when it is there."""
        ...

    def close(self) -> None:
        """Hang up. Repeatable."""
        ...

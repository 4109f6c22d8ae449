"""A real OpenSSH server of the test's own, and a proxy that loses connections on purpose."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
HOST_KEYS = ("ed25519", "ecdsa", "rsa")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def make_key(path: Path, kind: str, *more: str) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path), *more], check=True)
    return path


@dataclass
class Sshd:
    """An SSH server that lets this user in with the keys in `home`, and its log."""

    port: int
    home: Path
    log: Path

    def known_hosts(self, kind: str = "ed25519", port: int | None = None) -> Path:
        """A known_hosts file with this server's key of one kind."""
        path = self.home / f"known_hosts_{kind}_{port or self.port}"
        key = (self.home / f"host_{kind}.pub").read_text().split()[:2]
        path.write_text(f"[127.0.0.1]:{port or self.port} {' '.join(key)}\n")
        return path

    def settings(self, **more: Any) -> dict[str, Any]:
        return {
            "use": "sftp", "host": "127.0.0.1", "port": self.port, "user": getpass.getuser(), "timeout_seconds": 10,
            "look_seconds": 0.05, "age_seconds": 0.05,
            "private_key_file": str(self.home / "user_ed25519"), "known_hosts_file": str(self.known_hosts(port=more.get("port"))),
        } | more  # fmt: skip


@contextmanager
def running_sshd(home: Path) -> Iterator[Sshd]:
    """Start sshd on a free port of the loopback, and end it. It needs `openssh-server`, which `make test` installs."""
    assert SSHD is not None, "no sshd: install openssh-server"
    for kind in HOST_KEYS:
        make_key(home / f"host_{kind}", kind)
    for kind in ("ed25519", "ecdsa", "rsa"):
        make_key(home / f"user_{kind}", kind)
    make_key(home / "user_pem", "rsa", "-m", "PEM")
    make_key(home / "stranger", "ed25519")
    users = ("user_ed25519", "user_ecdsa", "user_rsa", "user_pem")
    (home / "authorized_keys").write_text("".join((home / f"{name}.pub").read_text() for name in users))
    port = free_port()
    config = home / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n"
        f"AuthorizedKeysFile {home}/authorized_keys\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"Subsystem sftp internal-sftp\nMaxStartups 100\nUseDNS no\nLogLevel VERBOSE\n"
        + "".join(f"HostKey {home}/host_{kind}\n" for kind in HOST_KEYS)
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    log = home / "sshd.log"
    with log.open("wb") as output:
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stdout=output, stderr=output)
    try:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield Sshd(port, home, log)
    finally:
        process.terminate()
        process.wait(10)


class BreakingProxy:
    """Passes bytes on to a port; each of the first connections is cut after so many bytes, either way counted."""

    def __init__(self, target: int, cuts: list[int]) -> None:
        self._target = target
        self.cuts = list(cuts)
        self.connections = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            far = socket.create_connection(("127.0.0.1", self._target))
            left = [self.cuts.pop(0) if self.cuts else 1 << 60]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink, left), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, left: list[int]) -> None:
        with suppress(OSError):
            while left[0] > 0 and (piece := source.recv(65536)):
                left[0] -= len(piece)
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self._server.close()

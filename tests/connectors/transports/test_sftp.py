from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from connectors.open_lines import kept_open
from connectors.registry import transport_named
from data_contracts.errors import ConfigError, ConflictError, RetriableError
from tests.connectors.transports.sshd import BreakingProxy, Sshd, free_port, make_key

# paramiko's reader thread dies loudly when a test cuts its connection; what counts is what the caller is told.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
BACKENDS = ["pysftp", "asyncssh"]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "exchange"
    made.mkdir()
    return made


def fetched(settings: dict[str, Any]) -> list[str]:
    return [delivered.name for delivered in transport_named("sftp").fetch(settings)]


@pytest.mark.parametrize("key", ["user_ed25519", "user_ecdsa", "user_rsa", "user_pem"])
def test_every_kind_of_user_key_lets_in(sshd: Sshd, folder: Path, backend: str, key: str) -> None:
    (folder / "a.edi").write_bytes(b"a")
    settings = sshd.settings(folder=str(folder), backend=backend, private_key_file=str(sshd.home / key))
    assert fetched(settings) == ["a.edi"]


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_every_kind_of_known_host_key_is_asked_for(sshd: Sshd, folder: Path, backend: str, kind: str) -> None:
    settings = sshd.settings(folder=str(folder), backend=backend, known_hosts_file=str(sshd.known_hosts(kind)))
    assert fetched(settings) == []


def test_an_encrypted_key_needs_its_passphrase(
    sshd: Sshd, folder: Path, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "locked"
    key.write_bytes((sshd.home / "user_ed25519").read_bytes())
    key.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "open sesame", "-f", str(key)], check=True)
    settings = sshd.settings(folder=str(folder), backend=backend, private_key_file=str(key))
    with pytest.raises(ConfigError):
        fetched(settings)
    monkeypatch.setenv("KEY_PASSPHRASE", "open sesame")
    assert fetched(settings | {"passphrase_env": "KEY_PASSPHRASE"}) == []
    monkeypatch.setenv("KEY_PASSPHRASE", "wrong")
    with pytest.raises(ConfigError):
        fetched(settings | {"passphrase_env": "KEY_PASSPHRASE"})


def test_an_unknown_host_and_a_changed_host_key_are_a_hard_stop(sshd: Sshd, folder: Path, backend: str, tmp_path: Path) -> None:
    (folder / "secret.edi").write_bytes(b"x")
    other = make_key(tmp_path / "other", "ed25519").with_suffix(".pub").read_text().split()[:2]
    cases = {
        "other host": f"[192.0.2.1]:{sshd.port} {' '.join(other)}\n",
        "other port": f"127.0.0.1 {' '.join(other)}\n",
        "changed key": f"[127.0.0.1]:{sshd.port} {' '.join(other)}\n",
    }
    for text in cases.values():
        known = tmp_path / "known_hosts"
        known.write_text(text)
        with pytest.raises(ConfigError, match=r"(?i)host ?key"):
            fetched(sshd.settings(folder=str(folder), backend=backend, known_hosts_file=str(known)))
        with pytest.raises(ConfigError, match=r"(?i)host ?key"):
            transport_named("sftp").send(
                sshd.settings(folder=str(folder), backend=backend, known_hosts_file=str(known)), "a.edi", b"secret", "id"
            )
        assert known.read_text() == text, "nothing is ever learnt"
    for missing in ("none", "empty"):
        known = tmp_path / missing
        if missing == "empty":
            known.write_text("")
        with pytest.raises(ConfigError):
            fetched(sshd.settings(folder=str(folder), backend=backend, known_hosts_file=str(known)))
    assert not (folder / "a.edi").exists()


def test_a_stranger_is_not_let_in_and_no_other_key_is_tried(
    sshd: Sshd, folder: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder / "home"
    (home / ".ssh").mkdir(parents=True)
    for name in ("id_rsa", "id_ed25519"):
        (home / ".ssh" / name).write_bytes((sshd.home / ("user_rsa" if name == "id_rsa" else "user_ed25519")).read_bytes())
        (home / ".ssh" / name).chmod(0o600)
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(ConfigError, match="not let in"):
        fetched(sshd.settings(folder=str(folder), backend=backend, private_key_file=str(sshd.home / "stranger")))


def test_a_password_is_named_and_never_written(sshd: Sshd, folder: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = sshd.settings(folder=str(folder), backend=backend)
    del settings["private_key_file"]
    with pytest.raises(ConfigError, match="private_key_file, or a password"):
        fetched(settings)
    with pytest.raises(ConfigError, match="unknown setting password"):
        fetched(settings | {"password": "plain"})
    with pytest.raises(ConfigError, match="SFTP_PASSWORD is not set"):
        fetched(settings | {"password_env": "SFTP_PASSWORD"})
    monkeypatch.setenv("SFTP_PASSWORD", "hunter2")
    with pytest.raises(ConfigError, match="not let in") as caught:  # this server takes keys only
        fetched(settings | {"password_env": "SFTP_PASSWORD"})
    assert "hunter2" not in str(caught.value)


def test_a_folder_that_is_not_there_is_a_mistake_and_a_server_that_is_away_is_not(sshd: Sshd, folder: Path, backend: str) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        fetched(sshd.settings(folder=str(folder / "none"), backend=backend))
    with pytest.raises(ConfigError, match="no folder"):
        transport_named("sftp").send(sshd.settings(folder=str(folder / "none"), backend=backend), "a.edi", b"x", "id")
    with pytest.raises(RetriableError):
        fetched(sshd.settings(folder=str(folder), backend=backend, port=free_port()))


def test_a_server_that_never_speaks_costs_no_more_than_the_time_limit(sshd: Sshd, folder: Path, backend: str) -> None:
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        def accept() -> None:
            with suppress(OSError):
                while True:
                    held.append(silent.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        settings = sshd.settings(folder=str(folder), backend=backend, port=port, timeout_seconds=1)
        with pytest.raises(RetriableError):
            fetched(settings)
        assert held
    for connection in held:
        connection.close()


def test_a_download_that_breaks_goes_on_where_it_stopped(sshd: Sshd, folder: Path, backend: str) -> None:
    content = os.urandom(6_000_000)
    (folder / "large.bin").write_bytes(content)
    transport = transport_named("sftp")
    (delivered,) = transport.fetch(sshd.settings(folder=str(folder), backend=backend))
    proxy = BreakingProxy(sshd.port, [5_000_000])
    try:
        settings = sshd.settings(folder=str(folder), backend=backend, port=proxy.port)
        with transport.open(settings, delivered) as stream:
            assert stream.read() == content
        assert proxy.connections == 2
        proxy.cuts = [100_000] * 3
        with pytest.raises(RetriableError):
            transport.open(settings, delivered)
    finally:
        proxy.close()


def test_an_upload_that_breaks_goes_on_where_it_stopped_and_shows_nothing_before(sshd: Sshd, folder: Path, backend: str) -> None:
    content = os.urandom(6_000_000)
    transport = transport_named("sftp")
    proxy = BreakingProxy(sshd.port, [3_000_000] * 3)
    try:
        settings = sshd.settings(folder=str(folder), backend=backend, port=proxy.port)
        with pytest.raises(RetriableError):
            transport.send(settings, "large.bin", content, "stable-1")
        assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == []
        (part,) = folder.iterdir()
        assert 0 < part.stat().st_size < len(content)
        assert "resumed at" in transport.send(settings, "large.bin", content, "stable-1")
        assert [path.name for path in folder.iterdir()] == ["large.bin"]
        assert (folder / "large.bin").read_bytes() == content
    finally:
        proxy.close()


def test_a_part_of_something_else_is_not_built_upon(sshd: Sshd, folder: Path, backend: str) -> None:
    transport = transport_named("sftp")
    proxy = BreakingProxy(sshd.port, [2_000_000] * 3)
    try:
        with pytest.raises(RetriableError):
            transport.send(sshd.settings(folder=str(folder), backend=backend, port=proxy.port), "a.bin", os.urandom(4_000_000), "stable-1")
        other = os.urandom(4_000_000)
        assert "resumed" not in transport.send(sshd.settings(folder=str(folder), backend=backend), "a.bin", other, "stable-1")
        assert (folder / "a.bin").read_bytes() == other
    finally:
        proxy.close()


def test_it_works_from_within_a_running_event_loop(sshd: Sshd, folder: Path, backend: str) -> None:
    import asyncio

    (folder / "a.edi").write_bytes(b"a")

    async def inside() -> list[str]:
        return fetched(sshd.settings(folder=str(folder), backend=backend))

    assert asyncio.run(inside()) == ["a.edi"]


def test_connections_are_closed_and_no_thread_is_left(sshd: Sshd, folder: Path, backend: str) -> None:
    for number in range(3):
        (folder / f"{number}.edi").write_bytes(b"a")
    settings = sshd.settings(folder=str(folder), backend=backend)
    before = threading.active_count()
    accepted = sshd.log.read_text().count("Accepted publickey")
    transport = transport_named("sftp")
    for delivered in transport.fetch(settings):
        transport.open(settings, delivered).close()
        transport.settle(settings, delivered)
    assert sshd.log.read_text().count("Accepted publickey") == accepted + 1, "one connection for a whole fetch"
    iterator = transport.fetch(settings)
    (folder / "more.edi").write_bytes(b"a")
    next(iterator)
    iterator.close()
    for _ in range(100):
        if threading.active_count() <= before:
            break
        threading.Event().wait(0.05)
    assert threading.active_count() <= before


def test_a_sender_logs_in_once_for_all_that_it_sends_in_a_turn(sshd: Sshd, folder: Path, backend: str) -> None:
    settings = sshd.settings(folder=str(folder), backend=backend)
    transport, before = transport_named("sftp"), threading.active_count()

    def logins() -> int:
        return sshd.log.read_text().count("Accepted publickey")

    start = logins()
    with kept_open():
        for number in range(5):
            transport.send(settings, f"{number}.edi", b"x" * number, f"id-{number}")
        assert logins() == start + 1
        with pytest.raises(ConflictError):
            transport.send(settings, "1.edi", b"another", "id-9")
        assert [one.name for one in transport.fetch(settings | {"ready": "rename"})] == [f"{number}.edi" for number in range(5)]
    assert {path.name: len(path.read_bytes()) for path in folder.iterdir()} == {f"{number}.edi": number for number in range(5)}
    for _ in range(100):
        if threading.active_count() <= before:
            break
        threading.Event().wait(0.05)
    assert threading.active_count() <= before, "it hangs up at the end of its turn"
    start = logins()
    for number in range(2):
        transport.send(settings, f"alone {number}.edi", b"x", f"id-{number}")
    assert logins() == start + 2


def test_a_connection_that_was_kept_and_breaks_is_made_anew(sshd: Sshd, folder: Path, backend: str) -> None:
    proxy = BreakingProxy(sshd.port, [40_000])
    settings = sshd.settings(port=proxy.port, folder=str(folder), backend=backend)
    with kept_open():
        for number in range(20):
            transport_named("sftp").send(settings, f"{number:02}.edi", b"x" * 3000, f"id-{number}")
    assert proxy.connections == 2
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {f"{number:02}.edi": b"x" * 3000 for number in range(20)}


def test_the_shim_imports_alone_and_quietly() -> None:
    script = "import warnings; warnings.simplefilter('error', UserWarning); import connectors.transports.sftp as s; print(s.TRANSPORT.name)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[3], check=True)
    assert done.stdout.strip() == "sftp" and "Traceback" not in done.stderr

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.registry import transport_named
from data_contracts.errors import ConfigError

ROOT = Path(__file__).parents[3]


def run(script: str, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([*before, sys.executable, "-c", script, *arguments], capture_output=True, text=True, env=environment, check=False)


def test_a_disk_that_is_full_leaves_nothing_behind(tmp_path: Path) -> None:
    """A limit on file size stands for the full disk: writing fails in the middle."""
    script = (
        "import resource, signal, sys\nfrom connectors.transports.folder import TRANSPORT\n"
        "from data_contracts.errors import RetriableError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try:\n    TRANSPORT.send({'use': 'folder', 'folder': sys.argv[1]}, 'a.edi', b'x' * 100_000, 'id')\n"
        "except RetriableError as error:\n    print('retriable:', error)\n"
    )
    done = run(script, str(tmp_path / "out"))
    assert done.stdout.startswith("retriable:"), done.stderr
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.slow  # needs strace, which make test installs
def test_a_file_is_on_disk_before_its_name_and_its_name_before_success(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom connectors.transports.folder import TRANSPORT\n"
        "print(TRANSPORT.send({'use': 'folder', 'folder': sys.argv[1]}, 'a.edi', b'x' * 1000, 'id'), flush=True)\n"
    )
    log = tmp_path / "trace"
    done = run(script, str(tmp_path), before=("strace", "-f", "-y", "-e", "trace=fsync,rename,renameat,renameat2,write", "-o", str(log)))
    assert done.stdout == "a.edi, 1000 bytes\n", done.stderr
    steps = []
    for line in log.read_text().splitlines():
        if "fsync(" in line:
            steps.append("sync file" if ".part" in line else "sync folder")
        elif "rename" in line and "a.edi" in line:
            steps.append("rename")
        elif "write(1<" in line:
            steps.append("say")
    assert steps[:3] == ["sync file", "rename", "sync folder"] and set(steps[3:]) == {"say"}


def test_folders_that_are_missing_or_no_folders(tmp_path: Path) -> None:
    transport = transport_named("folder")
    assert list(transport.fetch({"folder": str(tmp_path / "none")})) == []
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError):
        list(transport.fetch({"folder": str(tmp_path / "file")}))
    with pytest.raises(ConfigError, match="folder is missing"):
        list(transport.fetch({"use": "folder"}))
    transport.send({"folder": str(tmp_path / "new" / "deep")}, "a.edi", b"x", "id")
    assert (tmp_path / "new" / "deep" / "a.edi").read_bytes() == b"x"
    (tmp_path / "new" / "b.edi").symlink_to(tmp_path / "file")
    from data_contracts.errors import RefusedError

    with pytest.raises(RefusedError):
        transport.send({"folder": str(tmp_path / "new")}, "b.edi", b"x", "id")
    assert (tmp_path / "file").read_bytes() == b""

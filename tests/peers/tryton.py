"""A real Tryton for the tests: installed into an environment of its own, filled once, and kept in a folder.

`UDIHUB_PEERS` names the folder. The first start installs Tryton and fills its database, which takes minutes; every later one copies the
filled
database and starts in seconds. Tryton is a separate program under the GPL: the tests speak to it by its network interface alone.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "hub-Test-1"
PACKAGES = (
    "trytond==8.2.*", "proteus==8.2.*", "trytond-purchase==8.2.*", "trytond-stock-lot==8.2.*", "trytond-stock-lot-sled==8.2.*",
    "trytond-production==8.2.*", "trytond-stock-supply==8.2.*",
)  # fmt: skip
MODULES = ("purchase", "stock_lot", "stock_lot_sled", "production", "stock_supply")


@dataclass
class Tryton:
    """A running Tryton with a database of the test's own."""

    url: str
    process: subprocess.Popen[bytes]


def installed(folder: Path) -> Path:
    """The folder with Tryton's environment and the filled database; made, where it is missing."""
    ready = folder / "tryton-8.2"
    if (ready / "hub.sqlite").is_file():
        return ready
    ready.mkdir(parents=True, exist_ok=True)
    python = ready / "venv" / "bin" / "python"
    if not (ready / "venv" / "bin" / "trytond").is_file():
        subprocess.run([sys.executable, "-m", "venv", ready / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    filling = ready / "filling"
    shutil.rmtree(filling, ignore_errors=True)
    filling.mkdir()
    (filling / "hub.sqlite").touch()
    (filling / "password").write_text(PASSWORD)
    configuration = _configuration(filling, 1)
    admin = [ready / "venv" / "bin" / "trytond-admin", "-c", configuration, "-d", "hub"]
    with_password = {**os.environ, "TRYTONPASSFILE": str(filling / "password")}
    subprocess.run([*admin, "--all", "--email", "admin@example.com"], check=True, env=with_password)
    subprocess.run([*admin, "-u", *MODULES, "--activate-dependencies"], check=True)
    subprocess.run([python, Path(__file__).with_name("tryton_seed.py"), configuration], check=True)
    (filling / "hub.sqlite").rename(ready / "hub.sqlite")
    return ready


def _configuration(folder: Path, port: int) -> Path:
    path = folder / "trytond.conf"
    path.write_text(f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n")
    return path


@contextmanager
def running_tryton(ready: Path, folder: Path) -> Iterator[Tryton]:
    """Start Tryton on a copy of the filled database, and end it."""
    shutil.copyfile(ready / "hub.sqlite", folder / "hub.sqlite")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = [ready / "venv" / "bin" / "trytond", "-c", _configuration(folder, port), "-d", "hub"]
    with (folder / "trytond.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                break
            except urllib.error.HTTPError:
                break  # it answers
            except OSError:
                assert process.poll() is None and time.monotonic() < until, (folder / "trytond.log").read_text()[-2000:]
                time.sleep(0.2)
        yield Tryton(f"http://127.0.0.1:{port}/hub/rpc/", process)
    finally:
        process.terminate()
        process.wait(30)

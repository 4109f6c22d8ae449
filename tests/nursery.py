"""`udihub` as a process of its own that need not load the program anew: it is forked from a process that has.

Loading takes four seconds of a core, and journeys start a server dozens of times; how the bytes came into memory is not what they are
about. What is forked is a process like any other: a group of its own, its own environment, folder and output, an exit code, and death by
any signal. Starts from nothing are proved by those that run under strace (`journeys/test_sync.py`), by the demonstration
(`journeys/test_demo.py`) and by `hub/test_commands.py`.

The nursery is started once a test process, at first need, and ends when the pipe to it closes, with whoever started it.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_LONGEST = 1 << 20
"""Bytes of a request: arguments and a whole environment."""


class Forked:
    """A running `udihub`, to be asked as a `subprocess.Popen` is."""

    def __init__(self, line: socket.socket, pid: int, arguments: Sequence[str]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._line = line
        self._arguments = arguments

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """The same, once it has ended. Raises TimeoutExpired."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(list(self._arguments), timeout or 0)
        return code

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._line], [], [], seconds)[0]:
            self.returncode = int(self._line.recv(_LONGEST) or b"-9")
            self._line.close()
        return self.returncode


def start(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, output: int, errors: int) -> Forked:
    """Begin `udihub` with these arguments; what it says goes to two open files, by their numbers."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.connect(_nursery())
    asked = json.dumps({"arguments": list(arguments), "environment": dict(environment), "folder": str(folder)})
    socket.send_fds(line, [asked.encode()], [output, errors])
    return Forked(line, int(line.recv(_LONGEST)), arguments)


def run(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, timeout: float) -> subprocess.CompletedProcess[str]:
    """`udihub` from its beginning to its end."""
    said = [folder / "output", folder / "errors"]
    with said[0].open("wb") as output, said[1].open("wb") as errors:
        code = start(arguments, environment, folder, output.fileno(), errors.fileno()).wait(timeout)
    return subprocess.CompletedProcess(list(arguments), code, *(path.read_text(encoding="utf-8") for path in said))


@cache
def _nursery() -> str:
    """Where the nursery of this test process listens: an abstract address, so that there is no file to take away."""
    address = f"\0udihub-nursery-{os.getpid()}-{time.monotonic_ns()}"
    environment = {**{name: value for name, value in os.environ.items() if not name.startswith("UDIHUB_")}, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.nursery", address[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT
    )
    assert process.stdout is not None and process.stdout.readline() == b"ready\n", "the nursery did not start"
    _kept.append(process)
    return address


_kept: list[subprocess.Popen[bytes]] = []
"""While the pipe to it is open, the nursery lives."""


# --- within the nursery ----------------------------------------------------------------------------------------------------
def _serve(address: str) -> list[str]:
    """Fork whatever is asked for; returns in each child, with its arguments. The nursery itself never returns."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(f"\0{address}")
    listener.listen(16)
    rung, bell = socket.socketpair()
    bell.setblocking(False)
    rung.setblocking(False)
    signal.set_wakeup_fd(bell.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C ends the tests, and with them the pipe
    print("ready", flush=True)
    children: dict[int, socket.socket] = {}
    while True:
        ready = select.select([listener, rung, sys.stdin], [], [])[0]
        if rung in ready:
            rung.recv(_LONGEST)
            _tell_of_the_dead(children)
        if sys.stdin in ready:
            for pid in children:
                os.killpg(pid, signal.SIGKILL)
            os._exit(0)
        if listener in ready:
            line, _ = listener.accept()
            content, files, _, _ = socket.recv_fds(line, _LONGEST, 2)
            asked = json.loads(content)
            pid = os.fork()
            if not pid:
                signal.set_wakeup_fd(-1)
                for open_here in (listener, rung, bell, line, *children.values()):
                    open_here.close()
                return _become(asked, files)
            for file in files:
                os.close(file)
            children[pid] = line
            line.send(str(pid).encode())


def _tell_of_the_dead(children: dict[int, socket.socket]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with children.pop(pid) as line:
            try:
                line.send(str(os.waitstatus_to_exitcode(status)).encode())
            except BrokenPipeError:  # nobody waits for it any more
                continue


def _become(asked: dict[str, Any], files: list[int]) -> list[str]:
    """Be, to all who look, the process that was asked for."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, *files)):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    arguments: list[str] = asked["arguments"]
    return arguments


if __name__ == "__main__":
    from hub import cli
    from hub_api import console  # noqa: F401 - a server loads it when it begins

    cli.application()  # loads what registers from elsewhere
    gc.collect()
    gc.freeze()
    sys.argv[1:] = _serve(sys.argv[1])
    cli.main()

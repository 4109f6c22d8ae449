"""No answer leaves before its sync: the server's own system calls, in their order, while partners post."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_api.papers import ACME, despatch, interchange
from tests.journeys.server import Server

POSTS = 24
TRACED = "trace=write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2,?sendfile"
LINE = re.compile(r"^(\d+) +(.*)$")
RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)")
STARTED = re.compile(r"^(\w+)\((.*)$")
HANDLE = re.compile(r"^\d+<([^>]*)>")
ANSWER = re.compile(r'"HTTP/1\.1 (2\d\d) .*?location: (/v1/documents/\d+)', re.IGNORECASE)
"""A 2xx for a posted document; other answers have no Location."""


def calls(log: str) -> Iterator[tuple[str, str, str, str | None]]:
    """(moment, name, arguments, result): each call once when it begins and once when it has ended, in the order of the log."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        found = LINE.match(line)
        if found is None:
            continue
        thread, text = found.groups()
        if text.endswith("<unfinished ...>"):
            begun[thread] = text.removesuffix("<unfinished ...>").rstrip()
            started = STARTED.match(begun[thread])
            if started is not None:
                yield ("begins", *started.groups(), None)
            continue
        resumed = RESUMED.match(text)
        whole = resumed is None
        if resumed is not None:
            text = begun.pop(thread, "") + resumed[2]
        call = CALL.match(text)
        if call is None:
            continue
        name, arguments, result = call.groups()
        if whole:
            yield ("begins", name, arguments, None)
        yield ("ends", name, arguments, result)


def judge(log: str, home: Path) -> tuple[list[str], list[str]]:
    """Answers to posts in their order, and those among them that left while something they rest on was not synced.

    Bytes count as unsynced from the moment when a write begins, as synced when fsync or fdatasync has come back with 0; an answer
    leaves when its first send begins. An answer must also have a sync of the log of its own, since the answer before.
    """
    dirty: set[str] = set()
    answers: list[str] = []
    early: list[str] = []
    synced = False
    for moment, name, arguments, result in calls(log):
        handle = HANDLE.match(arguments)
        path = handle[1] if handle else ""
        if moment == "begins":
            if name in ("write", "pwrite64", "writev", "pwritev", "pwritev2") and (path.endswith("-wal") or f"{home}/blobs/" in path):
                dirty.add(path)
            elif (answer := ANSWER.search(arguments)) is not None:
                answers.append(f"{answer[1]} {answer[2]}")
                if dirty or not synced:
                    early.append(f"{answer[0][:40]}… {answer[2]}: unsynced {sorted(dirty)}, synced {synced}")
                synced = False
        elif name in ("fsync", "fdatasync") and result == "0":
            dirty.discard(path)
            synced = synced or path.endswith("-wal")
        elif name.startswith("rename") and result == "0":
            old, new = re.findall(r'"([^"]*)"', arguments)
            if new.startswith(f"{home}/blobs/"):
                if old in dirty:
                    early.append(f"renamed before its sync: {old}")
                dirty.add(str(Path(new).parent))
    return answers, early


@pytest.mark.slow
@pytest.mark.parametrize("durable", ["on", "off"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL syncs by itself; one that does not is refused
def test_no_2xx_leaves_before_its_sync(database_url: str, tmp_path: Path, durable: str) -> None:
    strace = shutil.which("strace")
    assert strace is not None, "this test needs strace: apt-get install strace"
    home = (tmp_path / "home").resolve()
    log = tmp_path / "calls"
    server = Server(
        home,
        f"{database_url}?durable={durable}",
        before=(strace, "-f", "-qq", "-y", "-s", "400", "-o", str(log), "-e", TRACED),
        environment={"UDIHUB_MAX_BODY": "4000000"},
    )
    server.issue_keys()
    server.start("--no-worker")  # one writer only, so that nothing else can be unsynced at the moment of an answer
    expected = []
    for number in range(1, POSTS + 1):
        large = number % 6 == 0  # lies in the blob folder; nobody waits for it, so that it is never read
        content = interchange(ACME, number, despatch(f"S{number}")) + b"\n" * (1_200_000 if large else 0)
        waits = number % 2 == 1
        answer = server.post(content, "acme", wait=waits)
        assert answer.status_code == (200 if waits else 202), answer.text
        expected.append(f"{answer.status_code} /v1/documents/{number}")
    server.stop()
    answers, early = judge(log.read_text(errors="replace"), home)
    assert answers == expected, "the log must hold every answer"
    if durable == "on":
        assert early == []
    else:
        assert len([line for line in early if "…" in line]) == POSTS, "the check itself must see a store that does not sync"


def test_the_judge_sees_through_interleaved_threads(tmp_path: Path) -> None:
    """A send that begins between the beginning and the end of a sync is early, in whatever pieces the log holds them."""
    wal, answer = f"{tmp_path}/udihub.db-wal", r'"HTTP/1.1 202 Accepted\r\nlocation: /v1/documents/1\r\n", 40, 0, NULL, 0'
    written = f'7 pwrite64(9<{wal}>, "", 24, 0) = 24'
    begun, ended = f"7 fdatasync(9<{wal}> <unfinished ...>", "7 <... fdatasync resumed>)            = 0"
    send = f"8 sendto(5<TCP:[1]>, {answer}) = 40"
    assert judge("\n".join([written, begun, ended, send]), tmp_path) == (["202 /v1/documents/1"], [])
    for order in ([written, begun, send, ended], [written, send, begun, ended], [send], [begun, ended, written, send]):
        assert len(judge("\n".join(order), tmp_path)[1]) == 1, order
    failed = ended.replace("= 0", "= -1 EIO (Input/output error)")
    assert len(judge("\n".join([written, begun, failed, send]), tmp_path)[1]) == 1

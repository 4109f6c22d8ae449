"""One interchange of a gigabyte, read message by message in flat memory, and never on a disk.

    python -m benchmarks.stream [--megabytes 1000] [--format x12|edifact] [--most 200]

The document is made while it is read. Each message is checked, mapped and let go. A process of its own reads each format, so that
its peak is the whole program's: interpreter, libraries, grammars and messages. Exit code 1 where it is over `--most` MB.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import generate_edifact, generate_x12
from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.findings import has_error
from mappings.context import Context
from mappings.engine import load, shipped_names

_DIFFERENT = 500
"""Messages that are drawn; they are repeated under numbers of their own."""


_MAPPINGS = {"x12": "x12/856", "edifact": "edifact/DESADV"}


class Pieces(io.BufferedIOBase):
    """A document that is made piece by piece. Going back makes it again from its beginning."""

    def __init__(self, made: Callable[[], Iterator[bytes]]) -> None:
        self._made = made
        self._source = made()
        self._rest = b""
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence != 0:
            raise OSError("the end of a document that is made while it is read is not known")
        if offset < self._at:
            self._source, self._rest, self._at = self._made(), b"", 0
        while self._at < offset and self.read(min(offset - self._at, 1 << 16)):
            pass
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        pieces, have = [self._rest], len(self._rest)
        while size is None or size < 0 or have < size:
            piece = next(self._source, b"")
            if not piece:
                break
            pieces.append(piece)
            have += len(piece)
        content = b"".join(pieces)
        cut = len(content) if size is None or size < 0 else size
        self._rest = content[cut:]
        self._at += len(content[:cut])
        return content[:cut]


def interchange(format_name: str, size: int) -> Iterator[bytes]:
    """One valid interchange of about so many bytes: drawn messages, again and again under the next number."""
    if format_name == "x12":
        header, *drawn, _trailer = generate_x12.interchange("856", _DIFFERENT)
        closing = b"GE*%d*1~IEA*1*000000001~"
        numbered = [(body[:7], body[16:-10]) for body in drawn]
        form = b"%s%09d%s%09d~"
    else:
        header, *drawn, _trailer = generate_edifact.interchange(_DIFFERENT)
        closing = b"UNZ+%d+1'"
        numbered = [(b"UNH+", body[body.index(b"+DESADV") : body.rindex(b"+") + 1]) for body in drawn]
        form = b"%s%d%s%d'"
    yield header
    number, made = 0, len(header)
    while made < size:
        piece = b"".join(form % (opening, number + at, body, number + at) for at, (opening, body) in enumerate(numbered, 1))
        number, made = number + len(numbered), made + len(piece)
        yield piece
    yield closing % number


def memory(what: str) -> float:
    """Megabytes in memory, `VmRSS` now or `VmHWM` at most. The peak of `getrusage` would be that of whoever started this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) * 1024 / 1e6


def read(format_name: str, size: int) -> dict[str, float]:
    """Read, check and map one interchange; what it took."""
    mapping = load(_MAPPINGS[format_name]) if _MAPPINGS[format_name] in shipped_names() else None
    events = format_named(format_name).read(Pieces(lambda: interchange(format_name, size)), STRICT, None)  # type: ignore[arg-type]
    messages, after_first, start = 0, 0.0, time.process_time()
    for event in events:
        for holder in (event.interchange, event.group, event.message):
            assert holder is None or not has_error(holder.findings), holder.findings[:3]
        message = event.message
        if message is None:
            continue
        assert message.root is not None
        assert mapping is None or mapping.read(message.root, Context(components=message.components)).entity is not None
        message.root.release()
        messages += 1
        if messages == 2 * _DIFFERENT:
            after_first = memory("VmRSS")
        length = message.offset + message.length
    return {
        "format": format_name,  # type: ignore[dict-item]
        "bytes": length,
        "messages": messages,
        "seconds": round(time.process_time() - start, 1),
        "after_first_mb": round(after_first, 1),
        "peak_mb": round(memory("VmHWM"), 1),
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--format", default="x12,edifact", help="with commas between")
    parser.add_argument("--most", type=int, default=200, help="megabytes that the process may have in memory")
    parser.add_argument("--here", action="store_true", help="in this process, as JSON")
    chosen = parser.parse_args()
    over = 0
    for name in chosen.format.split(","):
        if chosen.here:
            print(json.dumps(read(name, chosen.megabytes * 1_000_000)))
            continue
        took = measured(name, chosen.megabytes)
        over += took["peak_mb"] > chosen.most
        print(
            f"{name}: {took['bytes'] / 1e6:.0f} MB in one interchange, {took['messages']} messages checked and mapped in "
            f"{took['seconds']} s CPU: {took['after_first_mb']} MB after the first {2 * _DIFFERENT}, at most {took['peak_mb']} MB"
        )
    return 1 if over else 0


def measured(format_name: str, megabytes: int) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.stream", "--here", "--format", format_name, "--megabytes", str(megabytes)]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(said.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())

"""How fast X12 is read, validated and made into trees, beside a bare split of the same bytes in the same run.

    python benchmarks/x12_read.py [--sets 10000] [--rounds 5]

Rounds are interleaved and the median of the CPU time counts: MB/s, thousand segments a second, and the ratio to that of
reading the file in pieces and splitting it at every segment and element, keeping nothing. `released` gives each tree back
when it has been seen (`release`), as a consumer may who is done with it; without that the garbage collector has to find out.
Aim: 15 MB/s and 500,000 segments a second on one core.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.generate_x12 import write
from connectors.formats.x12 import FORMAT, scan
from connectors.spec import STRICT


def bare_split(path: Path) -> int:
    """Read, cut at every segment and element, keep nothing: the number of segments."""
    count, rest = 0, ""
    with path.open("rb") as stream:
        while piece := stream.read(1 << 18):
            segments = (rest + piece.decode("latin-1")).split("~")
            rest = segments.pop()
            for segment in segments:
                segment.split("*")
            count += len(segments)
    return count


def read(path: Path) -> int:
    """Everything: envelope, loops, elements, and each tree, which is made when it is asked for; the number of sets."""
    count = 0
    with path.open("rb") as stream:
        for event in FORMAT.read(stream, STRICT):
            if event.message is not None:
                count += 1
                assert not event.message.findings and event.message.root is not None and event.message.root.children
    return count


def read_and_release(path: Path) -> int:
    """The same, taking each tree apart when it has been seen."""
    count = 0
    with path.open("rb") as stream:
        for event in FORMAT.read(stream, STRICT):
            if event.message is not None and event.message.root is not None:
                count += 1
                assert event.message.root.children
                event.message.root.release()
    return count


def first_pass(path: Path) -> int:
    """The envelope alone, with the SHA-256 of the interchange."""
    with path.open("rb") as stream:
        return len(scan(stream))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    readers: dict[str, Callable[[Path], int]] = {
        "bare split": bare_split,
        "first pass (scan)": first_pass,
        "read, validate, tree": read,
        "... released": read_and_release,
    }
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("850", "856"):
            path = write(Path(folder) / kind, kind, chosen.sets)
            size, segments = path.stat().st_size, bare_split(path)
            print(f"{kind}: {size / 1e6:.1f} MB, {segments} segments, {chosen.sets} sets")
            times: dict[str, list[float]] = {name: [] for name in readers}
            for _round in range(chosen.rounds):
                for name, reader in readers.items():
                    gc.collect()
                    start = time.process_time()
                    reader(path)
                    times[name].append(time.process_time() - start)
            base = statistics.median(times["bare split"])
            for name, taken in times.items():
                middle = statistics.median(taken)
                speed = f"{size / middle / 1e6:7.1f} MB/s {segments / middle / 1e3:8.0f} kseg/s"
                print(f"  {name:22} {speed}  ratio {middle / base:5.1f}")
            tracemalloc.start()
            read(path)
            print(f"  most memory held while reading: {tracemalloc.get_traced_memory()[1] / 1e6:.1f} MB")
            tracemalloc.stop()


if __name__ == "__main__":
    main()

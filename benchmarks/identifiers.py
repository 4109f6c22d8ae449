"""How fast identifiers are read: UDI strings beside biip, check digits of a column beside numpy on bare bytes, in the same run on one core.

    python benchmarks/identifiers.py [--labels 200000] [--gtins 1000000] [--rounds 5]

Rounds are interleaved and the median of the CPU time counts. The labels are element strings of five AIs: GTIN, production date, expiry,
lot, serial; all differ. biip gets a fiftieth of them. numpy adds fourteen columns of a buffer that holds nothing but the digits of
GTIN-14s, so that its figure is the work itself, without texts, lengths, signs or nulls to look at.
Aims: at least 12 times biip, one by one and as columns; at most 4 times numpy.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["POLARS_MAX_THREADS"] = "1"  # before polars is imported

import numpy as np
import polars as pl
from biip.gs1_messages import GS1Message

from data_contracts.identifiers import columns, element_string, epc, gtin, udi
from data_contracts.identifiers.check_digit import check_digit

TODAY = date(2026, 11, 22)
SHARE = 50


def label(generator: random.Random, number: int) -> str:
    """One UDI string of five AIs, without FNC1 in front, as a scanner sends it behind its symbology identifier."""
    data = f"0{generator.randrange(10**12):012}"
    made = f"{generator.randrange(20, 27)}{generator.randrange(1, 13):02}{generator.randrange(1, 29):02}"
    expires = f"{generator.randrange(27, 33)}{generator.randrange(1, 13):02}{generator.randrange(1, 29):02}"
    return f"01{data}{check_digit(data)}11{made}17{expires}10L{generator.randrange(10**6)}\x1d21S{number}"


def drain(found: Iterable[object]) -> None:
    """Look at each and keep none: what is kept would be the garbage collector's work."""
    deque(found, maxlen=0)


def measured(tasks: dict[str, tuple[Callable[[], object], int]], rounds: int) -> dict[str, float]:
    """Seconds an item of each task, the median of its rounds."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _round in range(rounds):
        for name, (task, count) in tasks.items():
            gc.collect()
            start = time.process_time()
            task()
            times[name].append((time.process_time() - start) / count)
    return {name: statistics.median(taken) for name, taken in times.items()}


def labels(count: int, rounds: int) -> None:
    """UDI strings: biip, one by one, as columns."""
    generator = random.Random(1)
    texts = [label(generator, number) for number in range(count)]
    few = texts[: count // SHARE]
    some = texts[: count // 5]
    series = pl.Series(texts)
    assert GS1Message.parse(few[0]).element_strings and columns.udi_columns(series[:1000], TODAY)["valid"].all()
    things = [epc.of(element_string.parse(text).elements, 7).uri for text in few]
    found = measured(
        {
            "biip GS1Message.parse": (lambda: drain(GS1Message.parse(text) for text in few), len(few)),
            "element_string.parse": (lambda: drain(element_string.parse(text) for text in some), len(some)),
            "udi.identify": (lambda: drain(udi.identify(text, today=TODAY) for text in some), len(some)),
            "udi.identify of EPC URIs": (lambda: drain(udi.identify(text, today=TODAY) for text in things), len(things)),
            "columns.udi_columns": (lambda: columns.udi_columns(series, TODAY), len(texts)),
        },
        rounds,
    )
    base = found["biip GS1Message.parse"]
    print(f"UDI strings of 5 AIs ({count} labels; aim: element_string.parse and columns at least 12 times biip)")
    for name, taken in found.items():
        print(f"  {name:28} {1 / taken / 1e3:9.1f} thousand/s   {base / taken:6.1f} times biip")


def digits(count: int, rounds: int) -> None:
    """Check digits of a column of GTIN-14: numpy on bytes, a polars column, one by one."""
    random_digits = np.random.default_rng(1).integers(0, 10, (count, 14))
    random_digits[:, 13] = -(random_digits[:, :13] * np.array([3, 1] * 7)[:13]).sum(axis=1) % 10
    buffer = (random_digits + 48).astype(np.uint8).tobytes()
    texts = [buffer[place : place + 14].decode() for place in range(0, len(buffer), 14)]
    series = pl.Series(texts)
    some = texts[: count // 20]

    def bare() -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        table = np.frombuffer(buffer, np.uint8).reshape(-1, 14)
        tripled, plain = table[:, 0].astype(np.uint16), table[:, 1].astype(np.uint16)
        for place in range(2, 14, 2):
            tripled += table[:, place]
            plain += table[:, place + 1]
        return (3 * tripled + plain - 48 * 28) % 10 == 0

    assert bare().all() and columns.right(series).all()
    found = measured(
        {
            "numpy on contiguous bytes": (bare, count),
            "columns.right": (lambda: columns.right(series), count),
            "columns.gtins": (lambda: columns.gtins(series), count),
            "gtin.normal": (lambda: drain(gtin.normal(text) for text in some), len(some)),
        },
        rounds,
    )
    base = found["numpy on contiguous bytes"]
    print(f"check digits of {count} GTIN-14 (aim: columns.right at most 4 times numpy)")
    for name, taken in found.items():
        print(f"  {name:28} {taken * 1e6 * 1000:9.1f} ms a million   {taken / base:6.1f} times numpy")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=200_000)
    parser.add_argument("--gtins", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    labels(chosen.labels, chosen.rounds)
    digits(chosen.gtins, chosen.rounds)


if __name__ == "__main__":
    main()

"""How well and how fast duplicates are found: our matcher beside plain splink and plain rapidfuzz, on the same made records in one run.

    python -m benchmarks.matching [--parties 100000] [--items 200000] [--seed 7]

The records come from `benchmarks.generate_masterdata`, whose author had not seen the matcher; its truth only counts. Precision is the
share of pairs told that are right, recall the share of right pairs that are told. Times are CPU seconds of one process, reading excluded;
splink counts several threads together, so its wall time stands beside it.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.generate_masterdata import items, parties
from hub.masterdata.matching.matcher import match

Bodies = Sequence[Mapping[str, Any]]
Codes = npt.NDArray[np.int64]
"""Pairs, as the smaller number shifted by 32 and the larger."""
LIMITS = {"party": (0.96, 0.94), "item": (0.98, 0.95)}
_NUMBERS = {"party": ("tax_number", "gln", "licence"), "item": ("gtin", "manufacturer_item", "registration_number")}
_EXACT = {"party": ("phone", "city", "country", "postal_code"), "item": ("model", "base_unit", "kind")}


def ours(kind: str, bodies: Bodies) -> Codes:
    """Pairs that the matcher tells, as `udihub masterdata match` does."""
    found = match(kind, bodies)
    kept = found.told()
    return _codes(found.pairs[0][kept], found.pairs[1][kept])


def plain_rapidfuzz(kind: str, bodies: Bodies) -> Codes:
    """Names as they stand, alike by nine tenths, among those that share city or maker, or the first letters of the name."""
    from rapidfuzz import fuzz, process

    names = [str(body.get("name", "")).casefold() for body in bodies]
    blocks: dict[str, list[int]] = {}
    for number, (name, body) in enumerate(zip(names, bodies, strict=True)):
        for key in (f"n:{name[:4]}", f"p:{body.get('city') or body.get('manufacturer') or ''}:{name[:1]}"):
            blocks.setdefault(key, []).append(number)
    firsts: list[int] = []
    seconds: list[int] = []
    for group in blocks.values():
        if 1 < len(group) <= 5000:
            texts = [names[number] for number in group]
            share = process.cdist(texts, texts, scorer=fuzz.ratio, score_cutoff=90, dtype=np.uint8)
            rows, columns = np.nonzero(np.triu(share, 1))
            firsts += [group[row] for row in rows]
            seconds += [group[column] for column in columns]
    return _codes(np.array(firsts, dtype=np.int64), np.array(seconds, dtype=np.int64))


def plain_splink(kind: str, bodies: Bodies) -> Codes:
    """splink's own way on DuckDB: a few blocking rules, Jaro-Winkler on names, exact numbers, EM, likelier than not."""
    import duckdb
    import pandas as pd
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    numbers, exact = _NUMBERS[kind], _EXACT[kind]
    texts = ("name", "address") if kind == "party" else ("name", "manufacturer")
    frame = pd.DataFrame(
        {"unique_id": range(len(bodies))} | {column: [body.get(column) or None for body in bodies] for column in (*texts, *numbers, *exact)}
    )
    frame["start"] = frame["name"].str.lower().str[:4]
    where = "city" if kind == "party" else "manufacturer"
    rules: list[Any] = [block_on(number) for number in numbers[: 2 if kind == "item" else 3]]
    rules += [block_on("start", where), block_on("phone") if kind == "party" else block_on("model", "start")]
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=rules,
        comparisons=[
            *(cl.JaroWinklerAtThresholds(column, [0.95, 0.85]) for column in texts),
            *(cl.ExactMatch(column) for column in (*numbers, *exact)),
        ],
    )
    linker = Linker(DuckDBAPI(connection=duckdb.connect()).register(frame), settings)
    linker.training.estimate_probability_two_random_records_match([block_on(numbers[0])], recall=0.4)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for rule in (block_on("name"), block_on(numbers[0])):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()  # type: ignore[no-untyped-call]
    return _codes(found["unique_id_l"].to_numpy(np.int64), found["unique_id_r"].to_numpy(np.int64))


METHODS: Mapping[str, Callable[[str, Bodies], Codes]] = {"ours": ours, "plain splink": plain_splink, "plain rapidfuzz": plain_rapidfuzz}


def _codes(firsts: npt.NDArray[Any], seconds: npt.NDArray[Any]) -> Codes:
    firsts, seconds = firsts.astype(np.int64), seconds.astype(np.int64)
    return np.unique(np.minimum(firsts, seconds) << 32 | np.maximum(firsts, seconds))


def judged(found: Codes, truths: Sequence[str]) -> tuple[float, float]:
    """Precision and recall of pairs; `truths` are equal for records of one thing."""
    numbers: dict[str, int] = {}
    things = np.array([numbers.setdefault(truth, len(numbers)) for truth in truths])
    sizes = np.bincount(things)
    right = int((things[found >> 32] == things[found & 0xFFFFFFFF]).sum())
    return right / max(len(found), 1), right / max(int((sizes * (sizes - 1) // 2).sum()), 1)


def main() -> None:
    """Prints a line for each kind of record and method."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--parties", type=int, default=100_000)
    ask.add_argument("--items", type=int, default=200_000)
    ask.add_argument("--seed", type=int, default=7)
    ask.add_argument("--only", choices=list(METHODS))
    given = ask.parse_args()
    print(f"{'records':>16}  {'method':<16} {'precision':>9} {'recall':>7} {'CPU s':>7} {'wall s':>7} {'peak MB':>8}")
    for kind, made in (("party", parties(given.parties, given.seed)), ("item", items(given.items, given.seed))):
        bodies, truths = [], []
        for body, truth in made:
            bodies.append(body)
            truths.append(truth)
        for name, method in METHODS.items():
            if not bodies or (given.only and name != given.only):
                continue
            wall, cpu = time.perf_counter(), time.process_time()
            with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                found = method(kind, bodies)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            precision, recall = judged(found, truths)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(
                f"{len(bodies):>9,} {kind:<6}  {name:<16} {precision:>9.3f} {recall:>7.3f} {cpu:>7.1f} {wall:>7.1f} {peak:>8,}", flush=True
            )
        print(f"{'':>16}  {'wanted':<16} {LIMITS[kind][0]:>9.3f} {LIMITS[kind][1]:>7.3f}")


if __name__ == "__main__":
    main()

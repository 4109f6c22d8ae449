"""A small campaign on every syntax; `make prove-fuzz` runs the large one, and measures its bound of 2 seconds.

Here an input fails that takes half a minute: what does not end is told on any machine, and a busy one tells nothing more.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.campaign import Failure, Report, corpus, made, syntaxes
from tests.fuzz.mutations import LARGEST, mutated

SEED = 20261122
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("syntax", syntaxes())
def test_no_damage_does_more_than_be_told(syntax: str, tmp_path: Path) -> None:
    # In a process of its own: a child of this one would begin with all the memory that other tests have taken.
    options = ["--inputs", "500", "--syntax", syntax, "--seed", str(SEED), "--seconds", "30", "--failures", str(tmp_path), "--json"]
    command = [sys.executable, "-m", "tests.fuzz.campaign", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    report = json.loads(done.stdout)
    assert report["failures"] == [], done.stderr
    assert (done.returncode, report["inputs"]) == (0, 500)
    assert report["trees"] and report["findings"], "some inputs are still good enough to be read, and some are told to be wrong"


@pytest.mark.parametrize("syntax", syntaxes())
def test_an_input_is_made_of_its_number_alone(syntax: str) -> None:
    first = [made(syntax, SEED, number) for number in range(20)]
    assert made(syntax, SEED, 17) == first[17]
    assert len({content for content, _, _ in first}) > 10
    assert made(syntax, SEED + 1, 17) != first[17]


def test_mutations_stay_within_bounds_and_change_something() -> None:
    seeds = corpus("x12").seeds
    changed = [mutated(seeds, Random(number)) for number in range(300)]
    assert all(len(content) <= LARGEST for content in changed)
    assert sum(content in seeds for content in changed) < 30
    assert isinstance(mutated([b""], Random(1)), bytes)


def test_one_fault_is_told_once() -> None:
    total = Report("x12", 1)
    total.add(Report("x12", 1, inputs=3, failures=[Failure(1, "KeyError: a", "KeyError sets.py:1")]))
    total.add(Report("x12", 1, inputs=3, failures=[Failure(5, "KeyError: b", "KeyError sets.py:1")]))
    assert (total.inputs, [failure.number for failure in total.failures]) == (6, [1])

"""How hard a property test tries, and whether its examples are drawn anew.

A developer's run tries an eighth of the examples, `make test` (UDIHUB_THOROUGH) a third of them, both the same ones every time, so that
a verdict tells of the change at hand and of nothing else: what was tried once finds little when it is tried again. `make prove-properties`
(UDIHUB_SEARCH, how many times the examples) draws new ones: that is where a case is found that nobody thought of, and it gets a test by
its own name.
"""

from __future__ import annotations

import os

from hypothesis import settings

SEARCH = int(os.environ.get("UDIHUB_SEARCH", "0"))
"""How many times the examples are drawn, anew at every run; 0: the same examples as ever."""


def examples(most: int) -> int:
    """The number of Hypothesis examples for this run, at least five."""
    if SEARCH:
        return most * SEARCH
    return max(5, most // 3 if os.environ.get("UDIHUB_THOROUGH") else most // 8)


def use_profile() -> None:
    """The same examples at every run, except in a search, which says how to repeat what it found. No example is timed: machines differ."""
    settings.register_profile("same", derandomize=True, deadline=None)
    settings.register_profile("search", derandomize=False, print_blob=True, deadline=None)
    settings.load_profile("search" if SEARCH else "same")

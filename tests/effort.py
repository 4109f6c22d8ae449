"""How many examples a property test tries: all of them in `make test`, a sixth in `make check`, which sets UDIHUB_QUICK."""

from __future__ import annotations

import os


def examples(most: int) -> int:
    """The number of Hypothesis examples for this run, at least five."""
    return max(5, most // 6) if os.environ.get("UDIHUB_QUICK") else most

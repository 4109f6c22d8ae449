"""How many examples a property test tries: a sixth when a developer runs it, all of them in `make test`, which sets UDIHUB_THOROUGH."""

from __future__ import annotations

import os


def examples(most: int) -> int:
    """The number of Hypothesis examples for this run, at least five."""
    return most if os.environ.get("UDIHUB_THOROUGH") else max(5, most // 6)

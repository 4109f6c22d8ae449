"""Shipped mappings, each compiled once in a process: compiling all of them takes seconds, and what is compiled never changes.

Whoever exchanges a part of the compiler takes `mappings.engine.load` itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from mappings import engine
from mappings.engine import Mapping, shipped_names

NAMES = shipped_names()


def load(name: str, folders: Sequence[Path] = ()) -> Mapping:
    """A shipped mapping; one of a site, or beside it, is compiled anew."""
    return engine.load(name, folders) if folders else _compiled(name)


@cache
def _compiled(name: str) -> Mapping:
    return engine.load(name)


def writing() -> list[str]:
    """Names of those that write: what only comes in, as the answer of a system that is asked, is written by nobody."""
    return [name for name in NAMES if load(name).direction != "in"]


def reading() -> list[str]:
    """Names of those that read: documents that only go out have no message of a partner."""
    return [name for name in NAMES if load(name).direction != "out"]

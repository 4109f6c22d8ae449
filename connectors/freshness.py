"""Grammars as their files are now: who changes one while the hub runs sees it with the next document, whatever the format.

Loading a grammar takes longer than reading most documents, so every format keeps what it has loaded, and says here how it forgets that.
The hub asks (`look`) before it begins a batch of documents or a dry run, not for each message: what one batch was read by is what is kept
as its evidence. A look is one listing of the folders, once a second at most; nothing is loaded or forgotten where no file came, went or
changed.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

SHIPPED = Path(__file__).parent / "grammars"

State = frozenset[tuple[str, int, int]]
"""Name, time of the last change and size of every file in a folder."""

_NONE: State = frozenset()
EVERY_SECONDS = 1.0
"""A look costs some hundred calls of the system; a batch of documents can be shorter than that."""

_lock = threading.Lock()
_forgetters: dict[str, list[Callable[[], None]]] = {}
_seen: dict[Path, State] = {}
_watched: set[Path] = set()
"""Roots of which every folder has been seen, so that a new one is a change."""
_last: dict[tuple[Path, ...], float] = {}
"""When each set of folders was looked at."""


def forgets(format_name: str, forget: Callable[[], None]) -> None:
    """A format that keeps grammars says how to forget them. Asked while others may be reading: who holds a grammar goes on with it."""
    _forgetters.setdefault(format_name, []).append(forget)
    _seen.setdefault(SHIPPED / format_name, _state(SHIPPED / format_name))


def watch(folders: Iterable[Path]) -> None:
    """From here on, what changes in these folders of a site is a change: asked before anything of them is loaded."""
    with _lock:
        for root in folders:
            for folder in (root / room for room in _rooms(root)):
                _seen.setdefault(folder, _state(folder))
            _watched.add(root)


def look(folders: Iterable[Path] = (), shipped: Path = SHIPPED, every: float | None = None) -> list[str]:
    """Forget the grammars of each format whose files are not what they were at the last look, in the site's `folders` or shipped.
    Returns the formats. A folder that is new to it is as it is, unless it came into a root that is watched.
    """
    changed: list[str] = []
    roots = (shipped, *folders)
    with _lock:
        now = time.monotonic()
        if now - _last.get(roots, -math.inf) < (EVERY_SECONDS if every is None else every):
            return changed
        _last[roots] = now
        for format_name in sorted(_forgetters.keys() | {name for root in roots for name in _rooms(root)}):
            states = {root / format_name: _state(root / format_name) for root in roots}
            if any(_seen.get(folder, _NONE if folder.parent in _watched else state) != state for folder, state in states.items()):
                changed.append(format_name)
                for forget in _forgetters.get(format_name, ()):
                    forget()
            _seen.update(states)
        _watched.update(roots)
    return changed


def _rooms(root: Path) -> list[str]:
    try:
        with os.scandir(root) as entries:
            return [entry.name for entry in entries if entry.is_dir()]
    except FileNotFoundError:
        return []


def _state(folder: Path) -> State:
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat()) for entry in entries if entry.name.endswith(".yaml")]
    except FileNotFoundError:
        return _NONE  # no folder, or a file that went while it was listed: the next look tells
    return frozenset((name, status.st_mtime_ns, status.st_size) for name, status in found)

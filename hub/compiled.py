"""Mappings as their files are now, compiled once a process: who changes one while the hub runs sees it with the next batch of documents.

Compiling takes longer than mapping most documents, so that what was compiled is kept until a file that it may be made of comes, goes or
changes: a mapping or a part of one, of the site or shipped, or a code table. Looked at before a batch or a dry run, once a second at most,
as grammars are (`connectors/freshness.py`); a batch is mapped by one state of the files, and its evidence names the mapping's hash.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from connectors.freshness import EVERY_SECONDS
from mappings.engine import Mapping, load
from mappings.resolve import SHIPPED

State = frozenset[tuple[str, int, int]]
"""Path, time of the last change and size of every file."""

_lock = threading.Lock()
_seen: dict[tuple[Path, ...], tuple[State, float]] = {}
"""By the folders of a site: what was there, and when it was looked at."""


@cache
def compiled(name: str, folders: tuple[Path, ...]) -> Mapping:
    """The mapping `name`, those in a site's `folders` first. Raises ConfigError for one that is not there, or at fault."""
    look(folders)
    return load(name, folders)


def look(folders: tuple[Path, ...], every: float | None = None) -> bool:
    """Forget what was compiled where a file is not what it was at the last look; whether one was."""
    with _lock:
        known, at = _seen.get(folders, (None, 0.0))
        now = time.monotonic()
        if known is not None and now - at < (EVERY_SECONDS if every is None else every):
            return False
        state = frozenset(_files(folders))
        _seen[folders] = (state, now)
        if known is None or known == state:
            return False
    compiled.cache_clear()
    return True


def forget(folders: tuple[Path, ...]) -> None:
    """Keep nothing of folders that were only looked at, once."""
    with _lock:
        _seen.pop(folders, None)
    compiled.cache_clear()


def _files(folders: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    """Mapping files, one folder a format, and code tables, which a site may keep beside its mappings too."""
    for root in (*folders, SHIPPED):
        for room in (*_rooms(root), *([] if root == SHIPPED else [str(root.parent / "codes")])):
            try:
                with os.scandir(room) as entries:
                    for entry in entries:
                        if entry.name.endswith((".yaml", ".csv")):
                            status = entry.stat()
                            yield entry.path, status.st_mtime_ns, status.st_size
            except FileNotFoundError:
                continue  # no such folder, or a file that went while it was listed: the next look tells


def _rooms(root: Path) -> list[str]:
    try:
        with os.scandir(root) as entries:
            return [entry.path for entry in entries if entry.is_dir()]
    except FileNotFoundError:
        return []

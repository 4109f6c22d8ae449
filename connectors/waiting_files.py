"""Which files of a folder, near or far, may be taken, and under which names files may be written.

A writer may still be at work, so a file is taken only when (setting `ready`)
- `stable` (default): it has not been changed for `age_seconds` (30), and size and time of change are equal in two looks that lie
  `look_seconds` (1) apart,
- `rename`: the writer renames finished files into place, so whatever has its final name is whole,
- `mark`: a second file beside it, its name plus `mark` (`.done`), says so.

A writer that pauses for longer than that writes on in `done_folder`: what grew there is taken in again and told (`written_on`).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

from connectors.credentials import seconds
from connectors.file_names import UNFINISHED, hostile, readable, spelled, unspelled
from connectors.spec import Delivered
from data_contracts.errors import ConfigError

SETTINGS = frozenset({"folder", "pattern", "ready", "look_seconds", "age_seconds", "mark", "settle", "done_folder", "unpack"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SKEW_SECONDS = 600.0
"""How far a clock that is not known may be from ours: what is older than that and `age_seconds` is old by any clock."""
_KEY = re.compile(r"(.+)\|(\d+)\|(\d+)(?:[!\x1f].*)?", re.DOTALL)
"""A file's delivery key; behind it may stand the name of what was packed in it, or the mark of a conflict."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder, as `connectors.file_names` says. `modified_ns` are nanoseconds since 1970, of whole seconds where a server
    knows no others."""

    name: str
    size: int
    modified_ns: int
    regular: bool = True
    """A file, not a folder, a link or a device."""

    def delivered(self) -> Delivered:
        """As a delivery; the same name with another size or time is another delivery."""
        at = _EPOCH + timedelta(microseconds=self.modified_ns // 1000)
        return Delivered(self.name, f"{spelled(self.name)}|{self.size}|{self.modified_ns}", self.size, at)

    @classmethod
    def of(cls, delivery_key: str) -> Entry | None:
        """What a delivery key says of a file as it was taken; None for a key that is of no file, or was cut."""
        found = _KEY.fullmatch(delivery_key)
        return None if found is None else cls(unspelled(found[1]), int(found[2]), int(found[3]))


def counted(entries: Iterable[Entry]) -> tuple[int, int]:
    """For people: how many files lie in a folder, and how many of them are left alone for their names."""
    files = [entry for entry in entries if entry.regular and not entry.name.startswith(".")]
    return len(files), sum(hostile(entry.name) for entry in files)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a source says what may be taken and what happens to it afterwards."""

    pattern: str = "*"
    ready: str = "stable"
    look_seconds: float = 1.0
    age_seconds: float = 30.0
    mark: str = ".done"
    settle: str = "move"
    done_folder: str = "done"

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Waiting:
        """The settings of a source. Raises ConfigError for values that mean nothing."""
        found = cls(
            pattern=str(settings.get("pattern", "*")),
            ready=str(settings.get("ready", "stable")),
            look_seconds=seconds(settings, "look_seconds", 1.0),
            age_seconds=seconds(settings, "age_seconds", 30.0),
            mark=str(settings.get("mark", ".done")),
            settle=str(settings.get("settle", "move")),
            done_folder=str(settings.get("done_folder", "done")),
        )
        if found.ready not in ("stable", "rename", "mark"):
            raise ConfigError(f"ready is stable, rename or mark, not {found.ready!r}")
        if found.settle not in ("move", "delete"):
            raise ConfigError(f"settle is move or delete, not {found.settle!r}")
        if hostile(found.done_folder) or not found.mark.startswith("."):
            raise ConfigError("done_folder is the name of a folder within the folder, and mark begins with a point")
        return found

    def watched_for(self, entry: Entry, server: float | None) -> float:
        """Seconds for which a file must look the same to us before it counts as whole. `server`: the clock by which its time was set.

        Where that clock is not known, a time near ours says nothing: the file may be of this moment. It is watched then.
        """
        # The machine's clock and never the hub's, which may be another: files bear the times of machines.
        known = time.clock_gettime(time.CLOCK_REALTIME) - _SKEW_SECONDS if server is None else server
        age = known - entry.modified_ns / 1e9
        if age >= self.age_seconds:
            return self.look_seconds
        return max(self.look_seconds, self.age_seconds if server is None else self.age_seconds - max(age, 0))

    def candidates(self, entries: Iterable[Entry]) -> dict[str, Entry]:
        """Files that may be meant, by name. Hostile names are left where they are and logged."""
        found = {}
        for entry in entries:
            if not entry.regular or entry.name.startswith(".") or entry.name.casefold().endswith((*UNFINISHED, self.mark)):
                continue
            if hostile(entry.name):
                _log.warning("file with a hostile name is left alone: %s", ascii(entry.name))
            elif fnmatchcase(entry.name, self.pattern) or fnmatchcase(readable(entry.name), self.pattern):
                found[entry.name] = entry
        return found


@dataclass(slots=True)
class Looks:
    """Remembers how files looked, so that a worker that polls need not sleep for those that it saw before."""

    _seen: dict[tuple[str, str], tuple[Entry, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def ready(
        self, scope: str, waiting: Waiting, look: Callable[[], list[Entry]], clock: Callable[[], float | None] = lambda: None
    ) -> list[Entry]:
        """Files that may be taken now, oldest first. `scope` names the folder, `look` lists it, `clock` is the server's after a look
        (seconds since 1970; None: it is not known). Sleeps as long as the youngest must be watched."""
        entries = look()
        found = waiting.candidates(entries)
        if waiting.ready == "mark":
            marks = {entry.name for entry in entries if entry.regular}
            found = {name: entry for name, entry in found.items() if name + waiting.mark in marks}
        elif waiting.ready == "stable":
            found = self._stable(scope, waiting, found, look, clock)
        return sorted(found.values(), key=lambda entry: (entry.modified_ns, entry.name))

    def _stable(
        self, scope: str, waiting: Waiting, found: dict[str, Entry], look: Callable[[], list[Entry]], clock: Callable[[], float | None]
    ) -> dict[str, Entry]:
        now, server = time.monotonic(), clock()
        with self._lock:
            before = {name: seen for (where, name), seen in self._seen.items() if where == scope}
            for name in before.keys() - found.keys():
                del self._seen[scope, name]
            since = {name: before[name][1] if name in before and before[name][0] == entry else now for name, entry in found.items()}
            self._seen.update({(scope, name): (entry, since[name]) for name, entry in found.items()})
        left = max((waiting.watched_for(entry, server) - (now - since[name]) for name, entry in found.items()), default=0.0)
        if left > 0:
            time.sleep(left)
            again = waiting.candidates(look())
            return {name: entry for name, entry in found.items() if again.get(name) == entry}
        return found


def written_on(delivery_keys: Iterable[str], look: Callable[[Iterable[str]], Mapping[str, Entry]]) -> Iterator[tuple[Entry, Entry]]:
    """Of the files that were taken under these keys, those that are longer or newer where they were put: as taken, and as they are now.

    `look` gives what is there of some names. A file lies under its own name, or beside another of its name under `kept_as`.
    """
    keys = set(delivery_keys)
    taken = {(entry.name, entry.size, entry.modified_ns): entry for key in keys if (entry := Entry.of(key)) is not None}
    there = look({name for entry in taken.values() for name in (entry.name, *kept_as(entry))})
    told = set()
    for entry in sorted(taken.values(), key=lambda one: (one.modified_ns, one.name), reverse=True):
        now = next((there[name] for name in (*kept_as(entry), entry.name) if name in there), None)
        if now is None or not now.regular or now.name in told:
            continue
        if now.modified_ns <= entry.modified_ns and now.size <= entry.size:  # an earlier one of its name, where it was cleaned away
            continue
        if (now.name, now.size, now.modified_ns) not in taken:
            told.add(now.name)
            yield entry, now


def kept_as(entry: Entry) -> tuple[str, ...]:
    """The names that a file may have beside another of its name, where both were put: with its time and size behind it."""
    return f"{entry.name}~{entry.modified_ns}-{entry.size}", f"{entry.name}~{entry.modified_ns // 1_000_000_000}-{entry.size}"

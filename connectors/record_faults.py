"""What is wrong with single records of a pull: they are taken in like all others, and it is told once, with the page that brings them.

A record without an id, or with a stamp that is none (`0000-00-00 00:00:00`), must stop neither its neighbours nor the watermark: the next
pull would meet it again, and the next. Without an id it is known by what it says; a stamp that is none moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from connectors.deltas import Delta, nameless, value_at
from data_contracts.errors import RetriableError
from data_contracts.findings import Finding, Place

_SHOWN = 80
"""Characters of a value that are shown."""
_NOUGHT = "0-/:. TZ+"


def record_faults(
    delta: Delta, clause: str, records: Sequence[Any], label: str, *, nameless_alone: bool = False
) -> tuple[tuple[int, Finding], ...]:
    """Findings on single records, each with the ordinal of its record among those that `identified` tells apart.

    Raises RetriableError where not one of several records has an id or a stamp that can be read: then it is the delta that is wrong, or the
    answer. `nameless_alone`: the transport has put those without an id on a page of their own.
    """
    without = list(_without_id(delta, records, label))
    if len(without) == len(records) > 1 and not nameless_alone:
        raise RetriableError(f"{label}: a record has no {', '.join(delta.id)}, and no other one has")
    return tuple(sorted([*without, *_without_stamp(delta, clause, records, label)], key=lambda one: one[0]))


def _without_stamp(delta: Delta, clause: str, records: Sequence[Any], label: str) -> Iterator[tuple[int, Finding]]:
    """Those that have one which is none. One of nothing but noughts is how databases spell none: all of a page may have it."""
    if delta.kind != "stamp":
        return
    path, ordinals = delta.path(clause), _ordinals(delta, records)
    said = [value_at(record, path) for record in records]
    wrong = [place for place, value in enumerate(said) if value not in (None, "") and delta.stamp(value) is None]
    if len(wrong) == len(records) > 1 and any(str(value).strip(_NOUGHT) for value in said):
        raise RetriableError(f"{label}: {said[0]!r} is no stamp of the kind {delta.stamps}, and no other record has one")
    for place in wrong:
        what = f"{label} {' '.join(str(value_at(records[place], one)) for one in delta.id)}"[:_SHOWN]
        yield ordinals[place], Finding("PUL-02", Place(path=path), delta.stamps, str(said[place])[:_SHOWN], params={"what": what})


def _without_id(delta: Delta, records: Sequence[Any], label: str) -> Iterator[tuple[int, Finding]]:
    ordinals = _ordinals(delta, records)
    for place, record in enumerate(records):
        if delta.id and nameless(delta, record):
            said = ", ".join(str(value_at(record, path)) for path in delta.id)
            yield ordinals[place], Finding("PUL-01", Place(), ", ".join(delta.id), said[:_SHOWN], params={"what": label})


def _ordinals(delta: Delta, records: Iterable[Any]) -> list[int]:
    """Which record each row belongs to, from 1 on."""
    made: list[int] = []
    before: Any = None
    for record in records:
        name = [value_at(record, path) for path in delta.id]
        same = delta.rows and bool(made) and name == before
        made.append(made[-1] if same else (made[-1] + 1 if made else 1))
        before = name
    return made

"""Strews copies of records among the originals, so that the same seed gives the same stream and nothing has to be kept but what waits.

A copy may stand before its next of kin or a hundred thousand records behind it, as two systems' exports read one after the other do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import Any, Generic, TypeVar

Body = dict[str, Any]
T = TypeVar("T")
_COPIES = (0.84, 0.97)
"""Of those that are doubled, how many have one copy, and how many at most two; the others have three."""
_MEAN = _COPIES[0] + 2 * (_COPIES[1] - _COPIES[0]) + 3 * (1 - _COPIES[1])


@dataclass(frozen=True, slots=True)
class Record:
    """One record, and what only its maker knows about it."""

    body: Body
    truth: str
    """Equal for records of the same thing, different for different things."""
    twin: tuple[str, ...] = ()
    """What was done to it, if it is a planted copy: the chief kind first."""
    family: str = ""
    """Its hard negatives: the kind of family and the number of it; records of one family are different things unless their truth is one."""


@dataclass(frozen=True, slots=True)
class Original(Generic[T]):
    """A record that is no copy, and the thing that it describes."""

    record: Record
    thing: T


@dataclass(order=True, slots=True)
class _Waiting:
    place: int
    turn: int
    record: Record = field(compare=False)


def strew(
    originals: Iterator[Original[T]], copy: Callable[[Original[T]], Record | None], count: int, duplicates: float, random: Random
) -> Iterator[Record]:
    """So many records, of which the share `duplicates` are copies. `copy` gives None for what cannot be copied so that one could tell."""
    owed = round(count * duplicates)
    waiting: list[_Waiting] = []
    place = turn = 0
    while place < count:
        if waiting and (waiting[0].place <= place or len(waiting) >= count - place):
            yield heappop(waiting).record
            place += 1
            continue
        original = next(originals)
        yield original.record
        place += 1
        left = count - place - len(waiting)
        if owed and left and random.random() * _MEAN < owed / max(1, left - owed):
            draw = random.random()
            for _ in range(min(owed, left, 1 + (draw > _COPIES[0]) + (draw > _COPIES[1]))):
                if made := copy(original):
                    turn += 1
                    heappush(waiting, _Waiting(random.randrange(place, count), turn, made))
                    owed -= 1

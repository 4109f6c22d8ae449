"""Whether a page that is counted off joins what was read before, though the list moves while it is read.

A peer that is asked by position (an offset, a page's number, `$skip`, a link that holds one) answers with what stands there now. Whoever
saves a record that was read already moves it behind all others, and everything between comes forward by one: the record at the border of
two pages slips from the next one into the last one, unread, and a watermark would pass it for good. So:

    a page begins with a record that was read before and stands as it was read, else it is read from further back.

What stands unchanged keeps its order: then all that stands before that record was before it when it was read, and was read too. What was
changed meanwhile bears a stamp behind the moment at which the pull began, and comes with the next one. Of offsets a page overlaps the last
one by a record. Pages by number, and links, cannot: there the page before is read once more when the next one has come; if it holds what
nobody has seen, it is taken in and reading goes on behind it.

The law holds for lists that have an order: one in which records of equal stamps come as they please has none. It holds where records
leave their place for the end or for good; one that comes in at the front with an old stamp is found by the overlap of the next pull.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from connectors.deltas import Delta, value_at
from data_contracts.errors import RetriableError

_KEPT = 200_000
"""Records of one list that are remembered; no page begins further back than so many."""
_MOST = 1000
"""How often one pull may go back before the peer is said to keep no order."""
_P = TypeVar("_P")
_G = TypeVar("_G")


class Joins:
    """What was read of a list so far, and whether another page of it joins that."""

    def __init__(self, delta: Delta, label: str) -> None:
        self._delta, self._label = delta, label
        self._run: Hashable = None
        self._seen: dict[int, int] = {}
        self._first_of_last = 0
        self.backward = 0
        """How often a page was read from further back: part of a place, so that none comes twice."""

    def begin(self, run: Hashable) -> None:
        """Of which list the pages are that follow: the question, and the stamp from which it is asked."""
        if run != self._run:
            self._run = run
            self._seen.clear()

    def note(self, records: Sequence[Any], clause: str) -> None:
        """These were read, and are given on."""
        for record in records:
            name, stamp = self._known_by(record, clause)
            self._seen.pop(name, None)
            self._seen[name] = stamp
        while len(self._seen) > _KEPT:
            del self._seen[next(iter(self._seen))]
        if self._delta.rows and records:
            last = self._named(records[-1])
            self._first_of_last = _digest(next(record for record in records if self._named(record) == last))

    def joined(self, records: Sequence[Any], clause: str) -> bool:
        """Whether a page begins with a record that was read before and stands as it was read."""
        if not records:
            return False
        if self._delta.rows:  # in the middle of a record there is no beginning
            return _digest(records[0]) == self._first_of_last
        name, stamp = self._known_by(records[0], clause)
        return self._seen.get(name) == stamp

    def overlapped(
        self, got: _G, count: int, size: int, clause: str, ask: Callable[[int], _G], of: Callable[[_G], Sequence[Any]]
    ) -> tuple[int, _G]:
        """A page by offset that joins, and where it begins: this one, or one from further back."""
        while count and not self.joined(of(got), clause):
            self._back()
            count = 0 if self._delta.rows else max(0, count - size)
            got = ask(count)
        return count, got

    def looked_back(
        self, got: _G, before: Sequence[_P], clause: str, ask: Callable[[_P], _G], of: Callable[[_G], Sequence[Any]]
    ) -> tuple[int, _G]:
        """A page that came behind those of the places `before`: itself (and how many those are), or one of them that holds news.

        The last of them is asked for again, after this page. All of it known: nothing slipped out between the two.
        """
        number = len(before) - 1
        again = ask(before[number])
        while number and not of(again):  # an empty page in the middle tells nothing of what stands before it
            number -= 1
            again = ask(before[number])
        coming = {self._known_by(record, clause)[0] for record in of(got)}
        begins = number == 0 or self.joined(of(again), clause)
        if begins and all(name in self._seen or name in coming for name, _ in (self._known_by(one, clause) for one in of(again))):
            return len(before), got
        while number and not self.joined(of(again), clause):
            number -= 1
            again = ask(before[number])
        self._back()
        return number, again

    def _back(self) -> None:
        self.backward += 1
        if self.backward > _MOST:
            raise RetriableError(f"{self._label}: the pages do not come to rest: the peer keeps no order in what it answers")

    def _named(self, record: Any) -> list[str]:
        return [str(value_at(record, path)) for path in self._delta.id]

    def _known_by(self, record: Any, clause: str) -> tuple[int, int]:
        """A record's name and its stamp, as numbers: many are kept."""
        return hash(tuple(self._named(record))), hash(str(value_at(record, self._delta.path(clause))))


def _digest(record: Any) -> int:
    return hash(json.dumps(record, sort_keys=True, default=str))

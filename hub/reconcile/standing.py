"""Which of the things said about one subject counts. A pure function of the set, so that order of arrival can't matter.

A subject is an order, a despatch advice, a count of one place… by one issuer. Each message about it is an application. The rules:

1. Of the messages of one replay chain, only the last replay counts: a person decided so.
2. What is newest by (revision, time of issue, purpose, content) decides; content only breaks ties of twins. What changes, replaces or
   cancels without a number of its own stands where its time of issue puts it among the numbered ones. Of changes that nothing else tells
   apart, the one that came first is the first.
3. A cancellation newer than everything cancels: nothing stands. What is issued after it stands again.
4. A change needs its original. Until that (or a replacement) is there, the change waits and nothing stands.
5. Orders and the answers to them (`FOLDING`) are changed in part: the newest whole statement stands, and beside it every change that is
   newer, in their order; one that is said twice in a row counts once (`hub.store.views.amend` puts them together). What a supplier
   answers to a change counts without a first answer. All other documents state themselves whole in a change, and the newest alone
   stands.
6. Everything else is superseded. An older revision or count that arrives late changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["standing", "cancelled", "waiting"]

FOLDING: Mapping[str, bool] = {"purchase_order": True, "order_response": False}
"""Kinds of subjects whose changes state a part only, and whether those need something to change."""
RANK = {"original": 0, "confirm": 1, "change": 2, "replace": 3, "cancel": 4}
"""Which purpose is later when revision and time of issue are equal (a document often states only a day)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One live application. `root` is the first exchange of its replay chain; `content` its hash, needed among ties only."""

    application_id: int
    root: int
    purpose: str
    revision: int
    issued_at: int
    content: str = ""

    @property
    def rank(self) -> tuple[int, int, int]:
        """What orders applications before their content is looked at."""
        return (self.revision, self.issued_at, RANK.get(self.purpose, 0))

    @property
    def order(self) -> tuple[int, int, int, str, int, int]:
        """Total order; the ids only tell apart what says the same, and changes."""
        return (*self.rank, "" if self.purpose == "change" else self.content, self.root, self.application_id)

    @property
    def numbered(self) -> bool:
        """Whether its revision says where it belongs: an original has none, or is number 0."""
        return self.revision > 0 or self.purpose in ("original", "confirm")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What holds for a subject. `decided_by` took effect: it stands, or it is the cancellation."""

    state: State
    standing_id: int | None = None
    decided_by: int | None = None
    waiting: frozenset[int] = frozenset()
    cancelled: int | None = None
    """What would stand, had it not been cancelled."""
    changes: tuple[int, ...] = ()
    """Changes of what stands, or would stand, in their order."""

    @property
    def all_standing(self) -> frozenset[int]:
        """What stands, with its changes."""
        return frozenset() if self.standing_id is None else frozenset((self.standing_id, *self.changes))


def live(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The last of every replay chain."""
    last: dict[int, Candidate] = {}
    for candidate in candidates:
        known = last.get(candidate.root)
        if known is None or candidate.application_id > known.application_id:
            last[candidate.root] = candidate
    return list(last.values())


def ties(candidates: Iterable[Candidate]) -> set[int]:
    """Applications that equal another one in rank, whose content must be compared."""
    seen: dict[tuple[int, int, int], list[int]] = {}
    for candidate in live(candidates):
        seen.setdefault(candidate.rank, []).append(candidate.application_id)
    return {number for numbers in seen.values() if len(numbers) > 1 for number in numbers}


def decide(candidates: Sequence[Candidate], kind: str = "") -> Verdict:
    """Which application of a subject of this kind stands. Nothing said at all is a cancelled subject: nothing stands."""
    return _decided(_ordered(live(candidates)), kind)


def _ordered(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Oldest first. A numbered one is taken to be issued no earlier than those of lower numbers, whatever its clock said."""
    inside = sorted(candidates, key=lambda candidate: candidate.order)
    if all(candidate.numbered for candidate in inside) or not any(candidate.revision for candidate in inside):
        return inside
    since: dict[int, int] = {}
    newest = before = 0
    revision = 0
    for candidate in inside:
        if candidate.numbered:
            if candidate.revision != revision:
                revision, before = candidate.revision, newest
            since[candidate.application_id] = max(before, candidate.issued_at)
            newest = max(newest, candidate.issued_at)
    return sorted(inside, key=lambda one: (since.get(one.application_id, one.issued_at), not one.numbered, *one.order))


def _decided(counted: Sequence[Candidate], kind: str) -> Verdict:
    cancelled_at = max((place for place, candidate in enumerate(counted) if candidate.purpose == "cancel"), default=-1)
    later = counted[cancelled_at + 1 :]
    standing, changes = _statement(later, kind)
    if standing is not None:
        return Verdict("standing", standing_id=standing, decided_by=later[-1].application_id, changes=changes)
    ended, amended = _statement(
        [candidate for candidate in counted[: max(cancelled_at, 0)] if candidate.purpose != "cancel"], kind, alone=True
    )
    waiting = frozenset(candidate.application_id for candidate in later)
    if later and cancelled_at < 0:
        return Verdict("waiting", waiting=waiting)
    decided_by = counted[cancelled_at].application_id if counted else None
    return Verdict("cancelled", decided_by=decided_by, waiting=waiting, cancelled=ended, changes=amended)


def _statement(said: Sequence[Candidate], kind: str, alone: bool = False) -> tuple[int | None, tuple[int, ...]]:
    """What counts of uncancelled candidates in their order, and what changes it; null where changes wait, unless they may stand `alone`."""
    whole = max((place for place, candidate in enumerate(said) if candidate.purpose != "change"), default=-1)
    if whole < 0:
        if not said or (FOLDING.get(kind, True) and not alone):
            return None, ()
        whole = 0 if kind in FOLDING else len(said) - 1
    elif kind not in FOLDING:
        whole = len(said) - 1
    return said[whole].application_id, tuple(candidate.application_id for candidate in _once(said[whole + 1 :]))


def _once(changes: Sequence[Candidate]) -> Iterator[Candidate]:
    """Changes without those that only say again what the one before them says: a change that came twice is one change."""
    before: Candidate | None = None
    for change in changes:
        if before is None or not change.content or (before.rank, before.content) != (change.rank, change.content):
            yield change
        before = change

"""Which of the things said about one subject counts. A pure function of the set, so that order of arrival can't matter.

A subject is an order, a despatch advice, a count of one place… by one issuer. Each message about it is an application. The rules:

1. Of the messages of one replay chain, only the last replay counts: a person decided so.
2. What is newest by (revision, time of issue, purpose, content) decides; content only breaks ties of twins.
3. A cancellation newer than everything cancels: nothing stands. What is issued after it stands again.
4. A change needs its original. Until that (or a replacement) is there, the change waits and nothing stands.
5. Everything else is superseded. An older revision or count that arrives late changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["standing", "cancelled", "waiting"]

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
    def order(self) -> tuple[int, int, int, str, int]:
        """Total order; the id only tells apart what says the same."""
        return (*self.rank, self.content, self.application_id)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What holds for a subject. `decided_by` took effect: it stands, or it is the cancellation."""

    state: State
    standing_id: int | None = None
    decided_by: int | None = None
    waiting: frozenset[int] = frozenset()
    cancelled: int | None = None
    """What would stand, had it not been cancelled."""


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


def decide(candidates: Sequence[Candidate]) -> Verdict:
    """Which application stands. Nothing said at all is a cancelled subject: nothing stands."""
    counted = sorted(live(candidates), key=lambda candidate: candidate.order)
    cancelled_at = max((place for place, candidate in enumerate(counted) if candidate.purpose == "cancel"), default=-1)
    later = counted[cancelled_at + 1 :]
    said_before = [candidate for candidate in counted[: max(cancelled_at, 0)] if candidate.purpose != "cancel"]
    cancelled = said_before[-1].application_id if said_before else None
    if not later:
        return Verdict("cancelled", decided_by=counted[-1].application_id if counted else None, cancelled=cancelled)
    if any(candidate.purpose != "change" for candidate in later):
        top = later[-1].application_id
        return Verdict("standing", standing_id=top, decided_by=top)
    waiting = frozenset(candidate.application_id for candidate in later)
    if cancelled_at >= 0:
        return Verdict("cancelled", decided_by=counted[cancelled_at].application_id, waiting=waiting, cancelled=cancelled)
    return Verdict("waiting", waiting=waiting)

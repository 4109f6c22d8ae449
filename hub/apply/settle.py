"""The slow path: subjects that were spoken of before. Decide anew what stands, take back what no longer does."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import msgspec

from hub.apply.facts import LINE_COLUMNS, MASTER, Facts, stored_facts
from hub.apply.follow import Consequences, Source
from hub.reconcile.standing import Candidate, Verdict, decide, live, ties
from hub.store import evidence, visibility
from hub.store import facts as store
from hub.store.crosswalk import OWN_SYSTEMS
from hub.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an application: its exchange's state, and which application decided, issued when (microseconds)."""

    state: str
    decided_by: int | None = None
    decided_at: int | None = None
    repeats: int | None = None
    """Exchange that said the same original before under another envelope, where that is worth a word."""
    unheard: bool = False
    """It takes back what nobody has said yet."""
    contradicts: tuple[int, int] | None = None
    """Of a count: the exchange of another of the same moment that says otherwise, and the exchange of the one that stands."""


_COUNTED_ONCE = frozenset({"invoice", "credit_note", "purchase_order", "despatch_advice"})
"""Documents whose number must not come twice from a partner as an original: paid, delivered or received twice is what a repeat risks.
Our own systems export the same again and again."""
_encode = msgspec.json.Encoder(order="deterministic").encode


def settle(uow: UnitOfWork, subject_ids: Collection[int], consequences: Consequences, arriving: Collection[int]) -> dict[int, Outcome]:
    """Decide subjects under lock. Returns what became of every live application: applied, waiting, superseded or cancelled.

    States of exchanges other than the `arriving` ones are written here, and what they waited for is closed.
    """
    connection = uow.connection
    subjects = store.lock_subjects(connection, sorted(subject_ids))
    rows = store.candidates(connection, subject_ids)
    roots = store.replay_roots(connection, {row.exchange_id for row in rows})
    candidate_ids = {row.id for row in rows}
    stood = {row.id for row in rows if row.standing}
    counted = {number for row in subjects.values() for number in (row.standing_id, *(row.changes or ())) if number is not None}
    stood |= counted - candidate_ids  # retracted a moment ago
    by_subject: dict[int, list[Any]] = {number: [] for number in subjects}
    for row in rows:
        by_subject[row.subject_id].append(row)
    weighed = {number: _weighed(uow, group, roots) for number, group in by_subject.items()}
    verdicts = {number: decide(weighed[number], group[0].kind if group else "") for number, group in by_subject.items()}
    standing = {number for verdict in verdicts.values() for number in verdict.all_standing}
    falling, rising = stood - standing, standing - stood
    _move(uow, falling, rising, consequences)
    store.set_standing(uow, rising, falling)
    changed = [
        {"subject_id": number, "new_state": verdict.state, "new_standing": verdict.standing_id, "new_changes": _changes(verdict)}
        for number, verdict in verdicts.items()
        if (subjects[number].state, subjects[number].standing_id, subjects[number].changes)
        != (verdict.state, verdict.standing_id, _changes(verdict))
    ]
    store.set_subjects(connection, changed)
    states: dict[int, str] = {}
    outcomes: dict[int, Outcome] = {}
    for number, group in by_subject.items():
        times = {row.id: row.issued_at for row in group}
        decided_by = verdicts[number].decided_by
        repeats = _repeats(group, roots, consequences.partner_kinds)
        unheard = all(row.purpose == "cancel" for row in group)
        contrary = _contrary(group, weighed[number], verdicts[number].standing_id)
        for row in group:
            states[row.id] = _state(row.id, verdicts[number])
            outcomes[row.id] = Outcome(
                states[row.id], decided_by, times.get(decided_by), repeats.get(row.id), unheard, contrary.get(row.id)
            )
    _tell_exchanges(uow, rows, states, arriving)
    _close_early(uow, by_subject.values())
    return outcomes


def _changes(verdict: Verdict) -> list[int] | None:
    """The changes that stand, in their order; null for most subjects."""
    return list(verdict.changes) if verdict.state == "standing" and verdict.changes else None


def _repeats(group: Sequence[Any], roots: dict[int, int], kinds: Mapping[int, str]) -> dict[int, int]:
    """Of each original that others said before, the first exchange that did; a replay is the same saying. One pass: a number may come
    thousands of times."""
    repeats: dict[int, int] = {}
    said: list[tuple[int, int]] = []  # first exchange of each of the two sayings with the lowest ones, (exchange, its root)
    for row in sorted(group, key=attrgetter("id")):
        if row.kind not in _COUNTED_ONCE or row.purpose != "original":
            continue
        own = roots.get(row.exchange_id, row.exchange_id)
        if kinds.get(row.partner_id) not in OWN_SYSTEMS:
            first = next((exchange for exchange, root in said if root != own), None)
            if first is not None:
                repeats[row.id] = first
        lowest = min([row.exchange_id, *(exchange for exchange, root in said if root == own)])
        said = sorted([(lowest, own), *(one for one in said if one[1] != own)])[:2]
    return repeats


def _contrary(rows: Sequence[Any], weighed: Sequence[Candidate], standing: int | None) -> dict[int, tuple[int, int]]:
    """Of each count that another of the same moment contradicts: that one's exchange, and the exchange of the one that stands."""
    if len(rows) < 2 or rows[0].kind != "inventory_report":
        return {}
    exchanges = {row.id: int(row.exchange_id) for row in rows}
    stands = next((one for one in weighed if one.application_id == standing), None)
    if stands is None:
        return {}
    others = [one.application_id for one in weighed if one.rank == stands.rank and one.content != stands.content]
    contrary = dict.fromkeys(others, (exchanges[stands.application_id], exchanges[stands.application_id]))
    if others:
        contrary[stands.application_id] = exchanges[others[-1]], exchanges[stands.application_id]
    return contrary


def _weighed(uow: UnitOfWork, rows: Sequence[Any], roots: dict[int, int]) -> list[Candidate]:
    """What was said of one subject, with the content of what nothing else tells apart."""
    candidates = [Candidate(row.id, roots.get(row.exchange_id, row.exchange_id), row.purpose, row.revision, row.issued_at) for row in rows]
    tied = ties(candidates)
    if tied:
        overtaken = _overtaken(uow, [row for row in rows if row.id in tied], candidates)
        contents = _contents(uow, [row for row in rows if row.id in tied - overtaken])
        candidates = [
            replace(candidate, content=contents.get(candidate.application_id, ""))
            for candidate in live(candidates)
            if candidate.application_id not in overtaken
        ]
    return candidates


def _overtaken(uow: UnitOfWork, tied: Sequence[Any], candidates: Sequence[Candidate]) -> set[int]:
    """Of what one flow was told again when it asked later, and nothing else tells apart, all but the last.

    Who states the day of a change only, or none, says several things of one moment. Documents that come as they please have no order; the
    pulls of one flow have, and the last one says what is so now.
    """
    if len(tied) < 2:
        return set()
    pulled = store.pulled_from(uow.connection, {row.exchange_id for row in tied})
    ranks = {candidate.application_id: candidate.rank for candidate in live(candidates) if candidate.purpose != "change"}
    said: dict[Any, list[tuple[int, int, int]]] = {}
    for row in tied:
        if row.exchange_id in pulled and row.id in ranks:
            flow, page = pulled[row.exchange_id]
            said.setdefault((flow, ranks[row.id]), []).append((page, row.exchange_id, row.id))
    return {number for group in said.values() for _, _, number in sorted(group)[:-1]}


def _contents(uow: UnitOfWork, rows: Sequence[Any]) -> dict[int, str]:
    """Hash of what applications say, for twins that nothing else tells apart."""
    lines = store.lines_of(uow.connection, [row.id for row in rows], [name for name in LINE_COLUMNS if name != "locator"])
    bodies = store.master_bodies(uow.connection, [row.id for row in rows if row.kind in MASTER])
    return {
        row.id: hashlib.sha256(
            _encode(
                [
                    row.header,
                    row.location,
                    row.currency,
                    _plain(row.total),
                    bodies.get(row.id),
                    [[_plain(v) for v in r] for r in lines[row.id]],
                ]
            )
        ).hexdigest()
        for row in rows
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | list | dict) else format(value, "f")


def _state(application_id: int, verdict: Verdict) -> str:
    if application_id in verdict.waiting:
        return "waiting"
    if verdict.state == "cancelled" and (application_id == verdict.cancelled or application_id in verdict.changes):
        return "cancelled"
    return "applied" if application_id == verdict.decided_by or application_id in verdict.all_standing else "superseded"


def _move(uow: UnitOfWork, falling: Collection[int], rising: Collection[int], consequences: Consequences) -> None:
    """Withdraw the effects of some applications and make those of others from what is stored."""
    if not falling and not rising:
        return
    connection = uow.connection
    rows = store.applications(connection, {*falling, *rising})
    lines = store.lines_of(connection, [row.id for row in rows], LINE_COLUMNS)
    events = visibility.bodies(connection, [row.id for row in rows if row.kind == "event" and row.id in rising])
    keys = store.partner_keys(connection)
    taken, edges = store.take_effects(uow, falling) if falling else ([], set())
    consequences.bare(edges)
    movements: dict[int, list[Any]] = {}
    for movement in taken:
        movements.setdefault(movement.application_id, []).append(movement)
    for row in rows:
        facts: Facts = stored_facts(row._asdict(), lines[row.id], events.get(row.id))
        own = consequences.partner_kinds.get(row.partner_id) in OWN_SYSTEMS
        source = Source(row.id, row.subject_id, row.organisation_id, row.partner_id, keys[row.partner_id], own)
        if row.id in falling:
            consequences.fall(source, facts, movements.get(row.id, ()))
        else:
            consequences.stand(source, facts)


def _tell_exchanges(uow: UnitOfWork, rows: Sequence[Any], states: dict[int, str], arriving: Collection[int]) -> None:
    """Exchanges of earlier messages learn what became of them; those that waited have their finding closed."""
    others = {row.exchange_id: states[row.id] for row in rows if row.exchange_id not in arriving}
    if not others:
        return
    before = store.exchange_states(uow.connection, others)
    resolved = [number for number, state in others.items() if before.get(number) == "waiting" and state != "waiting"]
    for state in ("applied", "superseded", "cancelled", "waiting"):
        moved = sorted(n for n, new in others.items() if new == state and _differs(before.get(n), new))
        if moved:
            evidence.transition(uow, moved, state, "decided anew: another message on the same subject")
    if resolved:
        store.close_findings(uow, "ORD-01", resolved, "the original has arrived")


def _close_early(uow: UnitOfWork, groups: Iterable[Sequence[Any]]) -> None:
    """Declarations that came before the event which they declare to be in error miss it no longer."""
    met = [
        row.exchange_id
        for group in groups
        if group and group[0].kind == "event" and any(row.purpose != "cancel" for row in group)
        for row in group
        if row.purpose == "cancel"
    ]
    if met:
        store.close_findings(uow, "EVT-33", met, "the event has arrived")


def _differs(before: str | None, after: str) -> bool:
    """An acknowledged exchange is an applied one that was also answered."""
    return before != after and not (after == "applied" and before == "acknowledged")

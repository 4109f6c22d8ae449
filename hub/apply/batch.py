"""A batch of entities into the store: applications, lines, then what stands and what follows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_contracts.errors import NotFoundError
from data_contracts.findings import Finding, Place
from hub.apply.digest import digest, spans
from hub.apply.event_facts import edges_of
from hub.apply.facts import APPLICATION_COLUMNS, LINE_COLUMNS, Facts, facts_of
from hub.apply.follow import Consequences, Source
from hub.apply.limits import too_much
from hub.apply.repeats import repeats
from hub.apply.settle import Outcome, settle
from hub.store import bulk, tables, visibility
from hub.store import facts as store
from hub.store.crosswalk import OWN_SYSTEMS
from hub.store.identity import allocate
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork

_APPLICATION = (
    "id", "exchange_id", "subject_id", "organisation_id", "partner_id", "kind", "recorded_at", "standing", *APPLICATION_COLUMNS,
)  # fmt: skip
_LINE = ("application_id", "ordinal", *LINE_COLUMNS)
_MASTER = ("application_id", "kind", "source_id", "code", "name", "name_zh", "gtin", "gln", "tax_number", "body")


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class Applicable:
    """One mapped and valid message. The exchange row exists already; `origin_id` names the exchange that it replays or corrects.

    `fresh`: the exchange was recorded in this very transaction, and replays none.
    """

    exchange_id: int
    organisation_id: int
    partner_id: int
    partner_key: str
    entity: Mapping[str, Any]
    origin_id: int | None = None
    fresh: bool = False


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class Applied:
    """What became of it. `state` is the exchange's: applied, waiting, superseded, cancelled, or quarantined (nothing was stored)."""

    exchange_id: int
    application_id: int | None
    standing: bool
    state: str
    findings: Sequence[Finding] = ()


@dataclass(slots=True)
class _Entry:
    place: int
    item: Applicable
    facts: Facts
    key: store.SubjectKey
    application_id: int = 0
    subject_id: int = 0


def apply(uow: UnitOfWork, items: Sequence[Applicable], eventful: bool = True) -> list[Applied]:
    """Apply a batch; outcomes come in the order of `items`. Bad numbers are a finding; raises only for faults of the store.

    `eventful`: visibility events are derived from documents, so that these are to be looked at again.
    """
    refused: dict[int, Applied] = {}
    entries: list[_Entry] = []
    for place, item in enumerate(items):
        try:
            facts = facts_of(item.entity)
            if facts.said is not None:  # what its things are is fresh in memory
                facts.said.edges = edges_of(item.entity, item.partner_key)
        except OverflowError as error:
            refused[place] = Applied(item.exchange_id, None, False, "quarantined", (_too_large(item, str(error)),))
            continue
        entries.append(_Entry(place, item, facts, (item.organisation_id, facts.kind, item.partner_id, facts.subject_key)))
    kinds = store.partner_kinds(uow.connection)
    unfit = too_much(uow.connection, [(e.item.organisation_id, e.item.partner_id, e.item.partner_key, e.facts) for e in entries], kinds)
    for number in unfit:
        entry = entries[number]
        refused[entry.place] = Applied(entry.item.exchange_id, None, False, "quarantined", (_too_large(entry.item, "stock"),))
    for place, (state, finding) in repeats(uow.connection, [(e.place, e.item, e.facts.said) for e in entries if e.facts.said]).items():
        refused[place] = Applied(items[place].exchange_id, None, False, state, (finding,))
    if refused:
        entries = [entry for entry in entries if entry.place not in refused]
    if not entries:
        return [refused[place] for place in sorted(refused)]
    for entry, number in zip(entries, allocate(uow.connection, "application", len(entries)), strict=True):
        entry.application_id = number
    again = _take_subjects(uow, entries)
    concerned, retracted = _supersede_replayed(uow, entries, again)
    again |= concerned
    _write(uow, entries, again)
    consequences = Consequences(uow, kinds, eventful)
    _capture(uow, entries, consequences)
    outcomes: dict[int, Outcome] = {}
    for entry in entries:
        if entry.subject_id not in again:
            outcomes[entry.application_id] = Outcome(
                "applied" if (stands := entry.facts.counts_alone) else _first_state(entry.facts.purpose)
            )
            if stands:
                item = entry.item
                own = kinds.get(item.partner_id) in OWN_SYSTEMS
                consequences.stand(
                    Source(entry.application_id, entry.subject_id, item.organisation_id, item.partner_id, item.partner_key, own),
                    entry.facts,
                )
    if again:
        outcomes.update(settle(uow, again, consequences, {entry.item.exchange_id for entry in entries}))
        _hide_superseded(uow, entries, outcomes)
    consequences.write()
    _audit(uow, entries, consequences, retracted)
    applied = iter([_outcome(entry, outcomes, entry.subject_id not in again) for entry in entries])
    return [refused[place] if place in refused else next(applied) for place in range(len(items))]


def withdraw(uow: UnitOfWork, application_id: int, reason: str) -> None:
    """Take one application out for good, by a person's decision. What stood before it may stand again.

    Raises NotFoundError for an unknown application; withdrawing twice changes nothing.
    """
    rows = store.applications(uow.connection, [application_id])
    if not rows:
        raise NotFoundError(f"there is no application {application_id}")
    row = rows[0]
    if row.retracted:
        return
    store.lock_subjects(uow.connection, [row.subject_id])
    store.retract(uow, [application_id], reason)
    consequences = Consequences(uow, store.partner_kinds(uow.connection))
    settle(uow, {row.subject_id}, consequences, set())
    consequences.write()
    uow.audit(
        row.organisation_id,
        "application.withdrawn",
        f"application/{application_id}",
        reason=reason,
        after=_moved(consequences, row.organisation_id),
    )


def _audit(uow: UnitOfWork, entries: Sequence[_Entry], consequences: Consequences, retracted: Sequence[Any]) -> None:
    """One entry for each organisation: what was applied, what stands by it, what stands no longer, and a digest of what was said."""
    by_owner: dict[int, list[_Entry]] = {row.organisation_id: [] for row in (*consequences.fallen, *retracted)}
    for entry in entries:
        by_owner.setdefault(entry.item.organisation_id, []).append(entry)
    for owner, own in sorted(by_owner.items()):
        said = digest(
            (e.application_id, e.item.exchange_id, e.subject_id, e.facts.kind, e.facts.application, e.facts.lines, e.facts.master)
            for e in own
        )
        uow.audit(
            owner,
            "facts.applied",
            f"application/{spans(entry.application_id for entry in own)}",
            after={
                "exchanges": spans(entry.item.exchange_id for entry in own),
                "digest": said,
                **_moved(consequences, owner),
                "retracted": spans(row.id for row in retracted if row.organisation_id == owner),
            },
        )


def _moved(consequences: Consequences, owner: int) -> dict[str, str]:
    """Applications of an organisation that stand from now on, and that stand no longer."""
    return {
        "standing": spans(source.application_id for source in consequences.standing if source.organisation_id == owner),
        "fallen": spans(source.application_id for source in consequences.fallen if source.organisation_id == owner),
    }


def _first_state(purpose: str) -> str:
    """State of the exchange that speaks of a subject for the first time."""
    return "waiting" if purpose == "change" else "applied"


def _take_subjects(uow: UnitOfWork, entries: Sequence[_Entry]) -> set[int]:
    """Give every entry its subject; returns the subjects that must be decided, since they have more than this one application."""
    connection = uow.connection
    wanted: dict[store.SubjectKey, list[_Entry]] = {}
    for entry in entries:
        wanted.setdefault(entry.key, []).append(entry)
    known = store.known_subjects(connection, wanted)
    missing = [key for key in wanted if key not in known]
    ids = dict(zip(missing, allocate(connection, "subject", len(missing)), strict=True)) if missing else {}
    rows = []
    for key, number in ids.items():
        first, single = wanted[key][0], len(wanted[key]) == 1
        purpose = first.facts.purpose
        state = "standing" if first.facts.counts_alone else "cancelled" if purpose == "cancel" else "waiting"
        standing_id = first.application_id if single and state == "standing" else None
        rows.append((number, *key, standing_id, state))
    taken = store.add_subjects(connection, rows)
    raced = [key for key, number in ids.items() if number not in taken]
    if raced:  # another worker made them, and has committed
        known |= store.known_subjects(connection, raced)
    again: set[int] = set()
    for key, group in wanted.items():
        number = known.get(key) or ids[key]
        if key in known or len(group) > 1:
            again.add(number)
        for entry in group:
            entry.subject_id = number
    return again


def _supersede_replayed(uow: UnitOfWork, entries: Sequence[_Entry], again: Collection[int]) -> tuple[set[int], Sequence[Any]]:
    """Retract what replayed exchanges said before; returns the subjects that this concerns, the new ones included, and what was retracted.

    All subjects that this batch decides (`again` and these) are locked first: who settles one of them also writes its applications.
    """
    exchanges = {entry.item.exchange_id: entry for entry in entries if not entry.item.fresh}
    if not exchanges:  # of an exchange that nobody has seen yet nothing is older, and nothing descends from it
        return set(), ()
    connection = uow.connection
    roots = store.replay_roots(connection, exchanges)
    for entry in entries:
        if entry.item.origin_id is not None:
            roots.setdefault(entry.item.exchange_id, entry.item.origin_id)
    earlier = store.replayed(connection, {*roots.values(), *exchanges}, min(entry.application_id for entry in entries))
    if not earlier:
        return set(), ()
    concerned = {row.subject_id for row in earlier}
    concerned |= {entry.subject_id for number, entry in exchanges.items() if number in roots}
    store.lock_subjects(connection, sorted({*again, *concerned}))
    store.retract(uow, [row.id for row in earlier], "replayed")
    return concerned, earlier


def _write(uow: UnitOfWork, entries: Sequence[_Entry], again: Collection[int]) -> None:
    """Applications, lines and master records of the batch. Those of subjects still to be decided don't stand yet."""
    connection, now = uow.connection, uow.now
    rows = []
    lines: list[tuple[Any, ...]] = []
    master: list[tuple[Any, ...]] = []
    for entry in entries:
        facts, item, number = entry.facts, entry.item, entry.application_id
        stands = entry.subject_id not in again and facts.counts_alone
        rows.append(
            (number, item.exchange_id, entry.subject_id, item.organisation_id, item.partner_id, facts.kind, now, stands, *facts.application)
        )
        lines.extend((number, ordinal, *line) for ordinal, line in enumerate(facts.lines))
        if facts.master is not None:
            master.append((number, facts.kind, item.partner_id, *facts.master))
    bulk.insert(connection, tables.application, _APPLICATION, rows)
    bulk.insert(connection, tables.line, _LINE, lines)
    bulk.insert(connection, tables.master_record, _MASTER, master)


def _capture(uow: UnitOfWork, entries: Sequence[_Entry], consequences: Consequences) -> None:
    """Visibility events of the batch: their rows, whether they stand or not; what stands is decided by subject."""
    events = [(entry, entry.facts.said) for entry in entries if entry.facts.said is not None]
    rows = [visibility.Captured(e.application_id, e.item.organisation_id, e.item.partner_id, said) for e, said in events]
    for row, number in zip(rows, visibility.insert(uow, rows), strict=True):
        consequences.index(number, row.said, (row.organisation_id, row.partner_id))


def _hide_superseded(uow: UnitOfWork, entries: Sequence[_Entry], outcomes: Mapping[int, Outcome]) -> None:
    """Of one event that two captured at a time, one is shown."""
    twice = [e.application_id for e in entries if e.facts.said is not None and outcomes[e.application_id].state == "superseded"]
    visibility.hide(uow.connection, twice)


def _outcome(entry: _Entry, outcomes: Mapping[int, Outcome], first: bool) -> Applied:
    number, facts = entry.application_id, entry.facts
    outcome = outcomes.get(number, Outcome("superseded"))
    findings: tuple[Finding, ...] = ()
    if facts.said is not None and facts.purpose == "cancel" and (first or outcome.unheard):
        findings = (Finding("EVT-33", Place(path="number"), got=facts.number),)
    if outcome.state == "waiting":
        findings = (Finding("ORD-01", place=Place(path="purpose"), got=facts.number, params={"kind": facts.kind}),)
    elif outcome.contradicts is not None:
        other, standing = outcome.contradicts
        said = {"location": facts.location or "", "exchange": str(other)}
        moment_counted = entry.item.entity["issued_at"].isoformat()
        findings = (Finding("STK-04", Place(path="issued_at"), expected=str(standing), got=moment_counted, params=said),)
    elif facts.kind == "inventory_report" and outcome.state == "superseded" and (outcome.decided_by or number) < number:
        newer = "" if outcome.decided_at is None else moment(outcome.decided_at).isoformat()
        got = entry.item.entity["issued_at"].isoformat()
        findings = (Finding("STK-03", place=Place(path="issued_at"), expected=newer, got=got, params={"location": facts.location or ""}),)
    if outcome.repeats is not None:
        said = {"kind": facts.kind, "exchange": str(outcome.repeats)}
        findings = (*findings, Finding("DUP-05", place=Place(path="number"), got=facts.number, params=said))
    return Applied(
        exchange_id=entry.item.exchange_id,
        application_id=number,
        standing=outcome.state == "applied" and facts.purpose != "cancel",
        state=outcome.state,
        findings=findings,
    )


def _too_large(item: Applicable, what: str) -> Finding:
    return Finding("FACT-01", place=Place(path="lines"), got=what, params={"number": str(item.entity.get("number", ""))})

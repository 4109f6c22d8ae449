"""All events of a document or none: what EPCIS asks of a capture unless its sender says otherwise (EPCIS 2.0 clause 12.6.1).

    rollback   one event that is refused or held refuses the whole document
    proceed    every event goes its own way

The sender says so with each capture (`GS1-Capture-Error-Behaviour`), else the agreement (`profile.options.capture`); else the
standard has its way: `rollback`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from data_contracts.findings import Finding, Place
from hub.examine import ExaminedInterchange, ExaminedMessage
from hub.runtime import Hub
from hub.store import event_tables, visibility

if TYPE_CHECKING:
    from hub.batch import Job

FORMAT = "epcis"
ROLLBACK, PROCEED = "rollback", "proceed"
_HELD = frozenset(("rejected", "quarantined"))


def behaviours(connection: sa.Connection, jobs: Sequence[Job]) -> dict[int, str]:
    """Behaviour of the documents that came by the capture interface."""
    ids = [job.row.id for job in jobs]
    columns = event_tables.capture_job.c
    return dict(connection.execute(sa.select(columns.document_id, columns.behaviour).where(columns.document_id.in_(ids))).all())


def admit(hub: Hub, connection: sa.Connection, jobs: Sequence[Job]) -> None:
    """Refuse documents of which one event is not taken; called before the fates of their messages are settled."""
    events = [job for job in jobs if job.format == FORMAT]
    if not events:
        return
    asked = behaviours(connection, events)
    _refuse_changed(hub, connection, [(job, e) for job in events for interchange in job.interchanges for e in interchange.messages])
    for job in events:
        for interchange in job.interchanges:
            if rolls_back(interchange, asked.get(job.row.id)):
                refuse(interchange, sum(e.fate in _HELD for e in interchange.messages), len(interchange.messages))


def rolls_back(interchange: ExaminedInterchange, asked: str | None) -> bool:
    """Whether all events of a document are captured or none."""
    return (asked or interchange.profile.options.get("capture", ROLLBACK)) == ROLLBACK


def refuse(interchange: ExaminedInterchange, held: int, total: int) -> None:
    """Refuse a document with this many events that are not taken."""
    if held and total > 1 and not interchange.refused:
        params = {"count": str(held), "total": str(total)}
        interchange.admission.append(Finding("EVT-34", params=params))


def survey(hub: Hub, job: Job, steps: Iterable[Any], surveyed: Mapping[int, ExaminedInterchange], connection: sa.Connection) -> None:
    """The same for a document too large to hold: one pass over all of it, before the first event is captured."""
    asked = behaviours(connection, [job])
    counts: dict[int, list[int]] = {}
    current = 0
    waiting: list[ExaminedMessage] = []
    for step in steps:
        if isinstance(step, ExaminedInterchange):
            current = step.interchange.ordinal
            counts.setdefault(current, [0, 0])
        elif isinstance(step, ExaminedMessage):
            counts[current][1] += 1
            if step.fate in _HELD:
                counts[current][0] += 1
            else:
                waiting.append(step)
            if len(waiting) >= 500:
                counts[current][0] += _changed(hub, connection, job, waiting)
    counts.setdefault(current, [0, 0])[0] += _changed(hub, connection, job, waiting)
    for ordinal, (held, total) in counts.items():
        if ordinal in surveyed and rolls_back(surveyed[ordinal], asked.get(job.row.id)):
            refuse(surveyed[ordinal], held, total)


def _changed(hub: Hub, connection: sa.Connection, job: Job, waiting: list[ExaminedMessage]) -> int:
    _refuse_changed(hub, connection, [(job, examined) for examined in waiting])
    held = sum(one.fate in _HELD for one in waiting)
    waiting.clear()
    return held


def _refuse_changed(hub: Hub, connection: sa.Connection, messages: Sequence[tuple[Job, ExaminedMessage]]) -> None:
    """Hold events whose eventID names one of another content. Applying looks again, since another worker may be faster."""
    ready = [(job, one, one.entity) for job, one in messages if one.fate == "ready" and one.agreement is not None and one.entity]
    known = visibility.known(connection, {entity["number"] for _, _, entity in ready})
    if not known:
        return
    for job, examined, entity in ready:
        assert examined.agreement is not None
        owner = hub.organisation_id(examined.agreement.organisation)
        row = known.get((owner, job.row.partner_id, entity["number"], entity.get("purpose") == "cancel"))
        if row is not None and row.hash != bytes.fromhex(entity["event_hash"][14:78]):
            params = {"exchange": str(row.exchange_id)}
            examined.content.append(Finding("EVT-32", Place(path="number"), got=entity["number"], params=params))
            examined.fate = "quarantined"

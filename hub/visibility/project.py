"""Keeps the events of business documents: those of the document that stands are shown, what a newer one replaced is not.

Driven by `stale` (kind `event`, a subject), which apply writes whenever a document stands or falls. A document's events are derived once
and never changed, since a document never changes; they are hidden and shown again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from hub.apply.facts import EVENTFUL, LINE_COLUMNS, stored_facts
from hub.store import bulk, facts, visibility
from hub.store.crosswalk import OWN_SYSTEMS
from hub.store.keys import kind_of
from hub.store.unit_of_work import UnitOfWork
from hub.store.visibility import Captured, EventSaid
from hub.visibility.derive import events_of


def project(uow: UnitOfWork, subject_ids: Collection[int]) -> int:
    """Make the shown events of these subjects those of their standing documents; returns how many were written."""
    connection = uow.connection
    known = visibility.derived(connection, subject_ids)
    standing = visibility.standing(connection, subject_ids)
    visibility.show_derived(connection, known - standing, shown=False)
    visibility.show_derived(connection, known & standing, shown=True)
    return _derive(uow, standing - known)


def mark_all(uow: UnitOfWork) -> int:
    """Mark every document that stands, so that a site which begins to derive events has those of what it holds already."""
    marks = {("event", str(number), owner): 0 for number, owner in facts.standing_subjects(uow.connection, sorted(EVENTFUL))}
    facts.mark_stale(uow.connection, marks)
    return len(marks)


def derived_from(connection: sa.Connection, application_ids: Collection[int]) -> list[tuple[sa.Row[Any], EventSaid]]:
    """The events of these documents, each with the document's application."""
    rows = [row for row in facts.applications(connection, application_ids) if row.kind in EVENTFUL]
    lines = facts.lines_of(connection, [row.id for row in rows], LINE_COLUMNS)
    keys, kinds = facts.partner_keys(connection), facts.partner_kinds(connection)
    found: list[tuple[sa.Row[Any], EventSaid]] = []
    for row in rows:
        own = kinds.get(row.partner_id) in OWN_SYSTEMS
        events = events_of(stored_facts(dict(row._mapping), lines[row.id]), keys[row.partner_id], own, row.exchange_id)
        found += [(row, said) for said in events]
    return found


def _derive(uow: UnitOfWork, application_ids: Collection[int]) -> int:
    connection = uow.connection
    found = derived_from(connection, application_ids)
    captured = [Captured(row.id, row.organisation_id, row.partner_id, said, derived=True) for row, said in found]
    _write(connection, captured, visibility.insert(uow, captured))
    return len(captured)


def _write(connection: sa.Connection, captured: list[Captured], ids: list[int]) -> None:
    """Index the things of events; those that the documents made no nodes of get theirs."""
    wanted = {key: kind_of(key) for one in captured for key, _, _ in one.said.things}
    nodes, _ = bulk.nodes(connection, wanted) if wanted else ({}, set())
    rows = [(nodes[key], number, role, amount) for number, one in zip(ids, captured, strict=True) for key, role, amount in one.said.things]
    visibility.index(connection, rows, {number: (one.organisation_id, one.partner_id) for number, one in zip(ids, captured, strict=True)})

"""A trace as events: those that say what it found, captured ones and those of the business documents.

An edge of the trace knows the messages that state it. A visibility event is such a message itself; a despatch, receipt, production or
movement is told as the events that it amounts to, also where the site does not keep those (`documents` of `epcis.yaml`).
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.store import event_views, visibility
from hub.store.types import moment
from hub.trace.genealogy import Trace
from hub.visibility.answers import Shown
from hub.visibility.project import derived_from


def events_behind(connection: sa.Connection, traced: Trace) -> list[Shown]:
    """Events that state an edge of the trace and speak of one of its things, in the order in which they happened."""
    applications = {number for edge in traced.edges() for number in edge.applications}
    keys = traced.keys()
    found = [
        (row.occurred_at, row.id, Shown(row.id, row.number, moment(row.recorded_at), row.body))
        for row in event_views.of_applications(connection, applications, list(keys))
    ]
    kept = visibility.told_of(connection, applications)
    known = set(keys.values())
    for place, (row, said) in enumerate(derived_from(connection, applications - kept)):
        if any(key in known for key, _, _ in said.things):
            found.append((said.occurred_at, place, Shown(0, said.number, moment(row.recorded_at), said.body)))
    return [shown for _, _, shown in sorted(found, key=lambda one: one[:2])]

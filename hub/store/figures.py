"""Numbers about the hub itself, for metrics: counts of rows by state, never a partner's text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from hub.store.destination_tables import destination
from hub.store.stop_tables import flow_stop
from hub.store.tables import discrepancy, document, exchange, finding, outbox


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts at one moment."""

    documents: Mapping[str, int] = field(default_factory=dict)
    """By state; `received` is the work that waits."""
    exchanges: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By direction and state."""
    findings: Mapping[str, int] = field(default_factory=dict)
    """Open ones by severity."""
    discrepancies: Mapping[str, int] = field(default_factory=dict)
    """Open ones by rule."""
    outbox: Mapping[str, int] = field(default_factory=dict)
    """By state; `dead` needs a person."""
    stopped: int = 0
    """Flows that take nothing in until a person resumes them."""
    circuits: int = 0
    """Destinations that take nothing any more, tried one parcel at a time."""
    oldest_waiting: int | None = None
    """When the oldest document that waits was received, in microseconds since 1970 UTC."""


def figures(connection: sa.Connection) -> Figures:
    """Count. Reads whole tables by their indexes: for a scrape every some seconds, not for every request."""

    def by(column: sa.Column[str], *conditions: sa.ColumnElement[bool]) -> dict[str, int]:
        rows = connection.execute(sa.select(column, sa.func.count()).where(*conditions).group_by(column))
        return {row[0]: row[1] for row in rows}

    directions = connection.execute(
        sa.select(exchange.c.direction, exchange.c.state, sa.func.count()).group_by(exchange.c.direction, exchange.c.state)
    )
    return Figures(
        documents=by(document.c.state),
        exchanges={(row[0], row[1]): row[2] for row in directions},
        findings=by(finding.c.severity, finding.c.closed_at.is_(None)),
        discrepancies=by(discrepancy.c.rule, discrepancy.c.closed_at.is_(None)),
        outbox=by(outbox.c.state),
        stopped=connection.execute(sa.select(sa.func.count()).where(flow_stop.c.resumed_at.is_(None))).scalar_one(),
        circuits=connection.execute(sa.select(sa.func.count()).where(destination.c.opened_at.is_not(None))).scalar_one(),
        oldest_waiting=connection.execute(
            sa.select(sa.func.min(document.c.received_at)).where(document.c.state == "received")
        ).scalar_one(),
    )

"""Integer keys in arrival order: short inside, business keys stand beside them.

PostgreSQL gives them from sequences, so that workers do not wait for each other; SQLite, which has one writer anyway, from the
`counter` table. A rolled-back transaction leaves a gap in PostgreSQL; nothing may read meaning into a gap.
"""

from __future__ import annotations

import sqlalchemy as sa

NAMES = (
    "organisation", "partner", "credential", "document", "interchange", "exchange", "subject", "application", "golden",
    "node", "acknowledgement", "outbox", "quality_run", "recall", "recall_notice", "recall_check", "event", "event_word",
    "capture_job", "event_query", "event_subscription", "device_extract", "device_difference",
    "master_request", "master_verdict", "master_word", "master_suspect", "master_place", "steward_case",
    "flow_stop", "flow_incident", "flow_approval",
)  # fmt: skip
"""Every kind of thing that gets an integer key: a table's name, or `golden` for golden records."""

# One text: a row a key costs more to send and to read than the key costs to draw.
_FROM_SEQUENCE = sa.text("SELECT string_agg(nextval(CAST(:sequence AS regclass))::text, ' ') FROM generate_series(1, :count)")


def allocate(connection: sa.Connection, name: str, count: int) -> list[int]:
    """The next `count` keys of a kind, ascending. Raises LookupError for a kind that is not in `NAMES`."""
    if name not in NAMES:
        raise LookupError(f"{name!r} is not a kind of key; known are {', '.join(NAMES)}")
    if count < 1:
        return []
    if connection.dialect.name == "postgresql":
        drawn: str = connection.execute(_FROM_SEQUENCE, {"sequence": f"{name}_key", "count": count}).scalar_one()
        return sorted(map(int, drawn.split()))
    end: int = connection.execute(
        sa.text(
            "INSERT INTO counter (name, next) VALUES (:name, :count + 1) "
            "ON CONFLICT (name) DO UPDATE SET next = next + :count RETURNING next"
        ),
        {"name": name, "count": count},
    ).scalar_one()
    return list(range(end - count, end))


def sequences() -> list[str]:
    """Names of the sequences that a PostgreSQL schema needs."""
    return [f"{name}_key" for name in NAMES]

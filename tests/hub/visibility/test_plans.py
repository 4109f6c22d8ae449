"""A partner's page of EPCs and words costs what is in it, however much others tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from hub.store import event_views
from hub.store.database import Database
from hub.store.lots import Sight
from hub.store.visibility import WORDS

MANY = 20_000
SMALL, LARGE = 6, 4
"""Partners: one with three things, and one with all others."""


def _filled(connection: sa.Connection) -> None:
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) "
    owner = f"CASE WHEN (i - 7) / {MANY // 3} * {MANY // 3} = i - 7 THEN {SMALL} ELSE {LARGE} END"
    for table, values in (
        ("node (id, kind, key)", "i, 'serial', 'serial:06901234000029|S' || i"),
        (
            "event (id, application_id, organisation_id, partner_id, number, number_hash, hash, type, occurred_at, recorded_at, derived, "
            "shown, body, step)",
            f"i, i, 1, {owner}, 'e' || i, i, CAST('h' AS {{bytes}}), 1, i, i, {{false}}, {{true}}, '{{{{}}}}', i",
        ),
        ("event_thing (node_id, event_id, role)", "i, i, 1"),
        ("event_thing_use (partner_id, node_id, organisation_id)", f"{owner}, i, 1"),
        ("event_word (id, kind, value)", f"i, {WORDS['read_point']}, 'gate-' || i"),
        ("event_word_use (word_id, organisation_id, partner_id)", f"i, 1, {owner}"),
    ):
        postgresql = connection.dialect.name == "postgresql"
        words = {"bytes": "bytea", "false": "false", "true": "true"} if postgresql else {"bytes": "BLOB", "false": "0", "true": "1"}
        connection.exec_driver_sql(f"INSERT INTO {table} {numbers} SELECT {values.format(**words)} FROM n")
    connection.exec_driver_sql("ANALYZE")


def _plans(connection: sa.Connection, ask: Callable[[], Any]) -> tuple[Any, str]:
    """What is answered, and how the database found it."""
    seen: list[tuple[str, Any]] = []

    def executed(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        seen.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", executed)
    found = ask()
    sa.event.remove(connection, "before_cursor_execute", executed)
    explain = "EXPLAIN " if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    driver: Any = connection.connection.driver_connection
    return found, "\n".join(str(row[-1]) for one, said in seen for row in driver.execute(explain + one, said).fetchall())


def test_a_partner_s_page_is_not_looked_for_in_what_others_tell(database: Database) -> None:
    with database.begin("test") as uow:
        _filled(uow.connection)
    sight = Sight(frozenset((1,)), SMALL)
    with database.read() as connection:
        (things, after), how = _plans(connection, lambda: event_views.things(connection, sight, 0, 30))
        assert ([number for number, _ in things], after) == ([7, MANY // 3 + 7, 2 * (MANY // 3) + 7], None)
        words, more = _plans(connection, lambda: event_views.words(connection, sight, "read_point", None, 30))
        assert len(words) == 3
        known, last = _plans(connection, lambda: event_views.knows_word(connection, sight, "read_point", "gate-1"))
        assert not known
        for plan in (how, more, last):
            whole = [line for line in plan.splitlines() if "Seq Scan on" in line or ("SCAN" in line and "VIRTUAL TABLE" not in line)]
            assert not whole, plan
        assert "ix_event_word_use_partner" in more or "event_word_use_partner" in more, more

"""A data contract over rows in PostgreSQL: Great Expectations as the hub runs it, beside hand-written SQL of the same checks.

    python -m benchmarks.quality [--rows 1000000] [--turns 3]

Order lines are written into the hub's own tables, ten to an order, with planted faults by the hundred: more of each than the 200 that the
library lists by itself. Measured, in seconds of the wall, the least of some turns:

    import      loading the library, once a process
    run         `hub.quality.run`: expectations, every failing row by its key, shares by partner, all of it kept in the store
    one pass    hand-written: one SELECT that counts the failing rows of every rule by FILTER, repeated numbers by a second
    with keys   hand-written: the same, and the keys of all failing rows, a SELECT a rule

Counts of all three are compared with what was planted, rule by rule. Exit code 1 where one differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.servers import postgresql
from data_contracts import contract as contracts
from data_contracts.expectations import ROWS, compiled
from hub.clock import SystemClock
from hub.quality.datasets import DATASETS
from hub.quality.engine import Judge
from hub.quality.results import failures
from hub.quality.run import run
from hub.store import tables
from hub.store.database import Database
from hub.store.types import micros

CONTRACT = "order_lines"
LINES = 10
_PLANTED = {
    "QLT-40": ("quantity", "0", 1),
    "QLT-41": ("unit_price", "-1", 2),
    "QLT-04": ("unit", "NULL", 3),
    "QLT-20": ("gtin", "'123'", 4),
}
"""Rule: column, wrong value and remainder of the line's number; one row in `every(rows)` has each."""


def every(rows: int) -> int:
    """One in a thousand, and of few rows as many as are more than the library lists."""
    return max(5, min(1000, rows // 250))


def main() -> int:
    """Load, measure, compare, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    with postgresql() as url, tempfile.TemporaryDirectory() as folder:
        database = Database.open(url, Path(folder), SystemClock())
        database.migrate()
        load(database, asked.rows)
        began = time.perf_counter()
        Judge(database).close()
        print(f"{asked.rows:,} order lines\nimport     {time.perf_counter() - began:8.2f} s")
        whole, (result,) = least(asked.turns, lambda: run(database, SystemClock(), [CONTRACT]))
        one_pass, counted = least(asked.turns, lambda: by_hand(database, keys=False))
        with_keys, listed = least(asked.turns, lambda: by_hand(database, keys=True))
        for name, seconds in (("run", whole), ("one pass", one_pass), ("with keys", with_keys)):
            print(f"{name:10} {seconds:8.2f} s   {asked.rows / seconds:12,.0f} rows/s")
        print(f"run / one pass {whole / one_pass:.1f}   run / with keys {whole / with_keys:.1f}")
        wrong = compare(database, result, counted, listed, asked.rows)
        database.close()
    return 1 if wrong else 0


def least(turns: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the fastest turn, and what the last one said."""
    times, said = [], None
    for _ in range(turns):
        began = time.perf_counter()
        said = work()
        times.append(time.perf_counter() - began)
    return min(times), said


def load(database: Database, rows: int) -> None:
    """Orders of ten lines; one statement a table."""
    orders = rows // LINES
    wrong = {
        column: f"CASE WHEN (g * {LINES} + o) %% {every(rows)} = {remainder} THEN {value} ELSE {{good}} END"
        for column, value, remainder in _PLANTED.values()
    }
    good = {"quantity": "100", "unit_price": "12.5", "unit": "'EA'", "gtin": "'06901234000023'"}
    value = {name: wrong[name].format(good=text) for name, text in good.items()}
    with database.begin("benchmark") as uow:
        uow.connection.execute(sa.insert(tables.organisation).values(id=1, key="north", name="North", time_zone="UTC"))
        uow.connection.execute(sa.insert(tables.partner).values(id=1, key="erp", name="ERP", kind="erp"))
        for statement in (
            f"INSERT INTO exchange (id, ordinal, direction, organisation_id, partner_id, state, recorded_at, changed_at) "
            f"SELECT g, 1, 'in', 1, 1, 'applied', {uow.now}, {uow.now} FROM generate_series(1, {orders}) g",
            f"INSERT INTO subject (id, organisation_id, kind, issuer_id, key, state, standing_id) "
            f"SELECT g, 1, 'purchase_order', 1, 'PO' || g, 'standing', g FROM generate_series(1, {orders}) g",
            f"INSERT INTO application (id, exchange_id, subject_id, organisation_id, partner_id, kind, number, purpose, revision, "
            f"issued_at, issued_offset, recorded_at, standing, currency, counterparty, header) "
            f"SELECT g, g, g, 1, 1, 'purchase_order', 'PO' || g, "
            f"'original', 0, {uow.now}, 0, {uow.now}, true, 'EUR', 'V1', '{{}}' FROM generate_series(1, {orders}) g",
            f"INSERT INTO line (application_id, ordinal, role, line, gtin, item_code, quantity, unit, unit_price, due_on, locator) "
            f"SELECT g, o, 'line', (o + 1)::text, {value['gtin']}, 'RM-1', {value['quantity']}, {value['unit']}, {value['unit_price']}, "
            f"'2030-01-01', o FROM generate_series(1, {orders}) g, generate_series(0, {LINES - 1}) o",
            "INSERT INTO crosswalk (kind, scheme, value, golden_id, application_id, base_quantity) "
            "VALUES ('item', 'code:erp', 'RM-1', 1, 1, 1)",
        ):
            uow.connection.exec_driver_sql(statement)
    with database._writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def by_hand(database: Database, *, keys: bool) -> dict[str, int]:
    """The same checks in plain SQL; failing rows by rule."""
    judged = contracts.named(CONTRACT)
    select = DATASETS[CONTRACT](micros(SystemClock().now()))
    query = str(select.compile(dialect=sa.dialects.postgresql.dialect(), compile_kwargs={"literal_binds": True}))  # type: ignore[no-untyped-call]
    where = {one["meta"]["rule"]: condition for one in compiled(judged) if (condition := _failing(one)) is not None}
    simple = {rule: text for rule, text in where.items() if "{batch}" not in text}
    key = ", ".join(judged.key)
    with database.read() as connection:
        counts = ", ".join(f"COUNT(*) FILTER (WHERE {text})" for text in simple.values())
        row = connection.exec_driver_sql(f"SELECT {counts} FROM ({query}) AS d".replace("%", "%%")).one()
        found = dict(zip(simple, map(int, row), strict=True))
        for rule in where.keys() - simple.keys():
            text = where[rule].replace("{batch}", f"({query}) AS r")
            found[rule] = int(
                connection.exec_driver_sql(f"SELECT COUNT(*) FROM ({query}) AS d WHERE {text}".replace("%", "%%")).scalar_one()
            )
        if keys:
            for rule, text in simple.items():
                if found[rule]:
                    listed = connection.exec_driver_sql(f"SELECT {key} FROM ({query}) AS d WHERE {text}".replace("%", "%%")).all()
                    found[rule] = len(listed)
    return found


def _failing(expectation: dict[str, Any]) -> str | None:
    """What a failing row fulfils; null for a rule about the whole."""
    kwargs = expectation["kwargs"]
    column = kwargs.get("column")
    match expectation["type"]:
        case "expect_column_values_to_not_be_null":
            return f"{column} IS NULL"
        case "expect_column_values_to_be_in_set":
            return f"{column} NOT IN ({', '.join(repr(value) for value in kwargs['value_set'])})"
        case "expect_column_values_to_match_regex":
            return f"{column} !~ '{kwargs['regex']}'"
        case "unexpected_rows_expectation":
            assert expectation["type"] == ROWS
            return str(kwargs["unexpected_rows_query"].partition(" WHERE ")[2])
    return None


def compare(database: Database, result: Any, counted: dict[str, int], listed: dict[str, int], rows: int) -> int:
    """How many rules differ; failing rows by key stand in the store."""
    with database.read() as connection:
        kept: dict[str, set[tuple[Any, ...]]] = {}
        for row in failures(connection, [result.run_id]):
            kept.setdefault(row.rule, set()).add(tuple(row.key.values()))
    wrong = 0
    for rule in result.rules:
        planted = rows // every(rows) if rule.rule in _PLANTED else None
        said = {rule.failed, counted.get(rule.rule, rule.failed), listed.get(rule.rule, rule.failed), planted or rule.failed}
        by_key = len(kept.get(rule.rule, ()))
        fine = rule.error is None and len(said) == 1 and (by_key == rule.failed or rule.column is None)
        wrong += not fine
        if rule.failed or not fine:
            differs = "" if fine else f"  DIFFERS: {sorted(said)} {rule.error or '-'}"
            print(f"{rule.rule}  {rule.failed:,} failing, {by_key:,} by key{differs}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())

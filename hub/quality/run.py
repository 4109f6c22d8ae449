"""Judging what stands in the store by its contracts: `run` finds every row that does not hold and keeps it by its key.

A rule that can't be judged (a column is missing, the database says no) is an error of the machinery and is told as such; it never counts
as bad data, and never as good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from data_contracts import contract as contracts
from data_contracts.contract import Contract, QualityRule
from data_contracts.errors import ConfigError
from data_contracts.expectations import ROWS, compiled
from hub.clock import Clock
from hub.quality.datasets import DATASETS
from hub.quality.engine import Judge, Verdict
from hub.quality.results import Failure, RuleResult, RunResult, keep
from hub.store.database import Database
from hub.store.types import SCALE, Exact, micros, unscaled

_WHO = ("partner_id", "exchange_id")
_SCALED = frozenset({"min_value", "max_value", "value_set", "value"})


def run(
    database: Database, clock: Clock, names: Sequence[str] | None = None, folders: Sequence[Path] = (), *, data_docs: Path | None = None
) -> list[RunResult]:
    """Judge datasets by their contracts (all, or those named) and keep the outcome; one transaction a contract.

    `folders` are a site's contract folders, which win over what is shipped. `data_docs` is where to write Great Expectations' own pages.
    Contracts of feeds (`of_feeds`) are passed over. Raises ConfigError for an unknown or faulty contract, or when Great Expectations is not
    installed.
    """
    chosen = _chosen(names, folders)
    for each in chosen:
        if each.name not in DATASETS and each.entity is None:
            raise ConfigError(f"contract {each.name}: there is no such dataset; known are {', '.join(DATASETS)}")
    suites = [(each, compiled(each)) for each in chosen if each.name in DATASETS]  # a faulty one is refused before anything is judged
    if not suites:
        return []
    judge = Judge(database)
    try:
        done = [_one(database, clock, judge, each, expectations) for each, expectations in suites]
        if data_docs is not None:
            judge.data_docs(data_docs)
    finally:
        judge.close()
    return done


def of_feeds(names: Sequence[str] | None = None, folders: Sequence[Path] = ()) -> list[Contract]:
    """Contracts among those named (or all) of what a feed brings: documents are judged as they come, nothing in the store."""
    return [each for each in _chosen(names, folders) if each.name not in DATASETS and each.entity is not None]


def _chosen(names: Sequence[str] | None, folders: Sequence[Path]) -> list[Contract]:
    return [contracts.named(name, folders) for name in (names if names is not None else contracts.names(folders))]


def _one(database: Database, clock: Clock, judge: Judge, contract: Contract, expectations: list[dict[str, Any]]) -> RunResult:
    select = DATASETS[contract.name](micros(clock.now()))
    exact = {column.name for column in select.selected_columns if isinstance(column.type, Exact)}
    scaled = frozenset() if database.is_postgresql else frozenset(exact)
    index = list(dict.fromkeys((*contract.key, *_WHO)))
    query = judge.sql(select)
    answers = judge.judge(contract.name, query, [_by_key(_in_store(each, scaled), index) for each in expectations], index)
    judged: list[RuleResult] = []
    failures: list[Failure] = []
    shares: dict[str, Mapping[int, int]] = {}
    with database.read() as connection:
        counts: dict[str | None, Mapping[int, int]] = {}
        rows = sum(_counts(connection, query, None, counts).values())
        for rule, expectation in zip(contract.rules, expectations, strict=True):
            answer = answers.get(rule.id)
            error = _error(answer)
            found: list[Failure] = []
            checked = rows
            if error is None:
                try:
                    if rule.metric != "rowCount":
                        shares[rule.id] = _counts(connection, query, rule.applies_to, counts)
                        checked = sum(shares[rule.id].values())
                    found = _failing(connection, contract, rule, expectation, answer, query, exact, index)  # type: ignore[arg-type]
                except LookupError as problem:
                    error = str(problem)
                except sa.exc.DatabaseError as problem:
                    error = f"{type(problem.orig).__name__}: {problem.orig}"
                    connection.rollback()
            success = error is None and rule.tolerates(len(found), checked)
            failures += found
            if error is not None:
                shares.pop(rule.id, None)
            judged.append(
                RuleResult(
                    rule=rule.id,
                    dimension=rule.dimension,
                    severity=rule.severity,
                    column=rule.column,
                    description=rule.description,
                    checked=0 if error else checked,
                    failed=len(found),
                    success=success,
                    error=error,
                )
            )
    with database.begin("quality") as uow:
        return keep(uow, contract, rows, judged, failures, shares)


def _counts(connection: sa.Connection, query: str, applies: str | None, known: dict[str | None, Mapping[int, int]]) -> Mapping[int, int]:
    """Rows that a rule is about, by partner."""
    if applies not in known:
        where = f" WHERE {applies}" if applies else ""
        rows = connection.execute(sa.text(f"SELECT partner_id, COUNT(*) FROM ({query}) AS dataset{where} GROUP BY partner_id"))  # noqa: S608
        known[applies] = {row[0] or 0: row[1] for row in rows}
    return known[applies]


def _failing(
    connection: sa.Connection,
    contract: Contract,
    rule: QualityRule,
    expectation: Mapping[str, Any],
    verdict: Verdict,
    query: str,
    exact: set[str],
    index: Sequence[str],
) -> list[Failure]:
    """Every failing row. The library lists them for rules about a column; for the others the rule's own query is asked."""
    if rule.metric == "rowCount":
        return [] if verdict.success else [Failure(rule.id, {}, str(verdict.result["observed_value"]), None, None)]
    if expectation["type"] == ROWS:
        shown = rule.shows or tuple(name for name in rule.arguments.get("properties", ()) if name not in contract.key)
        if verdict.success:
            return []
        statement = expectation["kwargs"]["unexpected_rows_query"].replace("{batch}", f"({query}) AS dataset")
        rows: Sequence[Mapping[str, Any]] = [row._asdict() for row in connection.execute(sa.text(statement))]
    else:
        shown = (rule.column,) if rule.column else ()
        rows = verdict.result.get("unexpected_index_list") or []
        expected = verdict.result.get("unexpected_count") or 0
        if len(rows) != expected:
            raise LookupError(f"{expected} rows fail but {len(rows)} can be named; say it as a sql rule")
        if not verdict.success and not expected:  # of the dataset as a whole, as a mean
            return [Failure(rule.id, {}, str(verdict.result.get("observed_value")), None, None)]
    return [_failure(rule, row, shown, contract.key, exact) for row in rows]


def _failure(rule: QualityRule, row: Mapping[str, Any], shown: Sequence[str], key: Sequence[str], exact: set[str]) -> Failure:
    if len(shown) == 1:
        value = _text(row[shown[0]], shown[0] in exact)
    else:
        value = ", ".join(f"{name} {_text(row[name], name in exact) or '-'}" for name in shown) or None
    return Failure(rule.id, {name: _plain(row[name]) for name in key}, value, _plain(row["partner_id"]) or None, _plain(row["exchange_id"]))


def _plain(value: Any) -> Any:
    """Library and drivers hand out their own number types."""
    return int(value) if value is not None and not isinstance(value, str) else value


def _text(value: Any, exact: bool) -> str | None:
    if value is None:
        return None
    if exact:
        return format(unscaled(int(value)) if isinstance(value, int) else Decimal(value).normalize(), "f")
    return str(value)


def _in_store(expectation: Mapping[str, Any], scaled: frozenset[str]) -> Mapping[str, Any]:
    """Limits of an exact column as SQLite holds them: integers of six places."""
    kwargs = expectation["kwargs"]
    if kwargs.get("column") not in scaled or not _SCALED & set(kwargs):
        return expectation
    return {**expectation, "kwargs": {name: _scale(value) if name in _SCALED else value for name, value in kwargs.items()}}


def _by_key(expectation: Mapping[str, Any], index: Sequence[str]) -> Mapping[str, Any]:
    """Rows that a rule selects, by their key alone: the library spends milliseconds on each exact number of a row that it hands on."""
    if expectation["type"] != ROWS:
        return expectation
    query = expectation["kwargs"]["unexpected_rows_query"].replace("SELECT *", f"SELECT {', '.join(index)}", 1)
    return {**expectation, "kwargs": {**expectation["kwargs"], "unexpected_rows_query": query}}


def _scale(value: Any) -> Any:
    if isinstance(value, list):
        return [_scale(item) for item in value]
    return value if value is None else int(Decimal(str(value)) * SCALE)


def _error(answer: Verdict | Exception | None) -> str | None:
    """Why a rule could not be judged, in one line; null when it was."""
    if answer is None:
        return "Great Expectations gave no answer"
    if isinstance(answer, Exception):
        return f"{type(answer).__name__}: {' '.join(str(answer).split())[:500]}"
    information = answer.exception_info or {}
    several = [information] if "raised_exception" in information else list(information.values())
    for each in several:
        if each.get("raised_exception"):
            return " ".join(str(each.get("exception_message")).split())[:500] or "unknown error"
    if not answer.success and not answer.result:
        return "Great Expectations gave no result"
    return None

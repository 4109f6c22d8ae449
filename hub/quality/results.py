"""Outcomes of quality runs as they stand in the store: written by `run`, read by scorecard, report and API."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data_contracts.contract import Contract
from hub.store import bulk
from hub.store.identity import allocate
from hub.store.lists import among
from hub.store.runs import holds, rules_by
from hub.store.tables import configuration, partner, quality_failure, quality_result, quality_run, quality_share
from hub.store.types import storable
from hub.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Failure:
    """One row that a rule does not hold for, by its key."""

    rule: str
    key: Mapping[str, Any]
    value: str | None
    partner_id: int | None
    exchange_id: int | None


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What came of one rule. With `error` set the rule could not be judged: that says nothing about the data."""

    rule: str
    dimension: str
    severity: str
    column: str | None
    description: str
    checked: int
    failed: int
    success: bool
    error: str | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """One contract, judged once. `success`: every rule of severity error holds and every rule could be judged."""

    run_id: int
    contract: str
    contract_hash: str
    at: int
    rows: int
    success: bool
    rules: tuple[RuleResult, ...]

    @property
    def errors(self) -> tuple[RuleResult, ...]:
        """Rules that could not be judged."""
        return tuple(rule for rule in self.rules if rule.error is not None)


def keep(
    uow: UnitOfWork,
    contract: Contract,
    rows: int,
    rules: Sequence[RuleResult],
    failures: Sequence[Failure],
    shares: Mapping[str, Mapping[int, int]],
) -> RunResult:
    """Write one run with every failing row. `shares` is rule → partner id → rows checked."""
    success = all(rule.error is None and (rule.success or rule.severity != "error") for rule in rules)
    connection = uow.connection
    run_id = allocate(connection, "quality_run", 1)[0]
    connection.execute(
        bulk.insert_or_ignore(connection, configuration).values(
            hash=contract.hash, kind="contract", name=contract.name, version=contract.version, body=contract.body, first_used_at=uow.now
        )
    )
    bulk.insert(
        connection,
        quality_run,
        ("id", "contract", "contract_hash", "at", "rows", "success"),
        [(run_id, contract.name, contract.hash, uow.now, rows, success)],
    )
    bulk.insert(
        connection,
        quality_result,
        ("run_id", "rule", "dimension", "severity", "column", "checked", "failed", "error", "description"),
        [(run_id, r.rule, r.dimension, r.severity, r.column, r.checked, r.failed, r.error, r.description) for r in rules],
    )
    bulk.insert(
        connection,
        quality_share,
        ("run_id", "rule", "partner_id", "checked"),
        [(run_id, rule, who, count) for rule, counts in shares.items() for who, count in sorted(counts.items())],
    )
    bulk.insert(
        connection,
        quality_failure,
        ("run_id", "rule", "key", "value", "partner_id", "exchange_id"),
        [(run_id, f.rule, dict(f.key), None if f.value is None else storable(f.value), f.partner_id, f.exchange_id) for f in failures],
    )
    return RunResult(run_id, contract.name, contract.hash, uow.now, rows, success, tuple(rules))


def latest(connection: sa.Connection) -> list[RunResult]:
    """The newest run of each contract, by name."""
    newest = sa.select(sa.func.max(quality_run.c.id)).group_by(quality_run.c.contract)
    runs = connection.execute(sa.select(quality_run).where(quality_run.c.id.in_(newest)).order_by(quality_run.c.contract)).all()
    found: dict[int, list[RuleResult]] = {row.id: [] for row in runs}
    if runs:
        hashes = {row.id: row.contract_hash for row in runs}
        promised = rules_by(connection, hashes.values())
        rows = connection.execute(
            sa.select(quality_result).where(among(connection, quality_result.c.run_id, found)).order_by(quality_result.c.rule)
        )
        for row in rows:
            found[row.run_id].append(
                RuleResult(
                    rule=row.rule,
                    dimension=row.dimension,
                    severity=row.severity,
                    column=row.column,
                    description=row.description or "",
                    checked=row.checked,
                    failed=row.failed,
                    success=holds(promised.get(hashes[row.run_id], {}).get(row.rule), row.checked, row.failed, row.error),
                    error=row.error,
                )
            )
    return [RunResult(row.id, row.contract, row.contract_hash, row.at, row.rows, row.success, tuple(found[row.id])) for row in runs]


def failures(
    connection: sa.Connection, runs: Collection[int], *, rule: str | None = None, partner_id: int | None = None, limit: int | None = None
) -> Iterator[sa.Row[Any]]:
    """Failing rows of runs in the order they were found: run_id, contract, rule, key, value, partner (key or null), exchange_id."""
    query = (
        sa.select(
            quality_failure.c.id,
            quality_failure.c.run_id,
            quality_run.c.contract,
            quality_failure.c.rule,
            quality_failure.c.key,
            quality_failure.c.value,
            partner.c.key.label("partner"),
            quality_failure.c.exchange_id,
        )
        .select_from(quality_failure.join(quality_run).outerjoin(partner, partner.c.id == quality_failure.c.partner_id))
        .where(among(connection, quality_failure.c.run_id, list(runs)))
        .order_by(quality_run.c.contract, quality_failure.c.rule, quality_failure.c.id)
    )
    if rule is not None:
        query = query.where(quality_failure.c.rule == rule)
    if partner_id is not None:
        query = query.where(quality_failure.c.partner_id == partner_id)
    if limit is not None:
        query = query.limit(limit)
    return iter(connection.execution_options(yield_per=2000).execute(query))

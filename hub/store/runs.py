"""Quality runs read back: the latest of every contract, rule by rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from data_contracts.contract import QualityRule, rules_of
from hub.store.lists import among
from hub.store.tables import configuration, quality_result, quality_run
from hub.store.types import moment


def latest_runs(connection: sa.Connection) -> list[dict[str, Any]]:
    """`[{run, contract, at, rows, success, results}]` by contract; a result is `{rule, dimension, severity, column, checked, failed, error,
    description, success}`, success where it holds, within what it tolerates.
    """
    newest = sa.select(sa.func.max(quality_run.c.id)).group_by(quality_run.c.contract)
    runs = connection.execute(sa.select(quality_run).where(quality_run.c.id.in_(newest)).order_by(quality_run.c.contract)).all()
    results: dict[int, list[dict[str, Any]]] = {run.id: [] for run in runs}
    rows = connection.execute(
        sa.select(quality_result).where(quality_result.c.run_id.in_(results)).order_by(quality_result.c.run_id, quality_result.c.rule)
    )
    hashes = {run.id: run.contract_hash for run in runs}
    promised = rules_by(connection, hashes.values())
    for row in rows.mappings():
        rule = promised.get(hashes[row["run_id"]], {}).get(row["rule"])
        told = {name: value for name, value in row.items() if name != "run_id"}
        results[row["run_id"]].append({**told, "success": holds(rule, row["checked"], row["failed"], row["error"])})
    return [
        {
            "run": run.id,
            "contract": run.contract,
            "at": moment(run.at),
            "rows": run.rows,
            "success": run.success,
            "results": results[run.id],
        }
        for run in runs
    ]


def rules_by(connection: sa.Connection, hashes: Collection[str]) -> dict[str, Mapping[str, QualityRule]]:
    """Rules of contracts as they were when a run judged by them: contract hash → rule id → rule."""
    kept = connection.execute(
        sa.select(configuration.c.hash, configuration.c.name, configuration.c.body).where(
            configuration.c.kind == "contract", among(connection, configuration.c.hash, sorted(set(hashes)))
        )
    )
    return {row.hash: {rule.id: rule for rule in rules_of(row.body, row.name)} for row in kept}


def holds(rule: QualityRule | None, checked: int, failed: int, error: str | None) -> bool:
    """Whether a rule held in a run: it could be judged, and no more fails than it tolerates."""
    return error is None and (rule.tolerates(failed, checked) if rule is not None else failed == 0)

"""Quality runs read back: the latest of every contract, rule by rule."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from hub.store.tables import quality_result, quality_run
from hub.store.types import moment


def latest_runs(connection: sa.Connection) -> list[dict[str, Any]]:
    """`[{run, contract, at, rows, success, results}]` by contract; a result is `{rule, dimension, severity, column, checked, failed, error,
    description}`.
    """
    newest = sa.select(sa.func.max(quality_run.c.id)).group_by(quality_run.c.contract)
    runs = connection.execute(sa.select(quality_run).where(quality_run.c.id.in_(newest)).order_by(quality_run.c.contract)).all()
    results: dict[int, list[dict[str, Any]]] = {run.id: [] for run in runs}
    rows = connection.execute(
        sa.select(quality_result).where(quality_result.c.run_id.in_(results)).order_by(quality_result.c.run_id, quality_result.c.rule)
    )
    for row in rows.mappings():
        results[row["run_id"]].append({name: value for name, value in row.items() if name != "run_id"})
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

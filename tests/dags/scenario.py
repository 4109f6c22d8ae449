"""Runs DAGs by `dag.test()` in a process of its own, so that no other test's process imports Airflow; writes what it saw as JSON.

Called as `python -m tests.dags.scenario OUT.json`, in the environment of dags.environment.Local.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dags import steps
from dags.environment import DAGS
from dags.standalone import standing
from data_contracts.errors import ConfigError, RetriableError
from hub import approving
from hub.settings import Settings
from hub.store import approvals, tables
from tests.dags.mailbox import APPROVED, Mailbox

FLOW = "erp_orders_suzhou"


def main() -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    initdb()
    seen: dict[str, Any] = {}
    bag = DagBag(str(DAGS), bundle_name="udihub")
    seen["import_errors"] = bag.import_errors
    seen["dags"] = {
        name: {
            "tasks": {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks},
            "schedule": str(dag.schedule) if dag.schedule is not None else None,
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "about": dag.description,
        }
        for name, dag in bag.dags.items()
    }
    for dag in bag.dags.values():
        for task in dag.tasks:
            task.retry_delay = timedelta(0)
            if task.task_id == "approved":
                task.poke_interval = 0.1
    run = Runner(bag.dags)
    now = Settings.from_environment().clock.now()
    mailbox = Mailbox(now)
    seen["straight"] = straight(now)

    mailbox.put(FLOW, 0, 2)
    seen["first"] = run(FLOW)
    seen["second"] = run(FLOW)

    calls: list[str] = []
    mailbox.put(FLOW, 2, 4)
    with broken(("fetch", "process", "reconcile", "push_after", "send"), calls, RetriableError("lost after it was done")):
        seen["tried_again"] = run(FLOW) | {"calls": calls}
    seen["after_tried_again"] = run(FLOW)

    refused: list[str] = []
    with broken(("fetch",), refused, ConfigError("the site is wrong"), times=9):
        seen["refused"] = run(FLOW) | {"calls": refused}
    seen["outward"] = run("jiangnan_polymer_orders")
    seen["approved"] = approved(run)
    seen["maintenance"] = run("udihub_maintenance")
    seen["quality"] = run("udihub_quality")
    seen["xcom"] = xcoms()
    Path(sys.argv[1]).write_text(json.dumps(seen, default=str), encoding="utf-8")


def straight(now: datetime) -> dict[str, Any]:
    """What stands when the same files go through the same steps in a home of their own, without Airflow and without a failure."""
    kept = dict(os.environ)
    home = Path(kept["UDIHUB_HOME"]).with_name("straight")
    os.environ.update(UDIHUB_HOME=str(home), UDIHUB_DATABASE_URL=f"sqlite:///{home / 'udihub.db'}")
    try:
        mailbox = Mailbox(now)
        for start in (0, 2):
            mailbox.put(FLOW, start, start + 2)
            for batch in steps.fetch(FLOW):
                steps.process(batch)
            steps.reconcile()
            steps.push_after(FLOW)
            steps.send()
        return standing(Settings.from_environment())
    finally:
        os.environ.clear()
        os.environ.update(kept)


def approved(run: Runner) -> dict[str, Any]:
    """A run whose approval is given in the hub once the task has looked, and found that it waits."""
    looked: list[bool] = []
    real = steps.approved

    def look(flow: str) -> bool:
        looked.append(real(flow))
        if not looked[-1]:
            with steps.opened() as hub:
                with hub.database.read() as connection:
                    waiting = approvals.listed(connection, flow=flow)
                for one in waiting:
                    approving.decide(hub, one["id"], "approved", "Li", "as planned")
        return looked[-1]

    before = told()
    with steps.opened() as hub, hub.database.read() as connection:
        untold = sum(one["count"] for one in approvals.listed(connection, flow=APPROVED))
    steps.approved = look
    try:
        done = run(APPROVED)
    finally:
        steps.approved = real
    with steps.opened() as hub, hub.database.read() as connection:
        audit = tables.audit.c
        query = sa.select(audit.action, audit.actor, audit.reason).where(audit.action == "flow.approved").order_by(audit.sequence)
        said = sorted({tuple(row) for row in connection.execute(query)})
    return done | {"looked": looked, "audit": said, "untold_before": untold, "told": told() - before}


def told() -> int:
    """Documents that the flow which needs approval has told."""
    with steps.opened() as hub, hub.database.read() as connection:
        query = sa.select(sa.func.count()).select_from(tables.exchange).where(tables.exchange.c.flow == APPROVED)
        return int(connection.execute(query).scalar_one())


class Runner:
    """`dag.test()` with what it left behind."""

    def __init__(self, dags: dict[str, Any]) -> None:
        self.dags = dags

    def __call__(self, name: str) -> dict[str, Any]:
        done = self.dags[name].test()
        instances = sorted(done.get_task_instances(), key=lambda ti: (ti.task_id, ti.map_index))
        return {
            "state": str(done.state),
            "tasks": [[ti.task_id, ti.map_index, str(ti.state), ti.try_number] for ti in instances],
            "standing": standing(Settings.from_environment()),
        }


class broken:  # noqa: N801 - reads as a word
    """Steps that do their work and then fail before they can say so, the first `times` times."""

    def __init__(self, names: tuple[str, ...], calls: list[str], error: Exception, times: int = 1) -> None:
        self.names, self.calls, self.error, self.times = names, calls, error, times
        self.kept: dict[str, Callable[..., Any]] = {}

    def __enter__(self) -> None:
        for name in self.names:
            self.kept[name] = getattr(steps, name)
            setattr(steps, name, self._breaking(name, self.kept[name]))

    def __exit__(self, *_: object) -> None:
        for name, function in self.kept.items():
            setattr(steps, name, function)

    def _breaking(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            self.calls.append(name)
            result = function(*given)
            if self.calls.count(name) <= self.times:
                raise self.error
            return result

        return call


def xcoms() -> list[str]:
    """Everything that travelled between tasks."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        return [str(value) for (value,) in session.query(XComModel.value)]


if __name__ == "__main__":
    main()

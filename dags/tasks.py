"""The tasks that DAGs are put together from, and how they are tried again.

Each task imports the hub when it runs, not when Airflow parses the file, and hands on ids and counts only: what is in the documents
never enters Airflow's database. Each is safe to try again (dags/steps.py says why).
"""

# mypy: disable-error-code="untyped-decorator"
# Airflow's `task` with arguments has no types of its own.

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule, TriggerRule, task

START = datetime(2026, 1, 1, tzinfo=UTC)
"""Nothing is scheduled before; with catchup off it has no other meaning."""
DEFAULTS: dict[str, Any] = {
    "owner": "udihub",
    "retries": 5,
    # 30 s, 60 s, 120 s, 240 s, 300 s: longer than a lease (300 s), so that what a killed worker held is taken up by the same run.
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=2),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule("data_contracts.errors.RetriableError", RetryAction.RETRY, reason="it may succeed later"),
            RetryRule("data_contracts.errors.ConfigError", RetryAction.FAIL, reason="a person must mend the site"),
            RetryRule("data_contracts.errors.RefusedError", RetryAction.FAIL, reason="it contradicts what is recorded"),
            RetryRule("data_contracts.errors.FatalError", RetryAction.FAIL, reason="going on could lose data"),
        ]
    ),
}
_AFTER_ANY_BATCHES = TriggerRule.NONE_FAILED
"""A run that found no documents skips their processing; what follows must still look for what an earlier run left."""


@task
def fetch(flow: str) -> list[list[int]]:
    """Land what waits at the source; returns batches of document ids."""
    from dags import steps

    return steps.fetch(flow)


@task
def backlog() -> list[list[int]]:
    """What waits of any source; returns batches of document ids."""
    from dags import steps

    return steps.backlog()


@task(max_active_tis_per_dagrun=4)
def process(document_ids: list[int]) -> int:
    """Read, check, map, validate and apply one batch of documents."""
    from dags import steps

    return steps.process(document_ids)


@task(trigger_rule=_AFTER_ANY_BATCHES)
def reconcile() -> int:
    """Renew the discrepancies of what changed."""
    from dags import steps

    return steps.reconcile()


@task(trigger_rule=_AFTER_ANY_BATCHES)
def push_after(flow: str) -> list[int]:
    """Write the outbound documents that the facts of an inbound flow make due."""
    from dags import steps

    return steps.push_after(flow)


@task
def push(flow: str) -> list[int]:
    """Write what an outbound flow has not told yet."""
    from dags import steps

    return steps.push(flow)


@task.sensor(mode="reschedule", poke_interval=60.0, timeout=30 * 86_400.0)
def approved(flow: str) -> bool:
    """Wait, without a worker's slot, until a steward has approved or refused in the hub whatever this flow has asked for."""
    from dags import steps

    return steps.approved(flow)


@task(trigger_rule=_AFTER_ANY_BATCHES)
def send() -> int:
    """Deliver what is due in the outbox."""
    from dags import steps

    return steps.send()


@task(trigger_rule=_AFTER_ANY_BATCHES)
def watch() -> int:
    """Find acknowledgements that are overdue."""
    from dags import steps

    return steps.watch()


@task
def set_aside() -> list[int]:
    """Put documents aside that no worker ever finished."""
    from dags import steps

    return steps.set_aside()


@task
def verify_audit() -> dict[str, str]:
    """Check the audit chains and export their heads."""
    from dags import steps

    return steps.verify_audit()


@task
def check_quality() -> str:
    """Hold the canonical tables against their contracts."""
    from dags import steps

    return steps.check_quality()

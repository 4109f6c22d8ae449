"""The Airflow DAG that looks after what no flow looks after, once an hour.

- backlog → process → reconcile → send → watch: posts by HTTP, lost workers' documents, failed deliveries, overdue answers
- set_aside: documents that no worker ever finished go to a person
- verify_audit: every hash chain, against the head that was exported an hour ago; then the new head is exported
"""

from __future__ import annotations

from airflow.sdk import DAG, chain

from dags import tasks

with DAG(
    "udihub_maintenance",
    description="Backlog, overdue acknowledgements, audit chains",
    doc_md=__doc__,
    schedule="50 * * * *",
    start_date=tasks.START,
    catchup=False,
    max_active_runs=1,
    default_args=tasks.DEFAULTS,
    tags=["udihub", "maintenance"],
) as maintenance:
    put_aside = tasks.set_aside()
    chain(put_aside, waiting := tasks.backlog())
    chain(tasks.process.expand(document_ids=waiting), tasks.reconcile(), tasks.send(), tasks.watch())
    tasks.verify_audit()

"""The Airflow DAG that holds the canonical tables against their data contracts, and writes the report.

Data that breaks a contract shows in the report and the scorecards; the run is good all the same.
"""

from __future__ import annotations

from airflow.sdk import DAG

from dags import tasks

with DAG(
    "udihub_quality",
    description="Data contracts on the canonical tables, scorecards, report",
    doc_md=__doc__,
    schedule="35 * * * *",
    start_date=tasks.START,
    catchup=False,
    max_active_runs=1,
    default_args=tasks.DEFAULTS,
    tags=["udihub", "quality"],
) as quality:
    tasks.check_quality()

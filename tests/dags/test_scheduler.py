"""One flow under a real scheduler, DAG processor and API server, twice; and nothing of them is left afterwards."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from dags.environment import Local
from dags.standalone import Airflow, prepare, standing
from hub.settings import Settings
from tests.dags.mailbox import SITE

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.timeout(600)]
FLOW = "erp_orders_suzhou"


def test_a_scheduler_runs_a_flow_and_a_second_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    settings = replace(Settings.from_environment({}), home=home, site=SITE, database_url=f"sqlite:///{home / 'udihub.db'}")
    prepare(settings, seed=1)
    before = standing(settings)
    with Airflow(Local(home, SITE, settings.database_url, free_port(), paused=True)) as airflow:
        groups = [process.pid for process in airflow._processes.values()]
        first = airflow.run(FLOW), standing(settings), airflow.tasks(FLOW)
        second = airflow.run(FLOW), standing(settings), airflow.tasks(FLOW)
    with capsys.disabled():
        for number, (state, found, tasks) in enumerate((first, second), start=1):
            print(f"\nrun {number} of {FLOW}: {state} {tasks}\n  rows   {found['rows']}\n  audit  {found['audit']}")
    assert (first[0], second[0]) == ("success", "success")
    assert first[2]["process[0]"] == "success"
    assert first[1] != before
    assert first[1]["rows"]["application"] > 10
    assert second[1] == first[1]
    assert [group for group in groups if alive(group)] == []


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True

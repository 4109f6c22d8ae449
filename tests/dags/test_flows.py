"""The DAGs under `dag.test()`: what they are made of, that they do their work, and that doing it again changes nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dags.environment import Local
from dags.plan import planned
from tests.dags.mailbox import APPROVED, SITE

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What tests/dags/scenario.py saw in a process of its own."""
    folder = tmp_path_factory.mktemp("airflow")
    site = shutil.copytree(SITE, folder / "site")
    asking = site / "flows" / f"{APPROVED}.yaml"
    asking.write_text(asking.read_text(encoding="utf-8") + "approval: required\n", encoding="utf-8")
    local = Local(folder / "home", site, f"sqlite:///{folder / 'home' / 'udihub.db'}")
    local.prepare()
    out = folder / "seen.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.dags.scenario", str(out)],
        cwd=ROOT,
        env=local.environment(),
        capture_output=True,
        text=True,
        timeout=540,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_every_enabled_flow_is_a_dag_and_there_are_two_more(seen: dict[str, Any]) -> None:
    assert seen["import_errors"] == {}
    assert set(seen["dags"]) == {flow.flow for flow in planned(site=SITE)} | {"udihub_quality", "udihub_maintenance"}
    assert "stadtspital_despatches" not in seen["dags"], "a flow that is not enabled has no DAG"


def test_an_inbound_flow_walks_fetch_process_reconcile_push_send(seen: dict[str, Any]) -> None:
    dag = seen["dags"]["erp_orders_suzhou"]
    assert dag["tasks"] == {"fetch": ["process"], "process": ["reconcile"], "reconcile": ["push_after"], "push_after": ["send"], "send": []}
    assert (dag["schedule"], dag["catchup"], dag["max_active_runs"]) == ("*/15 * * * *", False, 1)
    assert dag["about"] == "Suzhou's orders, every quarter of an hour."


def test_an_outbound_flow_walks_push_send_watch(seen: dict[str, Any]) -> None:
    assert seen["dags"]["jiangnan_polymer_orders"]["tasks"] == {"push": ["send"], "send": ["watch"], "watch": []}
    assert seen["dags"]["jiangnan_polymer_orders"]["schedule"] is None


def test_a_run_applies_facts_and_tells_the_suppliers(seen: dict[str, Any]) -> None:
    first = seen["first"]
    assert first["state"] == "success"
    assert [task[:3] for task in first["tasks"]] == [
        ["fetch", -1, "success"],
        ["process", 0, "success"],
        ["push_after", -1, "success"],
        ["reconcile", -1, "success"],
        ["send", -1, "success"],
    ]
    rows = first["standing"]["rows"]
    assert rows["document"] == 2
    assert rows["application"] >= 2
    assert rows["line"] >= rows["application"]
    assert rows["outbox"] >= 1


def test_a_second_run_changes_nothing(seen: dict[str, Any]) -> None:
    assert seen["second"]["state"] == "success"
    assert seen["second"]["standing"] == seen["first"]["standing"]


def test_tasks_that_fail_after_their_work_are_tried_again_and_change_nothing(seen: dict[str, Any]) -> None:
    again = seen["tried_again"]
    assert again["state"] == "success"
    assert {task: tries for task, _, _, tries in again["tasks"]} == dict.fromkeys(
        ("fetch", "process", "reconcile", "push_after", "send"), 2
    )
    assert again["standing"]["rows"] == seen["straight"]["rows"], "as if nothing had failed"
    assert again["standing"]["rows"]["document"] == 4
    assert seen["after_tried_again"]["standing"] == again["standing"]


def test_what_a_person_must_mend_is_not_tried_again(seen: dict[str, Any]) -> None:
    refused = seen["refused"]
    assert refused["state"] == "failed"
    assert refused["calls"] == ["fetch"]
    assert refused["standing"] == seen["after_tried_again"]["standing"]


def test_an_outbound_flow_tells_nothing_twice(seen: dict[str, Any]) -> None:
    assert seen["outward"]["state"] == "success"
    assert seen["outward"]["standing"] == seen["after_tried_again"]["standing"]


def test_a_flow_that_needs_approval_waits_for_the_steward_and_goes_on(seen: dict[str, Any]) -> None:
    tasks = {"ask": ["approved"], "approved": ["push"], "push": ["send"], "send": ["watch"], "watch": []}
    assert seen["dags"][APPROVED]["tasks"] == tasks
    run = seen["approved"]
    assert (run["state"], run["looked"]) == ("success", [False, True]), "it waited until the hub had the decision"
    assert run["audit"] == [["flow.approved", "Li", "as planned"]]
    assert 0 < run["told"] <= run["untold_before"], "a version that another has replaced since is told no more"


def test_maintenance_finds_the_audit_whole(seen: dict[str, Any]) -> None:
    assert seen["maintenance"]["state"] == "success"
    assert ["verify_audit", -1, "success", 1] in seen["maintenance"]["tasks"]


def test_the_contracts_are_checked(seen: dict[str, Any]) -> None:
    assert seen["quality"]["state"] == "success"


def test_only_ids_and_counts_travel_between_tasks(seen: dict[str, Any]) -> None:
    assert "[[1, 2]]" in seen["xcom"]
    assert [value for value in seen["xcom"] if len(value) > 200] == []
    assert [value for value in seen["xcom"] if "江南" in value or "lines" in value] == []

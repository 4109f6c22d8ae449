"""Airflow on one machine is closed to others, and to those on it who have no password."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dags.environment import ACCOUNTS, Local
from data_contracts.errors import ConfigError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def local(tmp_path: Path) -> Local:
    return Local(tmp_path / "home", tmp_path / "site", "sqlite:////somewhere/udihub.db")


def test_it_listens_on_this_machine_only_and_asks_who_one_is(local: Local) -> None:
    set_ = local.variables()
    assert set_["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert set_["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "False"
    assert set_["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin,operator:op,viewer:viewer"


def test_passwords_are_made_once_and_for_the_owner_only(local: Local) -> None:
    first = local.prepare()
    assert set(first) == set(ACCOUNTS)
    assert len(set(first.values())) == len(ACCOUNTS)
    assert min(len(word) for word in first.values()) >= 24
    assert stat.S_IMODE(local.passwords.stat().st_mode) == 0o600
    assert stat.S_IMODE(local.folder.stat().st_mode) == 0o700
    assert local.prepare() == first


def test_no_passwords_beyond_this_machine_is_refused(local: Local) -> None:
    with pytest.raises(ConfigError, match=r"0\.0\.0\.0"):
        replace(local, host="0.0.0.0", without_passwords=True).variables()
    assert replace(local, without_passwords=True).variables()["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "True"


def test_the_two_databases_are_apart(local: Local) -> None:
    set_ = local.variables()
    assert set_["UDIHUB_DATABASE_URL"] == "sqlite:////somewhere/udihub.db"
    assert set_["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{local.home / 'airflow' / 'airflow.db'}"


def test_what_the_shell_says_of_another_airflow_or_hub_does_not_count(local: Local) -> None:
    base = {
        "AIRFLOW__CORE__DAGS_FOLDER": "/elsewhere",
        "_AIRFLOW__AS_LIBRARY": "1",
        "UDIHUB_CLOCK": "2031-01-01T00:00+00:00",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": "/mine",
        "PATH": "/usr/bin",
        "HOME": "/home/a",
    }
    found = local.environment(base)
    assert found["AIRFLOW__CORE__DAGS_FOLDER"] == str(ROOT / "dags")
    assert {"_AIRFLOW__AS_LIBRARY", "UDIHUB_CLOCK", "PYTHONDONTWRITEBYTECODE"} & set(found) == set()
    assert found["PYTHONPATH"] == os.pathsep.join([str(ROOT), "/mine"])
    assert found["PATH"].endswith(os.pathsep + "/usr/bin")
    assert found["HOME"] == "/home/a"


@pytest.mark.slow
def test_the_supervisor_never_imports_airflow() -> None:
    code = (
        "import sys, dags.standalone, dags.steps; print([m for m in sys.modules if m.split('.')[0] in ('airflow', 'great_expectations')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""`python -m dags.standalone`: the demonstration's flows under a real Airflow on this machine, with its interface.

    python -m dags.standalone                         until Ctrl-C; address and password are printed
    python -m dags.standalone --once FLOW --times 2   one flow by hand, twice; row counts and audit heads after each; then stop

Scheduler, DAG processor and API server are processes of their own, each leading its own process group, so that stopping leaves
none behind. Airflow is never imported here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from dags.environment import ACCOUNTS, Local
from data_contracts.errors import ConfigError, HubError, RetriableError
from hub import audit
from hub.clock import SystemClock
from hub.demonstration.generate import generate
from hub.runtime import Hub
from hub.settings import Settings
from hub.store.row_counts import row_counts

SITE = Path(__file__).parents[1] / "deploy" / "site"
_MARK = ".udihub-airflow-demonstration"
_PROCESSES: dict[str, tuple[str, ...]] = {
    # Logs are read from the folder that all three share, so no server of them is started: it would listen on every interface.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "api-server": ("api-server",),
}
_DONE = ("success", "failed")


class Airflow:
    """A running Airflow: `with Airflow(local) as airflow: airflow.run("erp_items")`."""

    def __init__(self, local: Local, start_seconds: float = 300) -> None:
        self.local = local
        self.start_seconds = start_seconds
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._client = httpx.Client(base_url=local.address, timeout=30)

    def __enter__(self) -> Airflow:
        passwords = self.local.prepare()
        environment = self.local.environment()
        logs = self.local.folder / "logs"
        logs.mkdir(exist_ok=True, mode=0o700)
        command = [sys.executable, "-m", "airflow"]
        done = subprocess.run([*command, "db", "migrate"], env=environment, cwd=self.local.folder, capture_output=True, text=True)
        if done.returncode:
            raise ConfigError(f"Airflow's database could not be made:\n{done.stderr or done.stdout}")
        try:
            for name, arguments in _PROCESSES.items():
                with (logs / f"{name}.log").open("ab") as log:
                    self._processes[name] = subprocess.Popen(
                        [*command, *arguments],
                        env=environment,
                        cwd=self.local.folder,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
            self._await_health()
            self._sign_in(passwords)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.stop()

    def stop(self, grace_seconds: float = 20) -> None:
        """SIGTERM to each process, then SIGKILL to whatever is left of its group.

        The scheduler goes first: its running tasks can end in order only while the API server still answers them.
        (`airflow standalone` would leave its children behind on SIGTERM; these three end in order. SIGINT may be ignored by
        inheritance, where a script has started us in the background.)
        """
        self._client.close()
        for names in (("scheduler",), ("dag-processor", "api-server")):
            going = [process for name in names if (process := self._processes.get(name)) is not None]
            for process in going:
                process.terminate()
            end = time.monotonic() + grace_seconds
            for process in going:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.1, end - time.monotonic()))
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._processes.clear()

    def wait(self) -> None:
        """Until somebody interrupts. Raises RetriableError when one of the processes ends by itself."""
        while True:
            self._require_alive()
            time.sleep(1)

    def run(self, dag: str, seconds: float = 300) -> str:
        """Run a DAG once, now, and wait for its end. Returns its state, `success` or `failed`."""
        self._known(dag, seconds)
        self._call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})
        run = self._call("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None})["dag_run_id"]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            state = str(self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")["state"])
            if state in _DONE:
                return state
            self._require_alive()
            time.sleep(0.5)
        raise RetriableError(f"{dag} was not done after {seconds:.0f} seconds; look into {self.local.folder / 'logs'}")

    def tasks(self, dag: str) -> dict[str, str]:
        """Task, with its number where it was mapped, to its state in the last run of a DAG."""
        run = self._call("GET", f"/api/v2/dags/{dag}/dagRuns?order_by=-id&limit=1")["dag_runs"][0]["dag_run_id"]
        found = self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"]
        return {one["task_id"] + (f"[{one['map_index']}]" if one["map_index"] >= 0 else ""): str(one["state"]) for one in found}

    def _known(self, dag: str, seconds: float) -> None:
        """Until the DAG processor has found it."""
        end = time.monotonic() + seconds
        while self._client.get(f"/api/v2/dags/{dag}").status_code == 404:
            if time.monotonic() > end:
                raise ConfigError(f"there is no flow {dag!r} in {self.local.site}")
            self._require_alive()
            time.sleep(0.5)

    def _await_health(self) -> None:
        end = time.monotonic() + self.start_seconds
        while time.monotonic() < end:
            self._require_alive()
            with suppress(httpx.TransportError):
                health = self._client.get("/api/v2/monitor/health").json()
                if all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor")):
                    return
            time.sleep(0.5)
        raise RetriableError(f"Airflow was not up after {self.start_seconds:.0f} seconds; look into {self.local.folder / 'logs'}")

    def _sign_in(self, passwords: dict[str, str]) -> None:
        answer = self._client.post("/auth/token", json={"username": "admin", "password": passwords["admin"]})
        answer.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._client.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json()

    def _require_alive(self) -> None:
        for name, process in self._processes.items():
            if process.poll() is not None:
                log = self.local.folder / "logs" / f"{name}.log"
                tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise RetriableError(f"Airflow's {name} ended with {process.returncode}:\n{tail}")


def prepare(settings: Settings, seed: int) -> int:
    """Fill the mailboxes of a new home with the demonstration's files. Returns their number.

    Raises ConfigError for a folder that holds anything but an earlier demonstration of this kind.
    """
    home = settings.home
    if home.exists() and any(home.iterdir()):
        if not (home / _MARK).is_file():
            raise ConfigError(f"{home} is not empty and holds no Airflow demonstration; name another with --home")
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    (home / _MARK).touch()
    story = generate(home / "story", seed, settings.clock.now())
    hub = Hub.open(settings)
    for arrival in story.arrivals:
        folder = home / str(hub.site.flows[arrival.flow].transport["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(story.folder / arrival.path, folder / Path(arrival.path).name)
    hub.database.close()
    return len(story.arrivals)


def standing(settings: Settings) -> dict[str, Any]:
    """Row counts of the hub's tables, and the head of every audit chain: what a run changed, and what it did not."""
    hub = Hub.open(settings)
    with hub.database.read() as connection:
        rows = row_counts(connection)
        heads = {str(number): f"{head.sequence} {head.hash}" for number, head in audit.heads(connection).items()}
    hub.database.close()
    return {"rows": rows, "audit": heads}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit code 1 when a run failed or Airflow could not be kept running, 2 for a wrong setting."""
    given = _arguments(arguments)
    settings = Settings.from_environment()
    home = (given.home or settings.home / "demo-airflow").absolute()
    url = settings.database_url if settings.database_url.startswith("postgresql") else f"sqlite:///{home / 'udihub.db'}"
    settings = replace(settings, home=home, site=SITE, database_url=url)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if not isinstance(settings.clock, SystemClock):
            raise ConfigError("UDIHUB_CLOCK: each task is a process of its own and would begin at that time again; run without it")
        local = Local(
            home,
            SITE,
            url,
            given.port,
            paused=given.once is not None,
            without_passwords=given.without_passwords,
            metadata_url=given.airflow_database,
        )
        print(f"{prepare(settings, given.seed)} files wait in {home / 'in'}; Airflow starts, which takes about half a minute", flush=True)
        with Airflow(local) as airflow:
            return _once(airflow, settings, given.once, given.times) if given.once else _serve(airflow)
    except KeyboardInterrupt:
        return 0
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except HubError as error:
        print(error, file=sys.stderr)
        return 1


def _once(airflow: Airflow, settings: Settings, flow: str, times: int) -> int:
    good = True
    for number in range(1, times + 1):
        state = airflow.run(flow)
        good = good and state == "success"
        print(f"run {number} of {flow}: {state}  {json.dumps(airflow.tasks(flow))}")
        print(json.dumps(standing(settings), indent=1), flush=True)
    return 0 if good else 1


def _serve(airflow: Airflow) -> int:
    local = airflow.local
    print(f"Airflow      {local.address}")
    if local.without_passwords:
        print("sign in      not needed: everybody on this machine is administrator")
    else:
        passwords = json.loads(local.passwords.read_text(encoding="utf-8"))
        for name, role in ACCOUNTS.items():
            print(f"sign in      {name}  {passwords[name]}   ({role})")
    print(f"hub          UDIHUB_HOME={local.home} UDIHUB_SITE={local.site} UDIHUB_DATABASE_URL={local.database_url} udihub serve")
    print("Ctrl-C stops everything.", flush=True)
    airflow.wait()
    return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dags.standalone", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--home", type=Path, help="where this demonstration lives; default <UDIHUB_HOME>/demo-airflow; made anew each time")
    parser.add_argument("--once", metavar="FLOW", help="run this flow, print what stands in the store, and stop")
    parser.add_argument("--times", type=int, default=1, help="with --once: so many times, one after the other")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--airflow-database", metavar="URL", help="Airflow's own database; default SQLite in the home")
    parser.add_argument("--without-passwords", action="store_true", help="everybody on this machine is administrator")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

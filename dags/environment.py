"""The environment in which Airflow runs quietly on one machine, for one hub: to be set before Airflow is first imported.

Everything listens on 127.0.0.1. There is one account for each role with a password of its own, made here and readable by the owner
only; an interface without passwords is given only where it is asked for, and never beyond this machine.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data_contracts.errors import ConfigError

DAGS = Path(__file__).parent
ACCOUNTS = {"admin": "admin", "operator": "op", "viewer": "viewer"}
"""Name to role of Airflow's simple sign-in; a site with more than one machine brings its own (docs/airflow.md)."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Local:
    """An Airflow of one hub on this machine."""

    home: Path
    """Home of the hub; Airflow's own files lie in `<home>/airflow`, apart from the hub's."""
    site: Path
    database_url: str
    """The hub's store."""
    port: int = 8081
    host: str = "127.0.0.1"
    metadata_url: str | None = None
    """Airflow's own database; null: SQLite in its folder."""
    paused: bool = False
    """Whether new DAGs wait until a person switches them on."""
    without_passwords: bool = False
    parallelism: int = 4

    @property
    def folder(self) -> Path:
        """AIRFLOW_HOME."""
        return self.home / "airflow"

    @property
    def passwords(self) -> Path:
        """JSON of account name to password, for the owner's eyes."""
        return self.folder / "passwords.json"

    @property
    def address(self) -> str:
        """Of the interface."""
        return f"http://{self.host}:{self.port}"

    def prepare(self) -> dict[str, str]:
        """Make the folder and the passwords, where they are missing. Returns account name to password."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        if not self.passwords.exists():
            made = {name: secrets.token_urlsafe(18) for name in ACCOUNTS}
            descriptor = os.open(self.passwords, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(made, file)
        known: dict[str, str] = json.loads(self.passwords.read_text(encoding="utf-8"))
        return known

    def variables(self) -> dict[str, str]:
        """What to set. Raises ConfigError when an interface without passwords would be open to other machines."""
        if self.host not in _LOOPBACK and self.without_passwords:
            raise ConfigError(f"an Airflow without passwords must not listen on {self.host}")
        return {
            "UDIHUB_HOME": str(self.home),
            "UDIHUB_SITE": str(self.site),
            "UDIHUB_DATABASE_URL": self.database_url,
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.folder / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": str(self.paused),
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(self.parallelism),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
            "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in ACCOUNTS.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.passwords),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": str(self.without_passwords),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.metadata_url or f"sqlite:///{self.folder / 'airflow.db'}",
            "AIRFLOW__API__HOST": self.host,
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.address,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.folder / "logs"),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "GX_ANALYTICS_ENABLED": "false",
        }

    def environment(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """A whole environment for Airflow's processes: the given one, without what it says of another Airflow, and ours."""
        kept = {name: value for name, value in base.items() if not name.startswith(("AIRFLOW_", "_AIRFLOW_", "UDIHUB_"))}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)  # without bytecode each of its processes compiles a hundred megabytes anew
        python = os.pathsep.join([str(DAGS.parent), *filter(None, [kept.get("PYTHONPATH")])])
        path = os.pathsep.join([str(Path(sys.executable).parent), *filter(None, [kept.get("PATH")])])
        return kept | self.variables() | {"PYTHONPATH": python, "PATH": path}

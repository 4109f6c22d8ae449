"""The site's flows as the scheduler sees them: read lightly and often, so without the hub and without Airflow.

Airflow parses its files every half minute and again in each task's process. Opening a hub for that would cost a second each time,
so only the YAML is read here; the tasks open the hub, which checks the site whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from data_contracts.errors import ConfigError
from hub.settings import Settings

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")


@dataclass(frozen=True, slots=True)
class Planned:
    """What a schedule needs to know of one enabled flow."""

    flow: str
    direction: str
    agreement: str
    """Of extracts of a register, which come under none: the register."""
    transport: str
    schedule: str | None
    """Cron, in UTC; null: only when somebody or something asks."""
    approval: bool
    """Whether a steward must approve what an outbound flow tells."""
    about: str
    """The comment at the head of the flow's file."""
    text: str
    """The flow's file as it stands."""

    @property
    def tags(self) -> list[str]:
        """Words to filter by in Airflow's list."""
        return ["udihub", self.direction, self.transport, self.agreement]


def planned(wanted: str | None = None, site: Path | None = None) -> list[Planned]:
    """The enabled flows of the site in UDIHUB_SITE, or only the wanted one. Raises ConfigError naming file and field."""
    folder = (site or Settings.from_environment().site) / "flows"
    if wanted is not None and (direct := folder / f"{wanted}.yaml").is_file():
        # A task's process needs its own flow only; a file that is named otherwise is found by reading all of them.
        found = [flow for flow in _read([direct]) if flow.flow == wanted]
        if found:
            return found
    flows = list(_read(sorted(folder.glob("*.yaml"))))
    twice = {flow.flow for flow in flows if sum(other.flow == flow.flow for other in flows) > 1}
    if twice:
        raise ConfigError(f"{folder}: flow {min(twice)!r} is there twice")
    return [flow for flow in flows if wanted in (None, flow.flow)]


def _read(paths: list[Path]) -> Iterator[Planned]:
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
            body = yaml.load(text, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not readable as YAML: {error}") from error
        if not isinstance(body, dict):
            raise ConfigError(f"{path}: expected a mapping at the top")
        if body.get("enabled", True):
            yield Planned(
                flow=_text(path, body, "flow"),
                direction=_text(path, body, "direction"),
                agreement=_text(path, body, "compare" if body.get("compare") else "agreement"),
                transport=_text(path, body.get("transport"), "use"),
                schedule=None if body.get("schedule") is None else str(body["schedule"]),
                approval=body.get("approval") is not None,
                about=_about(text),
                text=text,
            )


def _text(path: Path, body: Any, name: str) -> str:
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ConfigError(f"{path}: {name}: expected letters, digits, '_', '-' or '.', got {value!r}")
    return value


def _about(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").rstrip())
    return " ".join(lines)

"""`udihub demo`: the demonstration site end to end, and a screen that tells what happened."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from data_contracts.errors import ConfigError
from hub.clock import FrozenClock
from hub.demonstration import found, published, screen
from hub.demonstration.generate import generate
from hub.demonstration.run import play
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import credentials

SITE = Path(__file__).parents[2] / "deploy" / "site"
_MARK = ".udihub-demonstration"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo_command)


def demo_command(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after the screen.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Varies data and planted faults.")] = 1,
    port: Annotated[int, typer.Option("--port", help="Where to serve.")] = 8080,
    home: Annotated[Path | None, typer.Option("--home", help="A folder that is made anew; default: `demo` in the home.")] = None,
) -> None:
    """Play five weeks of a device maker's paper through the hub, show what it found, then serve API and console."""
    settings = Settings.from_environment()
    folder = _fresh(home or settings.home / "demo")
    url = settings.database_url if settings.database_url.startswith("postgresql") else f"sqlite:///{folder / 'udihub.db'}"
    now = settings.clock.now()
    console = Console()
    console.print(f"[bold]UDIHub[/bold] plays its demonstration (seed {seed}) into {folder}")
    story = generate(folder / "story", seed, now)
    clock = FrozenClock(story.arrivals[0].at - timedelta(hours=1))
    hub = Hub.open(replace(settings, home=folder, site=SITE, database_url=url), clock)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("files", total=len(story.arrivals))
        played = play(hub, clock, story, lambda done, _all: bar.update(task, completed=done))
    quality = screen.quality_of(hub, folder)
    (folder / "found.json").write_text(json.dumps(found.everything(hub), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "sample_856.edi").write_bytes(story.curl_sample)
    released = published.publish(hub, folder)
    with hub.database.begin("demo") as uow:
        key = credentials.issue(uow, "demonstration: Jiangnan Polymer", "partner", partner_id=hub.partner_id("jiangnan_polymer")).secret
        link = credentials.issue(uow, "demonstration: steward", "admin", kind="one_time_link", expires_in=24 * 3600).secret
    screen.show(hub, console, played, quality, folder, f"http://127.0.0.1:{port}", key, link, SITE, not no_serve, released)
    hub.database.close()
    if no_serve:
        return
    environment = os.environ | {
        "UDIHUB_HOME": str(folder),
        "UDIHUB_SITE": str(SITE),
        "UDIHUB_DATABASE_URL": url,
        **({"UDIHUB_CLOCK": hub.clock.now().isoformat()} if "UDIHUB_CLOCK" in os.environ else {}),
    }
    os.execve(sys.executable, [sys.executable, "-m", "hub.cli", "serve", "--port", str(port)], environment)  # noqa: S606 - our own command


def _fresh(folder: Path) -> Path:
    """An empty folder. One that holds anything but an earlier demonstration is never touched."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).is_file():
            raise ConfigError(f"{folder} is not empty and holds no demonstration; name another with --home")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / _MARK).touch()
    return folder

"""Puts files of the demonstration into the folders of its flows. Imports no Airflow."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from hub.demonstration.generate import generate
from hub.settings import Settings
from hub.site import Site

SITE = Path(__file__).parents[2] / "deploy" / "site"
APPROVED = "rheintal_titan_suzhou_orders"
"""The flow that waits for a steward in the tests of DAGs."""


class Mailbox:
    """The demonstration's files, made once below the home, and handed out flow by flow."""

    def __init__(self, now: datetime) -> None:
        settings = Settings.from_environment()
        self.home = settings.home
        self.flows = Site.load(settings.site).flows
        self.story = generate(self.home / "story", 1, now)

    def put(self, flow: str, start: int = 0, stop: int | None = None) -> list[Path]:
        """Deliver some of a flow's files as a careful sender does: complete, by renaming."""
        folder = self.home / str(self.flows[flow].transport["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        delivered = []
        for arrival in [one for one in self.story.arrivals if one.flow == flow][start:stop]:
            source = self.story.folder / arrival.path
            partial = folder / f".{source.name}.part"
            shutil.copy2(source, partial)
            partial.replace(folder / source.name)
            delivered.append(folder / source.name)
        return delivered

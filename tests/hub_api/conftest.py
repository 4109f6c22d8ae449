"""The API over a fresh store of each kind, with the site in tests/samples/site and a key for every role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from hub.clock import FrozenClock
from hub.commands.administration import turn
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import credentials
from hub_api.app import create_app

SITE = Path(__file__).parents[1] / "samples" / "site"
PARTNERS = ("acme", "borealis", "erp", "wms")


@dataclass
class Api:
    """A client that speaks with the key of whoever is named."""

    hub: Hub
    app: FastAPI
    client: TestClient
    keys: dict[str, str]

    def request(self, method: str, path: str, who: str | None, **more: Any) -> Response:
        """One request as `who`: a partner's name, a role, or nobody."""
        headers = dict(more.pop("headers", {}))
        if who is not None:
            headers["Authorization"] = f"Bearer {self.keys[who]}"
        return self.client.request(method, path, headers=headers, **more)

    def get(self, path: str, who: str | None = "admin", **more: Any) -> Response:
        """GET."""
        return self.request("GET", path, who, **more)

    def post(self, content: bytes, who: str, *, wait: bool = True, key: str | None = None, **more: Any) -> Response:
        """Post a document."""
        headers = dict(more.pop("headers", {}))
        if wait:
            headers["Prefer"] = "wait"
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.request("POST", "/v1/documents", who, content=content, headers=headers, **more)

    def settle(self) -> None:
        """What the worker beside a server would do."""
        while turn(self.hub):
            pass


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    """An open hub with a small cap on bodies."""
    opened = Hub.open(Settings(tmp_path / "home", SITE, database_url, "en", 200_000, clock))
    yield opened
    opened.database.close()


@pytest.fixture
def api(hub: Hub) -> Iterator[Api]:
    """The application and its keys: partners by name, own people by role, `south_auditor` for one organisation only."""
    keys: dict[str, str] = {}
    with hub.database.begin("test") as uow:
        for partner in PARTNERS:
            keys[partner] = credentials.issue(uow, f"{partner} key", "partner", partner_id=hub.partner_id(partner)).secret
        for role in ("integration", "steward", "auditor", "admin"):
            keys[role] = credentials.issue(uow, f"{role} key", role).secret
        keys["south_auditor"] = credentials.issue(uow, "south auditor", "auditor", organisations=("south",)).secret
    app = create_app(hub)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Api(hub, app, client, keys)

"""One record that cannot be followed: it is told once, with its document, and its neighbours come as they always do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from hub import pipeline, worker
from hub.audit import verify_all
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables, watermarks
from tests.peers.rest_peer import Handler, RestPeer, running

SITE = Path(__file__).parents[1] / "samples" / "site_pulled"
STAMPED: dict[str, Any] = {
    "query": {"since": "{since}"},
    "paging": {"style": "offset", "size": 4},
    "delta": {"kind": "stamp", "field": "modified", "id": "id", "overlap_seconds": 0, "ask_as": "%Y-%m-%d %H:%M:%S"},
}
FLAGGED: dict[str, Any] = {
    "query": {"exported": "false", "limit": "3"},
    "delta": {"kind": "exported", "id": "id", "ignore": ["exported"]},
    "acknowledge": {"path": "/offsets/{id}", "query": {"exported": "true"}},
}


def item(number: int, name: str = "Hub") -> dict[str, Any]:
    return {"code": f"M-{number}", "name": name, "unit": "PCE", "changed_at": "2026-11-22 07:00:00"}


@pytest.fixture
def peer() -> Iterator[RestPeer]:
    with running(Handler, RestPeer()) as served:
        for number in range(1, 10):
            served.put(number, f"2026-11-22 07:{number:02}:00", **item(number))
        yield served


@contextmanager
def pulling(peer: RestPeer, asked: dict[str, Any], database_url: str, folder: Path, clock: FrozenClock) -> Iterator[Hub]:
    site = folder / "site"
    shutil.copytree(SITE, site)
    transport = {"use": "rest", "url": peer.url, "path": "/offsets", "records": "data", **asked}
    grammar = yaml.safe_load((site / "grammars/json/mes_items.yaml").read_text())
    fields = {name: field for name, field in grammar["fields"].items() if name != "id"}
    for name, change in (
        ("flows/mes_items", {"transport": transport}),
        ("grammars/json/mes_items", {"messages": "data[]", "fields": fields}),
    ):
        path = site / f"{name}.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    hub = Hub.open(Settings(home=folder / "home", site=site, database_url=database_url, language="en", max_body=1_000_000, clock=clock))
    yield hub
    hub.database.close()


def pulled(hub: Hub) -> list[str]:
    """What a pull brought."""
    with hub.database.read() as connection:
        before = int(connection.scalar(sa.select(sa.func.coalesce(sa.func.max(tables.exchange.c.id), 0))) or 0)
    pipeline.fetch(hub, hub.site.flows["mes_items"])
    worker.drain(hub)
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.exchange.c.business_key).where(tables.exchange.c.id > before))
        return sorted(str(row.business_key).removeprefix("item/") for row in rows)


def told(hub: Hub) -> list[tuple[str, str | None, bool]]:
    """Findings of pulls: rule, what came, and whether a document bears it."""
    with hub.database.read() as connection:
        finding = tables.finding.c
        query = sa.select(finding.rule, finding.got, finding.document_id).where(finding.rule.like("PUL-%")).order_by(finding.id)
        return [(row.rule, row.got, row.document_id is not None) for row in connection.execute(query)]


def failure(hub: Hub) -> str | None:
    with hub.database.read() as connection:
        (mark,) = watermarks.listed(connection)
    assert isinstance(mark["failure"], str | None)
    return mark["failure"]


def test_records_without_a_stamp_or_an_id(peer: RestPeer, database_url: str, tmp_path: Path, clock: FrozenClock) -> None:
    peer.records[2]["modified"] = "0000-00-00 00:00:00"
    peer.records[5]["id"] = None
    found = peer.found
    peer.found = lambda query: found(query) if query.get("since") else sorted(peer.records.values(), key=lambda row: row["modified"])  # type: ignore[method-assign]
    with pulling(peer, STAMPED, database_url, tmp_path, clock) as hub:
        assert pulled(hub) == [f"M-{number}" for number in range(1, 10)]
        expected = [("PUL-01", "None", True), ("PUL-02", "0000-00-00 00:00:00", True)]
        assert sorted(told(hub)) == expected and failure(hub) is None
        with hub.database.begin("test") as uow:
            watermarks.rewound(uow, "mes_items", None, "read again", again=False)
        assert pulled(hub) == [] and sorted(told(hub)) == expected, "told once"
        peer.put(3, "2026-11-22 07:30:00", **item(3, "Hub, renamed"))
        assert pulled(hub) == ["M-3"]
        with hub.database.read() as connection:
            assert verify_all(connection) == []


def test_a_record_whose_flag_the_peer_refuses(peer: RestPeer, database_url: str, tmp_path: Path, clock: FrozenClock) -> None:
    peer.locked = {2}
    with pulling(peer, FLAGGED, database_url, tmp_path, clock) as hub:
        assert pulled(hub) == [f"M-{number}" for number in range(1, 10)]
        assert {number for number, row in peer.records.items() if not row["exported"]} == {2}
        ((rule, got, at_document),) = told(hub)
        assert rule == "PUL-03" and "locked by an approval" in str(got) and at_document
        for _ in range(2):
            assert "1 not flagged as exported" in str(failure(hub)) and "2: " in str(failure(hub))
            assert pulled(hub) == []
        assert len(told(hub)) == 1, "told once, and shown for as long as it is so"
        peer.locked = set()
        assert pulled(hub) == [] and failure(hub) is None and all(row["exported"] for row in peer.records.values())

"""A new partner's first files: three hundred bad rows of ten classes, corrected by code list, by hand and by map until nothing is open.

Every original stays as it came, byte for byte; every change stands in the audit trail with who and why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from hub import audit, soundness
from hub.clock import FrozenClock
from hub.commands.administration import turn
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import blobs, credentials, tables
from hub_api.app import create_app
from tests.hub_api.conftest import SITE
from tests.journeys import bad_rows

BAD = bad_rows.SHIPMENTS * bad_rows.EACH * len(bad_rows.CLASSES)
FOLLOWS = ("document.landed", "facts.applied")
"""What follows in the same step from a change that names its reason: the correction's own bytes, and the facts that stand now."""
WHY = "agreed with Hafen's Mr Petersen by telephone"


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    """The small site with the new partner, whose files are YAML."""
    folder = bad_rows.site(SITE, tmp_path / "site")
    opened = Hub.open(Settings(tmp_path / "home", folder, database_url, "en", 1_000_000, clock))
    assert soundness.faults(opened.site) == []
    yield opened
    opened.database.close()


class People:
    """The partner and the steward, each with a key."""

    def __init__(self, hub: Hub, client: TestClient) -> None:
        self.client = client
        with hub.database.begin("test") as uow:
            hafen = credentials.issue(uow, "hafen key", "partner", partner_id=hub.partner_id("hafen")).secret
            self.keys = {"hafen": hafen, "steward": credentials.issue(uow, "Ann", "steward").secret}

    def ask(self, method: str, path: str, who: str = "steward", status: int = 200, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.keys[who]}", **more.pop("headers", {})}
        answer = self.client.request(method, path, headers=headers, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    def cases(self, **filters: Any) -> list[dict[str, Any]]:
        """The whole work list, page by page."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, Any] = {}
        while True:
            page = self.ask("GET", "/v1/exceptions", params={**filters, **cursor, "limit": 50})
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}


def test_three_hundred_bad_rows_are_corrected_by_code_list_by_hand_and_by_map(hub: Hub) -> None:
    papers = bad_rows.papers()
    with TestClient(create_app(hub), raise_server_exceptions=False) as client:
        people = People(hub, client)
        for paper in papers:
            headers = {"Idempotency-Key": paper.name, "Content-Type": "text/csv"}
            people.ask("POST", "/v1/documents", "hafen", 202, content=paper.content, headers=headers)
        while turn(hub):
            pass
        assert _left_out(hub) == BAD == 300 and _applied(hub) == bad_rows.SHIPMENTS * bad_rows.GOOD
        waiting = people.cases()
        assert {one["rank"] for one in waiting} == {"supply_part"} and {one["partner"] for one in waiting} == {"hafen"}
        assert (
            len({one["id"] for one in waiting}) == len(waiting) == sum(one["count"] for one in people.ask("GET", "/v1/exceptions/summary"))
        )
        people.ask("GET", "/v1/exceptions", "hafen", 403)

        codes = {"kind": "codes", "name": "hafen_units", "meanings": bad_rows.UNITS}
        told = people.ask("POST", "/v1/exceptions/preview", json=codes)
        assert len(told) == bad_rows.SHIPMENTS and _left_out(hub) == BAD, "a preview stores nothing"
        assert sum(one["rows_left_out"] - one["rows_left_out_then"] for one in told) == 90
        done = people.ask("POST", "/v1/exceptions/fix", json={**codes, "reason": WHY})
        assert all(one["done"] for one in done["outcomes"]) and _left_out(hub) == 210
        assert people.cases(rule="MAP-03") == []

        for rule, fields in bad_rows.BY_HAND.items():
            chosen = [one["id"] for one in people.cases(rule=rule)]
            assert len(chosen) == bad_rows.SHIPMENTS
            bulk = {"cases": chosen, "act": {"action": "correct", "fields": fields, "reason": WHY}}
            assert all(one["done"] for one in people.ask("POST", "/v1/exceptions/bulk", json=bulk))
        assert _left_out(hub) == 90

        mapping = {"kind": "mapping", "name": "delimited/hafen_despatches", "text": bad_rows.MENDED_MAP}
        assert {
            (one["rows_left_out"], one["rows_left_out_then"]) for one in people.ask("POST", "/v1/exceptions/preview", json=mapping)
        } == {(9, 0)}
        people.ask("POST", "/v1/exceptions/fix", json={**mapping, "reason": WHY})
        people.ask("POST", "/v1/exceptions/fix", status=409, json={**mapping, "reason": WHY})

        assert people.cases() == [] and _left_out(hub) == 0 and _applied(hub) == bad_rows.SHIPMENTS * bad_rows.GOOD + BAD
        closed = people.cases(state="closed")
        assert {one["id"] for one in closed} == {one["id"] for one in waiting}
        story = people.ask("GET", f"/v1/exceptions/{waiting[0]['id']}")["story"]
        assert (
            story[0]["action"] == "opened" and story[-1]["action"] == "closed" and {step["actor"] for step in story} == {"reconcile", "Ann"}
        )
    _originals_are_as_they_came(hub, papers)
    _every_change_is_in_the_audit(hub)


def _left_out(hub: Hub) -> int:
    """Rows of messages that speak now which were not applied."""
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.exchange).where(tables.exchange.c.state != "superseded")).all()
    return sum(int((row.keys or {}).get("rows_left_out", 0)) for row in rows)


def _applied(hub: Hub) -> int:
    """Lines that stand."""
    line, application = tables.line, tables.application
    with hub.database.read() as connection:
        query = sa.select(sa.func.count()).select_from(line).join(application, application.c.id == line.c.application_id)
        return int(connection.execute(query.where(application.c.standing)).scalar_one())


def _originals_are_as_they_came(hub: Hub, papers: list[bad_rows.Paper]) -> None:
    with hub.database.read() as connection:
        kept = connection.execute(sa.select(tables.document).where(tables.document.c.channel == "http")).all()
        assert {bytes(row.sha256) for row in kept} == {hashlib.sha256(paper.content).digest() for paper in papers}
        for row in kept:
            assert blobs.read_blob(connection, hub.settings.home, row.sha256) in {paper.content for paper in papers}
        exchanges = connection.execute(sa.select(tables.exchange)).all()
    firsts = {row.id for row in exchanges if row.origin_id is None}
    assert len(firsts) == len(papers), "each new version names the exchange that brought the bytes"
    assert {row.origin_id for row in exchanges if row.origin_id is not None} == firsts


def _every_change_is_in_the_audit(hub: Hub) -> None:
    with hub.database.read() as connection:
        assert audit.verify_all(connection) == []
        entries = connection.execute(sa.select(tables.audit)).all()
        made = connection.execute(sa.select(tables.exchange).where(tables.exchange.c.origin_id.is_not(None))).all()
    by_ann = [row for row in entries if row.actor == "Ann" and row.action not in FOLLOWS]
    assert [(row.action, row.reason) for row in by_ann if row.reason != WHY] == []
    counts = {action: sum(1 for row in by_ann if row.action == action) for action in {row.action for row in by_ann}}
    assert counts["codes.changed"] == counts["mapping.changed"] == 1
    assert counts["exchange.corrected"] + counts["exchange.replayed"] == len(made) == 6 * bad_rows.SHIPMENTS
    assert counts["case.corrected"] == 4 * bad_rows.SHIPMENTS and counts["case.fixed"] >= 2 * bad_rows.SHIPMENTS
    for row in by_ann:
        if row.action.startswith("case."):
            assert row.before and row.after

"""A drill on the demonstration: a raw lot of a supplier is found in two plants, in the warehouse's counts and at three hospitals, unit by
unit as the papers have it, and one unit is not found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from hub.clock import FrozenClock
from hub.commands.administration import turn
from hub.recall import proof, report
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import credentials
from hub.store.tables import audit, node, outbox
from hub.trace.genealogy import trace
from hub_api.app import create_app
from tests.journeys import drill_papers as papers

pytestmark = pytest.mark.slow

SITE = Path(__file__).parents[2] / "deploy" / "site"
HOSPITALS = {"suzhou_east_hospital", "jiangcheng_heart_hospital", "stadtspital"}
CONSIGNEES = {
    "6999999030010": "suzhou_east_hospital",
    "6999999030027": "jiangcheng_heart_hospital",
    "8799999020015": "stadtspital",
    "8799999020022": "stadtspital",
}
"""Whose the places are to which our warehouses deliver: three hospitals, one of them with two clinics."""


@pytest.fixture(scope="module")
def home(played: Callable[[int, str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demonstration that was played."""
    folder = tmp_path_factory.mktemp("drill") / "demo"
    shutil.copytree(played(1, "2026-11-22T06:00:00+00:00") / "demo", folder)
    return folder


@pytest.fixture(scope="module")
def raw(home: Path) -> str:
    """A supplier's lot that reached most places, by most ways."""
    with Hub.open(settings(home)).database.read() as connection:
        keys = connection.execute(sa.select(node.c.key).where(node.c.kind == "lot", node.c.key.contains("|JN", autoescape=True))).scalars()
        reach = {}
        for key in keys:
            found = trace(connection, key, "down")
            reach[key] = (sum(one["kind"] == "location" for one in found["nodes"]), len(found["edges"]), key)
    return str(max(reach, key=lambda key: reach[key]))


def settings(home: Path) -> Settings:
    return Settings(home, SITE, f"sqlite:///{home / 'udihub.db'}", "en", 1_000_000, FrozenClock(datetime(2026, 11, 25, 6, 5, tzinfo=UTC)))


def _second_plant_tells(hub: Hub, client: TestClient, keys: dict[str, str], raw: str) -> papers.Account:
    """The group's systems tell what a second plant made of the lot; gives the account of all papers."""
    story = Path(hub.settings.home) / "story" / "in"
    told = papers.second_plant(story, raw)
    for partner, agreement, content in told:
        headers = {"Authorization": f"Bearer {keys[partner]}", "Prefer": "wait", "Idempotency-Key": agreement}
        answer = client.post("/v1/documents", params={"agreement": agreement}, content=content, headers=headers)
        assert answer.json()["state"] == "processed", answer.text
    while turn(hub):
        pass
    before = [(path.name, path.read_bytes()) for system in ("mes", "wms") for path in (story / system).iterdir()]
    return papers.account([*before, *((agreement, content) for _, agreement, content in told)], raw, CONSIGNEES)


def _tell_one_hospital_and_no_other(hub: Hub, ask: Any, wanted: dict[str, Any], first: str, second: str) -> None:
    """A recall of the same lots: a hospital sees and answers its own notices only; warehouse and quality system are sent their holds."""
    path = f"/v1/recalls/{ask('POST', '/v1/recalls', 'steward', 201, json={**wanted, 'kind': 'recall'})['number']}"
    holds = {one["partner"]: one for one in ask("POST", f"{path}/holds", "steward", json={})["holds"]}
    while turn(hub):
        pass
    (put,) = (Path(hub.settings.home) / "out" / "qms").iterdir()
    named = {lot["lot"] for lot in json.loads(put.read_bytes())["lots"]}
    assert named == {lot["lot"] for lot in holds["qms"]["lots"]} >= {wanted["lots"][0].rpartition("|")[2], papers.NEW_LOT}
    assert [one["kind"] for one in ask("GET", path, "wms")["notices"]] == ["hold"], "the warehouse fetches its own"
    told = ask("POST", f"{path}/notices", "steward", json={})
    mine = ask("GET", path, first)
    assert {one["partner"] for one in mine["notices"]} == {first}
    assert second not in json.dumps(mine) and "lots" not in mine and "totals" not in mine
    foreign = next(one["id"] for one in told["notices"] if one["partner"] == second)
    ask("POST", f"{path}/notices/{foreign}/acknowledge", first, 404, json={})
    ask("POST", f"{path}/notices/{foreign}/answer", first, 404, json={"lots": {}})
    assert [one["number"] for one in ask("GET", "/v1/recalls", first)["items"]] == [path.rpartition("/")[2]]


def test_a_drill_finds_every_place_tells_each_hospital_its_own_and_ends_with_a_report_that_proves_itself(
    home: Path, raw: str, tmp_path: Path
) -> None:
    hub = Hub.open(settings(home))
    keys = {}
    with hub.database.begin("test") as uow:
        keys["steward"] = credentials.issue(uow, "qa", "steward").secret
        for partner in (*HOSPITALS, "wms", "mes"):
            keys[partner] = credentials.issue(uow, f"{partner} key", "partner", partner_id=hub.partner_id(partner)).secret

    with TestClient(create_app(hub), raise_server_exceptions=False) as client:

        def ask(method: str, path: str, who: str, status: int = 200, **more: Any) -> Any:
            answer = client.request(method, path, headers={"Authorization": f"Bearer {keys[who]}"}, **more)
            assert answer.status_code == status, answer.text
            return answer.json()

        expected = _second_plant_tells(hub, client, keys, raw)
        wanted: dict[str, Any] = {"organisation": "suzhou", "title": "Polymer", "reason": "Particles", "lots": [raw], "kind": "drill"}
        wanted["regimes"] = {"cn": "1", "eu": "fsca"}
        opened = ask("POST", "/v1/recalls", "steward", 201, json=wanted)
        number, path = opened["number"], f"/v1/recalls/{opened['number']}"
        positions = [(lot, one) for lot in opened["lots"] for one in lot["positions"]]
        assert {(lot["lot"], one["position"], one["holder"]): Decimal(one["quantity"]) for lot, one in positions} == expected
        assert all(not lot["contradictions"] and lot["coverage"] == "1.0000" for lot in opened["lots"])
        of_raw = {(one["position"], one["holder"]): Decimal(one["quantity"]) for lot, one in positions if lot["named"]}
        here, there = papers.SUZHOU, papers.ROTTERDAM
        assert of_raw.keys() == {("on_hand", here), ("on_hand", there), ("used", here), ("used", there)}, "in two plants"
        assert (of_raw["on_hand", there], of_raw["used", there]) == (papers.SENT - papers.USED, papers.USED)
        assert {CONSIGNEES[one["holder"]]: one["partner"] for _, one in positions if one["position"] == "shipped"} == {
            name: name for name in HOSPITALS
        }
        counted = {exchange for _, one in positions if one["position"] == "on_hand" for exchange in one["evidence"]}
        sources = {ask("GET", f"/v1/exchanges/{one}", "steward")["partner"] for one in counted}
        assert sources == {"wms"}, "what is on hand is what the warehouse counted"

        assert {one["partner"] for one in ask("POST", f"{path}/holds", "steward", json={})["holds"]} == {"wms", "qms"}
        told = ask("POST", f"{path}/notices", "steward", json={})
        assert {one["partner"] for one in told["notices"]} == HOSPITALS
        assert told["unreachable"] == []

        first, second = sorted(HOSPITALS)[:2]
        ask("GET", path, first, 404)  # nobody outside hears of a drill
        foreign = next(one["id"] for one in told["notices"] if one["partner"] == second)
        ask("POST", f"{path}/notices/{foreign}/acknowledge", second, 404, json={})
        ask("POST", f"{path}/notices/{foreign}/answer", second, 404, json={"lots": {}})
        ask("POST", f"{path}/holds", first, 403, json={})
        assert ask("GET", "/v1/recalls", first)["items"] == []
        _tell_one_hospital_and_no_other(hub, ask, wanted, first, second)

        for place, notice in enumerate(told["notices"]):
            said = {lot["answer_as"]: {"used": lot["quantity"]} for lot in notice["lots"]}
            if place == 0:  # one unit cannot be found
                lot = notice["lots"][0]
                said[lot["answer_as"]] = {"used": format(Decimal(lot["quantity"]) - 1, "f")}
            ask("POST", f"{path}/notices/{notice['id']}/answer", "steward", json={"lots": said})
        too_many = {"lots": {told["notices"][0]["lots"][0]["answer_as"]: {"used": "100000"}}}
        ask("POST", f"{path}/notices/{told['notices'][0]['id']}/answer", "steward", 422, json=too_many)
        found = ask("GET", path, "steward")
        unknown = [
            one for lot in found["lots"] for one in lot["positions"] if one["position"] == "unknown" and one["why"] == "not_accounted_for"
        ]
        assert [(one["holder"], one["quantity"]) for one in unknown] == [(told["notices"][0]["place"], "1")]
        assert found["score"]["answered"] == found["score"]["acknowledged"] == "1.0000"
        assert Decimal(found["score"]["coverage"]) < 1
        notice_id = told["notices"][0]["id"]
        ask("POST", f"{path}/notices/{notice_id}/checks", "steward", 201, json={"method": "visit", "outcome": "effective"})
        assert ask("POST", f"{path}/close", "steward", json={"reason": "drill done"})["state"] == "closed"
        ask("POST", f"{path}/close", "steward", 409, json={"reason": "again"})
        ask("GET", f"{path}/report", first, 403)
        packed = client.get(f"{path}/report", headers={"Authorization": f"Bearer {keys['steward']}"})
        assert (packed.status_code, packed.headers["content-type"]) == (200, "application/zip")
        assert int(packed.headers["content-length"]) == len(packed.content)
        (tmp_path / "report.zip").write_bytes(packed.content)
        assert proof.verify(tmp_path / "report.zip") == []
    with hub.database.read() as connection:
        told_of = [f"recall-notice/{one['id']}/0" for one in (*told["notices"], *told["holds"])]
        assert not connection.execute(sa.select(outbox).where(outbox.c.stable_id.in_(told_of))).all()
        actions = connection.execute(sa.select(audit.c.action).where(audit.c.subject == f"recall/{number}")).scalars().all()
        assert {"recall.opened", "recall.sent", "recall.answered", "recall.checked", "recall.closed"} <= set(actions)

    folder = tmp_path / "report"
    names = {path.name for path in report.write(hub, number, folder, "zh-CN")}
    assert names == {"report.en.html", "report.zh-CN.html", "report.en.pdf", "report.zh-CN.pdf", "report.json"}
    assert (folder / "report.zh-CN.pdf").read_bytes().startswith(b"%PDF")
    page = (folder / "report.zh-CN.html").read_text(encoding="utf-8")
    assert "去向不明" in page and "<script" not in page and "http" not in page.replace("http-equiv", "")
    evidence = json.loads((folder / "report.json").read_text(encoding="utf-8"))["evidence"]
    assert evidence and all((folder / "evidence" / one["sha256"]).is_file() for one in evidence)
    assert proof.verify(folder) == []
    assert proof.verify(folder, proof.signer(folder)) == []
    assert proof.verify(folder, "another key")
    some = next((folder / "evidence").iterdir())
    some.write_bytes(some.read_bytes() + b" ")
    (folder / "report.en.pdf").unlink()
    (folder / "added.txt").write_text("x", encoding="utf-8")
    assert len(proof.verify(folder)) == 3
    hub.database.close()

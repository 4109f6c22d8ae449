"""Callbacks: verified over their bytes, landed once, answered as the platform expects; what does not verify is told and lands nothing."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import sqlalchemy as sa
import yaml

from connectors.registry import transport_named
from data_contracts.errors import RefusedError
from hub import callbacks
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import Site
from hub.store import tables
from tests.http_peer import HttpPeer
from tests.hub_api.conftest import SITE, Api
from tests.hub_api.papers import orders
from tests.peers.qimen_peer import Qimen

REPORT = "<request><entryOrder><entryOrderCode>RK1</entryOrderCode></entryOrder><lot>批1</lot></request>".encode()
TAKEN = "<response><flag>success</flag><code>0</code><message>ok</message></response>"
QIMEN = {"signer": "qimen", "keys": {"app_key": "20", "customer_id": "C1", "secret_env": "QIMEN_SECRET"}}
SHOP = {"signer": "hmac_header", "keys": {"secret_env": "SHOP_SECRET", "header": "X-Sig"}, "answer": '{"taken":true}'}


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with two flows that platforms call back."""
    monkeypatch.setenv("QIMEN_SECRET", "qimen-secret")
    monkeypatch.setenv("SHOP_SECRET", "shop-secret")
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    for name, agreement, transport in (("wms_reports", "stock_north", QIMEN), ("shop", "orders_north", SHOP)):
        flow = {"version": 1, "flow": name, "direction": "in", "agreement": agreement}
        flow["transport"] = {"use": "signed_http", **transport, "delta": {"kind": "push"}}
        (site / "flows" / f"{name}.yaml").write_text(yaml.safe_dump(flow))
    opened = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 200_000, clock))
    yield opened
    opened.database.close()


def post(api: Api, flow: str, query: str, body: bytes, **headers: str) -> Any:
    return api.request("POST", f"/callbacks/{flow}?{query}", None, content=body, headers=headers)


def landed(api: Api) -> list[Any]:
    with api.hub.database.read() as connection:
        return list(connection.execute(sa.select(tables.document).order_by(tables.document.c.id)))


def told(api: Api) -> list[tuple[str, bool]]:
    with api.hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.finding).where(tables.finding.c.rule == "SEC-04").order_by(tables.finding.c.id))
        return [(row.expected, row.closed_at is None) for row in rows]


def test_what_a_platform_posts_lands_once_and_what_others_post_never(api: Api) -> None:
    qimen = Qimen("qimen-secret", "C1", api.hub.clock.now)
    first = qimen.calls_back(lambda query, body: post(api, "wms_reports", query, body), "entryorder.confirm", REPORT)
    again = qimen.calls_back(lambda query, body: post(api, "wms_reports", query, body), "entryorder.confirm", REPORT)
    assert (first.status_code, first.text, first.headers["content-type"]) == (200, TAKEN, "text/xml; charset=utf-8")
    assert (again.status_code, again.text) == (200, TAKEN), "answered as before"
    (document,) = landed(api)
    assert (document.channel, document.sha256) == ("callback", hashlib.sha256(REPORT).digest()), "its very bytes, once"

    def torn(query: str, body: bytes) -> Any:
        return post(api, "wms_reports", query, body.replace("批1".encode(), "批2".encode()))

    old = api.hub.clock.now() - timedelta(seconds=301)
    for refused in (
        qimen.calls_back(torn, "entryorder.confirm", REPORT),
        qimen.calls_back(lambda query, body: post(api, "wms_reports", query, body), "entryorder.confirm", REPORT, old),
        qimen.calls_back(lambda query, body: post(api, "unknown", query, body), "entryorder.confirm", REPORT),
        qimen.calls_back(lambda query, body: post(api, "shop", query, body), "entryorder.confirm", REPORT),
        qimen.calls_back(lambda query, body: post(api, "orders_to_acme", query, body), "entryorder.confirm", REPORT),
    ):
        assert (refused.status_code, refused.content) == (403, b""), "one answer for all of them"
    assert len(landed(api)) == 1 and sorted(told(api)) == [("shop", True), ("wms_reports", True)], "told once for each flow"

    good = hmac.new(b"shop-secret", orders("4500000001"), hashlib.sha256).hexdigest()
    taken = post(api, "shop", "", orders("4500000001"), **{"X-Sig": good})
    assert (taken.status_code, taken.json()) == (200, {"taken": True})
    assert sorted(told(api)) == [("shop", False), ("wms_reports", True)], "and over with the first that is right"
    api.settle()
    assert [row["number"] for row in api.get("/v1/orders").json()["items"]] == ["4500000001"]
    assert "shop-secret" not in "".join(str(row) for row in landed(api))


def test_what_keeps_signed_flows_from_working_is_told_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    monkeypatch.delenv("QIMEN_SECRET", raising=False)
    flows: dict[str, dict[str, Any]] = {"lacks": QIMEN, "none": {"signer": "kimen"}, "quiet": {"signer": "u9", "keys": {}}, "sound": SHOP}
    monkeypatch.setenv("SHOP_SECRET", "s")
    for name, transport in flows.items():
        flow = {"version": 1, "flow": name, "direction": "in", "agreement": "stock_north", "transport": {"use": "signed_http", **transport}}
        flow["transport"] |= {"delta": {"kind": "push"}}  # type: ignore[operator]
        (site / "flows" / f"{name}.yaml").write_text(yaml.safe_dump(flow))
    told = {str(one.place.path): str(one.got) for one in callbacks.check(Site.load(site), tmp_path)}
    assert {path.partition(".")[0]: "" for path in told} == {"flows/lacks": "", "flows/none": "", "flows/quiet": ""}
    assert "QIMEN_SECRET is not set" in " ".join(told.values()) and "kimen" in " ".join(told.values())


def test_an_entry_order_goes_to_qimen_once_and_its_failures_under_200_are_told(clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIMEN_SECRET", "qimen-secret")
    warehouse = Qimen("qimen-secret", "C1", clock.now)
    peer = HttpPeer(key=lambda request, _body: request.path, answers=warehouse)
    peer.start()
    try:
        flow = {
            **QIMEN,
            "url": f"{peer.url}/router/qimen/service",
            "clock": clock.now,
            "success": {"at": "flag", "is": ["success"], "says": "message"},
        }
        flow["send"] = {"query": {"method": "taobao.qimen.entryorder.create"}}
        sender = transport_named("signed_http")
        assert sender.send(flow, "a.xml", REPORT, "entry/1").startswith("200 <response><flag>success")
        assert warehouse.orders == {"RK1": REPORT}
        with pytest.raises(RefusedError, match="RK1 已存在"):
            sender.send(flow, "a.xml", REPORT, "entry/2")
        clock.advance(3600)
        warehouse.now = lambda: clock.now() - timedelta(hours=1)
        with pytest.raises(RefusedError, match="Invalid timestamp"):
            sender.send(flow, "a.xml", REPORT, "entry/3")
        warehouse.secret = "another"
        with pytest.raises(RefusedError, match="Invalid signature"):
            sender.send(flow, "a.xml", REPORT, "entry/4")
    finally:
        peer.stop()


def test_who_says_the_same_again_later_means_it_where_nobody_could_play_it_back(hub: Hub, clock: FrozenClock) -> None:
    """Released, blocked, released. A lost answer is repeated within minutes; an old signature that states no moment proves nothing."""

    def say(flow: str, body: bytes) -> bool:
        if flow == "shop":
            made = hmac.new(b"shop-secret", body, hashlib.sha256).hexdigest()
            return callbacks.take(hub, flow, "POST", (), {"x-sig": made}, body).landed
        qimen = Qimen("qimen-secret", "C1", clock.now)
        answer = qimen.calls_back(
            lambda query, body: callbacks.take(hub, flow, "POST", tuple(parse_qsl(query, keep_blank_values=True)), {}, body),
            "entryorder.confirm",
            body,
        )
        return bool(answer.landed)

    other = REPORT.replace(b"RK1", b"RK2")
    for flow, anew in (("wms_reports", True), ("shop", False)):
        assert [say(flow, REPORT), say(flow, other), say(flow, REPORT)] == [True, True, False], "within minutes it is a repetition"
        clock.advance(3600)
        assert [say(flow, REPORT), say(flow, REPORT)] == [anew, False]
        clock.advance(3600)
        assert say(flow, REPORT) is False, "nothing else came in between"
    with hub.database.read() as connection:
        assert "SEC-05" in set(connection.execute(sa.select(tables.finding.c.rule)).scalars())

"""Keys, refusals and headers."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from hub.clock import FrozenClock
from hub.store import credentials
from hub_api import serve
from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, despatch, interchange, stock


def test_all_refusals_look_the_same(api: Api, clock: FrozenClock) -> None:
    with api.hub.database.begin("test") as uow:
        revoked = credentials.issue(uow, "revoked", "admin")
        expired = credentials.issue(uow, "expired", "admin", expires_in=0)
        link = credentials.issue(uow, "link", "admin", kind="one_time_link")
        session = credentials.issue(uow, "session", "admin", kind="session")
    with api.hub.database.begin("test") as uow:
        credentials.revoke(uow, revoked.id, "test")
    good = api.keys["admin"]
    wrong = [
        None,
        "",
        "Bearer",
        "Bearer nonsense",
        f"Basic {good}",
        f"Bearer {good}x",
        f"Bearer {good[:-1]}",
        *(f"Bearer {one.secret}" for one in (revoked, expired, link, session)),
    ]
    answers = [api.client.get("/v1/documents", headers={} if value is None else {"Authorization": value}) for value in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert all(answer.headers["WWW-Authenticate"] == "Bearer" for answer in answers)
    assert api.get("/v1/documents", "admin").status_code == 200


def test_refused_keys_are_slowed_down_and_valid_ones_are_not(api: Api) -> None:
    statuses = [api.client.get("/v1/documents", headers={"Authorization": f"Bearer udi_{n}"}).status_code for n in range(25)]
    assert statuses == [401] * 20 + [429] * 5
    late = api.client.get("/v1/documents", headers={"Authorization": "Bearer udi_x"})
    assert late.headers["Retry-After"] == "60" and late.headers["content-type"] == "application/problem+json"
    assert api.get("/v1/documents", "acme").status_code == 200


def test_every_answer_carries_security_headers(api: Api) -> None:
    for path, who in (("/health/live", None), ("/v1/documents", None), ("/v1/documents", "acme"), ("/nothing", None)):
        headers = api.get(path, who).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] in ("no-store", "private, no-cache")


def test_errors_are_problems_and_tell_nothing_of_the_inside(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("/nothing", "/v1/documents/x", "/v1/documents/1", "/v1/documents?limit=0", "/v1/documents/99999999999999999999"):
        answer = api.get(path, "acme")
        assert answer.status_code in (404, 422), f"{path} {answer.status_code}"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code and answer.json()["type"].startswith("urn:udihub:problem:")
    assert api.request("DELETE", "/v1/documents", "acme").status_code == 405

    def breaks(*_more: object, **_and_more: object) -> None:
        raise ZeroDivisionError("inner secret")

    monkeypatch.setattr("hub.store.listing.documents", breaks)
    answer = api.get("/v1/documents", "acme")
    assert answer.status_code == 500 and "secret" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_hostile_parameters_are_refused_or_find_nothing(api: Api) -> None:
    api.post(interchange(ACME, 1, despatch("S1")), "acme")
    for text in ("'; DROP TABLE exchange; --", "%", "_", "\\", "ｓ1", "🜁" * 50, '"', "%", "a" * 200):
        answer = api.get("/v1/exchanges", "acme", params={"find": text})
        assert answer.status_code == 200 and answer.json()["items"] == [], text
        for path in ("orders", "items", "traces", "parties"):
            assert api.get(f"/v1/{path}/{quote(text, safe='')}").status_code == 404, f"{path} {text}"
    for text in ("S1", "0001"):
        assert len(api.get("/v1/exchanges", "acme", params={"find": text}).json()["items"]) == 1


def test_zero_bytes_are_refused_before_the_store_sees_them(api: Api) -> None:
    api.post(interchange(ACME, 1, despatch("S1")), "acme")
    for path in ("/v1/orders/%00", "/v1/traces/a%00b", "/v1/exchanges?find=%00", "/v1/orders?find=a%00", "/v1/inventory?lot=%00"):
        answer = api.get(path)
        assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json", path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for body in ({"reason": "a\x00b"}, {"reason": "x", "fields": {"number": "\x00"}}, {"reason": "x", "fields": {"a\x00": "b"}}):
        assert api.request("POST", "/v1/exchanges/1/correct", "steward", json=body).status_code == 422
    assert api.request("POST", "/v1/exchanges/1/replay", "steward", json={"reason": "a\x00b"}).status_code == 422
    cursor = base64.urlsafe_b64encode(b'"\\u0000"').decode()
    assert api.get("/v1/items", params={"cursor": cursor}).status_code == 400
    assert api.post(stock(), "wms", params={"agreement": "a\x00"}, key="x").status_code == 400


def test_languages(api: Api) -> None:
    api.post(b"hello", "acme")
    english = api.get("/v1/findings", "acme").json()["items"][0]["message"]
    for header, chinese in (
        ("zh-CN", True),
        ("zh", True),
        ("en;q=0.5, zh-CN;q=0.9", True),
        ("fr, zh;q=0.1", True),
        ("fr", False),
        ("zh;q=0, en", False),
        ("zh;q=nonsense", False),
    ):
        message = api.get("/v1/findings", "acme", headers={"Accept-Language": header}).json()["items"][0]["message"]
        assert (message != english) == chinese, header


def test_metrics_count_routes_and_states_without_content(api: Api) -> None:
    api.post(interchange(ACME, 1, despatch("S1")), "acme")
    api.post(interchange(ACME, 2, despatch("S2")), "acme", wait=False)
    api.get("/v1/documents/1", "acme")
    text = api.get("/metrics", "auditor").text
    assert 'udihub_requests_total{method="GET",route="/v1/documents/{document_id}",status="200"} 1.0' in text
    assert 'udihub_documents{state="processed"} 1.0' in text and 'udihub_documents{state="received"} 1.0' in text
    assert 'udihub_exchanges{direction="in",state="applied"} 1.0' in text
    assert "acme" not in text and "S1" not in text


def test_ready_is_for_the_store_and_the_worker(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api.get("/health/live", None).json() == {"status": "ok", "checks": {}}
    assert api.get("/health/ready", None).json() == {"status": "ok", "checks": {"store": "ok"}}
    worker = serve.Worker(api.hub, api.app.state.wake)
    api.app.state.worker = worker
    assert api.get("/health/ready", None).status_code == 503, "it was never started"
    worker.start()
    assert api.get("/health/ready", None).json()["checks"] == {"store": "ok", "worker": "ok"}
    worker.stop()
    assert not worker.is_alive()
    assert api.get("/health/ready", None).json()["checks"] == {"store": "ok", "worker": "failing"}
    api.app.state.worker = None
    monkeypatch.setattr(api.hub.database, "_failure", "the disk is full")
    assert api.get("/health/ready", None).status_code == 503
    assert api.get("/health/live", None).status_code == 200

"""`partner check --reach` of peers to which documents go: reachable, let in, and nothing sent."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.registry import transport_named
from connectors.spec import Reachable
from data_contracts import config_texts
from data_contracts.errors import ConfigError, RetriableError
from tests.peers.spoken_peer import Heard, Said, spoken


@pytest.mark.parametrize("use", ["rest", "odata"])
def test_credentials_are_proved_by_a_question_that_changes_nothing(use: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_SECRET", "hush-hush")
    tokens = [Said({"access_token": "lent", "expires_in": 3600})]
    answers = {"/": Said({}, 404), "/me": Said({"user": "hub"}), "/closed": Said({}, 403), "/broken": Said({}, 500)}

    def say(heard: Heard) -> Said:
        return tokens[0] if heard.path == "/token" else answers[heard.path]

    transport = transport_named(use)
    assert isinstance(transport, Reachable)
    with spoken(say) as peer:
        auth = {"kind": "oauth2", "grant": "client_credentials", "token_url": f"{peer.url}token", "client_id": use}
        route = {"url": peer.url, "auth": auth | {"client_secret_env": "ERP_SECRET"}, "send": {"path": "orders"}}
        assert "not proved" in str(transport.reach(route, asks=False))
        assert transport.reach(route | {"probe": "me"}, asks=False) == "lets us in, answers 200"
        with pytest.raises(ConfigError, match="does not let us in: 403"):
            transport.reach(route | {"probe": "closed"}, asks=False)
        with pytest.raises(RetriableError):
            transport.reach(route | {"probe": "broken"}, asks=False)
        tokens[0] = Said({"error": "invalid_client"}, 401)
        with pytest.raises(ConfigError, match="does not let us in") as told:
            transport.reach(route | {"auth": auth | {"client_id": "other", "client_secret_env": "ERP_SECRET"}}, asks=False)
    assert "hush-hush" not in str(told.value)
    assert {heard.method for heard in peer.heard if heard.path != "/token"} == {"GET"}


@pytest.mark.parametrize("use", ["rest", "odata"])
@pytest.mark.parametrize(("said", "more", "why"), [
    (Said(b"<!DOCTYPE html><html><title>Sign in</title></html>", headers={"Content-Type": "text/html"}), {},
     "a page of HTML, which takes no document: Sign in"),
    (Said(b"<html><body>Sign in</body></html>", headers={"Content-Type": "application/json"}), {"success": {"at": "code", "is": [0]}},
     "127.0.0.1 answered 200 with a page of HTML"),
    (Said({"code": 401, "msg": "no token"}), {"success": {"at": "code", "is": [0], "says": "msg"}}, '127.0.0.1 answered 401 "no token"'),
    (Said({"error": {"code": "denied"}}), {"failure": {"at": "error"}}, '127.0.0.1 answered {"code": "denied"}'),
    (Said(b"welcome"), {"success": {"at": "code", "is": [0]}}, "the answer is no JSON"),
])  # fmt: skip
def test_a_sign_on_and_a_refusal_under_200_prove_nothing(use: str, said: Said, more: dict[str, Any], why: str) -> None:
    transport = transport_named(use)
    assert isinstance(transport, Reachable)
    with spoken(lambda _heard: said) as peer:
        found = str(transport.reach({"url": peer.url, "send": {"path": "orders"}, **more}, asks=False))
    assert why in found and found.endswith("not proved; name an address that may be read (probe)")
    assert "是否允许登录尚未证实" in config_texts.told(found, "zh-CN")
    own = Said({"code": 0}) if more else Said(b"<html>SAP IDoc XML</html>", headers={"Content-Type": "text/html"})
    with spoken(lambda _heard: own) as peer:
        route = {"url": peer.url, "send": {"path": "orders"}, "answers_html": "IDoc", **more}
        assert transport.reach(route, asks=False) == "lets us in, answers 200"

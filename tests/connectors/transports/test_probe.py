"""`partner check --reach` of peers to which documents go: reachable, let in, and nothing sent."""

from __future__ import annotations

import pytest

from connectors.registry import transport_named
from connectors.spec import Reachable
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

"""Deliveries whose answer is odd, that take long, or that a person sends again meanwhile: each leaves once, or a person decides."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConflictError
from hub import delivery, outbound
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.store import blobs, outbox, tables, trains
from tests.peers.spoken_peer import Heard, Said, spoken


def queue(hub: Hub, route: dict[str, Any], *names: str) -> list[int]:
    with hub.database.begin("pipeline") as uow:
        made = []
        for name in names:
            content = json.dumps({"number": name, "supplier": "V1"}).encode()
            sha256, _ = blobs.keep(uow.connection, uow.home, content)
            whose = hub.organisation_id("north"), hub.partner_id("acme")
            made.append(outbox.put(uow, outbox.Parcel(name, *whose, "document", route, name, "application/json", sha256)))
        return made


def sent(hub: Hub) -> list[tuple[str, str]]:
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.outbox.c.state, tables.outbox.c.answer).order_by(tables.outbox.c.id))
        return [(row.state, row.answer or "") for row in rows]


def deliver(hub: Hub, clock: FrozenClock, times: int = 6) -> None:
    for _ in range(times):
        outbound.send(hub)
        clock.advance(3600)


def test_what_was_given_back_untried_asks_for_nothing_first(hub: Hub, clock: FrozenClock) -> None:
    """Somebody keyed in another document of that number: only what may have left before is asked for."""
    made = {"N3": {"number": "N3", "supplier": "V1"}}
    broken = [True]

    def say(heard: Heard) -> Said:
        if heard.path == "/find":
            number = heard.query["number"]
            return Said({"rows": [made[number]] if number in made else []})
        if broken and broken.pop():
            return Said({}, 500)
        document = json.loads(heard.body)
        if document["number"] in made:
            return Said({"message": "number exists"}, 400)
        made[document["number"]] = document
        return Said({"ok": 1}, 201)

    unless = {"path": "find", "query": {"number": "{document.number}"}, "list": "rows", "record": {"number": "{document.number}"}}
    with spoken(say) as peer:
        queue(hub, {"use": "rest", "url": peer.url, "send": {"path": "orders", "unless": unless}}, "N1", "N2", "N3")
        deliver(hub, clock)
    assert [state for state, _ in sent(hub)] == ["sent", "sent", "dead"] and "number exists" in sent(hub)[2][1]


REST: dict[str, Any] = {"use": "rest", "send": {"path": "orders"}}
TAKEN = {"success": {"at": "code", "is": ["0"]}}
FAILS = {"failure": {"at": "error"}}
GUARDED = {"send": {"path": "orders", "idempotency": "Idempotency-Key"}}


@pytest.mark.parametrize(("route", "said", "state", "posts"), [
    (REST | FAILS, Said(b"", 204), "sent", 1),
    (REST | FAILS, Said(b"OK", 200, {"Content-Type": "text/plain"}), "dead", 1),
    (REST | TAKEN, Said(b"", 202), "dead", 1),
    (REST | TAKEN | GUARDED, Said(b"", 202), "waiting", 3),
    (REST, Said(b"", 204, {"Content-Encoding": "gzip"}), "sent", 1),
    ({"use": "odata", "version": 4, "send": {"path": "Do"}}, Said({"@odata.context": "x", "Succeeded": True}), "sent", 1),
    ({"use": "odata", "version": 4, "send": {"path": "Do"}}, Said({"status": "maintenance"}), "dead", 1),
])  # fmt: skip
def test_what_may_have_been_taken_is_not_sent_again_by_itself(
    hub: Hub, clock: FrozenClock, route: dict[str, Any], said: Said, state: str, posts: int
) -> None:
    """Unless a repeat is none to the peer (`idempotency`, `unless`, our id in the document)."""
    with spoken(lambda _heard: said) as peer:
        queue(hub, route | {"url": peer.url}, "N1")
        deliver(hub, clock, 3)
    ((came, answer),) = sent(hub)
    assert (came, len(peer.heard)) == (state, posts), answer
    assert state != "dead" or "a person decides" in answer or "it may have been taken" in answer


def test_a_delivery_takes_as_long_as_its_route_says_with_all_its_requests(hub: Hub, clock: FrozenClock) -> None:
    """And nobody else has it meanwhile."""
    others: list[list[outbox.Parcel]] = []

    def say(_heard: Heard) -> Said:
        clock.advance(500)  # a slow peer, and a worker that looks what is due
        others.append(trains.claim(hub.database, 10, delivery.LEASE_SECONDS))
        return Said({"ok": 1}, 201)

    with spoken(say) as peer:
        queue(hub, REST | {"url": peer.url, "deadline_seconds": 900}, "N1")
        outbound.send(hub)
    assert others == [[]] and [state for state, _ in sent(hub)] == ["sent"]


def test_what_is_on_its_way_is_not_sent_again_by_hand(hub: Hub, clock: FrozenClock) -> None:
    refusals: list[str] = []

    def say(_heard: Heard) -> Said:
        with pytest.raises(ConflictError, match="on its way just now") as told:
            delivery.resend_parcel(hub, number, "li", "it hangs")
        refusals.append(str(told.value))
        return Said({"ok": 1}, 201)

    with spoken(say) as peer:
        (number,) = queue(hub, REST | {"url": peer.url}, "N1")
        outbound.send(hub)
        assert len(refusals) == 1 and [state for state, _ in sent(hub)] == ["sent"] and len(peer.heard) == 1


@pytest.mark.parametrize("use", ["rpc", "token"])
def test_the_sender_waits_for_no_busy_peer(hub: Hub, monkeypatch: pytest.MonkeyPatch, use: str) -> None:
    """A busy call of RPC, and a busy endpoint of tokens, are no failures of the destination: it says when to come again."""
    monkeypatch.setenv("ERP_SECRET", "hush-hush")
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail(f"slept {seconds}") if seconds > 1 else None)
    with spoken(lambda _heard: Said({}, 429, {"Retry-After": "1200"})) as peer:
        auth = {"kind": "oauth2", "grant": "client_credentials", "token_url": f"{peer.url}token", "client_id": "hub"}
        routes = {
            "rpc": {
                "use": "rpc",
                "dialect": "tryton",
                "url": peer.url,
                "user": "hub",
                "password_env": "ERP_SECRET",
                "send": {"calls": [{"method": "x.y", "params": []}]},
            },
            "token": REST | {"url": peer.url, "auth": auth | {"client_secret_env": "ERP_SECRET"}},
        }
        queue(hub, routes[use], "N1")
        outbound.send(hub)
    with hub.database.read() as connection:
        row = connection.execute(sa.select(tables.outbox)).one()
    assert row.state == "waiting" and row.next_at - hub.clock.now().timestamp() * 1_000_000 >= 1_000_000_000, row.answer

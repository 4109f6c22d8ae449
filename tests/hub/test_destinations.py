"""Destinations: whatever a peer does, everything arrives once and in order; what lasts is told once and ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hub import delivery, outbound
from hub.runtime import Hub
from hub.store import blobs, destinations, figures, outbox, tables
from tests.http_peer import HttpPeer

KEY = "UDIHUB_TEST_HOOK"


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpPeer]:
    monkeypatch.setenv(KEY, "shared")
    made = HttpPeer(key=lambda request, _body: request.headers["UDIHub-Id"])
    made.start()
    yield made
    made.stop()


def queue(hub: Hub, peer: HttpPeer, *names: str, patience: float = 30, **changed: Any) -> None:
    route = {"use": "webhook", "url": peer.url + "/in", "secret_env": KEY, "allow_hosts": ["127.0.0.1"], "timeout_seconds": patience}
    with hub.database.begin("pipeline") as uow:
        for name in names:
            sha256, _ = blobs.keep(uow.connection, uow.home, name.encode())
            parcel = outbox.Parcel(
                name, hub.organisation_id("north"), hub.partner_id("acme"), "document", route, name, "text/plain", sha256
            )
            outbox.put(uow, replace(parcel, **changed))


def wait(hub: Hub, **time: float) -> int:
    """Time passes; returns how many deliveries were tried then."""
    hub.clock.advance(timedelta(**time).total_seconds())  # type: ignore[attr-defined]
    return outbound.send(hub)


def states(hub: Hub) -> list[str]:
    with hub.database.read() as connection:
        return list(connection.execute(sa.select(tables.outbox.c.state).order_by(tables.outbox.c.id)).scalars())


def told(hub: Hub) -> list[tuple[str, str | None, bool]]:
    """Rule, destination and whether it lasts."""
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.finding).order_by(tables.finding.c.id))
        return [(row.rule, row.expected, row.closed_at is None) for row in rows]


def shown(hub: Hub) -> list[dict[str, Any]]:
    with hub.database.read() as connection:
        return destinations.listed(connection, [hub.organisation_id("north")])


def test_whatever_the_peer_does_all_arrives_once_and_in_order(hub: Hub, peer: HttpPeer) -> None:
    names = [f"order-{number}" for number in range(8)]
    queue(hub, peer, *names, patience=0.3)
    peer.faults = ["500", "slow", "half", "cut", "429"]
    while "waiting" in states(hub):
        before = peer.requests
        tried = outbound.send(hub)
        if peer.taken == [] or tried == 0:
            hub.clock.advance(60)  # type: ignore[attr-defined]
        assert peer.requests - before <= tried
    signed = {"use": "signed_http", "signer": "hmac_header", "url": peer.url, "keys": {"secret_env": KEY}, "timeout_seconds": 0.3}
    signed |= {"send": {"path": "/in", "idempotency": "UDIHub-Id"}, "success": {"at": "code", "is": ["ok"], "again": ["busy"]}}
    peer.answers = lambda _request, _body: (200, b'{"code": "ok"}')
    more = [f'"order-{number}"' for number in range(8, 14)]
    queue(hub, peer, *more, route=signed)
    names += more
    peer.faults = ["error", "half", "500", "cut", "slow"]
    while "waiting" in states(hub):
        assert outbound.send(hub) or not hub.clock.advance(60)  # type: ignore[attr-defined]
    assert peer.faults == []
    assert [one.decode() for one in peer.taken] == names
    assert states(hub) == ["sent"] * 14


def test_a_peer_that_is_away_opens_the_circuit_and_the_first_delivery_closes_it(hub: Hub, peer: HttpPeer) -> None:
    place = f"webhook 127.0.0.1:{peer.port}"
    queue(hub, peer, "a", "b")
    queue(hub, peer, "c", "d", ordered=False)
    peer.stop()
    assert outbound.send(hub) == 3, "b waits behind a; c and d wait for nobody"
    assert wait(hub, minutes=2) == 2 and told(hub) == [("OUT-06", place, True)], "the fifth failure in a row opens it: d is not tried"
    (one,) = shown(hub)
    assert (one["state"], one["failures"], one["waiting"], one["partner"]) == ("open", 5, 4, "acme")
    assert "refused" in one["error"]
    with hub.database.read() as connection:
        assert figures.figures(connection).circuits == 1
    assert outbound.send(hub) == 0, "nothing is tried before its time"
    assert wait(hub, minutes=5) == 1, "one parcel tries, and no other"
    assert wait(hub, seconds=50) == 0 and wait(hub, minutes=5) == 1
    assert told(hub) == [("OUT-06", place, True)], "told once, however long it lasts"
    peer.start()
    hub.clock.advance(900)  # type: ignore[attr-defined]
    assert outbound.send(hub) == 4, "with the first delivery all the others go"
    assert sorted(peer.taken) == [b"a", b"b", b"c", b"d"] and peer.taken.index(b"a") < peer.taken.index(b"b")
    assert told(hub) == [("OUT-06", place, False)] and shown(hub) == []


def test_a_pause_that_the_peer_asks_for_is_kept_by_all_that_goes_there(hub: Hub, peer: HttpPeer) -> None:
    queue(hub, peer, "a", "b", ordered=False)
    other = HttpPeer(key=lambda request, _body: request.headers["UDIHub-Id"])
    other.start()
    queue(hub, other, "elsewhere")
    peer.faults = ["429"]
    assert outbound.send(hub) == 2, "what goes elsewhere does not wait"
    other.stop()
    assert (peer.taken, other.taken) == ([], [b"elsewhere"])
    assert wait(hub, seconds=590) == 0
    assert wait(hub, seconds=11) == 2 and sorted(peer.taken) == [b"a", b"b"]
    assert told(hub) == [], "a peer that answers is no peer that is away"


def test_a_pace_is_kept_and_what_is_refused_is_an_answer(hub: Hub, peer: HttpPeer) -> None:
    queue(hub, peer, "a", "b", "c", pace=6)
    assert outbound.send(hub) == 1 and wait(hub, seconds=9) == 0
    assert wait(hub, seconds=1) == 1 and wait(hub, seconds=10) == 1
    assert [one.decode() for one in peer.taken] == ["a", "b", "c"]
    peer.answers = lambda _request, _body: (422, b"no")
    queue(hub, peer, *"defghi")
    assert wait(hub, seconds=10) == 6 and told(hub) == [("OUT-02", name, True) for name in "defghi"]
    (one,) = shown(hub)
    assert (one["state"], one["failures"], one["dead"]) == ("closed", 0, 6)
    with hub.database.read() as connection:
        (number, *_rest) = [row["id"] for row in outbox.listed(connection, "dead")]
    peer.answers = lambda _request, _body: (200, b"yes")
    delivery.resend_parcel(hub, number, "ira", "they have mended it")
    assert outbound.send(hub) == 1 and peer.taken[-1] == b"i"


def test_a_destination_is_named_without_what_may_be_secret() -> None:
    for route, name in (
        ({"use": "webhook", "url": "https://hooks.example:8443/T00/B00/xyz?token=1"}, "webhook hooks.example:8443"),
        ({"use": "sftp", "host": "sftp.example", "port": 2222, "user": "u", "folder": "out"}, "sftp sftp.example:2222"),
        ({"use": "folder", "folder": "out"}, "folder out"),
        ({"use": "webhook", "url": "https://hooks.example:port/"}, "webhook"),
        ({"use": "response"}, "response"),
    ):
        assert destinations.name_of(route) == name

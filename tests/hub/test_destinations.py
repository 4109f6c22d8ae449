"""Destinations: whatever a peer does, everything arrives once and in order; what lasts is told once and ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
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
    peer.answers = lambda _request, body: (422, b"no " + body)
    queue(hub, peer, *"defghi")
    assert wait(hub, seconds=10) == 6 and told(hub) == [("OUT-02", name, True) for name in "defghi"]
    (one,) = shown(hub)
    assert (one["state"], one["failures"], one["dead"]) == ("closed", 0, 6)
    with hub.database.read() as connection:
        (number, *_rest) = [row["id"] for row in outbox.listed(connection, "dead")]
    peer.answers = lambda _request, _body: (200, b"yes")
    delivery.resend_parcel(hub, number, "ira", "they have mended it")
    assert outbound.send(hub) == 1 and peer.taken[-1] == b"i"


PAGE = b"<!DOCTYPE html><html><head><title>We are back at 6</title></head></html>"
TWELVE = [f"order-{number}" for number in range(12)]


@pytest.mark.parametrize("answer", [(302, b""), (404, b"default backend - 404"), (405, PAGE), (400, PAGE), (200, PAGE)])
def test_what_stands_before_the_peer_kills_nothing(hub: Hub, peer: HttpPeer, answer: tuple[int, bytes]) -> None:
    peer.answers = lambda _request, _body: answer
    queue(hub, peer, *TWELVE)
    for _ in range(6):
        wait(hub, minutes=15)
    assert states(hub) == ["waiting"] * 12 and told(hub) == [("OUT-06", f"webhook 127.0.0.1:{peer.port}", True)]
    assert 5 <= peer.requests <= 7, "one parcel tries"
    peer.answers, peer._known, peer.taken = (lambda _request, _body: (200, b"ok")), set(), []
    assert wait(hub, minutes=16) == 12 and [one.decode() for one in peer.taken] == TWELVE
    assert told(hub) == [("OUT-06", f"webhook 127.0.0.1:{peer.port}", False)]


@pytest.mark.parametrize("ordered", [True, False])
def test_five_refusals_of_one_reason_are_no_judgement_of_what_waits_behind_them(hub: Hub, peer: HttpPeer, ordered: bool) -> None:
    place = f"webhook 127.0.0.1:{peer.port}"
    peer.answers = lambda _request, body: (422, b'{"message": "%s: no field Plant"}' % body)
    queue(hub, peer, *TWELVE, ordered=ordered)
    assert outbound.send(hub) == 5 and states(hub) == ["dead"] * 5 + ["waiting"] * 7
    assert [rule for rule, _, _ in told(hub)] == ["OUT-02"] * 4 + ["OUT-06", "OUT-02"]
    (one,) = shown(hub)
    assert (one["state"], one["waiting"], one["dead"]) == ("open", 7, 5) and "no field Plant" in one["error"]
    assert wait(hub, seconds=31) == 1 and states(hub).count("dead") == 5, "what an open circuit is refused with is no judgement of a parcel"
    assert wait(hub, minutes=16) == 1 and wait(hub, minutes=16) == 1 and states(hub).count("dead") == (6 if ordered else 5)
    peer.answers = lambda _request, body: (422, b"unknown vendor") if body.endswith(b"7") else (200, b"ok")
    wait(hub, minutes=16)
    assert outbound.send(hub) + states(hub).count("sent") >= 5 and "waiting" not in states(hub), "another answer, and the others go"
    assert states(hub)[7] == "dead" and [one for one in told(hub) if one[0] == "OUT-06"] == [("OUT-06", place, False)]
    lost = states(hub).count("dead")
    peer.answers = lambda _request, _body: (200, b"ok")
    with pytest.raises(ConflictError, match="reason"):
        outbound.resend_dead(hub, place, "ira", " ")
    with pytest.raises(NotFoundError):
        outbound.resend_dead(hub, place, "ira", "mended", partner="borealis")
    with pytest.raises(NotFoundError):
        outbound.resend_dead(hub, "webhook elsewhere", "ira", "mended")
    assert outbound.resend_dead(hub, place, "ira", "they take us again", "acme", [hub.organisation_id("north")]).count == lost
    peer._known, peer.taken = set(), []
    assert wait(hub, minutes=1) == lost and states(hub) == ["sent"] * 12
    if ordered:
        assert [one.decode() for one in peer.taken] == [name for name in TWELVE if name.encode() in peer.taken], "in order"
    with hub.database.read() as connection:
        said = connection.execute(sa.select(tables.audit).where(tables.audit.c.action == "outbox.resent")).all()
    assert [row.reason for row in said] == ["they take us again"] * lost
    assert not [one for one in told(hub) if one[2]]


def test_a_refusal_of_before_an_outage_says_nothing_of_it(hub: Hub, peer: HttpPeer) -> None:
    queue(hub, peer, "a", "b", "c")
    peer.answers = lambda _request, _body: (422, b"no")
    peer.faults = ["", "500", "500", "500", "500", "500"]
    assert outbound.send(hub) == 2
    for _ in range(4):
        wait(hub, minutes=2)
    assert shown(hub)[0]["state"] == "open" and states(hub) == ["dead", "waiting", "waiting"]
    assert wait(hub, minutes=15) == 2 and states(hub) == ["dead"] * 3, "the peer answers again: the circuit is closed"


def test_a_destination_is_named_without_what_may_be_secret() -> None:
    for route, name in (
        ({"use": "webhook", "url": "https://hooks.example:8443/T00/B00/xyz?token=1"}, "webhook hooks.example:8443"),
        ({"use": "sftp", "host": "sftp.example", "port": 2222, "user": "u", "folder": "out"}, "sftp sftp.example:2222"),
        ({"use": "folder", "folder": "out"}, "folder out"),
        ({"use": "webhook", "url": "https://hooks.example:port/"}, "webhook"),
        ({"use": "response"}, "response"),
    ):
        assert destinations.name_of(route) == name

"""Subscribers are told of every event that answers, once and in order, whatever happens on the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.transports.webhook import signature
from data_contracts.errors import NotFoundError, RefusedError
from hub import audit
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.store import credentials, event_tables
from hub.store.credentials import Caller
from hub.store.horizon import Horizon
from hub.visibility import named, subscriptions
from hub.visibility.settings import Subscriptions
from tests.connectors.formats.epcis.documents import PACKED, document, with_
from tests.hub.conftest import take

TOKEN = "a secret that the two share"
PACKING = {"EQ_action": ["ADD"]}


@dataclass
class Receiver:
    """A subscriber's own server."""

    address: str
    answers: list[int] = field(default_factory=list)
    """Status codes to give next; 200 when there is none."""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def told(self) -> list[list[str]]:
        """Times of the events of each call."""
        return [
            [event["eventTime"] for event in json.loads(body)["epcisBody"]["queryResults"]["resultsBody"]["eventList"]]
            for _, body in self.calls
        ]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = found.answers.pop(0) if found.answers else 200
            if status == 200:
                found.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.address = f"http://127.0.0.1:{server.server_address[1]}/events"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def plant(hub: Hub) -> Caller:
    with hub.database.begin("test") as uow:
        secret = credentials.issue(uow, "plant key", "partner", partner_id=hub.partner_id("plant")).secret
        caller = credentials.authenticate(uow.connection, secret, uow.now)
    assert caller is not None
    return caller


def subscribe(hub: Hub, caller: Caller, receiver: Receiver, query: dict[str, Any] | None = None, **more: Any) -> str:
    with hub.database.read() as connection:
        known = connection.execute(sa.select(sa.func.count()).select_from(event_tables.event_query)).scalar_one()
    name = f"q{known}"
    named.create(hub, caller, name, PACKING if query is None else query)
    stated = {"dest": receiver.address, "signatureToken": TOKEN, **({"stream": True} if "schedule" not in more else {}), **more}
    return str(named.subscribe(hub, caller, name, named.read_subscriber(stated, hub, "Never_Translates")).key)


def at(minute: int, **more: Any) -> dict[str, Any]:
    return with_(PACKED, eventTime=f"2026-11-20T09:{minute:02}:00+08:00", **more)


def time_of(minute: int) -> str:
    return f"2026-11-20T09:{minute:02}:00+08:00"


def failure(hub: Hub) -> Any:
    with hub.database.read() as connection:
        return connection.execute(sa.select(event_tables.event_subscription.c.failure)).scalar_one()


def test_a_subscriber_is_called_with_what_answers_and_can_check_who_calls(hub: Hub, plant: Caller, receiver: Receiver) -> None:
    take(hub, document(at(0)), "plant", key="before")
    key = subscribe(hub, plant, receiver)
    assert subscriptions.serve(hub) == 0
    take(hub, document(at(1), at(2, action="OBSERVE"), at(3)), "plant", key="1")
    take(hub, document(at(4)), "depot", key="2")
    assert subscriptions.serve(hub) == 1 and subscriptions.serve(hub) == 0
    assert receiver.told() == [[time_of(1), time_of(3)]], "its own that answer, and none from before"
    headers, body = receiver.calls[0]
    assert headers["gs1-signature"] == signature(TOKEN.encode(), headers["udihub-timestamp"], headers["udihub-id"], body)
    assert headers["content-type"] == "application/ld+json" and headers["udihub-id"].startswith(key)
    results = json.loads(body)["epcisBody"]["queryResults"]
    assert (results["queryName"], results["subscriptionID"]) == ("q0", key)
    with hub.database.read() as connection:
        assert audit.verify_all(connection) == []


def test_a_receiver_that_is_away_misses_nothing(hub: Hub, plant: Caller, receiver: Receiver, clock: FrozenClock) -> None:
    subscribe(hub, plant, receiver)
    receiver.answers += [503, 500]
    take(hub, document(at(1)), "plant", key="1")
    assert subscriptions.serve(hub) == 1 and subscriptions.serve(hub) == 0
    assert "503" in failure(hub)
    take(hub, document(at(2)), "plant", key="2")
    assert subscriptions.serve(hub) == 0, "it is tried later, not at once"
    clock.advance(6)
    assert subscriptions.serve(hub) == 1
    clock.advance(6)
    assert subscriptions.serve(hub) == 0, "each time later"
    clock.advance(5)
    assert subscriptions.serve(hub) == 1
    assert receiver.told() == [[time_of(1), time_of(2)]] and failure(hub) is None


def test_a_receiver_that_takes_less_gets_less(hub: Hub, plant: Caller, receiver: Receiver) -> None:
    subscribe(hub, plant, receiver)
    receiver.answers += [413, 413]
    take(hub, document(*(at(minute) for minute in range(8))), "plant")
    while subscriptions.serve(hub):
        pass
    assert [time for call in receiver.told() for time in call] == [time_of(minute) for minute in range(8)]
    assert len(receiver.told()[0]) == 2


def test_many_events_come_in_several_calls(hub: Hub, plant: Caller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "AT_ONCE", 3)
    subscribe(hub, plant, receiver)
    take(hub, document(*(at(minute) for minute in range(7))), "plant")
    assert subscriptions.serve(hub) == 3
    assert [len(call) for call in receiver.told()] == [3, 3, 1] and len({call[0]["udihub-id"] for call in receiver.calls}) == 3


def test_a_schedule_is_kept_and_says_when_there_is_nothing(hub: Hub, plant: Caller, receiver: Receiver, clock: FrozenClock) -> None:
    subscribe(hub, plant, receiver, schedule={"minute": "0/10"}, reportIfEmpty=True)
    subscribe(hub, plant, receiver, schedule={"minute": "0/10"})
    take(hub, document(at(1)), "plant", key="1")
    assert subscriptions.serve(hub) == 0
    clock.advance(600)
    assert subscriptions.serve(hub) == 2 and subscriptions.serve(hub) == 0
    assert receiver.told() == [[time_of(1)], [time_of(1)]]
    clock.advance(600)
    assert subscriptions.serve(hub) == 2
    assert receiver.told()[2:] == [[]]


def test_the_first_report_may_reach_back(hub: Hub, plant: Caller, receiver: Receiver, clock: FrozenClock) -> None:
    take(hub, document(at(1)), "plant", key="1")
    clock.advance(60)
    since = clock.now().isoformat()
    clock.advance(60)
    take(hub, document(at(2)), "plant", key="2")
    subscribe(hub, plant, receiver, initialRecordTime=since)
    assert subscriptions.serve(hub) == 1 and receiver.told() == [[time_of(2)]]


def test_whoever_has_no_key_any_more_is_told_nothing(hub: Hub, plant: Caller, receiver: Receiver, clock: FrozenClock) -> None:
    subscribe(hub, plant, receiver)
    with hub.database.begin("admin") as uow:
        credentials.revoke(uow, plant.credential_id, "the contract has ended")
    take(hub, document(at(1)), "plant", key="1")
    subscriptions.serve(hub)
    assert receiver.told() == [] and "no valid key" in failure(hub)
    with hub.database.begin("admin") as uow:
        credentials.issue(uow, "another key", "partner", partner_id=plant.partner_id, expires_in=3600)
    clock.advance(10)
    subscriptions.serve(hub)
    assert receiver.told() == [[time_of(1)]], "what it missed has waited for it"
    take(hub, document(at(2)), "plant", key="2")
    clock.advance(3600)
    subscriptions.serve(hub)
    assert len(receiver.calls) == 1, "that key has expired"


def test_a_host_that_the_site_no_longer_lists_is_not_called(
    hub: Hub, plant: Caller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(hub, plant, receiver)
    take(hub, document(at(1)), "plant", key="1")
    events = hub.site.events.model_copy(update={"subscriptions": Subscriptions(hosts=("hooks.partner.example",))})
    monkeypatch.setattr(hub.site, "events", events)
    subscriptions.serve(hub)
    assert receiver.calls == [] and "epcis.yaml" in failure(hub)


def test_a_query_that_is_gone_ends_its_subscriptions(hub: Hub, plant: Caller, receiver: Receiver) -> None:
    key = subscribe(hub, plant, receiver)
    other = Caller("depot key", "partner", hub.partner_id("depot"), plant.organisations, 2)
    with pytest.raises(NotFoundError):
        named.unsubscribe(hub, other, "q0", key)
    named.delete(hub, plant, "q0")
    take(hub, document(at(1)), "plant")
    assert subscriptions.serve(hub) == 0 and receiver.calls == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"dest": "https://evil.example/hook"}, {"dest": "http://10.0.0.1/hook"}, {"dest": "https://user:x@hooks.partner.example/"},
        {"dest": "ftp://hooks.partner.example/"}, {"dest": 7}, {"dest": "https://[::1"}, {"stream": False}, {"schedule": {"hour": "1"}},
        {"signatureToken": "short"}, {"stream": True, "schedule": {"hour": "1"}}, {"reportIfEmpty": "yes"}, {"epcFormat": "Barcode"},
        {"initialRecordTime": "yesterday"}, {"other": 1},
    ],
)  # fmt: skip
def test_a_subscription_that_cannot_be_kept_is_refused(hub: Hub, wrong: dict[str, Any]) -> None:
    stated = {"dest": "https://hooks.partner.example/events", "signatureToken": TOKEN, "stream": True}
    assert named.read_subscriber(stated, hub, "Never_Translates").schedule is None
    with pytest.raises(RefusedError):
        named.read_subscriber({**stated, **wrong}, hub, "Never_Translates")


def test_a_partner_has_so_many_subscriptions_and_no_more(hub: Hub, plant: Caller, receiver: Receiver) -> None:
    for _ in range(3):
        subscribe(hub, plant, receiver)
    with pytest.raises(RefusedError):
        subscribe(hub, plant, receiver)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nobody_runs_ahead_of_a_transaction_that_is_open(hub: Hub) -> None:
    """PostgreSQL shows a later id before an earlier one; what reads in order waits for both. SQLite has one writer."""
    take(hub, document(at(1)), "plant", key="1")
    with hub.database.read() as connection:
        first = connection.execute(sa.select(sa.func.max(event_tables.event.c.id))).scalar_one()
    horizon = Horizon()
    assert horizon.look(hub.database) == first
    engine = sa.create_engine(hub.database.url.set(drivername="postgresql+psycopg"))
    with engine.connect() as slow:
        slow.execute(sa.text("UPDATE counter SET next = next"))
        slow.execute(sa.text("SELECT pg_current_xact_id()"))
        slow.execute(sa.text("SELECT nextval('event_key')"))
        assert horizon.look(hub.database) == first, "it is open, and none that began later has ended"
        take(hub, document(at(2)), "plant", key="2")
        assert horizon.look(hub.database) == first and horizon.look(hub.database) == first
        slow.rollback()
    engine.dispose()
    assert horizon.look(hub.database) == first + 2


def test_a_key_of_own_people_shares_their_queries(hub: Hub, plant: Caller) -> None:
    with hub.database.begin("test") as uow:
        secret = credentials.issue(uow, "integration key", "integration").secret
    with hub.database.read() as connection:
        caller = credentials.authenticate(connection, secret, uow.now)
    assert caller is not None and named.owner_of(caller) == 0 and named.owner_of(plant) == plant.partner_id

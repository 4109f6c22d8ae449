"""Peers that are stopped, started again, slowed, and answer 429, 500, half a body and an error under 200 all the while: all records
arrive, once, and in order where order is promised.

`make prove-meddled` does it with ten thousand records (`UDIHUB_RECORDS`), `make test` with a few.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from data_contracts.errors import HubError
from hub import outbound, pipeline, worker
from hub.audit import verify_all
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables
from tests.conformance.test_asked_systems import Called, Rested, Served, System
from tests.http_peer import HttpPeer
from tests.hub.test_destinations import KEY, queue, states
from tests.peers.meddler import MISCHIEF, Between, meddled
from tests.peers.odata_peer import ODataHandler, ODataPeer
from tests.peers.rest_peer import Handler, RestPeer, running
from tests.peers.rpc_peer import PASSWORD, RpcHandler, RpcPeer

RECORDS = int(os.environ.get("UDIHUB_RECORDS", "80"))
PAGE = max(5, RECORDS // 50)
TIMES = 40
"""Runs of a flow after which it must be through; each gets some pages on."""
_MOMENT = "2026-11-22T0%d:%02d:%02dZ"


@contextmanager
def by_rest(between: list[Between]) -> Iterator[tuple[System, str]]:
    with running(Handler, RestPeer()) as peer, meddled(peer.port) as stands:
        between.append(stands)
        system = Rested(peer)
        system.settings |= {"url": stands.url, "paging": {"style": "offset", "size": PAGE}, "patience_seconds": 5}
        yield system, "data[]"


@contextmanager
def by_odata(between: list[Between]) -> Iterator[tuple[System, str]]:
    peer = ODataPeer()
    peer.size = PAGE
    with running(ODataHandler, peer), meddled(peer.port) as stands:
        between.append(stands)
        system = Served(peer, 4)
        system.settings |= {"url": f"{stands.url}/v4/"}
        yield system, "value[]"


@contextmanager
def by_rpc(between: list[Between]) -> Iterator[tuple[System, str]]:
    with running(RpcHandler, RpcPeer()) as peer, meddled(peer.port) as stands:
        between.append(stands)
        system = Called(peer)
        system.settings |= {"url": f"{stands.url}/hub/rpc/", "page": PAGE}
        yield system, "rows[]"


SYSTEMS = {"rest": by_rest, "odata": by_odata, "rpc": by_rpc}


def fill(system: System) -> None:
    """Records of few stamps, every fifth never changed; a name is the moment that it was issued at."""
    for number in range(1, RECORDS + 1):
        minute = number * 100 // RECORDS
        changed = None if number % 5 == 0 else f"2026-11-22 07:{minute % 60:02}:{number % 60:02}"
        system.put(number, changed, f"2026-11-22 06:{minute % 60:02}:{number % 60:02}", _MOMENT % (6, minute % 60, number % 60))


def site_of(folder: Path, transport: dict[str, Any], messages: str) -> Path:
    """A site with one flow, which takes in each record as an item."""
    fields = {"id": {"type": "integer", "required": True}, "name": {"type": "instant", "required": True}}
    constants: dict[str, Any] = {"name": "Screw", "kind": "component", "base_unit": "EA", "status": "active"}
    constants |= {"lot_controlled": True, "serial_controlled": False}
    files: dict[str, dict[str, Any]] = {
        "site.yaml": {"version": 1, "name": "meddled", "organisations": [{"key": "north", "name": "North", "currency": "EUR"}]},
        "partners/erp.yaml": {"version": 1, "partner": "erp", "name": "ERP", "kind": "erp"},
        "agreements/items.yaml": {
            "version": 1, "agreement": "items", "partner": "erp", "organisation": "north", "direction": "in", "format": "json",
            "grammar": "things", "messages": [{"type": "things", "mapping": "json/things"}],
            "acknowledge": {"functional": "never", "interchange": "never"},
        },
        "grammars/json/things.yaml": {
            "version": 1, "grammar": "things", "format": "json", "message": "things", "title": {"en": "Things", "zh-CN": "物料"},
            "messages": messages, "others": "leave", "fields": fields,
        },
        "mappings/json/things.yaml": {
            "mapping": "json/things", "version": 1, "format": "json", "message": "things", "entity": "Item", "direction": "in",
            "fields": [
                {"to": "number", "from": "id"}, {"to": "issued_at", "from": "name", "as": "iso_instant"},
                *({"to": name, "const": value} for name, value in constants.items()),
            ],
        },
        "flows/items.yaml": {"version": 1, "flow": "items", "direction": "in", "agreement": "items", "transport": transport},
    }  # fmt: skip
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))
    return folder


def pulled_through(hub: Hub) -> int:
    """Run the flow until it is through; how many runs broke off."""
    for broke in range(TIMES * max(1, RECORDS // 1000)):
        try:
            pipeline.fetch(hub, hub.site.flows["items"])
        except HubError:  # a system that refuses today is asked again by the next run of the schedule
            hub.clock.advance(60)  # type: ignore[attr-defined]
            continue
        return broke
    raise AssertionError("the flow gets nowhere")


@pytest.mark.parametrize("name", SYSTEMS)
def test_all_records_of_a_troubled_system_arrive_once(
    name: str, database_url: str, tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPC_PASSWORD", PASSWORD)
    between: list[Between] = []
    with SYSTEMS[name](between) as (system, messages):
        fill(system)
        site = site_of(tmp_path / "site", {"use": system.transport.name, **system.settings}, messages)
        hub = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 10**8, clock))
        broke = pulled_through(hub)
        worker.drain(hub)
        met = between[0].met
        assert RECORDS < 10_000 or (broke and set(met) == {*MISCHIEF, "passed"}), met
        arrived = items(hub)
        assert sorted(arrived) == sorted(f"item/{number}" for number in range(1, RECORDS + 1)), "once each"
        system.put(3, "2026-11-22 07:59:59", "2026-11-22 06:00:00", _MOMENT % (7, 59, 59))
        pulled_through(hub)
        worker.drain(hub)
        assert items(hub)[RECORDS:] == ["item/3"], "and of a second pull only what changed"
        with hub.database.read() as connection:
            assert verify_all(connection) == []
        hub.database.close()


def items(hub: Hub) -> list[str]:
    """What was applied, in that order; nothing else came."""
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.exchange.c.business_key, tables.exchange.c.state).order_by(tables.exchange.c.id)).all()
    assert {row.state for row in rows[:RECORDS]} <= {"applied", "superseded"} and {row.state for row in rows[RECORDS:]} <= {"applied"}
    assert sum(row.state == "superseded" for row in rows) == max(0, len(rows) - RECORDS)
    return [row.business_key for row in rows]


@pytest.mark.slow
def test_a_database_that_hangs_up_is_asked_again(database_url: str, tmp_path: Path, clock: FrozenClock, postgres_server: Any) -> None:
    name = f"troubled_{tmp_path.name.replace('-', '_')}"
    postgres_server.execute(f'CREATE DATABASE "{name}"')
    address = sa.make_url(postgres_server.url(name)).difference_update_query(["durable"]).render_as_string(hide_password=False)
    engine = sa.create_engine(address, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, changed TIMESTAMP)"))
        rows = [
            {"id": number, "name": _MOMENT % (6, number % 60, 0), "changed": f"2026-11-22 06:{number % 60:02}:00"}
            for number in range(1, RECORDS + 1)
        ]
        connection.execute(sa.text("INSERT INTO things VALUES (:id, :name, :changed)"), rows)
    transport = {
        "use": "sql", "database": address, "view": "things", "columns": ["id", "name", "changed"], "page": PAGE,
        "delta": {"kind": "stamp", "field": "changed", "id": "id"},
    }  # fmt: skip
    hub = Hub.open(Settings(tmp_path / "home", site_of(tmp_path / "site", transport, "rows[]"), database_url, "en", 10**8, clock))
    over, draw = threading.Event(), Random(1)

    def hang_up() -> None:
        kill = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()")
        while not over.is_set():
            with engine.begin() as connection:
                connection.execute(kill, {"name": name})
            time.sleep(draw.random() * 0.2)

    troublemaker = threading.Thread(target=hang_up)
    troublemaker.start()
    try:
        pulled_through(hub)
    finally:
        over.set()
        troublemaker.join()
    worker.drain(hub)
    assert sorted(items(hub)) == sorted(f"item/{number}" for number in range(1, RECORDS + 1))
    hub.database.close()
    engine.dispose()


@pytest.mark.slow
def test_all_documents_to_a_troubled_peer_arrive_once_and_in_order(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "shared")
    peer = HttpPeer(key=lambda request, _body: request.headers["UDIHub-Id"], answers=lambda _request, _body: (200, b'{"code": "ok"}'))
    peer.start()
    names = [f'"order-{number}"' for number in range(RECORDS)]
    try:
        with meddled(peer.port) as between:
            route = {"use": "signed_http", "signer": "hmac_header", "url": between.url, "keys": {"secret_env": KEY}, "timeout_seconds": 5}
            route |= {"send": {"path": "/in", "idempotency": "UDIHub-Id"}, "success": {"at": "code", "is": ["ok"], "again": ["1"]}}
            queue(hub, peer, *names, route=route)
            while len(peer.taken) < RECORDS or "waiting" in states(hub):
                outbound.send(hub)
                hub.clock.advance(600)  # type: ignore[attr-defined]
            assert RECORDS < 10_000 or set(between.met) == {*MISCHIEF, "passed"}, between.met
    finally:
        peer.stop()
    assert [one.decode() for one in peer.taken] == names
    assert set(states(hub)) == {"sent"}

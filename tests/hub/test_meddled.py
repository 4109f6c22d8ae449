"""Peers that are stopped, started again, slowed, and answer 429, 500, half a body and an error under 200 all the while: all records
arrive, once, and in order where order is promised.

`make prove-meddled` does it with ten thousand records (`UDIHUB_RECORDS`), `make test` with a few.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from lxml import etree

from data_contracts.errors import HubError
from hub import outbound, pipeline, worker
from hub.audit import verify_all
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables
from tests.conformance.test_asked_systems import ByEnvelope, Called, Rested, Served, System
from tests.http_peer import HttpPeer
from tests.hub.test_destinations import KEY, queue, states
from tests.peers.meddler import FAULTS, MISCHIEF, TIMEOUT, Between, meddled
from tests.peers.odata_peer import ODataHandler, ODataPeer
from tests.peers.rest_peer import Handler, RestPeer, running
from tests.peers.rpc_peer import PASSWORD, RpcHandler, RpcPeer
from tests.peers.soap_peer import SPACE, SoapHandler, SoapPeer

RECORDS = int(os.environ.get("UDIHUB_RECORDS", "120"))
PAGE = max(5, RECORDS // 50)
WAITS = {"timeout_seconds": TIMEOUT, "patience_seconds": 0.2}
ENDS = {"refused", "passed"}
"""What the requests of a pull or push meet besides `Between.all`: by so many pages, or parcels, each of it surely."""
PARCELS = RECORDS if RECORDS > 1000 else 40
TIMES = 40
"""Runs of a flow after which it must be through; each gets some pages on."""
MOMENT = "2026-11-22T0%d:%02d:%02dZ"


@contextmanager
def by_rest(between: list[Between]) -> Iterator[tuple[System, str]]:
    with running(Handler, RestPeer()) as peer, meddled(peer.port) as stands:
        between.append(stands)
        system = Rested(peer)
        system.settings |= {"url": stands.url, "paging": {"style": "offset", "size": PAGE}, **WAITS}
        yield system, "data[]"


@contextmanager
def by_odata(between: list[Between]) -> Iterator[tuple[System, str]]:
    peer = ODataPeer()
    peer.size = PAGE
    with running(ODataHandler, peer), meddled(peer.port) as stands:
        between.append(stands)
        system = Served(peer, 4)
        system.settings |= {"url": f"{stands.url}/v4/", **WAITS}
        yield system, "value[]"


@contextmanager
def by_rpc(between: list[Between]) -> Iterator[tuple[System, str]]:
    with running(RpcHandler, RpcPeer()) as peer, meddled(peer.port) as stands:
        between.append(stands)
        system = Called(peer)
        system.settings |= {"url": f"{stands.url}/hub/rpc/", "page": PAGE, **WAITS}
        yield system, "rows[]"


@contextmanager
def by_soap(between: list[Between]) -> Iterator[tuple[System, str]]:
    with running(SoapHandler, SoapPeer()) as peer, meddled(peer.port, kinds=(*MISCHIEF, *FAULTS)) as stands:
        between.append(stands)
        system = ByEnvelope(peer)
        system.settings |= {"url": f"{stands.url}/things", "paging": {"style": "offset", "size": PAGE, "more": "*/t:more"}, **WAITS}
        yield system, "Envelope/Body/ListResponse/things/thing"


SYSTEMS = {"rest": by_rest, "odata": by_odata, "rpc": by_rpc, "soap": by_soap}


def fill(system: System) -> None:
    """Records of few stamps, every fifth never changed; a name is the moment that it was issued at."""
    for number in range(1, RECORDS + 1):
        minute = number * 100 // RECORDS
        changed = None if number % 5 == 0 else f"2026-11-22 07:{minute % 60:02}:{number % 60:02}"
        system.put(number, changed, f"2026-11-22 06:{minute % 60:02}:{number % 60:02}", MOMENT % (6, minute % 60, number % 60))


def site_of(
    folder: Path, transport: dict[str, Any], messages: str, number: str = "id", issued: str = "name", within: str = "", form: str = "json"
) -> Path:
    """A site with one flow, which takes in each record as an item: where its number stands, and when it was issued."""
    fields: dict[str, Any] = {number: {"type": "integer", "required": True}, issued: {"type": "instant", "required": True}}
    if within:
        fields, number, issued = (
            {within: {"type": "record", "required": True, "fields": fields}},
            f"{within}/{number}",
            f"{within}/{issued}",
        )
    constants: dict[str, Any] = {"name": "Screw", "kind": "component", "base_unit": "EA", "status": "active"}
    constants |= {"lot_controlled": True, "serial_controlled": False}
    files: dict[str, dict[str, Any]] = {
        "site.yaml": {"version": 1, "name": "meddled", "organisations": [{"key": "north", "name": "North", "currency": "EUR"}]},
        "partners/erp.yaml": {"version": 1, "partner": "erp", "name": "ERP", "kind": "erp"},
        "agreements/items.yaml": {
            "version": 1, "agreement": "items", "partner": "erp", "organisation": "north", "direction": "in", "format": form,
            "grammar": "things", "messages": [{"type": "things", "mapping": f"{form}/things"}],
            "acknowledge": {"functional": "never", "interchange": "never"},
        },
        f"grammars/{form}/things.yaml": {
            "version": 1, "grammar": "things", "format": form, "message": "things", "title": {"en": "Things", "zh-CN": "物料"},
            "messages": messages, "others": "leave", "fields": fields,
            **({"namespace": [SPACE, "http://schemas.xmlsoap.org/soap/envelope/"]} if form == "xml" else {}),
        },
        f"mappings/{form}/things.yaml": {
            "mapping": f"{form}/things", "version": 1, "format": form, "message": "things", "entity": "Item", "direction": "in",
            "fields": [
                {"to": "number", "from": number}, {"to": "issued_at", "from": issued, "as": "iso_instant"},
                *({"to": name, "const": value} for name, value in constants.items()),
            ],
        },
        "flows/items.yaml": {"version": 1, "flow": "items", "direction": "in", "agreement": "items", "transport": transport},
    }  # fmt: skip
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False))  # elements stand in the order in which a template names them
    return folder


def pulled_through(hub: Hub, between: Between) -> int:
    """Run the flow until it is through, and start a system that stopped once that was noticed; how many runs broke off."""
    for broke in range(TIMES * max(1, RECORDS // 1000)):
        away = between.away
        try:
            pipeline.fetch(hub, hub.site.flows["items"])
        except HubError:  # a system that refuses today is asked again by the next run of the schedule
            if away:
                between.met["refused"] += 1
                between.start()
            hub.clock.advance(60)  # type: ignore[attr-defined]
            continue
        assert not away
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
        form = system.media_type.partition("/")[2]
        site = site_of(tmp_path / "site", {"use": system.transport.name, **system.settings}, messages, form=form)
        hub = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 10**8, clock))
        broke = pulled_through(hub, between[0])
        worker.drain(hub)
        assert broke and set(between[0].met) == {*between[0].all, *ENDS}, between[0].met
        arrived = items(hub)
        assert sorted(arrived) == sorted(f"item/{number}" for number in range(1, RECORDS + 1)), "once each"
        system.put(3, "2026-11-22 07:59:59", "2026-11-22 06:00:00", MOMENT % (7, 59, 59))
        pulled_through(hub, between[0])
        worker.drain(hub)
        assert items(hub)[RECORDS:] == ["item/3"], "and of a second pull only what changed"
        with hub.database.read() as connection:
            assert verify_all(connection) == []
        hub.database.close()


def items(hub: Hub, records: int = RECORDS) -> list[str]:
    """What was applied of so many records, in that order; nothing else came, and behind them only what was changed."""
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.exchange.c.business_key, tables.exchange.c.state).order_by(tables.exchange.c.id)).all()
    assert {row.state for row in rows[:records]} <= {"applied", "superseded"} and {row.state for row in rows[records:]} <= {"applied"}
    assert sum(row.state == "superseded" for row in rows) == max(0, len(rows) - records)
    return [row.business_key for row in rows]


def signed(between: Between) -> dict[str, Any]:
    """A destination that is told by a signature who sends, and by a header what is a repeat."""
    route = {"use": "signed_http", "signer": "hmac_header", "url": between.url, "keys": {"secret_env": KEY}, **WAITS}
    return route | {"send": {"path": "/in", "idempotency": "UDIHub-Id"}, "success": {"at": "code", "is": ["ok"], "again": ["1"]}}


def enveloped(between: Between) -> dict[str, Any]:
    """A web service that is told in the body what is a repeat."""
    send = {"action": "Put", "body": {"Put": {"key": "{id}", "document": "{document}"}}}
    return {"use": "soap", "url": f"{between.url}/in", "send": send, "success": {"at": "PutResponse/code", "is": ["ok"]}, **WAITS}


def within(body: bytes, name: str) -> str:
    """A text of a body; its elements are in the order of their template, wherever the route was kept meanwhile."""
    call = etree.fromstring(body)[0][0]
    assert [one.tag for one in call] == ["key", "document"]
    return str(call.findtext(name))


SAID = b'<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><PutResponse><code>ok</code></PutResponse></S:Body></S:Envelope>'
DESTINATIONS: dict[str, Any] = {
    "signed_http": (signed, MISCHIEF, lambda request, _body: request.headers["UDIHub-Id"], b'{"code": "ok"}', bytes.decode),
    "soap": (enveloped, (*MISCHIEF, *FAULTS), lambda _, body: within(body, "key"), SAID, lambda body: within(body, "document")),
}
"""Route, what it meets, what tells a repeat, what is answered, and the document in a request."""


@pytest.mark.slow
@pytest.mark.parametrize("name", DESTINATIONS)
def test_all_documents_to_a_troubled_peer_arrive_once_and_in_order(name: str, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "shared")
    route, kinds, key, answer, document = DESTINATIONS[name]
    peer = HttpPeer(key=key, answers=lambda _request, _body: (200, answer))
    peer.start()
    names = [f'"order-{number}"' for number in range(PARCELS)]
    try:
        with meddled(peer.port, kinds=kinds) as between:
            queue(hub, peer, *names, route=route(between))
            while between.away or waits(hub):
                away = between.away
                if outbound.send(hub) and away:
                    between.met["refused"] += 1
                    between.start()
                hub.clock.advance(600)  # type: ignore[attr-defined]
            assert set(between.met) == {*kinds, *ENDS}, between.met
    finally:
        peer.stop()
    assert [document(one) for one in peer.taken] == names
    assert set(states(hub)) == {"sent"}


def waits(hub: Hub) -> bool:
    with hub.database.read() as connection:
        return connection.execute(sa.select(tables.outbox.c.id).where(tables.outbox.c.state == "waiting").limit(1)).first() is not None

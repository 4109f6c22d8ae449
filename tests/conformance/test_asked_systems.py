"""What every transport must keep that asks a system what changed. `PEERS` says how to stand a system up; a new one needs an entry."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import transport_named, transport_names
from connectors.spec import Delivered, Page, Polling, Reachable
from data_contracts.errors import ConfigError, RetriableError
from tests.conformance.test_transports import ASKED, HEARD
from tests.mariadb import MariaDBServer, running_mariadb
from tests.peers.odata_peer import ODataHandler, ODataPeer
from tests.peers.rest_peer import Handler, RestPeer, running
from tests.peers.rpc_peer import PASSWORD, RpcHandler, RpcPeer
from tests.peers.soap_peer import SPACE, SoapHandler, SoapPeer

ROWS = 23
"""Rows of the system; some bear one stamp, some were never changed, two come in each page of three that the next one begins with."""


class System:
    """A system with `ROWS` records in it, and the hands of whoever changes them."""

    media_type = "application/json"
    """Of its pages."""

    def __init__(self, transport: str, settings: dict[str, Any]) -> None:
        found = transport_named(transport)
        assert isinstance(found, Polling)
        self.transport: Polling = found
        self.settings = settings

    def put(self, number: int, changed: str | None, created: str, name: str) -> None:
        raise NotImplementedError

    def fill(self) -> None:
        """Stamps of whole minutes: many records have the same one."""
        for number in range(1, ROWS + 1):
            changed = None if number % 5 == 0 else f"2026-11-22 07:{number // 4:02}:00"
            self.put(number, changed, f"2026-11-22 06:{number // 6:02}:00", f"first {number}")

    def pages(self, watermark: str | None = None) -> list[Page]:
        return list(self.transport.pages(self.settings, watermark))


class ByEnvelope(System):
    media_type = "text/xml"

    def __init__(self, peer: SoapPeer, version: str = "1.1") -> None:
        self.peer = peer
        body, created = {"t:since": "{since}"}, {"t:createdSince": "{since}", "t:never": True}
        place = {"t:offset": "{offset}", "t:limit": "{limit}"}
        delta = {
            "kind": "stamp",
            "field": "t:modified",
            "created": "t:created",
            "id": "t:id",
            "ask_as": "%Y-%m-%d %H:%M:%S",
            "sorted": True,
        }
        asked = {"url": f"{peer.url}/things", "version": version, "action": f"{SPACE}#List", "namespaces": {"t": SPACE}, "delta": delta}
        asked |= {"body": {"t:List": {**body, **place}}, "created_body": {"t:List": {**created, **place}}}
        more = {"records": "t:ListResponse/t:things/t:thing", "paging": {"style": "offset", "size": 3, "more": "*/t:more"}}
        super().__init__("soap", {**asked, **more})

    def put(self, number: int, changed: str | None, created: str, name: str) -> None:
        self.peer.put(number, changed, created, name=name)


@contextmanager
def by_soap(folder: Path) -> Iterator[System]:
    with running(SoapHandler, SoapPeer()) as peer:
        yield ByEnvelope(peer)


@contextmanager
def by_soap_1_2(folder: Path) -> Iterator[System]:
    with running(SoapHandler, SoapPeer()) as peer:
        yield ByEnvelope(peer, "1.2")


class Database(System):
    def __init__(self, folder: Path) -> None:
        self.path = folder / "peer.db"
        with self._open() as connection:
            connection.execute("CREATE TABLE things (id INTEGER, changed TEXT, created TEXT, name TEXT)")
        delta = {"kind": "stamp", "field": "changed", "created": "created", "id": "id", "ask_as": "%Y-%m-%d %H:%M:%S"}
        columns = ["id", "changed", "created", "name"]
        super().__init__("sql", {"database": f"sqlite:///{self.path}", "view": "things", "columns": columns, "page": 3, "delta": delta})

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path)
        with connection:
            yield connection
        connection.close()

    def put(self, number: int, changed: str | None, created: str, name: str) -> None:
        with self._open() as connection:
            connection.execute("DELETE FROM things WHERE id = ?", [number])
            connection.execute("INSERT INTO things VALUES (?, ?, ?, ?)", [number, changed, created, name])


class Rested(System):
    def __init__(self, peer: RestPeer, transport: str = "rest", **signed: Any) -> None:
        self.peer = peer
        query, created = {"since": "{since}"}, {"created_since": "{since}", "never": "1"}
        delta = {"kind": "stamp", "field": "modified", "created": "created", "id": "id", "ask_as": "%Y-%m-%d %H:%M:%S", "sorted": True}
        more = {"query": query, "created_query": created, "delta": delta, "paging": {"style": "offset", "size": 3}}
        super().__init__(transport, {"url": peer.url, "path": "/things", "records": "data", **more, **signed})

    def put(self, number: int, changed: str | None, created: str, name: str) -> None:
        self.peer.put(number, changed, created, name=name)


@contextmanager
def by_rest(folder: Path) -> Iterator[System]:
    with running(Handler, RestPeer()) as peer:
        yield Rested(peer)


@contextmanager
def by_signed_http(folder: Path) -> Iterator[System]:
    (folder / "secret").write_text("shared")
    with running(Handler, RestPeer()) as peer:
        yield Rested(peer, "signed_http", signer="hmac_header", keys={"secret_file": str(folder / "secret")})


class Called(System):
    def __init__(self, peer: RpcPeer) -> None:
        self.peer = peer
        delta = {"kind": "stamp", "field": "write_date", "created": "create_date", "id": "id"}
        asked = {"dialect": "tryton", "url": f"{peer.url}/hub/rpc/", "user": "hub", "password_env": "RPC_PASSWORD", "model": "thing"}
        super().__init__("rpc", {**asked, "fields": ["name"], "page": 3, "delta": delta})

    def put(self, number: int, changed: str | None, created: str, name: str) -> None:
        self.peer.put(number, changed, created, name)


@contextmanager
def by_rpc(folder: Path) -> Iterator[System]:
    with running(RpcHandler, RpcPeer()) as peer:
        yield Called(peer)


class Served(System):
    def __init__(self, peer: ODataPeer, version: int) -> None:
        self.peer = peer
        delta = {"kind": "stamp", "field": "changed", "created": "created", "id": "id"}
        super().__init__("odata", {"version": version, "url": f"{peer.url}/v{version}/", "entity": "Things", "delta": delta})

    def put(self, number: int, changed: str | None, created: str, name: str) -> None:
        self.peer.put(number, changed, created, name)


@contextmanager
def by_odata_2(folder: Path) -> Iterator[System]:
    with running(ODataHandler, ODataPeer()) as peer:
        yield Served(peer, 2)


@contextmanager
def by_odata_4(folder: Path) -> Iterator[System]:
    with running(ODataHandler, ODataPeer()) as peer:
        yield Served(peer, 4)


@contextmanager
def by_sql(folder: Path) -> Iterator[System]:
    yield Database(folder)


class MariaDB(System):
    def __init__(self, server: MariaDBServer) -> None:
        self.server = server
        table = "CREATE TABLE erp.things (id INTEGER PRIMARY KEY, changed DATETIME(6), created DATETIME(6), name TEXT, KEY (changed, id))"
        view = "CREATE VIEW erp.seen AS SELECT id, changed, created, name FROM erp.things"
        server.execute("CREATE DATABASE erp", table, view, "CREATE USER reader", "GRANT SELECT ON erp.seen TO reader")
        delta = {"kind": "stamp", "field": "changed", "created": "created", "id": "id"}
        columns = ["id", "changed", "created", "name"]
        super().__init__("sql", {"database": server.url("erp"), "view": "seen", "columns": columns, "page": 3, "delta": delta})

    def put(self, number: int, changed: str | None, created: str, name: str) -> None:
        stamp = "NULL" if changed is None else f"'{changed}'"
        self.server.execute(f"REPLACE INTO erp.things VALUES ({number}, {stamp}, '{created}', '{name}')")


@contextmanager
def by_mariadb(folder: Path) -> Iterator[System]:
    with running_mariadb() as server:
        yield MariaDB(server)


PEERS: dict[str, Callable[[Path], Any]] = {
    "signed_http": by_signed_http,
    "sql": by_sql,
    "sql-mariadb": by_mariadb,
    "rest": by_rest,
    "rpc": by_rpc,
    "soap": by_soap,
    "soap-1.2": by_soap_1_2,
    "odata-2": by_odata_2,
    "odata-4": by_odata_4,
}


@pytest.fixture(params=list(PEERS))
def system(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    monkeypatch.setenv("RPC_PASSWORD", PASSWORD)
    with PEERS[request.param](tmp_path) as made:
        made.fill()
        yield made


def told(pages: list[Page]) -> set[tuple[str, str]]:
    return {record for page in pages for record in page.records or ()}


def test_every_transport_that_asks_is_tested_here() -> None:
    assert {name.partition("-")[0] for name in PEERS} == ASKED
    assert {name for name in transport_names() if isinstance(transport_named(name), Polling)} == ASKED | HEARD


def test_whoever_stops_behind_any_page_and_comes_again_misses_nothing(system: System) -> None:
    """The law of watermarks: what came up to a page, and what its watermark brings, is all there is."""
    pages = system.pages()
    everything = told(pages)
    assert len(everything) == ROWS and len(pages) >= ROWS // 3
    assert system.pages() == pages, "the same question has the same answer, under the same keys"
    assert len({page.delivered.delivery_key for page in pages}) == len(pages)
    for stopped in range(0, len(pages), 3):
        watermark = next((page.watermark for page in reversed(pages[: stopped + 1]) if page.watermark is not None), None)
        assert told(pages[: stopped + 1]) | told(system.pages(watermark)) == everything
    system.put(4, "2026-11-22 07:05:00", "2026-11-22 06:00:00", "changed again, in the minute of the watermark")
    system.put(5, "2026-11-22 07:06:00", "2026-11-22 06:00:00", "changed for the first time")
    system.put(99, None, "2026-11-22 06:03:00", "new, in the minute of the watermark")
    news = told(system.pages(pages[-1].watermark)) - everything
    assert {key for key, _ in news} == {"4", "5", "99"}


def test_pages_are_documents(system: System) -> None:
    for page in system.pages():
        assert page.delivered.size == len(page.content) and page.delivered.media_type == system.media_type
        assert page.delivered.name.isprintable() and "/" not in page.delivered.name


def test_it_says_whether_the_system_is_there_and_lets_us_in(system: System) -> None:
    transport = system.transport
    assert isinstance(transport, Reachable)
    first = system.pages()[0]
    assert f"{len(first.records or ())} records" in str(transport.reach(system.settings, asks=True))
    outward = transport.reach(system.settings, asks=False)  # proved by a question that changes nothing, or not at all
    assert outward is None or "lets us in, answers 2" in outward or "whether it lets us in is not proved" in outward
    assert (outward is not None) == (transport.name in ("rest", "signed_http", "odata"))
    address = "database" if "database" in system.settings else "url"
    gone = f"sqlite:///{'/nowhere' * 3}.db" if address == "database" else "http://127.0.0.1:1/"
    with pytest.raises(RetriableError):
        transport.reach(system.settings | {address: gone}, asks=True)


def test_mistakes_are_named_before_anything_is_asked(system: System) -> None:
    transport = system.transport
    with pytest.raises(ConfigError, match="patern"):
        list(transport.pages(system.settings | {"patern": "*"}, None))
    for delta, said in (({"kind": "sometimes"}, "kind"), ({"kind": "stamp"}, "needs"), (system.settings["delta"] | {"fild": "x"}, "fild")):
        with pytest.raises(ConfigError, match=said):
            list(transport.pages(system.settings | {"delta": delta}, None))
    with pytest.raises(ConfigError):
        transport.watermark(system.settings, "yesterday")
    assert transport.watermark(system.settings, "2026-11-22T08:00:00+01:00") == "2026-11-22T07:00:00.000000+00:00"
    with pytest.raises(ConfigError):
        list(transport.fetch(system.settings))  # type: ignore[attr-defined]
    with pytest.raises(ConfigError):
        transport.settle(system.settings, Delivered("a", "a", 1))  # type: ignore[attr-defined]

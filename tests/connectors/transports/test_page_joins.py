"""Records are changed while pages are fetched: whatever stays as it was comes, however a peer hands its pages out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.deltas import Delta
from connectors.page_joins import Joins
from connectors.registry import transport_named
from connectors.spec import Page
from connectors.transports.odata import TRANSPORT as ODATA
from connectors.transports.rest import TRANSPORT as REST
from connectors.transports.rpc import TRANSPORT as RPC
from connectors.transports.soap import TRANSPORT as SOAP
from data_contracts.errors import RetriableError
from tests.peers.odata_peer import ODataHandler, ODataPeer
from tests.peers.rest_peer import Handler, RestPeer, running
from tests.peers.rpc_peer import PASSWORD, RpcHandler, RpcPeer
from tests.peers.soap_peer import SPACE, SoapHandler, SoapPeer

ROWS = range(1, 61)
SORTED = {"kind": "stamp", "field": "modified", "id": "id", "sorted": True, "ask_as": "%Y-%m-%d %H:%M:%S", "overlap_seconds": 0}
UNSORTED = {name: value for name, value in SORTED.items() if name != "sorted"}
BY_OFFSET = {"path": "/offsets", "paging": {"style": "offset", "size": 5}}
BY_PAGE = {"path": "/pages", "paging": {"style": "page", "size": 300, "limit": "pageSize", "first": 0}}
BY_RANGE = {"path": "/range", "paging": {"style": "range", "size": 5}, "records": None}


def one_stamp(number: int) -> str:
    """As after an import of all of them at once."""
    return "2026-11-22 07:00:00"


def own_stamp(number: int) -> str:
    return f"2026-11-22 07:{number:02}:00" if number < 60 else "2026-11-22 08:00:00"


def ids(pages: list[Page]) -> list[int]:
    return [int(key) for page in pages for key, _ in page.records or ()]


class Clerk:
    """Saves records that were read already, from the second answer on: each goes behind all others."""

    def __init__(self, put: Callable[[int, str], None], at_once: int = 3, most: int = 12) -> None:
        self.put, self.at_once, self.most, self.saved = put, at_once, most, 0

    def __call__(self) -> None:
        for _ in range(self.at_once if self.saved < self.most else 0):
            self.saved += 1
            self.put(self.saved, f"2026-11-22 09:00:{self.saved:02}")


@pytest.fixture
def peer() -> Iterator[RestPeer]:
    with running(Handler, RestPeer()) as served:
        yield served


@pytest.mark.parametrize("stamped", [one_stamp, own_stamp])
@pytest.mark.parametrize("delta", [SORTED, UNSORTED])
@pytest.mark.parametrize("asked", [BY_OFFSET, BY_PAGE, BY_RANGE])
def test_what_stays_as_it_was_comes_though_others_shift(
    peer: RestPeer, asked: dict[str, Any], delta: dict[str, Any], stamped: Callable[[int], str]
) -> None:
    for number in ROWS:
        peer.put(number, stamped(number))
    peer.between = Clerk(peer.put)
    settings = {"url": peer.url, "records": "data", "query": {"since": "{since}"}, "delta": delta, **asked}
    pages = list(REST.pages(settings, None))
    assert set(ids(pages)) == set(ROWS)
    assert peer.between.saved >= 9, "somebody worked while we read"
    assert set(ids(list(REST.pages(settings, pages[-1].watermark)))) <= set(range(1, 13)), "and the watermark covers it"


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("stamped", [one_stamp, own_stamp])
def test_odata_by_links_that_are_positions_and_by_our_own_counting(quiet: bool, version: int, stamped: Callable[[int], str]) -> None:
    with running(ODataHandler, ODataPeer()) as peer:
        peer.quiet = quiet
        for number in ROWS:
            peer.put(number, stamped(number), "2026-11-22 06:00:00", "first")
        peer.between = Clerk(lambda number, stamp: peer.put(number, stamp, "2026-11-22 06:00:00", "again"), at_once=2)
        delta = {"kind": "stamp", "field": "changed", "id": "id"}
        more = {"page": 3} | ({"query": {"$top": "3"}} if quiet and version == 4 else {})
        settings = {"version": version, "url": f"{peer.url}/v{version}/", "entity": "Things", "delta": delta, **more}
        assert set(ids(list(ODATA.pages(settings, None)))) == set(ROWS)
        assert peer.between.saved == 12


@pytest.mark.parametrize("stamped", [one_stamp, own_stamp])
@pytest.mark.parametrize("delta", [SORTED, UNSORTED])
def test_web_services_by_offset(delta: dict[str, Any], stamped: Callable[[int], str]) -> None:
    with running(SoapHandler, SoapPeer()) as peer:
        for number in ROWS:
            peer.put(number, stamped(number))
        peer.between = Clerk(peer.put)
        body = {"t:List": {"t:since": "{since}", "t:offset": "{offset}", "t:limit": "{limit}"}}
        settings = {"url": peer.url, "action": f"{SPACE}#List", "namespaces": {"t": SPACE}, "body": body, "paging": BY_OFFSET["paging"]}
        settings |= {"records": "*/t:things/t:thing", "delta": delta | {"field": "t:modified", "id": "t:id"}}
        pages = list(SOAP.pages(settings, None))
        assert set(ids(pages)) == set(ROWS) and peer.between.saved >= 9
        assert set(ids(list(SOAP.pages(settings, pages[-1].watermark)))) <= set(range(1, 13)), "and the watermark covers it"


def test_models_by_their_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RPC_PASSWORD", PASSWORD)
    with running(RpcHandler, RpcPeer()) as peer:
        for number in ROWS:
            peer.put(number, "2026-11-22 07:00:00", "2026-11-22 06:00:00", "first")
            peer.records[number]["write_date"] = "2026-11-22 07:00:00.000000"
        peer.between = Clerk(lambda number, stamp: peer.put(number, stamp, "2026-11-22 06:00:00", "again"))
        delta = {"kind": "stamp", "field": "write_date", "id": "id"}
        asked = {"dialect": "tryton", "url": f"{peer.url}/hub/rpc/", "user": "hub", "password_env": "RPC_PASSWORD", "model": "thing"}
        assert set(ids(list(RPC.pages({**asked, "fields": ["name"], "page": 5, "delta": delta}, None)))) == set(ROWS)


@pytest.mark.parametrize("pages", [10, 40])
def test_a_second_of_many_records_costs_a_request_a_page(peer: RestPeer, pages: int) -> None:
    """Asked for by seconds, a second began anew with each page: half the square of them."""
    for number in range(pages * 5):
        peer.put(number, f"2026-11-22 07:00:00.{number:06}")
    settings = {"url": peer.url, "records": "data", "query": {"since": "{since}"}, "delta": SORTED, **BY_OFFSET}
    assert set(ids(list(REST.pages(settings, None)))) == set(range(pages * 5))
    assert len(peer.asked) <= 1.5 * pages + 3


def test_the_rows_of_one_record_stay_together_though_others_shift(peer: RestPeer) -> None:
    """A page that no longer begins where the record did is read from the beginning of the stamp, never from the middle of a record."""
    lines = {order: [f"{order}-{line}" for line in range(3)] for order in "abcdefgh"}

    def rows(query: dict[str, str]) -> list[dict[str, Any]]:
        return [{"order": order, "modified": stamps[order], "line": line} for order in sorted(stamps, key=at) for line in lines[order]]

    stamps = dict.fromkeys(lines, "2026-11-22 07:00:00")

    def at(order: str) -> tuple[str, str]:
        return stamps[order], order

    def saved() -> None:
        stamps.update(a="2026-11-22 09:00:00")

    peer.found, peer.between = rows, saved  # type: ignore[method-assign]
    delta = SORTED | {"id": "order", "rows": True}
    settings = {"url": peer.url, "records": "data", "query": {"since": "{since}", "limit": "7"}, "delta": delta, **BY_OFFSET}
    settings["paging"] = {"style": "offset", "size": 7}
    whole = {
        key: version
        for page in REST.pages(settings | {"query": {"limit": "99"}, "paging": {"style": "offset", "size": 99}}, None)
        for key, version in page.records or ()
    }
    stamps.update(a="2026-11-22 07:00:00")
    found: dict[str, set[str]] = {}
    for page in REST.pages(settings, None):
        for key, version in page.records or ():
            if version != "cut":
                found.setdefault(key, set()).add(version)
    assert {key: found[key] for key in "bcdefgh"} == {key: {whole[key]} for key in "bcdefgh"}, "each came whole, and never in part"


def test_a_peer_without_any_order_is_told(peer: RestPeer) -> None:
    joins = Joins(Delta.of({"delta": SORTED}, "rest"), "orders")
    with pytest.raises(RetriableError, match="keeps no order"):
        for _ in range(2000):
            joins.overlapped([{"id": 1}], 5, 5, "changed", lambda count: [{"id": 2}], list)


def test_what_cannot_be_guaranteed_is_remarked() -> None:
    """`udihub partner check` tells it before the first record is passed over."""
    for transport in ("rest", "signed_http", "soap"):
        for paging, delta, rules in (
            ({"style": "offset"}, SORTED, []),
            ({"style": "page"}, UNSORTED, ["SIT-25"]),
            ({"style": "cursor", "at": "next"}, SORTED, ["SIT-24"]),
            ({"style": "next", "at": "next"}, {"kind": "whole", "id": "id"}, []),
            (None, SORTED, []),
        ):
            settings = {"url": "https://erp.example/", "paging": paging, "delta": delta}
            assert [rule for rule, _, _ in transport_named(transport).cautions(settings)] == rules  # type: ignore[attr-defined]

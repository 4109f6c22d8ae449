"""OData of both versions, by a service with the traps of SAP's and others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.transports.odata import TRANSPORT
from data_contracts.errors import ConfigError, RefusedError, RetriableError
from tests.peers.odata_peer import ODataHandler, ODataPeer
from tests.peers.rest_peer import running

STAMP = {"kind": "stamp", "field": "changed", "id": "id", "overlap_seconds": 0}


@pytest.fixture
def peer() -> Iterator[ODataPeer]:
    with running(ODataHandler, ODataPeer()) as served:
        for number in range(1, 24):
            changed = None if number % 7 == 0 else f"2026-11-22 07:{number // 4:02}:00"
            served.put(number, changed, "2026-11-22 06:00:00", f"thing {number}")
        yield served


def settings(peer: ODataPeer, version: int, **more: Any) -> dict[str, Any]:
    return {"version": version, "url": f"{peer.url}/v{version}/", "entity": "Things", "delta": STAMP | {"created": "created"}, **more}


def ids(pages: list[Any]) -> list[int]:
    return [int(key) for page in pages for key, _ in page.records or ()]


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("quiet", [False, True])
def test_every_record_comes_by_the_servers_pages_or_by_ours(peer: ODataPeer, version: int, quiet: bool) -> None:
    peer.quiet = quiet
    asked = settings(peer, version, filter="name ne 'x'", select=["id", "name"], **({"page": 3, "query": {"$top": "3"}} if quiet else {}))
    if version == 2:
        asked.pop("query", None)
    pages = list(TRANSPORT.pages(asked, None))
    assert set(ids(pages)) == set(range(1, 24))
    assert quiet or len(ids(pages)) <= 2 * 23, "a page begins with what bears the last stamp, and repeats no more"
    assert pages[-1].watermark == '{"changed":"2026-11-22T07:05:00.000000+00:00","created":"2026-11-22T06:00:00.000000+00:00"}'
    assert set(ids(list(TRANSPORT.pages(asked, pages[-1].watermark)))) == {7, 14, 21, 20, 22, 23}
    filters = [path for _, path, _ in peer.asked if "changed ge" in path]
    literal = "datetimeoffset'2026-11-22T07:05:00Z'" if version == 2 else "changed ge 2026-11-22T07:05:00Z"
    assert any(literal in path for path in filters) and any("(name ne 'x') and" in path for path in filters)


@pytest.mark.parametrize("version", [2, 4])
def test_delta_links_tell_of_changes_and_of_ends(peer: ODataPeer, version: int) -> None:
    asked = settings(peer, version, delta={"kind": "token", "id": "id"})
    pages = list(TRANSPORT.pages(asked, None))
    assert sorted(ids(pages)) == list(range(1, 24)) and pages[-1].watermark is not None and "$deltatoken=23" in pages[-1].watermark
    assert ids(list(TRANSPORT.pages(asked, pages[-1].watermark))) == []
    peer.put(5, "2026-11-22 08:00:00", "2026-11-22 06:00:00", "again")
    (news,) = TRANSPORT.pages(asked, pages[-1].watermark)
    assert ids([news]) == [5] and news.watermark is not None and "$deltatoken=24" in news.watermark
    del peer.records[5]
    peer.log.append(5)
    without = settings(peer, version, delta={"kind": "token"})
    (ended,) = TRANSPORT.pages(without, news.watermark)
    assert ended.records is None and b"@removed" in ended.content
    with pytest.raises(RefusedError, match="another host"):
        list(TRANSPORT.pages(asked, "https://elsewhere.example/?$deltatoken=1"))


@pytest.mark.parametrize("version", [2, 4])
def test_a_delta_link_that_has_lapsed_begins_anew_and_is_told_once(peer: ODataPeer, version: int) -> None:
    """410: whoever shows the same link again hears the same for ever."""
    asked = settings(peer, version, delta={"kind": "token", "id": "id"})
    first = list(TRANSPORT.pages(asked, None))
    mark = first[-1].watermark
    peer.mischief.append(410)
    again = list(TRANSPORT.pages(asked, mark))
    assert set(ids(again)) == set(ids(first)) and again[-1].watermark == mark
    told = [[(one.rule, one.params["what"]) for one in page.findings] for page in again]
    assert told == [[("PUL-04", "Things")], *([] for _ in again[1:])]
    assert [page.findings for page in TRANSPORT.pages(asked, again[-1].watermark)] == [()]
    peer.mischief.append(410)
    with pytest.raises(RefusedError, match="410"):
        list(TRANSPORT.pages(asked, None))  # it was shown no link


def test_writing_needs_a_token_its_cookie_and_the_right_version(peer: ODataPeer) -> None:
    out = {"version": 4, "url": f"{peer.url}/v4/", "send": {"path": "Things", "csrf": True, "unless": "Things({id})"}}
    document = b'{"id": 99, "name": "new"}'
    assert TRANSPORT.send(out, "a.json", document, "1").startswith("201 ") and peer.records[99]["name"] == "new"
    assert TRANSPORT.send(out, "a.json", document, "1") == "200 was there" and peer.records[99]["version"] == 1
    nonce = {"path": "PTC/GetCSRFToken()", "at": "NonceValue", "header": "CSRF_NONCE"}
    assert TRANSPORT.send(out | {"send": {"path": "Things", "csrf": nonce}}, "a.json", document, "2").startswith("201 ")
    patch = {"method": "PATCH", "path": "Things({id})", "csrf": True, "if_match": "fetch"}
    assert TRANSPORT.send(out | {"send": patch}, "a.json", b'{"id": 99, "name": "patched"}', "3").startswith("201 ")
    assert peer.records[99]["name"] == "patched"
    with pytest.raises(RefusedError, match="meanwhile, so it was not overwritten; a person decides"):
        TRANSPORT.send(out | {"send": patch | {"if_match": 'W/"1"'}}, "a.json", b'{"id": 99, "name": "late"}', "4")
    with pytest.raises(RefusedError, match="428"):
        TRANSPORT.send(out | {"send": {name: patch[name] for name in ("method", "path", "csrf")}}, "a.json", document, "5")
    with pytest.raises(ConfigError, match="403"):
        TRANSPORT.send(out | {"send": {"path": "Things"}}, "a.json", document, "6")
    with pytest.raises(RefusedError, match="no id"):
        TRANSPORT.send(out, "a.json", b"{}", "7")


def test_a_time_of_the_document_stands_in_the_question_whether_it_is_there(peer: ODataPeer) -> None:
    sent = {"path": "Things", "csrf": True, "unless": "Things?$filter=day eq datetime'{day}'"}
    out = {"version": 2, "url": f"{peer.url}/v2/", "send": sent}
    for day, spelled in (("/Date(1795219200000)/", "2026-11-21T00:00:00"), ("/Date(-1+0060)/", "1969-12-31T23:59:59.999")):
        TRANSPORT.send(out, "a.json", f'{{"id": 97, "day": "{day}"}}'.encode(), "1")
        assert f"datetime'{spelled}'" in peer.asked[0][1]
        peer.asked.clear()
    with pytest.raises(RefusedError, match="no time"):
        TRANSPORT.send(out, "a.json", b'{"id": 97, "day": "/Date(999999999999999)/"}', "1")


def test_a_token_that_ends_before_it_is_used_is_fetched_again(peer: ODataPeer) -> None:
    out = {"version": 2, "url": f"{peer.url}/v2/", "send": {"path": "Things", "csrf": True}}
    peer.ends = 1
    assert TRANSPORT.send(out, "a.json", b'{"id": 98, "name": "x"}', "1").startswith("201 ")
    assert [method for method, _, _ in peer.asked] == ["GET", "POST", "GET", "POST"]
    peer.ends = 2
    with pytest.raises(ConfigError, match="403"):
        TRANSPORT.send(out, "a.json", b'{"id": 98, "name": "x"}', "1")
    with pytest.raises(RetriableError, match="no x-csrf-token"):
        TRANSPORT.send(out | {"send": {"path": "Things", "csrf": {"path": "Things(1)"}}}, "a.json", b"{}", "1")


def test_mistakes_and_what_is_no_collection(peer: ODataPeer) -> None:
    for more, error, said in (
        ({"version": 3}, ConfigError, "version"),
        ({"literal": "smoke"}, ConfigError, "literal"),
        ({"delta": {"kind": "exported", "id": "id"}}, ConfigError, "exported"),
        ({"query": "x"}, ConfigError, "query"),
        ({"entity": None}, ConfigError, "entity"),
        ({"version": 2}, RetriableError, "no collection"),
    ):
        with pytest.raises(error, match=said):
            list(TRANSPORT.pages(settings(peer, 4) | more, None))
    with pytest.raises(ConfigError, match="path"):
        TRANSPORT.send(settings(peer, 4) | {"send": {}}, "a.json", b"{}", "1")
    peer.mischief.extend([500])
    with pytest.raises(RetriableError, match="500"):
        list(TRANSPORT.pages(settings(peer, 4), None))
    first = next(iter(TRANSPORT.pages(settings(peer, 2), None)))
    assert json.loads(first.content)["d"]["results"][0]["created"] == "/Date(1795327200000+0000)/", "byte for byte"

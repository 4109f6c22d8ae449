"""Models called by method, by a peer with the traps of Tryton and Odoo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.transports.rpc import TRANSPORT
from connectors.transports.rpc.xml_values import result_of
from data_contracts.errors import ConfigError, RefusedError, RetriableError
from tests.peers.rest_peer import running
from tests.peers.rpc_peer import PASSWORD, RpcHandler, RpcPeer

STAMP = {"kind": "stamp", "field": "write_date", "id": "id", "overlap_seconds": 0}
BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<methodResponse><params><param><value><string>&b;&c;</string></value></param></params></methodResponse>"""


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[RpcPeer]:
    monkeypatch.setenv("RPC_PASSWORD", PASSWORD)
    with running(RpcHandler, RpcPeer()) as served:
        for number in range(1, 12):
            served.put(number, None if number == 3 else f"2026-11-22 07:{number // 4:02}:00", "2026-11-22 06:00:00", f"thing {number}")
        yield served


def tryton(peer: RpcPeer, **more: Any) -> dict[str, Any]:
    delta = STAMP | {"created": "create_date"}
    asked = {"dialect": "tryton", "url": f"{peer.url}/hub/rpc/", "user": "hub", "password_env": "RPC_PASSWORD", "model": "thing"}
    return asked | {"fields": ["name", "price", "party.code"], "page": 3, "delta": delta} | more


def odoo(peer: RpcPeer, protocol: str, **more: Any) -> dict[str, Any]:
    return tryton(peer) | {"dialect": "odoo", "url": peer.url, "database": "db", "protocol": protocol, "delta": STAMP} | more


def rows(pages: list[Any]) -> list[dict[str, Any]]:
    return [row for page in pages for row in json.loads(page.content)["rows"]]


def test_values_of_classes_come_plain(peer: RpcPeer) -> None:
    found = rows(list(TRANSPORT.pages(tryton(peer), None)))
    assert {row["id"] for row in found} == set(range(1, 12)), "record 3 was never changed"
    assert found[0] == {
        "id": 3, "create_date": "2026-11-22T06:00:00.000003", "write_date": None, "name": "thing 3", "price": 8.5, "party": {"id": 7,
        "code": "V1"},
    }  # fmt: skip
    assert '"price":8.50' in next(iter(TRANSPORT.pages(tryton(peer), None))).content.decode(), "as it was spelled"


@pytest.mark.parametrize("protocol", ["json", "xml"])
def test_odoo_reads_records_with_what_they_refer_to(peer: RpcPeer, protocol: str) -> None:
    peer.records.pop(3)
    asked = odoo(peer, protocol, fields={"name": {}, "lines": {"fields": {"party": {}}}})
    pages = list(TRANSPORT.pages(asked, None))
    records = [row for page in pages for row in json.loads(page.content)["records"]]
    assert {row["id"] for row in records} == {1, 2, *range(4, 12)}
    assert records[0] == {"id": 1, "write_date": records[0]["write_date"], "name": "thing 1", "lines": [{"id": 1, "party": False}]}
    assert pages[-1].watermark == "2026-11-22T07:02:00.000000+00:00"
    with pytest.raises(ConfigError, match="of Odoo also a mapping"):
        list(TRANSPORT.pages(tryton(peer, fields={"name": {}}), None))


@pytest.mark.parametrize("protocol", ["json", "xml"])
def test_odoo_by_either_protocol(peer: RpcPeer, protocol: str) -> None:
    peer.records.pop(3)
    pages = list(TRANSPORT.pages(odoo(peer, protocol), None))
    assert {row["id"] for row in rows(pages)} == {1, 2, *range(4, 12)}
    assert pages[-1].watermark == "2026-11-22T07:02:00.000000+00:00"
    assert {row["id"] for row in rows(list(TRANSPORT.pages(odoo(peer, protocol), pages[-1].watermark)))} == {8, 9, 10, 11}
    with pytest.raises(ConfigError, match="does not let hub in"):
        list(TRANSPORT.pages(odoo(peer, protocol) | {"database": "other"}, None))
    for trouble, error in (
        (
            ("odoo.exceptions.AccessDenied" if protocol == "json" else 3, "AccessDenied"),
            ConfigError if protocol == "json" else RefusedError,
        ),
        (
            ("psycopg2.errors.SerializationFailure" if protocol == "json" else 1, "x"),
            RetriableError if protocol == "json" else RefusedError,
        ),
        (("builtins.ValueError" if protocol == "json" else 1, f"Invalid field, and {PASSWORD}"), RefusedError),
    ):
        peer.mischief.append(trouble)
        with pytest.raises(error) as told:
            list(TRANSPORT.pages(odoo(peer, protocol), None))
        assert PASSWORD not in str(told.value)
    assert TRANSPORT.send(
        odoo(peer, protocol) | {"send": {"calls": [{"method": "thing.ring", "params": ["{id}"]}]}}, "a", b'{"id": 4}', "1"
    )
    assert peer.called[-1] == ("ring", [4])


def test_faults_and_sessions(peer: RpcPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rows(list(TRANSPORT.pages(tryton(peer), None)))
    before = peer.sessions
    peer.ended.add(f"hub:3:secret-{before}")
    assert rows(list(TRANSPORT.pages(tryton(peer), None))) and peer.sessions == before + 1, "asked for anew, once"
    for trouble, error, said in (
        (["UserError", ["You can not call confirm", "", None]], RefusedError, "You can not call"),
        (["'nosuch'", ""], RefusedError, "nosuch"),
        (["ConcurrencyException", [["thing"]]], RetriableError, "Concurrency"),
        (500, RetriableError, "500"),
        (b"<html>", RetriableError, "no JSON"),
        (b"[]", RetriableError, "no JSON-RPC"),
        (b"{}", RetriableError, "without a result"),
        (b'{"result": null}', RetriableError, "no list"),
    ):
        peer.mischief.append(trouble)
        with pytest.raises(error, match=said):
            list(TRANSPORT.pages(tryton(peer), None))
    monkeypatch.setenv("RPC_PASSWORD", "wrong one")
    with pytest.raises(ConfigError) as told:
        list(TRANSPORT.pages(tryton(peer), None))
    assert "wrong one" not in str(told.value)


def test_calls_are_made_of_a_document_and_may_be_made_again(peer: RpcPeer) -> None:
    calls = [
        {"method": "thing.search", "params": [[["name", "=", "{order}"]], 0, 2, None, {}], "as": "ids"},
        {
            "method": "thing.search",
            "params": [[["id", "in", "{ids}"], ["price", "=", "8.50"]], 0, 2, None, {}],
            "as": "open",
            "none": "done",
        },
        {"method": "thing.write", "params": ["{open}", {"price": "{lines.0.price}", "on": {"__class__": "date", "iso": "{on}"}}, {}]},
        {"method": "thing.nosuch", "params": [], "when": {"status": ["rejected"]}},
    ]
    out = tryton(peer) | {"send": {"calls": calls}}
    document = {"order": "thing 5", "status": "accepted", "on": "2026-12-24", "lines": [{"price": "9.00"}]}
    assert TRANSPORT.send(out, "a.json", json.dumps(document).encode(), "1") == "search, search, write: done"
    assert peer.records[5]["price"] == "9.00"
    assert peer.records[5]["on"] == {"__class__": "date", "year": 2026, "month": 12, "day": 24}
    assert TRANSPORT.send(out, "a.json", json.dumps(document).encode(), "1") == "search: done", "the second time nothing is left"
    for changed, said in (
        ({"order": "nobody"}, "found nothing"),
        ({"on": None, "order": "thing 6"}, "has no on"),
        ({"status": "rejected", "order": "thing 7"}, "nosuch"),
    ):
        with pytest.raises(RefusedError, match=said):
            TRANSPORT.send(out, "a.json", json.dumps(document | changed).encode(), "1")
    with pytest.raises(RefusedError, match="no JSON"):
        TRANSPORT.send(out, "a.json", b"<x/>", "1")


def test_a_character_that_xml_has_no_place_for_is_its_records_fault() -> None:
    said = b"<methodResponse><params><param><value><string>a\x0bb&#31;c\td</string></value></param></params></methodResponse>"
    assert result_of(said, "erp") == (None, "a\ufffdb\ufffdc\td")


def test_hostile_xml_and_mistakes(peer: RpcPeer) -> None:
    deep = b"<value><array><data>" * 80 + b"</data></array></value>" * 80
    for content in (
        BOMB,
        b"",
        b"<methodResponse/>",
        b"<x/>",
        b"<methodResponse><params><param>" + deep + b"</param></params></methodResponse>",
    ):
        with pytest.raises(RetriableError, match="no XML-RPC"):
            result_of(content, "erp")
    for more, said in (
        ({"dialect": "sap"}, "dialect"), ({"fields": []}, "fields"), ({"password_env": None}, "password"), ({"protocol": "smoke"},
        "protocol"),
        ({"delta": {"kind": "token", "token": "x"}}, "token"), ({"send": {}}, "calls"), ({"send": {"calls": [{"methd": "x"}]}}, "calls"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=said):
            if "send" in more:
                TRANSPORT.send(odoo(peer, "json") | more, "a", b"{}", "1")
            else:
                list(TRANSPORT.pages(odoo(peer, "json") | more, None))

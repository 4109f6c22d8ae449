"""A document whose answer was lost is asked for before it is sent again, and made once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from connectors.registry import transport_named
from connectors.spec import Guarded
from data_contracts.errors import ConfigError, RefusedError, RetriableError
from hub import outbound
from hub.runtime import Hub
from tests.http_peer import HttpPeer
from tests.hub.test_destinations import queue, states

ORDER = b'{"number": "A&B/1", "supplier": "V1"}'
XML = b"<order><number>A&amp;B/1</number><supplier>V1</supplier></order>"


class Shop:
    """It makes a document of whatever is posted, repeats too, and can be asked for them."""

    def __init__(self) -> None:
        self.made: list[dict[str, str]] = []
        self.asked = 0
        self.answer: tuple[int, bytes] | None = None

    def __call__(self, request: Any, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(request.path)
        if parts.path.startswith("/find"):
            self.asked += 1
            wanted = unquote(parts.path.removeprefix("/find/")) or parse_qs(parts.query).get("number", [""])[0]
            wanted = wanted or (json.loads(body)["number"] if body.startswith(b"{") else "")
            found = [one for one in self.made if one["number"] == wanted]
            return self.answer or (200, json.dumps({"code": 0, "data": {"rows": found}}).encode())
        self.made.append(json.loads(body) if body.startswith(b"{") else {"number": "A&B/1", "supplier": "V1"})
        return 200, b'{"code": 0}'


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def peer(shop: Shop) -> Iterator[HttpPeer]:
    made = HttpPeer(key=lambda _request, body: body.decode(), answers=shop)
    made.start()
    yield made
    made.stop()


def route(peer: HttpPeer, use: str = "rest", **unless: Any) -> dict[str, Any]:
    record = {"number": "{document.number}", "supplier": "{document.supplier}"}
    asked = {"path": "find/", "query": {"number": "{document.number}"}, "list": "data.rows", "record": record, **unless}
    signed = {"signer": "hmac_header", "keys": {"secret_env": "UDIHUB_TEST_HOOK"}} if use == "signed_http" else {}
    return {"use": use, "url": peer.url, "timeout_seconds": 0.3, "send": {"path": "orders", "unless": asked}, **signed}


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UDIHUB_TEST_HOOK", "shared")


@pytest.mark.parametrize("use", ["rest", "signed_http"])
@pytest.mark.parametrize("fault", ["half", "slow"])
def test_a_lost_answer_makes_no_second_document(hub: Hub, peer: HttpPeer, shop: Shop, use: str, fault: str) -> None:
    queue(hub, peer, ORDER.decode(), route=route(peer, use), name="order.json")
    peer.faults = [fault]
    assert outbound.send(hub) == 1
    while not shop.made:  # what a peer is still at work on it cannot tell of
        time.sleep(0.02)
    while "waiting" in states(hub):
        assert outbound.send(hub) or not hub.clock.advance(60)  # type: ignore[attr-defined]
    assert states(hub) == ["sent"] and shop.made == [json.loads(ORDER)] and shop.asked == 1, "the first attempt asks nothing"


def test_what_is_not_there_is_sent_again_and_what_cannot_be_asked_is_not(hub: Hub, peer: HttpPeer, shop: Shop) -> None:
    queue(hub, peer, ORDER.decode(), route=route(peer, success={"at": "code", "is": [0], "says": "why"}), name="order.json")
    peer.faults = ["cut"]
    assert outbound.send(hub) == 1 and shop.made == []
    for answer in ((200, b'{"code": 7, "why": "no right"}'), (404, b"gateway"), (500, b""), (200, b"<html><body>login</body></html>")):
        shop.answer = answer
        hub.clock.advance(3600)  # type: ignore[attr-defined]
        assert outbound.send(hub) == 1 and states(hub) == ["waiting"] and shop.made == []
    shop.answer = (404, b'{"message": "no such order"}')
    hub.clock.advance(3600)  # type: ignore[attr-defined]
    assert outbound.send(hub) == 1 and states(hub) == ["sent"] and len(shop.made) == 1


CXML = '<?xml version="1.0"?>\r\n<cXML payloadID="000000017@hub" timestamp="2026-11-22T08:00:00+00:00"><Request/></cXML>\n'
IDOC = "<ORDERS05><IDOC BEGIN='1'><EDI_DC40><DOCNUM>0000000000000017</DOCNUM></EDI_DC40></IDOC></ORDERS05>"


@pytest.mark.parametrize("document", [CXML, IDOC])
def test_a_repeat_is_byte_for_byte_what_went_first(hub: Hub, document: str) -> None:
    bodies: list[bytes] = []

    def answer(_request: Any, body: bytes) -> tuple[int, bytes]:
        bodies.append(body)
        return 200, b"<Response/>"

    peer = HttpPeer(key=lambda _request, body: body.decode(), answers=answer)
    peer.start()
    try:
        to = {"use": "rest", "url": peer.url, "media_type": "text/xml", "answers": True, "send": {"method": "POST"}}
        queue(hub, peer, document, route=to, name="order.xml")
        peer.faults = ["half"]
        assert outbound.send(hub) == 1 and states(hub) == ["waiting"]
        hub.clock.advance(3600)  # type: ignore[attr-defined]
        assert outbound.send(hub) == 1 and states(hub) == ["sent"]
        outbound.resend_parcel(hub, 1, "ann", "they lost it")
        assert outbound.send(hub) == 1 and states(hub) == ["sent"]
    finally:
        peer.stop()
    assert bodies == [document.encode()] * 3, "payloadID, DOCNUM and timestamp are those of the first attempt"


@pytest.mark.parametrize("use", ["rest", "signed_http"])
def test_a_document_is_told_from_another_by_all_that_its_record_says(peer: HttpPeer, shop: Shop, use: str) -> None:
    send = transport_named(use).send
    shop.made = [{"number": "A&B/1", "supplier": "V2"}]
    assert send(route(peer, use), "a", ORDER, "d/1") == '200 {"code": 0}', "another supplier's"
    assert send(route(peer, use), "a", ORDER, "d/1") == "200 was there"
    assert send(route(peer, use) | {"again": False}, "a", ORDER, "d/1") == '200 {"code": 0}' and len(shop.made) == 3
    body = {"query": None, "body": {"number": "{document.number}"}}
    assert send(route(peer, use, **body), "a", ORDER, "d/1") == "200 was there"
    with pytest.raises(RefusedError, match="no supplier"):
        send(route(peer, use), "a", b'{"number": "1"}', "d/1")
    with pytest.raises(ConfigError, match="record"):
        send(route(peer, use, record={}), "a", ORDER, "d/1")
    peer.stop()
    with pytest.raises(RetriableError):
        send(route(peer, use), "a", ORDER, "d/1")


@pytest.mark.parametrize(
    ("use", "send", "guarded"),
    [
        ("rest", {}, False), ("rest", {"idempotency": "Idempotency-Key"}, True), ("rest", {"method": "PUT"}, True),
        ("rest", {"body": {"key": "{id}"}}, True), ("rest", {"path": "orders/{id}"}, False),
        ("signed_http", {"query": {"no": "{id}"}}, True),
        ("signed_http", {"text": "<a>{document}</a>"}, False), ("signed_http", {"unless": {"record": {"a": "b"}}}, True),
        ("odata", {"path": "Orders"}, False), ("odata", {"path": "Orders", "unless": "Orders(1)"}, True),
        ("odata", {"path": "Orders(1)", "method": "PATCH"}, True), ("odata", {"batch": [{"path": "A", "body": {"key": "{id}"}}]}, True),
    ],
)  # fmt: skip
def test_what_keeps_a_repeat_from_being_a_second_document_is_known(use: str, send: dict[str, Any], guarded: bool) -> None:
    transport = transport_named(use)
    assert isinstance(transport, Guarded) and transport.guards({"send": send}) is guarded


def test_a_document_in_xml_is_known_by_its_members_spelled_for_xml(peer: HttpPeer, shop: Shop) -> None:
    shop.answer = (200, b"<r><flag>success</flag><order><number>A&amp;B/1</number></order></r>")
    asked = {"query": None, "text": "<find><number>{document.number}</number></find>", "list": None}
    known = route(peer, "signed_http", **asked, record={"flag": "success", "order.number": "{document.number}"})
    assert transport_named("signed_http").send(known, "a", XML, "d/1") == "200 was there"
    assert peer.taken == [b"<find><number>A&amp;B/1</number></find>"]

"""Sign-on, gateways and maintenance pages before a peer: none of them takes a document, and none of them refuses one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from connectors.registry import transport_named
from connectors.spec import Polling
from connectors.transports import odata, rest
from data_contracts.errors import BusyError, ConfigError, HubError, RefusedError, RetriableError
from tests.peers.rest_peer import running

PAGE = b"<!DOCTYPE html>\n<html><head><title>We are back at 6</title></head><body/></html>"
WELL_FORMED = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><h1>Maintenance</h1></body></html>'
HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": "application/json"}


class Front:
    """Whatever answers at the address: one answer for all."""

    def __init__(self) -> None:
        self.port = 0
        self.answer: tuple[int, dict[str, str], bytes] = (200, JSON, b"{}")
        self.asked: list[tuple[str, str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


class Handler(BaseHTTPRequestHandler):
    peer: Front
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.peer.asked.append((self.command, self.path, body))
        status, headers, content = self.peer.answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PATCH = do_POST  # noqa: N815 - names that the server calls

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    monkeypatch.setenv("SECRET", "x" * 20)
    with running(Handler, Front()) as found:
        yield found


def senders(front: Front) -> dict[str, dict[str, Any]]:
    qimen = {"signer": "qimen", "keys": {"app_key": "1", "customer_id": "C", "secret_env": "SECRET"}}
    return {
        "rest": {"use": "rest", "url": front.url, "send": {"path": "in"}},
        "rest, with success": {"use": "rest", "url": front.url, "send": {"path": "in"}, "success": {"at": "ok", "is": [True]}},
        "rest, with failure": {"use": "rest", "url": front.url, "send": {"path": "in"}, "failure": {"at": "error"}},
        "signed_http": {"use": "signed_http", "url": front.url, "send": {"query": {"method": "m"}}, **qimen},
        "signed_http, with success": {
            "use": "signed_http", "url": front.url, "send": {"query": {"method": "m"}}, "success": {"at": "flag", "is": ["success"]},
            **qimen,
        },
        "soap": {"use": "soap", "url": front.url},
        "soap, with success": {"use": "soap", "url": front.url, "send": {"body": {"Put": {"a": "{document}"}}}, "success": {"at": "*/ok"}},
        "odata": {"use": "odata", "version": 4, "url": front.url, "send": {"path": "Things"}},
        "webhook": {"use": "webhook", "url": front.url, "secret_env": "SECRET", "allow_hosts": ["127.0.0.1"]},
    }  # fmt: skip


def send(given: dict[str, Any], content: bytes = b'{"number": "1"}') -> str:
    content = b"<order/>" if given["use"] == "soap" and "send" not in given else content
    return str(transport_named(given["use"]).send(given, "a.json", content, "delivery/1"))


@pytest.mark.parametrize("answer", [
    (302, {"Location": "https://sso.example/login?back=1"} | HTML, b""), (307, {"Location": "/elsewhere"}, b"{}"),
    (404, HTML, b"<html>default backend - 404</html>"), (404, {"Content-Type": "text/plain"}, b"default backend - 404"), (404, {}, b""),
    (405, HTML, PAGE), (400, HTML, PAGE), (503, HTML, PAGE), (200, HTML, PAGE), (200, JSON, PAGE), (202, HTML, WELL_FORMED),
])  # fmt: skip
def test_no_document_is_taken_or_refused_by_what_stands_before_the_peer(front: Front, answer: tuple[int, dict[str, str], bytes]) -> None:
    front.answer = answer
    for name, given in senders(front).items():
        with pytest.raises(RetriableError) as told:
            send(given)
        assert str(answer[0]) in str(told.value) or answer[0] < 300, name


def test_an_empty_answer_under_the_name_of_html_takes_nothing_of_an_interface(front: Front) -> None:
    front.answer = (200, HTML, b"")
    for name, given in senders(front).items():
        if name != "webhook":
            with pytest.raises(RetriableError):
                send(given)
    assert send(senders(front)["webhook"]) == "200", "a receiver of webhooks is known to answer by its status alone"
    front.answer = (200, HTML, b'{"ok": true, "flag": "success"}')
    for name in ("rest", "rest, with success", "rest, with failure", "signed_http", "signed_http, with success", "webhook"):
        assert send(senders(front)[name]).startswith("200 "), "JSON is JSON, whatever a framework calls it"


def test_a_peer_that_answers_in_html_is_known_by_the_site(front: Front) -> None:
    front.answer = (200, HTML, b"<html><body><h1>IDoc-XML-inbound ok</h1></body></html>")
    port = {"use": "rest", "url": front.url, "send": {"path": "sap/bc/idoc_xml"}, "answers_html": "IDoc-XML-inbound ok"}
    assert send(port, b"<IDOC/>").startswith("200 <html>")
    for name in ("rest", "webhook"):
        assert send(senders(front)[name] | {"answers_html": True}).startswith("200 ")
        assert send(senders(front)[name] | {"answers_html": "inbound ok"}).startswith("200 ")
    front.answer = (200, HTML, PAGE)
    for given in (port, senders(front)["webhook"] | {"answers_html": "inbound ok"}):
        with pytest.raises(RetriableError, match="page of HTML, which takes no document: We are back at 6"):
            send(given, b"<IDOC/>")
    front.answer = (201, {"Content-Type": "text/xml"}, b"<IDOC_STATUS/>")
    assert send(port, b"<IDOC/>") == "201 <IDOC_STATUS/>", "what is no page is an answer as ever"
    front.answer = (400, HTML, PAGE)
    with pytest.raises(RefusedError, match="400"):
        send(senders(front)["rest"] | {"answers_html": True})
    for wrong in ("", 1, ["x"]):
        with pytest.raises(ConfigError, match="answers_html"):
            send(port | {"answers_html": wrong})


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422])
def test_the_peers_own_word_counts_as_ever(front: Front, status: int) -> None:
    for headers, content in (
        (JSON, b'{"message": "no such order"}'),
        ({"Content-Type": "application/xml"}, b"<error>no such order</error>"),
    ):
        front.answer = (status, headers, content)
        for name, given in senders(front).items():
            expected = RetriableError if status == 409 and name != "webhook" else RefusedError
            with pytest.raises(expected, match="no such order"):
                send(given)


@pytest.mark.parametrize(("status", "headers", "content", "made"), [
    (201, JSON, b'{"number": "1"}', True), (201, {}, b'<entry xmlns="http://www.w3.org/2005/Atom"/>', True),
    (201, {"Location": "Things(1)"}, b"", True), (204, {}, b"", True),
    (201, {}, b"", False), (200, JSON, b"{}", False), (202, {}, b"", False),
])  # fmt: skip
def test_an_entity_is_made_when_the_service_says_so(front: Front, status: int, headers: dict[str, str], content: bytes, made: bool) -> None:
    front.answer = (status, headers, content)
    given = senders(front)["odata"]
    if made:
        assert send(given).startswith(str(status))
    else:
        with pytest.raises(RefusedError, match=r"nothing says that the entity was made.*a person decides"):
            send(given)
    if status == 200:
        front.answer = (200, JSON, b'{"done": true}')
        assert send(given | {"success": {"at": "done", "is": [True]}, "send": {"path": "Do"}}).startswith("200"), "an action, by its test"
        front.answer = (200, JSON, b'{"@odata.context": "$metadata#Edm.Boolean", "value": true}')
        assert send(given).startswith("200"), "an action, in the service's own words"
        assert send(given | {"send": {"method": "PATCH", "path": "Things(1)"}}).startswith("200"), "a change may be answered so"


def test_whether_a_document_is_there_is_no_matter_for_a_gateway(front: Front) -> None:
    given = senders(front)["odata"] | {"send": {"path": "Things", "unless": "Things('{number}')"}}
    front.answer = (404, HTML, b"<html>default backend</html>")
    with pytest.raises(RetriableError, match="not the service's own"):
        send(given)
    assert [method for method, _, _ in front.asked] == ["GET"], "nothing was made on a gateway's word"


def test_a_pull_from_behind_a_sign_on_is_tried_again(front: Front) -> None:
    front.answer = (302, {"Location": "https://sso.example/"}, b"")
    for transport, settings in ((rest.TRANSPORT, {"path": "x"}), (odata.TRANSPORT, {"entity": "X"})):
        assert isinstance(transport, Polling)
        with pytest.raises(RetriableError, match=r"sends us to sso\.example"):
            list(transport.pages({"url": front.url, "delta": {"kind": "whole", "id": "id"}, **settings}, None))


def test_a_busy_peer_keeps_a_parcel_and_never_the_sender(front: Front) -> None:
    front.answer = (429, {"Retry-After": "2"}, b"")
    for name, given in senders(front).items():
        begun = time.monotonic()
        with pytest.raises(BusyError) as told:
            send(given)
        assert told.value.seconds == 2 and time.monotonic() - begun < 1, name


def test_what_cannot_be_read_is_an_error_of_the_machinery_alone(front: Front) -> None:
    """Whatever bytes come under whatever status: sent, or an error that says what to do next."""
    kinds: tuple[dict[str, str], ...] = ({}, HTML, JSON, {"Content-Type": "\xff"})
    for status in (200, 201, 301, 400, 404, 500):
        for headers in kinds:
            for content in (b"", b"\xff\xfe\x00", b"<", b"<!--", b"{", json.dumps({"a": "<html>"}).encode()):
                front.answer = (status, headers, content)
                for given in senders(front).values():
                    try:
                        assert send(given).startswith(str(status)) and status < 300
                    except HubError as error:
                        assert isinstance(error, RefusedError | RetriableError)

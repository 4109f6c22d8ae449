"""`$batch`: all changes are made or none, against a server that keeps them, rolls back, and answers 201 for what it undid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from connectors.transports.odata import TRANSPORT
from data_contracts.errors import ConfigError, RefusedError, RetriableError
from tests.peers.rest_peer import running

ORDER = b'{"number": "PO\'1", "total": 1.10, "lines": [{"line": 1, "quantity": 2.50}, {"line": 2, "quantity": 3}]}'


class Service:
    """An OData service with a token for writing; what it took stands in `made` as (method, path, body)."""

    def __init__(self) -> None:
        self.port, self.scheme = 0, "http"
        self.made: list[tuple[str, str, str]] = []
        self.seen: list[bytes] = []
        self.fails_at: str | None = None
        self.status, self.lies = 400, False
        self.tokens = 0
        self.meddle: Callable[[bytes], bytes] = lambda content: content
        """What happens to an answer on its way."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


class ServiceHandler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    peer: Service

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self.peer.tokens += 1
        self.say(200, "application/json", b"{}", {"x-csrf-token": f"t-{self.peer.tokens}"})

    def do_POST(self) -> None:
        body, peer = self.rfile.read(int(self.headers["Content-Length"])), self.peer
        if self.headers.get("x-csrf-token") != f"t-{max(2, peer.tokens)}":  # the first one has ended
            return self.say(403, "text/plain", b"token", {"x-csrf-token": "Required"})
        assert self.path == "/srv/$batch"
        peer.seen.append(body)
        whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode() + body)
        (change_set,) = whole.iter_parts()
        assert change_set.get_content_type() == "multipart/mixed"
        changes, numbers = [], []
        for part in change_set.iter_parts():
            assert part.get_content_type() == "application/http" and part["Content-Transfer-Encoding"] == "binary"
            numbers.append(part["Content-ID"])
            head, _, content = part.get_payload(decode=True).partition(b"\r\n\r\n")
            method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
            length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
            changes.append((method, path, content[:length].decode()))
        assert numbers == [str(number) for number in range(1, len(changes) + 1)]
        failing = next((one for one in changes if one[1] == peer.fails_at), None)
        if failing is None:
            peer.made += changes
        answers = [(201, "{}") for _ in changes]
        if failing is not None:
            fault = (peer.status, json.dumps({"error": {"message": "Item GW-035 is blocked"}}))
            answers = [(201, "{}"), fault] if peer.lies else [fault]
        return self.say(202, "multipart/mixed; boundary=b", peer.meddle(multipart(answers)), {})

    def say(self, status: int, kind: str, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def multipart(answers: list[tuple[int, str]]) -> bytes:
    parts = [
        f"--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}\r\n"
        for status, text in answers
    ]
    return f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{''.join(parts)}--c--\r\n--b--\r\n".encode()


@pytest.fixture
def service() -> Iterator[Service]:
    with running(ServiceHandler, Service()) as found:
        yield found


def settings(service: Service, **more: Any) -> dict[str, Any]:
    batch = [
        {"path": "Headers", "body": {"Number": "{document.number}", "Total": "{document.total}"}},
        {"path": "Lines", "each": "lines", "body": {"Number": "{document.number}", "Line": "{document.line}", "All": "{document}"}},
        {"method": "DELETE", "path": "Drafts('{number}')"},
    ]
    return {"version": 4, "url": f"{service.url}/srv/", "send": {"csrf": True, "batch": batch, **more}}


def test_all_changes_are_made_at_once_in_order_and_spelled_as_they_came(service: Service) -> None:
    said = TRANSPORT.send(settings(service), "order", ORDER, "delivery-1")
    assert said == "202 4 parts, 201 201 201 201" and service.tokens == 2, "a token that has ended is fetched again"
    assert [(method, path) for method, path, _ in service.made] == [
        ("POST", "Headers"), ("POST", "Lines"), ("POST", "Lines"), ("DELETE", "Drafts('PO%27%271')"),
    ]  # fmt: skip
    assert json.loads(service.made[0][2]) == {"Number": "PO'1", "Total": "1.10"}
    assert [json.loads(body)["Line"] for _, path, body in service.made if path == "Lines"] == ["1", "2"]
    assert '"quantity": 2.50' in service.made[1][2] and '"total": 1.10' in service.made[1][2]
    TRANSPORT.send(settings(service), "order", ORDER, "delivery-1")
    assert service.seen[0] == service.seen[1], "a repetition is the same to the byte"


@pytest.mark.parametrize("lies", [False, True])
def test_where_one_fails_nothing_was_made_whatever_other_parts_say(service: Service, lies: bool) -> None:
    service.fails_at, service.lies = "Lines", lies
    with pytest.raises(RefusedError, match=r"nothing of the batch was made: 400 .*GW-035 is blocked"):
        TRANSPORT.send(settings(service), "order", ORDER, "delivery-1")
    assert service.made == []
    service.status = 503
    with pytest.raises(RetriableError, match="503"):
        TRANSPORT.send(settings(service), "order", ORDER, "delivery-1")


@pytest.mark.parametrize("meddle", [
    lambda _content: multipart([(201, "{}")]),
    lambda content: content[: content.rindex(b"HTTP/1.1") + 30],
    lambda content: content[: content.rindex(b"--b--")],
    lambda content: content.replace(b"HTTP/1.1 201 X", b"HTTP/1.1 302 Found", 1),
    lambda content: content.replace(b"HTTP/1.1 201 X", b"HTTP/1.1 100 Continue", 1),
    lambda _content: b"--b--\r\n",
    lambda _content: b"<html>",
])  # fmt: skip
def test_an_answer_that_tells_of_less_than_was_asked_for_is_no_success(service: Service, meddle: Callable[[bytes], bytes]) -> None:
    service.meddle = meddle
    with pytest.raises(RefusedError, match=r"(4 changes were asked for|has no parts).*a person decides"):
        TRANSPORT.send(settings(service), "order", ORDER, "delivery-1")


def test_no_half_of_an_answer_is_taken_for_the_whole(service: Service) -> None:
    for length in range(0, len(multipart([(201, "{}")] * 4)) - len(b"--\r\n"), 7):
        service.meddle = lambda content, length=length: content[:length]  # type: ignore[misc]
        with pytest.raises(RefusedError, match="not sent again by itself"):
            TRANSPORT.send(settings(service), "order", ORDER, "delivery-1")


def test_what_somebody_changed_meanwhile_is_a_persons_to_decide(service: Service) -> None:
    service.fails_at, service.status = "Lines", 412
    with pytest.raises(RefusedError, match="412"):
        TRANSPORT.send(settings(service), "order", ORDER, "delivery-1")


def test_what_no_batch_can_be_made_of_is_refused_and_settings_are_told(service: Service) -> None:
    for content in (b"<xml/>", b'{"number": "1", "total": 1}', b'{"number": "1", "total": 1, "lines": [1]}', b'{"total": 1, "lines": []}'):
        with pytest.raises(RefusedError):
            TRANSPORT.send(settings(service), "order", content, "delivery-1")
    assert service.seen == []
    for wrong in (
        {"batch": []},
        {"batch": ["x"]},
        {"batch": [{"method": "POST"}]},
        {"batch": [{"path": "A", "method": "GET"}]},
        {"path": "A"},
    ):
        with pytest.raises(ConfigError):
            TRANSPORT.send(settings(service, **wrong), "order", ORDER, "delivery-1")
    with pytest.raises(RefusedError, match="nothing of which"):
        TRANSPORT.send(settings(service, batch=[{"path": "Lines", "each": "lines"}]), "order", b'{"lines": []}', "delivery-1")

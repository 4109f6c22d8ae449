"""No peer holds others up: a deadline holds for all of an exchange, and one peer's token is no other's matter."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors import http_access
from connectors.open_lines import kept_open
from connectors.registry import transport_named
from connectors.spec import Polling
from connectors.transports import signed_http
from data_contracts.errors import RetriableError
from tests.connectors.transports.test_webhook import certificate

HEADERS = b"HTTP/1.1 200 OK\r\nX-Drip: "


@contextmanager
def listening(talk: Callable[[Any], None], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that talks as it likes on each connection; the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def one(connection: socket.socket) -> None:
            try:
                with context.wrap_socket(connection, server_side=True) if context is not None else connection as spoken:
                    talk(spoken)
            except OSError:
                return  # who asked has gone

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield int(server.getsockname()[1])


def drips_headers(connection: Any) -> None:
    connection.recv(65536)
    connection.sendall(HEADERS)
    for _ in range(100):
        connection.sendall(b"a")
        time.sleep(0.1)


def drips_a_body(connection: Any) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.1)


def reads_slowly(connection: Any) -> None:
    for _ in range(100):
        connection.recv(4096)
        time.sleep(0.1)


def answers_once_then_drips(connection: Any) -> None:
    came = b""
    while not came.endswith(b"{}"):
        came += connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    drips_headers(connection)


def routes(scheme: str, port: int, **more: Any) -> list[dict[str, Any]]:
    url = f"{scheme}://127.0.0.1:{port}/"
    limits = {"timeout_seconds": 0.5, **more}
    keyed = {"signer": "hmac_header", "keys": {"secret_env": "SECRET"}}
    return [
        {"use": "rest", "url": url, "send": {"path": "x"}, "deadline_seconds": 1, **limits},
        {"use": "signed_http", "url": url, "send": {"path": "x"}, "deadline_seconds": 1, **keyed, **limits},
        {"use": "odata", "url": url, "send": {"path": "x"}, "deadline_seconds": 1, **limits},
        {"use": "webhook", "url": url, "secret_env": "SECRET", "allow_hosts": ["127.0.0.1"], **limits},
    ]


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x" * 20)


@pytest.mark.parametrize("talk", [drips_headers, drips_a_body, reads_slowly])
@pytest.mark.parametrize("kept", [False, True])
def test_a_deadline_holds_for_all_of_an_exchange(talk: Callable[[Any], None], kept: bool) -> None:
    content = json.dumps({"text": "x" * (16_000_000 if talk is reads_slowly else 10)}).encode()
    with listening(talk) as port:
        for route in routes("http", port):
            begun = time.monotonic()
            with pytest.raises(RetriableError):
                if kept:
                    with kept_open():
                        transport_named(route["use"]).send(route, "a.json", content, "delivery/1")
                else:
                    transport_named(route["use"]).send(route, "a.json", content, "delivery/1")
            assert time.monotonic() - begun < 3, route["use"]


def test_it_holds_with_certificates_and_on_a_connection_that_was_kept(tmp_path: Path) -> None:
    made, context = certificate(tmp_path, "localhost")
    with listening(answers_once_then_drips, context) as port, kept_open():
        route = routes("https", port, ca_file=str(made))[0]
        route["url"] = f"https://localhost:{port}/"
        assert transport_named("rest").send(route, "a.json", b"{}", "delivery/1") == "200 ok"
        begun = time.monotonic()
        with pytest.raises(RetriableError):
            transport_named("rest").send(route, "a.json", b"{}", "delivery/2")
        assert time.monotonic() - begun < 3


def test_a_pull_ends_by_its_deadline() -> None:
    with listening(drips_headers) as port:
        rest = transport_named("rest")
        assert isinstance(rest, Polling)
        given = {"url": f"http://127.0.0.1:{port}/", "path": "x", "timeout_seconds": 0.5, "deadline_seconds": 1}
        begun = time.monotonic()
        with pytest.raises(RetriableError, match=r"slowly|timed out"):
            list(rest.pages(given | {"delta": {"kind": "whole", "id": "id"}}, None))
        assert time.monotonic() - begun < 3


class Lender:
    """A peer that lends tokens, at its own pace, and counts how often it is asked."""

    def __init__(self, pace: float) -> None:
        self.pace, self.asked = pace, 0

    def __call__(self, connection: Any) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        body = b"[]"
        if head.split(b" ")[1].partition(b"?")[0].lower().endswith(b"token"):
            self.asked += 1
            time.sleep(self.pace)
            body = json.dumps(
                {"access_token": "t", "expires_in": 3600, "code": "00000", "data": {"access_token": "t", "expire": 7200}}
            ).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def lending(transport: str, port: int) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port}/"
    given: dict[str, Any] = {"url": url, "path": "x", "delta": {"kind": "whole", "id": "id"}}
    if transport == "rest":
        grant = {"kind": "oauth2", "grant": "client_credentials", "token_url": f"{url}token", "client_id": "hub"}
        return given | {"auth": grant | {"client_secret_env": "SECRET"}}
    return given | {"signer": "yonbip", "keys": {"app_key": "K", "app_secret_env": "SECRET"}}


@pytest.mark.parametrize("transport", ["rest", "signed_http"])
def test_a_slow_token_of_one_peer_is_no_matter_of_another_and_is_asked_for_once(transport: str) -> None:
    http_access._tokens.clear()
    signed_http._lent.clear()
    polling = transport_named(transport)
    assert isinstance(polling, Polling)
    slow, quick = Lender(2), Lender(0)
    with listening(slow) as a, listening(quick) as b:
        waiting = [threading.Thread(target=lambda: list(polling.pages(lending(transport, a), None)), daemon=True) for _ in range(3)]
        for one in waiting:
            one.start()
        time.sleep(0.3)
        begun = time.monotonic()
        for _ in range(2):
            assert list(polling.pages(lending(transport, b), None)) is not None
        assert time.monotonic() - begun < 1 and quick.asked == 1
        for one in waiting:
            one.join(10)
        assert slow.asked == 1, "three that want the same token ask for it once"

"""Open connections carry one document after the other while a sender works, for the peer alone to whom they were opened."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors import http_connections
from connectors.open_lines import kept_open
from connectors.registry import transport_named
from data_contracts.errors import RetriableError
from tests.connectors.transports.test_webhook import certificate

SIGNED = {"use": "signed_http", "signer": "hmac_header", "keys": {"secret_env": "HOOK_SECRET"}}


class Peer:
    """What came, and by how many connections."""

    def __init__(self) -> None:
        self.connections = 0
        self.open = 0
        self.cookies: list[str | None] = []
        self.hangs_up = False
        self.port = 0


@contextmanager
def peer(context: ssl.SSLContext | None = None) -> Iterator[Peer]:
    state = Peer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            state.connections += 1
            state.open += 1

        def finish(self) -> None:
            super().finish()
            state.open -= 1

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            state.cookies.append(self.headers["Cookie"])
            self.send_response(200)
            self.send_header("Set-Cookie", "session=1")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
            self.close_connection = state.hangs_up  # without a word of it

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def shared_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "shared")
    monkeypatch.setattr(http_connections, "_shy", {})


def send(url: str, number: int, **more: Any) -> str | None:
    given = {"use": "webhook", "url": url, "secret_env": "HOOK_SECRET", "allow_hosts": ["127.0.0.1", "localhost"], "timeout_seconds": 2}
    return transport_named("webhook").send(given | more, f"{number}.json", b"{}", f"exchange/{number}")


def until(true: Any) -> bool:
    end = time.monotonic() + 5
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(true())


def test_documents_of_one_turn_go_by_one_connection_which_ends_with_it() -> None:
    with peer() as state:
        url = f"http://127.0.0.1:{state.port}"
        with kept_open():
            for number in range(5):
                assert send(url + "/in", number) == "200 ok"
            assert state.connections == 1
            with kept_open():
                assert send(url + "/elsewhere", 5) == "200 ok"
            assert state.connections == state.open == 1, "a block within has no end of its own"
            for number in range(5):
                assert transport_named("signed_http").send(SIGNED | {"url": url}, "a", b"{}", f"exchange/{number}") == "200 ok"
            assert state.connections == 2 and state.cookies[-5:] == [None] * 5, "what a peer sets is for one document alone"
        assert until(lambda: state.open == 0)
        for number in range(3):
            assert send(url, number) == "200 ok"
        assert state.connections == 5, "outside each has its own"


def test_a_connection_is_not_kept_for_longer_than_servers_listen() -> None:
    with peer() as state, kept_open():
        url = f"http://127.0.0.1:{state.port}"
        send(url, 1)
        time.sleep(http_connections.IDLE_SECONDS + 0.2)
        send(url, 2)
        assert state.connections == 2


def test_an_open_connection_vouches_for_no_other_name_at_its_address(tmp_path: Path) -> None:
    path, context = certificate(tmp_path, "localhost")
    with peer(context) as state, kept_open():
        for number in range(3):
            assert send(f"https://localhost:{state.port}/in", number, ca_file=str(path)) == "200 ok"
        assert state.connections == 1
        with pytest.raises(RetriableError, match=r"(?i)certificate"):
            send(f"https://127.0.0.1:{state.port}/in", 3, ca_file=str(path))
        with pytest.raises(RetriableError, match=r"(?i)certificate"):
            send(f"https://localhost:{state.port}/in", 4)  # nobody trusts it any more
        assert len(state.cookies) == 3


def test_a_peer_that_hangs_up_without_a_word_costs_one_attempt_only() -> None:
    with peer() as state, kept_open():
        state.hangs_up = True
        failed = 0
        for number in range(20):
            try:
                send(f"http://127.0.0.1:{state.port}/in", number)
            except RetriableError:
                failed += 1
        assert failed <= 1 and len(state.cookies) >= 19


def test_other_threads_have_connections_of_their_own() -> None:
    with peer() as state, kept_open():
        url = f"http://127.0.0.1:{state.port}"
        send(url, 1)
        thread = threading.Thread(target=send, args=(url, 2))
        thread.start()
        thread.join()
        send(url, 3)
        assert state.connections == 2 and len(state.cookies) == 3

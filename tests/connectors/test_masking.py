"""No text of ours shows a secret, however a peer spells it or where it cuts it, and no short one blanks the words of a text."""

from __future__ import annotations

import base64
import html
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from connectors.masking import beginning, masked
from connectors.registry import transport_named
from data_contracts.errors import HubError

SECRET = 'Zx9/kk+QQ== "to\'p"<sec>&ret\\冷😀\n-0123456789'


def percent(text: str, case: str) -> str:
    pieces = quote(text, safe="").split("%")
    return pieces[0] + "".join("%" + (one[:2].lower() if case == "lower" else one[:2].upper()) + one[2:] for one in pieces[1:])


SPELLED = {
    "plain": SECRET,
    "percent": percent(SECRET, "upper"),
    "percent in lower case": percent(SECRET, "lower"),
    "percent, spaces as plus": quote_plus(SECRET),
    "percent twice": quote(quote(SECRET, safe=""), safe=""),
    "percent of GB18030": "".join(
        character if character.isascii() and character.isalnum() else quote(character.encode("gb18030"), safe="") for character in SECRET
    ),
    "JSON": json.dumps(SECRET)[1:-1],
    "JSON with letters as they are": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "JSON of JavaScript": json.dumps(SECRET)[1:-1]
    .replace("/", "\\/")
    .replace("+", "\\u002B")
    .replace("<", "\\u003c")
    .replace("&", "\\u0026"),
    "JSON in JSON": json.dumps(json.dumps(SECRET))[3:-3],
    "HTML": html.escape(SECRET),
    "HTML by numbers": "".join(
        character if character.isalnum() and character.isascii() else f"&#{ord(character)};" for character in SECRET
    ),
    "HTML by hexadecimal numbers": "".join(
        character if character.isalnum() and character.isascii() else f"&#x{ord(character):04X};" for character in SECRET
    ),
    "HTML by names": html.escape(SECRET).replace("/", "&sol;").replace("+", "&plus;").replace("=", "&equals;"),
    "HTML in HTML": html.escape(html.escape(SECRET)),
}


@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED)
def test_a_secret_is_known_however_it_is_spelled(spelled: str) -> None:
    assert masked(f"before {spelled} behind", {SECRET}) == "before *** behind"


@pytest.mark.parametrize("size", range(160, 260, 7))
@pytest.mark.parametrize("spelled", ["plain", "percent in lower case", "HTML by numbers"])
def test_what_a_cut_leaves_of_a_secret_is_masked_too(size: int, spelled: str) -> None:
    secret = "Zx9/kk+QQ==topsecret-topsecret-0123456789"
    told = {
        "plain": secret,
        "percent in lower case": percent(secret, "lower"),
        "HTML by numbers": secret.replace("/", "&#47;").replace("+", "&#43;"),
    }
    content = ("x" * size + told[spelled] + "y" * 100_000).encode()
    text = beginning(content, 200, {secret})[:200]
    assert text == ("x" * size + "***" + "y" * 200)[:200]
    spaces = beginning(b"a" + b" " * (4 * 200 + size) + told[spelled].encode() + b" " * 100_000, 200, {secret})
    assert "topsecret" not in spaces and "Zx9" not in spaces


def test_a_part_that_the_peer_cut_itself_is_masked() -> None:
    secret = "abcdefghijklmnopqrstuvwxyz"
    for part in ("abcdefghijkl", "mnopqrstuvwxyz", secret[3:22]):
        assert masked(f"key={part}… and more", {secret}) == "key=***… and more"
    assert masked("key=abcdefghijk and abc", {secret}) == "key=abcdefghijk and abc", "eleven letters may be chance"


def test_a_short_secret_blanks_no_word() -> None:
    text = "timed out at the third attempt, isn't it: t=t&pin=1234 in 12345 (1234) %3D1234%26"
    assert masked(text, {"t", "1234", ""}) == "timed out at the third attempt, isn't it: ***=***&pin=*** in 12345 (***) %3D***%26"


def test_long_tokens_and_long_answers_cost_little() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9." + "aB3-_" * 800
    content = ("{" + '"a":"b",' * 30_000 + token + "}").encode()
    masked("x", {token})
    started = time.monotonic()
    assert token[:12] not in beginning(content, 64 * 1024, {token, "other secret/+"})
    assert time.monotonic() - started < 5


@pytest.fixture
def echo() -> Iterator[tuple[str, dict[str, Any]]]:
    """A peer that says what it is told to say, whatever it is sent."""
    said: dict[str, Any] = {"status": 200, "kind": "application/json", "body": b""}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(said["status"])
            self.send_header("Content-Type", said["kind"])
            self.send_header("Content-Length", str(len(said["body"])))
            self.end_headers()
            self.wfile.write(said["body"])

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", said
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("status", [201, 400, 500])
@pytest.mark.parametrize("transport", ["rest", "odata"])
def test_no_peer_brings_a_secret_into_the_outbox(
    echo: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, transport: str, status: int
) -> None:
    secret = "Zx9/kk+QQ==topsecret-topsecret-0123456789"
    monkeypatch.setenv("ECHOED", secret)
    url, said = echo
    settings = {"url": url, "auth": {"kind": "header", "name": "X-Key", "secret_env": "ECHOED"}, "send": {"path": "in"}}
    for spelled in (secret, percent(secret, "lower"), secret.replace("/", "\\/"), secret.replace("+", "&#43;")):
        for before in (0, 160, 190):
            said.update(status=status, body=json.dumps({"x": "y" * before}).encode()[:-2] + spelled.encode() + b'"}')
            try:
                told = transport_named(transport).send(settings, "a.json", b"{}", "id-1")
            except HubError as error:
                told = str(error)
            assert str(status) in told and "***" in told + ("***" if before == 190 else "")
            assert "topsecret" not in told and "Zx9" not in told and "kk" not in told


def test_what_a_batch_of_odata_says_of_a_change_shows_no_secret(echo: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHOED", "topsecret-topsecret-0123456789")
    url, said = echo
    body = b"x" * 190 + b"topsecret-topsecret-0123456789"
    part = b"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n%s\r\n--b--\r\n" % (len(body), body)
    said.update(status=200, kind="multipart/mixed; boundary=b", body=part)
    settings = {"url": url, "auth": {"kind": "header", "name": "X-Key", "secret_env": "ECHOED"}}
    with pytest.raises(HubError) as told:
        transport_named("odata").send(settings | {"send": {"batch": [{"path": "E"}]}}, "a.json", b"{}", "id-1")
    assert "nothing of the batch was made: 400" in str(told.value) and "topsec" not in str(told.value)


def test_a_token_endpoint_that_says_again_who_asked_shows_no_secret(
    echo: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECHOED", "topsecret-topsecret-42")
    url, said = echo
    shown = base64.b64encode(b"hub:topsecret-topsecret-42")
    said.update(status=401, kind="text/plain", body=b"bad client: Basic " + shown)
    auth = {"kind": "oauth2", "grant": "client_credentials", "token_url": f"{url}/token", "client_id": "hub", "client_auth": "basic"}
    settings = {"url": url, "auth": auth | {"client_secret_env": "ECHOED"}, "send": {"path": "in"}}
    with pytest.raises(HubError, match="does not let us in: 401 bad client: Basic") as told:
        transport_named("rest").send(settings, "a.json", b"{}", "id-1")
    assert shown.decode() not in str(told.value) and "***" in str(told.value)

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.registry import transport_named
from connectors.spec import Delivered
from connectors.transports.webhook import signature, verify_signature
from data_contracts.errors import ConfigError, RefusedError, RetriableError

KEY = b"shared-secret"
MOMENT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)


@dataclass
class Receiver:
    """A real HTTP server that keeps what it got and answers as it is told."""

    status: int = 202
    body: bytes = b'{"accepted": true}'
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from serving(None)


def serving(context: ssl.SSLContext | None) -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.got.append((self.path, dict(self.headers), body))
            time.sleep(state.delay)
            self.send_response(state.status)
            for name, value in {"Content-Length": str(len(state.body)), **state.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for byte in range(len(state.body)) if state.drip else ():
                self.wfile.write(state.body[byte : byte + 1])
                time.sleep(state.drip)
            if not state.drip:
                self.wfile.write(state.body)

        def log_message(self, *args: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            return

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def shared_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", KEY.decode())
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # a proxy of the environment must not be used
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")


def settings(receiver: Receiver, **more: Any) -> dict[str, Any]:
    return {
        "use": "webhook", "url": f"http://127.0.0.1:{receiver.port}/hooks/despatches?v=1", "secret_env": "HOOK_SECRET",
        "allow_hosts": ["127.0.0.0/8"], "timeout_seconds": 2, "clock": lambda: MOMENT,
    } | more  # fmt: skip


def send(given: dict[str, Any], content: bytes = b'{"despatches": []}', stable_id: str = "exchange/7") -> str:
    return transport_named("webhook").send(given, "despatch_7.json", content, stable_id)


def test_a_document_arrives_signed_and_the_receiver_can_check_it(receiver: Receiver) -> None:
    content = '{"number": "发货-1"}'.encode()
    assert send(settings(receiver), content) == '202 {"accepted": true}'
    ((path, headers, body),) = receiver.got
    assert (path, body, headers["Content-Type"]) == ("/hooks/despatches?v=1", content, "application/json")
    assert headers["Host"] == f"127.0.0.1:{receiver.port}" and headers["UDIHub-Id"] == "exchange/7"
    assert verify_signature(KEY, headers, body, MOMENT)
    assert not verify_signature(b"other", headers, body, MOMENT)
    assert not verify_signature(KEY, headers, body + b" ", MOMENT)
    assert not verify_signature(KEY, headers | {"UDIHub-Id": "exchange/8"}, body, MOMENT)
    assert not verify_signature(KEY, headers | {"UDIHub-Timestamp": str(int(MOMENT.timestamp()) + 1)}, body, MOMENT)
    assert verify_signature(KEY, headers, body, MOMENT + dt.timedelta(seconds=299))
    assert not verify_signature(KEY, headers, body, MOMENT + dt.timedelta(seconds=301))
    assert not verify_signature(KEY, headers, body, MOMENT - dt.timedelta(seconds=301))
    for name in ("UDIHub-Id", "UDIHub-Timestamp", "UDIHub-Signature"):
        assert not verify_signature(KEY, {key: value for key, value in headers.items() if key != name}, body, MOMENT)
    assert not verify_signature(KEY, headers | {"UDIHub-Timestamp": "²²"}, body, MOMENT)
    both = headers | {"UDIHub-Signature": "v1=00, " + headers["UDIHub-Signature"]}
    assert verify_signature(KEY, both, body, MOMENT)


def test_the_signature_is_the_documented_one() -> None:
    """Computed with `printf '%s' '1763798400.exchange/7.{}' | openssl dgst -sha256 -hmac shared-secret`."""
    given = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", KEY.decode()], input=b"1763798400.exchange/7.{}", capture_output=True, check=True
    )
    assert signature(KEY, "1763798400", "exchange/7", b"{}") == "v1=" + given.stdout.decode().split()[-1]


def test_a_retry_repeats_the_id_and_the_machine_clock_serves_without_another(receiver: Receiver) -> None:
    given = settings(receiver)
    del given["clock"]
    send(given)
    send(given)
    assert [headers["UDIHub-Id"] for _, headers, _ in receiver.got] == ["exchange/7"] * 2
    assert all(verify_signature(KEY, headers, body, dt.datetime.now(dt.UTC)) for _, headers, body in receiver.got)


@pytest.mark.parametrize(
    ("status", "error"),
    [(200, None), (204, None), (400, RefusedError), (401, RefusedError), (404, RetriableError), (410, RefusedError), (413, RefusedError),
     (408, RetriableError), (429, RetriableError), (500, RetriableError), (502, RetriableError), (503, RetriableError)],
)  # fmt: skip
def test_what_an_answer_means(receiver: Receiver, status: int, error: type[Exception] | None) -> None:
    receiver.status, receiver.body = status, b"" if status == 204 else b"because"
    if error is None:
        assert send(settings(receiver)).startswith(str(status))
    else:
        with pytest.raises(error, match=f"{status} because"):
            send(settings(receiver))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"}
    with pytest.raises(RetriableError, match=f"{status} .*not its own word"):
        send(settings(receiver))
    assert [path for path, _, _ in receiver.got] == ["/hooks/despatches?v=1"]


@pytest.mark.timeout(60)  # the whole of what drips would take a quarter of an hour
def test_slow_dripping_endless_and_absent_receivers_are_tried_again_later(receiver: Receiver) -> None:
    receiver.delay = 3
    with pytest.raises(RetriableError):
        send(settings(receiver, timeout_seconds=0.3))
    receiver.delay, receiver.drip, receiver.body = 0, 0.1, b"x" * 10_000
    with pytest.raises(RetriableError):
        send(settings(receiver, timeout_seconds=0.5))
    receiver.drip, receiver.body = 0, b"y" * 5_000_000
    assert len(send(settings(receiver))) <= 204
    with pytest.raises(RetriableError):
        send(settings(receiver, url="http://127.0.0.1:9/"))


def certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "cert.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = folder / "key.pem"
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, private)
    return path, context


@pytest.mark.parametrize(("name", "good"), [("localhost", True), ("partner.example", False)])
def test_https_checks_the_name_although_the_address_is_pinned(tmp_path: Path, name: str, good: bool) -> None:
    path, context = certificate(tmp_path, name)
    for receiver in serving(context):
        given = settings(receiver, url=f"https://localhost:{receiver.port}/h", allow_hosts=["localhost"], ca_file=str(path))
        if good:
            assert send(given).startswith("202")
            assert receiver.got[0][1]["Host"] == f"localhost:{receiver.port}"
            other, _ = certificate(path.parent, "partner.example")
            with pytest.raises(RetriableError, match=r"(?i)certificate"):  # another authority from the moment that the file is another
                send(given | {"ca_file": str(other)})
            del given["ca_file"]
        with pytest.raises(RetriableError, match=r"(?i)certificate"):
            send(given)


INSIDE = [
    "http://127.0.0.1/", "https://127.0.0.1/", "http://localhost/", "https://[::1]/", "https://[::]/", "http://0.0.0.0/", "https://0/",
    "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "https://10.0.0.1/", "https://10.255.255.255:8443/x",
    "https://172.16.0.1/", "https://172.31.255.1/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data/",
    "https://[fe80::1]/", "https://[fc00::1]/", "https://[fd12:3456::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/", "https://[2002:7f00:1::]/", "https://[2002:a00:1::]/", "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/", "https://100.64.0.1/", "https://100.127.255.254/", "https://192.0.2.1/", "https://198.18.0.1/",
    "https://198.51.100.7/", "https://203.0.113.9/", "https://224.0.0.1/", "https://239.1.1.1/", "https://240.0.0.1/", "https://255.255.255.255/",
    "https://[ff02::1]/", "https://[2001:db8::1]/", "https://[2001::1]/", "https://3232235777/", "https://0xa9fea9fe/", "https://0251.0376.0251.0376/",
]  # fmt: skip
MALFORMED = [
    "ftp://partner.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "//partner.example/", "partner.example", "https://", "https:///x",
    "https://user:pass@93.184.216.34/", "https://93.184.216.34/#x", "http://93.184.216.34/", "https://[::1", "javascript:1", "",
]  # fmt: skip


@pytest.mark.parametrize("url", INSIDE)
def test_addresses_of_the_inside_are_refused(url: str) -> None:
    try:
        with pytest.raises(ConfigError, match=r"not on the open internet|Invalid IPv4"):
            send({"url": url, "secret_env": "HOOK_SECRET", "timeout_seconds": 0.2})
    except RetriableError as error:  # this machine's resolver does not even take the spelling for an address
        assert "getaddrinfo" in str(error) or "Name or service" in str(error) or "not known" in str(error)


@pytest.mark.parametrize("url", MALFORMED)
def test_what_is_no_https_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        send({"url": url, "secret_env": "HOOK_SECRET", "timeout_seconds": 0.2})


def test_a_name_that_changes_its_address_between_look_and_call_gains_nothing(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the first answer is harmless, each later one is the inside."""
    import socket

    real, asked = socket.getaddrinfo, []

    def rebinding(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host == "rebinding.example":
            asked.append(host)
            address = "192.0.2.9" if len(asked) == 1 else "127.0.0.1"
            return real(address, port, *more, **named)
        return real(host, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    given = settings(
        receiver, url=f"http://rebinding.example:{receiver.port}/", allow_hosts=["192.0.2.9/32"], allow_plain=True, timeout_seconds=0.3
    )
    with pytest.raises(RetriableError):
        send(given)
    assert len(asked) == 1 and receiver.got == []


@pytest.mark.slow  # needs strace, which make test installs
def test_no_packet_leaves_for_a_refused_address(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom connectors.transports.webhook import TRANSPORT\nfrom data_contracts.errors import HubError\n"
        "for url in sys.argv[1:]:\n    try:\n        TRANSPORT.send({'url': url, 'secret_env': 'HOOK_SECRET'}, 'a.json', b'', 'id')\n"
        "    except HubError:\n        continue\n    raise SystemExit(url)\n"
    )
    log = tmp_path / "trace"
    urls = [url for url in INSIDE if "localhost" not in url]
    subprocess.run(
        ["strace", "-f", "-e", "trace=connect,sendto", "-o", str(log), sys.executable, "-c", script, *urls],
        check=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    # getaddrinfo asks the kernel for routes by UDP sockets that it connects to port 0 or the service's, and sends nothing.
    sent = [line for line in log.read_text().splitlines() if "sendto(" in line and "AF_INET" in line and "htons(53)" not in line]
    assert sent == []


def test_settings_that_are_missing_or_wrong(receiver: Receiver, tmp_path: Path) -> None:
    given = settings(receiver)
    for change, says in (
        ({"secret_env": None}, "shared secret"),
        ({"secret": "plain"}, "unknown setting secret"),
        ({"secret_env": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE"),
        ({"allow_hosts": "127.0.0.1"}, "list"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"ca_file": str(tmp_path / "none")}, "ca_file"),
        ({"url": None}, "url is missing"),
    ):
        with pytest.raises(ConfigError, match=says):
            send(given | change)
    with pytest.raises(ConfigError, match="header"):
        send(given, stable_id="id\r\nX: y")
    with pytest.raises(ConfigError, match="only sends"):
        list(transport_named("webhook").fetch(given))
    with pytest.raises(ConfigError, match="only sends"):
        transport_named("webhook").open(given, Delivered("a", "k", 1))
    with pytest.raises(ConfigError, match="only sends"):
        transport_named("webhook").settle(given, Delivered("a", "k", 1))
    assert receiver.got == []
    assert ipaddress.ip_address("127.0.0.1").is_loopback


def test_a_secret_may_stand_in_a_file(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(KEY + b"\n")
    given = settings(receiver, secret_file=str(tmp_path / "secret"))
    del given["secret_env"]
    send(given)
    assert verify_signature(KEY, receiver.got[0][1], receiver.got[0][2], MOMENT)

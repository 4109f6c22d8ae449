"""Documents pushed to a partner's HTTPS address, signed.

    {use: webhook, url: "https://partner.example/hooks/despatches", secret_env: PARTNER_WEBHOOK_SECRET}

Every request carries `UDIHub-Id` (the same on every retry: the receiver's duplicate key), `UDIHub-Timestamp` (seconds since 1970)
and `UDIHub-Signature: v1=<hex>`, an HMAC-SHA256 over timestamp, a point, id, a point and the body. Receivers check
it with `verify_signature` or the same three lines in their language.

With `answers: true` the peer answers a document in its response (cXML: Response); the hub takes that answer as if it had been posted.

2xx is sent, unless it is a page of HTML (`answers_html: true`, or a text of it: this receiver answers with one). 408, 5xx, a peer that is
away, and what is not its own word (redirects, HTML, a 404 or 405 that is neither JSON nor XML) are tried again, 429 and 503 after the time
that the peer asks for (Retry-After); everything else is refused for good. Only HTTPS, except to loopback or with `allow_plain: true`.
Addresses that are not public (private, loopback, link-local, cloud metadata) are refused unless `allow_hosts` lists the host or its
network; the address that was judged is the one that is connected to.
"""

from __future__ import annotations

import hmac
import ipaddress
import mimetypes
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, BinaryIO, NoReturn

import httpx

from connectors import http_connections
from connectors.credentials import refuse_unknown, required, seconds, secret
from connectors.http_answers import is_page, of_the_way, title
from connectors.http_deadline import EXTENSION
from connectors.http_terms import plain_address, retry_after, trusted, unreached
from connectors.spec import Delivered
from data_contracts.errors import BusyError, ConfigError, RefusedError, RetriableError

_SETTINGS = frozenset(
    {"url", "secret_env", "secret_file", "allow_plain", "allow_hosts", "timeout_seconds", "media_type", "ca_file", "clock", "answers"}
    | {"answers_html"}
)
_ANSWER = 64 * 1024
_AS_A_WHOLE = 2
"""Times `timeout_seconds` that a delivery may take from dialling to the end of the answer, however steadily the receiver sends."""
_BEGINNING = 200
"""Characters of an answer that are enough for a person."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TooMuchError(RefusedError):
    """The peer takes less at once (413)."""


def signature(key: bytes, timestamp: str, stable_id: str, body: bytes) -> str:
    """The value of `UDIHub-Signature`."""
    return "v1=" + hmac.new(key, f"{timestamp}.{stable_id}.".encode() + body, sha256).hexdigest()


def verify_signature(key: bytes, headers: Mapping[str, str], body: bytes, now: datetime, tolerance_seconds: float = 300) -> bool:
    """Whether a request was signed with the shared key, and lately; for receivers of these webhooks.

    `headers` may be of any case. Several signatures, separated by commas, are accepted if one fits, so that keys can change.
    A receiver still refuses a `UDIHub-Id` that it has seen.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    timestamp, stable_id = lowered.get("udihub-timestamp", ""), lowered.get("udihub-id", "")
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12 or not stable_id:
        return False
    if abs(now.timestamp() - int(timestamp)) > tolerance_seconds:
        return False
    expected = signature(key, timestamp, stable_id, body)
    given = [part.strip() for part in lowered.get("udihub-signature", "").split(",")]
    return any(hmac.compare_digest(expected.encode(), part.encode()) for part in given)


def _public(address: Address) -> bool:
    """Whether an address is of the open internet, also when it wraps an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _listed(host: str, address: Address, listed: object) -> bool:
    if not isinstance(listed, list | tuple):
        raise ConfigError("allow_hosts is a list of hosts or networks")
    for entry in listed:
        if str(entry).lower() == host.lower():
            return True
        try:
            network = ipaddress.ip_network(str(entry))
        except ValueError:
            continue
        if address in network:
            return True
    return False


def _resolved(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise RetriableError(f"{host}: {error}") from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _target(settings: Mapping[str, Any]) -> tuple[httpx.URL, Address]:
    """The URL and the address to connect to. Raises ConfigError for what must not be called."""
    url = plain_address(required(settings, "url", "webhook"))
    addresses = _resolved(url.host, url.port or (443 if url.scheme == "https" else 80))
    allowed = settings.get("allow_hosts", [])
    for address in addresses:
        if not _public(address) and not _listed(url.host, address, allowed):
            raise ConfigError(f"url: {url.host} is {address}, which is not on the open internet; list it in allow_hosts if that is meant")
    if url.scheme == "http" and settings.get("allow_plain") is not True and not all(address.is_loopback for address in addresses):
        raise ConfigError("url: plain http would show the document to everybody on the way; use https, or allow_plain: true")
    return url, addresses[0]


class Webhook:
    """The transport `webhook`. It only sends; what comes in by HTTP comes through the hub's own API."""

    name = "webhook"
    settings = _SETTINGS
    needs = frozenset({"url"})

    def _only_sends(self) -> NoReturn:
        raise ConfigError("transport webhook only sends; partners post to /v1/documents")

    def fetch(self, settings: Mapping[str, Any]) -> Iterator[Delivered]:
        """Raises ConfigError: there is nothing to fetch from."""
        self._only_sends()

    def open(self, settings: Mapping[str, Any], delivered: Delivered) -> BinaryIO:
        """Raises ConfigError, as `fetch` does."""
        self._only_sends()

    def settle(self, settings: Mapping[str, Any], delivered: Delivered) -> None:
        """Raises ConfigError, as `fetch` does."""
        self._only_sends()

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Post the document and return status and the beginning of the answer (with `answers: true` 64 KiB of it).

        Raises RefusedError when the peer will not have it.
        """
        refuse_unknown(settings, _SETTINGS, self.name)
        key = secret(settings, "secret")
        if not key:
            raise ConfigError("transport webhook: name the shared secret by secret_env or secret_file")
        if not stable_id.isascii() or not stable_id.isprintable():
            raise ConfigError(f"transport webhook: the id {stable_id!r} cannot stand in a header")
        timestamp = str(int(_now(settings)))
        headers = {
            "Content-Type": str(settings.get("media_type") or mimetypes.guess_type(name)[0] or "application/octet-stream"),
            "UDIHub-Id": stable_id,
            "UDIHub-Timestamp": timestamp,
            "UDIHub-Signature": signature(key.encode(), timestamp, stable_id, content),
        }
        return post(settings, headers, content)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer answered with 2xx: at most 64 KiB of its body."""

    host: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def post(settings: Mapping[str, Any], headers: Mapping[str, str], content: bytes) -> str:
    """`ask`, with status and beginning of the answer as one text."""
    answer = ask(settings, headers, content)
    if is_page(answer.body) and not _is_own(settings, answer.body):
        raise RetriableError(
            f"{answer.host} answered {answer.status} with a page of HTML, which takes no document: {title(answer.body)[:_BEGINNING]}"
        )
    return _told(answer.status, answer.body, _ANSWER if settings.get("answers") is True else _BEGINNING)


def there(settings: Mapping[str, Any], patience: float = 10.0) -> str:
    """Whether something answers at `url`, asked by GET under the rules of `ask`; whatever it answers but a failure of its own will do.

    Raises ConfigError for an address that must not be called, RetriableError where nobody answers, or by a failure (5xx).
    """
    url, address = _target(settings)
    told = {"Host": url.netloc.decode("ascii"), "User-Agent": "UDIHub"}
    pinned, timeout = url.copy_with(host=str(address)), seconds(settings, "timeout_seconds", patience)
    extensions: dict[str, Any] = {"sni_hostname": url.host} if url.scheme == "https" else {}
    extensions[EXTENSION] = timeout
    try:
        with (
            http_connections.client(f"{url.scheme}://{told['Host']} {address}", trusted(settings), timeout) as client,
            client.stream("GET", pinned, headers=told, extensions=extensions) as response,
        ):
            status = response.status_code
    except httpx.HTTPError as error:
        raise RetriableError(f"{url.host}: {unreached(error)}") from error
    if status >= 500:
        raise RetriableError(f"{url.host} answered {status}")
    return f"{url.host} is there (it answers {status} to GET)"


def ask(settings: Mapping[str, Any], headers: Mapping[str, str], content: bytes, patience: float = 10.0) -> Answer:
    """Post to `url` under the transport's rules for addresses. `patience`: seconds where `timeout_seconds` says nothing.

    Raises ConfigError for an address that must not be called, RefusedError when the peer will not have it (TooMuchError: not so much at
    once), RetriableError when it may have it later.
    """
    timeout = seconds(settings, "timeout_seconds", patience)
    url, address = _target(settings)
    told = {"Host": url.netloc.decode("ascii"), "User-Agent": "UDIHub", **headers}
    # Connecting to the address that was judged keeps a second look-up from giving another one.
    pinned = url.copy_with(host=str(address))
    place = f"{url.scheme}://{told['Host']} {address}"
    extensions: dict[str, Any] = {"sni_hostname": url.host} if url.scheme == "https" else {}
    extensions[EXTENSION] = _AS_A_WHOLE * timeout
    try:
        with (
            http_connections.client(place, trusted(settings), timeout) as client,
            client.stream("POST", pinned, content=content, headers=told, extensions=extensions) as response,
        ):
            return _judged(url, response, time.monotonic() + timeout, _now(settings))
    except httpx.HTTPError as error:
        raise RetriableError(f"{url.host}: {unreached(error)}") from error


def _judged(url: httpx.URL, response: httpx.Response, deadline: float, now: float) -> Answer:
    body = b""
    for piece in response.iter_raw():
        body += piece
        if len(body) >= _ANSWER:
            break
        if time.monotonic() > deadline:  # one byte a second would never run into the time limit of a single read
            raise RetriableError(f"{url.host} answers too slowly")
    status = response.status_code
    if 200 <= status < 300:
        return Answer(url.host, status, list(response.headers.items()), body)
    answer = _told(status, body, _BEGINNING)
    if status in (429, 503) and (status == 429 or "retry-after" in response.headers):
        raise BusyError(f"{url.host} answered {answer}", retry_after(response.headers, now) or 0)
    if status == 408 or status >= 500:
        raise RetriableError(f"{url.host} answered {answer}")
    if of_the_way(status, response.headers.get("content-type", ""), body):
        raise RetriableError(f"{url.host} answered {answer} (not its own word: a redirect, a gateway or a page before it)")
    if status == 413:
        raise TooMuchError(f"{url.host} answered {answer}")
    raise RefusedError(f"{url.host} answered {answer}")


def _is_own(settings: Mapping[str, Any], body: bytes) -> bool:
    """Whether a page is the receiver's word, as the site says."""
    own = settings.get("answers_html", False)
    return own is True or (isinstance(own, str) and own != "" and own in body.decode("utf-8", "replace"))


def _told(status: int, body: bytes, most: int) -> str:
    return f"{status} {body[:most].decode('utf-8', 'replace').strip()}".strip()


def _now(settings: Mapping[str, Any]) -> float:
    """Seconds since 1970 by the hub's clock where it passes one (`clock`), else by the machine's, as the receiver's check needs."""
    clock = settings.get("clock")
    if callable(clock):
        moment: datetime = clock()
        return moment.timestamp()
    return time.clock_gettime(time.CLOCK_REALTIME)


TRANSPORT = Webhook()

"""A peer that is asked by HTTP: addresses, certificates, limits, and what counts as success. What `rest`, `rpc` and `odata` have in common.

    url, auth, headers, ca_file, certificate_file + key_file, allow_plain, timeout_seconds (30), deadline_seconds (300), max_bytes (32 MiB),
    requests_per_minute, patience_seconds (60), success, failure, answers_html, charset, links, probe

Certificates are always verified, redirects never followed, and an address that the peer names (a next page) must be on the same host;
`links: path` takes path and parameters of it alone, for peers behind a gateway that name themselves as they are called inside.
A redirect, HTML, and a 404 that is neither JSON nor XML are not the peer's word (`connectors/http_answers.py`): they may heal, and are
never a success, unless `answers_html` says that this peer answers in HTML: `true`, or a text that its pages hold.
429 and 503 are waited for as long as `Retry-After` says, up to `patience_seconds` in all; then, as for every other failure that may heal,
the run ends and the next one goes on. HTTP 200 is not success: `success: {at: code, is: ["0"]}` or `failure: {at: errcode}` says what is,
`says:` where the peer's reason stands, and `again:` which values mean that it may work later. No secret is ever in a text of ours.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from threading import Lock
from typing import Any, Self
from urllib.parse import quote, urljoin

import httpx

from connectors import http_connections
from connectors.credentials import refuse_written, required, seconds
from connectors.deltas import value_at
from connectors.http_access import Access, Asking
from connectors.http_answers import is_html, is_page, of_the_way, title
from connectors.http_deadline import EXTENSION
from connectors.http_terms import plain_address, retry_after, trusted, unpacked, unreached
from connectors.masking import beginning, masked
from connectors.pulling import whole_number
from data_contracts.errors import BusyError, ConfigError, HubError, RefusedError, RetriableError

PEER_SETTINGS = frozenset(
    {"url", "auth", "headers", "ca_file", "certificate_file", "key_file", "allow_plain", "timeout_seconds", "deadline_seconds", "max_bytes"}
    | {"requests_per_minute", "patience_seconds", "success", "failure", "answers_html", "charset", "links", "probe", "clock"}
)
_CHARSET = re.compile(r"""charset\s*=\s*"?([\w.:-]+)""", re.I)
_WIDER = dict.fromkeys(("gb2312", "gb_2312-80", "gbk", "x-gbk", "cp936"), "gb18030")
"""What senders call gb2312 holds names that only its successors have (WHATWG Encoding, 4.2)."""
_MOST = 32 * 1024 * 1024
DEADLINE_SECONDS = 300
"""What one request takes at most, and a delivery with all its requests, unless the flow says otherwise (`deadline_seconds`)."""
_TOLD = 200
_TITLE = 100
_ATTEMPTS = 6
_OUR_PATIENCE = 0.001
_AS_ONE = "as_one"
_turns: dict[str, float] = {}


class _Quiet(logging.Filter):
    """Addresses in logs end at their question mark: tokens may stand behind it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; the record's addresses are cut."""
        if isinstance(record.args, tuple):
            record.args = tuple(one.copy_with(query=None) if isinstance(one, httpx.URL) else one for one in record.args)
        return True


logging.getLogger("httpx").addFilter(_Quiet())
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str = "GET"
    path: str = ""
    """Below `url`, or a whole address on the same host."""
    query: Iterable[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    form: Mapping[str, str] | None = None
    let_in: bool = True
    """False: without `auth`, to ask for a token."""
    basic: tuple[str, str] | None = None
    also: tuple[int, ...] = ()
    """Statuses beside 2xx that are an answer too (416 behind the last record)."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came."""

    status: int
    headers: httpx.Headers
    content: bytes
    address: str = ""
    """What was asked, without its parameters."""
    charset: str | None = None
    """That in which the peer writes what is no UTF-8, as the site says."""

    @property
    def media_type(self) -> str:
        """What the answer says that it is, or nothing."""
        return str(self.headers.get("content-type", ""))

    def json(self, where: str) -> Any:
        """The body; numbers with a point keep their spelling as text, and so does NaN, which is the fault of one record and told where that
        is read (JSN-04). What is no UTF-8 is read in the charset that the agreement states, or else the answer.

        Raises RetriableError for what is no JSON, as half a body is not.
        """
        kind = self.headers.get("content-type", "no type")
        try:
            return json.loads(self._text(), parse_float=str, parse_constant=str)
        except UnicodeDecodeError as error:
            raise RetriableError(
                f"{where}: the answer is no UTF-8 ({kind}): the agreement says which charset it is in (profile: {{charset: gb18030}})"
            ) from error
        except (ValueError, LookupError, RecursionError) as error:
            raise RetriableError(f"{where}: the answer is no JSON ({kind})") from error

    def beside(self, reference: str) -> str:
        """An address that the answer names, as it is meant: beside the one that was asked (RFC 3986, 5.2)."""
        try:
            return urljoin(self.address, reference)
        except ValueError:
            return reference  # no address at all: whoever asks for it says so

    def _text(self) -> str | bytes:
        stated = _CHARSET.search(self.media_type)
        charset = self.charset or (stated[1] if stated is not None else None)
        if charset is None:
            return self.content
        try:
            self.content.decode("utf-8")
        except UnicodeDecodeError:
            return self.content.decode(_WIDER.get(charset.lower(), charset))
        return self.content  # servers state a charset that is none of theirs: UTF-8 is known by itself


class Peer:
    """One system at one address. Close it, or use it in a `with` statement."""

    def __init__(self, settings: Mapping[str, Any], transport: str) -> None:
        refuse_written(settings, transport)
        self._settings = settings
        self.base = base_of(required(settings, "url", transport), settings)
        self.access = Access(settings.get("auth"), transport)
        self._timeout = seconds(settings, "timeout_seconds", 30)
        self._deadline = seconds(settings, "deadline_seconds", DEADLINE_SECONDS)
        self._until = time.monotonic() + self._deadline if settings.get(_AS_ONE) else None
        self._patience = seconds(settings, "patience_seconds", 60)
        self._most = whole_number(settings, "max_bytes", _MOST, 1 << 30)
        rate = settings.get("requests_per_minute")
        self._every = 0.0 if rate is None else 60 / whole_number(settings, "requests_per_minute", 60, 100_000)
        headers = settings.get("headers", {})
        if not isinstance(headers, Mapping):
            raise ConfigError(f"transport {transport}: headers are names and values")
        self._headers = {
            "User-Agent": "UDIHub",
            "Accept-Encoding": "identity",
            **{str(name): str(value) for name, value in headers.items()},
        }
        self._judges = [judge_of(settings[name], name, transport) for name in ("success", "failure") if name in settings]
        self._html = settings.get("answers_html", False)
        if not isinstance(self._html, bool | str) or self._html == "":
            raise ConfigError(f"transport {transport}: answers_html is true, or a text that a page of this peer holds")
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    @property
    def where(self) -> str:
        """The host, as texts name it."""
        return self.base.host

    @property
    def client(self) -> httpx.Client:
        """The connection; cookies that the peer sets are sent back to it."""
        if self._client is None:
            place = f"{self.base.scheme}://{self.base.netloc.decode('ascii')}"
            self._client = http_connections.client(place, trusted(self._settings), self._timeout)
        return self._client

    def ask(self, asked: Asked) -> Answered:
        """One request, with what lets us in; waited for where the peer is busy, and let in anew where a token has ended.

        Raises RetriableError, RefusedError (4xx), ConfigError (401 and 403: a person mends it).
        """
        spent, renewed = 0.0, False
        for attempt in range(_ATTEMPTS):
            answer = self._once(asked)
            if answer.status == 401 and asked.let_in and self.access.renewable and not renewed:
                self.access.forget()
                renewed = True
                continue
            if answer.status in (429, 503) and attempt + 1 < _ATTEMPTS:
                pause = retry_after(answer.headers, self.now())
                pause = min(2.0**attempt, self._patience) if pause is None else pause
                if spent + pause <= self._patience:
                    spent += pause
                    time.sleep(pause)
                    continue
            return self.judged(answer, asked)
        raise RetriableError(f"{self.where} is busy")

    def told(self, text: str) -> str:
        """A text without any secret that was sent."""
        return masked(text, self.access.used)

    def beginning(self, content: bytes, most: int) -> str:
        """The first `most` characters of what the peer answered, without any secret that was sent."""
        return beginning(content, most, self.access.used).strip()[:most]

    def now(self) -> float:
        """Seconds since 1970."""
        clock = self._settings.get("clock")
        return float(clock().timestamp()) if callable(clock) else time.clock_gettime(time.CLOCK_REALTIME)

    def judge(self, body: Any) -> None:
        """Whether an answer under 200 is one. Raises RefusedError or RetriableError with the peer's reason."""
        for judge in self._judges:
            judge(body, self)

    def taken(self, answer: Answered, understood: Callable[[Answered, str], Any], *, repeatable: bool) -> None:
        """Whether an answer under 2xx says that the peer took a document; `understood` reads a body for `success` and `failure`.

        Raises RefusedError with the peer's reason, RetriableError where the answer is not the peer's word, and `unclear`.
        """
        foreign = is_page(answer.content) if self._judges else is_html(answer.media_type, answer.content)
        if foreign and not self._is_own(answer):
            said = f"{self.where} answered {answer.status} with a page of HTML"
            raise RetriableError(f"{said}, which takes no document: {self._page(answer)}")
        silent = not answer.content.strip() and not is_html(answer.media_type, answer.content)
        if not self._judges or (silent and "success" not in self._settings):
            return  # in nothing there is no failure
        try:
            body = understood(answer, self.where)
        except RetriableError as error:
            if is_html(answer.media_type, answer.content):  # what somebody else says in the peer's stead
                raise
            raise self.unclear(f"{answer.status}: {error}", repeatable=repeatable) from error
        self.judge(body)

    def unclear(self, said: str, *, repeatable: bool) -> HubError:
        """What a whole answer under 2xx means that is not understood. The document may have been taken: it is sent again by itself only
        where a repeat is none to the peer (`repeatable`)."""
        if repeatable:
            return RetriableError(said)
        return RefusedError(f"{said}; it may have been taken, so it is not sent again by itself: a person decides (see success, unless)")

    def address(self, path: str) -> httpx.URL:
        """An address on this host: whole, from its root (`/api`) or below `url` (`api`).

        Raises RefusedError for any other host: what lets us in is for this one alone.
        """
        if path == "":
            return self.base
        try:
            whole = path.startswith(("http://", "https://", "/"))
            url = self.base.join(path) if whole else httpx.URL(f"{str(self.base).rstrip('/')}/{path}")
        except (httpx.InvalidURL, ValueError) as error:
            raise RefusedError(f"{self.where}: a next page whose address is none") from error
        if (url.scheme, url.host, url.port) == (self.base.scheme, self.base.host, self.base.port):
            return url
        if self._settings.get("links") == "path":
            return self.base.copy_with(raw_path=url.raw_path)
        there = f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"
        raise RefusedError(
            f"{self.where}: the next page would be on another host or port, {there}: where the peer is called so inside, say links: path"
        )

    def _once(self, asked: Asked) -> Answered:
        headers = {**self._headers, **asked.headers}
        query = list(asked.query)
        if asked.let_in:
            self.access.apply(headers, query, self._token, self.now)
        self._take_turn()
        url = self.address(asked.path) if asked.let_in else httpx.URL(asked.path)
        try:
            return self._exchange(asked, _asking(url, query), headers)
        except httpx.HTTPError as error:
            raise RetriableError(self.told(f"{url.host}: {unreached(error)}")) from error

    def _exchange(self, asked: Asked, url: httpx.URL, headers: Mapping[str, str]) -> Answered:
        until = time.monotonic() + self._deadline if self._until is None else self._until
        left = until - time.monotonic()
        if left <= 0:
            raise RetriableError(f"{url.host} answers too slowly")
        whole = {EXTENSION: left}
        with self.client.stream(
            asked.method, url, content=asked.content, data=asked.form, headers=headers, auth=asked.basic, extensions=whole
        ) as response:
            body = bytearray()
            for piece in unpacked(response):
                body += piece
                if len(body) > self._most:
                    raise RefusedError(
                        f"{url.host} answers more than {self._most} bytes at once: ask for smaller pages, or raise max_bytes"
                    )
                if time.monotonic() > until:
                    raise RetriableError(f"{url.host} answers too slowly")
            charset = self._settings.get("charset")
            asked_at = str(url.copy_with(query=None))
            return Answered(response.status_code, response.headers, bytes(body), asked_at, None if charset is None else str(charset))

    def _token(self, asking: Asking) -> Any:
        url = base_of(asking.url, self._settings) if "://" in asking.url else self.address(asking.url)
        headers, content = {"Accept": "application/json"}, None
        if asking.json is not None:
            headers["Content-Type"], content = "application/json", json.dumps(asking.json).encode()
        answer = self._once(Asked("POST", str(url), headers=headers, content=content, form=asking.form, let_in=False, basic=asking.basic))
        if answer.status in (400, 401, 403):
            raise ConfigError(f"{url.host} does not let us in: {answer.status} {self._beginning(answer)}")
        self.granted(answer, url.host)
        return answer.json(url.host) if answer.content else {}

    def granted(self, answer: Answered, host: str) -> None:
        """Whether a token came. Raises BusyError where whoever gives them is busy, RetriableError for another failure."""
        if answer.status in (429, 503):
            raise BusyError(f"{host}: no token: {answer.status}", retry_after(answer.headers, self.now()) or 0)
        if not 200 <= answer.status < 300:
            raise RetriableError(f"{host}: no token: {answer.status}")

    def _take_turn(self) -> None:
        """Wait until a request may go, where the peer counts them; all of this process share one count for a host."""
        if not self._every:
            return
        with _lock:
            mine = max(time.monotonic(), _turns.get(self.where, 0.0))
            _turns[self.where] = mine + self._every
        time.sleep(max(0.0, mine - time.monotonic()))

    def judged(self, answer: Answered, asked: Asked) -> Answered:
        """The answer, where its status is 2xx or one of `also`. Raises what any other means, as `ask` does."""
        if 200 <= answer.status < 300 or answer.status in asked.also:
            return answer
        said = f"{self.where} answered {answer.status} {self._beginning(answer)}".rstrip()
        if answer.status in (401, 403):
            raise ConfigError(f"{self.where} does not let us in: {answer.status} {self._beginning(answer)}")
        if self.is_of_the_way(answer):
            raise RetriableError(f"{said} ({self._page(answer)})")
        if answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers):
            raise BusyError(said, retry_after(answer.headers, self.now()) or 0)
        if answer.status in (408, 409, 425) or answer.status >= 500:
            raise RetriableError(said)
        raise RefusedError(said)

    def is_of_the_way(self, answer: Answered) -> bool:
        """Whether a failure is that of a gateway, a sign-on or a page before the peer."""
        return of_the_way(answer.status, answer.media_type, answer.content) and not (answer.status >= 400 and self._is_own(answer))

    def _is_own(self, answer: Answered) -> bool:
        """Whether HTML is this peer's word, as the site says."""
        if isinstance(self._html, str):
            return self._html in answer.content.decode("utf-8", "replace")
        return self._html and is_html(answer.media_type, answer.content)

    def _page(self, answer: Answered) -> str:
        """What stands before the peer, as far as it says."""
        if 300 <= answer.status < 400:
            try:
                place = httpx.URL(answer.headers.get("location", "")).host
            except httpx.InvalidURL:
                place = ""
            return f"it sends us to {place or 'another address'}, and no redirect is followed"
        return self.beginning(title(answer.content).encode(), _TITLE) or "not the peer's own word: a gateway or a page before it"

    def _beginning(self, answer: Answered) -> str:
        return " ".join(beginning(answer.content, _TOLD, self.access.used).split())[:_TOLD]


def delivering(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by which a document is delivered: `deadline_seconds` are those of all its requests together, and a busy peer is not
    waited for, since what waits is the parcel and not the sender."""
    return {"patience_seconds": _OUR_PATIENCE, **settings, _AS_ONE: True}


def judge_of(given: Any, name: str, transport: str) -> Callable[[Any, Peer], None]:
    """What `success` or `failure` (`name`) says of an answer's body: nothing, RefusedError or RetriableError. Raises ConfigError."""
    if not isinstance(given, Mapping) or not given.get("at") or set(given) - {"at", "is", "says", "again"}:
        raise ConfigError(f"transport {transport}: {name} has at, is, says and again")
    at, says = str(given["at"]), str(given.get("says", ""))
    values = [_word(value) for value in _listed(given.get("is"))]
    again = {_word(value) for value in _listed(given.get("again"))}

    def judge(body: Any, peer: Peer) -> None:
        value = value_at(body, at)
        found = value not in (None, "", [], {}) if not values else _word(value) in values
        if found == (name == "success"):
            return
        reason = value_at(body, says) if says else None
        text = peer.told(
            f"{peer.where} answered {_word(value)} {json.dumps(reason, ensure_ascii=False) if reason is not None else ''}".rstrip()
        )
        raise RetriableError(text[:_TOLD]) if _word(value) in again else RefusedError(text[:_TOLD])

    return judge


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _word(value: Any) -> str:
    """A value as YAML and JSON both spell it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def base_of(text: str, settings: Mapping[str, Any]) -> httpx.URL:
    """The address of a peer. Plain HTTP only on this machine, or where a site says that it is meant."""
    url = plain_address(text)
    if url.scheme == "http" and settings.get("allow_plain") is not True and not _here(url.host):
        raise ConfigError("url: plain http would show data and credentials to everybody on the way; use https, or allow_plain: true")
    return url


def _asking(url: httpx.URL, query: list[tuple[str, str]]) -> httpx.URL:
    """With these parameters behind those that it has. A space is %20, which no server takes for a plus."""
    if not query:
        return url
    told = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in query)
    return url.copy_with(query="&".join(filter(None, (url.query.decode("ascii"), told))).encode("ascii"))


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

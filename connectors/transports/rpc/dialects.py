"""How Tryton and Odoo are called: sessions, searches, and what a fault is. Both answer most faults under HTTP 200.

Tryton: `POST /<database>/rpc/`, a login gives a session for the header; values are wrapped in classes. Odoo (to version 21):
`execute_kw` with
database, user number and key in each call, as JSON-RPC (`/jsonrpc`) or XML-RPC (`/xmlrpc/2/…`); its stamps are read without their
fractions.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Protocol

from connectors.credentials import required, secret
from connectors.http_access import one_at_a_time
from connectors.http_peer import Asked, Peer
from connectors.transports.rpc.xml_values import call_of, result_of
from data_contracts.errors import ConfigError, RefusedError, RetriableError

_TOLD = 300
_sessions: dict[tuple[str, ...], Any] = {}
_PASSING = (
    "ConcurrencyException",
    "RateLimitException",
    "OperationalError",
    "SerializationFailure",
    "LockNotAvailable",
    "DeadlockDetected",
)
_SHUT = ("AccessDenied", "LoginException", "SessionExpired")


class _EndedError(Exception):
    """A session that is no longer one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One page of a model's records."""

    model: str
    domain: list[Any]
    """Conditions, joined by `and`."""
    offset: int
    limit: int
    order: list[tuple[str, str]]
    """Field and direction."""
    fields: list[str] | dict[str, Any]
    """Names; of Odoo also what is read with a record, by name."""
    context: dict[str, Any]


class Dialect(Protocol):
    """What the transport asks of one."""

    def call(self, method: str, params: Sequence[Any]) -> Any:
        """`model.method` with its arguments. Raises RefusedError, RetriableError or ConfigError with the fault's own words."""
        ...

    def search(self, wanted: Wanted) -> list[dict[str, Any]]:
        """Records with plain values."""
        ...

    def stamp(self, stamp: str) -> Any:
        """A stamp as a condition compares it."""
        ...

    def empty(self, field: str) -> Any:
        """The condition that a field has no value."""
        ...

    def filled(self, field: str) -> Any:
        """The condition that a field has one."""
        ...


def _fault(peer: Peer, method: str, kind: str, said: str) -> Exception:
    text = peer.told(f"{peer.where}: {method}: {kind} {said}".rstrip())[:_TOLD]
    if any(word in kind for word in _SHUT):
        return ConfigError(f"{peer.where} does not let us in: {kind} {peer.told(said)[:_TOLD]}")
    return RetriableError(text) if any(word in kind for word in _PASSING) else RefusedError(text)


def _rows(answer: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(answer, list):
        raise RetriableError(f"{where}.search_read gave no list")
    return [_plain(row) for row in answer]


class _Known:
    """Whom we are known as, and what came of it, kept for the process."""

    def __init__(self, settings: Mapping[str, Any], peer: Peer) -> None:
        self.peer, self.user = peer, required(settings, "user", "rpc")
        password = secret(settings, "password")
        if password is None:
            raise ConfigError("transport rpc: name the password by password_env or password_file")
        self.password = password
        peer.access.used.add(password)
        self._key = (str(peer.base), self.user, password, str(settings.get("database", "")))
        self._turn = sha256(repr(self._key).encode()).hexdigest()

    def session(self, ask: Callable[[], Any]) -> Any:
        """The session; asked for where there is none."""
        with one_at_a_time(self._turn):
            if self._key not in _sessions:
                _sessions[self._key] = ask()
            return _sessions[self._key]

    def forget(self) -> None:
        """It is no longer one."""
        _sessions.pop(self._key, None)


class Tryton:
    """Tryton from 6.0 on, by JSON-RPC."""

    def __init__(self, settings: Mapping[str, Any], peer: Peer) -> None:
        self._known, self._peer = _Known(settings, peer), peer

    def _login(self) -> str:
        known = self._known
        try:
            answer = self._post("common.db.login", [known.user, {"password": known.password}, "en"], None)
        except _EndedError:
            answer = None
        if not isinstance(answer, list) or len(answer) < 2:
            raise ConfigError(f"{self._peer.where} does not let {known.user} in")
        token = f"{known.user}:{answer[0]}:{answer[1]}"
        header = "Session " + base64.b64encode(token.encode()).decode()
        self._peer.access.used.update({header.partition(" ")[2], str(answer[1])})
        return header

    def _post(self, method: str, params: Sequence[Any], session: str | None) -> Any:
        """One call. Raises _EndedError when the session is no longer one."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": session} if session else {})
        body = json.dumps({"id": 1, "method": method, "params": list(params)}).encode()
        answer = self._peer.ask(Asked("POST", headers=headers, content=body, also=(401,)))
        if answer.status == 401:
            raise _EndedError
        said = _json(answer.content, self._peer.where)
        if "error" in said:
            kind, *more = said["error"] if isinstance(said["error"], list) and said["error"] else [said["error"]]
            raise _fault(self._peer, method, str(kind), json.dumps(more[0], ensure_ascii=False) if more and more[0] else "")
        if "result" not in said:
            raise RetriableError(f"{self._peer.where}: {method}: an answer without a result")
        return said["result"]

    def call(self, method: str, params: Sequence[Any]) -> Any:
        """By `model.` and the method's name."""
        for _ in range(2):
            session = self._known.session(self._login)
            try:
                return self._post(f"model.{method}", params, session)
            except _EndedError:
                self._known.forget()
        raise ConfigError(f"{self._peer.where} does not let {self._known.user} in: the session ends at once")

    def search(self, wanted: Wanted) -> list[dict[str, Any]]:
        """By `search_read`."""
        order = [list(by) for by in wanted.order]
        page = [[*map(_listed, wanted.domain)], wanted.offset, wanted.limit, order, wanted.fields, wanted.context]
        return _rows(self.call(f"{wanted.model}.search_read", page), f"{self._peer.where}: {wanted.model}")

    def stamp(self, stamp: str) -> Any:
        """As its own class, in UTC."""
        moment = datetime.fromisoformat(stamp)
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{name: getattr(moment, name) for name in names}}

    def empty(self, field: str) -> Any:
        """Null."""
        return [field, "=", None]

    def filled(self, field: str) -> Any:
        """Not null."""
        return [field, "!=", None]


class Odoo:
    """Odoo up to 21, by `execute_kw`."""

    def __init__(self, settings: Mapping[str, Any], peer: Peer) -> None:
        self._known, self._peer = _Known(settings, peer), peer
        self._database = required(settings, "database", "rpc")
        self._xml = settings.get("protocol", "json") == "xml"
        if settings.get("protocol", "json") not in ("json", "xml"):
            raise ConfigError(f"protocol is json or xml, not {settings['protocol']!r}")

    def _login(self) -> int:
        number = self._service("common", "authenticate", [self._database, self._known.user, self._known.password, {}])
        if not number or isinstance(number, bool):
            raise ConfigError(f"{self._peer.where} does not let {self._known.user} in")
        return int(number)

    def _service(self, service: str, method: str, arguments: Sequence[Any]) -> Any:
        if self._xml:
            asked = Asked("POST", f"xmlrpc/2/{service}", headers={"Content-Type": "text/xml"}, content=call_of(method, arguments))
            kind, result = result_of(self._peer.ask(asked).content, self._peer.where)
            if kind is not None:
                raise _fault(self._peer, method, kind, str(result))
            return result
        body = {"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"service": service, "method": method, "args": list(arguments)}}
        asked = Asked("POST", "jsonrpc", headers={"Content-Type": "application/json"}, content=json.dumps(body).encode())
        said = _json(self._peer.ask(asked).content, self._peer.where)
        if "error" in said:
            error: Any = said["error"] if isinstance(said["error"], Mapping) else {}
            data: Any = error.get("data") if isinstance(error.get("data"), Mapping) else {}
            raise _fault(
                self._peer, method, str(data.get("name", error.get("code", ""))), str(data.get("message", error.get("message", "")))
            )
        if "result" not in said:
            raise RetriableError(f"{self._peer.where}: {method}: an answer without a result")
        return said["result"]

    def _execute(self, method: str, arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
        model, _, name = method.rpartition(".")
        number = self._known.session(self._login)
        return self._service(
            "object", "execute_kw", [self._database, number, self._known.password, model, name, list(arguments), dict(named)]
        )

    def call(self, method: str, params: Sequence[Any]) -> Any:
        """A mapping at the end are named arguments."""
        named = params[-1] if params and isinstance(params[-1], Mapping) else None
        return self._execute(method, params[:-1] if named is not None else params, named or {})

    def search(self, wanted: Wanted) -> list[dict[str, Any]]:
        """By `search_read`, or `web_search_read`; a condition of ours goes behind those of the site, which are joined by `and`."""
        by = ", ".join(f"{name} {how.lower()}" for name, how in wanted.order)
        method, what = ("web_search_read", "specification") if isinstance(wanted.fields, dict) else ("search_read", "fields")
        page = {what: wanted.fields, "offset": wanted.offset, "limit": wanted.limit, "order": by}
        named = {**page, "context": {"tz": "UTC", **wanted.context}}
        found = self._execute(f"{wanted.model}.{method}", [[*map(_listed, wanted.domain)]], named)
        if what == "specification" and isinstance(found, Mapping):
            found = found.get("records")
        return _rows(found, f"{self._peer.where}: {wanted.model}")

    def stamp(self, stamp: str) -> Any:
        """UTC without a zone, whole seconds, as they are read."""
        return stamp[:19].replace("T", " ")

    def empty(self, field: str) -> Any:
        """False stands for no value."""
        return [field, "=", False]

    def filled(self, field: str) -> Any:
        """Any value."""
        return [field, "!=", False]


DIALECTS: Mapping[str, Callable[[Mapping[str, Any], Peer], Dialect]] = {"tryton": Tryton, "odoo": Odoo}


def _listed(condition: Any) -> Any:
    return list(condition) if isinstance(condition, tuple) else condition


def _json(content: bytes, where: str) -> dict[str, Any]:
    try:
        said = json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise RetriableError(f"{where}: the answer is no JSON") from error
    if not isinstance(said, dict):
        raise RetriableError(f"{where}: the answer is no JSON-RPC")
    return said


def _plain(value: Any) -> Any:
    """Values of Tryton's classes as numbers, ISO times and text."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    if kind == "Decimal":
        return Decimal(str(value["decimal"]))
    if kind == "date":
        return f"{value['year']:04}-{value['month']:02}-{value['day']:02}"
    if kind == "datetime":
        day = f"{value['year']:04}-{value['month']:02}-{value['day']:02}"
        return f"{day}T{value['hour']:02}:{value['minute']:02}:{value['second']:02}.{value['microsecond']:06}"
    if kind is not None:
        return value.get("base64", value.get("seconds", json.dumps(value, default=str, sort_keys=True)))
    plain = {name: _plain(one) for name, one in value.items() if not name.endswith(".")}
    return plain | {name.removesuffix("."): _plain(one) for name, one in value.items() if name.endswith(".")}  # `party.`: what it refers to

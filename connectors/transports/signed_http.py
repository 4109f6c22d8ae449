"""Platforms that are called by HTTP and prove who calls by a signature, both ways; a signer is named, all else is data.

    {use: signed_http, signer: k3cloud, url: "https://erp.example/k3cloud/",
     keys: {account: 6a1b2c, user: hub, app_id_env: K3_ID, app_secret_env: K3_KEY},
     send: {path: Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.Save.common.kdsvc,
            body: {formid: PUR_PurchaseOrder, data: "{document}"}},
     success: {at: Result.ResponseStatus.IsSuccess, is: [true], says: Result.ResponseStatus.Errors}}

`send` wraps the document as `connectors/http_wrapping.py` says (`body`, `form`, `text`); without them the document is the body. `unless`
asks before whether it is there (`connectors/http_unless.py`). What is
asked page by page is said as for `rest`. A platform that lends tokens is asked for one below `token_base` (else the root of `url`); it is
kept in this process until shortly before it ends, and asked anew after a 401 or where the answer says so (`renew: {at: errcode, is:
["20002"]}`).

Inbound, without `url`: `{use: signed_http, signer: qimen, keys: …, delta: {kind: push}}` takes what the platform posts to
`/callbacks/<flow>` (hub/callbacks.py); `answer` is what it is told then, where the signer's own is not right.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx

from connectors.credentials import refuse_unknown, required
from connectors.deltas import Delta, value_at
from connectors.http_access import Access, one_at_a_time
from connectors.http_answers import is_page
from connectors.http_peer import Answered, Asked, Peer, base_of, delivering
from connectors.http_templates import members, part, path_of, query_of, texts_of, words_of
from connectors.http_terms import unreached
from connectors.http_unless import WAS_THERE, asks_first, guards, is_there
from connectors.http_wrapping import FORM, wrapped
from connectors.registry import signer_named
from connectors.signing import Call, Lending, Opening, Pairs, Signing, Token, hidden, keys_of
from connectors.spec import Page
from connectors.transports.rest import REST_SETTINGS, Rest
from connectors.xml_answers import as_members, read_xml
from data_contracts.errors import ConfigError, RetriableError

_OWN = frozenset({"signer", "keys", "token_base", "renew", "answer", "window_seconds"})
_SEND = frozenset({"method", "path", "query", "headers", "idempotency", "body", "form", "text", "unless"})
_BEGINNING = 200
_ANSWER = 64 * 1024
_lent: dict[str, tuple[Token, float]] = {}


class SignedHttp(Rest):
    """The transport `signed_http`."""

    name = "signed_http"
    settings = (REST_SETTINGS - {"auth"}) | _OWN
    needs = frozenset({"signer"})

    @staticmethod
    def understood(answer: Answered, where: str) -> Any:
        """JSON, or the members of XML."""
        return understood(answer, where)

    def peer(self, settings: Mapping[str, Any]) -> Peer:
        """The platform, to which everything is signed."""
        return SignedPeer(settings, self.name)

    def pages(self, settings: Mapping[str, Any], watermark: str | None) -> Iterator[Page]:
        """What changed; nothing, where the platform calls us."""
        if Delta.of(settings, self.name).kind != "push":
            yield from super().pages(settings, watermark)

    def guards(self, settings: Mapping[str, Any]) -> bool:
        """As for `rest`; our id may stand in the address as well."""
        return guards(settings.get("send"), ("body", "form", "text", "path", "query"))

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Send one document, and return status and the beginning of the answer (with `answers: true` 64 KiB of it)."""
        refuse_unknown(settings, self.settings, self.name)
        given = part(settings.get("send", {}), "send", _SEND)
        path = str(given.get("path", settings.get("path", "")))
        words = {word for text in (path, *texts_of(given.get("query"))) for word in words_of(text)} - {"id"}
        values = {**members(content, words), "id": stable_id}
        body, form, kind = wrapped(given, content, stable_id)
        headers = {"Content-Type": str(settings.get("media_type") or kind), **dict(given.get("headers", {}))}
        if given.get("idempotency"):
            headers[str(given["idempotency"])] = stable_id
        asked = Asked(str(given.get("method", "POST")), path_of(path, values), query_of(given.get("query"), values), headers, body, form)
        with self.peer(delivering(settings)) as peer:
            if asks_first(settings, given) and is_there(peer, given["unless"], content, stable_id, self.understood):
                return WAS_THERE
            answer = peer.ask(asked)
            peer.taken(answer, self.understood, repeatable=self.guards(settings))
            most = _ANSWER if settings.get("answers") is True else _BEGINNING
            return f"{answer.status} {peer.beginning(answer.content, most)}".strip()


class SignedPeer(Peer):
    """A platform to which every request is signed."""

    def __init__(self, settings: Mapping[str, Any], transport: str) -> None:
        super().__init__(settings, transport)
        found = signer_named(required(settings, "signer", transport))
        if not isinstance(found, Signing):
            raise ConfigError(f"signer {found.name} signs nothing: it verifies callbacks")
        self.signer: Signing = found
        self.keys = keys_of(found, settings.get("keys", {}))
        self.access = _Lent(transport, isinstance(found, Lending), self._lent_by())
        self.access.used |= hidden(found, self.keys)
        self._base = base_of(str(settings["token_base"]), settings) if settings.get("token_base") else self.base.copy_with(raw_path=b"/")
        self._renew = settings.get("renew")
        if self._renew is not None and (not isinstance(self._renew, Mapping) or set(self._renew) != {"at", "is"}):
            raise ConfigError(f"transport {transport}: renew has at and is")

    def ask(self, asked: Asked) -> Answered:
        """As any peer; once more with a new token, where the answer says that the old one has ended."""
        answer = super().ask(asked)
        if self._renew is not None and isinstance(self.signer, Lending):
            value = value_at(understood(answer, self.where), str(self._renew["at"]))
            if value is not None and str(value) in {str(one) for one in self._renew["is"]}:
                self.access.forget()
                answer = super().ask(asked)
        return answer

    def _once(self, asked: Asked) -> Answered:
        url = self.address(asked.path)
        query: Pairs = (*url.params.multi_items(), *asked.query)
        form = tuple(asked.form.items()) if asked.form is not None else None
        headers = {**self._headers, **asked.headers}
        call = Call(asked.method, str(url.copy_with(query=None)), query, headers, asked.content or b"", form)
        keys = self.keys
        if isinstance(self.signer, Lending):
            token = self._token_in_use()
            keys = {**keys, "token": token.value, "token_key": token.key}
        self.access.used |= hidden(self.signer, keys)
        answer = self._sent(self.signer.sign(call, keys, self._moment(), secrets.token_hex(16)))
        return replace(answer, content=self.signer.opened(answer.content, keys)) if isinstance(self.signer, Opening) else answer

    def _sent(self, call: Call) -> Answered:
        content = call.content if call.form is not None or call.body else None
        headers = dict(call.headers)
        if call.form is not None:
            headers["Content-Type"] = FORM
        self._take_turn()
        try:
            return self._exchange(Asked(call.method, content=content), httpx.URL(call.target), headers)
        except httpx.HTTPError as error:
            raise RetriableError(self.told(f"{self.where}: {unreached(error)}")) from error

    def _token_in_use(self) -> Token:
        """The token of all in this process that call this platform by these keys; asked for by one at a time."""
        key = self._lent_by()
        with one_at_a_time(key):
            token, until = _lent.get(key, (None, 0.0))
            if token is None or until <= time.monotonic():
                token = self._borrowed()
                _lent[key] = (token, time.monotonic() + token.seconds)
            return token

    def _borrowed(self) -> Token:
        assert isinstance(self.signer, Lending)
        answer = self._sent(self.signer.ask(str(self._base).rstrip("/"), self.keys, self._moment(), secrets.token_hex(16)))
        if answer.status >= 500 or answer.status in (408, 429):
            self.granted(answer, self._base.host)
        token = self.signer.granted(answer.json(self._base.host)) if answer.status < 300 else None
        if token is None:
            said = self.beginning(answer.content, _BEGINNING)
            raise ConfigError(f"{self._base.host} does not let us in: {answer.status} {said}")
        return token

    def _lent_by(self) -> str:
        return sha256(json.dumps([self.signer.name, str(self.base), sorted(self.keys.items())]).encode()).hexdigest()

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)


class _Lent(Access):
    """What `Peer` must know of a lent token: that a 401 may mean its end."""

    def __init__(self, transport: str, lends: bool, key: str) -> None:
        super().__init__(None, transport)
        self._lends, self._lent = lends, key

    @property
    def renewable(self) -> bool:
        """Whether a 401 may mean that a token is no longer good."""
        return self._lends

    def forget(self) -> None:
        """The platform no longer takes the token."""
        _lent.pop(self._lent, None)


def understood(answer: Answered, where: str) -> Any:
    """The body of an answer, XML as members: `<response><flag>failure</flag></response>` is `{"flag": "failure"}`."""
    if not answer.content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return answer.json(where)
    if is_page(answer.content):
        raise RetriableError(f"{where} answered {answer.status} with a page of HTML, which is not the platform's word")
    return as_members(read_xml(answer.content, where))


TRANSPORT = SignedHttp()

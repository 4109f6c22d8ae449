"""A web service that is called by SOAP 1.1 or 1.2, asked page by page and written to, all of it as data.

    {use: soap, url: "https://erp.example/services/materials", version: "1.2", action: "urn:example:materials/List",
     auth: {kind: basic, user: HUB, password_env: ERP_PASSWORD}, namespaces: {m: "urn:example:materials"},
     body: {"m:List": {since: "{since}", first: "{offset}", most: "{limit}"}},
     records: "m:ListResponse/material", paging: {style: offset, size: 200, more: "m:ListResponse/more"},
     delta: {kind: stamp, field: changed, id: number, sorted: true}}

Templates (`body`, `header`, `created_body`) become elements as `filling.py` says; in them stand `{since}`, `{token}`, `{cursor}`,
`{offset}`, `{limit}`, `{page}`. Paths begin below the Body (`connectors/xml_answers.py`). A page is the envelope as it came, to be read
by an `xml` grammar, or with `inside: {at: "m:CallResponse/return", as: xml}` the XML (or JSON) that stands as a text in it.
`security` is a UsernameToken (`security.py`); `keys: {word_env: PLATFORM_WORD}` names secrets, which stand in templates as `{keys.word}`.
Faults, `success` and `failure` are judged as `verdict.py` says. `empty: {at, is}` is how a peer says that there is nothing; without it an
answer in which `records` have no place is none. `each` asks once for each of a list.

`acknowledge: {action: …, body: {"m:Confirm": {id: "{id}"}}}` flags a record once it is durable.

Out: `send: {action: …, body: {"m:Put": {"$document": element}}, says: "m:PutResponse/number"}` sends a document; without `body` it is the
Body. Words are those of `connectors/http_wrapping.py`. `unless: {body: …, found: "m:GetResponse/number"}` asks first whether it was sent
before (with `absent: {at, is}` it is sent only where the answer, or the code of a fault, says that it was not); `then: {body: …}` is called
behind it on the same connection, with its cookies, as SAP wants its commit. Each call may have its own `success` and `failure`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx

from connectors.credentials import refuse_unknown
from connectors.deltas import Delta, identified, value_at
from connectors.flagging import flag_each
from connectors.http_each import Each, covered_at_once
from connectors.http_paging import Paging, Place
from connectors.http_peer import PEER_SETTINGS, Answered, delivering
from connectors.page_joins import Joins
from connectors.pulling import Answer, Question, clock_of, pull
from connectors.pulling import Asked as Pulling
from connectors.spec import Page
from connectors.transports.soap.asking import CALL, Call, Reply, SoapPeer, parsed
from connectors.transports.soap.filling import Words
from connectors.xml_answers import Looked
from data_contracts.errors import ConfigError, RefusedError, RetriableError
from data_contracts.findings import Finding

_SETTINGS = (
    PEER_SETTINGS | CALL | frozenset({"version", "namespaces", "security", "keys", "faults", "created_body", "records", "inside", "empty"})
)
_SETTINGS |= frozenset({"label", "each", "paging", "delta", "acknowledge", "send", "media_type"})
_STYLES = ("none", "offset", "page", "cursor")
_BEGINNING = 200


class Soap(Pulling):
    """The transport `soap`."""

    name = "soap"
    settings = _SETTINGS
    needs = frozenset({"url"})

    def pages(self, settings: Mapping[str, Any], watermark: str | None) -> Iterator[Page]:
        """What changed. Raises RetriableError, RefusedError or ConfigError as `connectors/http_peer.py` and `verdict.py` say."""
        refuse_unknown(settings, _SETTINGS, self.name)
        delta = Delta.of(settings, self.name)
        with SoapPeer(settings) as peer:
            service = Service(settings, delta, peer)
            yield from pull(covered_at_once(settings, delta), service.label, watermark, service.ask, clock_of(settings))

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for templates, paths, a delta, paging, authorisation or test of success that nobody could follow."""
        peer = SoapPeer(settings)
        if asks and (delta := Delta.of(settings, self.name)).kind != "push":
            Service(settings, delta, peer, listed=False)
        elif not asks:
            _Sending(settings, peer)

    def cautions(self, settings: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Pages that may lose what shifts while they are read."""
        yield from Paging(settings.get("paging"), self.name, Delta.of(settings, self.name)).cautions()

    def acknowledge(self, settings: Mapping[str, Any], page: Page) -> None:
        """Flag each record of the page that stands as it was read (`connectors/flagging.py`)."""
        given = settings.get("acknowledge")
        if given is None or not page.records:
            return
        delta = Delta.of(settings, self.name)
        with SoapPeer(settings) as listing, SoapPeer({**settings, "inside": None}) as peer:
            service, call = Service(settings, delta, listing), peer.of(given, "acknowledge")

            def flag(key: str) -> None:
                peer.call(replace(call, values={"id": key}))

            flag_each(page, lambda: dict(identified(delta, service.ask(Question()).records)), flag)

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Send one document, and return status and what was said of it."""
        refuse_unknown(settings, _SETTINGS, self.name)
        with SoapPeer(delivering(settings)) as peer:
            return _Sending(settings, peer).send(content, stable_id)


@dataclass(frozen=True, slots=True)
class _Got:
    """What came for one question."""

    reply: Reply
    records: Sequence[Any] = ()
    empty: bool = False


def _records_of(got: _Got) -> Sequence[Any]:
    return got.records


class Service:
    """The records of one operation, and how they are asked for."""

    def __init__(self, settings: Mapping[str, Any], delta: Delta, peer: SoapPeer, *, listed: bool = True) -> None:
        self._delta, self._peer = delta, peer
        self._paging = Paging(settings.get("paging"), "soap", delta)
        if self._paging.style not in _STYLES:
            raise ConfigError(f"transport soap: paging is of the style {', '.join(_STYLES)}, not {self._paging.style}")
        self._each = Each.of(settings, listed=listed)
        self._call = peer.of(settings, "")
        self._created = peer.of(settings, "", body="created_body")
        self._empty = _spoken(settings.get("empty"))
        at = settings.get("records")
        if not at or settings.get("body") is None:
            raise ConfigError(
                "transport soap: what is asked for needs body, the template of the call, and records, their path in the answer"
            )
        self._at = str(at)
        if delta.created and "created_body" not in settings:
            raise ConfigError("transport soap: delta has created, so created_body says how rows are asked for that were never changed")
        if delta.kind == "exported" and "acknowledge" not in settings:
            raise ConfigError("transport soap: delta of kind exported needs acknowledge")
        if "acknowledge" in settings:
            peer_written(peer, replace(peer.of(settings["acknowledge"], "acknowledge"), values={"id": "1"}))
        self._looked_up(settings)
        operation = next(iter(settings["body"]), "records") if isinstance(settings["body"], Mapping) else "records"
        self._joins = Joins(delta, self._paging.style)
        self.label = str(settings.get("label") or re.sub(r"\W+", "_", str(operation).rpartition(":")[2]) or "records")

    def ask(self, question: Question) -> Answer:
        """One page, which joins the one before where pages are counted off."""
        place = question.place if isinstance(question.place, Place) else Place()
        got = self._got(question, place)
        if self._paging.joins:
            place, got = self._paging.joined(self._joins, question, place, got, lambda at: self._got(question, at), _records_of)
        reply, records = got.reply, got.records
        told = tuple(Finding("SOA-01", got=", ".join(reply.loose)[:120]) for _ in reply.loose[:1])
        if got.empty:
            return Answer(reply.content, (), self._onward(place, None), None, reply.media_type, told)
        token = value_at(reply.looked, self._delta.token) if self._delta.kind == "token" else None
        headless = Answered(reply.status, httpx.Headers(), b"")
        behind = self._paging.next(replace(question, place=place), headless, reply.looked, records)
        shown = None if token in (None, "") else str(token)
        return Answer(reply.content, records, self._onward(place, behind), shown, reply.media_type, told, ends=behind is None)

    def _got(self, question: Question, place: Place) -> _Got:
        """What stands at a place."""
        call = self._created if question.clause == "created" else self._call
        reply = self._peer.reply(replace(call, values=self._values(question, place)))
        if self._is_empty(reply):
            return _Got(reply, empty=True)
        self._peer.decide(call, reply)
        records = self._records(reply)
        if self._each is not None:
            self._each.heeded(place.turn, records, self._peer.where)
        return _Got(reply, records)

    def _values(self, question: Question, place: Place) -> dict[str, str]:
        values = {"offset": str(place.count), "limit": str(self._paging.size), "page": str(self._paging.first + place.count)}
        since = place.since or question.since
        late = {"since": None if since is None else self._delta.spelled(since), "token": question.token, "cursor": place.cursor}
        if self._each is not None:
            values[self._each.word] = self._each.values[place.turn]
        return values | {name: value for name, value in late.items() if value is not None}

    def _onward(self, place: Place, behind: Place | None) -> Place | None:
        """The next page, or the first one of the next value of a list."""
        if behind is not None:
            return replace(behind, turn=place.turn)
        more = self._each is not None and place.turn + 1 < len(self._each.values)
        return Place(turn=place.turn + 1) if more else None

    def _is_empty(self, reply: Reply) -> bool:
        if self._empty is None:
            return False
        at, values = self._empty
        found = reply.looked.texts(at) if isinstance(reply.looked, Looked) else [str(value_at(reply.looked, at))]
        return bool(values.intersection(found or [""]))

    def _records(self, reply: Reply) -> Sequence[Any]:
        """The records. An answer in which they have no place is none: it would look like an empty page."""
        looked = reply.looked
        if not isinstance(looked, Looked):
            found = value_at(looked, self._at)
            if not isinstance(found, list):
                raise RetriableError(f"{self._peer.where}: the answer has no array at {self._at}")
            return found
        path = looked.names.path(self._at)
        elements = path.elements(looked.tops)
        if not elements and (len(path.tags) == 1 or not path.parents(looked.tops)):
            raise RetriableError(f"{self._peer.where}: the answer has no place for {self._at}")
        return [Looked(looked.names, looked.tops, element) for element in elements]

    def _looked_up(self, settings: Mapping[str, Any]) -> None:
        """Raises ConfigError for paths and templates that are none, before anything is asked."""
        names, delta, paging = self._peer.names, self._delta, settings.get("paging") or {}
        if self._peer.inside is None or self._peer.inside.kind == "xml":
            named = [self._at, *delta.id, delta.field, delta.created, delta.token, paging.get("more"), paging.get("at")]
            for path in (*named, self._empty[0] if self._empty else None, self._each.at if self._each else None):
                if path and names.path(str(path)).attribute and path == self._at:
                    raise ConfigError("transport soap: records is the path of elements, not of an attribute")
        values = dict.fromkeys(("offset", "limit", "page", "since", "token", "cursor"), "1")
        for call in (self._call, self._created):
            peer_written(self._peer, replace(call, values=values))


class _Sending:
    """How a document is sent. Raises ConfigError."""

    def __init__(self, settings: Mapping[str, Any], peer: SoapPeer) -> None:
        self._peer = peer
        given = settings.get("send", {})
        self._call = peer.of(given, "send", frozenset({"says", "unless", "then"}))
        self._says = str(given.get("says") or "")
        self._unless = peer.of(given["unless"], "send, unless", frozenset({"found", "absent"})) if "unless" in given else None
        self._found = str(given["unless"].get("found") or "") if self._unless is not None else ""
        self._absent = _spoken(given["unless"].get("absent"), "absent") if self._unless is not None else None
        if self._unless is not None and not self._found:
            raise ConfigError("transport soap: unless has found, the path of a value that is there where the document was sent before")
        self._then = peer.of(given["then"], "send, then") if "then" in given else None
        for path in filter(None, [self._says, self._found, self._absent[0] if self._absent else ""]):
            peer.names.path(path)
        for call in (self._call, self._unless, self._then):
            if call is not None:
                peer_written(peer, replace(call, document=lambda: parsed(b"<document/>"), each=call.once))

    def send(self, content: bytes, stable_id: str) -> str:
        """Send one document, unless it was sent before, and call what comes behind it."""
        peer, words = self._peer, Words(content, stable_id)

        def made(call: Call) -> Call:
            return replace(call, fill=words.fill, each=words.each, document=lambda: parsed(content))

        if self._unless is not None and self._there(made(self._unless)):
            return f"{peer.where}: was there"
        call = made(self._call)
        reply = peer.call(replace(call, body={"$document": "element"}) if call.body is None else call)
        if self._then is not None:
            peer.call(made(self._then))
        said = ", ".join(reply.looked.texts(self._says)) if self._says and isinstance(reply.looked, Looked) else ""
        told = said or peer.beginning(reply.content, _BEGINNING)
        return peer.told(f"{reply.status} {told}".strip())

    def _there(self, unless: Call) -> bool:
        """Whether a document was sent before. Raises RefusedError for an answer that says neither."""
        absent, where = self._absent[1] if self._absent else frozenset[str](), self._peer.where
        reply = self._peer.reply(unless, absent)
        looked = reply.looked
        if isinstance(looked, Looked) and looked.texts(self._found):
            return True
        if self._absent is None or reply.absent or (isinstance(looked, Looked) and absent.intersection(looked.texts(self._absent[0]))):
            return False
        raise RefusedError(f"{where} says neither that the document was sent before nor that it was not")


def peer_written(peer: SoapPeer, call: Call) -> None:
    """Write a call and throw it away. Raises ConfigError for templates that nobody could fill; looks for no secret."""
    peer.written(call, example=True)


def _spoken(given: Any, name: str = "empty") -> tuple[str, frozenset[str]] | None:
    """`empty: {at: "m:ListResponse/count", is: ["0"]}`: where an answer says that it holds nothing, and how. Raises ConfigError."""
    if given is None:
        return None
    if not isinstance(given, Mapping) or not given.get("at") or not isinstance(given.get("is"), list) or not given["is"]:
        raise ConfigError(f"transport soap: {name} has at and is, a list of values")
    refuse_unknown(given, frozenset({"at", "is"}), f"soap, {name}")
    return str(given["at"]), frozenset(str(one) for one in given["is"])


TRANSPORT = Soap()

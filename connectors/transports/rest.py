"""A system's REST interface, asked page by page and written to, all of it as data.

    {use: rest, url: "https://erp.example/api/resource/", path: "Purchase Order", records: data, label: purchase_orders,
     auth: {kind: header, name: Authorization, prefix: "token ", secret_env: ERP_KEY},
     query: {fields: '["*"]', filters: '[["modified",">=","{since}"]]', order_by: "modified asc"},
     paging: {style: offset, size: 200, offset: limit_start, limit: limit_page_length},
     delta: {kind: stamp, field: modified, id: name, sorted: true, ask_as: "%Y-%m-%d %H:%M:%S.%f", time_zone: Europe/Amsterdam}}

In `path`, `query`, `body` and `form` (fields; a JSON template may be a field's value) stand `{since}`, `{token}`, `{offset}`, `{limit}`,
`{page}` (its number); a parameter whose value is not known yet (the first pull) is left out. `created_query` is asked instead of `query`
for rows that were never changed. `empty: {at: errcode, is: ["20002"]}` is how a peer says, in words for a failure, that there is nothing.
How a peer lets us in and what success is are said in `connectors/http_access.py` and `http_peer.py`, pages in `connectors/http_paging.py`,
one question for each of a list in `http_each.py`, what is made while one waits (`job`) in `http_jobs.py`.
`acknowledge: {method: PUT, path: "purchase_orders/{id}", query: {exported: "true"}}` flags a record once it is durable.

Out: `{use: rest, url: …, auth: …, send: {method: POST, path: "purchase_orders/{number}", idempotency: Idempotency-Key}}` sends a document;
names in braces are members of it, `body` is what it is put into (`connectors/http_wrapping.py`), `unless` asks before whether it is there
(`http_unless.py`). 2xx that passes `success` and is
no page of HTML is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.credentials import refuse_unknown
from connectors.deltas import Delta, identified, value_at
from connectors.flagging import flag_each
from connectors.http_each import Each, covered_at_once
from connectors.http_jobs import Job, is_separated, rows
from connectors.http_paging import Paging, Place
from connectors.http_peer import PEER_SETTINGS, Answered, Asked, Peer, delivering
from connectors.http_probe import probed
from connectors.http_templates import filled, members, part, path_of, query_of, texts_of, words_of
from connectors.http_unless import WAS_THERE, asks_first, guards, is_there
from connectors.http_wrapping import wrapped
from connectors.page_joins import Joins
from connectors.pulling import Answer, Question, clock_of, pull
from connectors.pulling import Asked as Pulling
from connectors.spec import Page
from data_contracts.errors import ConfigError, RetriableError

REST_SETTINGS = PEER_SETTINGS | frozenset(
    {
        "path",
        "method",
        "query",
        "created_query",
        "body",
        "form",
        "records",
        "empty",
        "label",
        "each",
        "job",
        "paging",
        "delta",
        "acknowledge",
        "send",
        "media_type",
        "answers",
        "again",
    }
)
_BEGINNING = 200
_ANSWER = 64 * 1024


class Rest(Pulling):
    """The transport `rest`."""

    name = "rest"
    settings = REST_SETTINGS
    needs = frozenset({"url"})

    @staticmethod
    def understood(answer: Answered, where: str) -> Any:
        """A body, to be looked at by paths. Raises RetriableError for what is none."""
        return answer.json(where)

    def peer(self, settings: Mapping[str, Any]) -> Peer:
        """The system, as it is asked."""
        return Peer(settings, self.name)

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str | None:
        """By the first page, or of a peer to which documents go by `connectors/http_probe.py`."""
        if asks or not settings.get("url"):
            return super().reach(settings, asks=asks)
        with self.peer(settings) as peer:
            return probed(peer, settings, self.understood)

    def pages(self, settings: Mapping[str, Any], watermark: str | None) -> Iterator[Page]:
        """What changed. Raises RetriableError, RefusedError or ConfigError as `connectors/http_peer.py` says."""
        refuse_unknown(settings, self.settings, self.name)
        delta = Delta.of(settings, self.name)
        with self.peer(settings) as peer:
            collection = Collection(settings, delta, peer)
            yield from pull(covered_at_once(settings, delta), collection.label, watermark, collection.ask, clock_of(settings))

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for a delta, paging, authorisation or test of success that nobody could follow."""
        if settings.get("url"):
            Peer(settings, self.name)
        if asks and (delta := Delta.of(settings, self.name)).kind != "push":
            Paging(settings.get("paging"), self.name, delta)
            Each.of(settings, listed=False)
            _spoken(settings.get("empty"))
            if settings.get("job") is not None:
                Job(settings["job"])

    def cautions(self, settings: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Pages that may lose what shifts while they are read."""
        if settings.get("job") is None:
            yield from Paging(settings.get("paging"), self.name, Delta.of(settings, self.name)).cautions()

    def guards(self, settings: Mapping[str, Any]) -> bool:
        """Whether a repeat can be told, or is asked for before."""
        return guards(settings.get("send"))

    def acknowledge(self, settings: Mapping[str, Any], page: Page) -> None:
        """Flag each record of the page that stands as it was read (`connectors/flagging.py`). One that is gone (404) needs no flag."""
        given = settings.get("acknowledge")
        if given is None or not page.records:
            return
        asked = part(given, "acknowledge", frozenset({"method", "path", "query", "body"}))
        delta = Delta.of(settings, self.name)
        with self.peer(settings) as peer:
            collection = Collection(settings, delta, peer)

            def flag(key: str) -> None:
                values = {"id": key}
                answer = peer.ask(
                    Asked(
                        str(asked.get("method", "PUT")),
                        path_of(str(asked.get("path", "{id}")), values),
                        query_of(asked.get("query"), values),
                        {"Content-Type": "application/json"} if "body" in asked else {},
                        json.dumps(filled(asked["body"], values)).encode() if "body" in asked else None,
                        also=(404, 410),
                    )
                )
                if answer.status < 300 and answer.content:
                    peer.taken(answer, self.understood, repeatable=True)

            flag_each(page, lambda: dict(identified(delta, collection.ask(Question()).records)), flag)

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Send one document, and return status and the beginning of the answer (with `answers: true` 64 KiB of it)."""
        refuse_unknown(settings, self.settings, self.name)
        given = part(settings.get("send", {}), "send", frozenset({"method", "path", "query", "idempotency", "headers", "body", "unless"}))
        path = str(given.get("path", settings.get("path", "")))
        values = members(content, {word for text in (path, *texts_of(given.get("query"))) for word in words_of(text)})
        document = content
        if "body" in given:
            content = wrapped(given, content, stable_id)[0] or b""
        headers = {"Content-Type": str(settings.get("media_type") or "application/json"), **dict(given.get("headers", {}))}
        if given.get("idempotency"):
            headers[str(given["idempotency"])] = stable_id
        with self.peer(delivering(settings)) as peer:
            if asks_first(settings, given) and is_there(peer, given["unless"], document, stable_id, self.understood):
                return WAS_THERE
            method = str(given.get("method", "POST"))
            answer = peer.ask(Asked(method, path_of(path, values), query_of(given.get("query"), values), headers, content))
            peer.taken(answer, self.understood, repeatable=self.guards(settings))
            most = _ANSWER if settings.get("answers") is True else _BEGINNING
            return f"{answer.status} {peer.beginning(answer.content, most)}".strip()


@dataclass(frozen=True, slots=True)
class _Got:
    """What came for one request; without a body nothing is there."""

    answer: Answered
    body: Any = None
    records: Sequence[Any] = ()


def _records_of(got: _Got) -> Sequence[Any]:
    return got.records


class Collection:
    """The records of one address, and how they are asked for."""

    def __init__(self, settings: Mapping[str, Any], delta: Delta, peer: Peer) -> None:
        self._settings, self._delta, self._peer = settings, delta, peer
        self._paging = Paging(settings.get("paging"), "rest", delta)
        self._each = Each.of(settings)
        self._joins = Joins(delta, self._paging.style)
        self._at = settings.get("records")
        self._empty = _spoken(settings.get("empty"))
        self._job = Job(settings["job"], peer) if settings.get("job") is not None else None
        if self._job is not None and (self._each is not None or settings.get("paging") is not None or "acknowledge" in settings):
            raise ConfigError("transport rest: a job has no paging, each or acknowledge: what it made is fetched whole, part by part")
        self.path = str(settings.get("path", ""))
        self.label = str(settings.get("label") or re.sub(r"\W+", "_", self.path.strip("/")) or "records")
        if delta.created and "created_query" not in settings:
            raise ConfigError("transport rest: delta has created, so created_query says how rows are asked for that were never changed")
        if delta.kind == "exported" and "acknowledge" not in settings:
            raise ConfigError("transport rest: delta of kind exported needs acknowledge")

    def ask(self, question: Question) -> Answer:
        """One page, which joins the one before where pages are counted off."""
        place = question.place if isinstance(question.place, Place) else Place()
        if self._job is not None:
            return self._of_job(self._job, question, place)
        got = self._got(question, place)
        if self._paging.joins:
            place, got = self._paging.joined(self._joins, question, place, got, lambda at: self._got(question, at), _records_of)
        return self._answered(replace(question, place=place), place, got)

    def _got(self, question: Question, place: Place) -> _Got:
        """What stands at a place."""
        answer = self._peer.ask(self._asked(question, place))
        if answer.status == 416:  # behind the last record
            return _Got(answer)
        if answer.status == 204 or answer.status >= 400:  # nothing changed; one of a list that is not there, or a token that has lapsed
            return _Got(answer)
        body = answer.json(self._peer.where)
        if self._empty is not None and str(value_at(body, self._empty[0])) in self._empty[1]:
            return _Got(answer)
        self._peer.judge(body)
        records = self._records(body)
        if self._each is not None:
            self._each.heeded(place.turn, records, self._peer.where)
        return _Got(answer, body, records)

    def _answered(self, question: Question, place: Place, got: _Got) -> Answer:
        answer = got.answer
        if got.body is None:
            if answer.status == 416:
                return Answer(b"[]", ())
            if answer.status == 410 and question.token is not None and question.place is None:
                return Answer(b"", (), lapsed=True)
            if answer.status == 204:
                return Answer(b"[]", (), self._onward(place, None))
            return Answer(b"" if answer.status >= 400 else answer.content, (), self._onward(place, None))
        token = value_at(got.body, self._delta.token) if self._delta.kind == "token" else None
        media_type = answer.headers.get("content-type", "application/json").partition(";")[0].strip()
        behind = self._paging.next(question, answer, got.body, got.records)
        return Answer(
            answer.content,
            got.records,
            self._onward(place, behind),
            None if token is None else self._peer.access.without(str(token)),
            media_type if "json" in media_type else "application/json",
            ends=behind is None,
        )

    def _of_job(self, job: Job, question: Question, place: Place) -> Answer:
        """A part of what a job made; the first question starts it."""
        values = {} if question.since is None else {"since": self._delta.spelled(question.since)}
        made = job.part(place.address, place.cursor) if place.address is not None else job.made(values)
        onward = Place(address=made.address, cursor=made.onward) if made.onward is not None else None
        if is_separated(made.answer):
            return Answer(made.answer.content, rows(made.answer, self._peer.where), onward, None, "text/csv")
        body = made.answer.json(self._peer.where)
        self._peer.judge(body)
        return Answer(made.answer.content, self._records(body), onward)

    def _onward(self, place: Place, behind: Place | None) -> Place | None:
        """The next page, or the first one of the next value of a list."""
        if behind is not None:
            address = None if behind.address is None else self._peer.access.without(behind.address)
            return replace(behind, turn=place.turn, address=address)
        more = self._each is not None and place.turn + 1 < len(self._each.values)
        return Place(turn=place.turn + 1) if more else None

    def _asked(self, question: Question, place: Place) -> Asked:
        also: tuple[int, ...] = (416,) if self._paging.style == "range" else ()
        also += self._each.absent if self._each is not None else ()
        also += (410,) if question.token is not None and question.place is None else ()
        if place.address is not None:
            return Asked(path=place.address, also=also, headers={"Accept": "application/json"})
        since = place.since or question.since
        parameters, headers = self._paging.asked(place)
        if {word for text in texts_of(self._settings.get("body")) for word in words_of(text)} & {"offset", "limit", "page"}:
            parameters = []  # they stand in the body, and a signed address bears nothing else
        values = {name: value for name, value in parameters}  # noqa: C416 - offset and limit by the names that the body uses
        values |= {"offset": str(place.count), "limit": str(self._paging.size), "page": str(self._paging.first + place.count)}
        if self._each is not None:
            values[self._each.word] = self._each.values[place.turn]
        if since is not None:
            values["since"] = self._delta.spelled(since)
        if question.token is not None:
            values["token"] = question.token
        template = self._settings.get("created_query" if question.clause == "created" else "query")
        method = str(self._settings.get("method", "POST" if {"body", "form"} & self._settings.keys() else "GET"))
        content = None
        if "body" in self._settings:
            missing = {word for text in texts_of(self._settings["body"]) for word in words_of(text)} & {
                "since",
                "token",
            } - values.keys()
            if missing:
                raise ConfigError(
                    f"transport rest: body asks for {', '.join(sorted(missing))}: say in delta from where the first pull begins"
                )
            content = json.dumps(filled(self._settings["body"], values), ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        form = None
        if self._settings.get("form") is not None:
            parameters, template = [], None
            fields = part(self._settings["form"], "form", frozenset(self._settings["form"]))
            form = {name: _field(value, values) for name, value in fields.items()}
        query = [*query_of(template, values), *parameters]
        return Asked(method, path_of(self.path, values), query, {"Accept": "application/json", **headers}, content, form, also=also)

    def _records(self, body: Any) -> Sequence[Any]:
        """The array of records. An answer without it is none: it would look like an empty page."""
        found = value_at(body, str(self._at)) if self._at else body
        if self._each is not None and isinstance(found, Mapping):
            return [found]
        if not isinstance(found, list):
            raise RetriableError(f"{self._peer.where}: the answer has no array at {self._at or 'its top'}")
        return found


def _spoken(given: Any) -> tuple[str, frozenset[str]] | None:
    """`empty: {at: errcode, is: ["20002"]}`: where an answer says that it holds nothing, and how. Raises ConfigError."""
    if given is None:
        return None
    asked = part(given, "empty", frozenset({"at", "is"}))
    if not asked.get("at") or not isinstance(asked.get("is"), list) or not asked["is"]:
        raise ConfigError("transport rest: empty has at and is, a list of values")
    return str(asked["at"]), frozenset(str(one) for one in asked["is"])


def _field(value: Any, values: Mapping[str, str]) -> str:
    """A field of a form: a text with its words replaced, or JSON of a template."""
    made = filled(value, values)
    return made if isinstance(value, str) else json.dumps(made, ensure_ascii=False)


TRANSPORT = Rest()

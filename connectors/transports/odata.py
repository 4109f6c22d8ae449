"""OData, version 2 and 4: SAP S/4HANA, Dynamics 365, Business Central, Infor LN, Opcenter, Windchill.

    {use: odata, version: 2, url: "https://s4.example/sap/opu/odata/sap/API_PURCHASEORDER_PROCESS_SRV/", entity: A_PurchaseOrder,
     auth: {kind: basic, user: HUB, password_env: S4_PASSWORD}, expand: [to_PurchaseOrderItem], page: 1000,
     delta: {kind: stamp, field: LastChangeDateTime, id: PurchaseOrder}}

Records since a stamp, in the order of (stamp, id). The next page begins at the last stamp; within one stamp the server's own pages are
followed (`@odata.nextLink`, `__next` with its $skiptoken), for which a position may stand, and else records are counted off: there each
page has to join the last one (`connectors/page_joins.py`). `literal` says how stamps are wanted (`datetimeoffset`, `datetime`; `text`
where they are `compact`).
`delta: {kind: token}` follows delta links (`odata.track-changes`), where a service offers them; a record that was deleted has no fields,
so leave
`id` out there. Version 2 spells numbers as text and times as `/Date(…)/`: a page is what came, byte for byte.

Out: `send: {method: POST, path: A_PurchaseOrder, csrf: true, unless: "A_PurchaseOrder('{PurchaseOrder}')"}`. `csrf` fetches SAP's token
with its cookies, and again when it has ended (`{path, at, header}` for others: Windchill); `if_match: fetch` reads the ETag before it
changes; `unless` is an address at which a record is only where it was sent before (times of the document stand in it as
`datetime'{PostingDate}'`); what somebody else has changed meanwhile (412) is not overwritten: a person decides. `batch` instead of `path`:
several changes of which all are made or none (`connectors/odata_batch.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, urljoin

import httpx

from connectors import odata_batch, odata_metadata
from connectors.credentials import refuse_unknown, required
from connectors.deltas import Delta, later, value_at
from connectors.http_peer import PEER_SETTINGS, Answered, Asked, Peer, delivering
from connectors.http_probe import probed
from connectors.http_templates import members, words_of
from connectors.http_unless import guards
from connectors.page_joins import Joins
from connectors.pull_marks import as_watermark
from connectors.pulling import Answer, Question, clock_of, pull, whole_number
from connectors.pulling import Asked as Pulling
from connectors.spec import Page
from data_contracts.errors import ConfigError, HubError, RefusedError, RetriableError

_SETTINGS = PEER_SETTINGS | frozenset(
    {"version", "entity", "select", "expand", "filter", "query", "page", "label", "literal", "delta", "send", "media_type"}
)
_SEND = frozenset({"method", "path", "csrf", "if_match", "unless", "batch"})
_LITERALS = {"datetimeoffset": "datetimeoffset'{}'", "datetime": "datetime'{}'", "plain": "{}", "text": "'{}'"}
_BEGINNING = 200
_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_TRACKED = "odata.track-changes"


class OData(Pulling):
    """The transport `odata`."""

    name = "odata"
    settings = _SETTINGS
    needs = frozenset({"url"})

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str | None:
        """By the first page, or of a service to which documents go by its service document."""
        if asks:
            return super().reach(settings, asks=asks)
        with Peer(settings, self.name) as peer:
            return probed(peer, settings)

    def pages(self, settings: Mapping[str, Any], watermark: str | None) -> Iterator[Page]:
        """What changed. Raises RetriableError, RefusedError or ConfigError as `connectors/http_peer.py` says."""
        refuse_unknown(settings, _SETTINGS, self.name)
        delta = _delta(settings)
        if delta.kind not in ("stamp", "token", "whole"):
            raise ConfigError(f"transport odata knows the deltas stamp, token and whole, not {delta.kind}")
        with Peer(settings, self.name) as peer:
            entities = Entities(settings, delta, peer)
            yield from pull(delta, entities.label, watermark, entities.ask, clock_of(settings))

    def described(self, settings: Mapping[str, Any]) -> tuple[str, ...] | None:
        """What the flow asks and the service does not have, by its own `$metadata`; None where it does not describe itself."""
        delta = _delta(settings)
        listed = {name: settings.get(name) or [] for name in ("select", "expand")}
        select, expand = (odata_metadata.names_of(given) for given in listed.values())
        stamps = [path for path in (delta.field, delta.created) if path] if delta.kind == "stamp" else []
        default = "datetimeoffset" if _version(settings) == "2" else "plain"
        with Peer(settings, self.name) as peer:
            try:
                above, entity, _ = str(peer.base).partition("(")  # it stands beside the first entity of an address, not below
                root = f"{above.rpartition('/')[0]}/" if entity else ""
                answer = peer.ask(Asked(path=f"{root}$metadata", headers={"Accept": "application/xml"}, also=tuple(range(400, 600))))
                if answer.status >= 400:
                    return None
                service = odata_metadata.read(answer.content, peer.where)
            except (RefusedError, RetriableError):  # too large, or none: the first page tells whether what is asked is answered
                return None
        asked = (required(settings, "entity", self.name), [*delta.id, *select], stamps, expand)
        return tuple(odata_metadata.faults(service, *asked, str(settings.get("literal", default))))

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for an address, authorisation or delta that nobody could follow."""
        peer = Peer(settings, self.name)
        if asks:
            Entities(settings, _delta(settings), peer)

    def watermark(self, settings: Mapping[str, Any], text: str) -> str | None:
        """A stamp, or a delta link."""
        return as_watermark(_delta(settings), text)

    def guards(self, settings: Mapping[str, Any]) -> bool:
        """Whether the record is asked for before, or the method makes none."""
        return guards(settings.get("send"), ("batch",))

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Create or change one entity, with what belongs to it. Raises RefusedError where somebody changed it meanwhile (412): what
        they wrote is not overwritten, and a person decides."""
        refuse_unknown(settings, _SETTINGS, self.name)
        given = settings.get("send")
        if not isinstance(given, Mapping) or bool(given.get("path")) == ("batch" in given):
            raise ConfigError("transport odata: send has a path or a batch")
        refuse_unknown(given, _SEND, "odata, send")
        addresses = {key: str(given[key]) for key in ("path", "unless") if given.get(key)}
        values = members(content, {word for text in addresses.values() for word in words_of(text)})
        path, unless = (_address(addresses[key], values) if key in addresses else None for key in ("path", "unless"))
        headers = {"Content-Type": str(settings.get("media_type") or "application/json"), "Accept": "application/json"}
        with Peer(delivering(settings), self.name) as peer:
            if unless is not None and _is_there(peer, unless):
                return "200 was there"
            if "batch" in given:
                return _all_or_none(peer, given, content, stable_id, partial(peer.unclear, repeatable=self.guards(settings)))
            if given.get("if_match") is not None:
                headers["If-Match"] = _etag(peer, str(path)) if given["if_match"] == "fetch" else str(given["if_match"])
            asked = Asked(str(given.get("method", "POST")), str(path), headers=headers, content=content, also=(403, 412))
            answer = peer.ask(_let_through(peer, asked, given.get("csrf")))
            if answer.status == 403 and given.get("csrf"):  # the token has ended
                answer = peer.ask(_let_through(peer, asked, given["csrf"]))
            told = f"{answer.status} {peer.beginning(answer.content, _BEGINNING)}".strip()
            if answer.status == 412:
                raise RefusedError(f"{peer.where}: somebody changed it meanwhile, so it was not overwritten; a person decides: {told}")
            if answer.status == 403:
                raise ConfigError(f"{peer.where} does not let us in: {told}")
            repeatable = self.guards(settings)
            peer.taken(answer, Answered.json, repeatable=repeatable)
            if asked.method == "POST" and "success" not in settings and not _is_made(answer):
                raise peer.unclear(f"{peer.where}: nothing says that the entity was made: {told}", repeatable=repeatable)
            return told


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins."""

    since: str | None = None
    count: int = 0
    """Records of this stamp that are passed over."""
    address: str | None = None
    """Where the server said that it is, or the delta link."""
    backward: int = 0
    """How often the pull went back until it came here."""


@dataclass(frozen=True, slots=True)
class _Got:
    """What came for one request: its records, the next page's address, the delta link."""

    answer: Answered
    records: Sequence[Any]
    onward: str | None
    token: str | None


def _records_of(got: _Got) -> Sequence[Any]:
    return got.records


class Entities:
    """One entity set and how it is asked for."""

    def __init__(self, settings: Mapping[str, Any], delta: Delta, peer: Peer) -> None:
        self._peer, self._delta, self._two = peer, delta, _version(settings) == "2"
        self._linked: list[Place] = []
        """The pages of one stamp that were read so far."""
        self.entity = required(settings, "entity", "odata")
        self.label = str(settings.get("label") or re.sub(r"\W+", "_", self.entity))
        self._joins = Joins(delta, self.label)
        self._size = whole_number(settings, "page", 1000, 100_000)
        literal = settings.get("literal", "datetimeoffset" if self._two else "plain")
        if literal not in _LITERALS:
            raise ConfigError(f"literal is one of {', '.join(_LITERALS)}, not {literal!r}")
        self._literal = _LITERALS[str(literal)]
        self._filter = str(settings.get("filter", ""))
        more = settings.get("query", {})
        if not isinstance(more, Mapping):
            raise ConfigError("transport odata: query is names and values")
        self._fixed = [(str(name), str(value)) for name, value in more.items()]
        for name in ("select", "expand"):
            if settings.get(name):
                listed = settings[name] if isinstance(settings[name], list) else [settings[name]]
                self._fixed.append((f"${name}", ",".join(map(str, listed))))

    def ask(self, question: Question) -> Answer:
        """One page: where the server said, or from a stamp on and behind so many records of it."""
        place = question.place if isinstance(question.place, Place) else Place(question.since, address=question.token)
        got = self._got(question, place)
        if got.answer.status == 410:
            return Answer(b"", (), lapsed=True)
        if self._delta.kind == "stamp":
            place, got = self._joined(question, place, got)
        return Answer(got.answer.content, got.records, self._behind(question, place, got), got.token)

    def _joined(self, question: Question, place: Place, got: _Got) -> tuple[Place, _Got]:
        """This page, or one from further back where something slipped out between the last one and this."""
        joins, clause = self._joins, question.clause
        joins.begin((clause, place.since))
        if place.address is None and place.count == 0:
            self._linked = []
        if place.address is not None:  # a link may hold a position
            number, got = joins.looked_back(got, self._linked, clause, lambda one: self._got(question, one), _records_of)
            place = place if number == len(self._linked) else self._linked[number]
            del self._linked[number:]
        else:
            count, got = joins.overlapped(
                got, place.count, self._size, clause, lambda count: self._got(question, replace(place, count=count)), _records_of
            )
            place = replace(place, count=count)
        self._linked.append(place)
        joins.note(got.records, clause)
        return replace(place, backward=joins.backward), got

    def _got(self, question: Question, place: Place) -> _Got:
        """What stands at a place."""
        headers = {"Accept": "application/json"} | ({"Prefer": self._preferred()} if self._preferred() else {})
        query = self._query(question, place.since, place.count) if place.address is None else []
        also = (410,) if question.token is not None and question.place is None else ()
        answer = self._peer.ask(Asked(path=place.address or self.entity, query=query, headers=headers, also=also))
        if answer.status == 410:  # the delta link has lapsed
            return _Got(answer, (), None, None)
        body = answer.json(self._peer.where)
        self._peer.judge(body)
        records, onward, token = self._read(body)
        return _Got(answer, records, *(None if link is None else self._beside(answer, body, link) for link in (onward, token)))

    def _beside(self, answer: Answered, body: Any, link: str) -> str:
        """A link as it is meant: beside the context's address where the answer names one (OData JSON 4.01, 4.5.1), else the one asked."""
        context = value_at(body, "@odata.context")
        return self._peer.access.without(answer.beside(urljoin(context.partition("#")[0], link) if isinstance(context, str) else link))

    def _preferred(self) -> str:
        wanted = [] if self._two else [f"odata.maxpagesize={self._size}"]
        return ",".join([*wanted, *([_TRACKED] if self._delta.kind == "token" else [])])

    def _query(self, question: Question, since: str | None, count: int) -> list[tuple[str, str]]:
        delta, conditions = self._delta, [f"({self._filter})"] if self._filter else []
        query = list(self._fixed)
        if delta.kind == "stamp":
            by = delta.path(question.clause)
            if question.clause == "created":
                conditions.append(f"{delta.field} eq null")
            if since is not None:
                conditions.append(f"{by} ge {self._literal.format(self._spelled(since))}")
            query.append(_ordered(by, *delta.id))
        elif self._counted:
            query.append(_ordered(*delta.id))
        if self._counted:
            query += [("$top", str(self._size))] if self._two else []
            query += [("$skip", str(count))] if count else []
        if self._two:
            query.append(("$format", "json"))
        return [*query, ("$filter", " and ".join(conditions))] if conditions else query

    def _spelled(self, stamp: str) -> str:
        """As version 2 and 4 write a time; `datetime` bears no zone."""
        if self._delta.stamps == "number":
            return stamp
        text = (self._delta if self._delta.stamps == "compact" else replace(self._delta, stamps="time")).spelled(stamp)
        return text.removesuffix("Z") if self._literal.startswith("datetime'") else text

    def _behind(self, question: Question, place: Place, got: _Got) -> Place | None:
        """From the last stamp on where it has moved; else by the server's own link, or behind these records, the last one once more."""
        stamped = self._delta.kind == "stamp"
        full = self._counted and len(got.records) >= self._size
        if got.onward is None and not full:
            return None
        if stamped and got.records:
            last = self._delta.stamp(value_at(got.records[-1], self._delta.path(question.clause)))
            moved = last is not None and later(self._delta, place.since, last) == last
            if moved and last is not None and (place.since is None or self._spelled(last) != self._spelled(place.since)):
                return Place(last, backward=place.backward)
        if got.onward is not None:
            return Place(place.since, address=got.onward, backward=place.backward)
        return Place(place.since, place.count + len(got.records) - (1 if stamped else 0), backward=place.backward)

    @property
    def _counted(self) -> bool:
        """Whether pages are counted off. To version 2 `$top` says how many there are in all (2.2.3.3): who says it has to count on, and a
        first question for a token must not say it."""
        return self._delta.kind == "stamp" or (self._two and self._delta.kind == "whole")

    def _read(self, body: Any) -> tuple[Sequence[Any], str | None, str | None]:
        """Records, the next page's address, the delta link."""
        if self._two:
            inner = value_at(body, "d")
            records = inner if isinstance(inner, list) else value_at(inner, "results")
            links = (value_at(inner, "__next"), value_at(inner, "__delta"))
        else:
            records = value_at(body, "value")
            links = (value_at(body, "@odata.nextLink"), value_at(body, "@odata.deltaLink"))
        if not isinstance(records, list):
            raise RetriableError(f"{self._peer.where}: the answer is no collection of OData {'2' if self._two else '4'}")
        onward, token = (str(link) if link else None for link in links)
        return records, onward, token


def _ordered(*paths: str) -> tuple[str, str]:
    return "$orderby", ",".join(path.replace(".", "/") for path in paths)


def _version(settings: Mapping[str, Any]) -> str:
    version = str(settings.get("version", "4"))
    if version not in ("2", "4"):
        raise ConfigError(f"transport odata: version is 2 or 4, not {version!r}")
    return version


def _delta(settings: Mapping[str, Any]) -> Delta:
    """The delta; version 2 spells its stamps in its own way, and where a delta link stands is the standard's to say."""
    given = settings.get("delta")
    if isinstance(given, Mapping):
        settings = {**settings, "delta": {**({"stamps": "odata"} if _version(settings) == "2" else {}), "token": "deltaLink", **given}}
    return Delta.of(settings, "odata", sorts=True)


def _let_through(peer: Peer, asked: Asked, csrf: Any) -> Asked:
    """The request with the token that writing needs, and the cookies that came with it."""
    if not csrf:
        return asked
    how: Mapping[str, Any] = csrf if isinstance(csrf, Mapping) else {}
    header = str(how.get("header", "x-csrf-token"))
    answer = peer.ask(Asked(path=str(how.get("path", "")), headers={"Accept": "application/json"} if how else {header: "fetch"}))
    token = value_at(answer.json(peer.where), str(how["at"])) if how.get("at") else answer.headers.get(header)
    if not token:
        raise RetriableError(f"{peer.where} gave no {header}")
    return replace(asked, headers={**asked.headers, header: str(token)})


def _all_or_none(peer: Peer, given: Mapping[str, Any], content: bytes, stable_id: str, unclear: Callable[[str], HubError]) -> str:
    """Several changes at once, of which all are made or none. Raises as `odata_batch.judged` says."""
    kind, body, changes = odata_batch.build(given["batch"], content, stable_id)
    asked = Asked("POST", "$batch", headers={"Content-Type": kind, "Accept": "multipart/mixed"}, content=body, also=(403,))
    answer = peer.ask(_let_through(peer, asked, given.get("csrf")))
    if answer.status == 403 and given.get("csrf"):  # the token has ended
        answer = peer.ask(_let_through(peer, asked, given["csrf"]))
    if answer.status == 403:
        raise ConfigError(f"{peer.where} does not let us in: {answer.status}")
    said = odata_batch.judged(answer.headers.get("content-type", ""), answer.content, peer.where, peer.beginning, changes, unclear)
    return f"{answer.status} {said}"


def _is_there(peer: Peer, path: str) -> bool:
    """Whether an address has a record: an entity that is found, or a collection that is not empty."""
    answer = peer.ask(Asked(path=path, headers={"Accept": "application/json"}, also=(404,)))
    if answer.status == 404:
        if peer.is_of_the_way(answer):
            raise RetriableError(f"{peer.where}: whether it is there already could not be asked: a 404 that is not the service's own")
        return False
    body = answer.json(peer.where)
    listed = next((found for at in ("value", "d.results") if isinstance(found := value_at(body, at), list)), None)
    return listed is None or bool(listed)


def _is_made(answer: Answered) -> bool:
    """Whether an answer to a creation says that there is an entity now: 201 with it or with its address, or 204 (OData 4.01, 11.4.2);
    or of an action what came of it, in the service's own words (11.5.5)."""
    named = any(answer.headers.get(name) for name in ("location", "odata-entityid"))
    if answer.status == 204 or (answer.status == 201 and (named or answer.content.strip()[:1] in (b"{", b"<"))):
        return True
    try:
        said = json.loads(answer.content)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and any(name == "d" or name.startswith("@odata.") for name in said)


def _etag(peer: Peer, path: str) -> str:
    answer: Answered = peer.ask(Asked(path=path, headers={"Accept": "application/json"}))
    body = answer.json(peer.where)
    tag = answer.headers.get("etag") or value_at(body, "@odata.etag") or value_at(body, "d.__metadata.etag")
    if not tag:
        raise RefusedError(f"{peer.where}: the record bears no ETag")
    return str(tag)


def _address(path: str, values: Mapping[str, str]) -> str:
    """A path with members of the document in it; a quote within a key is doubled, as OData wants it, and a time as version 2 writes it
    (`/Date(ms)/`) becomes the time that its addresses know."""
    filled = path
    for word in words_of(path):
        filled = filled.replace(f"{{{word}}}", quote(_literal_of(values[word]).replace("'", "''"), safe=""))
    try:
        httpx.URL(f"https://host/{filled}")
    except httpx.InvalidURL as error:
        raise ConfigError(f"transport odata: path {path!r} is no address") from error
    return filled


def _literal_of(value: str) -> str:
    """A member as an address spells it: `datetime'{PostingDate}'` with `/Date(1795219200000)/` is datetime'2026-11-21T00:00:00'."""
    found = _DATE.fullmatch(value)
    if found is None:
        return value
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None) + timedelta(milliseconds=int(found[1]))
    except OverflowError as error:
        raise RefusedError(f"{value} is no time that an address could name") from error
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


TRANSPORT = OData()

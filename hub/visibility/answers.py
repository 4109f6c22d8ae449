"""Events that answer a question, page by page, written as their reader wants them (EPCIS 2.0 clauses 8.2 and 12.7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from connectors.formats.epcis.json_reading import event_of
from connectors.formats.epcis.spelling import Turn, as_link, as_stated, as_urn, instant
from connectors.formats.epcis.writing import Results, document_json, event_json, write_xml
from data_contracts.errors import RefusedError
from data_contracts.events.things import canonical, identify
from hub.store import event_views
from hub.store.keys import key_of_own, own_uri, thing_key
from hub.store.lots import Sight
from hub.store.types import moment
from hub.visibility.question import Question, QuestionError, TooComplexError, TooLargeError

PER_PAGE = 30
"""Events on a page where nothing is said (the standard's own default)."""
MOST_PER_PAGE = 1_000
LOOKED_AT = 5_000
"""Events that one page looks through for what the store's indexes do not know; a page may be short, or empty, before the end."""
_CHUNK = 500
_TOKEN = re.compile(r"(-?[0-9]{1,18})\.([0-9]{1,18})\.([0-9]{1,9})", re.ASCII)
QUERY = "SimpleEventQuery"
"""The standard's name of the question that has no name."""

EpcFormat = Literal["Always_GS1_Digital_Link", "Always_EPC_URN", "Never_Translates"]
TURNS: dict[EpcFormat, Turn] = {"Always_GS1_Digital_Link": as_link, "Always_EPC_URN": as_urn, "Never_Translates": as_stated}


class UnwritableError(RefusedError):
    """An event holds what the syntax that was asked for has no form for."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One event of a page."""

    id: int
    number: str
    recorded_at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, and where the next page begins (null: this is the last)."""

    events: tuple[Shown, ...]
    next: str | None


def answer(connection: sa.Connection, sight: Sight, question: Question, token: str | None, per_page: int) -> EventPage:
    """A page of the events that answer. Raises TooLargeError where more answer than the asker takes (`maxEventCount`)."""
    after, given = _position(token)
    if question.max_count is not None and token is None:
        _refuse_too_many(connection, sight, question)
    wanted = per_page if question.count_limit is None else min(per_page, question.count_limit - given)
    if wanted <= 0:
        return EventPage((), None)
    found: list[Shown] = []
    looked_at = 0
    while True:
        size = wanted + 1 if not question.tests else _CHUNK
        rows = event_views.page(connection, sight, question.asked, after, size)
        for row in rows:
            if len(found) == wanted:
                return EventPage(tuple(found), _token(question, after, given + len(found)))
            if _holds(question, row.body):
                found.append(Shown(row.id, row.number, moment(row.recorded_at), row.body))
            after = (row.position, row.id)
        looked_at += len(rows)
        if len(rows) < size:
            return EventPage(tuple(found), None)
        if len(found) == wanted or looked_at >= LOOKED_AT:
            return EventPage(tuple(found), _token(question, after, given + len(found)))


def after_id(connection: sa.Connection, sight: Sight, question: Question, position: int, upto: int, limit: int) -> tuple[list[Shown], int]:
    """The next events behind an id and not above another, in the order in which they came, and the id up to which was looked."""
    forward = replace(question.asked, order="id", descending=False)
    found: list[Shown] = []
    looked_at = 0
    while position < upto and len(found) < limit and looked_at < LOOKED_AT:
        rows = [row for row in event_views.page(connection, sight, forward, (0, position), _CHUNK) if row.id <= upto]
        for row in rows:
            if len(found) == limit:
                return found, position
            if _holds(question, row.body):
                found.append(Shown(row.id, row.number, moment(row.recorded_at), row.body))
            position = row.id
        looked_at += len(rows)
        if len(rows) < _CHUNK:
            return found, upto
    return found, position


def _holds(question: Question, body: str) -> bool:
    if not question.tests:
        return True
    event = event_of(body)
    return all(test(event) for test in question.tests)


def _refuse_too_many(connection: sa.Connection, sight: Sight, question: Question) -> None:
    most = question.max_count
    assert most is not None
    found, looked_at, after = 0, 0, None
    if not question.tests:
        found = event_views.count(connection, sight, question.asked, most + 1)
    while question.tests and found <= most:
        rows = event_views.page(connection, sight, question.asked, after, _CHUNK)
        found += sum(_holds(question, row.body) for row in rows)
        looked_at += len(rows)
        if len(rows) < _CHUNK:
            break
        if looked_at >= LOOKED_AT:
            raise TooComplexError("too many events would have to be looked through: ask for less, or without maxEventCount")
        after = (rows[-1].position, rows[-1].id)
    if found > most:
        raise TooLargeError(f"more than {most} events answer")


def _token(question: Question, after: tuple[int, int] | None, given: int) -> str | None:
    if after is None or (question.count_limit is not None and given >= question.count_limit):
        return None
    return f"{after[0]}.{after[1]}.{given}"


def _position(token: str | None) -> tuple[tuple[int, int] | None, int]:
    if token is None:
        return None, 0
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise QuestionError("this nextPageToken is none of ours")
    value, number, given = map(int, found.groups())
    return (value, number), given


# --- writing -------------------------------------------------------------------------------------------------------------
def as_json(events: Sequence[Shown], created: datetime, results: Results | None, epc_format: EpcFormat) -> bytes:
    """The events as EPCISQueryDocument in JSON-LD (EPCISDocument without `results`)."""
    return document_json((one_json(one, epc_format) for one in events), created, results)


def one_json(shown: Shown, epc_format: EpcFormat) -> bytes:
    """One event with the time at which it was recorded. Bodies as they are stored are the cheapest."""
    body = shown.body.encode()
    turn = TURNS[epc_format]
    if turn is not as_stated:
        body = event_json(event_of(shown.body), turn)
    return b'{"recordTime":"' + instant(shown.recorded_at).encode() + b'",' + body[1:]


def as_xml(events: Sequence[Shown], created: datetime, results: Results | None, epc_format: EpcFormat, *, web: bool = False) -> bytes:
    """The same in XML; `web`: terms of the vocabulary as web addresses instead of URNs.

    Raises UnwritableError for what XML has no form for.
    """
    try:
        told = [{**event_of(one.body), "recorded_at": one.recorded_at} for one in events]
        return write_xml(told, created, results, TURNS[epc_format], web=web)
    except ValueError as error:
        raise UnwritableError(str(error)) from error


# --- things --------------------------------------------------------------------------------------------------------------
def uri_of(key: str) -> str:
    """The URI of a thing by its node's key: `serial:06926365598003|S0001` is `https://id.gs1.org/01/06926365598003/21/S0001`."""
    kind, _, rest = key.partition(":")
    if kind == "thing":
        return rest
    write = _URIS.get(kind)
    uri = write(rest) if write is not None else ""
    return uri if uri and thing_key(identify(uri)) == key else own_uri(key)


def _dl(*elements: tuple[str, str]) -> str:
    return canonical(tuple(elements))


def _serial(rest: str) -> str:
    part, _, serial = rest.partition("|")
    return _dl(("01", part), ("21", serial))


def _lot(rest: str) -> str:
    part, _, lot = rest.partition("|")
    return _dl(("01", part), ("10", lot))


_URIS: dict[str, Callable[[str], str]] = {
    "serial": _serial,
    "lot": _lot,
    "item": lambda rest: _dl(("01", rest)),
    "sscc": lambda rest: _dl(("00", rest)),
    "location": lambda rest: _dl(("414", rest)),
}


def spelled(uri: str, epc_format: EpcFormat) -> str:
    """A thing's URI as its reader wants it."""
    return TURNS[epc_format](uri)


def is_class(uri: str) -> bool:
    """Whether a URI names a class of things."""
    own = key_of_own(uri)
    return own.startswith(("lot:", "item:")) if own is not None else identify(uri).level == "class"

"""One pull: the pages of what changed since a watermark, each with the watermark that it covers, whatever the protocol.

A transport says how a question is asked (`ask`) and where the next page begins; this says what is asked for and what is known afterwards
(`connectors/deltas.py`: the kinds of delta). It keeps no state: whoever stops behind a page and comes again with its watermark loses
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, BinaryIO, NoReturn

from connectors.deltas import Delta, identified, later, nameless, value_at
from connectors.pull_marks import PullMark, as_watermark
from connectors.record_faults import record_faults
from connectors.spec import CUT, Delivered, Page
from data_contracts.errors import ConfigError, RetriableError
from data_contracts.findings import Finding, Place


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for."""

    clause: str = "changed"
    """`created`: rows that were never changed."""
    since: str | None = None
    """From this stamp on, it included, as the watermark keeps it; None: from the beginning."""
    place: Any = None
    """Where the page begins, as the answer before said it; None: the first one."""
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One page as it came."""

    content: bytes
    records: Sequence[Any]
    place: Any = None
    """Where the next page begins; None: this is the last one."""
    token: str | None = None
    """Of the delta kind `token`: what is to be shown next time."""
    media_type: str | None = "application/json"
    findings: tuple[Finding, ...] = ()
    """What the transport has to tell of it."""
    nameless: bool = False
    """Of records without an id alone, which the transport has set apart."""
    lapsed: bool = False
    """The peer no longer knows the token that it was shown (410)."""
    ends: bool = False
    """What follows answers another question (of `each`): the last record here is whole."""


Ask = Callable[[Question], Answer]
_VERSIONS = 5
"""Versions of one record in one pull after which it is not asked for again."""


@dataclass(frozen=True, slots=True)
class _Covered:
    """An answer, the question's clause, and the watermark up to which it covers."""

    answer: Answer
    clause: str = "changed"
    watermark: str | None = None


def pull(delta: Delta, label: str, watermark: str | None, ask: Ask, now: Callable[[], datetime] | None = None) -> Iterator[Page]:
    """The pages of one pull. `label` names documents and messages, as `purchase_orders`.

    Raises RetriableError where no record has a stamp that can be read, or where pages lead in a circle; ConfigError where the order that a
    site promised is not kept.
    """
    if delta.kind == "push":
        return
    unflagged: dict[str, str | None] = {}
    for number, (answer, clause, covered) in enumerate(map(_parts, _answers(delta, label, watermark, ask, now, unflagged)), 1):
        records = identified(delta, answer.records) if delta.id or not answer.records else None
        if delta.rows and records and answer.place is not None and not answer.ends:
            records = (*records[:-1], (records[-1][0], CUT))
        digest = sha256(answer.content).hexdigest()[:24]
        name = f"{label}-{number}.{next((kind for kind in ('xml', 'csv') if kind in (answer.media_type or '')), 'json')}"
        key = f"{delta.kind}:{watermark or ''}#{number}:{digest}"
        delivered = Delivered(name, key, len(answer.content), None, answer.media_type)
        faults = record_faults(delta, clause, answer.records, label, nameless_alone=answer.nameless)
        yield Page(delivered, answer.content, covered, records, answer.findings, record_findings=faults, unflagged=unflagged)


def _parts(one: _Covered) -> tuple[Answer, str, str | None]:
    return one.answer, one.clause, one.watermark


def _answers(
    delta: Delta, label: str, watermark: str | None, ask: Ask, now: Callable[[], datetime] | None, unflagged: Mapping[str, str | None]
) -> Iterator[_Covered]:
    if delta.kind == "stamp":
        yield from _by_stamp(delta, label, watermark, ask, now)
    elif delta.kind == "exported":
        yield from _by_flag(delta, label, ask, unflagged)
    elif delta.kind == "token":
        yield from _by_token(label, watermark, ask)
    else:
        yield from map(_Covered, _through(label, Question(), ask))


def _by_token(label: str, watermark: str | None, ask: Ask) -> Iterator[_Covered]:
    """The last page has the token for the next time. A token that has lapsed is asked for anew, from the beginning, and told."""
    told: tuple[Finding, ...] = ()
    for question in (Question(token=watermark), Question()):
        for answer in _through(label, question, ask):
            if answer.lapsed and question.token is not None:
                told = (Finding("PUL-04", Place(), None, f"{question.token[:80]}", params={"what": label}),)
                break
            token = (answer.token or question.token) if answer.place is None else None
            yield _Covered(replace(answer, findings=(*answer.findings, *told)), watermark=token)
            told = ()
        else:
            return


def _by_stamp(delta: Delta, label: str, watermark: str | None, ask: Ask, now: Callable[[], datetime] | None) -> Iterator[_Covered]:
    """Clause by clause; where the peer sorts, each page covers what is before it, else only the last one covers them all."""
    mark = PullMark.read(delta, watermark)
    stamps, clauses = dict(mark.stamps), mark.clauses(delta)
    for number, clause in enumerate(clauses):
        reached = stamps.get(clause) or delta.start
        position = mark.position if number == 0 else None
        begun = mark.begun if position is not None else now() if now is not None else None
        following = clauses[number + 1] if number + 1 < len(clauses) else None
        seen: str | None = None
        for answer in _through(label, Question(clause, position or delta.asked(reached)), ask):
            before = None if delta.ask_as is not None else seen  # asked for by a coarser stamp, a page may begin before the last one ended
            for record in answer.records:
                if nameless(delta, record):
                    continue
                stamp = delta.stamp(value_at(record, delta.path(clause)))
                if delta.sorted and stamp is not None and later(delta, before, stamp) != stamp and not delta.repeated(before):
                    # What came is kept, and what it covers is not: a promise that was broken does not heal by going on behind it.
                    yield _Covered(Answer(b"", ()), clause, PullMark(mark.stamps, clauses[0]).written(delta))
                    raise ConfigError(f"{label}: the peer does not answer in the order of {delta.path(clause)}")
                before = later(delta, before, stamp)
            seen = later(delta, seen, before)
            if answer.place is None or delta.sorted:
                moved = later(delta, reached, delta.capped(seen, begun) if seen is not None else None)
                if moved is not None:
                    stamps[clause] = moved
                stands = PullMark(stamps, following) if answer.place is None else PullMark(stamps, clause, seen, begun)
                yield _Covered(answer, clause, stands.written(delta))
            else:
                yield _Covered(answer, clause)


def _by_flag(delta: Delta, label: str, ask: Ask, unflagged: Mapping[str, str | None]) -> Iterator[_Covered]:
    """Always the first page, for what is flagged is no longer on it, until it holds nothing but what could not be flagged.

    Raises RetriableError where a record comes again that was flagged, or says something else each time.
    """
    seen: dict[str, set[str]] = {}
    while (answer := ask(Question())).records:
        found = identified(delta, answer.records)
        if all(version in seen.get(key, ()) for key, version in found):
            if any(key not in unflagged for key, _ in found):
                raise RetriableError(f"{label}: what was acknowledged comes again: the peer did not keep the flag")
            return
        for key, version in found:
            seen.setdefault(key, set()).add(version)
            if len(seen[key]) > _VERSIONS:
                raise RetriableError(
                    f"{label}: a record says something else each time that it is asked for: name in delta, ignore, what differs"
                )
        yield _Covered(answer)


def _through(label: str, question: Question, ask: Ask) -> Iterator[Answer]:
    """All pages of one question."""
    places: set[str] = set()
    while True:
        answer = ask(question)
        yield answer
        if answer.place is None:
            return
        if (place := repr(answer.place)) in places:
            raise RetriableError(f"{label}: the pages lead in a circle")
        places.add(place)
        question = Question(question.clause, question.since, answer.place, question.token)


class Asked:
    """What transports have in common that ask a system page by page, and find nothing lying about."""

    name = ""

    def _asked(self) -> NoReturn:
        raise ConfigError(f"transport {self.name} is asked what changed, page by page; nothing waits there")

    def pages(self, settings: Mapping[str, Any], watermark: str | None) -> Iterator[Page]:
        """What changed. Each transport says how it is asked."""
        self._asked()

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str | None:
        """Ask for the first page and throw it away. None where nothing can be asked for: what only goes out, and peers that call us."""
        page = self.sample(settings) if asks else None
        return None if page is None else told_of(page)

    def sample(self, settings: Mapping[str, Any]) -> Page | None:
        """The first page, which is not kept and covers nothing. None of peers that call us."""
        pages = iter(self.pages(settings, None))
        page = next(pages, None)
        if isinstance(pages, Generator):
            pages.close()
        return page

    def fetch(self, settings: Mapping[str, Any]) -> Iterator[Delivered]:
        """Raises ConfigError."""
        self._asked()

    def open(self, settings: Mapping[str, Any], delivered: Delivered) -> BinaryIO:
        """Raises ConfigError."""
        self._asked()

    def settle(self, settings: Mapping[str, Any], delivered: Delivered) -> None:
        """Raises ConfigError."""
        self._asked()

    def acknowledge(self, settings: Mapping[str, Any], page: Page) -> None:
        """Nothing, where the peer keeps no flag."""

    def watermark(self, settings: Mapping[str, Any], text: str) -> str | None:
        """What a person writes, as this flow keeps it. Raises ConfigError."""
        return as_watermark(Delta.of(settings, self.name), text)

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Raises ConfigError, where a transport does not write."""
        raise ConfigError(f"transport {self.name} only reads")


def told_of(page: Page) -> str:
    """A first page, for people."""
    records = f", {len(page.records)} records" if page.records is not None else ""
    return f"lets us in, a first page has {len(page.content)} bytes{records}"


def clock_of(settings: Mapping[str, Any]) -> Callable[[], datetime] | None:
    """The hub's clock, where it passes one."""
    clock = settings.get("clock")
    return clock if callable(clock) else None


def whole_number(settings: Mapping[str, Any], key: str, default: int, most: int) -> int:
    """A count from 1 on. Raises ConfigError."""
    value = settings.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ConfigError(f"{key} is a whole number from 1 to {most}, not {value!r}")
    return value

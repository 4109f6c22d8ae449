"""How a peer by HTTP hands out page after page (`paging:` of a transport), as data.

    {style: none}                                                                     all of it at once
    {style: offset, size: 1000, offset: offset, limit: limit, more: hasMore}          NetSuite, Tryton's `s` and `p`
    {style: page, size: 100, page: page, limit: pageSize, first: 1, more: …}          EUDAMED (first: 0)
    {style: next, at: "@odata.nextLink"}                                              the next address in the body (`links[rel=next].href`)
    {style: link}                                                                     the next address in the header Link
    {style: cursor, at: nextCursor, cursor: cursor}                                   a value of the body, sent back as a parameter
    {style: range, size: 50, unit: records}                                           Range and Content-Range; 416 is behind the last one

`more` is where the answer says whether there is more: true or false, or the number of all records. Without it pages are asked for until one
is empty (`rows` of the delta: until one is not full), for some peers answer fewer records than they were asked for, and say nothing of it.
A peer that filters behind its counting may answer an empty page in the middle: where it says true, or names a cursor that is another one
than it was asked with, the next page is asked for all the same.

Records are changed while pages are fetched, and what is counted off shifts then. Where the peer answers in the order of stamps (`sorted`),
offsets and pages begin anew at the last stamp whenever it has moved, as it is asked for; what bears one and the same stamp, and all where
nothing is sorted, is counted off, and each page has to join the last one (`connectors/page_joins.py`). Links and cursors are the peer's
word: one that holds a position may lose what shifts, and nobody can tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from connectors.credentials import refuse_unknown
from connectors.deltas import Delta, value_at
from connectors.http_peer import Answered
from connectors.page_joins import Joins
from connectors.pulling import Question, whole_number
from data_contracts.errors import ConfigError, RetriableError

_G = TypeVar("_G")
_SETTINGS = {
    "none": frozenset[str](),
    "offset": frozenset({"size", "offset", "limit", "more"}),
    "page": frozenset({"size", "page", "limit", "first", "more"}),
    "next": frozenset({"at"}),
    "link": frozenset[str](),
    "cursor": frozenset({"at", "cursor", "more"}),
    "range": frozenset({"size", "unit"}),
}
_PICKED = re.compile(r"(?P<list>[^\[\]]*)\[(?P<member>[^=\]]+)=(?P<value>[^\]]+)\]\.?(?P<rest>.*)")
_RANGE = re.compile(r"\S+ +(?:\d+-(?P<last>\d+)|\*)/(?P<all>\d+|\*)")
_LINK = re.compile(r"<(?P<address>[^>]*)>(?P<told>[^<]*)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins."""

    count: int = 0
    """Records (or pages) before it."""
    since: str | None = None
    """The stamp from which those are counted, where it has moved within the pull."""
    address: str | None = None
    cursor: str | None = None
    turn: int = 0
    """Which of a list is asked for (`each`)."""
    backward: int = 0
    """How often the pull went back until it came here."""
    bare: bool = False
    """It does not overlap the page before, which had one record only, or none."""


class Paging:
    """The `paging:` of one transport."""

    def __init__(self, settings: Mapping[str, Any] | None, transport: str, delta: Delta, style: str = "none") -> None:
        given = settings if settings is not None else {"style": style}
        if not isinstance(given, Mapping) or given.get("style") not in _SETTINGS:
            raise ConfigError(f"transport {transport}: paging names its style, one of {', '.join(_SETTINGS)}")
        self.style = str(given["style"])
        refuse_unknown(given, _SETTINGS[self.style] | {"style"}, f"{transport}, paging")
        for name in ("at",) if self.style in ("next", "cursor") else ():
            if not given.get(name):
                raise ConfigError(f"transport {transport}: paging of style {self.style} needs {name}")
        if delta.rows and self.style != "offset":
            raise ConfigError("paging: a delta with rows goes with the style offset alone, of peers that fill their pages")
        self.size = whole_number(given, "size", 100, 100_000)
        first = given.get("first", 1)
        if isinstance(first, bool) or not isinstance(first, int) or not 0 <= first <= 1:
            raise ConfigError(f"paging: first is 0 or 1, not {first!r}")
        self.first = first
        self._given = given
        self._delta = delta

    def asked(self, place: Place | None) -> tuple[list[tuple[str, str]], dict[str, str]]:
        """Parameters and headers that ask for a page."""
        place, given = place or Place(), self._given
        if self.style == "offset":
            return [(str(given.get("offset", "offset")), str(place.count)), (str(given.get("limit", "limit")), str(self.size))], {}
        if self.style == "page":
            number = (str(given.get("page", "page")), str(self.first + place.count))
            return [number, (str(given["limit"]), str(self.size))] if "limit" in given else [number], {}
        if self.style == "cursor" and place.cursor is not None:
            return [(str(given.get("cursor", "cursor")), place.cursor)], {}
        if self.style == "range":
            return [], {"Range": f"{given.get('unit', 'records')}={place.count}-{place.count + self.size - 1}"}
        return [], {}

    def next(self, question: Question, answer: Answered, body: Any, records: Sequence[Any]) -> Place | None:
        """Where the next page begins; None behind the last one."""
        place = question.place if isinstance(question.place, Place) else Place()
        if self.style == "next":
            address = picked(body, str(self._given["at"]))
            return Place(address=answer.beside(str(address))) if address not in (None, "") else None
        if self.style == "link":
            return _linked(answer)
        if self.style == "cursor":
            cursor = value_at(body, str(self._given["at"]))
            over = cursor in (None, "") or (not records and str(cursor) == place.cursor) or self._more(body, place, records) is False
            return None if over else Place(cursor=str(cursor))
        if self.style == "none":
            return None
        if not records:
            return self._behind_none(body, place)
        alone = self.joins and self.style != "page" and not self._delta.rows and place.count > 0 and len(records) == 1
        if self.style == "range":
            return None if alone else self._behind_range(question, answer, place, records)
        more = self._more(body, place, records)
        if more is False or (alone and more is None) or (self._delta.rows and len(records) < self.size):
            return None  # alone: only the record by which it joins the last page
        return self._behind(question, place, records)

    def cautions(self) -> Iterator[tuple[str, str, str]]:
        """What cannot be guaranteed of these pages (`connectors.spec.Cautious`)."""
        if self._delta.kind == "stamp" and self.style in ("next", "link", "cursor"):
            yield "SIT-24", "paging", self.style
        elif self.joins and not self._delta.sorted:
            yield "SIT-25", "paging", self.style

    @property
    def joins(self) -> bool:
        """Whether pages are counted off, and must join. What comes whole each time comes again by itself."""
        return self._delta.kind == "stamp" and self.style in ("offset", "page", "range")

    def joined(
        self, joins: Joins, question: Question, place: Place, got: _G, ask: Callable[[Place], _G], of: Callable[[_G], Sequence[Any]]
    ) -> tuple[Place, _G]:
        """This page, or one from further back where something slipped out between the last one and this."""
        joins.begin((question.clause, place.turn, place.since))

        def at(count: int) -> _G:
            return ask(replace(place, count=count))

        if place.count and self.style == "page":
            count, got = joins.looked_back(got, range(place.count), question.clause, at, of)
        elif place.bare:
            count = place.count
        else:
            count, got = joins.overlapped(got, place.count, self.size, question.clause, at, of)
        joins.note(of(got), question.clause)
        return replace(place, count=count, backward=joins.backward), got

    def _behind(self, question: Question, place: Place, records: Sequence[Any]) -> Place | None:
        """From the last stamp on where it has moved, as it is asked for; else behind these records, the last one once more."""
        delta = self._delta
        if delta.kind == "stamp" and delta.sorted:
            moved = delta.moved(place.since or question.since, value_at(records[-1], delta.path(question.clause)))
            if moved is not None:
                return Place(0, moved, backward=place.backward)
        if self.style == "page":
            return Place(place.count + 1, place.since, backward=place.backward)
        bare = not self.joins or (len(records) == 1 and not delta.rows)
        count = place.count + self._whole(records) - (0 if bare or delta.rows else 1)
        return Place(count, place.since, backward=place.backward, bare=bare)

    def _behind_none(self, body: Any, place: Place) -> Place | None:
        """Behind an empty page: there is more only where the peer says so in as many words. A number of all records may count what nobody
        is shown."""
        if self._delta.rows or self.style == "range" or not self._says_more(body):
            return None
        return replace(place, count=place.count + (1 if self.style == "page" else self.size), bare=True)

    def _says_more(self, body: Any) -> bool:
        said = value_at(body, str(self._given["more"])) if "more" in self._given else None
        return said is True or (isinstance(said, str) and said.lower() == "true")

    def _whole(self, records: Sequence[Any]) -> int:
        """How many rows of a page belong to records that are whole: the next page begins with the one that may not be.

        Raises ConfigError where one record fills a page.
        """
        if not self._delta.rows:
            return len(records)
        name = [[value_at(record, path) for path in self._delta.id] for record in records]
        last = next(place for place, one in enumerate(name) if one == name[-1])
        if last == 0:
            raise ConfigError("paging: a record has more rows than a page holds: ask for larger pages (size)")
        return last

    def _behind_range(self, question: Question, answer: Answered, place: Place, records: Sequence[Any]) -> Place | None:
        found = _RANGE.fullmatch(answer.headers.get("content-range", "").strip())
        count = place.count + len(records)
        over = found is not None and found["all"] != "*" and count >= int(found["all"])
        return None if over else self._behind(question, place, records)

    def _more(self, body: Any, place: Place, records: Sequence[Any]) -> bool | None:
        """What the answer says of more; None: nothing."""
        at = self._given.get("more")
        if at is None:
            return None
        said = value_at(body, str(at))
        if isinstance(said, bool) or (isinstance(said, str) and said.lower() in ("true", "false")):
            return self._says_more(body)
        try:
            total = int(said)
        except (TypeError, ValueError) as error:
            raise RetriableError(f"the answer does not say at {at} whether there is more") from error
        before = place.count * self.size if self.style == "page" else place.count
        return before + len(records) < total


def picked(body: Any, path: str) -> Any:
    """The value at a path that may pick one of a list: `links[rel=next].href`."""
    found = _PICKED.fullmatch(path)
    if found is None:
        return value_at(body, path)
    listed = value_at(body, found["list"]) if found["list"] else body
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and str(one.get(found["member"])) == found["value"]:
            return value_at(one, found["rest"]) if found["rest"] else one
    return None


def _linked(answer: Answered) -> Place | None:
    for found in _LINK.finditer(answer.headers.get("link", "")):
        told = {part.strip().replace('"', "").lower() for part in found["told"].split(";")}
        if any(part.startswith("rel=") and "next" in part[4:].rstrip(", ").split() for part in told):
            return Place(address=answer.beside(found["address"]))
    return None

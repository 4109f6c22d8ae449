"""What answers when a label is scanned: the links of a thing, and which of them a request means (GS1-Conformant resolver 1.2).

A thing stands on levels: the GTIN, a lot of it, a serial number. Links of all levels from the one that was asked for upwards are offered,
the nearest first. They come from the site's `labels.yaml`, which may be told to anybody, from the device master (its labeler's web site),
and, for callers with a key, from this hub itself: master data and traces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote, urlsplit

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from data_contracts.identifiers import digital_link
from data_contracts.identifiers.application_identifiers import table
from hub.labels.known import is_known, lot_keys, master, serial_keys
from hub.labels.settings import VOCABULARY, LabelSettings, ascii_address
from hub.labels.symbols import Elements
from hub.store import genealogy, views
from hub.store.keys import sscc_key
from hub.store.lots import Sight

KEYS = ("01", "00", "414", "417")
"""Primary keys that are resolved."""
LINKSET = "application/linkset+json"
_DEFAULT = f"{VOCABULARY}defaultLink"
_PLACE_KEYS = ("414", "417")


@dataclass(frozen=True, slots=True)
class Link:
    """One answer to one kind of question."""

    type: str
    href: str
    title: str
    title_zh: str | None = None
    language: tuple[str, ...] = ()
    media: str | None = None
    default: bool = False
    forward_query: bool = False

    def as_json(self) -> dict[str, Any]:
        """The link as a target object of a linkset (RFC 9264 clause 4.2)."""
        said: dict[str, Any] = {"href": self.href, "title": self.title}
        if self.title_zh is not None:
            said["title*"] = [{"value": self.title_zh, "language": "zh-CN"}]
        if self.media is not None:
            said["type"] = self.media
        if self.language:
            said["hreflang"] = list(self.language)
        return said


@dataclass(frozen=True, slots=True)
class Level:
    """A thing or what it is a part of."""

    elements: Elements
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """What was asked for: its levels, the deepest first, and what people call it."""

    levels: tuple[Level, ...]
    name: str

    @property
    def default(self) -> Link:
        """Where somebody goes who asks for no type: the nearest default, else the nearest link of all. Raises NotFoundError."""
        offered = [link for level in self.levels for link in level.links]
        if not offered:
            raise NotFoundError("there is no link for this")
        return next((link for link in offered if link.default), offered[0])

    def of_type(self, type_: str) -> tuple[Link, ...]:
        """The links of a type on the nearest level that has any."""
        for level in self.levels:
            found = tuple(link for link in level.links if link.type == type_)
            if found:
                return found
        return ()

    def linkset(self, root: str) -> dict[str, Any]:
        """All links as a linkset document; anchors are the things' addresses under `root`. Raises NotFoundError where there is none."""
        default = {"href": self.default.href, "title": self.default.title}
        contexts = []
        for place, level in enumerate(self.levels):
            if place and not level.links:
                continue
            context: dict[str, Any] = {"anchor": digital_link.write(level.elements, root), "description": self.name, _DEFAULT: [default]}
            for link in level.links:
                context.setdefault(link.type, []).append(link.as_json())
            contexts.append(context)
        return {"linkset": contexts}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: whose documents and master data it may see, and whether those of this hub may be offered at all."""

    sight: Sight
    known: bool
    """False for whoever shows no key."""
    staff: bool
    """Own people with a key for all organisations, who see traces."""


@dataclass(frozen=True, slots=True)
class Found:
    """The master data of a key, reduced to what links need."""

    name: str
    links: tuple[Link, ...] = ()


def resolve(
    connection: sa.Connection, elements: Elements, settings: LabelSettings, visitor: Visitor, base: str, *, today: date
) -> Resource:
    """The links of the thing that a Digital Link names. `base` begins addresses of this hub, `https://hub.example.com`.

    Raises NotFoundError for what is unknown or not to be seen, and for keys that are not resolved.
    """
    key, value = elements[0]
    values = dict(elements)
    if key not in KEYS:
        raise NotFoundError(f"keys of AI ({key}) are not resolved here")
    found = _master(connection, key, value, visitor, base, today)
    path = _path(elements)
    levels = []
    for depth in range(len(path), 0, -1):
        here = path[:depth]
        inside = {ai for ai, _ in here}
        links = [
            Link(one.type, one.address(values), one.title, one.title_zh, one.language, one.media, one.default, one.forward_query)
            for one in settings.links
            if one.needs <= inside and (depth == 1 or not one.needs <= {ai for ai, _ in path[: depth - 1]})
        ]
        if depth == 1:
            links += found.links
        if visitor.staff:
            links += _traces(connection, here, visitor, base)
        levels.append(Level(here, tuple(links)))
    return Resource(tuple(levels), found.name)


def chosen(links: Sequence[Link], languages: Sequence[str], media: Sequence[str]) -> tuple[Link, ...]:
    """Which of several links of a type a request means; more than one only where nothing tells them apart.

    `languages` and `media` are what the reader accepts, the best first (RFC 9110 clauses 12.5.1 and 12.5.4); `*` is anything.
    """
    left = _best(_best(links, languages, _speaks), media, _comes_as)
    return tuple(link for link in left if (link.language, link.media) == (left[0].language, left[0].media))


def _best(links: Sequence[Link], wishes: Sequence[str], rank: Callable[[Link, str], int]) -> Sequence[Link]:
    """The links that fit the first wish that any fits, as well as any does; all if none does, in the order of the site."""
    for wish in wishes:
        ranks = [rank(link, wish.lower()) for link in links]
        if any(ranks):
            return [link for link, one in zip(links, ranks, strict=True) if one == max(ranks)]
    return links


def _speaks(link: Link, wish: str) -> int:
    """2 for the very language, 1 for another of its kind (zh for zh-CN)."""
    said = [one.lower() for one in link.language]
    return 2 if wish in said else int(any(one.partition("-")[0] == wish.partition("-")[0] for one in said))


def _comes_as(link: Link, wish: str) -> int:
    """2 for the very media type, 1 for one that the range covers (`image/*`)."""
    said = (link.media or "").lower()
    return 2 if wish == said else int(wish.endswith("/*") and wish != "*/*" and said.startswith(wish[:-1]))


def forwarded(href: str, query: str) -> str:
    """An address with another query string behind its own."""
    if not query:
        return href
    parts = urlsplit(href)
    return parts._replace(query=f"{parts.query}&{query}" if parts.query else query).geturl()


def _path(elements: Elements) -> list[tuple[str, str]]:
    """The key and its qualifiers, without attributes."""
    ways = table()[elements[0][0]].qualifiers or ()
    qualifying = {ai for way in ways for ai in way}
    return [element for place, element in enumerate(elements) if place == 0 or element[0] in qualifying]


def _master(connection: sa.Connection, key: str, value: str, visitor: Visitor, base: str, today: date) -> Found:
    """What is known of a key, and the hub's own links for it."""
    if key == "00":
        if not (visitor.known and is_known(connection, [sscc_key(value)], visitor.sight)):
            raise NotFoundError(f"there is no logistic unit {value}")
        return Found(f"SSCC {value}")
    if key in _PLACE_KEYS:
        if not visitor.known:
            raise NotFoundError(f"there is no party {value}")
        record = views.party(connection, value, visitor.sight.partner_id)
        own = _own(f"{base}/v1/parties/{quote(value)}", "Master data: this party", "主数据：此参与方")
        return Found(_called(record, value), (own,) if visitor.sight.partner_id is None else ())
    record, is_device = master(connection, value, visitor.sight, today)
    if not (visitor.known or is_device):
        raise NotFoundError(f"there is no device or item {value}")  # raw material is nobody's business
    links = []
    website = record.get("website") if is_device else None
    if isinstance(website, str) and urlsplit(website).scheme in ("http", "https"):
        links.append(Link(f"{VOCABULARY}pip", ascii_address(website), "Web site of the labeler", "标识责任主体网站"))
    if visitor.known and (is_device or visitor.sight.partner_id is None):
        kind, title, title_zh = ("devices", "This device", "此器械") if is_device else ("items", "This item", "此物料")
        links.append(_own(f"{base}/v1/{kind}/{quote(value)}", f"Master data: {title.lower()}", f"主数据：{title_zh}"))
    return Found(_called(record, value), tuple(links))


def _called(record: Mapping[str, Any], otherwise: str) -> str:
    return str(record.get("name") or record.get("name_zh") or otherwise)


def _own(href: str, title: str, title_zh: str, kind: str = "masterData") -> Link:
    return Link(f"{VOCABULARY}{kind}", href, title, title_zh, media="application/json")


def _traces(connection: sa.Connection, here: Elements, visitor: Visitor, base: str) -> list[Link]:
    """The trace of this level, where the hub has one."""
    item, (last, value) = here[0][1], here[-1]
    if last == "00":
        keys = {sscc_key(value)}
    elif last in ("10", "21") and here[0][0] == "01":
        keys = lot_keys(connection, item, value) if last == "10" else serial_keys(connection, item, value)
    else:
        return []
    kept = sorted(genealogy.node_by_key(connection, keys), key=lambda key: (item not in key, key))
    if not is_known(connection, kept, visitor.sight):
        return []
    return [_own(f"{base}/v1/traces/{quote(kept[0], safe='')}", "Trace", "追溯", "traceability")]

"""`labels.yaml` of a site: under which web address labels lead to us, and where somebody who scans one is sent.

    version: 1
    root: https://id.example.com          # begins the Digital Links on our labels
    resolver: {open: true}                # answers without a key, with the links below and nothing else
    links:
      - {type: gs1:pip, to: "https://www.example.com/products/{gtin}", title: Product, title_zh: 产品信息, default: true}
      - {type: gs1:epil, to: "https://www.example.com/ifu/{gtin}?lang=zh", title: 使用说明书, language: [zh]}
      - {type: gs1:certificationInfo, to: "https://www.example.com/coa/{gtin}/{lot}.pdf", title: Certificate, media: application/pdf}

A link whose address names a lot is a link of lots, and so on: one that names only the GTIN holds for everything below it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from data_contracts.identifiers.digital_link import CANONICAL

VOCABULARY = "https://ref.gs1.org/voc/"
"""Where GS1 keeps the types of links; `gs1:pip` is `https://ref.gs1.org/voc/pip`."""
_FORMER = ("https://gs1.org/voc/", "http://gs1.org/voc/", "https://www.gs1.org/voc/", "http://www.gs1.org/voc/")
PLACES = {"gtin": "01", "lot": "10", "serial": "21", "sscc": "00", "gln": "414", "party": "417"}
"""What an address may name → the AI whose value stands there."""
_KEYS = frozenset({"01", "00", "414", "417"})
_PLACE = re.compile(r"\{([^{}]*)\}")
_CURIE = re.compile(r"gs1:[A-Za-z][A-Za-z0-9]*", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_MEDIA = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+", re.ASCII)


def link_type(text: str) -> str | None:
    """A type of link as its whole address: of `gs1:pip`, GS1's former addresses, or any other https address; null if it is none."""
    if _CURIE.fullmatch(text):
        return VOCABULARY + text[4:]
    for former in _FORMER:
        if text.startswith(former):
            return VOCABULARY + text.removeprefix(former)
    return text if text.startswith(("https://", "http://")) and len(text) > 10 else None


def ascii_address(text: str) -> str:
    """An address as it may stand in a header: what is not ASCII, and what ends a line, percent-encoded."""
    return quote(text, safe="%/:?#[]@!$&'()*+,;=~{}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SiteLink(_Part):
    """Where one kind of question about a thing is answered."""

    type: str
    """`gs1:pip` (product information), `gs1:epil` (instructions for use), `gs1:recallStatus` … or the address of a type of your own."""
    to: str
    """An http(s) address with {gtin}, {lot}, {serial}, {sscc}, {gln} of a place or {party}, the GLN of a party."""
    title: str
    title_zh: str | None = None
    language: tuple[str, ...] = ()
    """Languages that are spoken there (BCP 47); none: nothing is said of it."""
    media: str | None = None
    """What comes from there: `text/html`, `application/pdf`."""
    default: bool = False
    """Whether it answers whoever asks for no type; one a level."""
    forward_query: bool = True
    """Whether what stood behind the question mark of the scanned address is handed on."""

    @field_validator("type")
    @classmethod
    def _type(cls, value: str) -> str:
        found = link_type(value)
        if found is None:
            raise ValueError("gs1:pip, https://…")
        return found

    @field_validator("language")
    @classmethod
    def _language(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_LANGUAGE.fullmatch(one) for one in value):
            raise ValueError("en, zh-CN")
        return value

    @field_validator("media")
    @classmethod
    def _media(cls, value: str | None) -> str | None:
        if value is not None and _MEDIA.fullmatch(value) is None:
            raise ValueError("text/html, application/pdf")
        return value

    @field_validator("to")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or "{" in parts.netloc:
            raise ValueError("https://…")
        named = _PLACE.findall(value)
        if not all(name in PLACES for name in named) or "{" in (rest := _PLACE.sub("", value)) or "}" in rest:
            raise ValueError(_shown())
        if len({PLACES[name] for name in named} & _KEYS) != 1:
            raise ValueError("{gtin} | {sscc} | {gln} | {party}")
        return ascii_address(value)

    @property
    def needs(self) -> frozenset[str]:
        """AIs that a thing must have for this to be one of its links."""
        return frozenset(PLACES[name] for name in _PLACE.findall(self.to))

    def address(self, values: Mapping[str, str]) -> str:
        """The address for the thing with these values by AI. Raises KeyError where one that it needs is missing."""
        return _PLACE.sub(lambda found: quote(values[PLACES[found[1]]], safe=""), self.to)


class Resolver(_Part):
    """How whoever scans a label is answered."""

    open: bool = False
    """Whether it answers without a key: then with the links of this file, and no word about anything else."""


class LabelSettings(_Part):
    """The whole of `labels.yaml`."""

    version: Literal[1] = 1
    root: str = CANONICAL
    resolver: Resolver = Resolver()
    links: tuple[SiteLink, ...] = Field(default=())

    @field_validator("root")
    @classmethod
    def _root(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("https://…")
        return value.rstrip("/")

    def defaults_twice(self) -> Iterator[tuple[int, int]]:
        """Places of links that want to be the default of a level, each with the place of the one that is it already."""
        seen: dict[frozenset[str], int] = {}
        for place, link in enumerate(self.links):
            if link.default and seen.setdefault(link.needs, place) != place:
                yield place, seen[link.needs]


def _shown() -> str:
    return ", ".join(f"{{{name}}}" for name in PLACES)

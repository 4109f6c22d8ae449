"""What a URI in an event names: one thing, a class of things, a place; and the one form in which two URIs of it are equal.

    urn:epc:id:sgtin:0614141.107346.2017                    instance   https://id.gs1.org/01/10614141073464/21/2017
    https://shop.example/x/01/10614141073464/10/A1/21/2017  instance   https://id.gs1.org/01/10614141073464/21/2017
    urn:epc:class:lgtin:4012345.012345.998877               class      https://id.gs1.org/01/04012345123456/10/998877
    urn:epc:idpat:sgtin:4012345.098765.*                    class      https://id.gs1.org/01/04012345987652
    http://parts.example/7781                               unknown    as it stands
    urn:epc:raw:96.xE2801160600002054E4B1A2C                unknown    as it stands: a tag whose memory holds no EPC

That form is the constrained canonical Digital Link of CBV 2.0 clause 8.9: canonical domain, no query, and of the qualifiers only the
most exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal
from urllib.parse import quote

from data_contracts.findings import Finding
from data_contracts.identifiers import epc
from data_contracts.identifiers.digital_link import CANONICAL
from data_contracts.identifiers.digital_link import parse as parse_link
from data_contracts.identifiers.epc_tag import is_raw

Level = Literal["instance", "class", "unknown"]
Elements = tuple[tuple[str, str], ...]


@dataclass(slots=True)  # not frozen: ten an event, and freezing triples what it costs to make; nobody changes one
class Thing:
    """What a URI names. `elements` are its GS1 element strings, key first; empty where it is none of GS1's."""

    uri: str
    """The canonical form; for what is none of GS1's, the text itself."""
    level: Level
    elements: Elements = ()
    pattern: bool = False
    """Whether it stands for everything that begins so: `urn:epc:idpat:…`."""
    faults: tuple[Finding, ...] = ()
    """What is wrong with a URI that claims to be an EPC."""
    node: str | None = field(default=None, compare=False, repr=False)
    """Its key in the trace, once somebody has asked for it (`hub.store.keys.thing_key`)."""

    @property
    def key(self) -> str:
        """The AI of its GS1 key; empty for none."""
        return self.elements[0][0] if self.elements else ""


_QUALIFIERS: dict[str, tuple[str, ...]] = {"01": ("21", "235", "10"), "414": ("254",), "8006": ("21", "10"), "8010": ("8011",)}
"""Qualifiers that make a thing more exact, the most exact first: of several that are stated, one is kept."""
_ALONE = frozenset(("00", "253", "255", "401", "402", "417", "8003", "8004", "8017", "8018"))
_INSTANCE = frozenset(("00", "401", "402", "414", "417", "8004", "8017", "8018"))
"""Keys that name one thing, place, party or relation by themselves."""
_SERIALISED = {"01": ("21", "235"), "8006": ("21",), "8010": ("8011",)}
_APPENDED = {"253": 13, "255": 13, "8003": 14}
"""Keys whose serial stands behind so many digits of the key itself."""
_SERIAL_LINK = re.compile(r"https?://[^\s?#]*/01/([0-9]{14})/21/([A-Za-z0-9._~-]{1,20})")
_LINK = re.compile(r"https?://[^\s?#/]+(?:/[^\s?#]*)?/(?:00|01|253|255|401|402|414|417|8003|8004|8006|8010|8017|8018)/")
_PLAIN = re.compile(r"[A-Za-z0-9._~-]{1,28}")
_PIECE = "urn:epc:id:sgtin:"


@lru_cache(maxsize=65_536)  # what a batch of documents names, since it is all read before it is applied
def identify(uri: str) -> Thing:
    """What this URI names. Never raises; a URI that says it is an EPC and is none comes back with `faults`.

    One thing stands in several events in a row, and is asked after several times in each.
    """
    if uri.startswith(_PIECE):
        prefix, _, rest = uri[17:].partition(".")
        reference, _, serial = rest.partition(".")
        if _PLAIN.fullmatch(serial):
            known = _gtin(prefix, reference)
            if known is not None and len(serial) <= 20:
                return Thing(f"{CANONICAL}/01/{known}/21/{serial}", "instance", (("01", known), ("21", serial)))
        return _epc(uri)
    found = _SERIAL_LINK.fullmatch(uri)
    if found is not None:
        gtin, serial = found.groups()
        return Thing(f"{CANONICAL}/01/{gtin}/21/{serial}", "instance", (("01", gtin), ("21", serial)), faults=_link_faults(gtin))
    if uri.startswith("urn:epc:"):
        return _epc(uri)
    if uri.lower().startswith("http"):
        return _link(uri)
    return Thing(uri, "unknown")


@lru_cache(maxsize=65_536)
def _gtin(prefix: str, reference: str) -> str | None:
    """The GTIN of a company prefix and an item reference, null where they are not of an EPC's form."""
    found = epc.parse(f"urn:epc:id:sgtin:{prefix}.{reference}.1").epc
    return found.elements[0][1] if found is not None else None


@lru_cache(maxsize=65_536)
def _link_faults(gtin: str) -> tuple[Finding, ...]:
    return parse_link(f"{CANONICAL}/01/{gtin}", associations=False).findings


def _epc(uri: str) -> Thing:
    if is_raw(uri):
        return Thing(uri, "unknown")
    parsed = epc.parse(uri)
    if parsed.epc is None:
        return Thing(uri, "unknown", faults=parsed.findings)
    elements = parsed.epc.elements
    level: Level = "instance" if parsed.epc.level == "id" else "class"
    errors = tuple(finding for finding in parsed.findings if finding.severity == "error")
    return Thing(canonical(elements) if elements else uri, level, elements, parsed.epc.level == "idpat", errors)


def _link(uri: str) -> Thing:
    if _LINK.match(uri) is None:
        return Thing(uri, "unknown")
    parsed = parse_link(uri, associations=False)
    keys = [ai for ai, _ in parsed.elements]
    if not keys or (keys[0] not in _ALONE and keys[0] not in _QUALIFIERS):
        return Thing(uri, "unknown")
    path = uri.partition("?")[0].partition("#")[0]
    inside = tuple((ai, value) for ai, value in parsed.elements if f"/{ai}/" in path)
    return Thing(canonical(inside), _level(inside), inside, faults=tuple(found for found in parsed.findings if found.severity == "error"))


def _level(elements: Elements) -> Level:
    key, value = elements[0]
    if key in _INSTANCE:
        return "instance"
    if key in _APPENDED:
        return "instance" if len(value) > _APPENDED[key] else "class"
    return "instance" if any(ai in _SERIALISED.get(key, ()) for ai, _ in elements[1:]) else "class"


def canonical(elements: Elements) -> str:
    """The constrained canonical Digital Link of element strings whose first is a key."""
    (key, value), *more = elements
    stated = dict(more)
    exact = next((ai for ai in _QUALIFIERS.get(key, ()) if ai in stated), None)
    path = f"/{key}/{_escaped(value)}"
    return f"{CANONICAL}{path}" if exact is None else f"{CANONICAL}{path}/{exact}/{_escaped(stated[exact])}"


def _escaped(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quote(text, safe="")

"""Which records of an extract are ours: by any identifier of a device that we know, however it is written, or by our company.

Millions of records are asked, so identifiers stand in a Bloom filter of a few megabytes, whatever their number: what it lets through is
looked up in the store, and what it holds back is certainly not ours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from data_contracts.identifiers import gtin
from data_contracts.identifiers.device_identifier import alike
from hub.site import Site
from hub.store.views.devices import identifiers as all_identifiers
from hub.store.views.devices import standing_bodies

_BITS = 1 << 26
"""8 MB: of five million identifiers, one foreign one in a thousand is looked up for nothing."""
_OPERATORS = ("labeler", "manufacturer")
_NUMBERS = ("duns", "srn", "credit_code")


class Filter:
    """A set of texts in fixed memory that may take a foreign one for its own, but never the other way round."""

    def __init__(self, bits: int = _BITS) -> None:
        self._bits = bytearray(bits // 8)
        self._mask = bits - 1

    def add(self, text: str) -> None:
        """Remember a text."""
        for place in self._places(text):
            self._bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, text: str) -> bool:
        bits = self._bits
        return all(bits[place >> 3] & (1 << (place & 7)) for place in self._places(text))

    def _places(self, text: str) -> tuple[int, int, int, int]:
        digest = int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest(), "little")
        mask = self._mask
        return digest & mask, (digest >> 32) & mask, (digest >> 64) & mask, (digest >> 96) & mask


class Ours:
    """Our identifiers and companies."""

    def __init__(self, identifiers: Iterable[str], companies: Iterable[str]) -> None:
        self._known = Filter()
        for one in identifiers:
            for spelled in alike(one):
                self._known.add(_plainly(spelled))
        self._companies = frozenset(filter(None, map(_name, companies)))

    @classmethod
    def of(cls, site: Site, connection: sa.Connection) -> Ours:
        """Of all devices in the store, and of the site's companies."""
        return cls(all_identifiers(connection), companies_of(site, connection))

    def wanted(self, dis: Sequence[str], companies: Sequence[str]) -> bool:
        """Whether a record may be of one of our devices, or is of our company."""
        return any(_plainly(di) in self._known for di in dis) or self.is_ours(companies)

    def is_ours(self, companies: Sequence[str]) -> bool:
        """Whether one of these is our company."""
        return bool(self._companies) and any(_name(one) in self._companies for one in companies)


def companies_of(site: Site, connection: sa.Connection) -> set[str]:
    """Names and numbers of our companies: as the site states them, else as its organisations and the device master do."""
    if site.registers.companies:
        return {value for company in site.registers.companies for value in company.model_dump(exclude_none=True).values()}
    names = {_name(one) for known in site.organisations.values() for one in (known.name, known.name_zh) if one}
    found = set(names)
    for body in standing_bodies(connection):
        for operator in _operators(body):
            if names & {_name(operator[name]) for name in ("name", "name_zh") if operator.get(name)}:
                found.update(str(operator[name]) for name in (*_NUMBERS, "name", "name_zh") if operator.get(name))
    return found


def _operators(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [body[name] for name in _OPERATORS if isinstance(body.get(name), Mapping)]


def _plainly(di: str) -> str:
    """A DI as cheaply as most can be brought to one form: GTINs to 14 digits, HIBC without its flag."""
    text = di.strip().removeprefix("+")
    return text.zfill(14) if text.isdigit() and len(text) in gtin.LENGTHS else text


def _name(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())

"""Where the antennas of a reader look: the read point of each, and where things are from then on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data_contracts.errors import ConfigError
from data_contracts.events.things import canonical, identify
from data_contracts.identifiers import gln

_URI = re.compile(r"(?:urn|https?):[!-~]+")
_WORDS = frozenset({"antenna", "read_point", "biz_location"})


@dataclass(frozen=True, slots=True)
class Place:
    """What an event says of where; both are URIs."""

    read_point: str
    biz_location: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """By antenna; `antennas` are those that read, none: all."""

    everywhere: Place
    antennas: tuple[int, ...]
    by_antenna: Mapping[int, Place]

    def of(self, antenna: int | None) -> Place:
        """Where this antenna looks."""
        return self.by_antenna.get(antenna, self.everywhere) if antenna is not None else self.everywhere


def places(settings: Mapping[str, Any]) -> Places:
    """The places of a flow. Raises ConfigError."""
    point = _uri(settings, "read_point")
    if point is None:
        raise ConfigError("transport llrp: read_point is missing")
    everywhere = Place(point, _uri(settings, "biz_location"))
    given = settings.get("antennas", [])
    if not isinstance(given, list):
        raise ConfigError("antennas is a list of the antennas that read")
    found: dict[int, Place] = {}
    for one in given:
        said: Any = {"antenna": one} if isinstance(one, int) else one
        if not isinstance(said, Mapping) or not said.keys() <= _WORDS:
            raise ConfigError(f"antennas: {one!r} is neither a number nor has only {', '.join(sorted(_WORDS))}")
        number = said.get("antenna")
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 65_535 or number in found:
            raise ConfigError(f"antennas: {number!r} is no number from 1 to 65535, or stands twice")
        found[number] = Place(_uri(said, "read_point") or everywhere.read_point, _uri(said, "biz_location") or everywhere.biz_location)
    return Places(everywhere, tuple(found), found)


def _uri(settings: Mapping[str, Any], key: str) -> str | None:
    """A place as events name it: a URI, or a GLN, which is written as one."""
    stated = settings.get(key)
    if stated is None:
        return None
    text = str(stated)
    if gln.is_right(text):
        return canonical((("414", text),))
    if _URI.fullmatch(text) is None or identify(text).faults:
        raise ConfigError(f"{key}: {text!r} is neither a GLN nor a URI of a place")
    return text

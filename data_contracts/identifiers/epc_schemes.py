"""The schemes of Electronic Product Codes: what stands between the dots of an EPC URI, and which GS1 key it is (EPC TDS 1.13 6.3, 7).

Most schemes are a GS1 key whose company prefix is set apart and whose check digit is left out:

    scheme  key            serial       example
    sgtin   (01)           (21)         urn:epc:id:sgtin:0614141.112345.400    indicator digit before the item reference
    sgln    (414)          (254)        urn:epc:id:sgln:0614141.12345.400      0: the place itself, without extension
    grai    (8003) with its serial      urn:epc:id:grai:0614141.12345.400
    gid, usdod, adi, bic, imovn         numbers of others than GS1, without element strings
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from data_contracts.identifiers.company_prefix import LONGEST, SHORTEST
from data_contracts.identifiers.components import CSET39, CSET82


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of the URI may hold once its escapes are undone; `form` says it to a person."""

    name: str
    shape: re.Pattern[str]
    form: str
    most: int | None = None
    """Greatest number, where it is one that is bounded."""

    def holds(self, value: str) -> bool:
        """Whether a value fits."""
        return self.shape.fullmatch(value) is not None and (self.most is None or int(value) <= self.most)


@dataclass(frozen=True, slots=True)
class Scheme:
    """One scheme. `parts` stand in the order of the URI; with a key, the first is the company prefix and the second its reference."""

    name: str
    parts: tuple[Part, ...]
    key: str | None = None
    """AI of the GS1 key."""
    digits: int | None = None
    """Digits of company prefix and reference together, null where the reference is text."""
    longest: int = 0
    """Characters of company prefix and reference together, where the reference is text."""
    leading: bool = False
    """Whether the first digit of the reference stands before the company prefix in the key: indicator or extension digit."""
    filler: str = ""
    """What stands before the key in its element string."""
    appended: bool = False
    """Whether what follows the reference stands behind the check digit in the same element string."""
    serial: str | None = None
    """AI of the last part, where it is an element string of its own."""


def _characters(allowed: str, least: int, most: int) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(allowed)}]{{{least},{most}}}")


def _text(name: str, most: int) -> Part:
    return Part(name, _characters(CSET82, 1, most), f"1-{most} characters of GS1 set 82")


def _number(name: str, most: int) -> Part:
    return Part(name, re.compile("0|[1-9][0-9]{0,18}"), f"a number up to {most} without leading zeros", most)


_PREFIX = Part("company prefix", re.compile(f"[0-9]{{{SHORTEST},{LONGEST}}}"), f"{SHORTEST}-{LONGEST} digits")
_REFERENCE = Part("reference", re.compile("[0-9]*"), "digits")
_TWO = "two digits"
_CAGE = Part("CAGE or DoDAAC code", re.compile("[0-9A-HJ-NP-Z]{5,6}"), "5 or 6 digits or capitals without I and O")
_SPEC2000 = "[0-9A-Z/-]"


def _key(name: str, key: str, digits: int, *more: Part, leading: bool = False, serial: str | None = None, filler: str = "") -> Scheme:
    appended = bool(more) and (serial is None or len(more) > 1)
    return Scheme(name, (_PREFIX, _REFERENCE, *more), key, digits, 0, leading, filler, appended, serial)


def _free(name: str, key: str, reference: Part, *more: Part, serial: str | None = None) -> Scheme:
    return Scheme(name, (_PREFIX, reference, *more), key, None, 30, serial=serial)


_ALL = (
    _key("sgtin", "01", 13, _text("serial", 20), leading=True, serial="21"),
    _key("lgtin", "01", 13, _text("lot", 20), leading=True, serial="10"),
    _key("upui", "01", 13, _text("third-party serial", 28), leading=True, serial="235"),
    _key(
        "itip", "8006", 13,
        Part("piece", re.compile("[0-9]{2}"), _TWO), Part("total", re.compile("[0-9]{2}"), _TWO), _text("serial", 20),
        leading=True, serial="21",
    ),
    _key("sscc", "00", 17, leading=True),
    _key("sgln", "414", 12, _text("extension", 20), serial="254"),
    _key("pgln", "417", 12),
    _key("grai", "8003", 12, _text("serial", 16), filler="0"),
    _key("gdti", "253", 12, _text("serial", 17)),
    _key("sgcn", "255", 12, Part("serial", re.compile("[0-9]{1,12}"), "1-12 digits")),
    _key("gsrn", "8018", 17),
    _key("gsrnp", "8017", 17),
    _key("gsin", "402", 16),
    _free("giai", "8004", _text("asset reference", 30 - SHORTEST)),
    _free("ginc", "401", _text("consignment reference", 30 - SHORTEST)),
    _free(
        "cpi", "8010",
        Part("component reference", _characters(CSET39, 1, 30 - SHORTEST), f"1-{30 - SHORTEST} of 0-9 A-Z # - /"),
        Part("serial", re.compile("0|[1-9][0-9]{0,11}"), "up to 12 digits without leading zeros"), serial="8011",
    ),
    Scheme("gid", (_number("manager", 2**28 - 1), _number("class", 2**24 - 1), _number("serial", 2**36 - 1))),
    Scheme("usdod", (_CAGE, _number("serial", 2**36 - 1))),
    Scheme(
        "adi",
        (
            _CAGE,
            Part("part number", re.compile(f"{_SPEC2000}{{0,32}}"), "0-32 of 0-9 A-Z - /"),
            Part("serial", re.compile(f"(?=.{{1,30}}$)#?{_SPEC2000}+"), "1-30 of 0-9 A-Z - /, # only in front"),
        ),
    ),
    Scheme("bic", (Part("container code", re.compile("[A-HJ-NP-Z]{3}[JUZ][0-9]{7}"), "3 letters, J U or Z, 7 digits"),)),
    Scheme("imovn", (Part("IMO vessel number", re.compile("[0-9]{7}"), "7 digits"),)),
)  # fmt: skip

SCHEMES: dict[str, Scheme] = {scheme.name: scheme for scheme in _ALL}
"""Every scheme by its name in a URI; `lgtin` is a class, all others identify one thing."""

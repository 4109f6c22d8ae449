"""Code lists as data: units of measure, currencies, countries, package types, and typed questions about them.

The lists are YAML files beside this module. They are loaded once, on the first question.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure under its canonical code."""

    code: str
    """The code that the hub keeps: X12 355 where it has one, else UN/ECE Recommendation 20."""
    recommendation20: str
    """UN/ECE Recommendation 20 or 21 code, which EDIFACT, UBL and EPCIS want."""
    en: str
    zh: str
    countable: bool
    """Whether it counts whole things, so that a fraction of it is a mistake."""
    dimension: str
    """`count`, `package`, `mass`, `length`, `volume`, `area`, `time`, `temperature`, `ratio`: what may be compared with what."""
    size: Fraction | None
    """How many of its dimension's first unit one of it is, exactly (a dozen is 12); null where the unit does not say."""


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency of ISO 4217. `digits` after the point of an amount, null for metals and test codes."""

    code: str
    number: str
    digits: int | None


@dataclass(frozen=True, slots=True)
class Country:
    """A country of ISO 3166-1."""

    code: str
    letters: str
    number: str


def _read(name: str) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = yaml.load((_FOLDER / f"{name}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    return rows


@cache
def units() -> dict[str, Unit]:
    """Every spelling that is understood, canonical code or alias in upper case, to its unit.

    Raises ValueError when two units claim one spelling, which a test of this file finds before a user does.
    """
    spellings: dict[str, Unit] = {}
    for code, row in _read("units").items():
        dimension, size = row["dimension"], Fraction(row["size"]) if "size" in row else None
        unit = Unit(code, row["recommendation20"], row["en"], row["zh"], dimension in ("count", "package"), dimension, size)
        for spelling in (code, *row.get("aliases", ())):
            if spelling.upper() in spellings:
                raise ValueError(f"unit {spelling} is listed twice, the second time under {code}")
            spellings[spelling.upper()] = unit
    return spellings


@cache
def currencies() -> dict[str, Currency]:
    """Currencies by their three letters."""
    return {code: Currency(code, row["number"], row["digits"]) for code, row in _read("currencies").items()}


@cache
def countries() -> dict[str, Country]:
    """Countries by their two letters."""
    return {code: Country(code, row["letters"], row["number"]) for code, row in _read("countries").items()}


@cache
def currency_numbers() -> frozenset[str]:
    """The three-digit numbers of ISO 4217, as AI (391n) and (393n) carry them."""
    return frozenset(currency.number for currency in currencies().values())


@cache
def country_numbers() -> frozenset[str]:
    """The three-digit numbers of ISO 3166-1, as AI (421) to (426) carry them."""
    return frozenset(country.number for country in countries().values())


@cache
def package_types() -> frozenset[str]:
    """The codes of package types that GS1 knows, as AI (7041) carries them: UN/ECE Recommendation 21 and GS1's own."""
    rows: dict[str, str] = yaml.load((_FOLDER / "package_types.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    return frozenset(code for codes in rows.values() for code in codes.split())


def unit(code: str) -> Unit | None:
    """The unit that this code or word means (`EA`, `PCE`, `件`, any case), null if unknown."""
    return units().get(code.strip().upper())


def how_many(held: str, holder: str) -> Fraction | None:
    """How many of the unit `held` one of the unit `holder` is (12 EA in a DZ), exactly; null where the units do not say it: a case holds
    what its item's packaging levels tell, and nobody knows how many pieces a kilogram is.
    """
    one, other = unit(held), unit(holder)
    if one is None or other is None:
        return None
    if one is other:
        return Fraction(1)
    return other.size / one.size if one.dimension == other.dimension and one.size and other.size else None


def is_currency(code: str) -> bool:
    """Whether these are the three letters of a currency of ISO 4217, in upper case."""
    return code in currencies()


def is_country(code: str) -> bool:
    """Whether these are the two letters of a country of ISO 3166-1, in upper case."""
    return code in countries()

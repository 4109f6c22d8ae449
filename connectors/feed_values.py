"""Types of feed fields: how the text of a number, date or moment must be spelled. Texts are checked, never changed.

Mappings turn them into canonical values; explain shows them as they came. Calendar and clock are checked (ISO 8601-1 5.2,
5.3), so `2026-02-30` is found here and not in a traceback later.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = {
    ".": re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?"),
    ",": re.compile(r"[+-]?[0-9]{1,40}(?:,[0-9]{1,40})?"),
}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-5]):?[0-5][0-9])"
_INSTANT = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})T{_CLOCK}(?::[0-5][0-9](?:[.,][0-9]{{1,9}})?)?{_OFFSET}")
_LOCAL = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[T ]{_CLOCK}(?::[0-5][0-9](?:\.[0-9]{{1,9}})?)?{_OFFSET}?")
_DOTTED = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_DOTTED_TIME = re.compile(rf"([0-9]{{2}}\.[0-9]{{2}}\.[0-9]{{4}}) {_CLOCK}(?::[0-5][0-9])?")
_COMPACT = re.compile(r"[0-9]{8}")

Check = Callable[[str], object]
"""Truthy for a text that is spelled as the type asks."""


def _on_calendar(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


# Days up to the 28th are in every month, so most dates need no calendar.
_SURE_DATE = re.compile(r"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])")


def _date(value: str) -> bool:
    return _SURE_DATE.fullmatch(value) is not None or (_DATE.fullmatch(value) is not None and _on_calendar(value))


def _partial_date(value: str) -> bool:
    return _date(value) or (_MONTH.fullmatch(value) is not None and value[:4] != "0000")


def _compact_date(value: str) -> bool:
    return _COMPACT.fullmatch(value) is not None and _on_calendar(f"{value[:4]}-{value[4:6]}-{value[6:]}")


def _instant(value: str) -> bool:
    match = _INSTANT.fullmatch(value)
    return match is not None and _date(match[1])


def _local_instant(value: str) -> bool:
    match = _LOCAL.fullmatch(value)
    return match is not None and _date(match[1])


def _dotted_date(value: str) -> bool:
    match = _DOTTED.fullmatch(value)
    return match is not None and _on_calendar(f"{match[3]}-{match[2]}-{match[1]}")


def _dotted_instant(value: str) -> bool:
    match = _DOTTED_TIME.fullmatch(value)
    return match is not None and _dotted_date(match[1])


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of field: its check (None for decimal and boolean, which depend on the grammar) and what it asks for."""

    check: Check | None
    spelling: str

    def describe(self, decimal: str, booleans: tuple[str, str]) -> str:
        """What the type asks for, as a person reads it in a finding or in the documentation."""
        return self.spelling.format(decimal=decimal, yes=booleans[0], no=booleans[1])


KINDS: dict[str, Kind] = {
    "text": Kind(None, "text"),
    "integer": Kind(_INTEGER.fullmatch, "integer"),
    "decimal": Kind(None, "decimal number with '{decimal}'"),
    "boolean": Kind(None, "{yes} | {no}"),
    "date": Kind(_date, "YYYY-MM-DD"),
    "partial_date": Kind(_partial_date, "YYYY-MM-DD | YYYY-MM"),
    "date_compact": Kind(_compact_date, "YYYYMMDD"),
    "date_dotted": Kind(_dotted_date, "DD.MM.YYYY"),
    "instant": Kind(_instant, "YYYY-MM-DDThh:mm:ss+hh:mm"),
    "instant_local": Kind(_local_instant, "YYYY-MM-DDThh:mm:ss"),
    "instant_dotted": Kind(_dotted_instant, "DD.MM.YYYY hh:mm"),
}


@cache
def check_for(kind: str, decimal: str, booleans: tuple[str, str]) -> Check | None:
    """The check of a type under a grammar's decimal mark and its words for true and false; None where any text will do."""
    if kind == "decimal":
        return _DECIMAL[decimal].fullmatch
    if kind == "boolean":
        return frozenset(booleans).__contains__
    return KINDS[kind].check

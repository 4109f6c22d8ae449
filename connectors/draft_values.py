"""What the values of one field in samples show: their type, identifiers by check digit, codes of units and currencies, and why.

Where samples leave a choice open (`01/02/2026`, `1,234`) no type is guessed: the field is text, and the reason asks the person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.feed_values import KINDS, Spelling, check_for
from data_contracts.codes import is_currency, unit
from data_contracts.identifiers import gln, gtin, sscc
from data_contracts.vocabulary import Meaning

_DATES = (
    *("date", "date_compact", "date_dotted", "date_slashed_ymd", "date_chinese", "instant", "instant_dotted", "instant_slashed_ymd"),
    *("instant_compact", "odata_date", "date_of_midnight", "instant_local", "day_or_time", "partial_date"),
)
_POINT = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,12})?")
_COMMA = re.compile(r"[+-]?[0-9]{1,15}(?:,[0-9]{1,12})?")
_OPEN = re.compile(r"[+-]?[0-9]{1,3}[.,][0-9]{3}")
_POINT_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})*(?:\.[0-9]{1,12})?")
_COMMA_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})*(?:,[0-9]{1,12})?")
_CODE = re.compile(r"0[0-9]+|[0-9]{8,}")
_CENTURY = re.compile(r"(?:19|20)[0-9]{6}")
_MOST_CHOICES = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """The type that the values of a field show, how sure that is in per cent, and why."""

    kind: str
    sure: int
    reason: str
    marks: tuple[str, str] = ("", "")
    """Decimal and thousands mark where the values need them."""
    key: str = ""
    """`gtin`, `gln`, `sscc`, `unit`, `currency` where the values are such."""
    choices: tuple[str, ...] = ()
    """Few values that come again and again: perhaps an enumeration."""


def seen(values: Sequence[str], meaning: Meaning | None, *, exact: bool = False) -> Seen:
    """What non-empty values show. `meaning` is what the field's name says, which decides whether digits are a number or a code.

    `exact`: the syntax itself says that a point is the decimal mark (JSON, workbooks).
    """
    count = len(values)
    if not count:
        return Seen("text", 10, "no value in the samples")
    sure = 100 * count // (count + 1)
    key = key_of(values, meaning)
    if key:
        return Seen("text", sure, f"{key} in all {count} values", key=key)
    date = _date_of(values, sure, count)
    if date is not None:
        return date
    if set(values) <= {"true", "false"}:
        return Seen("boolean", sure, f"true or false in {count} values")
    number = _number_of(values, meaning, sure, count, exact)
    if number is not None:
        return number
    distinct = sorted(set(values))
    choices = tuple(distinct) if len(distinct) <= _MOST_CHOICES and count >= 5 * len(distinct) else ()
    return Seen("text", sure, f"text in {count} values", choices=choices)


def key_of(values: Sequence[str], meaning: Meaning | None) -> str:
    """The identifier or code that all values are, by check digit or code list; empty where they are none."""
    texts = set(values)
    lengths = {len(text) for text in texts}
    if all(_digits(text) for text in texts):
        if lengths == {18} and all(sscc.is_right(text) for text in texts):
            return "sscc"
        if lengths <= {8, 12, 13, 14} and lengths and all(gtin.normal(text) for text in texts):
            places = meaning is not None and meaning.concept in ("location", "ship_to", "customer", "supplier")
            named = meaning is not None and meaning.concept == "gtin"
            looks_like_day = all(_CENTURY.fullmatch(text) for text in texts)
            if lengths == {13} and places and all(gln.is_right(text) for text in texts):
                return "gln"
            if named or (lengths != {8} and not looks_like_day):
                return "gtin"
    if meaning is not None and meaning.concept == "unit" and all(unit(text) is not None for text in texts):
        return "unit"
    if all(len(text) == 3 and text.isalpha() and text.isupper() and is_currency(text) for text in texts):
        named = meaning is not None and meaning.concept == "currency"
        return "currency" if named or len(values) >= 3 else ""
    return ""


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _date_of(values: Sequence[str], sure: int, count: int) -> Seen | None:
    spelling = Spelling()
    for kind in _DATES:
        check = check_for(kind, spelling)
        if check is None or not all(check(value) for value in values):
            continue
        if kind == "date_compact" and not all(_CENTURY.fullmatch(value) for value in values):
            continue
        return Seen(kind, sure, f"{KINDS[kind].spelling} in all {count} values")
    day_first, month_first = check_for("date_slashed_dmy", spelling), check_for("date_slashed_mdy", spelling)
    assert day_first is not None and month_first is not None
    fits = [kind for kind, check in (("dmy", day_first), ("mdy", month_first)) if all(check(value) for value in values)]
    if len(fits) == 2:
        return Seen("text", 30, f"dates like {values[0]}: day or month first? nothing in the samples tells; set date_slashed_dmy or _mdy")
    return Seen(f"date_slashed_{fits[0]}", sure, f"slashed dates, and only this order fits all {count} values") if fits else None


def _number_of(values: Sequence[str], meaning: Meaning | None, sure: int, count: int, exact: bool) -> Seen | None:
    wanted = meaning is not None and meaning.kind in ("decimal", "integer")
    if any(_CODE.fullmatch(value) for value in values) and not wanted:
        return None
    plain = all(_digits(value.lstrip("+-")) for value in values)
    if plain:
        if meaning is not None and not wanted:
            return None  # digits under a name that means a code
        kind = "decimal" if wanted and meaning is not None and meaning.kind == "decimal" else "integer"
        return Seen(kind, sure if wanted else min(sure, 60), f"whole numbers in all {count} values")
    marked = [value for value in values if not _digits(value.lstrip("+-"))]
    if not exact and all(_OPEN.fullmatch(value) for value in marked) and len({"," in value for value in marked}) == 1:
        mark = "," if "," in marked[0] else "."
        if mark == "," or wanted:
            return Seen(
                "text", 30, f"numbers like {marked[0]}: is {mark!r} the decimal or the thousands mark? nothing in the samples tells"
            )
    for pattern, marks in ((_POINT, (".", "")), (_COMMA, (",", "")), (_POINT_GROUPED, (".", ",")), (_COMMA_GROUPED, (",", "."))):
        if all(pattern.fullmatch(value) for value in values):
            return Seen("decimal", sure, f"numbers with {marks[0]!r} in all {count} values", marks)
    return None

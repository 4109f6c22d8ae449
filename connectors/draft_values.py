"""What the values of one field in samples show: their type, identifiers by check digit, codes of units and currencies, and why.

Where samples leave a choice open (`01/02/2026`, `1,234`) no type is guessed: the field is text, and the reason asks the person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.feed_days import UNREAD
from connectors.feed_values import KINDS, Spelling, check_for
from data_contracts.codes import is_currency, unit
from data_contracts.identifiers import gln, gtin, sscc
from data_contracts.vocabulary import Meaning

_DATES = (
    *("date", "date_compact", "date_dotted", "date_slashed_ymd", "date_chinese", "instant", "instant_dotted", "instant_slashed_ymd"),
    *("instant_compact", "odata_date", "date_of_midnight", "instant_local", "day_or_time", "partial_date"),
    "date_month_name",
)
_ORDERS = (
    ("date_slashed_dmy", "date_slashed_mdy"),
    ("date_dashed_dmy", "date_dashed_mdy"),
    ("date_slashed_dmy_short", "date_slashed_mdy_short", "/"),
    ("date_dotted_short", "."),
    ("date_month_name_short",),
)
"""Types of one look that differ in the order of day, month and year; a mark stands for the order that no type reads."""
_SURE_OF_CENTURY, _SURE_OF_ORDER = 80, 60
"""Per cent at most for a year of two digits, and where it may stand first as well."""
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
    for orders in _ORDERS:
        fits = [kind for kind in orders if all(_order_check(kind)(value) for value in values)]
        typed = [kind for kind in fits if kind not in UNREAD]
        unread = "".join(UNREAD[kind][1] for kind in fits if kind in UNREAD)
        if len(typed) > 1:
            kinds = f"{typed[0]} or _{typed[1].removeprefix('date_').partition('_')[2]}"
            also = f" ({unread} would fit too)" if unread else ""
            return Seen("text", 30, f"dates like {values[0]}: day or month first? nothing in the samples tells{also}; set {kinds}")
        if typed:
            two = " (a year of two digits is 20YY)" if typed[0].endswith("_short") else ""
            also = f"; {unread} would fit too, so look" if unread else ""
            sure = min(sure, _SURE_OF_ORDER if unread else _SURE_OF_CENTURY if two else 100)
            only = "only this order fits" if len(orders) > 1 else "which fits"
            return Seen(typed[0], sure, f"dates as {KINDS[typed[0]].spelling}, {only} all {count} values{two}{also}")
        if unread:
            return Seen("text", 30, f"dates like {values[0]}: {unread} fits, and no type reads it")
    return None


def _order_check(kind: str) -> Callable[[str], object]:
    if kind in UNREAD:
        return UNREAD[kind][0]
    check = check_for(kind, Spelling())
    assert check is not None
    return check


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

"""What is looked up in events themselves: quantities, sensors, error declarations, users' fields. Pure.

A test takes a canonical event and says whether it answers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from data_contracts.canonical import EVENTS
from data_contracts.events.members import METADATA, REPORT
from data_contracts.events.things import identify
from hub.apply.event_facts import mark_text
from hub.store.visibility import CHILD, EPC, INPUT, OUTPUT, PARENT

Event = Mapping[str, Any]
Test = Callable[[Event], bool]
Name = tuple[str, str]
"""Name space of a user's field, without what separates it from the name; name."""

COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq, "GT": operator.gt, "GE": operator.ge, "LT": operator.lt, "LE": operator.le,
}  # fmt: skip
_THINGS = {EPC: ("epcs",), PARENT: ("parent",), CHILD: ("child_epcs",), INPUT: ("input_epcs",), OUTPUT: ("output_epcs",)}
_REACHES = {"readPoint": "read_point_extensions", "bizLocation": "biz_location_extensions"}


def things(parts: Sequence[int], exact: frozenset[str], beginnings: tuple[str, ...]) -> Test:
    """One of the things in these parts has one of these canonical URIs, or one that begins so."""

    def test(event: Event) -> bool:
        for part in parts:
            for member in _THINGS[part]:
                stated = event.get(member) or ()
                for uri in (stated,) if isinstance(stated, str) else stated:
                    form = identify(uri).uri
                    if form in exact or form.startswith(beginnings):
                        return True
        return False

    return test


def marked(member: str, texts: frozenset[str]) -> Test:
    """The event really says what its mark stands for."""

    def test(event: Event) -> bool:
        if member == "transformation_id":
            return event.get(member) is not None and mark_text(member, None, event[member]) in texts
        if member == "corrective_event_ids":
            declared = event.get("error_declaration") or {}
            return any(mark_text(member, None, uri) in texts for uri in declared.get(member) or ())
        return any(mark_text(member, row.get("type"), row["id"]) in texts for row in event.get(member) or ())

    return test


def one_of(path: tuple[str, str], wanted: frozenset[str]) -> Test:
    """The member below a member is, or holds, one of these terms."""

    def test(event: Event) -> bool:
        value = (event.get(path[0]) or {}).get(path[1])
        return bool(wanted.intersection(value)) if isinstance(value, list) else value in wanted

    return test


def quantity(how: str, numbers: tuple[str, ...]) -> Test:
    """Some quantity of the event, in whatever unit, compares so."""
    compare, wanted = COMPARED[how], [Decimal(one) for one in numbers]

    def test(event: Event) -> bool:
        for member in EVENTS[event["entity"]].amounts:
            for row in event.get(member) or ():
                stated = row.get("quantity")
                if stated is not None and any(compare(stated, one) for one in wanted):
                    return True
        return False

    return test


# --- sensors -------------------------------------------------------------------------------------------------------------
def _reports(event: Event) -> Iterator[Mapping[str, Any]]:
    for element in event.get("sensor_elements") or ():
        yield from element.get("reports") or ()


def _metadata(event: Event) -> Iterator[Mapping[str, Any]]:
    for element in event.get("sensor_elements") or ():
        if element.get("metadata"):
            yield element["metadata"]


def sensor(attribute: str, wanted: frozenset[Any]) -> Test:
    """A report, or what holds for reports, says one of these."""
    own = REPORT.get(attribute)
    shared = METADATA.get(attribute)

    def test(event: Event) -> bool:
        if own is not None and any(report.get(own.member) in wanted for report in _reports(event)):
            return True
        return shared is not None and any(row.get(shared.member) in wanted for row in _metadata(event))

    return test


def sensor_time(member: str, how: str, instant: datetime) -> Test:
    """The time of measuring begins, or ends, from or before a moment."""
    compare = COMPARED[how]

    def test(event: Event) -> bool:
        return any(row.get(member) is not None and compare(row[member], instant) for row in _metadata(event))

    return test


def sensor_value(attribute: str, how: str, numbers: tuple[str, ...], unit: str | None) -> Test:
    """A measured value in this unit (null: in none) compares so. Values in other units are not converted."""
    member, compare, wanted = REPORT[attribute].member, COMPARED[how], [Decimal(one) for one in numbers]

    def test(event: Event) -> bool:
        return any(
            report.get(member) is not None and report.get("unit") == unit and any(compare(report[member], one) for one in wanted)
            for report in _reports(event)
        )

    return test


# --- users' fields -------------------------------------------------------------------------------------------------------
def _holders(event: Event, where: str) -> Iterator[Mapping[str, Any]]:
    """Objects in which users' fields stand."""
    if where == "ILMD":
        yield event.get("ilmd") or {}
    elif where == "ERROR_DECLARATION":
        yield (event.get("error_declaration") or {}).get("extensions") or {}
    elif where == "SENSORELEMENT":
        yield from (element.get("extensions") or {} for element in event.get("sensor_elements") or ())
    elif where == "SENSORMETADATA":
        yield from (row.get("extensions") or {} for row in _metadata(event))
    elif where == "SENSORREPORT":
        yield from (report.get("extensions") or {} for report in _reports(event))
    else:
        yield event.get(_REACHES.get(where, "extensions")) or {}


def _named(holder: Mapping[str, Any], wanted: Name, inner: bool) -> Iterator[Any]:
    """Values of a field at the top of a holder, or (`inner`) at any depth below that."""
    for name, value in holder.items():
        if not inner and _name(name) == wanted:
            yield from value if isinstance(value, list) else (value,)
        elif inner:
            yield from _below(value, wanted)


def _below(value: Any, wanted: Name) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _below(one, wanted)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if _name(name) == wanted:
                yield from one if isinstance(one, list) else (one,)
            yield from _below(one, wanted)


def _name(name: str) -> Name:
    if not name.startswith("{"):
        return "", name
    space, _, local = name[1:].partition("}")
    return space.rstrip("#/:"), local


def has_row(where: str, wanted: Name, inner: bool) -> Test:
    """The field is there."""

    def test(event: Event) -> bool:
        return any(True for holder in _holders(event, where) for _ in _named(holder, wanted, inner))

    return test


def extension(where: str, wanted: Name, inner: bool, how: str, values: tuple[Any, ...]) -> Test:
    """The field compares so with one of the values: numbers as numbers, times as times, all else (EQ only) as texts."""
    compare = COMPARED[how]

    def test(event: Event) -> bool:
        for holder in _holders(event, where):
            for stated in _named(holder, wanted, inner):
                plain = stated.get("#text") if isinstance(stated, Mapping) else stated
                if plain is not None and any(_compared(plain, one, how, compare) for one in values):
                    return True
        return False

    return test


def _compared(stated: Any, value: Any, how: str, compare: Callable[[Any, Any], bool]) -> bool:
    if how == "EQ" and _text(stated) == _text(value):
        return True
    for read in (_number, _moment):
        left, right = read(stated), read(value)
        if left is not None and right is not None:
            return compare(left, right)
    return False


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None

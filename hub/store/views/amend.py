"""An order as of all documents known: what the buyer first said, and every change that stands, laid over it in their order. Pure.

A change names some lines, and of them some members. What it does not name keeps its value, so that each value of the outcome has one
document that gave it: the order, or the last change that stated it. A deleted line stays to be seen, with nothing ordered; a change of it
that states a quantity opens it again. A change of a line that the order lacks changes nothing and is told, until the line comes.

Who uses it says what a line is: a row of the store for the views, a canonical record for what goes out again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

ITEM = ("gtin", "item_code", "buyer_item", "supplier_item")
"""Members that name an item."""

S = TypeVar("S")


@dataclass(slots=True)
class Said(Generic[S]):
    """One line of one document: its number as lines are compared, what is done to it, and the members that it states, none null."""

    key: str
    action: str | None
    members: Mapping[str, Any]
    source: S


@dataclass(slots=True)
class Change(Generic[S]):
    """One document that changes the order. `requested_on` is its header's; null: not stated."""

    lines: Sequence[Said[S]]
    requested_on: str | None
    source: S


@dataclass(slots=True)
class Amended(Generic[S]):
    """A line as it is now. `given` are the members that a change gave last, with what gave them; all others are of the `source`."""

    source: S
    members: dict[str, Any]
    given: dict[str, S] = field(default_factory=dict)
    deleted_by: S | None = None


def amend(
    lines: Iterable[Said[S]], requested_on: str | None, changes: Iterable[Change[S]]
) -> tuple[list[tuple[str, Amended[S]]], list[Said[S]]]:
    """The lines, by number in the order in which they came up, and the lines of changes that name none of the order's.

    `requested_on` is the day of the whole order: lines that go by it follow when a change moves it.
    """
    order: dict[str, list[Amended[S]]] = {}
    for line in lines:
        order.setdefault(line.key, []).append(_stated(line, requested_on))
    lacking: list[Said[S]] = []
    for change in changes:
        if change.requested_on is not None and change.requested_on != requested_on:
            for known in (one for group in order.values() for one in group):
                if known.members.get("requested_on") in (None, requested_on):
                    known.members["requested_on"] = change.requested_on
                    known.given["requested_on"] = change.source
            requested_on = change.requested_on
        for line in change.lines:
            group = order.get(line.key)
            if line.action == "add" or (group is None and line.action is None and line.members.get("quantity") is not None):
                order[line.key] = [_stated(line, requested_on)]
            elif group is None:
                lacking.append(line)
            elif line.action == "delete":
                _delete(group, line.source)
            elif line.action != "keep":
                _overlay(group, line)
    return [(key, one) for key, group in order.items() for one in group], lacking


def _stated(line: Said[S], requested_on: str | None) -> Amended[S]:
    members = dict(line.members)
    if requested_on is not None:
        members.setdefault("requested_on", requested_on)
    found = Amended(line.source, members)
    if line.action == "delete":
        _delete([found], line.source)
    return found


def _delete(group: list[Amended[S]], source: S) -> None:
    del group[1:]  # a line in several parts is struck out as one
    group[0].members["quantity"] = Decimal(0)
    group[0].given["quantity"] = group[0].deleted_by = source


def _overlay(group: list[Amended[S]], line: Said[S]) -> None:
    """What a line states, over the line of that number. A quantity is that of the whole line, in however many parts it stood."""
    said = line.members
    if said.get("quantity") is not None:
        del group[1:]
    for known in group:
        before = known.members
        if any(said.get(name) not in (None, before.get(name)) and before.get(name) is not None for name in ITEM):
            for name in (*ITEM, "description"):  # another item than before: nothing that named the old one names it
                before.pop(name, None)
        if said.get("unit") not in (None, before.get("unit")) and "unit_price" not in said:
            before.pop("unit_price", None)  # it was for one of the former unit
        before.update(said)
        known.given.update(dict.fromkeys(said, line.source))
        if "quantity" in said:
            known.deleted_by = None

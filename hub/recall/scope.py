"""What a recall is about: the lots and serial numbers that were named, and every lot that was made of them.

A component lot reaches the finished lots that consumed it; a supplier reaches every lot that it despatched in a period; serial numbers
narrow their lot to themselves, and reach the lots into which they were built. A carton, a despatch or a receipt means the lots in it, a
serial number among the lots means its lot: whoever scans a label names the lot that stands on it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import InvalidError, NotFoundError
from hub.store import genealogy, lot_history
from hub.store.crosswalk import Names, names_for
from hub.store.keys import kind_of, lot_key, lot_of, number_of, stated_name
from hub.store.types import micros
from hub.store.walk import Filter
from hub.trace import closure
from hub.trace.aliases import parts_of
from hub.trace.edges import EdgeKind
from hub.trace.genealogy import follow
from hub.trace.resolve import lot_on_label, resolve

_HOLDERS = frozenset({"serial", "logistic_unit", "shipment", "receipt"})
"""Kinds of things that lots are in as they are."""
_NUMBERED = re.compile(r"(.*?)([0-9]+)([^0-9]*)", re.DOTALL)
_LONGEST = 40
"""Characters of a serial number in a range, at most: GS1's has 20."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What was asked for, as a person or a system said it."""

    lots: tuple[str, ...] = ()
    """Lots, finished or component: `<GTIN>|<lot>`, a node key, a bare lot number, a Digital Link."""
    serials: tuple[str, ...] = ()
    """Serial numbers, `<GTIN>|<serial>`, or ranges of them, `<GTIN>|<first>..<last>` (as many digits in both)."""
    supplier: str | None = None
    """Partner key: all lots that it despatched."""
    since: datetime | None = None
    until: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the store."""
        return {
            "lots": list(self.lots),
            "serials": list(self.serials),
            "supplier": self.supplier,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Scope:
        """What `as_json` gave."""
        since, until = (datetime.fromisoformat(stored[name]) if stored[name] else None for name in ("since", "until"))
        return cls(tuple(stored["lots"]), tuple(stored["serials"]), stored["supplier"], since, until)


@dataclass(slots=True)
class AffectedLot:
    """One lot under all its names."""

    key: str
    """The first of its node keys: by which it is called."""
    code: str
    gtin: str | None
    lot: str
    item_id: int | None
    nodes: dict[int, str] = field(default_factory=dict)
    named: bool = False
    """It was named itself; else it was made of one that was."""
    serials: frozenset[str] = frozenset()
    """Only these units; empty: all."""
    units: dict[int, str] = field(default_factory=dict)
    """Their nodes. A lot without names (`nodes`) and without a number is of the units of an item whose lot nobody knows."""


@dataclass(slots=True)
class Affected:
    """All lots that a scope reaches, and the names by which their items are known."""

    lots: list[AffectedLot]
    names: Names
    unknown: list[str] = field(default_factory=list)
    """What of the ranges of serial numbers the hub knows nothing of, as ranges."""


def affected(connection: sa.Connection, scope: Scope, organisations: Collection[int] | None = None) -> Affected:
    """The lots that a scope reaches today. `organisations`: what is named must be spoken of by or to one of these (null: all).

    Raises NotFoundError for a lot, serial number or supplier that the hub does not know, ConflictError where a number means
    several things, InvalidError for an empty scope, for a range that is none, and for a thing in which no lot is known.
    """
    if not (scope.lots or scope.serials or scope.supplier):
        raise InvalidError("a recall names lots, serial numbers or a supplier")
    chosen = None if organisations is None else Filter(organisations=tuple(sorted(organisations)))
    named = {lot for text in scope.lots for lot in _meant(connection, text, chosen)}
    units: dict[str, dict[int, str]] = {}
    unknown: list[str] = []
    built: set[str] = set()
    for text in scope.serials:
        found, missing = _serials(connection, text, chosen)
        unknown += missing
        for lot, key, number in found:
            units.setdefault(lot, {})[number] = key
            built |= _below(connection, key)
    if scope.supplier is not None:
        since = micros(scope.since) if scope.since else None
        until = micros(scope.until) if scope.until else None
        sent = _despatched(connection, scope.supplier, since, until)
        sent = set(genealogy.touched(connection, genealogy.node_by_key(connection, sent), chosen)) if sent else set()
        if not sent:
            raise NotFoundError(f"{scope.supplier} has despatched no lots that the hub knows")
        named |= sent
    whole = _made_of(connection, named) | built
    reached = _grouped(connection, named, whole, units)
    reached.unknown = unknown
    return reached


def _despatched(connection: sa.Connection, supplier: str, since: int | None, until: int | None) -> set[str]:
    """Keys of the lots in a partner's shipments: as lots, by serial numbers, in cartons, whoever says what is in these."""
    shipments = lot_history.shipments_by(connection, supplier, since, until, int(EdgeKind.SHIPPING))
    lots: set[int] = set()
    for start in range(0, len(shipments), closure.PAGE):
        carried = closure.carried(connection, shipments[start : start + closure.PAGE])
        lots |= {lot for each in carried.values() for lot, _ in each.lots}
    return {key for key, _ in genealogy.nodes_by_id(connection, lots).values()}


def _meant(connection: sa.Connection, text: str, chosen: Filter | None) -> set[str]:
    """Keys of the lots that a text names, by itself or by what they are in."""
    key = resolve(connection, text, chosen)
    kind = kind_of(key)
    if kind == "lot":
        return {key}
    lots = _inside(connection, key) if kind in _HOLDERS else _below(connection, key) if kind == "production" else set()
    if kind == "serial" and (label := lot_on_label(text)) is not None:
        lots |= set(genealogy.lots_by_key(connection, [label]))
    if not lots:
        raise InvalidError(f"{text}: no lot is known of it; name the lot itself")
    return lots


def _inside(connection: sa.Connection, key: str) -> set[str]:
    """Keys of the lots next above a thing: what a carton, despatch or receipt holds, and what a unit is one of."""
    walked = follow(connection, key, "up", limit=None)
    keys = walked.keys()
    into: dict[str, set[str]] = {}
    for edge in walked.edges():
        into.setdefault(keys[edge.dst], set()).add(keys[edge.src])
    lots: set[str] = set()
    seen = {key}
    todo = [key]
    while todo:
        for source in into.get(todo.pop(), ()):
            if kind_of(source) == "lot":
                lots.add(source)
            elif kind_of(source) in _HOLDERS and source not in seen:
                seen.add(source)
                todo.append(source)
    return lots


def _below(connection: sa.Connection, key: str) -> set[str]:
    """Keys of all lots into which a thing went, never cut short."""
    return {found for found in follow(connection, key, "down", limit=None).keys().values() if kind_of(found) == "lot"}


def _made_of(connection: sa.Connection, named: Collection[str]) -> set[str]:
    """Keys of these lots and of all lots that were made of them."""
    made = closure.made_of(connection, list(genealogy.lots_by_key(connection, named).values()))
    return {key for key, _ in genealogy.nodes_by_id(connection, made).values()}


def _grouped(connection: sa.Connection, named: Collection[str], whole: Collection[str], units: Mapping[str, Mapping[int, str]]) -> Affected:
    """Names of one lot put together; a lot that is affected as a whole is not narrowed by the units of it that were named too."""
    keys = {*whole, *units}
    parts = {lot_of(key)[0] for key in keys}
    names = names_for(connection, {stated_name(part)[1] for part in parts})
    ids = genealogy.lots_by_key(connection, keys)
    groups: dict[tuple[Any, str], AffectedLot] = {}
    for key in sorted({*ids, *(key for key in units if not lot_of(key)[1])}):
        part, lot = lot_of(key)
        item = names.item(names.stated(part))
        identity = (item.id if item is not None else part, lot)
        group = groups.get(identity)
        if group is None:
            code = (item.code or item.gtin or part) if item is not None else stated_name(part)[1]
            gtin = item.gtin if item is not None else (part if stated_name(part)[0] is None else None)
            group = groups[identity] = AffectedLot(key, code, gtin, lot, item.id if item is not None else None)
        if key in ids:
            group.nodes[ids[key]] = key
        group.named = group.named or key in named
        group.units |= units.get(key, {})
    for group in groups.values():
        if any(key in whole for key in group.nodes.values()):
            group.units = {}
        group.serials = frozenset(number_of(key) or "" for key in group.units.values())
    return Affected(sorted(groups.values(), key=lambda one: (not one.named, one.code, one.lot)), names)


def _serials(connection: sa.Connection, text: str, chosen: Filter | None) -> tuple[list[tuple[str, str, int]], list[str]]:
    """Lot key, unit key and unit node of each unit that is meant, and what of a range is not known. Of a unit whose lot nobody knows the
    lot's key has no number.
    """
    gtin, bar, said = text.partition("|")
    first, dots, last = said.partition("..")
    if not bar or not first:
        raise InvalidError(f"{text}: a serial number is `<GTIN>|<serial>`, a range `<GTIN>|<first>..<last>`")
    bounds = _range(text, first, last) if dots else None
    part = gtin.zfill(14) if gtin.isdigit() else gtin
    rows = [
        (lot or lot_key(name, ""), key, number)
        for name in sorted(parts_of(connection, part))
        for lot, key, number in lot_history.serials_of_item(connection, name, int(EdgeKind.COMMISSIONING), None if bounds else first)
        if bounds is None or _within(number_of(key) or "", bounds) is not None
    ]
    nodes = {key: (number, "serial") for _, key, number in rows}
    spoken_of = genealogy.with_other_edges(connection, {number for number, _ in nodes.values()}, int(EdgeKind.SAME_AS)) if nodes else set()
    known = genealogy.touched(connection, {key: one for key, one in nodes.items() if one[0] in spoken_of}, chosen)
    found = [row for row in rows if row[1] in known]
    if not found:
        raise NotFoundError(f"nothing is known of {text}")
    if bounds is None:
        return found, []
    numbers = sorted({number for _, key, _ in found if (number := _within(number_of(key) or "", bounds)) is not None})
    return found, [f"{gtin}|{gap}" for gap in _gaps(bounds, numbers)]


@dataclass(frozen=True, slots=True)
class _Bounds:
    """A range of serial numbers: what stands before and behind the running number, its digits, and from where to where it runs."""

    before: str
    behind: str
    digits: int
    first: int
    last: int

    def spelled(self, number: int) -> str:
        """A number of the range as it is written."""
        return f"{self.before}{number:0{self.digits}d}{self.behind}"


def _range(text: str, first: str, last: str) -> _Bounds:
    read = [_NUMBERED.fullmatch(end) if len(end) <= _LONGEST else None for end in (first, last)]
    if read[0] is not None and read[1] is not None:
        (before, low, behind), (same, high, tail) = read[0].groups(), read[1].groups()
        if (before, behind, len(low)) == (same, tail, len(high)) and int(low) <= int(high):
            return _Bounds(before, behind, len(low), int(low), int(high))
    raise InvalidError(f"{text}: a range runs upwards between serial numbers that differ in one number of as many digits")


def _within(serial: str, bounds: _Bounds) -> int | None:
    """The running number of a serial number of the range; null where it is none of it."""
    if len(serial) != len(bounds.before) + bounds.digits + len(bounds.behind):
        return None
    digits = serial[len(bounds.before) : len(serial) - len(bounds.behind)]
    if not (serial.startswith(bounds.before) and serial.endswith(bounds.behind) and digits.isascii() and digits.isdecimal()):
        return None
    number = int(digits)
    return number if bounds.first <= number <= bounds.last else None


def _gaps(bounds: _Bounds, numbers: Sequence[int]) -> list[str]:
    """What of a range is not among these numbers, ascending."""
    gaps = []
    start = bounds.first
    for number in (*numbers, bounds.last + 1):
        if number > start:
            ends = [bounds.spelled(start), bounds.spelled(number - 1)]
            gaps.append(ends[0] if ends[0] == ends[1] else "..".join(ends))
        start = number + 1
    return gaps


__all__: Sequence[str] = ("Affected", "AffectedLot", "Scope", "affected")

"""What a recall is about: the lots and serial numbers that were named, and every lot that was made of them.

A component lot reaches the finished lots that consumed it; a supplier reaches every lot that it despatched in a period; serial numbers
narrow their lot to themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError, RefusedError
from hub.store import genealogy, lot_history
from hub.store.crosswalk import Names, names_for
from hub.store.keys import kind_of, lot_of, stated_name
from hub.store.types import micros
from hub.trace import closure
from hub.trace.edges import EdgeKind
from hub.trace.genealogy import follow
from hub.trace.resolve import resolve


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


@dataclass(slots=True)
class Affected:
    """All lots that a scope reaches, and the names by which their items are known."""

    lots: list[AffectedLot]
    names: Names


def affected(connection: sa.Connection, scope: Scope) -> Affected:
    """The lots that a scope reaches today.

    Raises NotFoundError for a lot, serial number or supplier that the hub does not know, ConflictError where a number means
    several things, RefusedError for an empty scope and for a range that is none.
    """
    if not (scope.lots or scope.serials or scope.supplier):
        raise RefusedError("a recall names lots, serial numbers or a supplier")
    named = {resolve(connection, text) for text in scope.lots}
    units: dict[str, set[str]] = {}
    for text in scope.serials:
        for lot, serial in _serials(connection, text):
            units.setdefault(lot, set()).add(serial)
    if scope.supplier is not None:
        since = micros(scope.since) if scope.since else None
        until = micros(scope.until) if scope.until else None
        found = lot_history.lots_despatched_by(connection, scope.supplier, since, until)
        if not found:
            raise NotFoundError(f"{scope.supplier} has despatched no lots that the hub knows")
        named |= found
    return _grouped(connection, named, _made_of(connection, named), units)


def _made_of(connection: sa.Connection, named: Collection[str]) -> set[str]:
    """Keys of all lots that things are in: of lots by look-up, of anything else (a carton, a despatch) by walking, never cut short."""
    lots = {key for key in named if kind_of(key) == "lot"}
    made = closure.made_of(connection, list(genealogy.lots_by_key(connection, lots).values()))
    reached = {key for key, _ in genealogy.nodes_by_id(connection, made).values()}
    for key in sorted(set(named) - lots):
        walked = follow(connection, key, "down", limit=None)
        reached |= {found for found in walked.keys().values() if kind_of(found) == "lot"}
    return reached


def _grouped(connection: sa.Connection, named: Collection[str], whole: Collection[str], units: Mapping[str, Collection[str]]) -> Affected:
    """Names of one lot put together. A lot that is affected as a whole is so, whichever of its units are named beside it."""
    keys = {*whole, *units}
    parts = {lot_of(key)[0] for key in keys}
    names = names_for(connection, {stated_name(part)[1] for part in parts})
    ids = genealogy.lots_by_key(connection, keys)
    groups: dict[tuple[Any, str], AffectedLot] = {}
    for key in sorted(ids):
        part, lot = lot_of(key)
        item = names.item(names.stated(part))
        identity = (item.id if item is not None else part, lot)
        group = groups.get(identity)
        if group is None:
            code = (item.code or item.gtin or part) if item is not None else stated_name(part)[1]
            gtin = item.gtin if item is not None else (part if stated_name(part)[0] is None else None)
            group = groups[identity] = AffectedLot(key, code, gtin, lot, item.id if item is not None else None)
        group.nodes[ids[key]] = key
        group.named = group.named or key in named
        group.serials |= frozenset(units.get(key, ()))
    for group in groups.values():
        if any(key in whole for key in group.nodes.values()):
            group.serials = frozenset()
    return Affected(sorted(groups.values(), key=lambda one: (not one.named, one.code, one.lot)), names)


def _serials(connection: sa.Connection, text: str) -> list[tuple[str, str]]:
    """Lot and serial number of each unit that is meant."""
    gtin, bar, said = text.partition("|")
    first, dots, last = said.partition("..")
    if not bar or not first:
        raise RefusedError(f"{text}: a serial number is `<GTIN>|<serial>`, a range `<GTIN>|<first>..<last>`")
    rows = lot_history.serials_with_lots(connection, gtin.zfill(14) if gtin.isdigit() else gtin, int(EdgeKind.COMMISSIONING))
    if dots and (len(first) != len(last) or first > last):
        raise RefusedError(f"{text}: a range runs between serial numbers of one length, upwards")
    if dots:
        found = [(lot, serial) for lot, serial in rows if len(serial) == len(first) and first <= serial <= last]
    else:
        found = [(lot, serial) for lot, serial in rows if serial == first]
    if not found:
        raise NotFoundError(f"nothing is known of {text}")
    return found


__all__: Sequence[str] = ("Affected", "AffectedLot", "Scope", "affected")

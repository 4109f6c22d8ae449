"""Where a trace breaks off for want of a statement: what nobody we know made, despatched, received, or put in.

A gap is no fault of the trace: it names what a partner or an own system has not said yet, so that it can be asked. Each is a rule of the
catalogue (TRC-…), with texts in English and Chinese.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from data_contracts.findings import Language
from data_contracts.rules.catalogue import rule_named
from hub.store import genealogy as store
from hub.store.crosswalk import OWN_SYSTEMS
from hub.store.facts import partner_keys, partner_kinds
from hub.store.keys import kind_of
from hub.store.walk import Filter, level, neighbours
from hub.trace.edges import EdgeKind

_MADE, _USED, _RECEIVED, _SAME_AS = (int(EdgeKind[name]) for name in ("CREATING", "CONSUMING", "RECEIVING", "SAME_AS"))
_GONE = tuple(int(EdgeKind[name]) for name in ("SHIPPING", "PACKING", "COMMISSIONING"))
_INSIDE = (int(EdgeKind.PACKING),)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is not said about a node."""

    rule: str
    node: str
    partners: tuple[str, ...] = ()

    def plain(self, language: Language) -> dict[str, str]:
        """rule, severity, node, message."""
        rule = rule_named(self.rule)
        params = {"node": self.node, "partners": ", ".join(self.partners)}
        return {"rule": self.rule, "severity": rule.severity, "node": self.node, "message": rule.text(language, params)}


@dataclass(slots=True)
class _Lot:
    """One lot under all its names."""

    keys: list[str] = field(default_factory=list)
    kinds: set[int] = field(default_factory=set)
    """Kinds of edges that speak of it."""
    by_us: bool = False
    """Our own systems despatched or used it."""
    senders: set[str] = field(default_factory=set)
    """Others who despatched it."""


def find(connection: sa.Connection, keys: Mapping[int, str], chosen: Filter | None = None) -> list[Gap]:
    """The gaps of the lots and production events among some nodes, by node; `chosen` as for the walk."""
    lots = [node for node, key in keys.items() if kind_of(key) == "lot"]
    runs = [node for node, key in keys.items() if kind_of(key) == "production"]
    found = [*_of_lots(connection, lots, chosen), *_of_runs(connection, runs, keys, chosen)]
    return sorted(found, key=lambda gap: (gap.node, gap.rule))


def _of_runs(connection: sa.Connection, runs: Collection[int], keys: Mapping[int, str], chosen: Filter | None) -> Iterator[Gap]:
    fed = {node for node, _, _ in neighbours(connection, runs, "up", (_USED,), chosen)}
    yielding = {node for node, _, _ in neighbours(connection, runs, "down", (_MADE,), chosen)}
    for run in runs:
        if run not in fed:
            yield Gap("TRC-04", keys[run])
        if run not in yielding:
            yield Gap("TRC-05", keys[run])


def _of_lots(connection: sa.Connection, lots: Collection[int], chosen: Filter | None) -> Iterator[Gap]:
    groups = _grouped(connection, lots, chosen)
    for lot in {id(group): group for group in groups.values()}.values():
        node = min(lot.keys)
        received, made = _RECEIVED in lot.kinds, _MADE in lot.kinds
        if not made and not received and not lot.senders and lot.by_us:
            yield Gap("TRC-01", node)
        if received and not made and not any(kind in lot.kinds for kind in _GONE):
            yield Gap("TRC-02", node)
        if lot.senders and not received:
            yield Gap("TRC-03", node, tuple(sorted(lot.senders)))


def _grouped(connection: sa.Connection, lots: Collection[int], chosen: Filter | None) -> dict[int, _Lot]:
    """What is said of lots, put together for all names of one lot."""
    names: dict[int, set[int]] = {lot: {lot} for lot in lots}
    every = set(lots)
    if chosen is None or chosen.partner_id is None:
        newest = set(lots)
        while newest:
            joined = [(row[1], row[0]) for row in level(connection, newest, "down", chosen, (_SAME_AS,))]
            newest = {other for _, other in joined} - every
            every |= newest
            for node, other in joined:
                group = names.setdefault(node, {node}) | names.setdefault(other, {other})
                for member in group:
                    names[member] = group
    keys = store.nodes_by_id(connection, every)
    groups: dict[int, _Lot] = {}
    for lot in every:
        groups[lot] = next((groups[other] for other in names.get(lot, ()) if other in groups), None) or _Lot()
        groups[lot].keys.append(keys[lot][0])
    kinds = partner_kinds(connection)
    names_of = partner_keys(connection)
    carried = (*_GONE, _USED, _RECEIVED)
    for lot, kind, partner_id in neighbours(connection, every, "down", carried, chosen):
        groups[lot].kinds.add(kind)
        if kind == _RECEIVED:
            continue
        if kinds.get(partner_id) in OWN_SYSTEMS:
            groups[lot].by_us = True
        elif kind != _USED:
            groups[lot].senders.add(names_of.get(partner_id, "?"))
    for lot, kind, _ in neighbours(connection, every, "up", (_MADE,), chosen):
        groups[lot].kinds.add(kind)
    _received_in_units(connection, {lot: group for lot, group in groups.items() if group.senders and _RECEIVED not in group.kinds}, chosen)
    return groups


def _received_in_units(connection: sa.Connection, groups: Mapping[int, _Lot], chosen: Filter | None) -> None:
    """Lots whose cartons, or the pallets under those, were received count as received."""
    inside: dict[int, set[int]] = {}
    for row in level(connection, groups, "down", chosen, _INSIDE):
        inside.setdefault(row[0], set()).add(row[1])
    for row in level(connection, inside, "down", chosen, (int(EdgeKind.NESTING),)):
        inside.setdefault(row[0], set()).update(inside[row[1]])
    for unit, _, _ in neighbours(connection, inside, "down", (_RECEIVED,), chosen):
        for lot in inside[unit]:
            groups[lot].kinds.add(_RECEIVED)

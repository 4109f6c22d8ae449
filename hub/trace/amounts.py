"""How much of what a trace follows is in each carton, despatch, receipt and place of it, as far as documents state it.

Summed over what was reached and nothing else: of a carton that holds two lots, the one that was asked for. A lot under two names, and a
carton and its content on one receipt, count once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from hub.store.keys import kind_of

_Summed = dict[tuple[str, str], Decimal]
"""(item, unit) → how much."""
_INTO = {
    "logistic_unit": ("packing", "nesting"), "shipment": ("shipping",), "receipt": ("receiving",), "production": ("consuming",),
}  # fmt: skip
"""By which connections things come into a node of a kind. Into a place: those that were sent there, else those that were received."""
_TO_PLACES = ("arriving", "storing")
PLACING = frozenset({*_TO_PLACES, "making"})
"""Connections that say where something was sent to, received or made."""


class Amounts:
    """What a trace (`hub.trace.genealogy.Trace.plain`) says of quantities and places."""

    def __init__(self, trace: Mapping[str, Any]) -> None:
        self.places: dict[str, str] = {}
        """Node of a despatch, receipt or production → node of the place where it went, was received or was made."""
        self._into: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._opened: set[str] = set()
        self._known: dict[str, tuple[_Summed, bool]] = {}
        self._whole = not trace["truncated"]
        self._names = _one_name_each(trace["edges"])
        for edge in trace["edges"]:
            if edge["kind"] in PLACING:
                self.places.setdefault(edge["from"], edge["to"])
            self._into[edge["to"]].append(edge)
            if edge["kind"] == "unpacking" or edge["until"] is not None:
                self._opened.add(edge["to"])

    def text(self, key: str) -> str | None:
        """How much is in a node, `120 EA`, each item for itself; `≥` where a part is not stated. Null where nothing is, and for lots."""
        if not self._whole or kind_of(key) not in (*_INTO, "location"):
            return None
        summed, sure = self._of(key)
        if not summed:
            return None
        several = len({item for item, _ in summed}) > 1
        told = [
            " ".join(filter(None, (f"{quantity:f}", unit, item if several else ""))) for (item, unit), quantity in sorted(summed.items())
        ]
        return ("" if sure else "≥ ") + ", ".join(told)

    def _of(self, key: str) -> tuple[_Summed, bool]:
        """What came into a node, and whether all of it is stated."""
        if key not in self._known:
            self._known[key] = {}, False  # a carton in itself, as somebody may say: nothing is sure
            self._known[key] = self._sum(key)
        return self._known[key]

    def _sum(self, key: str) -> tuple[_Summed, bool]:
        kind = kind_of(key)
        if key in self._opened:
            return {}, False  # what was taken out, and when, only the account of a recall weighs
        edges = self._into[key]
        for kinds in [(one,) for one in _TO_PLACES] if kind == "location" else [_INTO.get(kind, ())]:
            if came := [edge for edge in edges if edge["kind"] in kinds]:
                return self._added(kind, came)
        return {}, True

    def _added(self, kind: str, came: Sequence[Mapping[str, Any]]) -> tuple[_Summed, bool]:
        lots: dict[tuple[str, str], Decimal] = {}
        pieces: _Summed = defaultdict(Decimal)
        inside: list[str] = []
        sure = True
        for edge in came:
            key = self._names.get(edge["from"], edge["from"])
            if kind_of(key) not in ("lot", "serial"):
                inside.append(key)
            elif edge["quantity"] is not None:
                at = (key, edge["unit"] or "")
                lots[at] = max(edge["quantity"], lots.get(at, Decimal(0)))  # under two names it is said twice
            elif kind_of(key) == "serial":
                pieces[_item(key), ""] += 1
            else:
                sure = False
        summed: _Summed = defaultdict(Decimal)
        for (key, unit), quantity in lots.items():
            summed[_item(key), unit] += quantity
        counted = {item for item, _ in summed}
        for at, number in pieces.items():
            if at[0] not in counted:
                summed[at] += number
        for key in inside if kind != "receipt" or not summed else ():  # a receipt names cartons beside what is in them
            more, all_of_it = self._of(key)
            sure = sure and all_of_it
            for at, quantity in more.items():
                summed[at] += quantity
        return dict(summed), sure


def _item(key: str) -> str:
    """Item of a lot's or serial number's node key."""
    return key.partition(":")[2].partition("|")[0]


def _one_name_each(edges: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Node of a lot → the node by whose name all its names are counted."""
    names: dict[str, str] = {}

    def first(key: str) -> str:
        while key in names and names[key] != key:
            key = names[key]
        return key

    for edge in edges:
        if edge["kind"] == "same_as":
            one, other = sorted((first(edge["from"]), first(edge["to"])))
            names[other] = names[one] = one
    return {key: first(key) for key in names}

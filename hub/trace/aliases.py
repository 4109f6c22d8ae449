"""One lot under several names: a supplier's code, our own code, GTINs of several packaging levels. Joined by edges both ways.

Documents state an item as their sender knows it, so one lot may get several nodes. Which of them are one is told by the item master and
may become known later, or change. The joining edges (SAME_AS, of application 0, the hub) are therefore renewed here whenever lots or
names change, and depend on nothing but lots that have other edges, and the crosswalk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from hub.store import genealogy as store
from hub.store.crosswalk import OWN_SYSTEMS, GoldenItem, Names, bare, names_for
from hub.store.keys import lot_key, lot_of, stated_name
from hub.trace.edges import EdgeKind

SAME_AS = int(EdgeKind.SAME_AS)
_SAP_MATERIAL = 18
"""Digits of a number of SAP, with zeros before, as partners may quote it."""
Ends = tuple[int, int, int]
"""Source, destination and kind of an edge."""


def join_range(connection: sa.Connection, first: int, last: int) -> set[Ends]:
    """Renew the joins of lots among a range of node ids; returns the edges that came or went, as the others do."""
    return _join(connection, store.lots_between(connection, first, last))


def join_items(connection: sa.Connection, values: Collection[str]) -> set[Ends]:
    """Renew the joins of all lots whose item is named by one of these values (codes, GTINs)."""
    names = names_for(connection, values)
    parts: set[str] = set()
    for value in values:
        parts |= {value, *(f"{giver}:{_plain(value)}" for giver in _givers(names))}
    for item in names.items.values():
        parts |= _parts(item, names)
    return _join(connection, store.lots_of_parts(connection, parts))


def join_partners(connection: sa.Connection, keys: Collection[str]) -> set[Ends]:
    """Renew the joins of all lots that partners named by codes of their own."""
    return _join(connection, store.lots_of_givers(connection, keys))


def parts_of(connection: sa.Connection, part: str) -> set[str]:
    """The item parts of node keys that mean the same item as this one, itself among them."""
    names = names_for(connection, [stated_name(part)[1]])
    item = names.item(names.stated(part))
    if item is None:
        return {part}
    names = names_for(connection, {value for _, value in item.names})
    return {part, *(other for other in _parts(item, names) if names.golden_id(names.stated(other)) == item.id)}


def named_items(connection: sa.Connection, item: str) -> dict[int, set[str]]:
    """The items that a code or GTIN names, whoever calls them so: golden id → the item parts of node keys that mean it."""
    values = {item, item.zfill(14)} if item.isascii() and item.isdigit() else {item}
    names = names_for(connection, values)
    # All names of the items concerned, so that their parts resolve by the same crosswalk.
    names = names_for(connection, values | {value for found in names.items.values() for _, value in found.names})
    meant = {golden for value in (*values, bare(item)) for _, golden in names.rows.get(value, ())}
    return {
        golden: {part for part in _parts(names.items[golden], names) if names.golden_id(names.stated(part)) == golden}
        for golden in sorted(meant)
    }


def _givers(names: Names) -> list[str]:
    return ["~", "~supplier", *(key for key, _ in names.partners.values())]


def _plain(code: str) -> str:
    return code.replace("|", "%7C")


def _parts(item: GoldenItem, names: Names) -> set[str]:
    """Every item part that may mean this item; whether it does is for the crosswalk to say."""
    parts: set[str] = set()
    for scheme, value in item.names:
        if scheme == "gtin":
            parts.add(value)
        elif scheme.startswith("code:"):
            parts |= {f"{key}:{_plain(value)}" for key, kind in names.partners.values() if kind in OWN_SYSTEMS} | {f"~:{_plain(value)}"}
            if value.isdecimal():
                parts.add(f"~:{value.zfill(_SAP_MATERIAL)}")
            parts |= {f"{key}:{_plain(value)}" for key, kind in names.partners.values() if kind not in OWN_SYSTEMS}
        elif scheme.startswith("supplier:"):
            parts |= {f"{key}:{_plain(value)}" for key, kind in names.partners.values() if kind not in OWN_SYSTEMS}
            parts.add(f"~supplier:{_plain(value)}")
    return parts


def _join(connection: sa.Connection, lots: Iterable[tuple[int, str]]) -> set[Ends]:
    nodes = dict(lots)
    if not nodes:
        return set()
    nodes |= store.joined(connection, nodes, SAME_AS)  # who loses the name that held it to others must be joined to them anew
    asked = {stated_name(lot_of(key)[0])[1] for key in nodes.values()}
    names = names_for(connection, asked)
    # All names of the items concerned, so that candidates resolve by the same crosswalk.
    names = names_for(connection, asked | {value for item in names.items.values() for _, value in item.names})
    groups: dict[tuple[int, str], set[str]] = {}
    for key in nodes.values():
        part, lot = lot_of(key)
        item = names.item(names.stated(part))
        if item is not None:
            groups.setdefault((item.id, lot), set()).update({key, *(lot_key(other, lot) for other in _parts(item, names))})
    candidates = store.lots_by_key(connection, {key for keys in groups.values() for key in keys})
    linked = store.with_other_edges(connection, {*candidates.values(), *nodes}, SAME_AS)
    edges: set[tuple[int, int]] = set()
    members: set[int] = set(nodes)
    for (golden, _), keys in groups.items():
        same = sorted(
            key
            for key in keys
            if key in candidates and candidates[key] in linked and names.golden_id(names.stated(lot_of(key)[0])) == golden
        )
        members |= {candidates[key] for key in same}
        for other in same[1:]:
            edges |= {(candidates[same[0]], candidates[other]), (candidates[other], candidates[same[0]])}
    return store.replace_joins(connection, members, edges, SAME_AS)

"""What people call the things of a trace: items beside their GTINs and codes, places beside their GLNs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from hub.store.keys import kind_of, lot_of, stated_name
from hub.store.views.called import Called, item_names, place_names

_OF_ITEMS = frozenset({"lot", "serial"})


def node_names(connection: sa.Connection, keys: Iterable[str], places: Mapping[str, Called]) -> dict[str, Called]:
    """Names of lots and serial numbers (their item's) and of places, by node key; `places` are those that the site's files name."""
    items: dict[str, str] = {}
    located: dict[str, str] = {}
    for key in keys:
        kind = kind_of(key)
        if kind in _OF_ITEMS:
            items[key] = stated_name(lot_of("lot:" + key.partition(":")[2])[0])[1]
        elif kind == "location":
            located[key] = key.removeprefix("location:").rpartition(":")[2]
    named = item_names(connection, set(items.values()))
    stored = place_names(connection, set(located.values()))
    found = {key: named[item] for key, item in items.items() if item in named}
    found |= {key: one for key, place in located.items() if (one := places.get(place) or stored.get(place)) is not None}
    return found


__all__ = ["node_names"]

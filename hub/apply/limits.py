"""Stock that would not fit: refused as a finding before anything of its message is stored.

A balance is a sum over many documents and holds 12 digits before the point. Lines of less than a million units can't bring it near
that in any real life; documents with larger ones are compared with the balance that they would move, and refused from half of it on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hub.apply.effects import effects_of
from hub.apply.facts import Facts
from hub.store import facts as store
from hub.store.crosswalk import OWN_SYSTEMS
from hub.store.genealogy import node_by_key

LARGE = Decimal(10**6)
"""Units in one line from which on it is looked at."""
MOST = Decimal(5 * 10**11)
"""Units that a balance may reach by large lines: half of what the store holds."""


def too_much(connection: sa.Connection, batch: Sequence[tuple[int, int, str, Facts]], kinds: Mapping[int, str]) -> set[int]:
    """Places in the batch of (organisation_id, partner_id, partner_key, facts) whose stock would not fit."""
    large = [place for place, (*_, facts) in enumerate(batch) if any(line[9] is not None and abs(line[9]) >= LARGE for line in facts.lines)]
    if not large:
        return set()
    refused: set[int] = set()
    sums: dict[tuple[Any, ...], Decimal] = {}
    for place in large:
        organisation_id, partner_id, partner_key, facts = batch[place]
        moved: dict[tuple[Any, ...], Decimal] = {}
        for books, location, item, lot, status, unit, quantity in effects_of(
            facts, partner_id, partner_key, kinds.get(partner_id) in OWN_SYSTEMS
        ).movements:
            key = (organisation_id, books, location, item, lot, status, unit)
            moved[key] = moved.get(key, Decimal(0)) + quantity
        nodes = node_by_key(connection, {name for key in moved for name in (key[3], key[4]) if name is not None})
        ids = {name: number for name, (number, _) in nodes.items()} | {None: 0}
        known = store.balances_of(connection, organisation_id, {ids[key[3]] for key in moved if key[3] in ids})
        for key, quantity in moved.items():
            stored = known.get((*key[:3], ids.get(key[3]), ids.get(key[4]), *key[5:]), Decimal(0))
            if abs(stored) + abs(sums.get(key, Decimal(0))) + abs(quantity) >= MOST:
                refused.add(place)
        if place not in refused:
            for key, quantity in moved.items():
                sums[key] = sums.get(key, Decimal(0)) + abs(quantity)
    return refused

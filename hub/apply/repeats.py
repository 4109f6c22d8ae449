"""Events that were captured before: the same again does nothing, another content under the same eventID is refused (EPCIS 2.0 7.4.1.4).

An event never changes. Whoever got it wrong declares it an error and captures a corrective one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import sqlalchemy as sa

from data_contracts.findings import Finding, Place
from hub.store import visibility
from hub.store.visibility import EventSaid


class Arriving(Protocol):
    """An event of the batch, as `Applicable` is one."""

    exchange_id: int
    organisation_id: int
    partner_id: int
    origin_id: int | None


Verdict = tuple[str, Finding]
"""State of the exchange, and what is found: `superseded` with EVT-31, or `quarantined` with EVT-32."""


def repeats(connection: sa.Connection, batch: Sequence[tuple[int, Arriving, EventSaid]]) -> Mapping[int, Verdict]:
    """Of (place, item, event) those that say nothing new, by place. A replay or correction is decided on by people and goes its way."""
    arriving = [(place, item, said) for place, item, said in batch if item.origin_id is None]
    if not arriving:
        return {}
    stored = visibility.known(connection, {said.number for _, _, said in arriving})
    first = {key: (row.hash, row.exchange_id) for key, row in stored.items()}
    verdicts: dict[int, Verdict] = {}
    for place, item, said in arriving:
        key = (item.organisation_id, item.partner_id, said.number, said.declared_at is not None)
        known = first.setdefault(key, (said.hash, item.exchange_id))
        if known[1] == item.exchange_id:
            continue
        params = {"exchange": str(known[1])}
        if known[0] == said.hash:
            verdicts[place] = ("superseded", Finding("EVT-31", Place(path="number"), got=said.number, params=params))
        else:
            verdicts[place] = ("quarantined", Finding("EVT-32", Place(path="number"), got=said.number, params=params))
    return verdicts

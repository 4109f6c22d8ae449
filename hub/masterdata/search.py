"""Look for records that seem to be one among all that stand, however they are written, and put them before a steward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from hub.masterdata.clusters import Source
from hub.masterdata.golden import Record
from hub.masterdata.matching.matcher import Match, match
from hub.masterdata.renew import plain
from hub.masterdata.settings import Rules
from hub.masterdata.suspects import suspect_all
from hub.store import golden as store
from hub.store.database import Database

Matched = Literal["item", "party", "location"]
"""Kinds whose records are compared."""
_AT_ONCE = 300
"""Pairs of a transaction."""
Found = tuple[Source, Source, float, Sequence[Any]]
"""Two source records, the chance (0 to 1) that they are one, and the reasons, as `suspects.suspect_all` takes them."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking."""

    records: int
    compared: int
    """Pairs that were looked at closely."""
    found: Sequence[Found]
    """The likeliest first."""


def look(connection: sa.Connection, kind: Matched, least: float) -> Looked:
    """All pairs of standing source records with at least this chance to be one. Of a code that several organisations keep in one system
    one record is taken: they are one by that already."""
    records: dict[Source, Record] = {}
    for record in sorted(plain(store.standing_records(connection, kind)), key=lambda one: one.order):
        records.setdefault(record.source, record)
    standing = list(records.values())
    matches = match(kind, [record.body for record in standing])
    found = [
        (
            standing[one.first].source,
            standing[one.second].source,
            one.chance,
            _reasons(one, standing[one.first].body, standing[one.second].body),
        )
        for one in matches.likely(least)
    ]
    return Looked(len(standing), len(matches.pairs[0]), found)


def _reasons(one: Match, left: Mapping[str, Any], right: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What each field says, the strongest first, with what both records have there if it is a member of theirs."""
    told = []
    for reason in one.reasons:
        said: dict[str, Any] = {"field": reason.field, "level": reason.level, "weight": reason.bits}
        for side, body in (("left", left), ("right", right)):
            if body.get(reason.field) is not None:
                said[side] = body[reason.field]
        told.append(said)
    return told


def propose(database: Database, kind: Matched, looked: Looked, rules: Rules, by: str) -> list[int | None]:
    """Puts what was found before a steward, a few hundred pairs a transaction: the case of each, None where there is nothing to ask."""
    cases: list[int | None] = []
    for start in range(0, len(looked.found), _AT_ONCE):
        with database.begin(by) as uow:
            cases += suspect_all(uow, kind, looked.found[start : start + _AT_ONCE], rules)
    return cases

"""Suspected duplicates: two source records that seem to be one thing, until a steward says so, or says that they are not.

A matcher calls `suspect` for every pair that it finds, as often as it likes: a pair is one case. What a steward called different is
not asked again until one of the two records changes in a field that matters (`matters` in the rules).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.masterdata.clusters import DIFFERENT, Pair, Partition, Source, pair_of
from hub.masterdata.golden import Record
from hub.masterdata.renew import Neighbourhood, around
from hub.masterdata.settings import MasterSettings, Rules
from hub.masterdata.survivorship import fingerprint
from hub.store import suspects as store
from hub.store.unit_of_work import UnitOfWork

_PLACES = Decimal("0.000001")


def suspect(
    uow: UnitOfWork, kind: str, left: Source, right: Source, score: Decimal | float, reasons: Sequence[Any], rules: Rules | None = None
) -> int | None:
    """Say that two source records (system, code) seem to be one. Returns the id of the case, or None where there is nothing to ask.

    `score` is between 0 and 1. `reasons` are plain JSON values, the strongest first: a word (`gln`, `tax_number`, `name`), or an object
    with `field` and what else tells a person why (`{"field": "name", "left": …, "right": …, "level": …, "weight": …}`).
    """
    return suspect_all(uow, kind, [(left, right, score, reasons)], rules)[0]


def suspect_all(
    uow: UnitOfWork, kind: str, found: Sequence[tuple[Source, Source, Decimal | float, Sequence[Any]]], rules: Rules | None = None
) -> list[int | None]:
    """`suspect` for many (left, right, score, reasons), whose records are read once; the cases in their order."""
    if not found:
        return []
    near = around(uow.connection, kind, {source for left, right, _, _ in found for source in (left, right)})
    known = _Known(near, near.partition(), (rules or MasterSettings().rules).matters[kind])
    for record in near.records:
        known.records.setdefault(record.source, []).append(record)
    return [
        None if left == right else _one(uow, known, pair_of(left, right), Decimal(str(score)).quantize(_PLACES), reasons)
        for left, right, score, reasons in found
    ]


@dataclass(slots=True)
class _Known:
    near: Neighbourhood
    partition: Partition
    matters: Sequence[str]
    records: dict[Source, list[Record]] = field(default_factory=dict)

    def prints(self, pair: Pair) -> tuple[bytes, bytes]:
        """What matters of both, as they stand."""
        return fingerprint(self.records[pair[0]], self.matters), fingerprint(self.records[pair[1]], self.matters)


def _one(uow: UnitOfWork, all_known: _Known, pair: Pair, score: Decimal, reasons: Sequence[Any]) -> int | None:
    near = all_known.near
    if pair[0] not in all_known.records or pair[1] not in all_known.records:
        return None  # one of them does not stand
    known = store.of_pair(uow.connection, near.kind, pair)
    if all_known.partition[pair[0]] == all_known.partition[pair[1]]:
        if known is not None and known.state != "same":
            store.change(uow, known, "they are one golden record", state="same")
        return None
    prints = all_known.prints(pair)
    if known is None:
        state = "different" if near.verdicts.get(pair) == DIFFERENT else "open"
        number = store.add(uow, near.kind, pair, score, reasons, state, prints)
        return number if state == "open" else None
    values: dict[str, Any] = {}
    if (known.score, list(known.reasons)) != (score, list(reasons)):
        values |= {"score": score, "reasons": list(reasons)}
    if known.state == "different" and (bytes(known.left_print), bytes(known.right_print)) == prints:
        if values:
            store.change(uow, known, **values)
        return None
    if known.state in ("different", "same", "gone"):
        values |= {"state": "open"}
    values |= {"left_print": prints[0], "right_print": prints[1]}
    if any(getattr(known, name) != value for name, value in values.items()):
        store.change(uow, known, None, **values)
    return int(known.id)


def follow(uow: UnitOfWork, near: Neighbourhood, sources: Collection[Source], reason: str | None = None) -> None:
    """Let the cases of these sources say what became of them: same, different, or gone where a record no longer stands."""
    partition, standing = near.partition(), near.standing
    for row in store.of_sources(uow.connection, near.kind, sources):
        pair = store.pair(row)
        if not standing.issuperset(pair):
            state = "gone"
        elif partition[pair[0]] == partition[pair[1]]:
            state = "same"
        elif near.verdicts.get(pair) == DIFFERENT and row.state != "open":
            state = "different"
        elif row.state in ("same", "gone"):
            state = "open"
        else:
            continue
        if state != row.state:
            store.change(uow, row, reason, state=state)


def answered(uow: UnitOfWork, near: Neighbourhood, pair: Pair, rules: Rules, reason: str) -> None:
    """Note that a person called a pair different, as its records stand now."""
    row = store.of_pair(uow.connection, near.kind, pair)
    if row is not None:
        prints = _prints(near.records, pair, rules.matters[near.kind])
        store.change(uow, row, reason, state="different", left_print=prints[0], right_print=prints[1])


def _prints(records: Collection[Record], pair: Pair, matters: Sequence[str]) -> tuple[bytes, bytes]:
    one, other = ([record for record in records if record.source == source] for source in pair)
    return fingerprint(one, matters), fingerprint(other, matters)

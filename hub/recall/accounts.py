"""The accounts of a recall as they are found and kept: located with what consignees answered, and no further than whoever asks may see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import RefusedError
from hub.recall.consignees import Share, answers, partner_of_places, told
from hub.recall.locate import Located, locate
from hub.recall.scope import Affected, Scope, affected
from hub.recall.telling import telling
from hub.runtime import Hub
from hub.store import lot_history, recalls
from hub.store.types import micros
from hub.store.unit_of_work import UnitOfWork

ZERO = Decimal(0)
_PARTS = Decimal("0.0001")
"""Shares are rounded down: all is said only where it is all."""


@dataclass(slots=True)
class Accounts:
    """What a recall reaches, and where its units are."""

    affected: Affected
    located: list[Located]


def kept_accounts(hub: Hub, uow: UnitOfWork, row: Any, organisations: Collection[int] | None) -> Accounts:
    """Locate the units of a recall with all that is known now, and keep what was found.

    Raises RefusedError where documents of other organisations than these speak of the lots (null: all may be seen): half a recall
    would leave consignees untold, and the whole would show what lies with others.
    """
    found = _accounts(hub, uow.connection, row, organisations)
    recalls.keep_findings(uow, row.id, _all_rows(hub, found))
    return found


@dataclass(frozen=True, slots=True)
class Findings:
    """Where the units are, and when that was found (microseconds): `at` of these rows, `kept_at` of those that are kept."""

    at: int | None
    kept_at: int | None
    rows: Sequence[Any]


def findings(hub: Hub, connection: sa.Connection, row: Any) -> Findings:
    """Where the units were when they were located last; after an answer that came since, where they are now, which is not kept.

    That nothing is located when a consignee answers keeps a recall with thousands of them linear: whoever reads it pays, once.
    """
    at, kept = recalls.findings(connection, row.id)
    answered = [one.answered_at for one in recalls.notices(connection, row.id) if one.answered_at is not None]
    if at is None or all(one < at for one in answered):
        return Findings(at, at, kept)
    now = micros(hub.clock.now())
    rows = _all_rows(hub, _accounts(hub, connection, row, None))
    return Findings(now, at, [SimpleNamespace(**dict(zip(recalls.FINDING_COLUMNS, one, strict=True))) for one in rows])


def _accounts(hub: Hub, connection: sa.Connection, row: Any, organisations: Collection[int] | None) -> Accounts:
    found = affected(connection, Scope.from_json(row.scope))
    everything = telling(connection, found.lots)
    if organisations is not None:
        nodes = [number for lot in found.lots for number in lot.nodes]
        reach = everything.organisations | {one for _, one in lot_history.places_of_lots(connection, nodes)}
        if not reach <= set(organisations):
            raise RefusedError("some of it is with another organisation: this needs a key for all organisations that it reaches")
    partners = partner_of_places(hub)
    customers = {place: key for place, key in partners.items() if hub.site.partners[key].kind == "customer"}
    notices = recalls.notices(connection, row.id)
    located = locate(connection, found, answers(notices, found), customers, everything)
    _beside_notices(located, told(notices, found))
    return Accounts(found, located)


def _all_rows(hub: Hub, found: Accounts) -> list[Sequence[Any]]:
    ids = {place: hub.partner_id(key) for place, key in partner_of_places(hub).items()}
    return [one for lot in found.located for one in _rows(lot, ids)]


def summary(located: Sequence[Located]) -> dict[str, Any]:
    """For the audit: what was found, in numbers."""
    return {
        "lots": len(located),
        "consignees": len({place for one in located for place in one.account.consignees}),
        "contradictions": sum(len(one.account.contradictions) for one in located),
        "coverage": {
            f"{one.lot.key} {one.unit}": None if (share := one.account.coverage) is None else str(share.quantize(_PARTS, ROUND_DOWN))
            for one in located
        },
    }


def _rows(one: Located, partners: Mapping[str, int]) -> list[Sequence[Any]]:
    lot = (one.lot.key, one.lot.code, one.lot.gtin, one.lot.lot, one.lot.named, one.unit)
    rows: list[Sequence[Any]] = [(*lot, "total", "", None, "", "", one.account.total, [], None)]
    rows += [
        (*lot, "consignee", place, partners.get(place), "", "", got, [], one.parties.get(place))
        for place, got in one.account.consignees.items()
    ]
    rows += [
        (*lot, "contradiction", fault.place, None, "", fault.rule, fault.quantity, list(fault.evidence), None)
        for fault in one.account.contradictions
    ]
    if one.account.opening:
        rows.append((*lot, "opening", "", None, "", "", one.account.opening, [], None))
    for at in one.account.positions:
        partner_id = partners.get(at.holder) if at.holder in one.account.consignees else None
        rows.append((*lot, at.where, at.holder, partner_id, at.status, at.why, at.quantity, list(at.evidence), None))
    return rows


def _beside_notices(located: Sequence[Located], notified: Mapping[Share, Decimal]) -> None:
    """Lay what consignees were told beside what documents say now: less does not add up."""
    accounts = {(one.lot.key, one.unit): one.account for one in located}
    for (place, lot, unit), quantity in notified.items():
        account = accounts.get((lot, unit))
        if account is not None:
            account.told(place, quantity)

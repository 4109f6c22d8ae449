"""The story of a message as rows: its states, its findings, and all of it as one plain value for people and scripts.

Evidence is only added to. A state change writes a line of history; a finding is closed, never removed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from data_contracts.findings import Finding, Language, Place
from hub.store import bulk
from hub.store.lists import among
from hub.store.settled import standing
from hub.store.tables import acknowledgement, exchange, exchange_history, finding, outbox, partner
from hub.store.types import moment, storable
from hub.store.unit_of_work import UnitOfWork

_QUOTE = 200
"""Characters of a value that a finding quotes: it points to the bytes, it does not copy them."""
_FINDING = (
    "document_id", "interchange_id", "exchange_id", "partner_id", "organisation_id",
    "rule", "severity", "action", "code", "place", "expected", "got", "params", "recorded_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A finding and what it is about; a null id is unknown. Without a document: refused before landing."""

    finding: Finding
    document_id: int | None = None
    interchange_id: int | None = None
    exchange_id: int | None = None
    partner_id: int | None = None
    organisation_id: int | None = None


def add_findings(uow: UnitOfWork, found: Iterable[Found]) -> int:
    """Write findings; returns how many. Their texts are rendered on reading, in the reader's language."""
    rows = [
        (
            one.document_id, one.interchange_id, one.exchange_id, one.partner_id, one.organisation_id,
            one.finding.rule, one.finding.severity, one.finding.action, one.finding.code, one.finding.place.as_json(),
            _quote(one.finding.expected), _quote(one.finding.got), dict(one.finding.params), uow.now,
        )
        for one in found
    ]  # fmt: skip
    bulk.insert(uow.connection, finding, _FINDING, rows)
    return len(rows)


def close_findings(uow: UnitOfWork, finding_ids: Collection[int], reason: str) -> int:
    """Mark open findings as dealt with, by the actor of the transaction; returns how many were open."""
    rows = uow.connection.execute(
        sa.update(finding)
        .where(among(uow.connection, finding.c.id, finding_ids), finding.c.closed_at.is_(None))
        .values(closed_at=uow.now, closed_by=uow.actor, closed_reason=storable(reason))
        .returning(finding.c.id, finding.c.organisation_id)
    ).all()
    for row in sorted(rows):
        uow.audit(row.organisation_id or 0, "finding.closed", f"finding/{row.id}", reason=reason)
    return len(rows)


def transition(uow: UnitOfWork, exchange_ids: Collection[int], state: str, reason: str | None) -> None:
    """Move exchanges to a state, with one line of history each; those that are in it already keep their history. The caller audits."""
    ids = (
        uow.connection.execute(
            sa.update(exchange)
            .where(among(uow.connection, exchange.c.id, exchange_ids), exchange.c.state != state)
            .values(state=state, reason=None if reason is None else storable(reason), changed_at=uow.now)
            .returning(exchange.c.id)
        )
        .scalars()
        .all()
    )
    rows = [(number, uow.now, state, uow.actor, reason) for number in sorted(ids)]
    bulk.insert(uow.connection, exchange_history, ("exchange_id", "at", "state", "actor", "reason"), rows)


def move(uow: UnitOfWork, exchange_id: int, of: Collection[str], state: str, reason: str | None) -> None:
    """Move one exchange that is in one of the states `of`, unless the partner has rejected it: that it failed by that stays so. The caller
    audits."""
    wanted = {"number": exchange_id, "state": state, "reason": reason, "now": uow.now}
    if uow.connection.execute(_moving(tuple(sorted(of))), wanted).rowcount == 1:
        row = (exchange_id, uow.now, state, uow.actor, reason)
        bulk.insert(uow.connection, exchange_history, ("exchange_id", "at", "state", "actor", "reason"), [row])


@cache  # for each parcel that leaves
def _moving(of: tuple[str, ...]) -> sa.Update:
    rejected = exchange.c.acknowledgement.is_not_distinct_from("rejected")
    return (
        sa.update(exchange)
        .where(exchange.c.id == sa.bindparam("number"), exchange.c.state.in_(of), ~rejected)
        .values(state=sa.bindparam("state"), reason=sa.bindparam("reason"), changed_at=sa.bindparam("now"))
    )


def show(connection: sa.Connection, exchange_id: int, language: Language = "en") -> dict[str, Any]:
    """One exchange with its history, findings, acknowledgements and replays: the value of `udihub exchange show --json`.

    Raises NotFoundError for an unknown id.
    """
    row = (
        connection.execute(
            sa.select(exchange, partner.c.key.label("partner"), standing().label("standing"))
            .outerjoin(partner, partner.c.id == exchange.c.partner_id)
            .where(exchange.c.id == exchange_id)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFoundError(f"there is no exchange {exchange_id}")
    return {
        "id": row["id"],
        "direction": row["direction"],
        "partner": row["partner"],
        "agreement": row["agreement"],
        "flow": row["flow"],
        "format": row["format"],
        "type": row["type"],
        "version": row["version"],
        "control": row["control"],
        "business_key": row["business_key"],
        "keys": row["keys"] or {},
        "rows_left_out": int((row["keys"] or {}).get("rows_left_out", 0)),
        "document_id": row["document_id"],
        "interchange_id": row["interchange_id"],
        "state": row["standing"],
        "reason": row["reason"],
        "acknowledgement": row["acknowledgement"],
        "recorded_at": _time(row["recorded_at"]),
        "changed_at": _time(row["changed_at"]),
        "history": _history(connection, exchange_id),
        "findings": findings_of(connection, finding.c.exchange_id == exchange_id, language),
        "acknowledgements": _acknowledgements(connection, row["interchange_id"]),
        "answered_by": list((row["keys"] or {}).get("answers", ())),
        "origin": row["origin_id"],
        "replays": [
            {"id": other.id, "state": other.state, "reason": other.reason, "recorded_at": _time(other.recorded_at)}
            for other in connection.execute(sa.select(exchange).where(exchange.c.origin_id == exchange_id).order_by(exchange.c.id))
        ],
    }


def findings_of(connection: sa.Connection, condition: sa.ColumnElement[bool], language: Language = "en") -> list[dict[str, Any]]:
    """Findings in the public shape of design section 9, with their ids and whether somebody has dealt with them, in order."""
    rows = connection.execute(sa.select(finding).where(condition).order_by(finding.c.id))
    return [
        {
            "id": row.id,
            **as_finding(row).as_json(language),
            "recorded_at": _time(row.recorded_at),
            "closed_at": _time(row.closed_at),
            "closed_by": row.closed_by,
            "closed_reason": row.closed_reason,
        }
        for row in rows
    ]


def not_of_others(organisations: Collection[int]) -> sa.ColumnElement[bool]:
    """Condition on `finding`: not about an envelope whose messages are all for other organisations than these.

    Such a finding belongs to the document's organisation, which may be another one.
    """
    inside = sa.select(exchange.c.id).where(exchange.c.interchange_id == finding.c.interchange_id)
    others = sa.and_(inside.exists(), ~inside.where(exchange.c.organisation_id.in_(organisations)).exists())
    return sa.or_(finding.c.exchange_id.is_not(None), finding.c.interchange_id.is_(None), ~others)


def as_finding(row: sa.Row[Any]) -> Finding:
    """A row of `finding` as the value it was made from."""
    return Finding(
        row.rule,
        place=Place(**row.place),
        expected=row.expected,
        got=row.got,
        code=row.code,
        severity=row.severity,
        action=row.action,
        params=row.params,
    )


def _history(connection: sa.Connection, exchange_id: int) -> list[dict[str, Any]]:
    query = sa.select(exchange_history).where(exchange_history.c.exchange_id == exchange_id).order_by(exchange_history.c.id)
    rows = connection.execute(query)
    return [{"at": _time(row.at), "state": row.state, "actor": row.actor, "reason": row.reason} for row in rows]


def _acknowledgements(connection: sa.Connection, interchange_id: int | None) -> list[dict[str, Any]]:
    if interchange_id is None:
        return []
    rows = connection.execute(
        sa.select(acknowledgement, outbox.c.state.label("route_state"), outbox.c.stable_id, outbox.c.sent_at)
        .outerjoin(outbox, outbox.c.id == acknowledgement.c.outbox_id)
        .where(acknowledgement.c.interchange_id == interchange_id)
        .order_by(acknowledgement.c.id)
    )
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "verdict": row.verdict,
            "sha256": bytes(row.sha256).hex(),
            "recorded_at": _time(row.recorded_at),
            "stable_id": row.stable_id,
            "state": row.route_state,
            "sent_at": _time(row.sent_at),
        }
        for row in rows
    ]


def _quote(text: str | None) -> str | None:
    return text if text is None or len(text) <= _QUOTE else text[: _QUOTE - 1] + "…"


def _time(value: int | None) -> str | None:
    return None if value is None else moment(value).isoformat()

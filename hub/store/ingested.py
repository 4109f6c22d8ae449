"""What became of a document, as the store has it, in the public shape of `udihub check --json`: the answer of `udihub ingest`.

Nothing is examined again: a document that was refused as a duplicate is right in itself, and only the store knows that it was refused.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from data_contracts.findings import Language
from hub.store.documents import show
from hub.store.evidence import findings_of
from hub.store.listing import exchanges_of_document
from hub.store.tables import document, exchange, finding, interchange

_REFUSED = frozenset({"rejected", "conflict"})
_MOST_ANSWERED = 2000
"""Of what went out to a partner the last ones, among which those are looked for that an answer of it speaks of."""
_OF_GROUPS = frozenset({"GS", "GE"})


def ingested(connection: sa.Connection, document_id: int, language: Language = "en") -> dict[str, Any]:
    """`{document, state, format, valid, findings, interchanges, exchanges, answers}`. Raises NotFoundError for an unknown id.

    `valid` says that nothing of it was refused or held back; `answers`, where it is an acknowledgement, what it says of what we sent.
    """
    shown = show(connection, document_id, language)
    rows = connection.execute(sa.select(interchange).where(interchange.c.document_id == document_id).order_by(interchange.c.ordinal))
    interchanges = [_interchange(connection, row, language) for row in rows]
    about = sa.and_(finding.c.document_id == document_id, finding.c.interchange_id.is_(None), finding.c.exchange_id.is_(None))
    findings = _public(findings_of(connection, about, language))
    return {
        "document": document_id,
        "state": shown["state"],
        "format": shown["format"],
        "valid": shown["state"] == "processed" and bool(interchanges) and _right(findings) and all(one["valid"] for one in interchanges),
        "findings": findings,
        "interchanges": interchanges,
        "exchanges": exchanges_of_document(connection, document_id),
        "answers": _answers(connection, document_id),
    }


def _answers(connection: sa.Connection, document_id: int) -> list[dict[str, Any]]:
    """`[{exchange, type, number, level, verdict, said}]` of what went out to the sender and is answered here, in the order of sending."""
    ours = (
        sa.select(exchange.c.id, exchange.c.type, exchange.c.business_key, exchange.c["keys"].label("noted"))
        .join(document, document.c.partner_id == exchange.c.partner_id)
        .where(document.c.id == document_id, exchange.c.direction == "out", exchange.c.acknowledgement.is_not(None))
        .order_by(exchange.c.id.desc())
        .limit(_MOST_ANSWERED)
    )
    return [
        {
            "exchange": row.id,
            "type": row.type,
            "number": (row.business_key or "").partition("/")[2] or None,
            **{name: answer[name] for name in ("level", "verdict", "said")},
        }
        for row in reversed(connection.execute(ours).all())
        for answer in (row.noted or {}).get("answers", ())
        if answer["document"] == document_id
    ]


def unreadable(connection: sa.Connection, document_id: int) -> bool:
    """Whether no syntax could read a document. One that was refused for its delivery key was not looked into."""
    state = connection.execute(sa.select(document.c.state).where(document.c.id == document_id)).scalar_one()
    inside = connection.execute(sa.select(interchange.c.id).where(interchange.c.document_id == document_id)).first()
    duplicate = connection.execute(sa.select(finding.c.id).where(finding.c.document_id == document_id, finding.c.rule == "DUP-01")).first()
    return state == "rejected" and inside is None and duplicate is None


def _interchange(connection: sa.Connection, row: Any, language: Language) -> dict[str, Any]:
    about = sa.and_(finding.c.interchange_id == row.id, finding.c.exchange_id.is_(None))
    outer = _public(findings_of(connection, about, language))
    known = row.detail.get("groups") or [{"type": None, "control": None}]
    of_groups = [one for one in outer if one["place"]["segment"] in _OF_GROUPS] if len(known) == 1 else []
    findings = [one for one in outer if one not in of_groups]
    messages = connection.execute(
        sa.select(exchange).where(exchange.c.interchange_id == row.id, exchange.c.origin_id.is_(None)).order_by(exchange.c.ordinal)
    ).all()
    groups = []
    for group in known:
        inside = [_message(connection, one, language) for one in messages if len(known) == 1 or one.group_control == group["control"]]
        groups.append(
            {
                "type": group["type"],
                "control": group["control"],
                "valid": _right(of_groups) and all(one["valid"] for one in inside),
                "findings": of_groups,
                "messages": inside,
            }
        )
    return {
        "sender": row.sender,
        "receiver": row.receiver,
        "control": row.control,
        "outcome": row.outcome,
        "valid": row.outcome not in _REFUSED and _right(findings) and all(group["valid"] for group in groups),
        "findings": findings,
        "groups": groups,
    }


def _message(connection: sa.Connection, row: Any, language: Language) -> dict[str, Any]:
    findings = _public(findings_of(connection, finding.c.exchange_id == row.id, language))
    return {
        "type": row.type,
        "version": row.version,
        "control": row.control,
        "valid": row.state not in ("rejected", "quarantined") and _right(findings),
        "findings": findings,
    }


def _public(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As a dry run says them: without what happened to them later."""
    stored = ("id", "recorded_at", "closed_at", "closed_by", "closed_reason")
    return [{key: value for key, value in one.items() if key not in stored} for one in findings]


def _right(findings: list[dict[str, Any]]) -> bool:
    return all(one["severity"] != "error" for one in findings)

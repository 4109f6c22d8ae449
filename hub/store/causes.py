"""Where cases come from: of each kind of fact, the rows that a person must decide on now, as one query each.

The queries read what is open only, by indexes over that part of their tables; what they cost does not grow with the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from hub.store.golden_tables import master_request, master_suspect
from hub.store.register_tables import device_difference
from hub.store.resent import sent_again, sent_again_whole
from hub.store.stop_tables import flow_approval
from hub.store.tables import discrepancy, document, exchange, finding

COLUMNS = (
    "cause_id", "cause_key", "kind", "organisation_id", "partner_id", "severity", "rule", "subject", "exchange_id", "document_id",
    "finding_id", "keys", "print",
)  # fmt: skip
"""What each query yields. `keys` is what the message mentions (lots among it), or the lot; null where there is none."""
_OPEN = (finding.c.closed_at.is_(None), finding.c.severity == sa.literal_column("'error'"))  # literal: SQLite then knows its partial index
_ROOT = sa.func.coalesce(exchange.c.origin_id, exchange.c.id)
APPLIED = ("applied", "waiting")
"""States of a message of which rows that were left out are cases of their own."""
_NOT_ASKED = ("superseded", "cancelled", "checked", "quarantined")


def _held() -> sa.Select[Any]:
    """Messages that are held, by the exchange that brought the bytes, so that a replay which is held again is the same case."""
    first = (
        sa.select(sa.func.min(finding.c.id))
        .where(finding.c.exchange_id == exchange.c.id, finding.c.severity == "error")
        .scalar_subquery()
        .correlate(exchange)
    )
    rule = (
        sa.select(finding.c.rule)
        .where(finding.c.exchange_id == exchange.c.id, finding.c.severity == "error")
        .order_by(sa.case((finding.c.action == "none", 1), else_=0), finding.c.id)
        .limit(1)
        .scalar_subquery()
        .correlate(exchange)
    )
    return sa.select(
        *_said(_ROOT, "", "held", exchange.c.organisation_id, exchange.c.partner_id, "error", sa.func.coalesce(rule, "")),
        exchange.c.business_key.label("subject"),
        exchange.c.id.label("exchange_id"),
        exchange.c.document_id,
        first.label("finding_id"),
        exchange.c["keys"].label("keys"),
        sa.cast(exchange.c.id, sa.Text).label("print"),
    ).where(exchange.c.state == "quarantined", exchange.c.direction == "in", sa.not_(sent_again()))


def _rows() -> sa.Select[Any]:
    """Rows that were left out of messages that were applied: one case a message and rule, since one remedy cures them all."""
    found = (
        sa.select(finding.c.exchange_id, finding.c.rule, sa.func.min(finding.c.id).label("first"), sa.func.count().label("n"))
        .where(*_OPEN, finding.c.action == "row", finding.c.exchange_id.is_not(None))
        .group_by(finding.c.exchange_id, finding.c.rule)
        .subquery("found")
    )
    return _of_exchange(found, "rows", found.c.rule, found.c.rule).where(exchange.c.direction == "in", exchange.c.state.in_(APPLIED))


def _refused() -> sa.Select[Any]:
    """Messages that were refused, or taken although something in them is wrong."""
    found = _first_of(
        exchange.c.direction == "in",
        exchange.c.state.not_in(_NOT_ASKED),
        sa.or_(finding.c.action != "row", exchange.c.state.not_in(APPLIED)),
        sa.or_(exchange.c.state != "rejected", sa.not_(sent_again())),
    )
    first = finding.alias("first_finding")
    kind = sa.case((exchange.c.state == "rejected", "refused"), else_="finding")
    return _of_exchange(found, kind, "", first.c.rule).join(first, first.c.id == found.c.first)


def _overdue() -> sa.Select[Any]:
    """What we sent and nobody acknowledged in time."""
    found = _first_of(exchange.c.direction == "out", finding.c.rule == "ACK-01")
    return _of_exchange(found, "overdue", "", sa.literal("ACK-01"))


def _answer() -> sa.Select[Any]:
    """What we sent and the other side refused, or could not be sent."""
    found = _first_of(exchange.c.direction == "out", finding.c.rule != "ACK-01")
    first = finding.alias("first_finding")
    return _of_exchange(found, "answer", "", first.c.rule).join(first, first.c.id == found.c.first)


def _document() -> sa.Select[Any]:
    """Documents that could not be read, and each envelope that was refused: a document may hold some of several organisations."""
    envelope = finding.c.interchange_id
    found = (
        sa.select(finding.c.document_id, envelope, sa.func.min(finding.c.id).label("first"), sa.func.count().label("n"))
        .where(*_OPEN, finding.c.exchange_id.is_(None), finding.c.document_id.is_not(None))
        .group_by(finding.c.document_id, envelope)
        .subquery("found")
    )
    key = sa.func.coalesce(sa.cast(found.c.interchange_id, sa.Text), "")
    return (
        sa.select(
            *_said(document.c.id, key, "refused", finding.c.organisation_id, document.c.partner_id, "error", finding.c.rule),
            document.c.name.label("subject"),
            sa.null().label("exchange_id"),
            document.c.id.label("document_id"),
            finding.c.id.label("finding_id"),
            sa.null().label("keys"),
            sa.cast(found.c.n, sa.Text).label("print"),
        )
        .select_from(found)
        .join(document, document.c.id == found.c.document_id)
        .join(finding, finding.c.id == found.c.first)
        .where(sa.not_(sent_again_whole(found.c.interchange_id)))
    )


def _finding() -> sa.Select[Any]:
    """What was refused before it was landed (too large, an unknown sender), silent partners (FLW-01), destinations that fail (OUT-06)."""
    kind = sa.case((sa.or_(finding.c.rule.like("FLW-%"), finding.c.rule == "OUT-06"), "flow"), else_="refused")
    return sa.select(
        *_said(finding.c.id, "", kind, finding.c.organisation_id, finding.c.partner_id, "error", finding.c.rule),
        sa.null().label("subject"),
        sa.null().label("exchange_id"),
        sa.null().label("document_id"),
        finding.c.id.label("finding_id"),
        sa.null().label("keys"),
        sa.case((kind == "flow", "flow"), else_="").label("print"),
    ).where(*_OPEN, finding.c.exchange_id.is_(None), finding.c.document_id.is_(None))


def _discrepancy() -> sa.Select[Any]:
    """Orders, stock and master data of which two sources say different things."""
    one = discrepancy.c
    subject = sa.func.coalesce(one.order_number + "/" + sa.func.coalesce(one.order_line, ""), one.item, one.location, one.scope_key)
    return sa.select(
        *_said(sa.literal(0), one.key, "disagreement", one.organisation_id, one.partner_id, one.severity, one.rule),
        subject.label("subject"),
        sa.null().label("exchange_id"),
        sa.null().label("document_id"),
        sa.null().label("finding_id"),
        one.lot.label("keys"),
        (sa.func.coalesce(one.left_value, "") + "|" + sa.func.coalesce(one.right_value, "")).label("print"),
    ).where(one.closed_at.is_(None), one.severity != "info")


def _suspect() -> sa.Select[Any]:
    """Master records that seem to be one thing."""
    return _of_master(
        master_suspect.c.id,
        "duplicate",
        master_suspect.c.kind + "/" + master_suspect.c.left_code + " = " + master_suspect.c.right_code,
        "warning",
        "",
    ).where(master_suspect.c.state == "open")


def _difference() -> sa.Select[Any]:
    """What a register publishes of our devices otherwise than we say."""
    one = device_difference.c
    said = one.register + "/" + one.di + "/" + one.member
    return _of_master(one.id, "difference", said, one.severity, "").where(one.state == "open")


def _request() -> sa.Select[Any]:
    """What somebody wants of master data and a second person must approve."""
    one = master_request.c
    return _of_master(one.id, "approval", one.kind + "/" + one.action, "warning", "").where(one.state == "waiting")


def _release() -> sa.Select[Any]:
    """What a flow tells only once a steward has approved it."""
    one = flow_approval.c
    return sa.select(
        *_said(one.id, "", "release", one.organisation_id, one.partner_id, "warning", ""),
        ("flow/" + one.flow).label("subject"),
        *(sa.null().label(name) for name in ("exchange_id", "document_id", "finding_id", "keys")),
        sa.literal("").label("print"),
    ).where(one.state == "waiting")


def _of_master(cause_id: Any, kind: str, subject: Any, severity: Any, rule: str) -> sa.Select[Any]:
    """Master data belong to all organisations."""
    return sa.select(
        *_said(cause_id, "", kind, sa.null(), sa.null(), severity, rule),
        subject.label("subject"),
        *(sa.null().label(name) for name in ("exchange_id", "document_id", "finding_id", "keys")),
        sa.literal("").label("print"),
    )


def _first_of(*conditions: Any) -> Any:
    """Of each exchange the first open finding that fits, and how many there are."""
    return (
        sa.select(exchange.c.id.label("exchange_id"), sa.func.min(finding.c.id).label("first"), sa.func.count().label("n"))
        .select_from(finding)
        .join(exchange, exchange.c.id == finding.c.exchange_id)
        .where(*_OPEN, *conditions)
        .group_by(exchange.c.id)
        .subquery("found")
    )


def _of_exchange(found: Any, kind: Any, key: Any, rule: Any) -> sa.Select[Any]:
    root = sa.case((exchange.c.direction == "in", _ROOT), else_=exchange.c.id)
    return (
        sa.select(
            *_said(root, key, kind, exchange.c.organisation_id, exchange.c.partner_id, "error", rule),
            exchange.c.business_key.label("subject"),
            exchange.c.id.label("exchange_id"),
            exchange.c.document_id,
            found.c.first.label("finding_id"),
            exchange.c["keys"].label("keys"),
            (sa.cast(exchange.c.id, sa.Text) + "/" + sa.cast(found.c.n, sa.Text)).label("print"),
        )
        .select_from(found)
        .join(exchange, exchange.c.id == found.c.exchange_id)
    )


def _said(cause_id: Any, key: Any, kind: Any, organisation: Any, partner: Any, severity: Any, rule: Any) -> list[Any]:
    given = {
        "cause_id": cause_id, "cause_key": key, "kind": kind, "organisation_id": organisation, "partner_id": partner,
        "severity": severity, "rule": rule,
    }  # fmt: skip
    return [(sa.literal(value) if isinstance(value, str) else value).label(name) for name, value in given.items()]


CAUSES: Mapping[str, sa.Select[Any]] = {
    "held": _held(),
    "rows": _rows(),
    "message": _refused(),
    "overdue": _overdue(),
    "answer": _answer(),
    "document": _document(),
    "finding": _finding(),
    "discrepancy": _discrepancy(),
    "suspect": _suspect(),
    "difference": _difference(),
    "request": _request(),
    "release": _release(),
}
"""Every kind of fact that a person must decide on, by the name that cases keep (`steward_case.cause`)."""


def findings_of(connection: sa.Connection, row: Any) -> list[int]:
    """Ids of the open errors that a case (a row of `steward_case`) is made of."""
    query = sa.select(finding.c.id).where(finding.c.closed_at.is_(None), finding.c.severity == "error").order_by(finding.c.id)
    if row.cause == "rows":
        query = query.where(finding.c.exchange_id == row.exchange_id, finding.c.action == "row", finding.c.rule == row.cause_key)
    elif row.cause in ("overdue", "answer"):
        late = finding.c.rule == "ACK-01" if row.cause == "overdue" else finding.c.rule != "ACK-01"
        query = query.where(finding.c.exchange_id == row.exchange_id, late)
    elif row.cause == "held":
        query = query.where(finding.c.exchange_id == row.exchange_id)
    elif row.cause == "message":  # as its cause counts them: rows that were left out of what was applied are cases of their own
        state = sa.select(exchange.c.state).where(exchange.c.id == row.exchange_id).scalar_subquery()
        query = query.where(finding.c.exchange_id == row.exchange_id, sa.or_(finding.c.action != "row", state.not_in(APPLIED)))
    elif row.cause == "document":
        envelope = finding.c.interchange_id == int(row.cause_key) if row.cause_key else finding.c.interchange_id.is_(None)
        query = query.where(finding.c.document_id == row.document_id, finding.c.exchange_id.is_(None), envelope)
    elif row.cause == "finding":
        query = query.where(finding.c.id == row.cause_id)
    else:
        return []
    return list(connection.execute(query).scalars())

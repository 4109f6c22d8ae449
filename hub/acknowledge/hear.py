"""What we hear: a partner's answer closes, part-closes or rejects exactly the documents that it speaks of.

Control numbers count for each pair of identities alone, so an answer is looked up among what went out between the two that it names.
What answers nothing of ours is a finding (ACK-03).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from connectors.answering import Answering, Said
from connectors.registry import answering_of
from data_contracts.findings import Finding
from data_contracts.source import Message
from hub.examine import ExaminedInterchange
from hub.runtime import Hub
from hub.store import evidence, tables
from hub.store.unit_of_work import UnitOfWork


def receive(hub: Hub, uow: UnitOfWork, document: Any, examined: ExaminedInterchange, exchange_id: int, message: Message) -> None:
    """An acknowledgement came as a message: tell each document that it answers."""
    answering = answering_of(examined.format)
    if answering is not None:
        _tell(hub, uow, document, examined, exchange_id, answering, answering.read(message))


def receive_note(hub: Hub, uow: UnitOfWork, document: Any, examined: ExaminedInterchange, note: Any) -> None:
    """An acknowledgement came beside the messages (TA1)."""
    answering = answering_of(examined.format)
    if answering is not None:
        _tell(hub, uow, document, examined, None, answering, answering.read_note(note))


def _tell(
    hub: Hub,
    uow: UnitOfWork,
    document: Any,
    examined: ExaminedInterchange,
    exchange_id: int | None,
    answering: Answering,
    statements: Iterable[Said],
) -> None:
    """Close what the statements speak of, the inner level winning over the outer one."""
    scope = _sent_under(hub, document, examined)
    unknown: set[tuple[str | None, ...]] = set()
    closing: dict[int, tuple[Any, Said]] = {}
    for said in statements:
        outer = {("interchange", said.control), ("group", said.group_type, said.group_control)}
        if said.level == "message" and outer & unknown:
            continue  # its group is none of ours: that has been said
        rows = _spoken_of(uow, scope, said, answering)
        if not rows:
            unknown |= {one for one in outer if one[0] == said.level}
            _unknown(uow, document, exchange_id, said)
        elif said.verdict != "received":
            closing.update({row.id: (row, said) for row in rows})
    for row, said in closing.values():
        _close(uow, row, said)


def _spoken_of(uow: UnitOfWork, scope: sa.ColumnElement[bool], said: Said, answering: Answering) -> list[Any]:
    """What went out and is meant by one statement."""
    query = sa.select(tables.exchange).where(scope)
    if said.group_control is not None:
        query = query.where(tables.exchange.c.group_control == plain_number(said.group_control))
    rows = uow.connection.execute(query)
    return [row for row in rows if _meant(row, said, answering)]


def _meant(row: Any, said: Said, answering: Answering) -> bool:
    if said.control is not None and not same_number((row.keys or {}).get("interchange"), said.control):
        return False
    if said.group_type is not None and answering.group_type(row.type) != said.group_type:
        return False
    if said.message_type is not None and said.message_type != row.type:
        return False
    return said.message_control is None or same_number(row.control, said.message_control)


def plain_number(value: str) -> str:
    """A control number without its leading zeros, which mean nothing."""
    return value.lstrip("0") or "0"


def same_number(one: str | None, other: str) -> bool:
    """Whether two control numbers are the same; leading zeros of digits do not matter, an absent one equals nothing.

    >>> same_number("000000031", "31"), same_number("A1", "A2"), same_number(None, "")
    (True, False, False)
    """
    if not one or not other:
        return False
    return one == other or (one.isdigit() and other.isdigit() and plain_number(one) == plain_number(other))


def _sent_under(hub: Hub, document: Any, examined: ExaminedInterchange) -> sa.ColumnElement[bool]:
    """What went out to this partner between the two identities of the answer: control numbers count for each such pair alone."""
    sender, receiver = examined.interchange.receiver, examined.interchange.sender
    agreements = [
        agreement.agreement
        for agreement in hub.site.agreements.values()
        if agreement.direction == "out"
        and agreement.envelope is not None
        and (agreement.envelope.sender, agreement.envelope.receiver) == (sender, receiver)
    ]
    return sa.and_(
        tables.exchange.c.direction == "out",
        tables.exchange.c.partner_id == document.partner_id,
        tables.exchange.c.agreement.in_(agreements),
    )


def _close(uow: UnitOfWork, row: Any, said: Said) -> None:
    outcome = said.verdict
    uow.connection.execute(tables.exchange.update().where(tables.exchange.c.id == row.id).values(acknowledgement=outcome))
    evidence.transition(uow, [row.id], "failed" if outcome == "rejected" else "acknowledged", said.notes or None)
    overdue = sa.select(tables.finding.c.id).where(tables.finding.c.exchange_id == row.id, tables.finding.c.rule == "ACK-01")
    evidence.close_findings(uow, list(uow.connection.execute(overdue).scalars()), "the answer came")
    if outcome == "rejected":
        finding = Finding("ACK-02", got=f"{row.type} {row.business_key}", expected=said.notes)
        evidence.add_findings(uow, [evidence.Found(finding, None, None, row.id, row.partner_id, row.organisation_id)])
    uow.audit(
        row.organisation_id,
        "exchange.acknowledged",
        f"exchange/{row.id}",
        before={"acknowledgement": row.acknowledgement},
        after={"acknowledgement": outcome, "said": said.notes},
    )


def _unknown(uow: UnitOfWork, document: Any, exchange_id: int | None, said: Said) -> None:
    parts = {
        "interchange": (said.control,),
        "group": (said.group_type, said.group_control),
        "message": (said.message_type, said.message_control),
        "document": (said.message_type, said.number),
    }[said.level]
    finding = Finding("ACK-03", got=" ".join((said.level, *(part for part in parts if part))))
    evidence.add_findings(uow, [evidence.Found(finding, document.id, None, exchange_id, document.partner_id, document.organisation_id)])

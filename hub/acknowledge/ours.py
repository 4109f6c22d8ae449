"""What becomes of our own business answers: a partner's machine says of an 824, APERAK or StatusUpdateRequest of ours whether it took it.

Those are the answers that their standard lets be answered (`Answering.answered`), by syntax alone. They are kept under the numbers by which
they are named, beside the document that they answer; what is said of one closes it (accepted, partly, rejected) and nothing else. Nobody
answers what was said: the 997 for an 824 is the last word. A refusal is ACK-11, until the partner takes it after all.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import sqlalchemy as sa

from connectors.answering import Answering, Said
from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.findings import Finding
from hub.store import evidence, tables
from hub.store.controls import plain_number
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork

_INNERMOST = ("message", "group", "interchange")


def names_of(answering: Answering, syntax: str, kind: str, content: bytes) -> tuple[str | None, str | None]:
    """Interchange and group number of an answer that may be answered, as our own reader finds them; of every other, none."""
    if kind not in answering.answered:
        return None, None
    reference = group = None
    for event in format_named(syntax).read(BytesIO(content), STRICT):
        if event.kind == "interchange_end" and event.interchange is not None and event.interchange.control is not None:
            reference = plain_number(event.interchange.control)
        elif event.kind == "group_end" and event.group is not None and event.group.control is not None:
            group = plain_number(event.group.control)
    return reference, group


def spoken_of(uow: UnitOfWork, document: Any, pair: tuple[str | None, str | None], said: Said, answering: Answering) -> list[Any]:
    """Our answers to this partner that a statement means, between the two identities of the answer (ours, the partner's), newest first."""
    ours, came = tables.acknowledgement, tables.interchange
    query = (
        sa.select(ours, came.c.sender, came.c.receiver)
        .join(came, came.c.id == ours.c.interchange_id)
        .join(tables.document, tables.document.c.id == ours.c.document_id)
        .where(tables.document.c.partner_id == document.partner_id, ours.c.kind.in_(answering.answered))
        .order_by(ours.c.id.desc())
    )
    if said.level == "document":
        return []
    if said.control is not None:
        query = query.where(ours.c.reference == plain_number(said.control))
    elif said.group_control is not None:
        query = query.where(ours.c.group_control == plain_number(said.group_control))
    else:
        return []
    return [row for row in uow.connection.execute(query) if _meant(row, said, answering, pair)][:1]


def brought_by(uow: UnitOfWork, document: Any, parcel: int, answering: Answering) -> list[Any]:
    """The answer of ours whose delivery brought this document on the same connection (cXML)."""
    ours = tables.acknowledgement
    query = (
        sa.select(ours)
        .join(tables.document, tables.document.c.id == ours.c.document_id)
        .where(ours.c.outbox_id == parcel, ours.c.kind.in_(answering.answered), tables.document.c.partner_id == document.partner_id)
    )
    return list(uow.connection.execute(query))


def _meant(row: Any, said: Said, answering: Answering, pair: tuple[str | None, str | None]) -> bool:
    if any(one is not None and other is not None and one != other for one, other in zip(pair, (row.receiver, row.sender), strict=True)):
        return False
    if said.group_control is not None and row.group_control is not None and plain_number(said.group_control) != row.group_control:
        return False
    if said.group_type is not None and answering.group_type(row.kind) != said.group_type:
        return False
    return said.message_type is None or said.message_type == row.kind


def close(uow: UnitOfWork, row: Any, statements: Sequence[Said], document: Any, exchange_id: int | None) -> None:
    """One answer of ours is answered: the innermost level of what was said of it counts."""
    level = next(level for level in _INNERMOST if any(said.level == level for said in statements))
    said = [one for one in statements if one.level == level and one.verdict != "received"]
    if not said:
        return  # that it arrived is no answer yet
    verdicts = {one.verdict for one in said}
    verdict = verdicts.pop() if len(verdicts) == 1 else "partly"
    notes = "; ".join(one.notes for one in said if one.notes) or None
    ours, finding = tables.acknowledgement, tables.finding
    by = {"document": document.id, "exchange": exchange_id, "said": notes}
    uow.connection.execute(ours.update().where(ours.c.id == row.id).values(answered=verdict, answered_at=uow.now, answered_by=by))
    owner = uow.connection.execute(sa.select(tables.document).where(tables.document.c.id == row.document_id)).one()
    named = f"{row.kind} {row.reference}"
    open_ones = sa.select(finding.c.id).where(
        finding.c.document_id == row.document_id, finding.c.rule == "ACK-11", finding.c.got == named, finding.c.closed_at.is_(None)
    )
    if known := list(uow.connection.execute(open_ones).scalars()):
        evidence.close_findings(uow, known, "the partner answered")
    if verdict != "accepted":
        told = Finding("ACK-11", got=named, expected=notes)
        evidence.add_findings(
            uow, [evidence.Found(told, row.document_id, row.interchange_id, None, owner.partner_id, owner.organisation_id)]
        )
    uow.audit(
        owner.organisation_id,
        "acknowledgement.answered",
        f"acknowledgement/{row.id}",
        before={"answered": row.answered},
        after={"answered": verdict, "level": level, "said": notes},
    )


def answered(row: Any) -> dict[str, Any] | None:
    """What the partner said of an answer of ours, as plain values; None as long as it said nothing."""
    if row.answered is None:
        return None
    return {"verdict": row.answered, "recorded_at": moment(row.answered_at).isoformat(), **(row.answered_by or {})}

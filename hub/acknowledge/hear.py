"""What we hear: a partner's answer closes, part-closes or rejects exactly the documents that it speaks of.

Two levels, kept apart. An answer to **syntax** (997, CONTRL) names control numbers, which count for each pair of identities alone, so it is
looked up among what went out between the two that it names; it sets `acknowledgement` and makes the exchange `acknowledged` or `failed`;
errors that were noted on what was taken in spite of them are ACK-12.
An answer to **business** (824, APERAK, STATUS 51) names the document; after a good 997 it may still refuse what the document says: the
exchange is `refused` (ACK-05), or taken with remarks (ACK-06), until a better answer comes. Control numbers and document numbers are two
name spaces: each is looked for among its own kind only. What speaks of a business answer of ours (an 824) closes that (`ours.py`). What
answers nothing of ours is ACK-03.

The last answer counts, each on its own level: a later acceptance closes ACK-02 and ACK-05, but a syntax that is taken after all does not
undo what the partner's people refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from connectors.answering import Answering, Said
from connectors.registry import answering_of
from data_contracts.canonical import STORED
from data_contracts.findings import Finding
from data_contracts.source import Message
from hub.acknowledge import ours
from hub.acknowledge.say import SAME_CONNECTION
from hub.examine import ExaminedInterchange
from hub.runtime import Hub
from hub.store import evidence, tables
from hub.store.controls import plain_number, same_number
from hub.store.unit_of_work import UnitOfWork

_MOST_ANSWERS = 20
"""Answers to one document that are remembered, the last ones."""
_MOST_UNKNOWN = 20
"""Acknowledgements of one interchange, beside its messages, of which it is told one by one that they answer nothing of ours."""


def receive(hub: Hub, uow: UnitOfWork, document: Any, examined: ExaminedInterchange, exchange_id: int, message: Message) -> None:
    """An acknowledgement came as a message: tell each document that it answers."""
    answering = answering_of(examined.format)
    if answering is not None:
        statements = answering.read(message, examined.profile)
        if not statements:
            _unknown(uow, document, exchange_id, Finding("ACK-09", got=" ".join(filter(None, (message.type, message.control)))))
        _tell(hub, uow, document, examined, exchange_id, answering, statements)


def receive_notes(hub: Hub, uow: UnitOfWork, document: Any, examined: ExaminedInterchange) -> None:
    """Acknowledgements came beside the messages (TA1)."""
    answering = answering_of(examined.format)
    if answering is not None and examined.answers:
        statements = [said for note in examined.answers for said in answering.read_note(note)]
        _tell(hub, uow, document, examined, None, answering, statements)


def _tell(
    hub: Hub,
    uow: UnitOfWork,
    document: Any,
    examined: ExaminedInterchange,
    exchange_id: int | None,
    answering: Answering,
    statements: Iterable[Said],
) -> None:
    """Close what the statements speak of, the inner level of an answer to syntax winning over the outer one."""
    pair = examined.interchange.receiver, examined.interchange.sender
    scope = _sent_under(hub, document, examined.format, pair)
    brought = _brought_by_its_own(uow, document)
    own = _our_answer_that_brought(uow, document, answering)
    unknown: set[tuple[str | None, ...]] = set()
    untold = 0
    closing: dict[int, tuple[Any, Said]] = {}
    answers: dict[int, tuple[Any, list[Said]]] = {}
    for said in statements:
        outer = {("interchange", said.control), ("group", said.group_type, said.group_control)}
        if said.level in ("group", "message") and outer & unknown:
            continue  # its interchange or group is none of ours: that has been said
        if brought and said.level == "interchange":
            rows = brought
        else:
            rows = _spoken_of(uow, scope, said, answering) if _between(said.parties, pair) else []
        mine = []
        if not rows and _between(said.parties, pair):
            mine = own if own and said.level == "interchange" else ours.spoken_of(uow, document, pair, said, answering)
        for row in mine:
            answers.setdefault(row.id, (row, []))[1].append(said)
        if mine:
            continue
        if not rows:
            unknown |= {one for one in outer if one[0] == said.level}
            if exchange_id is None and len(unknown) > _MOST_UNKNOWN:
                untold += 1
                continue
            _unknown(uow, document, exchange_id, Finding("ACK-03", got=_spoken(said)))
        elif said.level == "document":
            _close_business(uow, rows[0], said)
            if said.unknown:
                _unknown(uow, document, exchange_id, Finding("ACK-10", got=", ".join(said.unknown), expected=_named(rows[0])))
            _remember(uow, rows[0], document, exchange_id, said)
        elif said.verdict != "received":
            closing.update({row.id: (row, said) for row in rows if not _taken_before(row, said)})
    if untold:
        _unknown(uow, document, exchange_id, Finding("ACK-13", got=str(untold)))
    for row, said in closing.values():
        _close_syntax(uow, row, said)
        _remember(uow, row, document, exchange_id, said)
    for answer, of_it in answers.values():
        ours.close(uow, answer, of_it, document, exchange_id)


def _remember(uow: UnitOfWork, row: Any, document: Any, exchange_id: int | None, said: Said) -> None:
    """Which document of the partner said so: whoever mends what was refused reads there which segment it is about."""
    before = (row.keys or {}).get("answers", [])
    answer = {"document": document.id, "exchange": exchange_id, "level": said.level, "verdict": said.verdict, "said": said.notes or None}
    keys = {**(row.keys or {}), "answers": [*before, answer][-_MOST_ANSWERS:]}
    uow.connection.execute(tables.exchange.update().where(tables.exchange.c.id == row.id).values(keys=keys))


def _brought_by_its_own(uow: UnitOfWork, document: Any) -> list[Any]:
    """What was sent on the connection that brought this answer: such an answer need not say what it speaks of (cXML Response)."""
    if document.channel != SAME_CONNECTION:
        return []
    of_parcel = sa.select(tables.outbox.c.exchange_id).where(
        tables.outbox.c.id == _parcel(document), tables.outbox.c.partner_id == document.partner_id
    )
    return list(uow.connection.execute(sa.select(tables.exchange).where(tables.exchange.c.id.in_(of_parcel))))


def _our_answer_that_brought(uow: UnitOfWork, document: Any, answering: Answering) -> list[Any]:
    return ours.brought_by(uow, document, _parcel(document), answering) if document.channel == SAME_CONNECTION else []


def _parcel(document: Any) -> int:
    """The parcel whose delivery was answered by this document."""
    return int(document.delivery_key.partition(":")[2].partition("/")[0])


def _spoken_of(uow: UnitOfWork, scope: sa.ColumnElement[bool], said: Said, answering: Answering) -> list[Any]:
    """What went out and is meant by one statement, newest first; of a document that went out again, what is still open comes first."""
    exchange = tables.exchange
    query = sa.select(exchange).where(scope).order_by(exchange.c.id.desc())
    if said.control is not None:
        query = query.where(exchange.c.reference == plain_number(said.control))
    elif said.group_control is not None:
        query = query.where(exchange.c.group_control == plain_number(said.group_control))
    elif said.message_control is not None:
        query = query.where(exchange.c.reference == plain_number(said.message_control))
    elif said.number is not None:
        query = query.where(exchange.c.business_key.in_([f"{kind}/{said.number}" for kind in sorted(STORED)]))
    else:
        return []
    rows = [row for row in uow.connection.execute(query) if _meant(row, said, answering)]
    return sorted(rows, key=lambda row: row.state == "failed")


def _meant(row: Any, said: Said, answering: Answering) -> bool:
    """Whether everything that the statement names fits; what it leaves out does not matter."""
    if said.group_control is not None and not same_number(row.group_control, said.group_control):
        return False
    if said.group_type is not None and answering.group_type(row.type) != said.group_type:
        return False
    if said.message_type is not None and said.message_type != row.type:
        return False
    if said.message_control is not None and not (same_number(row.control, said.message_control) or row.reference == said.message_control):
        return False
    if said.types and row.type not in said.types:
        return False
    return said.number is None or said.number == (row.business_key or "").partition("/")[2]


def _taken_before(row: Any, said: Said) -> bool:
    """What was taken stays taken: a refusal of its whole envelope after that speaks of a second copy (TA1 025, UCI 4/26)."""
    return said.level == "interchange" and said.verdict == "rejected" and row.acknowledgement in ("accepted", "partly")


def _sent_under(hub: Hub, document: Any, syntax: str, pair: tuple[str | None, str | None]) -> sa.ColumnElement[bool]:
    """What went out to this partner in this syntax, between the two identities of the answer where the syntax has such."""
    agreements = [
        agreement.agreement
        for agreement in hub.site.agreements.values()
        if agreement.direction == "out"
        and agreement.format == syntax
        and (agreement.envelope is None or _fits(pair, (agreement.envelope.sender, agreement.envelope.receiver)))
    ]
    return sa.and_(
        tables.exchange.c.direction == "out",
        tables.exchange.c.partner_id == document.partner_id,
        tables.exchange.c.agreement.in_(agreements),
    )


def _fits(stated: tuple[str | None, str | None], agreed: tuple[str, str]) -> bool:
    """Whether the identities of an answer are those agreed; what it leaves out (a Response of cXML names nobody) does not matter."""
    return all(one is None or one == other for one, other in zip(stated, agreed, strict=True))


def _between(stated: tuple[str | None, str | None], pair: tuple[str | None, str | None]) -> bool:
    """Whether what is spoken of went between these two, as far as the answer repeats that; a qualifier that it leaves out is none."""
    return all(
        one is None or other is None or one == other or (one.startswith(":") and one[1:] == other.partition(":")[2])
        for one, other in zip(stated, pair, strict=True)
    )


def _close_syntax(uow: UnitOfWork, row: Any, said: Said) -> None:
    """The partner's machine took it, or did not. What it refused before and takes now it has mended, or has been sent again."""
    known = _open(uow, row)
    _close(uow, known, "ACK-02", "ACK-12")
    if said.remarked and said.verdict == "accepted":
        _find(uow, row, Finding("ACK-12", got=_named(row), expected=said.notes))
    if said.verdict == "rejected":
        _find(uow, row, Finding("ACK-02", got=_named(row), expected=said.notes))
        evidence.transition(uow, [row.id], "failed", said.notes or None)
    elif row.state == "refused" or "ACK-05" in known:
        evidence.transition(uow, [row.id], "refused", None)  # what its people refused stands, whatever its machine says now
    else:
        evidence.transition(uow, [row.id], "acknowledged", said.notes or None)
    if said.verdict == "partly" and "ACK-06" not in known:
        _find(uow, row, Finding("ACK-06", got=_named(row), expected=said.notes))
    _note(uow, row, known, said, said.verdict)


def _close_business(uow: UnitOfWork, row: Any, said: Said) -> None:
    """The partner's people or their system agree with what it says, or do not. It also shows that it came, where nothing else told so."""
    if said.verdict == "received":
        return
    refused = said.verdict == "rejected"
    unsaid = row.acknowledgement in ("awaited", "overdue", None) or row.state == "refused" or (row.state == "failed" and not refused)
    evidence.transition(uow, [row.id], "refused" if refused else "acknowledged", said.notes or None)
    known = _open(uow, row)
    # Who agrees with what it says has read it: a refusal of its syntax that came before is mended.
    _close(uow, known, "ACK-05", "ACK-06", *(() if refused else ("ACK-02",)))
    if said.verdict != "accepted":
        _find(uow, row, Finding("ACK-05" if refused else "ACK-06", got=_named(row), expected=said.notes))
    _note(uow, row, known, said, said.verdict if unsaid else row.acknowledgement)


def _note(uow: UnitOfWork, row: Any, known: Mapping[str, list[int]], said: Said, acknowledgement: str) -> None:
    """It is answered: no longer awaited or overdue, and not undelivered either, whatever its last delivery seemed to be."""
    uow.connection.execute(tables.exchange.update().where(tables.exchange.c.id == row.id).values(acknowledgement=acknowledgement))
    _close(uow, known, "ACK-01", "OUT-02")
    uow.audit(
        row.organisation_id,
        "exchange.acknowledged",
        f"exchange/{row.id}",
        before={"acknowledgement": row.acknowledgement, "state": row.state},
        after={"acknowledgement": acknowledgement, "level": said.level, "verdict": said.verdict, "said": said.notes},
    )


def _open(uow: UnitOfWork, row: Any) -> dict[str, list[int]]:
    """The open findings of what went out that an answer may close, by rule."""
    finding = tables.finding
    rules = ("ACK-01", "ACK-02", "ACK-05", "ACK-06", "ACK-12", "OUT-02")
    query = sa.select(finding.c.rule, finding.c.id).where(
        finding.c.exchange_id == row.id, finding.c.rule.in_(rules), finding.c.closed_at.is_(None)
    )
    found: dict[str, list[int]] = {}
    for rule, number in uow.connection.execute(query):
        found.setdefault(rule, []).append(number)
    return found


def _close(uow: UnitOfWork, known: Mapping[str, list[int]], *rules: str) -> None:
    if ids := [number for rule in rules for number in known.get(rule, ())]:
        evidence.close_findings(uow, ids, "the partner answered")


def _find(uow: UnitOfWork, row: Any, finding: Finding) -> None:
    evidence.add_findings(uow, [evidence.Found(finding, None, None, row.id, row.partner_id, row.organisation_id)])


def _named(row: Any) -> str:
    return f"{row.type} {row.business_key}"


def _spoken(said: Said) -> str:
    """What it speaks of, in its own words."""
    parts = {
        "interchange": (said.control, *said.parties),
        "group": (said.group_type, said.group_control),
        "message": (said.message_type, said.message_control),
        "document": (said.message_type, said.number or said.message_control),
    }[said.level]
    return " ".join((said.level, *(part for part in parts if part)))


def _unknown(uow: UnitOfWork, document: Any, exchange_id: int | None, finding: Finding) -> None:
    evidence.add_findings(uow, [evidence.Found(finding, document.id, None, exchange_id, document.partner_id, document.organisation_id)])

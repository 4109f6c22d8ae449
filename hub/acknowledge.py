"""Answers: what we say to a partner's document, by the route that was agreed, and what its answers to ours mean.

Said: TA1 for an interchange (on rejection, when asked, or always, as the agreement has it) and 997 for its groups. A refused interchange
gets no 997; an acknowledgement is never acknowledged; a repeat has the first answer again. Received: a 997 or TA1 closes,
part-closes or rejects the document that it answers. Control numbers come from the store. What a standard's acknowledgement says
is decided in `connectors/formats/x12/acknowledge.py`; when it leaves and where to, here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from connectors.formats.x12 import acknowledge as x12
from connectors.formats.x12.answers import read_functional_acknowledgement
from connectors.formats.x12.control import same_number
from connectors.formats.x12.delimiters import parse_header
from connectors.formats.x12.grammar import known_messages
from connectors.formats.x12.header import interchange_of
from connectors.formats.x12.verdicts import GroupVerdict, MessageVerdict, group_verdict, message_verdict
from connectors.spec import STRICT, Envelope
from data_contracts.findings import Finding
from data_contracts.source import Message
from hub.examine import Examination, ExaminedInterchange, ExaminedMessage
from hub.runtime import Hub
from hub.site import Acknowledge, Agreement
from hub.store import blobs, bulk, controls, envelopes, evidence, outbox, tables
from hub.store.identity import allocate
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork

ANSWERED = "x12"
"""The syntax whose standard defines acknowledgements that the hub writes."""
MEDIA_TYPE = "application/edi-x12"
_STRICT_ANSWER = Acknowledge(functional="always", interchange="on_rejection")
DUPLICATE = "025"


@dataclass(slots=True)
class Due:
    """One answer to be written: for which interchange, of which kind."""

    document: Any
    examined: ExaminedInterchange
    interchange_id: int
    policy: Acknowledge
    kind: str
    groups: int
    """Groups of the answer: so many group control numbers it takes."""


def answer(uow: UnitOfWork, document: Any, examined: ExaminedInterchange, envelope: envelopes.Registered) -> None:
    """Write and route what one interchange is to be answered, in the transaction that applies it."""
    answer_many(uow, [(document, examined, envelope)])


def answer_many(uow: UnitOfWork, asked: Iterable[tuple[Any, ExaminedInterchange, envelopes.Registered]]) -> None:
    """`answer` for a batch: control numbers are drawn once a pair of identities, rows written once a table."""
    due = [one for document, examined, envelope in asked for one in _due(document, examined, envelope)]
    if not due:
        return
    numbers = _control_numbers(uow, due)
    tried = [_carried(uow, one, number) for one, number in zip(due, numbers, strict=True)]
    contents = [content for content in tried if content is not None]
    due = [one for one, content in zip(due, tried, strict=True) if content is not None]
    staged = [blobs.stage(uow.home, content) for _, content in contents]
    blobs.record(uow.connection, staged)
    ids = allocate(uow.connection, "acknowledgement", len(due))
    outbox_ids = outbox.put_many(
        uow,
        [
            outbox.Parcel(
                stable_id=f"acknowledgement/{number}",
                organisation_id=one.document.organisation_id,
                partner_id=one.document.partner_id,
                kind="acknowledgement",
                route=dict(one.policy.route),
                name=f"{one.kind}_{one.examined.interchange.control or 'none'}_{number}.edi",
                media_type=MEDIA_TYPE,
                sha256=content.sha256,
            )
            for one, number, content in zip(due, ids, staged, strict=True)
        ],
    )
    bulk.insert(
        uow.connection,
        tables.acknowledgement,
        ("id", "document_id", "interchange_id", "kind", "verdict", "sha256", "outbox_id", "recorded_at"),
        [
            (number, one.document.id, one.interchange_id, one.kind, verdict, content.sha256, outbox_id, uow.now)
            for one, number, (verdict, _), content, outbox_id in zip(due, ids, contents, staged, outbox_ids, strict=True)
        ],
    )


def _due(document: Any, examined: ExaminedInterchange, envelope: envelopes.Registered) -> list[Due]:
    """The answers that the policy wants."""
    if examined.format != ANSWERED or envelope.outcome == "repeat":
        return []
    policy = examined.agreement.acknowledge if examined.agreement is not None else _STRICT_ANSWER
    return [Due(document, examined, envelope.interchange_id, policy, kind, groups) for kind, groups in wanted(examined, policy)]


def wanted(examined: ExaminedInterchange, policy: Acknowledge) -> list[tuple[str, int]]:
    """Kinds of answer with the number of their groups. A refused interchange has a TA1 at most."""
    kinds: list[tuple[str, int]] = []
    refused, say = examined.refused, policy.interchange
    if say == "always" or (say == "requested" and examined.interchange.acknowledgement_requested) or (say != "never" and refused):
        kinds.append(("TA1", 0))
    if not refused and policy.functional == "always" and (groups := x12.functional_groups(_group_verdicts(examined))):
        kinds.append(("997", groups))
    return kinds


def _control_numbers(uow: UnitOfWork, due: Sequence[Due]) -> list[tuple[int, int]]:
    """Interchange and first group control number of each answer, in order."""
    pairs: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(due):
        pairs.setdefault((one.examined.interchange.receiver or "", one.examined.interchange.sender or ""), []).append(place)
    numbers = [(0, 1)] * len(due)
    for (sender, receiver), places in sorted(pairs.items()):
        first = controls.next_control(uow.connection, "interchange", sender, receiver, len(places))
        interchanges = controls.numbers(first, len(places))
        total = sum(due[place].groups for place in places)
        groups = controls.numbers(controls.next_control(uow.connection, "group", sender, receiver, total), total) if total else []
        used = 0
        for place, interchange in zip(places, interchanges, strict=True):
            numbers[place] = (interchange, groups[used] if due[place].groups else 1)
            used += due[place].groups
    return numbers


def _carried(uow: UnitOfWork, one: Due, numbers: tuple[int, int]) -> tuple[str, bytes] | None:
    """The answer; in the sender's own delimiters where its identities hold one of ours, and a finding where it cannot be written."""
    envelope = _envelope(uow, one, *numbers)
    try:
        return _content(one, envelope)
    except ValueError:
        theirs = replace(envelope, delimiters=dict(one.examined.interchange.delimiters))
    try:
        return _content(one, theirs)
    except ValueError as error:
        reason = str(error)
    document = one.document
    finding = Finding("ACK-04", got=reason)
    evidence.add_findings(
        uow, [evidence.Found(finding, document.id, one.interchange_id, None, document.partner_id, document.organisation_id)]
    )
    return None


def _content(one: Due, envelope: Envelope) -> tuple[str, bytes]:
    """Verdict and bytes of one answer."""
    examined = one.examined
    if one.kind == "TA1":
        code, note = _interchange_verdict(examined)
        return _VERDICTS[code], x12.interchange_acknowledgement(examined.interchange.header, note, code, envelope, examined.profile)
    verdicts = _group_verdicts(examined)
    return _summary(verdicts), x12.functional_acknowledgement(verdicts, envelope, examined.profile)


def word_for(interchange: ExaminedInterchange, message: ExaminedMessage) -> str | None:
    """`accepted` or `rejected` as the 997 says of a message; None where nothing is said of it."""
    policy = interchange.agreement.acknowledge if interchange.agreement is not None else _STRICT_ANSWER
    if interchange.format != ANSWERED or policy.functional == "never" or message.fate == "answer":
        return None
    return "rejected" if message.fate == "rejected" else "accepted"


def preview(examination: Examination, now: datetime) -> str | None:
    """What would be answered, with control numbers from 1: for `udihub check`. None where the syntax has no acknowledgement."""
    if examination.format != ANSWERED:
        return None
    texts = []
    for examined in examination.interchanges:
        policy = examined.agreement.acknowledge if examined.agreement is not None else _STRICT_ANSWER
        if not examined.verdicts:
            for message in examined.messages:
                remember(examined, message)
        for kind, groups in wanted(examined, policy):
            texts.append(_content(Due(None, examined, 0, policy, kind, groups), _numbered(examined, now, 1, 1))[1].decode("latin-1"))
    return "\n".join(texts) or None


_VERDICTS = {"A": "accepted", "E": "accepted", "P": "partly", "R": "rejected"}


def _interchange_verdict(examined: ExaminedInterchange) -> tuple[str, str]:
    """TA1 code and note: the first thing that refuses the interchange, else the first remark that has a note."""
    for severity, code in (("error", "R"), ("warning", "E")):
        notes = [finding.code for finding in examined.findings if finding.severity == severity and finding.code]
        if notes:
            return code, notes[0]
    return "A", "000"


def _summary(verdicts: Sequence[GroupVerdict]) -> str:
    """One word for all groups together."""
    words = {_VERDICTS[verdict.verdict] for verdict in x12.answered(verdicts)}
    return words.pop() if len(words) == 1 else "partly"


def remember(examined: ExaminedInterchange, message: ExaminedMessage) -> None:
    """Keep of a message only what its acknowledgement must say."""
    if examined.format != ANSWERED or message.group is None:
        return
    verdict = message_verdict(message.message, examined.profile)
    refusal = next((finding.code for finding in message.syntax if finding.rule == "AGR-01" and finding.severity == "error"), None)
    if refusal is not None:
        verdict = replace(verdict, verdict="R", codes=(refusal, *(code for code in verdict.codes if code != refusal)))
    examined.verdicts.append((message.group.ordinal, verdict))


def _dry(examined: ExaminedInterchange, now: datetime, _groups: int) -> Envelope:
    return _numbered(examined, now, 1, 1)


def _group_verdicts(examined: ExaminedInterchange) -> list[GroupVerdict]:
    by_group: dict[int, list[MessageVerdict]] = {}
    for ordinal, verdict in examined.verdicts:
        by_group.setdefault(ordinal, []).append(verdict)
    return [group_verdict(group, by_group.get(group.ordinal, [])) for group in examined.groups]


def _envelope(uow: UnitOfWork, one: Due, control: int, group_control: int) -> Envelope:
    """An envelope back to the sender, dated in the partner's zone."""
    zone = ZoneInfo(one.examined.profile.time_zone)
    numbered = _numbered(one.examined, moment(uow.now).astimezone(zone), control, group_control)
    return replace(numbered, delimiters=dict(one.examined.profile.options.get("delimiters", numbered.delimiters)))


def _numbered(examined: ExaminedInterchange, now: datetime, control: int, group_control: int) -> Envelope:
    first = examined.groups[0] if examined.groups else None
    version = (first.version or "004010")[:6] if first is not None else "004010"
    return Envelope(
        sender=examined.interchange.receiver or "",
        receiver=examined.interchange.sender or "",
        control=control,
        group_control=group_control,
        first_message_control=1,
        created_at=now,
        version=version if version >= "004010" else "004010",
        test=examined.interchange.test,
        group_sender=first.receiver if first is not None else None,
        group_receiver=first.sender if first is not None else None,
    )


def refuse_conflict(hub: Hub, document_id: int, agreement: Agreement | None, head: bytes) -> None:
    """Answer a document that came under a used key with other bytes: TA1 R 025 in the outbox, and the envelope kept as evidence."""
    header = parse_header(head.decode("latin-1"), max(head.find(b"ISA"), 0))
    if header is None or isinstance(header, str):
        return
    profile = hub.site.profile(agreement) if agreement is not None else STRICT
    interchange = interchange_of(header, profile, 1, 0, 1)
    examined = ExaminedInterchange(interchange, agreement, profile, ANSWERED)
    examined.admission.append(Finding("DUP-03", got=interchange.control, code=DUPLICATE))
    with hub.database.begin("receiver") as uow:
        document = uow.connection.execute(sa.select(tables.document).where(tables.document.c.id == document_id)).one()
        known = uow.connection.execute(sa.select(tables.interchange.c.id).where(tables.interchange.c.document_id == document_id)).first()
        if known is not None:
            return  # the same conflict again: it has been answered
        registered = envelopes.register(
            uow,
            envelopes.Registration(
                document_id, 1, interchange.sender, interchange.receiver, interchange.control, bytes(document.sha256), refused=True
            ),
        )
        evidence.add_findings(
            uow,
            [
                evidence.Found(finding, document_id, registered.interchange_id, None, document.partner_id, document.organisation_id)
                for finding in examined.admission
            ],
        )
        answer(uow, document, examined, registered)
        uow.audit(document.organisation_id, "document.refused", f"document/{document_id}", reason="control number used with other bytes")


def receive_functional(hub: Hub, uow: UnitOfWork, document: Any, examined: ExaminedInterchange, exchange_id: int, message: Message) -> None:
    """A 997 came: tell each document that it answers. What answers nothing of ours is a finding."""
    answered = read_functional_acknowledgement(message.root, message.components) if message.root is not None else None
    if answered is None:
        return
    control = answered.control.lstrip("0") or "0"
    rows = [
        row
        for row in uow.connection.execute(
            sa.select(tables.exchange).where(_sent_under(hub, document, examined), tables.exchange.c.group_control == control)
        )
        if known_messages().get(row.type) == answered.type
    ]
    if not rows:
        _unknown(uow, document, exchange_id, f"group {answered.type} {answered.control}")
        return
    for row in rows:
        said = next((one for one in answered.messages if same_number(one.control, row.control)), None)
        _close(uow, row, said.verdict if said else answered.verdict, ", ".join(said.codes if said else answered.codes))


def receive_interchange(hub: Hub, uow: UnitOfWork, document: Any, examined: ExaminedInterchange, note: dict[str, Any]) -> None:
    """A TA1 came: a rejection closes every document of that interchange; an acceptance waits for the 997."""
    control = str(note.get("control", ""))
    rows = [
        row
        for row in uow.connection.execute(sa.select(tables.exchange).where(_sent_under(hub, document, examined)))
        if same_number((row.keys or {}).get("interchange", ""), control)
    ]
    if not rows:
        _unknown(uow, document, None, f"interchange {control}")
    for row in rows:
        if note.get("status") == "R":
            _close(uow, row, "R", f"TA1 {note.get('note')}")


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


def _close(uow: UnitOfWork, row: Any, code: str, notes: str) -> None:
    outcome = {"A": "accepted", "E": "accepted", "P": "partly"}.get(code, "rejected")
    uow.connection.execute(tables.exchange.update().where(tables.exchange.c.id == row.id).values(acknowledgement=outcome))
    evidence.transition(uow, [row.id], "failed" if outcome == "rejected" else "acknowledged", notes or None)
    overdue = sa.select(tables.finding.c.id).where(tables.finding.c.exchange_id == row.id, tables.finding.c.rule == "ACK-01")
    evidence.close_findings(uow, list(uow.connection.execute(overdue).scalars()), "the answer came")
    if outcome == "rejected":
        finding = Finding("ACK-02", got=f"{row.type} {row.business_key}", expected=f"{code} {notes}".strip())
        evidence.add_findings(uow, [evidence.Found(finding, None, None, row.id, row.partner_id, row.organisation_id)])
    uow.audit(
        row.organisation_id,
        "exchange.acknowledged",
        f"exchange/{row.id}",
        before={"acknowledgement": row.acknowledgement},
        after={"acknowledgement": outcome, "code": code},
    )


def _unknown(uow: UnitOfWork, document: Any, exchange_id: int | None, what: str) -> None:
    finding = Finding("ACK-03", got=what)
    evidence.add_findings(uow, [evidence.Found(finding, document.id, None, exchange_id, document.partner_id, document.organisation_id)])


def bytes_for(connection: sa.Connection, home: Path, document_id: int) -> bytes | None:
    """The answers to a document, one interchange after the other; a repeat has those of the first. None: no answer (yet)."""
    rows = _rows(connection, document_id)
    return b"".join(blobs.read_blob(connection, home, bytes(row.sha256)) for row in rows) or None


def listed(connection: sa.Connection, home: Path, document_id: int) -> list[dict[str, Any]]:
    """The answers to a document as plain values with their text."""
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "verdict": row.verdict,
            "recorded_at": moment(row.recorded_at).isoformat(),
            "state": row.state,
            "route": row.route.get("use") if row.route else None,
            "content": blobs.read_blob(connection, home, bytes(row.sha256)).decode("latin-1"),
        }
        for row in _rows(connection, document_id)
    ]


def _rows(connection: sa.Connection, document_id: int) -> list[Any]:
    own = sa.select(sa.func.coalesce(tables.interchange.c.repeat_of, tables.interchange.c.id)).where(
        tables.interchange.c.document_id == document_id, tables.interchange.c.outcome != "conflict"
    )
    conflicts = sa.select(tables.interchange.c.id).where(
        tables.interchange.c.document_id == document_id, tables.interchange.c.outcome == "conflict"
    )
    return list(
        connection.execute(
            sa.select(tables.acknowledgement, tables.outbox.c.state, tables.outbox.c.route)
            .outerjoin(tables.outbox, tables.outbox.c.id == tables.acknowledgement.c.outbox_id)
            .where(sa.or_(tables.acknowledgement.c.interchange_id.in_(own), tables.acknowledgement.c.interchange_id.in_(conflicts)))
            .order_by(tables.acknowledgement.c.id)
        ).all()
    )

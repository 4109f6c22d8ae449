"""Answers: what we say to a partner's document, by the route that was agreed, and what its answers to ours mean.

Said: TA1 for an interchange (on rejection, when asked, or always, as the agreement has it) and 997 for its groups. A refused interchange
gets no 997; an acknowledgement is never acknowledged; a repeat has the first answer again. Received: a 997 or TA1 closes, part-closes or rejects the
document that it answers. Control numbers come from the store. What a standard's acknowledgement says is decided in
`connectors/formats/x12/acknowledge.py`; when it leaves and where to, here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from connectors.formats.x12 import acknowledge as x12
from connectors.formats.x12.answers import read_functional_acknowledgement
from connectors.formats.x12.control import same_number
from connectors.formats.x12.delimiters import parse_header
from connectors.formats.x12.header import interchange_of
from connectors.formats.x12.verdicts import GroupVerdict, group_verdict, message_verdict
from connectors.spec import STRICT, Envelope
from data_contracts.findings import Finding
from data_contracts.source import Message
from hub.examine import Examination, ExaminedInterchange, ExaminedMessage
from hub.runtime import Hub
from hub.site import Acknowledge, Agreement
from hub.store import blobs, controls, envelopes, evidence, outbox, tables
from hub.store.identity import allocate
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork

ANSWERED = "x12"
"""The syntax whose standard defines acknowledgements that the hub writes."""
MEDIA_TYPE = "application/edi-x12"
_STRICT_ANSWER = Acknowledge(functional="always", interchange="on_rejection")
DUPLICATE = "025"


def answer(hub: Hub, uow: UnitOfWork, document: Any, examined: ExaminedInterchange, envelope: envelopes.Registered) -> None:
    """Write and route what an interchange is to be answered, in the transaction that applies it."""
    if examined.format != ANSWERED or envelope.outcome == "repeat":
        return
    policy = examined.agreement.acknowledge if examined.agreement is not None else _STRICT_ANSWER
    for kind, verdict, content in _answers(examined, policy, lambda groups: _envelope(hub, uow, examined, groups)):
        _route(uow, document, envelope.interchange_id, kind, verdict, content, policy, examined)


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
        texts += [content.decode("latin-1") for _, _, content in _answers(examined, policy, partial(_dry, examined, now))]
    return "\n".join(texts) or None


def _answers(examined: ExaminedInterchange, policy: Acknowledge, envelope: Callable[[int], Envelope]) -> list[tuple[str, str, bytes]]:
    """(kind, verdict, bytes) of every answer that the policy wants."""
    made: list[tuple[str, str, bytes]] = []
    refused = examined.refused
    wanted = policy.interchange
    if wanted == "always" or (wanted == "requested" and examined.interchange.acknowledgement_requested) or (wanted != "never" and refused):
        code, note = _interchange_verdict(examined)
        content = x12.interchange_acknowledgement(examined.interchange.header, note, code, envelope(0), examined.profile)
        made.append(("TA1", _VERDICTS[code], content))
    if refused or policy.functional == "never":
        return made
    verdicts = [
        group_verdict(group, [verdict for ordinal, verdict in examined.verdicts if ordinal == group.ordinal]) for group in examined.groups
    ]
    if x12.answered(verdicts):
        content = x12.functional_acknowledgement(verdicts, envelope(x12.functional_groups(verdicts)), examined.profile)
        made.append(("997", _summary(verdicts), content))
    return made


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


def _envelope(hub: Hub, uow: UnitOfWork, examined: ExaminedInterchange, groups: int) -> Envelope:
    """An envelope back to the sender, numbered by the store, dated in the partner's zone; a TA1 alone has no groups."""
    sender, receiver = examined.interchange.receiver or "", examined.interchange.sender or ""
    zone = ZoneInfo(examined.profile.time_zone)
    numbered = _numbered(
        examined,
        moment(uow.now).astimezone(zone),
        controls.next_control(uow.connection, "interchange", sender, receiver),
        controls.next_control(uow.connection, "group", sender, receiver, groups) if groups else 1,
    )
    return replace(numbered, delimiters=dict(examined.profile.options.get("delimiters", numbered.delimiters)))


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


def _route(
    uow: UnitOfWork,
    document: Any,
    interchange_id: int,
    kind: str,
    verdict: str,
    content: bytes,
    policy: Acknowledge,
    examined: ExaminedInterchange,
) -> None:
    sha256, _size = blobs.keep(uow.connection, uow.home, content)
    (number,) = allocate(uow.connection, "acknowledgement", 1)
    outbox_id = outbox.put(
        uow,
        outbox.Parcel(
            stable_id=f"acknowledgement/{number}",
            organisation_id=document.organisation_id,
            partner_id=document.partner_id,
            kind="acknowledgement",
            route=dict(policy.route),
            name=f"{kind}_{examined.interchange.control or 'none'}_{number}.edi",
            media_type=MEDIA_TYPE,
            sha256=sha256,
        ),
    )
    uow.connection.execute(
        tables.acknowledgement.insert().values(
            id=number,
            document_id=document.id,
            interchange_id=interchange_id,
            kind=kind,
            verdict=verdict,
            sha256=sha256,
            outbox_id=outbox_id,
            recorded_at=uow.now,
        )
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
        known = uow.connection.execute(
            sa.select(tables.interchange.c.id).where(tables.interchange.c.document_id == document_id)
        ).first()
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
        answer(hub, uow, document, examined, registered)
        uow.audit(document.organisation_id, "document.refused", f"document/{document_id}", reason="control number used with other bytes")


def receive_functional(uow: UnitOfWork, partner_id: int, exchange_id: int, message: Message) -> None:
    """A 997 came: tell each document that it answers. What answers nothing of ours is a finding."""
    if message.root is None:
        return
    answered = read_functional_acknowledgement(message.root)
    if answered is None:
        return
    control = answered.control.lstrip("0") or "0"
    rows = uow.connection.execute(
        sa.select(tables.exchange).where(
            tables.exchange.c.direction == "out", tables.exchange.c.partner_id == partner_id, tables.exchange.c.group_control == control
        )
    ).all()
    if not rows:
        _unknown(uow, partner_id, exchange_id, f"group {answered.type} {answered.control}")
        return
    for row in rows:
        said = next((one for one in answered.messages if same_number(one.control, row.control)), None)
        if said is not None:
            _close(uow, row, said.verdict, ", ".join(said.codes))
        else:
            _close(uow, row, answered.verdict, ", ".join(answered.codes))


def receive_interchange(uow: UnitOfWork, partner_id: int, note: dict[str, Any]) -> None:
    """A TA1 came: a rejection closes every document of that interchange; an acceptance waits for the 997."""
    rows = uow.connection.execute(
        sa.select(tables.exchange).where(
            tables.exchange.c.direction == "out",
            tables.exchange.c.partner_id == partner_id,
            tables.exchange.c["keys"]["interchange"].as_string() == str(note.get("control")),
        )
    ).all()
    for row in rows:
        if note.get("status") == "R":
            _close(uow, row, "R", f"TA1 {note.get('note')}")


def _close(uow: UnitOfWork, row: Any, code: str, notes: str) -> None:
    outcome = {"A": "accepted", "E": "accepted", "P": "partly"}.get(code, "rejected")
    uow.connection.execute(tables.exchange.update().where(tables.exchange.c.id == row.id).values(acknowledgement=outcome))
    evidence.transition(uow, [row.id], "failed" if outcome == "rejected" else "acknowledged", notes or None)
    if outcome == "rejected":
        finding = Finding("ACK-02", got=f"{row.type} {row.business_key}", expected=f"{code} {notes}".strip())
        evidence.add_findings(uow, [evidence.Found(finding, None, None, row.id, row.partner_id, row.organisation_id)])
    uow.audit(row.organisation_id, "exchange.acknowledged", f"exchange/{row.id}", before={"acknowledgement": row.acknowledgement}, after={"acknowledgement": outcome, "code": code})


def _unknown(uow: UnitOfWork, partner_id: int, exchange_id: int, what: str) -> None:
    evidence.add_findings(uow, [evidence.Found(Finding("ACK-03", got=what), None, None, exchange_id, partner_id, None)])


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


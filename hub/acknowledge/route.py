"""How an answer gets there: kept beside the document that it answers, and put into the outbox by the route that was agreed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connectors.answering import shape_of
from connectors.registry import answering_of, format_named, format_names
from connectors.spec import STRICT, Profile
from data_contracts.errors import NotFoundError
from data_contracts.findings import Finding
from data_contracts.source import Group, ReadEvent
from hub import pipeline
from hub.acknowledge import ours, say
from hub.examine import ExaminedInterchange, ExaminedMessage
from hub.runtime import Hub
from hub.site import Agreement
from hub.store import blobs, bulk, documents, envelopes, evidence, outbox, tables
from hub.store.identity import allocate
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork


def answer(uow: UnitOfWork, document: Any, examined: ExaminedInterchange, envelope: envelopes.Registered) -> None:
    """Write and route what one interchange is to be answered, in the transaction that applies it."""
    answer_many(uow, [(document, examined, envelope)])


def answer_many(uow: UnitOfWork, asked: Iterable[tuple[Any, ExaminedInterchange, envelopes.Registered]]) -> None:
    """`answer` for a batch: control numbers are drawn once a pair of identities, rows written once a table."""
    due = [one for document, examined, envelope in asked for one in say.due(document, examined, envelope)]
    if not due:
        return
    numbers = say.control_numbers(uow, due)
    tried = [say.carried(uow, one, number) for one, number in zip(due, numbers, strict=True)]
    contents = [content for content in tried if content is not None]
    due = [one for one, content in zip(due, tried, strict=True) if content is not None]
    staged = [blobs.stage(uow.home, content) for _, content in contents]
    blobs.record(uow.connection, staged)
    ids = allocate(uow.connection, "acknowledgement", len(due))
    shapes = [shape_of(one.answering, one.received, one.examined.profile) for one in due]
    outbox_ids = outbox.put_many(
        uow,
        [
            outbox.Parcel(
                stable_id=f"acknowledgement/{number}",
                organisation_id=one.document.organisation_id,
                partner_id=one.document.partner_id,
                kind="acknowledgement",
                route=dict(one.policy.route),
                name=outbox.file_name("_".join(filter(None, (one.wanted.kind, one.received.interchange.control, f"{number}.{suffix}")))),
                media_type=media_type,
                sha256=content.sha256,
            )
            for one, number, content, (media_type, suffix) in zip(due, ids, staged, shapes, strict=True)
        ],
    )
    bulk.insert(
        uow.connection,
        tables.acknowledgement,
        ("id", "document_id", "interchange_id", "kind", "verdict", "sha256", "outbox_id", "recorded_at", "reference", "group_control"),
        [
            (
                number,
                one.document.id,
                one.interchange_id,
                one.wanted.kind,
                verdict,
                content.sha256,
                outbox_id,
                uow.now,
                *ours.names_of(one.answering, one.examined.format, one.wanted.kind, written),
            )
            for one, number, (verdict, written), content, outbox_id in zip(due, ids, contents, staged, outbox_ids, strict=True)
        ],
    )


def refuse_conflict(hub: Hub, document_id: int, agreement: Agreement | None, syntax: str) -> None:
    """Answer a document that came under a used key with other bytes, as its standard refuses a duplicate (TA1 R 025, UCI 4/26), and keep
    its envelope as evidence. A syntax that has no acknowledgement is not answered.
    """
    answering = answering_of(syntax)
    if answering is None:
        return
    profile = hub.site.profile(agreement) if agreement is not None else STRICT
    with hub.database.read() as connection:
        document = connection.execute(sa.select(tables.document).where(tables.document.c.id == document_id)).one()
        with blobs.open_blob(connection, hub.settings.home, bytes(document.sha256)) as stream:
            examined = _looked_into(pipeline.read(stream, format_named(syntax), profile, None), agreement, profile, syntax)
    if examined is None:
        return
    interchange = examined.interchange
    examined.admission.append(Finding("DUP-03", got=interchange.control, code=answering.refusals.duplicate))
    with hub.database.begin("receiver") as uow:
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


def _looked_into(events: Iterable[ReadEvent], agreement: Agreement | None, profile: Profile, syntax: str) -> ExaminedInterchange | None:
    """The first interchange of a document, read as far as its first message that may be answered: is there any?"""
    examined: ExaminedInterchange | None = None
    group: Group | None = None
    for event in events:
        if event.kind == "interchange" and event.interchange is not None and examined is None:
            examined = ExaminedInterchange(event.interchange, agreement, profile, syntax)
        elif examined is None or event.kind == "interchange_end":
            break
        elif event.kind == "group":
            group = event.group
        elif event.kind == "group_end" and event.group is not None:
            examined.groups.append(event.group)
        elif event.kind == "acknowledgement":
            examined.answers.append(event.detail)
        elif event.kind == "message" and event.message is not None:
            say.remember(examined, ExaminedMessage(event.message, group, agreement, syntax=event.message.findings))
            if examined.verdicts:
                break
    return examined


def bytes_for(connection: sa.Connection, home: Path, document_id: int) -> bytes | None:
    """The answers to a document, one interchange after the other; a repeat has those of the first. None: no answer (yet)."""
    rows = _rows(connection, document_id)
    return b"".join(blobs.read_blob(connection, home, bytes(row.sha256)) for row in rows) or None


def body_for(connection: sa.Connection, home: Path, document_id: int) -> tuple[bytes, str] | None:
    """The answers to a document as one body, with its media type; None: no answer (yet).

    Interchanges stand one after the other, as in a file. Of XML a body holds one document: several are parts of a `multipart/mixed`
    (RFC 2046, 5.1.3), each of its own type.
    """
    rows = _rows(connection, document_id)
    if not rows:
        return None
    found = {row.media_type for row in rows if row.media_type}
    media_type = found.pop() if len(found) == 1 else "application/octet-stream"
    contents = [blobs.read_blob(connection, home, bytes(row.sha256)) for row in rows]
    if len(rows) == 1 or not media_type.endswith("xml"):
        return b"".join(contents), media_type
    boundary = f"answers-{document_id}-{bytes(rows[0].sha256).hex()[:24]}"  # no answer holds it: it is made of one
    parts = [f"--{boundary}\r\nContent-Type: {media_type}\r\n\r\n".encode() + content + b"\r\n" for content in contents]
    return b"".join((*parts, f"--{boundary}--\r\n".encode())), f"multipart/mixed; boundary={boundary}"


@cache
def known_media_types() -> frozenset[str]:
    """Those of all syntaxes that have acknowledgements."""
    return frozenset(answering.media_type for name in format_names() if (answering := answering_of(name)) is not None)


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
            "content": say.text_of(blobs.read_blob(connection, home, bytes(row.sha256))),
            "reference": row.reference,
            "answered": ours.answered(row),
        }
        for row in _rows(connection, document_id)
    ]


def answers_of(connection: sa.Connection, home: Path, exchange_id: int) -> list[dict[str, Any]]:
    """Of what came, our answers to its document; of what we sent, the partner's messages that spoke of it. Raises NotFoundError."""
    exchange = tables.exchange
    row = connection.execute(sa.select(exchange).where(exchange.c.id == exchange_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no exchange {exchange_id}")
    if row.direction == "in":
        return listed(connection, home, row.document_id) if row.document_id is not None else []
    return [_heard(connection, home, answer) for answer in (row.keys or {}).get("answers", ())]


def _heard(connection: sa.Connection, home: Path, answer: Mapping[str, Any]) -> dict[str, Any]:
    """A partner's answer with the text of its message; one without a message of its own (TA1) is the whole document."""
    message, document = tables.exchange, tables.document
    of = connection.execute(sa.select(document).where(document.c.id == answer["document"])).one()
    said = connection.execute(sa.select(message).where(message.c.id == answer["exchange"])).one_or_none()
    content = blobs.read_blob(connection, home, bytes(of.sha256)) if said is None else documents.message_content(connection, home, said)
    return {
        **answer,
        "kind": said.type if said is not None else answer["level"],
        "name": of.name,
        "recorded_at": moment(of.received_at).isoformat(),
        "content": say.text_of(content),
    }


def _rows(connection: sa.Connection, document_id: int) -> list[Any]:
    own = sa.select(sa.func.coalesce(tables.interchange.c.repeat_of, tables.interchange.c.id)).where(
        tables.interchange.c.document_id == document_id, tables.interchange.c.outcome != "conflict"
    )
    conflicts = sa.select(tables.interchange.c.id).where(
        tables.interchange.c.document_id == document_id, tables.interchange.c.outcome == "conflict"
    )
    return list(
        connection.execute(
            sa.select(tables.acknowledgement, tables.outbox.c.state, tables.outbox.c.route, tables.outbox.c.media_type)
            .outerjoin(tables.outbox, tables.outbox.c.id == tables.acknowledgement.c.outbox_id)
            .where(sa.or_(tables.acknowledgement.c.interchange_id.in_(own), tables.acknowledgement.c.interchange_id.in_(conflicts)))
            .order_by(tables.acknowledgement.c.id)
        ).all()
    )

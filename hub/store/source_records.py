"""Source records as they came: every version that a system said, with the message and document that said it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from hub.store.lists import among
from hub.store.tables import application, exchange, master_record, organisation, partner, subject
from hub.store.types import moment

Source = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a source record."""

    subject_id: int
    application_id: int
    exchange_id: int
    document_id: int | None
    organisation_id: int
    organisation: str
    system: str
    keeper: str
    code: str
    revision: int
    purpose: str
    issued_at: int
    begins_at: int
    recorded_at: int
    standing: bool
    retracted: bool
    body: Any

    @property
    def source(self) -> Source:
        """System and code."""
        return (self.system, self.code)


def versions(connection: sa.Connection, kind: str, sources: Collection[Source]) -> list[Version]:
    """All versions of these source records, in the order in which they take effect."""
    named = set(sources)
    begins = sa.func.coalesce(application.c.effective_at, application.c.issued_at)
    rows = connection.execute(
        sa.select(
            subject.c.id, application.c.id, application.c.exchange_id, exchange.c.document_id, subject.c.organisation_id,
            organisation.c.key, partner.c.key, partner.c.kind, subject.c.key, application.c.revision, application.c.purpose,
            application.c.issued_at, begins, application.c.recorded_at, application.c.standing, application.c.retracted,
            master_record.c.body,
        )
        .select_from(subject)
        .join(application, application.c.subject_id == subject.c.id)
        .join(master_record, master_record.c.application_id == application.c.id)
        .join(partner, partner.c.id == subject.c.issuer_id)
        .join(organisation, organisation.c.id == subject.c.organisation_id)
        .join(exchange, exchange.c.id == application.c.exchange_id)
        .where(subject.c.kind == kind, among(connection, subject.c.key, sorted({code for _, code in named})))
        .order_by(partner.c.key, subject.c.key, organisation.c.key, begins, application.c.revision, application.c.id)
    )  # fmt: skip
    return [version for version in (Version(*tuple(row)) for row in rows) if version.source in named]


def in_effect(known: Sequence[Version], on: date) -> list[Version]:
    """Of each record the version that held on a day; none of a record that had not begun, or was cancelled by then."""
    last: dict[int, Version] = {}
    for version in sorted(known, key=lambda one: (one.begins_at, one.revision, one.issued_at, one.application_id)):
        if not version.retracted and moment(version.begins_at).date() <= on:
            last[version.subject_id] = version
    return [version for version in last.values() if version.purpose != "cancel"]

"""Documents read back: where one stands, its exact bytes, and whether a caller may see it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from data_contracts.findings import Language
from hub.store import blobs, evidence
from hub.store.tables import document, finding, partner
from hub.store.types import moment


def visible(connection: sa.Connection, document_id: int, partner_id: int | None, organisations: Collection[int]) -> sa.Row[Any]:
    """The document's row. Raises NotFoundError, with one text, when it is unknown or not the caller's to see."""
    query = sa.select(document).where(document.c.id == document_id, document.c.organisation_id.in_(organisations))
    if partner_id is not None:
        query = query.where(document.c.partner_id == partner_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no document {document_id}")
    return row


def state_of(connection: sa.Connection, document_id: int) -> str:
    """`received`, `processed`, `rejected` or `quarantined`."""
    state: str = connection.execute(sa.select(document.c.state).where(document.c.id == document_id)).scalar_one()
    return state


def content(connection: sa.Connection, home: Path, document_id: int) -> bytes:
    """Exactly the bytes as received."""
    sha256 = connection.execute(sa.select(document.c.sha256).where(document.c.id == document_id)).scalar_one()
    return blobs.read_blob(connection, home, bytes(sha256))


def show(connection: sa.Connection, document_id: int, language: Language = "en") -> dict[str, Any]:
    """One document with its findings, as plain values. Raises NotFoundError for an unknown id."""
    row = connection.execute(
        sa.select(document, partner.c.key.label("partner"))
        .join(partner, partner.c.id == document.c.partner_id)
        .where(document.c.id == document_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no document {document_id}")
    return {
        "document": row.id,
        "partner": row.partner,
        "channel": row.channel,
        "name": row.name,
        "format": row.format,
        "state": row.state,
        "sha256": bytes(row.sha256).hex(),
        "received_at": moment(row.received_at).isoformat(),
        "received_by": row.received_by,
        "findings": evidence.findings_of(
            connection, sa.and_(finding.c.document_id == document_id, finding.c.exchange_id.is_(None)), language
        ),
    }

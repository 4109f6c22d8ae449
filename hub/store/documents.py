"""Documents and messages read back: where one stands, its exact bytes, and whether a caller may see it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from data_contracts.findings import Language
from hub.store import blobs, evidence
from hub.store.lists import among
from hub.store.tables import document, exchange, finding, interchange, outbox, partner
from hub.store.types import moment

_PIECE = 1 << 18
_LAST = 20_000
"""Of so many documents it is asked what came lately: by their numbers, for no index knows their times."""
CORRECTIONS = "steward"
"""Channel of documents that hold a correction: own people's words, which no partner sees."""


def visible(connection: sa.Connection, document_id: int, partner_id: int | None, organisations: Collection[int]) -> sa.Row[Any]:
    """The document's row; a partner (`partner_id`) sees what it sent, and no corrections.

    Raises NotFoundError, with one text, when it is unknown or not the caller's to see.
    """
    query = sa.select(document).where(document.c.id == document_id, document.c.organisation_id.in_(organisations))
    if partner_id is not None:
        query = query.where(document.c.partner_id == partner_id, document.c.channel != CORRECTIONS)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no document {document_id}")
    return row


def free_key(connection: sa.Connection, organisation_id: int, partner_id: int, channel: str, key: str, sha256: bytes, since: int) -> str:
    """The delivery key for these bytes: the envelope's own, or one beside it where that envelope never counted, or came before `since`
    (microseconds since 1970), so that its number is free again.

    An interchange that was refused for its own faults, or was a test, has not used its number up: the mended one may come under it.
    """
    own, place = key, sa.and_(document.c.organisation_id == organisation_id, document.c.partner_id == partner_id)
    while True:
        first = connection.execute(
            sa.select(document.c.id, document.c.sha256, document.c.state, document.c.received_at).where(
                place, document.c.channel == channel, document.c.delivery_key == key
            )
        ).one_or_none()
        if first is None or first.received_at >= since:
            break
        key = f"{own}@{first.id}"
    if first is None or bytes(first.sha256) == sha256 or first.state in ("received", "waiting"):
        return key
    counted = connection.execute(
        sa.select(interchange.c.id).where(interchange.c.document_id == first.id, interchange.c.outcome.in_(("accepted", "repeat")))
    ).first()
    return key if counted is not None else f"{key}#{sha256.hex()[:16]}"


def said_before(
    connection: sa.Connection, organisation_id: int, partner_id: int, channel: str, keys: Collection[str], by: str
) -> tuple[Sequence[sa.Row[Any, Any, Any]], int | None]:
    """The documents that came by one of these delivery keys, the first one first, and the last document that came `by` the same way."""
    own = (document.c.organisation_id == organisation_id, document.c.partner_id == partner_id, document.c.channel == channel)
    columns = (document.c.id, document.c.delivery_key, document.c.received_at)
    query = sa.select(*columns).where(*own, document.c.delivery_key.in_(keys)).order_by(document.c.id)
    said = connection.execute(query).all()
    last = connection.scalar(sa.select(sa.func.max(document.c.id)).where(*own, document.c.received_by == by)) if said else None
    return said, last


def keys_since(connection: sa.Connection, flow: str, since: int) -> list[str]:
    """Delivery keys of what a flow landed since then (microseconds since 1970), among the last documents of all."""
    newest = sa.select(sa.func.max(document.c.id)).scalar_subquery()
    query = sa.select(document.c.delivery_key).where(
        document.c.id > newest - _LAST, document.c.flow == flow, document.c.received_at >= since
    )
    return list(connection.execute(query).scalars())


def wholly_visible(connection: sa.Connection, document_id: int, partner_id: int | None, organisations: Collection[int]) -> sa.Row[Any]:
    """As `visible`, for what speaks of all messages of a document: its bytes and its answers.

    A document may have interchanges for several organisations. Who may not see all of them reads the messages one by one.
    """
    row = visible(connection, document_id, partner_id, organisations)
    foreign = sa.select(exchange.c.id).where(exchange.c.document_id == document_id, exchange.c.organisation_id.not_in(organisations))
    if connection.execute(foreign.limit(1)).first() is not None:
        raise NotFoundError(f"document {document_id} is also for organisations that are not yours to see; read its exchanges one by one")
    return row


def also_for_others(connection: sa.Connection, document_ids: Collection[int], organisations: Collection[int] | None) -> set[int]:
    """Those of these documents that hold messages of organisations other than these (null: all may be seen)."""
    if organisations is None or not document_ids:
        return set()
    foreign = sa.select(exchange.c.document_id).where(
        among(connection, exchange.c.document_id, sorted(document_ids)), exchange.c.organisation_id.not_in(organisations)
    )
    return set(connection.execute(foreign.distinct()).scalars())


def state_of(connection: sa.Connection, document_id: int) -> str:
    """`received`, `processed`, `rejected` or `quarantined`."""
    state: str = connection.execute(sa.select(document.c.state).where(document.c.id == document_id)).scalar_one()
    return state


@dataclass(slots=True)
class Stretch(AbstractContextManager["Stretch"]):
    """A content of the store, or a part of it, opened at its first byte and of any size. To be closed."""

    stream: BinaryIO
    length: int
    tag: str
    """The same for the same bytes."""

    def read(self, limit: int | None = None) -> bytes:
        """The bytes from here on, in memory; no more than `limit`."""
        return self.stream.read(self.length if limit is None else min(self.length, limit))

    def pieces(self) -> Iterator[bytes]:
        """The bytes piece by piece; then it is closed. Raises FatalError as `blobs.open_blob`."""
        with self:
            left = self.length
            while left and (piece := self.stream.read(min(left, _PIECE))):
                left -= len(piece)
                yield piece

    def __exit__(self, *_: object) -> None:
        self.stream.close()


def _stretch(connection: sa.Connection, home: Path, sha256: bytes, offset: int = 0, length: int | None = None) -> Stretch:
    stream = blobs.open_blob(connection, home, sha256)
    size = stream.seek(0, 2)
    stream.seek(offset)
    if length is None:
        return Stretch(stream, size, sha256.hex()[:32])
    return Stretch(stream, max(min(length, size - offset), 0), f"{sha256.hex()[:32]}-{offset}-{length}")


def opened(connection: sa.Connection, home: Path, document_id: int) -> Stretch:
    """Exactly the bytes as received."""
    sha256 = connection.execute(sa.select(document.c.sha256).where(document.c.id == document_id)).scalar_one()
    return _stretch(connection, home, bytes(sha256))


def content(connection: sa.Connection, home: Path, document_id: int, limit: int | None = None) -> bytes:
    """`opened` in memory: its first bytes, all of them without `limit`."""
    with opened(connection, home, document_id) as found:
        return found.read(limit)


def exchange_visible(connection: sa.Connection, exchange_id: int, partner_id: int | None, organisations: Collection[int]) -> sa.Row[Any]:
    """The exchange's row. Raises NotFoundError, with one text, when it is unknown or not the caller's to see."""
    query = sa.select(exchange).where(exchange.c.id == exchange_id, exchange.c.organisation_id.in_(organisations))
    if partner_id is not None:
        query = query.where(exchange.c.partner_id == partner_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no exchange {exchange_id}")
    return row


def opened_message(connection: sa.Connection, home: Path, row: sa.Row[Any], *, corrections: bool = True) -> Stretch:
    """Exactly the bytes of one message: its part of the document that it came in, or what was written to go out.

    Of a steward's correction that correction, unless `corrections` are not the reader's to see. Raises NotFoundError when an outbound
    one was never written.
    """
    if row.document_id is None:
        sent = connection.execute(sa.select(outbox.c.sha256).where(outbox.c.exchange_id == row.id).order_by(outbox.c.id.desc())).first()
        if sent is None:
            raise NotFoundError(f"exchange {row.id} has no content")
        return _stretch(connection, home, bytes(sent.sha256))
    keys = row.keys or {}
    if corrections and "corrects" in keys:
        return opened(connection, home, keys["corrections"][-1])
    if row.byte_length is None:  # where its bytes stand is not known, as in a charset that had to be converted: the whole document
        return opened(connection, home, row.document_id)
    sha256 = connection.execute(sa.select(document.c.sha256).where(document.c.id == row.document_id)).scalar_one()
    return _stretch(connection, home, bytes(sha256), row.byte_offset or 0, row.byte_length)


def message_content(connection: sa.Connection, home: Path, row: sa.Row[Any], limit: int | None = None) -> bytes:
    """`opened_message` in memory: its first bytes, all of them without `limit`."""
    with opened_message(connection, home, row) as found:
        return found.read(limit)


def only_conflicts(connection: sa.Connection, document_id: int) -> bool:
    """Whether every interchange of a processed document came before with other bytes."""
    outcomes = connection.execute(sa.select(interchange.c.outcome).where(interchange.c.document_id == document_id)).scalars().all()
    return bool(outcomes) and all(outcome == "conflict" for outcome in outcomes)


def show(
    connection: sa.Connection, document_id: int, language: Language = "en", organisations: Collection[int] | None = None
) -> dict[str, Any]:
    """One document with its findings, as plain values; `organisations`: less what is said of other organisations' interchanges.

    Raises NotFoundError for an unknown id.
    """
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
            connection,
            sa.and_(
                finding.c.document_id == document_id,
                finding.c.exchange_id.is_(None),
                sa.true() if organisations is None else evidence.not_of_others(organisations),
            ),
            language,
        ),
    }

"""What is kept of AS2: each message byte for byte with its MIC, and the receipt that proves what the other side said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.transports.as2.message import Built
from connectors.transports.as2.mime import written
from hub.runtime import Hub
from hub.store import blobs, bulk
from hub.store.as2_tables import as2_message
from hub.store.outbox import Parcel
from hub.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Taken:
    """A message of a partner that was opened and is about to be taken."""

    theirs: str
    ours: str
    message_id: str
    organisation_id: int
    partner_id: int
    raw: blobs.Staged
    """Headers and body as they came."""
    mic: str
    digest: str
    disposition: str
    receipt: blobs.Staged | None


def keep_received(uow: UnitOfWork, taken: Taken, document_id: int) -> None:
    """Note a message of a partner and our receipt, in the transaction that makes its document durable."""
    blobs.record(uow.connection, [taken.raw, *([taken.receipt] if taken.receipt is not None else [])])
    uow.connection.execute(
        as2_message.insert().values(
            direction="in",
            theirs=taken.theirs,
            ours=taken.ours,
            message_id=taken.message_id,
            organisation_id=taken.organisation_id,
            partner_id=taken.partner_id,
            document_id=document_id,
            sha256=taken.raw.sha256,
            mic=taken.mic,
            digest=taken.digest,
            disposition=taken.disposition,
            receipt_sha256=None if taken.receipt is None else taken.receipt.sha256,
            recorded_at=uow.now,
            receipt_at=None if taken.receipt is None else uow.now,
        )
    )


def receipt_of(connection: sa.Connection, hub: Hub, theirs: str, ours: str, message_id: str) -> bytes | None:
    """The receipt that a message of a partner got, byte for byte; None: it asked for none."""
    sha256 = connection.execute(sa.select(as2_message.c.receipt_sha256).where(*_is("in", theirs, ours, message_id))).scalar_one_or_none()
    return None if sha256 is None else blobs.read_blob(connection, hub.settings.home, bytes(sha256))


def keep_sent(hub: Hub, parcel: Parcel, settings: Mapping[str, Any], built: Built, receipt: bytes | None, disposition: str | None) -> None:
    """Note what leaves, before it does, and what the partner's receipt says, before it counts. The last attempt's bytes stand."""
    theirs, ours = str(settings["theirs"]), str(settings["ours"])
    if receipt is not None:
        keep_answer(hub, theirs, ours, built.message_id, receipt, disposition)
        return
    raw = blobs.stage(hub.settings.home, written(built.headers, built.body))
    row = {
        "direction": "out", "theirs": theirs, "ours": ours, "message_id": built.message_id, "organisation_id": parcel.organisation_id,
        "partner_id": parcel.partner_id, "outbox_id": parcel.id, "sha256": raw.sha256, "mic": built.mic, "digest": built.digest,
    }  # fmt: skip
    with hub.database.begin("sender") as uow:
        blobs.record(uow.connection, [raw])
        row["recorded_at"] = uow.now
        if not bulk.insert_new(uow.connection, as2_message, list(row), [list(row.values())]):
            changed = as2_message.update().where(*_is("out", theirs, ours, built.message_id))
            uow.connection.execute(changed.values(sha256=raw.sha256, mic=built.mic, digest=built.digest))


def keep_answer(hub: Hub, theirs: str, ours: str, message_id: str, receipt: bytes, disposition: str | None) -> sa.Row[Any] | None:
    """Note a partner's receipt. Returns the row of the message that it is about; None: we sent none of this Message-ID."""
    staged = blobs.stage(hub.settings.home, receipt)
    with hub.database.begin("sender") as uow:
        which = _is("out", theirs, ours, message_id)
        row = uow.connection.execute(sa.select(as2_message).where(*which)).one_or_none()
        if row is None:
            return None
        blobs.record(uow.connection, [staged])
        uow.connection.execute(
            as2_message.update().where(*which).values(receipt_sha256=staged.sha256, disposition=disposition, receipt_at=uow.now)
        )
        uow.audit(
            row.organisation_id, "receipt.received", f"outbox/{row.outbox_id}",
            after={"message_id": message_id, "disposition": disposition, "sha256": staged.sha256.hex()},
        )  # fmt: skip
        return row


def _is(direction: str, theirs: str, ours: str, message_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    columns = as2_message.c
    return columns.direction == direction, columns.theirs == theirs, columns.ours == ours, columns.message_id == message_id

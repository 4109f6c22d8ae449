"""What is kept of AS2: each message byte for byte with its MIC, and the receipt that proves what the other side said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.transports.as2.mdn import Receipt
from connectors.transports.as2.message import Built
from connectors.transports.as2.mime import Entity, written
from connectors.transports.as2.station import Station
from connectors.transports.as2.verdict import Before, heard, nothing_more
from data_contracts.findings import Finding
from hub.runtime import Hub
from hub.store import blobs, bulk, evidence
from hub.store.as2_tables import as2_message
from hub.store.outbox import Parcel
from hub.store.tables import finding, outbox
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork

RULE = "AS2-11"


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


def sent_before(hub: Hub, station: Station, message_id: str) -> Before | None:
    """What is known of a Message-ID of ours; None: nothing left under it yet."""
    with hub.database.read() as connection:
        row = sent(connection, station.theirs, station.ours, message_id)
        return None if row is None else said_before(connection, hub, station, row)


def said_before(connection: sa.Connection, hub: Hub, station: Station, row: sa.Row[Any]) -> Before:
    """The same from its row."""
    if row.receipt_sha256 is None:
        return Before(None)
    return Before(heard(station, blobs.read_blob(connection, hub.settings.home, bytes(row.receipt_sha256)), moment(row.receipt_at)))


def keep_sent(
    hub: Hub, parcel: Parcel, settings: Mapping[str, Any], built: Built, receipt: Entity | None, said: Receipt | None, unproven: bool
) -> None:
    """Note what leaves, before it does, and what the partner's receipt says, before it counts. The last attempt's bytes stand."""
    theirs, ours = str(settings["theirs"]), str(settings["ours"])
    if receipt is not None and said is not None:
        keep_answer(hub, theirs, ours, receipt.raw, said, unproven=unproven)
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


def sent(connection: sa.Connection, theirs: str, ours: str, message_id: str) -> sa.Row[Any] | None:
    """The row of a message of ours; None: we sent none of this Message-ID."""
    return connection.execute(sa.select(as2_message).where(*_is("out", theirs, ours, message_id))).one_or_none()


def keep_answer(hub: Hub, theirs: str, ours: str, receipt: bytes, said: Receipt, *, unproven: bool) -> None:
    """Note a partner's receipt, by the message that it is about; nothing where we sent none of that Message-ID.

    The first receipt stands beside one that merely calls a repeat a duplicate. `unproven`: the delivery counts by such a word alone, which
    is told (AS2-11) until a receipt names the MIC.
    """
    staged = blobs.stage(hub.settings.home, receipt)
    with hub.database.begin("sender") as uow:
        row = sent(uow.connection, theirs, ours, said.original)
        if row is None:
            return
        blobs.record(uow.connection, [staged])
        if row.receipt_sha256 is None or not nothing_more(said):
            values = {"receipt_sha256": staged.sha256, "disposition": said.text, "receipt_at": uow.now}
            uow.connection.execute(as2_message.update().where(*_is("out", theirs, ours, said.original)).values(values))
        uow.audit(
            row.organisation_id, "receipt.received", f"outbox/{row.outbox_id}",
            after={"message_id": said.original, "disposition": said.text, "sha256": staged.sha256.hex()},
        )  # fmt: skip
        open_ones = _told(uow, row) if unproven or said.mic == row.mic else []
        if unproven and not open_ones:
            _tell(uow, row, said)
        elif open_ones and said.mic == row.mic:
            evidence.close_findings(uow, open_ones, f"a receipt names the MIC: {said.text}")


def _tell(uow: UnitOfWork, row: sa.Row[Any], said: Receipt) -> None:
    parcel = uow.connection.execute(sa.select(outbox.c.name, outbox.c.exchange_id).where(outbox.c.id == row.outbox_id)).one()
    told = Finding(RULE, expected=parcel.name, got=said.text, params={"outbox": str(row.outbox_id), "mic": row.mic})
    evidence.add_findings(uow, [evidence.Found(told, None, None, parcel.exchange_id, row.partner_id, row.organisation_id)])


def _told(uow: UnitOfWork, row: sa.Row[Any]) -> list[int]:
    query = sa.select(finding.c.id).where(
        finding.c.rule == RULE, finding.c.closed_at.is_(None), finding.c.params["outbox"].as_string() == str(row.outbox_id)
    )
    return list(uow.connection.execute(query).scalars())


def _is(direction: str, theirs: str, ours: str, message_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    columns = as2_message.c
    return columns.direction == direction, columns.theirs == theirs, columns.ours == ours, columns.message_id == message_id

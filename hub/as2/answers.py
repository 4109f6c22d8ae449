"""Receipts that come by a connection of their own: the parcel that waits for one is delivered, or given up, by what it says."""

from __future__ import annotations

from functools import partial
from typing import Any

import sqlalchemy as sa

from connectors.transports import as2
from connectors.transports.as2 import mdn, verdict
from connectors.transports.as2.faults import FaultError
from connectors.transports.as2.mime import Entity
from connectors.transports.as2.station import Station
from data_contracts.findings import Finding
from hub import delivery
from hub.as2.evidence import keep_answer, said_before, sent
from hub.as2.relations import relation, station_of
from hub.runtime import Hub
from hub.store import blobs, evidence
from hub.store.tables import outbox


def hear(hub: Hub, entity: Entity, theirs: str | None, ours: str | None) -> bool:
    """Whether the receipt counts. One that does not is a finding (AS2-09) with its bytes kept, and decides nothing.

    Raises ConfigError when our own side of the relation cannot be read.
    """
    flow = relation(hub, theirs, ours, "out")
    if flow is None or theirs is None or ours is None:
        _doubt(hub, entity, None, f"{theirs} to {ours}", "a relation by which we send")
        return False
    agreement = hub.site.agreements[flow.agreement]
    whose = (hub.partner_id(agreement.partner), hub.organisation_id(agreement.organisation))
    try:
        made = station_of(hub, flow)
        said = mdn.understood(made, entity, hub.clock.now())
    except FaultError as error:
        _doubt(hub, entity, whose, error.got, error.expected)
        return False
    with hub.database.read() as connection:
        row = sent(connection, theirs, ours, said.original)
        before = None if row is None else _before(connection, hub, made, row)
    if row is None:
        _doubt(hub, entity, whose, f"Message-ID {said.original}", "one that we sent")
        return False
    keep_answer(hub, theirs, ours, entity.raw, said, unproven=verdict.unproven(said, before))
    if before is None or before.said is None or not verdict.refuses(before.said):  # what was said no to goes as another message, if at all
        delivery.answered(hub, row.outbox_id, partial(as2.judged, said, row.message_id, row.mic, row.digest, before))
    return True


def _before(connection: sa.Connection, hub: Hub, made: Station, row: sa.Row[Any]) -> as2.Before | None:
    """What was known of a message when this receipt came; None: it has one sender's try behind it, to which the receipt is the answer."""
    tries = connection.execute(sa.select(outbox.c.fence).where(outbox.c.id == row.outbox_id)).scalar_one()
    return said_before(connection, hub, made, row) if tries > 1 or row.receipt_sha256 is not None else None


def _doubt(hub: Hub, entity: Entity, whose: tuple[int, int] | None, got: str, expected: str | None) -> None:
    with hub.database.begin("as2") as uow:
        params = {}
        if whose is not None:  # what strangers post is told, and not stored
            params["sha256"] = blobs.keep(uow.connection, uow.home, entity.raw)[0].hex()
        finding = Finding("AS2-09", expected=expected, got=got[:500], params=params)
        partner_id, organisation_id = whose or (None, None)
        evidence.add_findings(uow, [evidence.Found(finding, partner_id=partner_id, organisation_id=organisation_id)])

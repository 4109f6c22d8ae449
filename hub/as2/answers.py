"""Receipts that come by a connection of their own: the parcel that waits for one is delivered, or given up, by what it says."""

from __future__ import annotations

from functools import partial

from connectors.transports import as2
from connectors.transports.as2 import mdn
from connectors.transports.as2.faults import FaultError
from connectors.transports.as2.mime import Entity
from data_contracts.findings import Finding
from hub import delivery
from hub.as2.evidence import keep_answer
from hub.as2.relations import relation, station_of
from hub.runtime import Hub
from hub.store import blobs, evidence


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
        said = mdn.understood(station_of(hub, flow), entity, hub.clock.now())
    except FaultError as error:
        _doubt(hub, entity, whose, error.got, error.expected)
        return False
    row = keep_answer(hub, theirs, ours, said.original, entity.raw, said.text)
    if row is None:
        _doubt(hub, entity, whose, f"Message-ID {said.original}", "one that we sent")
        return False
    delivery.answered(hub, row.outbox_id, partial(as2.judged, said, row.message_id, row.mic, row.digest))
    return True


def _doubt(hub: Hub, entity: Entity, whose: tuple[int, int] | None, got: str, expected: str | None) -> None:
    with hub.database.begin("as2") as uow:
        params = {}
        if whose is not None:  # what strangers post is told, and not stored
            params["sha256"] = blobs.keep(uow.connection, uow.home, entity.raw)[0].hex()
        finding = Finding("AS2-09", expected=expected, got=got[:500], params=params)
        partner_id, organisation_id = whose or (None, None)
        evidence.add_findings(uow, [evidence.Found(finding, partner_id=partner_id, organisation_id=organisation_id)])

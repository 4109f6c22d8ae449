"""Receiving: from a body or a file to a durable inbox row, whoever brought it.

The delivery key decides what is a repeat: an Idempotency-Key if the sender gave one, else the envelope's own reference, else the file's
name, size and time. Equal bytes under a new key are a new assertion (stock A, then B, then A again).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from connectors import registry
from data_contracts.errors import ConflictError
from hub import acknowledge, pipeline
from hub.runtime import Hub
from hub.site import Agreement
from hub.store.inbox import Delivery, Landing

_PEEK = 4096


@dataclass(frozen=True, slots=True)
class Reception:
    """One body or file from an authenticated partner."""

    partner: str
    channel: str
    stream: BinaryIO
    by: str
    organisations: Sequence[str] | None = None
    """Organisations that the credential may send to; None: all."""
    name: str | None = None
    media_type: str | None = None
    agreement: str | None = None
    delivery_key: str | None = None


def receive(hub: Hub, reception: Reception) -> Landing:
    """Make the bytes durable. Outcome `conflict` means that another document came under the same key: both are kept, a TA1 refuses
    the second where the syntax has one. Raises ConflictError when nothing tells one delivery from another.
    """
    reception.stream.seek(0)
    head = reception.stream.read(_PEEK)
    reception.stream.seek(0)
    key = reception.delivery_key or envelope_key(head)
    if key is None:
        raise ConflictError("this syntax has no envelope reference: send an Idempotency-Key with each document")
    agreement = _agreement(hub, reception, head)
    landing = pipeline.land(
        hub,
        Delivery(
            organisation_id=hub.organisation_id(_organisation(hub, reception, agreement)),
            partner_id=hub.partner_id(reception.partner),
            channel=reception.channel,
            delivery_key=key,
            stream=reception.stream,
            name=reception.name,
            media_type=reception.media_type,
            flow=reception.agreement,
            received_by=reception.by,
        ),
    )
    if landing.outcome == "conflict":
        acknowledge.refuse_conflict(hub, landing.document_id, agreement, head)
    return landing


def envelope_key(head: bytes) -> str | None:
    """The envelope's own reference, `x12:sender|receiver|control`, or None where the syntax has none."""
    found = registry.sniff(head)
    if found is None or not hasattr(found, "envelope_reference"):
        return None
    reference = found.envelope_reference(head)
    return f"{found.name}:{reference}" if reference else None


def _agreement(hub: Hub, reception: Reception, head: bytes) -> Agreement | None:
    candidates = hub.site.inbound(reception.partner, reception.organisations)
    if reception.agreement is not None:
        return next((known for known in candidates if known.agreement == reception.agreement), None)
    reference = envelope_key(head)
    if reference is not None:
        sender, receiver, _ = reference.partition(":")[2].split("|")
        return hub.site.by_envelope(candidates, sender, receiver, hub.clock.now().date())
    return candidates[0] if len(candidates) == 1 else None


def _organisation(hub: Hub, reception: Reception, agreement: Agreement | None) -> str:
    """Whose document it is: the agreement's organisation; where none is selected, the first that the credential names."""
    if agreement is not None:
        return agreement.organisation
    allowed = list(reception.organisations or hub.site.organisations)
    ours = {known.organisation for known in hub.site.inbound(reception.partner, allowed)}
    return next((key for key in allowed if key in ours), allowed[0])

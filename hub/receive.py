"""Receiving: from a body or a file to a durable inbox row, whoever brought it.

The delivery key decides what is a repeat: an Idempotency-Key if the sender gave one, else the envelope's own reference. Bytes that no
syntax can read have neither; their hash stands in, so that they are kept, once. Equal bytes under a new key are a new assertion (stock A,
then B, then A again), hence a feed, which has no envelope, needs a key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from connectors import registry
from connectors.spec import STRICT
from data_contracts.errors import ConflictError
from hub import acknowledge, pipeline
from hub.runtime import Hub
from hub.site import DUPLICATE_DAYS, Agreement
from hub.store import blobs, documents
from hub.store.inbox import Delivery, Landing
from hub.store.types import DAY, micros
from hub.store.unit_of_work import UnitOfWork

_PEEK = 4096

GIVEN = "key:"
"""Before a delivery key that the sender, or its signer, gave."""


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


def receive(hub: Hub, reception: Reception, also: Callable[[UnitOfWork, Landing], None] | None = None) -> Landing:
    """Make the bytes durable, together with what else is to be noted (`also`, in the same transaction).

    Outcome `conflict` means that another document came under the same key: both are kept, a TA1 refuses the second where the syntax has
    one. Raises ConflictError when nothing tells one delivery from another.
    """
    reception.stream.seek(0)
    head = reception.stream.read(_PEEK)
    reception.stream.seek(0)
    reference = envelope_reference(head)
    if reception.delivery_key is None and reference is None and _is_feed(head):
        raise ConflictError("this syntax has no envelope reference: send an Idempotency-Key with each document")
    staged = blobs.stage(hub.settings.home, reception.stream)
    agreement = _agreement(hub, reception, reference)
    organisation_id = hub.organisation_id(_organisation(hub, reception, agreement))
    partner_id = hub.partner_id(reception.partner)
    key = _delivery_key(hub, reception, reference, staged)
    if reception.delivery_key is None and reference is not None:
        window = agreement.duplicate_window_days if agreement is not None else DUPLICATE_DAYS
        since = micros(hub.clock.now()) - window * DAY
        with hub.database.read() as connection:
            key = documents.free_key(connection, organisation_id, partner_id, reception.channel, key, staged.sha256, since)
    landing = pipeline.land(
        hub,
        Delivery(
            organisation_id=organisation_id,
            partner_id=partner_id,
            channel=reception.channel,
            delivery_key=key,
            stream=staged,
            name=reception.name,
            media_type=reception.media_type,
            flow=reception.agreement,
            received_by=reception.by,
            organisations=reception.organisations,
        ),
        also,
    )
    if landing.outcome == "conflict" and (found := registry.sniff(head)) is not None:
        acknowledge.refuse_conflict(hub, landing.document_id, agreement, found.name)
    return landing


def envelope_reference(head: bytes) -> tuple[str, str] | None:
    """The syntax and the envelope's own reference (`sender|receiver|control`), or None where the bytes have none."""
    found = registry.sniff(head)
    reference = getattr(found, "envelope_reference", lambda _head: None)(head)
    return (found.name, reference) if found is not None and reference else None


def _is_feed(head: bytes) -> bool:
    """Whether these bytes are of a syntax that has no envelope of its own."""
    found = registry.sniff(head)
    return found is not None and not hasattr(found, "envelope_reference")


def _delivery_key(hub: Hub, reception: Reception, reference: tuple[str, str] | None, staged: blobs.Staged) -> str:
    """Kinds of keys have prefixes of their own, so that none can be taken for another's.

    A body of several interchanges is known by its bytes: the first envelope must not speak for those behind it.
    """
    if reception.delivery_key is not None:
        return f"{GIVEN}{reception.delivery_key}"
    if reference is not None and not _several(hub, reference[0], staged):
        return f"{reference[0]}:{reference[1]}"
    return f"sha256:{staged.sha256.hex()}"


def _several(hub: Hub, syntax: str, staged: blobs.Staged) -> bool:
    """Whether a body holds more than one interchange. A format that can tell without reading it all offers `interchange_starts`."""
    format_ = registry.format_named(syntax)
    with blobs.opened(staged.body, hub.settings.home, staged.sha256) as stream:
        quick: Callable[[BinaryIO], Iterable[int]] | None = getattr(format_, "interchange_starts", None)
        if quick is not None:
            return sum(1 for _ in islice(quick(stream), 2)) > 1
        opened = (event for event in format_.read(stream, STRICT) if event.kind == "interchange")
        return sum(1 for _ in islice(opened, 2)) > 1


def _agreement(hub: Hub, reception: Reception, reference: tuple[str, str] | None) -> Agreement | None:
    candidates = hub.site.inbound(reception.partner, reception.organisations)
    if reception.agreement is not None:
        return next((known for known in candidates if known.agreement == reception.agreement), None)
    if reference is not None:
        sender, _, rest = reference[1].partition("|")
        return hub.site.by_envelope(candidates, sender, rest.rpartition("|")[0], hub.clock.now().date())
    return candidates[0] if len(candidates) == 1 else None


def _organisation(hub: Hub, reception: Reception, agreement: Agreement | None) -> str:
    """Whose document it is: the agreement's organisation; where none is selected, the first that the credential names."""
    if agreement is not None:
        return agreement.organisation
    allowed = list(reception.organisations or hub.site.organisations)
    ours = {known.organisation for known in hub.site.inbound(reception.partner, allowed)}
    return next((key for key in allowed if key in ours), allowed[0])

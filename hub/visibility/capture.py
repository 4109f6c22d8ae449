"""Capture by EPCIS's own interface: a document becomes a job, which tells what became of its events (EPCIS 2.0 clauses 8.1 and 12.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO
from uuid import uuid4

from connectors import registry
from connectors.spec import STRICT
from data_contracts.errors import ConflictError, RefusedError
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.store import captures
from hub.store.inbox import Landing
from hub.store.unit_of_work import UnitOfWork
from hub.visibility.admission import FORMAT, PROCEED, ROLLBACK

BEHAVIOURS = (ROLLBACK, PROCEED)


class NotOneEventError(RefusedError):
    """A body that should hold one event holds none, or several."""


@dataclass(frozen=True, slots=True)
class Captured:
    """A job that was made, or that is there already under the same Idempotency-Key."""

    key: str
    document_id: int
    repeat: bool


def capture(hub: Hub, reception: Reception, behaviour: str | None = None) -> Captured:
    """Land a document as a job of its own; with a delivery key, once. Equal events in several jobs are captured once all the same.

    `behaviour` null: as the partner's agreement says, else rollback. Raises ConflictError for another document under a key that is taken.
    """
    key = uuid4().hex
    wanted = behaviour or agreed_behaviour(hub, reception)
    landing = receive(hub, replace(reception, delivery_key=reception.delivery_key or f"capture:{key}"), _noting(key, wanted))
    if landing.outcome == "conflict":
        raise ConflictError("a document with this Idempotency-Key and other bytes came before; both are kept")
    if landing.outcome == "repeat":
        with hub.database.read() as connection:
            key = captures.key_of(connection, landing.first_document_id)
    return Captured(key, landing.first_document_id, landing.outcome == "repeat")


def _noting(key: str, behaviour: str) -> Callable[[UnitOfWork, Landing], None]:
    def note(uow: UnitOfWork, landing: Landing) -> None:
        if landing.outcome == "new":
            captures.add(uow, key, landing.document_id, behaviour)

    return note


def agreed_behaviour(hub: Hub, reception: Reception) -> str:
    """What the partner's agreement says of errors in a capture."""
    agreements = hub.site.inbound(reception.partner, reception.organisations)
    said = {hub.site.profile(known).options.get("capture", ROLLBACK) for known in agreements if known.format == FORMAT}
    return PROCEED if said == {PROCEED} else ROLLBACK


def require_one_event(stream: BinaryIO) -> None:
    """Look at a body without storing it. Raises NotOneEventError unless it is one event, alone or in a document."""
    format_ = registry.format_named(FORMAT)
    head = stream.read(4096)
    stream.seek(0)
    seen = list(islice((event for event in format_.read(stream, STRICT) if event.kind == "message"), 2)) if format_.sniff(head) else []
    stream.seek(0)
    if len(seen) != 1:
        raise NotOneEventError("expected one event; documents of several go to /capture" if seen else "expected an EPCIS event")

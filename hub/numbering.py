"""Envelopes of what goes out: the identities that were agreed, and fresh numbers of those kinds that the syntax counts.

X12 counts interchanges and groups, UN/EDIFACT and cXML interchanges, IDoc its document numbers. A number is used up only with the
document that carries it: it is drawn in the transaction that writes it.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from connectors.registry import answering_of
from connectors.spec import Envelope
from hub.runtime import Hub
from hub.site import Agreement
from hub.store import controls
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork

_WITHOUT_ANSWERS: frozenset[controls.Kind] = frozenset({"interchange"})
"""What a syntax is numbered by whose format says nothing of it."""


def next_envelope(hub: Hub, uow: UnitOfWork, agreement: Agreement, version: str) -> Envelope:
    """An envelope for a document that goes out under an agreement, with fresh control numbers; 1 for what the syntax does not count."""
    identity = agreement.envelope
    assert identity is not None
    answering = answering_of(agreement.format)
    counted = answering.numbered if answering is not None else _WITHOUT_ANSWERS

    def fresh(kind: controls.Kind) -> int:
        return controls.next_control(uow.connection, kind, identity.sender, identity.receiver) if kind in counted else 1

    return Envelope(
        sender=identity.sender,
        receiver=identity.receiver,
        control=fresh("interchange"),
        group_control=fresh("group"),
        first_message_control=fresh("message"),
        created_at=moment(uow.now).astimezone(ZoneInfo(hub.site.profile(agreement).time_zone)),
        version=version,
        test=agreement.test,
        delimiters=dict(agreement.profile.options.get("delimiters", {})),
        group_sender=identity.group_sender,
        group_receiver=identity.group_receiver,
    )

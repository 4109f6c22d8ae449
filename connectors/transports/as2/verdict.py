"""What a partner's receipt is worth for what we sent, also where it says no more than that the message came before.

A receipt can be lost, and a sender can die between sending and noting it; the message then goes again under its Message-ID (RFC 4130
section 5.5). What a partner answers to that differs: the first receipt once more (this hub), `processed` as if it were new (OpenAS2), or
`warning: duplicate-document` (RFC 4130 section 7.5.6), to which pyas2lib gives no MIC. Such a word proves that the partner knows the
message, not what it has of it; it is taken for the delivery that it repeats, and told (AS2-11), where we know of no other answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors.transports.as2 import mdn, mime
from connectors.transports.as2.faults import FaultError
from connectors.transports.as2.station import Station
from data_contracts.errors import RefusedError, RetriableError

_MAY_HEAL = ("unexpected-processing-error",)
_DUPLICATE = "duplicate-document"


@dataclass(frozen=True, slots=True)
class Before:
    """A message left before under the same Message-ID."""

    said: mdn.Receipt | None
    """The receipt that it got and that is kept; None: none came, or only such as call it a duplicate."""


def heard(station: Station, receipt: bytes, at: datetime) -> mdn.Receipt | None:
    """A receipt that was kept, read as on the day when it came; None: it says nothing but that the message came before."""
    try:
        said = mdn.understood(station, mime.read(receipt), at)
    except FaultError:  # of a certificate that is agreed no more: what it said cannot be known again
        return None
    return None if nothing_more(said) else said


def refuses(said: mdn.Receipt) -> bool:
    """Whether a receipt says no, and not by calling the message a duplicate."""
    return not _duplicate(said) and (said.kind != mdn.PROCESSED or said.modifier.startswith(("error", "failure")))


def unproven(said: mdn.Receipt, before: Before | None) -> bool:
    """Whether a delivery counts by the mere word that the message came before."""
    return before is not None and before.said is None and nothing_more(said)


def judged(said: mdn.Receipt, message_id: str, mic: str, digest: str, before: Before | None = None) -> str:
    """What a receipt of the partner is worth: a text if it says that exactly our bytes were processed, now or `before`.

    Raises RefusedError for a no, for other bytes and for the duplicate of what never left before, RetriableError for what may heal.
    """
    if said.original != message_id:
        raise RetriableError(f"the receipt is for another message, {said.original}")
    if refuses(said):
        refusal: type[RetriableError | RefusedError] = RetriableError if said.modifier.endswith(_MAY_HEAL) else RefusedError
        raise refusal(f"the receipt says {said.text}")
    if nothing_more(said):
        if before is None:
            raise RefusedError(f"the receipt says {said.text} of a message that left for the first time")
        if before.said is None:
            return f"{said.text}: the partner has it from an attempt whose receipt was lost; no receipt names the MIC {mic} ({digest})"
        return f"{judged(before.said, message_id, mic, digest)}, as its first receipt says; now {said.text}"
    if said.mic != mic or said.digest not in (None, digest):
        raise RefusedError(f"the receipt says {said.text} and names the MIC {said.mic} ({said.digest}); sent was {mic} ({digest})")
    return f"{said.text}, MIC {mic} ({digest})"


def _duplicate(said: mdn.Receipt) -> bool:
    return said.modifier.endswith(_DUPLICATE)


def nothing_more(said: mdn.Receipt) -> bool:
    """Whether a receipt says that the message came before, and names no MIC."""
    return _duplicate(said) and said.mic is None


__all__ = ["Before", "heard", "judged", "nothing_more", "refuses", "unproven"]

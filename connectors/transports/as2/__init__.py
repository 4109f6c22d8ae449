"""EDI over AS2 (RFC 4130): documents signed and encrypted by HTTP, each with a signed receipt.

    {use: as2, ours: NOVAMED, theirs: JNPOLY, url: "https://as2.partner.example/in",
     key_file: as2/ours.key, certificate_file: as2/ours.pem, partner_certificate_file: as2/jnpoly.pem}

`station.py` is what two sides agreed on; `message.py` builds what is sent, `opening.py` opens what came, `mdn.py` is receipts, and
`signed.py`, `enveloped.py`, `compressed.py`, `mime.py` are the layers. This transport sends: a document is delivered when the partner's
receipt says that it was processed, with the MIC of what was sent; `verdict.py` weighs what it says. What partners send comes in by
`POST /as2` (hub/as2).
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO, NoReturn

from connectors.credentials import required
from connectors.spec import Delivered
from connectors.transports import webhook
from connectors.transports.as2 import mdn, mime, verdict
from connectors.transports.as2.faults import FaultError
from connectors.transports.as2.message import Built, build
from connectors.transports.as2.names import own_message_id
from connectors.transports.as2.station import NEEDS, SETTINGS, Station, answer_within, station
from connectors.transports.as2.verdict import Before, judged
from data_contracts.errors import AwaitedError, ConfigError, RetriableError

_PATIENCE = 60.0
"""Seconds that a partner may take to judge a message before it answers with the receipt."""
_OPENINGS = {b"ISA": "application/edi-x12", b"UNA": "application/edifact", b"UNB": "application/edifact"}


class As2:
    """The transport `as2`."""

    name = "as2"
    settings = SETTINGS
    needs = NEEDS

    def fetch(self, settings: Mapping[str, Any]) -> Iterator[Delivered]:
        """Nothing: what partners send comes in by POST /as2."""
        return iter(())

    def open(self, settings: Mapping[str, Any], delivered: Delivered) -> BinaryIO:
        """Raises ConfigError: there is nothing to open."""
        self._only_sends()

    def settle(self, settings: Mapping[str, Any], delivered: Delivered) -> None:
        """Raises ConfigError, as `open` does."""
        self._only_sends()

    def _only_sends(self) -> NoReturn:
        raise ConfigError("transport as2 fetches nothing; partners post to /as2")

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str | None:
        """Read keys and certificates, and ask the partner's address by GET, which moves nothing; whatever it answers shows that it is
        there. Whether it knows our certificate shows with the first message. None for a flow that only takes in."""
        made = station(settings)
        if not settings.get("url"):
            return None
        answered = webhook.there(settings)
        return f"{answered}; keys and certificates of {made.ours} and {made.theirs} can be used"

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Post the document and judge the receipt. A retry has the same Message-ID and the same MIC; what a receipt said no to goes again
        under a new one, since a partner may take the first for a duplicate.

        `keep`, where the hub passes one, is given the message before it leaves and the receipt before it counts; `before` tells what is
        known of a Message-ID. Raises AwaitedError where the receipt is to come by a connection of its own, RefusedError for a receipt that
        says no or names other bytes, RetriableError without one.
        """
        if settings.get("receipt") is True:
            return _post_receipt(settings, content)
        made = station(settings)
        required(settings, "url", self.name)
        wait = answer_within(settings)
        now = clock_of(settings)
        kind = str(settings.get("media_type") or _OPENINGS.get(content[:3]) or mimetypes.guess_type(name)[0] or "application/octet-stream")
        number, before = _next_id(settings, made, content, stable_id)
        built = build(made, content, name, kind, number, now)
        keep = settings.get("keep")
        if callable(keep):
            keep(built, None, None, False)
        answer = webhook.ask(settings, dict(built.headers), built.body, _PATIENCE)
        try:
            entity = mime.of_request(answer.headers, answer.body)
        except FaultError as error:
            raise RetriableError(f"{answer.host} answered with no receipt: {error.got}") from error
        if made.asynchronous and not mdn.is_receipt(entity):
            raise AwaitedError(f"{answer.status}, the receipt is awaited", wait)
        if not mdn.is_receipt(entity):
            raise RetriableError(f"{answer.host} answered {answer.status} without a receipt")
        try:
            said = mdn.understood(made, entity, now)
        except FaultError as error:
            raise RetriableError(f"the receipt does not count: {error.got}") from error
        if callable(keep):
            keep(built, entity, said, verdict.unproven(said, before))
        return judged(said, built.message_id, built.mic, built.digest, before)


def _next_id(settings: Mapping[str, Any], made: Station, content: bytes, stable_id: str) -> tuple[str, Before | None]:
    """The Message-ID under which this is to leave, and what is known of it: the first one that no receipt said no to."""
    known, refused = settings.get("before"), 0
    while True:
        number = own_message_id(stable_id, content, made.ours, refused)
        before: Before | None = known(made, number) if callable(known) else None
        if before is None or before.said is None or not verdict.refuses(before.said):
            return number, before
        refused += 1


def clock_of(settings: Mapping[str, Any]) -> datetime:
    """Now, by the clock that the hub passes. Raises ConfigError where it passes none."""
    clock = settings.get("clock")
    if not callable(clock):
        raise ConfigError("transport as2: clock is missing")
    moment: datetime = clock()
    return moment


def _post_receipt(settings: Mapping[str, Any], content: bytes) -> str:
    """A receipt of ours, on a connection of its own."""
    entity = mime.read(content)
    answer = webhook.ask(settings, dict(entity.head.items()), entity.body)
    return str(answer.status)


TRANSPORT = As2()
__all__ = ["TRANSPORT", "As2", "Before", "Built", "Station", "clock_of", "judged"]

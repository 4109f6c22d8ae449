"""Telling subscribers of new events: by a signed call, at least once, in the order in which events were recorded (EPCIS 2.0 clause 12.7).

    UDIHub-Id           the same on every try for the same events: the receiver's duplicate key
    UDIHub-Timestamp    seconds since 1970
    GS1-Signature       v1=<hex>, HMAC-SHA256 with the signatureToken over timestamp, a point, id, a point and the body

A receiver that is away is tried again, each time later, an hour at most; what it missed waits for it. 413 is answered with less at once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
import structlog

from connectors.formats.epcis.writing import Results
from connectors.transports import webhook
from data_contracts.errors import HubError
from hub.runtime import Hub
from hub.store import credentials, event_queries
from hub.store.lots import Sight
from hub.store.types import micros, moment
from hub.visibility.answers import Shown, after_id, as_json
from hub.visibility.named import SubscriptionError, due_after, require_listed
from hub.visibility.question import read_question

LEASE_SECONDS = 120
TURN_SECONDS = 30.0
"""After so long a round ends, however many are due: documents that came in are not to wait for slow subscribers."""
AT_ONCE = 500
"""Events in one call."""
_log = structlog.get_logger(__name__)


def serve(hub: Hub, seconds: float = TURN_SECONDS) -> int:
    """Tell every subscriber whose turn has come; returns how many were looked at."""
    settled = hub.events_settled.look(hub.database)
    done, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        row = event_queries.claim(hub.database, LEASE_SECONDS, settled)
        if row is None:
            break
        _serve(hub, row, settled)
        done += 1
    return done


def _serve(hub: Hub, row: sa.Row[Any], settled: int) -> None:
    """One subscription once. Whatever goes wrong, it is tried again and stops no other."""
    try:
        position, sent = _tell(hub, row, settled)
    except Exception as error:  # noqa: BLE001 - a receiver may be anybody's; whatever it answers, this subscription failed and no other
        reason = str(error) if isinstance(error, HubError) else type(error).__name__
        _log.warning("a subscriber could not be told", subscription=row.key, reason=reason)
        with hub.database.begin("subscriptions") as uow:
            event_queries.failed(uow, row, reason)
        return
    with hub.database.begin("subscriptions") as uow:
        next_at = due_after(row.schedule, moment(uow.now))
        if row.schedule is not None and position < settled:
            next_at = uow.now  # the rest of what was due now
        event_queries.told(uow, row, position, next_at, sent=sent)


def _tell(hub: Hub, row: sa.Row[Any], settled: int) -> tuple[int, bool]:
    """The id up to which the subscriber knows everything now, and whether it was called."""
    question = read_question(row.query)
    require_listed(row.destination, hub.site.events.subscriptions.hosts)
    sight = _sight(hub, row)
    size = AT_ONCE
    while True:
        with hub.database.read() as connection:
            events, position = after_id(connection, sight, question, row.position, settled, size)
        if not events and not (row.report_if_empty and row.schedule is not None and position >= settled):
            return position, False
        try:
            _call(hub, row, events)
        except webhook.TooMuchError:
            if size == 1 or len(events) <= 1:
                raise
            size = max(1, len(events) // 2)
            continue
        return position, True


def _sight(hub: Hub, row: sa.Row[Any]) -> Sight:
    """What the subscriber may see now: of what it could when it subscribed, what some valid key of its still may."""
    with hub.database.read() as connection:
        seen = credentials.seen_by(connection, row.partner_id or None, micros(hub.clock.now()))
    if not seen.intersection(row.organisations):
        raise SubscriptionError("no valid key of the subscriber sees these events any more")
    return Sight(seen.intersection(row.organisations), row.partner_id or None)


def _call(hub: Hub, row: sa.Row[Any], events: list[Shown]) -> None:
    now = hub.clock.now()
    content = as_json(events, now, Results(row.name, row.key), row.epc_format)
    stable_id = f"{row.key}-{events[0].id if events else row.next_at}"
    timestamp = str(int(now.timestamp()))
    headers = {"Content-Type": "application/ld+json", "UDIHub-Id": stable_id, "UDIHub-Timestamp": timestamp, "GS1-EPCIS-Version": "2.0.0"}
    if row.token is not None:
        headers["GS1-Signature"] = webhook.signature(row.token.encode(), timestamp, stable_id, content)
    settings: Mapping[str, Any] = {"url": row.destination, "allow_hosts": hub.site.events.subscriptions.networks}
    webhook.post(settings, headers, content)

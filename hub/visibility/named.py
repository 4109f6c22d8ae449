"""Named queries on events, and subscriptions to them (EPCIS 2.0 clauses 8.2.5 and 12.7).

Queries belong to a partner, or to own people together. A subscriber is told of what its key may see, by a call to a host that the site
lists (`epcis.yaml`), whenever an event comes (`stream`) or by a schedule; whoever is called by nobody polls `/queries/{name}/events`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import sqlalchemy as sa

from connectors.formats.epcis.spelling import instant
from data_contracts.errors import RefusedError
from hub.runtime import Hub
from hub.store import event_queries
from hub.store.credentials import Caller
from hub.store.event_queries import OWN_PEOPLE
from hub.store.types import micros, moment
from hub.store.unit_of_work import HUB
from hub.visibility.answers import TURNS, EpcFormat
from hub.visibility.question import QuestionError, read_instant, read_question
from hub.visibility.schedule import next_time, read_schedule
from hub.visibility.settings import NETWORK

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,99}", re.ASCII)
MOST_QUERIES = 1000
"""Queries of one partner, or of own people together."""
_LARGEST = 64 * 1024
_encoded = msgspec.json.encode
_LONGEST = 2000
"""Characters of an address."""
_MEMBERS = frozenset(
    ("dest", "signatureToken", "initialRecordTime", "stream", "schedule", "reportIfEmpty", "subscriptionID", "createdAt", "epcFormat")
)


class SubscriptionError(RefusedError):
    """A subscription that cannot be kept, and why."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """What somebody wants to be told."""

    destination: str
    token: str | None
    schedule: dict[str, Any] | None
    """As stated; null: whenever an event comes."""
    report_if_empty: bool
    since: datetime | None
    epc_format: EpcFormat


def owner_of(caller: Caller) -> int:
    """Whose the queries of a caller are."""
    return caller.partner_id or OWN_PEOPLE


def create(hub: Hub, caller: Caller, name: str, query: Mapping[str, Any]) -> None:
    """Keep a query under a name. Raises QuestionError for one that is wrong, ConflictError for a name that is taken."""
    if _NAME.fullmatch(name) is None:
        raise QuestionError("name: letters, digits and . _ ~ - are allowed, 100 of them")
    read_question(query)
    if len(_encoded(query)) > _LARGEST:
        raise QuestionError(f"a query has at most {_LARGEST} bytes")
    with hub.database.begin(caller.label) as uow:
        if event_queries.kept(uow.connection, owner_of(caller)) >= MOST_QUERIES:
            raise QuestionError(f"there are {MOST_QUERIES} queries already")
        number = event_queries.add(uow, owner_of(caller), name, query)
        uow.audit(_chain(caller), "event_query.created", f"event_query/{number}", after={"name": name, "query": dict(query)})


def delete(hub: Hub, caller: Caller, name: str) -> None:
    """Forget a query, with its subscriptions. Raises NotFoundError."""
    with hub.database.begin(caller.label) as uow:
        row = event_queries.one(uow.connection, owner_of(caller), name)
        ended = event_queries.remove(uow, row.id)
        uow.audit(_chain(caller), "event_query.removed", f"event_query/{row.id}", before={"name": name}, after={"ended": ended})


def read_subscriber(stated: Mapping[str, Any], hub: Hub, epc_format: EpcFormat) -> Subscriber:
    """Check a subscription as JSON states it. Raises SubscriptionError, QuestionError or ScheduleError with what is wrong."""
    unknown = sorted(set(stated) - _MEMBERS)
    if unknown:
        raise SubscriptionError(f"there is no member {unknown[0]}")
    destination, token, schedule = stated.get("dest"), stated.get("signatureToken"), stated.get("schedule")
    if not isinstance(destination, str) or len(destination) > _LONGEST:
        raise SubscriptionError("dest: the address to call")
    require_listed(destination, hub.site.events.subscriptions.hosts)
    if token is not None and (not isinstance(token, str) or not 16 <= len(token) <= 400):
        raise SubscriptionError("signatureToken: 16 to 400 characters")
    if (schedule is None) == (stated.get("stream") is not True):
        raise SubscriptionError('either "stream": true, or a schedule')
    if schedule is not None:
        if not isinstance(schedule, Mapping):
            raise SubscriptionError("schedule: an object")
        next_time(read_schedule(schedule), hub.clock.now())
    empty = stated.get("reportIfEmpty", False)
    if not isinstance(empty, bool):
        raise SubscriptionError("reportIfEmpty: true or false")
    wanted = stated.get("epcFormat", epc_format)
    if wanted not in TURNS:
        raise SubscriptionError(f"epcFormat: {', '.join(TURNS)}")
    since = stated.get("initialRecordTime")
    return Subscriber(
        destination, token, None if schedule is None else dict(schedule), empty,
        None if since is None else read_instant("initialRecordTime", since), wanted,
    )  # fmt: skip


def require_listed(destination: str, hosts: Sequence[str]) -> None:
    """Only what the site lists is called, as it lists it at the time of the call.

    Raises SubscriptionError. Whether the address is fit to be called is judged by the transport.
    """
    try:
        parts = urlsplit(destination)
        host = parts.hostname or ""
    except ValueError as error:
        raise SubscriptionError("dest: no address") from error
    if parts.scheme not in ("https", "http") or not host or parts.username is not None or parts.fragment:
        raise SubscriptionError("dest: https://host/path")
    if host.lower() not in {known.lower() for known in hosts} and not _inside(host, hosts):
        raise SubscriptionError(f"dest: {host} is no host that this site calls (epcis.yaml, subscriptions.hosts)")


def _inside(host: str, hosts: Sequence[str]) -> bool:
    """Whether a host is an address in one of the listed networks."""
    try:
        address = ipaddress.ip_address(host)
        return any(address in ipaddress.ip_network(one, strict=False) for one in hosts if NETWORK.fullmatch(one))
    except ValueError:
        return False


def subscribe(hub: Hub, caller: Caller, name: str, subscriber: Subscriber) -> sa.Row[Any]:
    """Keep a subscription to a named query; returns its row. Raises NotFoundError for an unknown query."""
    key = str(uuid4())
    settled = hub.events_settled.look(hub.database)
    with hub.database.begin(caller.label) as uow:
        row = event_queries.one(uow.connection, owner_of(caller), name)
        if event_queries.count(uow.connection, owner_of(caller)) >= hub.site.events.subscriptions.most:
            raise SubscriptionError(f"there are {hub.site.events.subscriptions.most} subscriptions already")
        position = settled
        if subscriber.since is not None:
            position = min(settled, event_queries.first_behind(uow.connection, micros(subscriber.since)))
        number = event_queries.subscribe(
            uow,
            {
                "key": key,
                "query_id": row.id,
                "organisations": sorted(caller.organisations),
                "destination": subscriber.destination,
                "token": subscriber.token,
                "schedule": subscriber.schedule,
                "report_if_empty": subscriber.report_if_empty,
                "epc_format": subscriber.epc_format,
                "position": position,
                "next_at": due_after(subscriber.schedule, moment(uow.now)),
            },
        )
        told = {"query": name, "destination": subscriber.destination, "schedule": subscriber.schedule}
        uow.audit(_chain(caller), "event_subscription.created", f"event_subscription/{number}", after=told)
        return event_queries.subscription(uow.connection, row.id, key)


def due_after(schedule: Mapping[str, Any] | None, now: datetime) -> int:
    """When a subscription is looked at next."""
    return event_queries.STREAM if schedule is None else micros(next_time(read_schedule(schedule), now))


def unsubscribe(hub: Hub, caller: Caller, name: str, key: str) -> None:
    """End a subscription. Raises NotFoundError."""
    with hub.database.begin(caller.label) as uow:
        query = event_queries.one(uow.connection, owner_of(caller), name)
        row = event_queries.subscription(uow.connection, query.id, key)
        event_queries.unsubscribe(uow, row.id)
        uow.audit(_chain(caller), "event_subscription.ended", f"event_subscription/{row.id}", before={"destination": row.destination})


def subscription_json(row: sa.Row[Any], name: str) -> dict[str, Any]:
    """A subscription as the interface shows it; never its token."""
    shown: dict[str, Any] = {
        "subscriptionID": row.key,
        "queryName": name,
        "dest": row.destination,
        "createdAt": instant(moment(row.created_at)),
        "reportIfEmpty": row.report_if_empty,
        "epcFormat": row.epc_format,
    }
    shown |= {"stream": True} if row.schedule is None else {"schedule": row.schedule}
    if row.sent_at is not None:
        shown["lastNotifiedAt"] = instant(moment(row.sent_at))
    if row.failure is not None:
        shown["failure"] = row.failure
    return shown


def _chain(caller: Caller) -> int:
    """Organisation in whose audit chain it is told: the caller's only one, else the hub's own."""
    return next(iter(caller.organisations)) if len(caller.organisations) == 1 else HUB

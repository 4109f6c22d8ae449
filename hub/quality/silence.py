"""Flows that fall silent or change in volume become findings (FLW-01 to 03), once an incident, and are closed when they are as before.

What came is counted on the day on which it was received, in the time zone of the organisation, however long it waited here: replays and
corrections of our own, and acknowledgements, are not what a partner brings. A flow that is stopped, disabled or for tests is not watched,
and its incidents stay as they are until its agreement leaves the site. A silence is over when something came since it was told, and not
before; that of a partner which never sent anything (`awaited.py`) also when nothing is promised any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from data_contracts.findings import Finding
from hub.promises import promise_of
from hub.quality import awaited
from hub.quality.volume import SILENT, WINDOW, History, Odd, calm, judge
from hub.runtime import Hub
from hub.site import Agreement
from hub.store import incidents, stops
from hub.store.tables import document, exchange
from hub.store.types import micros, moment
from hub.store.unit_of_work import UnitOfWork

_QUARTER = 900_000_000
"""Microseconds of 15 minutes: days begin on a quarter of an hour in every time zone."""


@dataclass(frozen=True, slots=True)
class Incident:
    """A flow that is odd since some time."""

    agreement: str
    rule: str
    opened: bool
    """False: it is as before, and was closed."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """What a flow brought, and when its last message was processed: microseconds since 1970."""

    history: History
    last: int


def watch(hub: Hub) -> list[Incident]:
    """Look at every flow that brings something; returns what began and what ended. Repeating it finds nothing new."""
    now = hub.clock.now()
    agreements = [one for one in hub.site.agreements.values() if _watched(hub, one, now.date())]
    with hub.database.read() as connection:
        histories = {one.agreement: _history(hub, connection, one, now) for one in agreements}
        stopped = stops.open_stops(connection)
        promised = {one.agreement: awaited.awaited(hub, one) for one in agreements if histories[one.agreement] is None}
        late = {
            one.agreement: awaited.judge(connection, promise, one, _zone(hub, one), now)
            for one in agreements
            if one.agreement not in stopped and (promise := promised.get(one.agreement)) is not None
        }
    found = {(name, SILENT): odd for name, odd in late.items() if odd is not None}
    never = frozenset(name for name, _ in found)
    restless = set()
    for one in agreements:
        brought = histories[one.agreement]
        if brought is not None and one.agreement not in stopped:
            history = brought.history
            today = now.astimezone(_zone(hub, one)).date()
            found |= {(one.agreement, odd.rule): odd for odd in judge(history, today)}
            if not calm(history, today):
                restless.add(one.agreement)
    watched = {name: history.last for name, history in histories.items() if history is not None and name not in stopped}
    unpromised = {name for name, promise in promised.items() if promise is None and name not in stopped}
    with hub.database.begin("quality") as uow:
        ahead = (awaited.awaited(hub, one) for one in hub.site.agreements.values() if _begins(one, now.date()))
        awaited.note(uow, [promise for promise in (*promised.values(), *ahead) if promise is not None])
        return _settle(hub, uow, found, never, restless, watched, unpromised)


def _watched(hub: Hub, agreement: Agreement, day: date) -> bool:
    flows = [flow for flow in hub.site.flows.values() if flow.agreement == agreement.agreement]
    running = not flows or any(flow.enabled for flow in flows)
    return agreement.direction == "in" and not agreement.test and running and agreement.valid.covers(day)


def _begins(agreement: Agreement, day: date) -> bool:
    """Whether it holds from a later day: what it promises is known by then."""
    since = agreement.valid.since
    return agreement.direction == "in" and not agreement.test and since is not None and since > day


def _zone(hub: Hub, agreement: Agreement) -> ZoneInfo:
    return ZoneInfo(hub.site.organisations[agreement.organisation].time_zone)


def _history(hub: Hub, connection: sa.Connection, agreement: Agreement, now: datetime) -> _Watched | None:
    """What came of it; null where nothing ever did. Days are cut from the last message, so that a silence forgets nothing."""
    brought = (
        exchange.c.agreement == agreement.agreement,
        exchange.c.direction == "in",
        exchange.c.origin_id.is_(None),
        exchange.c.state != "acknowledged",
        exchange.c.partner_id == hub.partner_id(agreement.partner),
    )
    ends = connection.execute(sa.select(sa.func.min(exchange.c.recorded_at), sa.func.max(exchange.c.recorded_at)).where(*brought)).one()
    if ends[0] is None:
        return None
    since = micros(moment(ends[1]) - timedelta(days=WINDOW + 2))  # nothing is recorded before it is received
    quarter = (document.c.received_at - document.c.received_at % _QUARTER).label("quarter")
    rows = connection.execute(
        sa.select(quarter, sa.func.count(), sa.func.max(document.c.received_at))
        .select_from(exchange.join(document, document.c.id == exchange.c.document_id))
        .where(*brought, exchange.c.recorded_at >= since)
        .group_by(quarter)
    ).all()
    zone = _zone(hub, agreement)
    counts: dict[date, int] = {}
    for at, count, _ in rows:
        day = moment(at).astimezone(zone).date()
        counts[day] = counts.get(day, 0) + count
    last = moment(max(latest for _, _, latest in rows))
    promise = promise_of(hub.site, agreement)
    return _Watched(
        History(
            counts=counts,
            first=min(moment(ends[0]).astimezone(zone).date(), min(counts)),
            silent_for=(now - last).total_seconds(),
            promised=promise.contract.interval if promise is not None else None,
        ),
        ends[1],
    )


def _settle(
    hub: Hub,
    uow: UnitOfWork,
    found: dict[tuple[str, str], Odd],
    never: frozenset[str],
    restless: set[str],
    watched: dict[str, int],
    unpromised: set[str],
) -> list[Incident]:
    """Open what began, close what ended. `watched` has the last message of each flow that is watched.

    By those of `never` nothing has ever come; by those of `unpromised` neither, and they promise nothing (any more).

    An incident of a flow that is not watched stays as it is, unless its agreement left the site: nothing can end it then.
    """
    known = {(row.agreement, row.rule): row for row in incidents.lasting(uow.connection, "FLW-")}
    made = []
    for (name, rule), odd in sorted(found.items()):
        if (name, rule) not in known:
            agreement = hub.site.agreements[name]
            params = {"agreement": agreement.agreement, "partner": agreement.partner}
            if name in never:
                params |= {"ever": ", nor ever before", "ever_zh": "，此前也从未有过来件"}
            said = Finding(rule, expected=odd.expected, got=odd.got, params=params)
            incidents.begin(uow, hub.organisation_id(agreement.organisation), hub.partner_id(agreement.partner), name, said)
            made.append(Incident(name, rule, opened=True))
    for (name, rule), row in sorted(known.items()):
        reason = None
        if name not in hub.site.agreements:
            reason = f"the site has no agreement {name} any more"
        elif (name, rule) not in found and name in watched and (watched[name] > row.opened_at if rule == SILENT else name not in restless):
            reason = "messages come again" if rule == SILENT else "the volume is as before, or usual by now"
        elif rule == SILENT and name in unpromised:
            reason = "nothing is promised any more, and nothing has come yet"
        if reason is not None:
            incidents.end(uow, row, reason)
            made.append(Incident(name, rule, opened=False))
    return made

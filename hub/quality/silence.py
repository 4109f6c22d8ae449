"""Flows that fall silent or change in volume become findings (FLW-01 to 03), once an incident, and are closed when they are as before.

What came is counted by day in the time zone of the organisation, from the exchanges themselves: replays and corrections of our own, and
acknowledgements, are not what a partner brings. A flow that is stopped, disabled or for tests is not watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from data_contracts.findings import Finding
from hub.promises import promise_of
from hub.quality.volume import SILENT, WINDOW, History, Odd, calm, judge
from hub.runtime import Hub
from hub.site import Agreement
from hub.store import evidence, stops
from hub.store.identity import allocate
from hub.store.stop_tables import flow_incident
from hub.store.tables import exchange, finding
from hub.store.types import micros, moment
from hub.store.unit_of_work import UnitOfWork

_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Incident:
    """A flow that is odd since some time."""

    agreement: str
    rule: str
    opened: bool
    """False: it is as before, and was closed."""


def watch(hub: Hub) -> list[Incident]:
    """Look at every flow that brings something; returns what began and what ended. Repeating it finds nothing new."""
    now = hub.clock.now()
    agreements = [one for one in hub.site.agreements.values() if _watched(hub, one, now.date())]
    with hub.database.read() as connection:
        histories = {one.agreement: _history(hub, connection, one, now) for one in agreements}
        stopped = stops.open_stops(connection)
    found: dict[tuple[str, str], Odd] = {}
    restless = set()
    for one in agreements:
        history = histories[one.agreement]
        if history is not None and one.agreement not in stopped:
            today = now.astimezone(_zone(hub, one)).date()
            found |= {(one.agreement, odd.rule): odd for odd in judge(history, today)}
            if not calm(history, today):
                restless.add(one.agreement)
    with hub.database.begin("quality") as uow:
        return _settle(hub, uow, found, restless, set(stopped))


def _watched(hub: Hub, agreement: Agreement, day: date) -> bool:
    flows = [flow for flow in hub.site.flows.values() if flow.agreement == agreement.agreement]
    running = not flows or any(flow.enabled for flow in flows)
    return agreement.direction == "in" and not agreement.test and running and agreement.valid.covers(day)


def _zone(hub: Hub, agreement: Agreement) -> ZoneInfo:
    return ZoneInfo(hub.site.organisations[agreement.organisation].time_zone)


def _history(hub: Hub, connection: sa.Connection, agreement: Agreement, now: datetime) -> History | None:
    """What came of it; null where nothing ever did."""
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
    since = micros(now - timedelta(days=WINDOW + 2))
    hour = (exchange.c.recorded_at - exchange.c.recorded_at % _HOUR).label("hour")
    rows = connection.execute(sa.select(hour, sa.func.count()).where(*brought, exchange.c.recorded_at >= since).group_by(hour))
    zone = _zone(hub, agreement)
    counts: dict[date, int] = {}
    for at, count in rows:
        day = moment(at).astimezone(zone).date()
        counts[day] = counts.get(day, 0) + count
    last = moment(ends[1]).astimezone(zone)
    counts.setdefault(last.date(), 1)  # where it lies before all that is learned from
    promise = promise_of(hub.site, agreement)
    return History(
        counts=counts,
        first=moment(ends[0]).astimezone(zone).date(),
        silent_for=(now - last).total_seconds(),
        promised=promise.contract.interval if promise is not None else None,
    )


def _settle(hub: Hub, uow: UnitOfWork, found: dict[tuple[str, str], Odd], restless: set[str], stopped: set[str]) -> list[Incident]:
    """Open what began, close what ended. An incident of a stopped flow, or of one that left the site, stays as it is."""
    rows = uow.connection.execute(sa.select(flow_incident).where(flow_incident.c.closed_at.is_(None))).all()
    known = {(row.agreement, row.rule): row for row in rows}
    made = []
    for (name, rule), odd in sorted(found.items()):
        if (name, rule) not in known:
            _open(hub, uow, hub.site.agreements[name], rule, odd)
            made.append(Incident(name, rule, opened=True))
    for (name, rule), row in sorted(known.items()):
        lasts = (name, rule) in found or (rule != SILENT and name in restless)
        if not lasts and name not in stopped and name in hub.site.agreements:
            reason = "messages come again" if rule == SILENT else "the volume is as before, or usual by now"
            evidence.close_findings(uow, [row.finding_id], reason)
            uow.connection.execute(sa.update(flow_incident).where(flow_incident.c.id == row.id).values(closed_at=uow.now))
            made.append(Incident(name, rule, opened=False))
    return made


def _open(hub: Hub, uow: UnitOfWork, agreement: Agreement, rule: str, odd: Odd) -> None:
    organisation_id, partner_id = hub.organisation_id(agreement.organisation), hub.partner_id(agreement.partner)
    params = {"agreement": agreement.agreement, "partner": agreement.partner}
    said = Finding(rule, expected=odd.expected, got=odd.got, params=params)
    number = uow.connection.execute(
        sa.insert(finding)
        .values(
            partner_id=partner_id, organisation_id=organisation_id, rule=rule, severity=said.severity, action=said.action,
            place=said.place.as_json(), expected=said.expected, got=said.got, params=params, recorded_at=uow.now,
        )
        .returning(finding.c.id)
    ).scalar_one()  # fmt: skip
    uow.connection.execute(
        sa.insert(flow_incident).values(
            id=allocate(uow.connection, "flow_incident", 1)[0], organisation_id=organisation_id, partner_id=partner_id,
            agreement=agreement.agreement, rule=rule, finding_id=number, opened_at=uow.now,
        )
    )  # fmt: skip
    uow.audit(organisation_id, "finding.opened", f"finding/{number}", reason=said.text(), after={"rule": rule, **params})

"""What partners must still hear of what our own systems said: applications that a flow has not carried out, and what they are made of.

An order that was changed is made of several documents. What of these a partner knows stands with the exchange that told it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from data_contracts.canonical import ENTITIES, kinds_of
from hub import writing
from hub.runtime import Hub
from hub.site import Agreement, Flow, Site
from hub.store import approvals, tables
from hub.store.approvals import UNHEARD
from hub.store.lists import among
from hub.store.suppliers import one_of
from hub.store.views.changes import documents
from hub.store.views.lines import supplier_said

ANYBODY = "*"
"""`on.ship_to` of a flow that tells documents whoever they go to."""
_RECEIVING = frozenset({"ship_to", "buyer"})
BATCH = 200
"""Facts that are told in one transaction."""


def untold(hub: Hub, connection: sa.Connection, flow: Flow, agreement: Agreement, unasked: bool = False) -> list[Any]:
    """Applications whose exchange this flow has not carried out, oldest first, a batch at most: what stands, then what was cancelled.
    Of a flow that tells what is approved only: that, once all of it may leave; `unasked`: what nobody was asked to approve yet.

    Whose the facts are is decided in SQL, by the supplier code that the document names beside any GLN: others' cost no reading.
    """
    application, subject = tables.application, tables.subject
    told = tables.exchange.alias("told")
    carried = sa.exists().where(told.c.origin_id == application.c.exchange_id, told.c.flow == flow.flow, told.c.direction == "out")
    ours = (
        sa.select(application.c.exchange_id, application.c.organisation_id, application.c.number, application.c.subject_id)
        .where(
            application.c.kind.in_(kinds_of(flow.on["entity"])),
            application.c.partner_id == hub.partner_id(flow.on["partner"]),
            application.c.organisation_id == hub.organisation_id(agreement.organisation),
            ~carried,
        )
        .limit(BATCH)
    )
    if flow.approval is not None:
        fact = application.c.exchange_id
        of_it = ~approvals.asked(flow.flow, fact) if unasked else approvals.approved(flow.flow, fact)
    else:
        of_it = sa.true()
    standing = ours.where(application.c.standing.is_(True)).order_by(application.c.id)
    if flow.approval is not None:
        standing = standing.where(sa.or_(of_it, _made_of_other(flow, unasked=True)) if unasked else of_it & ~_made_of_other(flow))
    if (wanted := flow.on.get("supplier")) is not None:
        standing = standing.where(_told_to(wanted))
    if (names := receivers(hub.site, flow)) is not None:
        standing = standing.where(sa.or_(*(_goes_to(role, names) for role in _RECEIVING)))
    cancelled = (
        ours.join(subject, subject.c.id == application.c.subject_id)
        .where(
            subject.c.state == "cancelled",
            application.c.purpose == "cancel",
            application.c.retracted.is_(False),
            of_it,
            _last_told(flow, tables.application.alias("before"), subject.c.id) != "cancel",  # null: it never was told, nor is its end
        )
        .order_by(subject.c.id, application.c.revision.desc(), application.c.issued_at.desc(), application.c.id.desc())
    )
    ended = [next(rows) for _, rows in groupby(connection.execute(cancelled).all(), key=lambda row: row.subject_id)]
    return [*connection.execute(standing).all(), *ended]


def _made_of_other(flow: Flow, unasked: bool = False) -> sa.ColumnElement[bool]:
    """Whether what an application's subject is made of now holds a document that may not leave, since a steward has not said so and the
    partner does not know it; `unasked`: one that no steward was shown.
    """
    part = tables.application.alias("part")
    said = (approvals.put if unasked else approvals.may_leave)(flow.flow, part.c.exchange_id)
    return sa.exists().where(
        part.c.subject_id == tables.application.c.subject_id, part.c.standing.is_(True), ~said, ~_heard(flow, part.c.exchange_id)
    )


def _heard(flow: Flow, fact: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether this flow told a fact with success."""
    sent = tables.exchange.alias("sent")
    return sa.exists().where(sent.c.origin_id == fact, sent.c.flow == flow.flow, sent.c.direction == "out", sent.c.state.not_in(UNHEARD))


def to_ask(connection: sa.Connection, flow: Flow, unasked: Sequence[sa.Row[Any]]) -> tuple[set[int], set[int]]:
    """What a steward is to be asked of what is `unasked`: the facts, and all exchanges that would leave with them.

    Where a document is made of one more since it was asked about, that one is the fact: also one that the flow would not tell by itself.
    """
    exchanges = {row.exchange_id for row in unasked}
    for documents_of in documents(connection, [row.subject_id for row in unasked]).values():
        exchanges.update(one.exchange_id for one in documents_of.all)
    number = tables.exchange.c.id
    shown = sa.or_(approvals.put(flow.flow, number), _heard(flow, number))
    query = sa.select(number, approvals.asked(flow.flow, number).label("asked"), shown.label("shown"))
    said = {row.id: row for row in connection.execute(query.where(among(connection, number, sorted(exchanges))))}
    due = {row.exchange_id for row in unasked if not said[row.exchange_id].asked}
    return due | {one for one in exchanges - due if not said[one].shown and not said[one].asked}, exchanges


def receivers(site: Site, flow: Flow) -> frozenset[str] | None:
    """GLNs and codes that a document must name as where it goes to, or who bought, to be for this flow's partner: those of `on.ship_to`;
    for a customer, who may see no other's documents, its own where the flow names none. Null: whoever is named.
    """
    if (said := flow.on.get("ship_to")) is not None:
        return None if said == ANYBODY else frozenset(said.replace(",", " ").split())
    customer = site.partners[site.agreements[flow.agreement].partner]
    if customer.kind != "customer" or not ENTITIES[flow.on["entity"]].model_fields.keys() & _RECEIVING:
        return None
    return frozenset(filter(None, (customer.gln, *customer.places, site.party_codes(customer.partner).get(flow.on["partner"]))))


def _goes_to(role: str, names: Collection[str]) -> sa.ColumnElement[bool]:
    party = tables.application.c.header
    gln, code = (party[(role, member)].as_string() for member in ("gln", "code"))
    return sa.or_(gln.in_(sorted(names)), one_of(code, names))


def _told_to(supplier: str) -> sa.ColumnElement[bool]:
    """Whether an application names this supplier, or changes an order that does: whose an order is, no change of it says."""
    application, subject, order = tables.application, tables.subject, tables.application.alias("changed")
    named = one_of(order.c.header[("supplier", "code")].as_string(), [supplier])
    of_order = sa.exists().where(subject.c.id == application.c.subject_id, order.c.id == subject.c.standing_id, named)
    return sa.case((application.c.purpose == "change", of_order), else_=one_of(supplier_said("code"), [supplier]))


@dataclass(frozen=True, slots=True)
class News:
    """An application to be told: the exchanges that its order is made of now, and those that it was made of when it was last told."""

    row: sa.Row[Any]
    now: Sequence[int]
    before: Sequence[int]
    """Empty where nothing was told, or where it makes no difference."""
    by_lines: bool
    """Whether the partner hears of changes by the changed lines."""

    @property
    def read(self) -> set[int]:
        """Exchanges whose content is needed."""
        return {*self.now, *(self.before if self.by_lines else ())}


def news(hub: Hub, connection: sa.Connection, flow: Flow, agreement: Agreement, due: Sequence[sa.Row[Any]]) -> Iterator[News]:
    """What is due, with all that it is made of, each as it is when its turn comes."""
    changed = documents(connection, [row.subject_id for row in due])
    by_lines = writing.carries_changes(hub.site, agreement)
    for row in due:
        documents_of = changed.get(row.subject_id)
        now = [row.exchange_id] if documents_of is None else [one.exchange_id for one in documents_of.all]
        asked = by_lines or documents_of is not None
        yield News(row, now, _told_before(connection, flow, row) if asked else (), by_lines)


def _told_before(connection: sa.Connection, flow: Flow, row: sa.Row[Any]) -> Sequence[int]:
    """Exchanges that made up what this flow last told of a subject with success; none if it told nothing, or its cancellation."""
    out, before = tables.exchange.alias("out"), tables.application.alias("before")
    last = connection.execute(
        sa.select(out.c["keys"], out.c.origin_id, before.c.purpose)
        .select_from(sa.join(before, out, out.c.origin_id == before.c.exchange_id))
        .where(before.c.subject_id == row.subject_id, out.c.flow == flow.flow, out.c.direction == "out", out.c.state.not_in(UNHEARD))
        .order_by(out.c.id.desc())
        .limit(1)
    ).first()
    return () if last is None or last.purpose == "cancel" else made_of(last)


def made_of(told: Any) -> Sequence[int]:
    """Exchanges that made up what an outbound one told."""
    return (told.keys or {}).get("told") or [told.origin_id]


def unclaimed(hub: Hub, flow: Flow) -> list[tuple[str, int]]:
    """What this flow's own system said that no flow tells anybody: supplier (code, else name) and how many, the most first.

    A supplier who gets paper is rightly among them; one whose code is written otherwise in the flow than in the documents is found here.
    """
    agreement = hub.site.agreements[flow.agreement]
    siblings = [
        other
        for other in hub.site.flows.values()
        if other.direction == "out"
        and (other.on.get("entity"), other.on.get("partner")) == (flow.on["entity"], flow.on["partner"])
        and hub.site.agreements[other.agreement].organisation == agreement.organisation
    ]
    wanted = [code for other in siblings if (code := other.on.get("supplier")) is not None]
    if len(wanted) < len(siblings):
        return []  # one of them tells everything
    application, told = tables.application, tables.exchange.alias("told")
    named = sa.func.coalesce(supplier_said("code"), supplier_said("name"), "?")
    count = sa.func.count()
    query = (
        sa.select(named, count)
        .where(
            application.c.kind.in_(kinds_of(flow.on["entity"])),
            application.c.partner_id == hub.partner_id(flow.on["partner"]),
            application.c.organisation_id == hub.organisation_id(agreement.organisation),
            application.c.standing.is_(True),
            sa.not_(sa.func.coalesce(one_of(supplier_said("code"), wanted), sa.false())),
            ~sa.exists().where(told.c.origin_id == application.c.exchange_id, told.c.direction == "out"),
        )
        .group_by(named)
        .order_by(count.desc(), named)
    )
    with hub.database.read() as connection:
        return [(str(name), int(number)) for name, number in connection.execute(query)]


def _last_told(flow: Flow, before: sa.FromClause, subject_id: sa.ColumnElement[int]) -> sa.ScalarSelect[Any]:
    """Purpose of what this flow last told of a subject with success; null when it told nothing. The partner knows no other state."""
    out = tables.exchange.alias("out")
    return (
        sa.select(before.c.purpose)
        .select_from(sa.join(before, out, out.c.origin_id == before.c.exchange_id))
        .where(before.c.subject_id == subject_id, out.c.flow == flow.flow, out.c.direction == "out", out.c.state.not_in(UNHEARD))
        .order_by(out.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )

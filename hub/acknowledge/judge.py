"""What a business answer is to say: the outcome of mapping, rules and a look at what we know, for messages whose syntax was taken.

Only where the agreement's `acknowledge.application` wants it. Beside what the rules found it asks two things that only the store knows,
and keeps them as findings: whether the orders that a document speaks of were ever placed with its sender (ACK-07), and whether its GTINs
are of any item here (ACK-08; not asked where no item has a GTIN). Both leave the facts applied: the order may be on its way, and
reconciliation renews its own answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.answering import Judgement, Word
from connectors.registry import answering_of
from data_contracts.canonical import KINDS
from data_contracts.findings import Finding, Place
from hub import pipeline
from hub.apply import Applied
from hub.examine import ExaminedInterchange, ExaminedMessage
from hub.store import tables
from hub.store.crosswalk import OWN_SYSTEMS
from hub.store.lists import among
from hub.store.suppliers import Suppliers, suppliers
from hub.store.views.lines import supplier_said
from hub.store.views.picture import may_join

_ORDER = KINDS["PurchaseOrder"]
_WORST_FIRST = {"error": 0, "warning": 1, "info": 2}
MOST = 50
"""Findings of one message that are answered; a document that is wrong in every line is told so often enough."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One message after hop 7: whose it is, and what applying it made of it (None: nothing to apply)."""

    interchange: ExaminedInterchange
    message: ExaminedMessage
    organisation_id: int
    applied: Applied | None = None


def judged(message: ExaminedMessage) -> bool:
    """Whether a business answer may speak of this message."""
    agreement = message.agreement
    if agreement is None or agreement.acknowledge.application == "never" or message.fate == "rejected":
        return False
    answering = answering_of(agreement.format)
    return answering is not None and message.message.type not in answering.answers


def judge(connection: sa.Connection | None, outcomes: Sequence[Outcome]) -> list[list[Finding]]:
    """Add to each interchange what is to be said of its messages. Returns what this look found, a list a message.

    Without a store (`udihub check`) only mapping and rules speak.
    """
    if not outcomes:
        return []
    found = []
    placed = _orders_placed(connection, outcomes) if connection is not None else None
    known = _gtins_known(connection, outcomes) if connection is not None else None
    for one in outcomes:
        fresh = _with_places(one, [*_never_placed(one, placed), *_of_no_item(one, known)])
        found.append(fresh)
        agreement = one.message.agreement
        judgement = _judgement(one, fresh)
        wrong = judgement.verdict != "accepted" or any(finding.severity == "error" for finding in judgement.findings)
        if agreement is not None and (wrong or agreement.acknowledge.application == "always"):
            one.interchange.judgements.append(judgement)
    return found


def _judgement(one: Outcome, fresh: Sequence[Finding]) -> Judgement:
    message = one.message
    findings = [*message.content, *(one.applied.findings if one.applied is not None else ()), *fresh]
    told = sorted((finding for finding in findings if finding.severity != "info"), key=lambda finding: _WORST_FIRST[finding.severity])
    verdict: Word = "accepted"
    if message.fate == "quarantined" or (one.applied is not None and one.applied.state == "quarantined"):
        verdict = "rejected"
    elif message.rows_left_out or any(finding.severity == "error" for finding in findings):
        verdict = "partly"
    return Judgement(
        type=message.message.type,
        version=message.message.version,
        control=message.message.control,
        group_ordinal=message.group.ordinal if message.group is not None else 0,
        number=(message.mapped or {}).get("number"),
        verdict=verdict,
        findings=tuple(told[:MOST]),
    )


def _orders_of(entity: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Path and number of every order that an entity speaks of without placing it."""
    if entity is None or KINDS[entity["entity"]] == _ORDER:
        return
    if number := entity.get("order_number"):
        yield "order_number", number
    for place, line in enumerate(entity.get("lines") or ()):
        if number := line.get("order_number"):
            yield f"lines[{place}].order_number", number


def _gtins_of(entity: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    for place, line in enumerate((entity or {}).get("lines") or ()):
        if gtin := line.get("gtin"):
            yield f"lines[{place}].gtin", gtin


@dataclass(frozen=True, slots=True)
class _Placed:
    """An order that was placed: by whom, and with whom."""

    partner_id: int
    partner_key: str
    own: bool
    supplier_code: str | None
    supplier_gln: str | None


@dataclass(frozen=True, slots=True)
class _Sender:
    partner_id: int
    own: bool


@dataclass(frozen=True, slots=True)
class _Orders:
    """The orders that documents speak of, and whose word counts for them."""

    placed: Mapping[tuple[int, str], Sequence[_Placed]]
    """By organisation and number."""
    senders: Mapping[str, _Sender]
    suppliers: Suppliers

    def known_to(self, sender: str, organisation_id: int, number: str) -> bool:
        """Whether an order of this number is the sender's own, or was placed with it. Somebody else's order is as good as none: what
        number it has cannot be found out by asking.
        """
        return any(may_join(order, self.senders[sender], self.suppliers) for order in self.placed.get((organisation_id, number), ()))


def _orders_placed(connection: sa.Connection, outcomes: Sequence[Outcome]) -> _Orders:
    """Those orders of which the documents speak and that were placed."""
    numbers = {number for one in outcomes for _, number in _orders_of(one.message.mapped)}
    if not numbers:
        return _Orders({}, {}, Suppliers())
    application, partner = tables.application, tables.partner
    query = (
        sa.select(
            application.c.organisation_id,
            application.c.number,
            partner.c.id,
            partner.c.key,
            partner.c.kind,
            supplier_said("code").label("code"),
            supplier_said("gln").label("gln"),
        )
        .join(partner, partner.c.id == application.c.partner_id)
        .where(application.c.kind == _ORDER, among(connection, application.c.number, sorted(numbers)))
    )
    placed: dict[tuple[int, str], list[_Placed]] = {}
    for row in connection.execute(query):
        order = _Placed(row.id, row.key, row.kind in OWN_SYSTEMS, row.code, row.gln)
        placed.setdefault((row.organisation_id, row.number), []).append(order)
    senders = connection.execute(sa.select(partner.c.id, partner.c.key, partner.c.kind))
    return _Orders(placed, {row.key: _Sender(row.id, row.kind in OWN_SYSTEMS) for row in senders}, suppliers(connection))


def _gtins_known(connection: sa.Connection, outcomes: Sequence[Outcome]) -> set[str] | None:
    """Those GTINs that an item has; None where no item has one, so that there is nothing to know them by."""
    gtins = {gtin for one in outcomes for _, gtin in _gtins_of(one.message.mapped)}
    crosswalk = tables.crosswalk
    of_items = sa.and_(crosswalk.c.kind == "item", crosswalk.c.scheme == "gtin")
    if not gtins or connection.execute(sa.select(sa.literal(1)).where(of_items).limit(1)).first() is None:
        return None
    query = sa.select(crosswalk.c.value).where(of_items, among(connection, crosswalk.c.value, sorted(gtins)))
    return set(connection.execute(query).scalars())


def _never_placed(one: Outcome, orders: _Orders | None) -> Iterator[Finding]:
    agreement = one.message.agreement
    if orders is None or agreement is None:
        return
    told: set[str] = set()
    for path, number in _orders_of(one.message.mapped):
        if number not in told and not orders.known_to(agreement.partner, one.organisation_id, number):
            told.add(number)
            yield Finding("ACK-07", place=Place(path=path), got=number)


def _of_no_item(one: Outcome, known: set[str] | None) -> Iterator[Finding]:
    if known is None:
        return
    wrong = {finding.place.path for finding in one.message.content}  # its check digit has been spoken of
    for path, gtin in _gtins_of(one.message.mapped):
        if gtin not in known and path not in wrong:
            yield Finding("ACK-08", place=Place(path=path), got=gtin)


def _with_places(one: Outcome, findings: Sequence[Finding]) -> list[Finding]:
    """The findings with the agreement's severities and their places in the message as it came."""
    message = one.message
    if not findings or message.mapping is None or message.agreement is None:
        return list(findings)
    return pipeline.placed(pipeline.with_overrides(findings, message.agreement), message.mapping, message.message, one.interchange.profile)

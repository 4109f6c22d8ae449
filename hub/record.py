"""Rows of evidence from what was examined: interchanges, exchanges, findings. One bulk insert a table for a whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data_contracts.canonical import EVENTS, kind_of
from data_contracts.findings import Finding
from hub.apply import Applied
from hub.apply.event_facts import search_keys as event_search_keys
from hub.store import bulk, evidence, resent, tables
from hub.store.called_back import LOT_ITEMS, lot_items
from hub.store.identity import allocate
from hub.store.types import micros
from hub.store.unit_of_work import UnitOfWork


@dataclass(slots=True)
class ExchangeRow:
    """One message's row; `entity` gives business key and the numbers by which people search it."""

    document_id: int | None
    interchange_id: int | None
    group_ordinal: int | None
    group_control: str | None
    ordinal: int
    organisation_id: int
    partner_id: int
    agreement: str | None
    flow: str | None
    format: str | None
    type: str | None
    version: str | None
    control: str | None
    state: str
    direction: str = "in"
    reason: str | None = None
    entity: dict[str, Any] | None = None
    whole: dict[str, Any] | None = None
    """All that was mapped, with rows that are not applied; as `entity` where nothing was left out."""
    keys: dict[str, Any] = field(default_factory=dict)
    offset: int | None = None
    length: int | None = None
    mapping_hash: str | None = None
    grammar_hash: str | None = None
    agreement_hash: str | None = None
    origin_id: int | None = None
    acknowledgement: str | None = None
    acknowledgement_due_at: int | None = None
    reference: str | None = None
    """Direction out: the number by which answers name it."""


_EXCHANGE = (
    "id", "document_id", "interchange_id", "group_ordinal", "group_control", "ordinal", "direction", "organisation_id", "partner_id",
    "agreement", "flow", "format", "type", "version", "control", "business_key", "keys", "state", "reason", "byte_offset", "byte_length",
    "mapping_hash", "grammar_hash", "agreement_hash", "origin_id", "acknowledgement", "acknowledgement_due_at", "recorded_at", "changed_at",
    "reference",
)  # fmt: skip
FindingsOf = tuple[int | None, int | None, int | None, int | None, int | None, Sequence[Finding]]
"""exchange, document, interchange, partner, organisation, findings."""


def business_key(entity: dict[str, Any] | None) -> str | None:
    """`despatch_advice/SHP00012`: what a person calls the message."""
    if not entity or "number" not in entity:
        return None
    return f"{kind_of(entity)}/{entity['number']}"


def search_keys(entity: dict[str, Any] | None) -> dict[str, Any]:
    """Order, despatch and lot numbers that a message mentions, by which an exchange is found."""
    if not entity:
        return {}
    if entity["entity"] in EVENTS:
        return event_search_keys(entity)
    orders = {entity["order_number"]} if "order_number" in entity else set()
    lots = set()
    for line in entity.get("lines", ()):
        if "order_number" in line:
            orders.add(line["order_number"])
        if "lot" in line:
            lots.add(line["lot"])
    keys: dict[str, Any] = {}
    if orders:
        keys["orders"] = sorted(orders)
    if lots:
        keys["lots"] = sorted(lots)
    if "despatch_number" in entity:
        keys["despatch"] = entity["despatch_number"]
    return keys


def _for_cases(row: ExchangeRow) -> dict[str, Any]:
    """What a message that was not applied, or not whole, keeps for its case: which version it is, and which lots of which items it names.

    By the version it is known whether what comes later settles it, by the lots whether a recall concerns it.
    """
    if row.direction != "in" or row.entity is None:
        return {}
    out: dict[str, Any] = {}
    issued = row.entity.get("issued_at")
    if row.state in resent.SETTLED and isinstance(issued, datetime):
        out |= {resent.ISSUED: micros(issued), resent.REVISION: row.entity.get("revision") or 0}
    whole = row.whole or row.entity
    if row.state in resent.SETTLED or "rows_left_out" in row.keys:
        pairs = lot_items(whole.get("lines") or ())
        out |= {LOT_ITEMS: pairs} if pairs else {}
    return out


def insert_exchanges(uow: UnitOfWork, rows: Sequence[ExchangeRow]) -> list[int]:
    """Write exchanges and the first step of their histories; returns their ids in order."""
    ids = allocate(uow.connection, "exchange", len(rows))
    bulk.insert(
        uow.connection,
        tables.exchange,
        _EXCHANGE,
        [
            (
                number, row.document_id, row.interchange_id, row.group_ordinal, row.group_control, row.ordinal, row.direction,
                row.organisation_id, row.partner_id, row.agreement, row.flow, row.format, row.type, row.version, row.control,
                business_key(row.entity), search_keys(row.entity) | _for_cases(row) | row.keys, row.state, row.reason, row.offset,
                row.length,
                row.mapping_hash, row.grammar_hash, row.agreement_hash, row.origin_id, row.acknowledgement, row.acknowledgement_due_at,
                uow.now, uow.now, row.reference,
            )
            for number, row in zip(ids, rows, strict=True)
        ],
    )  # fmt: skip
    bulk.insert(
        uow.connection,
        tables.exchange_history,
        ("exchange_id", "at", "state", "actor", "reason"),
        [(number, uow.now, row.state, uow.actor, row.reason) for number, row in zip(ids, rows, strict=True)],
    )
    return ids


def insert_findings(uow: UnitOfWork, sets: Iterable[FindingsOf]) -> int:
    """Write findings of several exchanges, interchanges or documents; returns how many."""
    return evidence.add_findings(
        uow,
        [
            evidence.Found(finding, document_id, interchange_id, exchange_id, partner_id, organisation_id)
            for exchange_id, document_id, interchange_id, partner_id, organisation_id, findings in sets
            for finding in findings
        ],
    )


def settle_applied(uow: UnitOfWork, applied: Sequence[Applied]) -> None:
    """Set the states that applying decided (`waiting`, `superseded`), and record what applying found."""
    for state in ("waiting", "superseded", "cancelled", "quarantined"):
        ids = [outcome.exchange_id for outcome in applied if outcome.state == state]
        if ids:
            evidence.transition(uow, ids, state, None)
    found = [outcome for outcome in applied if outcome.findings]
    if not found:
        return
    rows = {
        row.id: row
        for row in uow.connection.execute(
            sa.select(
                tables.exchange.c.id,
                tables.exchange.c.document_id,
                tables.exchange.c.interchange_id,
                tables.exchange.c.partner_id,
                tables.exchange.c.organisation_id,
            ).where(tables.exchange.c.id.in_([outcome.exchange_id for outcome in found]))
        )
    }
    insert_findings(
        uow,
        [
            (o.exchange_id, (r := rows[o.exchange_id]).document_id, r.interchange_id, r.partner_id, r.organisation_id, o.findings)
            for o in found
        ],
    )

"""Statements of master data: standing records in, crosswalk rows out, and what must be looked at again when names change."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hub.store import bulk
from hub.store.golden_tables import MASTER_KINDS, golden_record, master_word
from hub.store.lists import among
from hub.store.tables import application, crosswalk, line, master_record, partner, subject
from hub.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class StandingRecord:
    """A standing master record with the system that keeps it."""

    subject_id: int
    application_id: int
    exchange_id: int
    organisation_id: int
    system: str
    code: str
    body: Any
    keeper: str
    issued_at: int


def _records(kind: str) -> sa.Select[Any]:
    return (
        sa.select(
            subject.c.id.label("subject_id"),
            application.c.id.label("application_id"),
            application.c.exchange_id,
            subject.c.organisation_id,
            partner.c.key.label("system"),
            subject.c.key.label("code"),
            master_record.c.body,
            partner.c.kind.label("keeper"),
            application.c.issued_at,
        )
        .select_from(subject)
        .join(application, application.c.id == subject.c.standing_id)
        .join(master_record, master_record.c.application_id == application.c.id)
        .join(partner, partner.c.id == subject.c.issuer_id)
        .where(subject.c.kind == kind)
    )


def standing_records(connection: sa.Connection, kind: str) -> list[StandingRecord]:
    """All standing records of a kind."""
    return [StandingRecord(*row) for row in connection.execute(_records(kind))]


def records_by_code(connection: sa.Connection, kind: str, codes: Collection[tuple[str, str]]) -> list[StandingRecord]:
    """Standing records by (system, code), of all organisations."""
    systems: dict[str, list[str]] = {}
    for system, code in codes:
        systems.setdefault(system, []).append(code)
    return [
        StandingRecord(*row)
        for system, values in systems.items()
        for row in connection.execute(_records(kind).where(partner.c.key == system, among(connection, subject.c.key, values)))
    ]


def sources_bearing(connection: sa.Connection, kind: str, values: Collection[str]) -> set[tuple[str, str]]:
    """(system, code) of standing records with one of these as GLN, tax number or GTIN of their own, or of a lot as its item. Reads all of
    the kind: names are lost seldom."""
    if not values:
        return set()
    rows = connection.execute(
        sa.select(partner.c.key, subject.c.key.label("code"))
        .select_from(subject)
        .join(master_record, master_record.c.application_id == subject.c.standing_id)
        .join(partner, partner.c.id == subject.c.issuer_id)
        .where(
            subject.c.kind == kind,
            sa.or_(
                *(
                    among(connection, column, sorted(values))
                    for column in (master_record.c.gln, master_record.c.tax_number, master_record.c.gtin, *_item(kind))
                )
            ),
        )
    )
    return {(row.key, row.code) for row in rows}


def _item(kind: str) -> tuple[sa.Column[Any], ...]:
    return (master_record.c.name,) if kind == "lot" else ()


def lots_of(connection: sa.Connection, values: Collection[str]) -> dict[tuple[str, str, int], int]:
    """Lots whose standing record names its item by one of these codes or GTINs, as `stale` names them."""
    rows = connection.execute(
        sa.select(subject.c.id, subject.c.organisation_id)
        .join(master_record, master_record.c.application_id == subject.c.standing_id)
        .where(
            subject.c.kind == "lot",
            sa.or_(*(among(connection, column, sorted(values)) for column in (master_record.c.name, master_record.c.gtin))),
        )
    )
    return {("lot", str(number), owner): 0 for number, owner in rows}


def subject_codes(connection: sa.Connection, subject_ids: Collection[int]) -> set[tuple[str, str]]:
    """(system, code) of master subjects, standing or not."""
    statement = (
        sa.select(partner.c.key, subject.c.key)
        .select_from(subject)
        .join(partner, partner.c.id == subject.c.issuer_id)
        .where(among(connection, subject.c.id, subject_ids))
    )
    return {(system, code) for system, code in connection.execute(statement)}


def rows_by_name(connection: sa.Connection, kind: str, names: Collection[tuple[str, str]]) -> list[sa.Row[Any]]:
    """Crosswalk rows that bear one of these names."""
    wanted = set(names)
    rows = connection.execute(
        sa.select(crosswalk).where(crosswalk.c.kind == kind, among(connection, crosswalk.c.value, sorted({value for _, value in wanted})))
    )
    return [row for row in rows if (row.scheme, row.value) in wanted]


def rows_by_value(connection: sa.Connection, kind: str, values: Collection[str]) -> list[sa.Row[Any]]:
    """Crosswalk rows that bear one of these values, under any scheme."""
    return list(
        connection.execute(sa.select(crosswalk).where(crosswalk.c.kind == kind, among(connection, crosswalk.c.value, sorted(values))))
    )


def rows_by_golden(connection: sa.Connection, kind: str, ids: Collection[int]) -> list[sa.Row[Any]]:
    """Crosswalk rows of golden records."""
    return list(
        connection.execute(sa.select(crosswalk).where(crosswalk.c.kind == kind, among(connection, crosswalk.c.golden_id, sorted(ids))))
    )


def replace_rows(
    connection: sa.Connection, kind: str, gone: Collection[int], rows: Sequence[tuple[str, str, int, int, Decimal, str | None]]
) -> None:
    """Put rows (scheme, value, golden_id, application_id, base_quantity, unit) in place of those of golden records that are gone."""
    connection.execute(crosswalk.delete().where(crosswalk.c.kind == kind, among(connection, crosswalk.c.golden_id, sorted(gone))))
    columns = ("kind", "scheme", "value", "golden_id", "application_id", "base_quantity", "unit")
    bulk.insert(connection, crosswalk, columns, [(kind, *row) for row in rows])


def orders_that_mention(connection: sa.Connection, values: Collection[str]) -> set[tuple[str, int]]:
    """(order number, organisation) of standing lines that name an item by one of these values.

    Reads all lines once: names change far more seldom than documents come, and an index on every name would slow each of them.
    """
    if not values:
        return set()
    return orders_where(connection, named_by(connection, values))


def named_by(connection: sa.Connection, values: Collection[str]) -> sa.ColumnElement[bool]:
    """Whether a line names its item by one of these values."""
    digits = sorted({value.lstrip("0") for value in values if value.isdecimal()})  # our own number as SAP pads it
    return sa.or_(
        *(among(connection, column, sorted(values)) for column in (line.c.gtin, line.c.item_code, line.c.buyer_item, line.c.supplier_item)),
        among(connection, sa.cast(sa.func.ltrim(line.c.buyer_item, "0"), sa.Text), digits),
    )


def orders_of_partners(connection: sa.Connection, partner_ids: Collection[int]) -> set[tuple[str, int]]:
    """(order number, organisation) of standing lines that partners sent."""
    return orders_where(connection, among(connection, application.c.partner_id, sorted(partner_ids))) if partner_ids else set()


def orders_where(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> set[tuple[str, int]]:
    """(number, organisation) of the orders that standing lines of this condition name."""
    statement = (
        sa.select(line.c.order_number, application.c.organisation_id)
        .distinct()
        .select_from(line)
        .join(application, application.c.id == line.c.application_id)
        .where(line.c.order_number.is_not(None), application.c.standing, condition)
    )
    return {(number, owner) for number, owner in connection.execute(statement)}


def counted_places(connection: sa.Connection) -> set[tuple[str, int]]:
    """(location, organisation) of which a count stands."""
    statement = sa.select(subject.c.key, subject.c.organisation_id).where(
        subject.c.kind == "inventory_report", subject.c.standing_id.is_not(None)
    )
    return {(place, owner) for place, owner in connection.execute(statement)}


def partners_named(connection: sa.Connection, glns: Collection[str], codes: Collection[tuple[str, str]]) -> list[int]:
    """Partners that the site knows by one of these GLNs or (system, code)."""
    rows = connection.execute(sa.select(partner.c.id, partner.c.gln, partner.c.party).order_by(partner.c.id))
    wanted = set(codes)
    return [row.id for row in rows if row.gln in glns or not wanted.isdisjoint((row.party or {}).items())]


def standing_orders(connection: sa.Connection) -> set[tuple[str, int]]:
    """(number, organisation) of standing orders."""
    statement = sa.select(subject.c.key, subject.c.organisation_id).where(
        subject.c.kind == "purchase_order", subject.c.standing_id.is_not(None)
    )
    return {(number, owner) for number, owner in connection.execute(statement)}


def put_golden(
    uow: UnitOfWork, kind: str, gone: Collection[int], rows: Sequence[tuple[int, Mapping[str, Any], Mapping[str, Any]]], rules: str
) -> None:
    """Put golden records (golden id, values, why each won) in place of those that are gone."""
    connection = uow.connection
    ids = sorted({*gone, *(number for number, _, _ in rows)})
    connection.execute(golden_record.delete().where(golden_record.c.kind == kind, among(connection, golden_record.c.golden_id, ids)))
    columns = ("kind", "golden_id", "body", "won", "rules", "renewed_at")
    bulk.insert(connection, golden_record, columns, [(kind, number, body, won, rules, uow.now) for number, body, won in rows])


def made_by_other_rules(connection: sa.Connection, rules: str) -> dict[tuple[str, str, int], int]:
    """Standing master records of which a golden record was made by other rules than these, as `stale` names them."""
    made = sa.select(golden_record.c.golden_id).where(golden_record.c.kind == subject.c.kind, golden_record.c.rules != rules)
    rows = connection.execute(
        sa.select(subject.c.kind, subject.c.id, subject.c.organisation_id).where(
            subject.c.kind.in_(MASTER_KINDS), subject.c.standing_id.is_not(None), subject.c.id.in_(made)
        )
    )
    return {(kind, str(number), owner): 0 for kind, number, owner in rows}


def with_dated_words(connection: sa.Connection) -> dict[tuple[str, str, int], int]:
    """Subjects of which people said something that holds from a day, as `stale` names them."""
    rows = connection.execute(
        sa.select(subject.c.kind, subject.c.id, subject.c.organisation_id)
        .join(partner, partner.c.id == subject.c.issuer_id)
        .join(
            master_word,
            sa.and_(master_word.c.kind == subject.c.kind, master_word.c.code == subject.c.key, master_word.c.system == partner.c.key),
        )
        .where(master_word.c.from_on.is_not(None))
    )
    return {(kind, str(number), owner): 0 for kind, number, owner in rows}


def subjects_of(connection: sa.Connection, kind: str, sources: Collection[tuple[str, str]]) -> dict[tuple[str, str, int], int]:
    """The subjects of source records, as `stale` names them."""
    rows = connection.execute(
        sa.select(subject.c.id, subject.c.organisation_id, partner.c.key.label("system"), subject.c.key)
        .join(partner, partner.c.id == subject.c.issuer_id)
        .where(subject.c.kind == kind, among(connection, subject.c.key, sorted({code for _, code in sources})))
    )
    return {(kind, str(row.id), row.organisation_id): 0 for row in rows if (row.system, row.key) in sources}

"""Statements of impact: what speaks of a thing by one of its names. They read all lines once; a person asks, no document waits."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from hub.store.golden import named_by
from hub.store.lists import among
from hub.store.tables import application, configuration, exchange, line, partner


def lots_of_items(connection: sa.Connection, values: Collection[str]) -> set[tuple[str, str]]:
    """(item as stated, lot) of standing lines that name an item by one of these values."""
    return lots_where(connection, named_by(connection, values)) if values else set()


def lots_of_partners(connection: sa.Connection, partner_ids: Collection[int]) -> set[tuple[str, str]]:
    """(item as stated, lot) of standing lines that these partners sent."""
    return lots_where(connection, among(connection, application.c.partner_id, sorted(partner_ids))) if partner_ids else set()


def at(connection: sa.Connection, values: Collection[str]) -> sa.ColumnElement[bool]:
    """Lines of what happened at a location of one of these names."""
    return among(connection, application.c.location, sorted(values))


def of_lots(connection: sa.Connection, items: Collection[str], numbers: Collection[str]) -> sa.ColumnElement[bool]:
    """Lines that name one of these lots of an item that is known by these values."""
    return sa.and_(among(connection, line.c.lot, sorted(numbers)), named_by(connection, items))


def lots_where(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> set[tuple[str, str]]:
    """(item as stated, lot) of standing lines."""
    shown = sa.func.coalesce(line.c.gtin, line.c.item_code, line.c.buyer_item, line.c.supplier_item)
    rows = connection.execute(
        sa.select(shown, line.c.lot)
        .distinct()
        .select_from(line)
        .join(application, application.c.id == line.c.application_id)
        .where(application.c.standing, line.c.lot.is_not(None), condition)
    )
    return {(item or "", lot) for item, lot in rows}


def orders_to(connection: sa.Connection, names: Collection[str]) -> set[tuple[str, int]]:
    """(number, organisation) of standing orders whose supplier is named so: by GLN or code."""
    rows = connection.execute(
        sa.select(application.c.number, application.c.organisation_id).where(
            application.c.kind == "purchase_order",
            application.c.standing,
            among(connection, application.c.counterparty, sorted(names)),
        )
    )
    return {(number, owner) for number, owner in rows}


def partners_that_name(connection: sa.Connection, values: Collection[str]) -> set[str]:
    """Keys of partners whose standing lines name an item by one of these values."""
    return partners_where(connection, named_by(connection, values)) if values else set()


def partners_where(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> set[str]:
    """Keys of the partners that sent standing lines of this condition."""
    rows = connection.execute(
        sa.select(partner.c.key)
        .distinct()
        .select_from(line)
        .join(application, application.c.id == line.c.application_id)
        .join(partner, partner.c.id == application.c.partner_id)
        .where(application.c.standing, condition)
    )
    return set(rows.scalars())


def partner_keys_of(connection: sa.Connection, partner_ids: Collection[int]) -> set[str]:
    """Keys of partners by id."""
    return set(connection.execute(sa.select(partner.c.key).where(among(connection, partner.c.id, sorted(partner_ids)))).scalars())


def maps_of(connection: sa.Connection, exchange_ids: Collection[int]) -> set[str]:
    """Names of the mappings by which these messages were read."""
    rows = connection.execute(
        sa.select(configuration.c.name)
        .distinct()
        .select_from(exchange)
        .join(configuration, configuration.c.hash == exchange.c.mapping_hash)
        .where(among(connection, exchange.c.id, sorted(exchange_ids)))
    )
    return set(rows.scalars())
